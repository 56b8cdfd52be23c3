#include "storage/replica/device.h"

#include <algorithm>

#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// Names in Family::kMeta. Secrets are sealed under the store key.
constexpr absl::string_view kDeviceSecret = "device-keys";
constexpr absl::string_view kMembershipSecret = "membership";
constexpr absl::string_view kCursor = "cursor";
constexpr absl::string_view kSegmented = "segmented";
constexpr uint8_t kVersion = 1;
constexpr size_t kOpenBytesMax = 4 << 20;  // read at once to be segmented

absl::Status Damaged(absl::string_view what) {
  return Error(
      Reason::kStoreCorrupted,
      absl::StrCat("the value of ", what, " in family meta is not readable"));
}

std::string EncodeMembership(const Membership& m) {
  ByteWriter out;
  out.U8(kVersion).Fixed(m.person).Prefixed(m.person_name);
  out.Varint(static_cast<uint64_t>(m.role)).Fixed(m.centre_id);
  out.Prefixed(m.centre_name).Fixed(m.centre_key);
  out.Prefixed(m.certificate_pem).Prefixed(m.ca_certificate_pem);
  out.Prefixed(m.server_address).SVarint(m.certificate_expires_ms);
  return out.Take();
}

absl::StatusOr<Membership> DecodeMembership(absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVersion) return Damaged(kMembershipSecret);
  Membership m;
  m.person = in.Fixed<PersonId>();
  m.person_name = std::string(in.Prefixed());
  m.role = static_cast<int>(in.Varint());
  m.centre_id = in.Fixed<RecordId>();
  m.centre_name = std::string(in.Prefixed());
  m.centre_key = in.Fixed<PublicKey>();
  m.certificate_pem = std::string(in.Prefixed());
  m.ca_certificate_pem = std::string(in.Prefixed());
  m.server_address = std::string(in.Prefixed());
  m.certificate_expires_ms = in.SVarint();
  if (!in.Done()) return Damaged(kMembershipSecret);
  return m;
}

}  // namespace

absl::string_view SafetyName(Safety safety) {
  switch (safety) {
    case Safety::kOnThisTablet:
      return "on this tablet";
    case Safety::kAtTheCentre:
      return "at the centre";
    case Safety::kSafe:
      return "safe";
  }
  return "unknown";
}

Device::Device(Store* store, KeyRing* keys, const Clock* clock, Random* random)
    : store_(store),
      keys_(keys),
      clock_(clock),
      random_(random),
      changes_(store, keys) {}

absl::StatusOr<std::unique_ptr<Device>> Device::Open(Store* store,
                                                     KeyRing* keys,
                                                     const Clock* clock,
                                                     Random* random) {
  std::unique_ptr<Device> device(new Device(store, keys, clock, random));
  absl::Status loaded = device->LoadIdentity();
  if (absl::IsNotFound(loaded)) {
    VOUCH_RETURN_IF_ERROR(device->CreateIdentity());
  } else if (!loaded.ok()) {
    return loaded;
  }
  VOUCH_RETURN_IF_ERROR(device->LoadPosition());
  return device;
}

absl::Status Device::CreateIdentity() {
  writer_.emplace(SigningKey::Generate(*random_),
                  SigningKey::Generate(*random_), PersonId(),
                  random_->Make<Incarnation>());
  ByteWriter out;
  out.U8(kVersion).Raw(writer_->device_key().seed());
  out.Raw(writer_->person_key().seed()).Fixed(writer_->incarnation());
  WriteBatch batch;
  keys_->PutSecret(kDeviceSecret, out.bytes(), &batch);
  return store_->Write(std::move(batch), Durability::kSynced);
}

absl::Status Device::LoadIdentity() {
  VOUCH_ASSIGN_OR_RETURN(std::string bytes,
                         keys_->GetSecret(*store_, kDeviceSecret));
  ByteReader in(bytes);
  uint8_t version = in.U8();
  auto device_key = SigningKey::FromSeed(in.Raw(32));
  auto person_key = SigningKey::FromSeed(in.Raw(32));
  auto incarnation = in.Fixed<Incarnation>();
  if (!in.Done() || version != kVersion || !device_key || !person_key) {
    return Damaged(kDeviceSecret);
  }
  auto member = keys_->GetSecret(*store_, kMembershipSecret);
  PersonId person;
  if (member.ok()) {
    VOUCH_ASSIGN_OR_RETURN(membership_, DecodeMembership(*member));
    person = membership_->person;
  } else if (!absl::IsNotFound(member.status())) {
    return member.status();
  }
  writer_.emplace(*device_key, *person_key, person, incarnation);
  return absl::OkStatus();
}

absl::Status Device::Adopt(const Membership& membership) {
  if (membership_.has_value()) {
    return Error(Reason::kAlreadyEnrolled, "this tablet is enrolled already");
  }
  WriteBatch batch;
  keys_->PutSecret(kMembershipSecret, EncodeMembership(membership), &batch);
  VOUCH_RETURN_IF_ERROR(store_->Write(std::move(batch), Durability::kSynced));
  membership_ = membership;
  ChainWriter writer(writer_->device_key(), writer_->person_key(),
                     membership.person, writer_->incarnation());
  writer.Restore(writer_->seq(), writer_->head(), writer_->hlc());
  writer_ = std::move(writer);
  return absl::OkStatus();
}

absl::Status Device::LoadPosition() {
  VOUCH_ASSIGN_OR_RETURN(
      auto head, changes_.ChainHead(*store_, id(), writer_->incarnation()));
  Hlc hlc;
  if (head.seq > 0) {
    VOUCH_ASSIGN_OR_RETURN(
        Change last, changes_.GetChange(*store_, {id(), writer_->incarnation(),
                                                  Hash(), head.seq}));
    VOUCH_ASSIGN_OR_RETURN(hlc, Hlc::Restore(last.core.hlc));
  }
  auto cursor = store_->Get(Family::kMeta, kCursor);
  if (cursor.ok()) {
    ByteReader in(*cursor);
    if (in.U8() != kVersion) return Damaged(kCursor);
    history_ = in.Fixed<HistoryId>();
    uint64_t remote_hlc = in.U64();
    auto tree = CompactRange::Decode(in.rest());
    if (!in.ok() || !tree.ok()) return Damaged(kCursor);
    tree_ = *std::move(tree);
    if (remote_hlc > hlc.last()) {
      VOUCH_ASSIGN_OR_RETURN(hlc, Hlc::Restore(remote_hlc));
    }
  } else if (!absl::IsNotFound(cursor.status())) {
    return cursor.status();
  }
  writer_->Restore(head.seq, head.hash, hlc);
  auto segmented = store_->Get(Family::kMeta, kSegmented);
  if (segmented.ok()) {
    segmented_seq_ = U64OfKey(*segmented);
  } else if (!absl::IsNotFound(segmented.status())) {
    return segmented.status();
  }
  return absl::OkStatus();
}

// A failed write may be there all the same. So that the next one goes on from
// what the disk holds, this looks, and first makes it durable: nothing may
// leave that a crash could take back (rule 19).
absl::Status Device::Settle() {
  if (!in_doubt_) return absl::OkStatus();
  VOUCH_RETURN_IF_ERROR(store_->Sync());
  VOUCH_RETURN_IF_ERROR(LoadPosition());
  in_doubt_ = false;
  return absl::OkStatus();
}

absl::Status Device::Write(WriteBatch batch, Durability durability) {
  absl::Status written = store_->Write(std::move(batch), durability);
  Reason reason = ReasonOf(written);
  if (written.ok() || reason == Reason::kStoreFull ||
      reason == Reason::kTooLarge) {
    return written;
  }
  in_doubt_ = true;
  // If this fails too, the next call tries again before anything else.
  Settle().IgnoreError();
  return written;
}

void Device::WriteCursor(const CompactRange& tree, const HistoryId& history,
                         const Hlc& hlc, WriteBatch* batch) const {
  ByteWriter out;
  out.U8(kVersion).Fixed(history).U64(hlc.last());
  out.Raw(tree.Encode());
  batch->Put(Family::kMeta, kCursor, out.bytes());
}

absl::StatusOr<std::vector<SavedChange>> Device::Save(
    absl::Span<const NewChange> drafts) {
  std::vector<MakeChange> makers;
  for (const NewChange& draft : drafts) {
    makers.push_back([&draft](absl::Span<const SavedChange>) {
      return absl::StatusOr<NewChange>(draft);
    });
  }
  return SaveMade(makers);
}

absl::StatusOr<std::vector<SavedChange>> Device::SaveMade(
    absl::Span<const MakeChange> drafts) {
  if (!membership_.has_value()) {
    return Error(Reason::kNotEnrolled, "this tablet is not enrolled yet");
  }
  VOUCH_RETURN_IF_ERROR(Settle());
  // One atomic write: chain, payloads, keys, views. Until it is durable the
  // writer in use stays where it was (rule 19: nothing leaves before).
  ChainWriter writer = *writer_;
  std::vector<SavedChange> saved;
  WriteBatch batch;
  Materialiser materialiser(&changes_, store_);
  for (const MakeChange& make : drafts) {
    VOUCH_ASSIGN_OR_RETURN(NewChange draft, make(saved));
    VOUCH_ASSIGN_OR_RETURN(Change change,
                           writer.Write(draft, clock_->Now(), *random_));
    Coordinate at{id(), writer.incarnation(), Hash(), change.core.seq};
    VOUCH_RETURN_IF_ERROR(changes_.PutChange(change, Hash(), &batch));
    VOUCH_RETURN_IF_ERROR(
        materialiser.Add(change, at, Disposition(), std::nullopt));
    saved.push_back({change.hash, at});
  }
  VOUCH_RETURN_IF_ERROR(materialiser.Finish(&batch));
  VOUCH_RETURN_IF_ERROR(Write(std::move(batch), Durability::kSynced));
  writer_ = std::move(writer);
  return saved;
}

absl::StatusOr<RecordView> Device::View(const RecordId& record) const {
  VOUCH_ASSIGN_OR_RETURN(ScopeId scope, changes_.ScopeOf(*store_, record));
  return changes_.FoldStored(*store_, scope, record);
}

absl::Status Device::ScanRecords(
    const std::function<bool(const RecordSummaryRow&)>& visit) const {
  return changes_.ScanSummaries(*store_, "", "", visit);
}

absl::StatusOr<std::vector<AttentionRow>> Device::Attention() const {
  std::vector<AttentionRow> rows;
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(
      store_->Scan(Family::kConflict, "", "",
                   [&](absl::string_view key, absl::string_view value) {
                     auto row = DecodeAttention(key, value);
                     damaged = !row.has_value();
                     if (!damaged) rows.push_back(*row);
                     return !damaged;
                   }));
  if (damaged) {
    return Error(Reason::kStoreCorrupted,
                 "a value of family conflict is not readable");
  }
  return rows;
}

absl::StatusOr<Safety> Device::SafetyOf(const RecordId& record) const {
  VOUCH_ASSIGN_OR_RETURN(ScopeId scope, changes_.ScopeOf(*store_, record));
  VOUCH_ASSIGN_OR_RETURN(auto rows,
                         changes_.GetRecordChanges(*store_, scope, record));
  for (const RecordChange& row : rows) {
    if (!row.commit_seq.has_value()) return Safety::kOnThisTablet;
  }
  // STABLE needs a second store's acknowledgement, which no centre of this
  // version gives: "at the centre" is the most that is true.
  return Safety::kAtTheCentre;
}

absl::StatusOr<DeviceLedger> Device::Ledger() const {
  DeviceLedger ledger;
  ledger.captured = writer_->seq();
  DeviceId own = id();
  VOUCH_RETURN_IF_ERROR(
      changes_.ScanRecordChanges(*store_, [&](const RecordChange& row) {
        if (row.at.device != own) {
          ++ledger.pulled;
        } else if (!row.commit_seq.has_value()) {
          ++ledger.pending;
        } else if (row.disposition.quarantined) {
          ++ledger.held;
        } else {
          ++ledger.stored;
        }
        return true;
      }));
  return ledger;
}

absl::StatusOr<std::vector<std::pair<ScopeId, Hash>>> Device::ScopeStates()
    const {
  return changes_.ScopeStates(*store_);
}

// The next run of changes that no segment holds yet, bounded in memory.
absl::StatusOr<std::vector<Change>> Device::UnsegmentedChanges() const {
  std::vector<Change> out;
  size_t bytes = 0;
  Coordinate at{id(), writer_->incarnation(), Hash(), segmented_seq_ + 1};
  for (; at.seq <= writer_->seq() && bytes < kOpenBytesMax; ++at.seq) {
    VOUCH_ASSIGN_OR_RETURN(Change change, changes_.GetChange(*store_, at));
    bytes += change.core_bytes.size() + change.payload.size();
    out.push_back(std::move(change));
  }
  return out;
}

// Segments are closed on a change of scope, at the limits, and here: at sync.
// Once closed they stay as they are, so a resend is the same bytes.
absl::Status Device::CloseSegments() {
  while (segmented_seq_ < writer_->seq()) {
    VOUCH_RETURN_IF_ERROR(CloseSomeSegments());
  }
  return absl::OkStatus();
}

absl::Status Device::CloseSomeSegments() {
  VOUCH_ASSIGN_OR_RETURN(std::vector<Change> open, UnsegmentedChanges());
  SeenHead seen{history_, tree_.size(), tree_.Root()};
  WriteBatch batch;
  size_t begin = 0;
  while (begin < open.size()) {
    size_t end = begin;
    size_t bytes = 0;
    while (end < open.size() && end - begin < kSegmentChangesMax &&
           open[end].core.scope == open[begin].core.scope) {
      size_t next =
          open[end].core_bytes.size() + open[end].payload.size() + 512;
      if (end > begin && bytes + next > kSegmentBytesMax) break;
      bytes += next;
      ++end;
    }
    std::vector<Change> part(std::make_move_iterator(open.begin() + begin),
                             std::make_move_iterator(open.begin() + end));
    Segment segment = SealSegment(std::move(part), seen, writer_->device_key());
    changes_.PutSegmentRow({segment.header, std::nullopt}, &batch);
    begin = end;
  }
  uint64_t closed = segmented_seq_ + open.size();
  batch.Put(Family::kMeta, kSegmented, U64Key(closed));
  VOUCH_RETURN_IF_ERROR(Write(std::move(batch), Durability::kSynced));
  segmented_seq_ = closed;
  return absl::OkStatus();
}

absl::StatusOr<DeviceSessionConfig> Device::BeginSession() {
  if (!membership_.has_value()) {
    return Error(Reason::kNotEnrolled, "this tablet is not enrolled yet");
  }
  VOUCH_RETURN_IF_ERROR(Settle());
  VOUCH_RETURN_IF_ERROR(CloseSegments());
  DeviceSessionConfig config;
  config.centre_key = membership_->centre_key;
  config.history = history_;
  config.cursor_size = tree_.size();
  config.cursor_root = tree_.Root();
  config.heads.push_back(
      {writer_->incarnation(), writer_->seq(), writer_->head()});
  return config;
}

OutboxRead Device::Read(const ReadOutbox& request) const {
  OutboxRead out;
  Coordinate at{id(), request.incarnation, Hash(), request.after_seq};
  auto check = [&]() -> absl::Status {
    out.end_hash = request.after_hash;
    if (request.after_seq > 0) {
      VOUCH_ASSIGN_OR_RETURN(auto held, changes_.GetChangeHash(*store_, at));
      if (!held.has_value() || *held != request.after_hash) {
        return Error(Reason::kChainForked,
                     "the centre holds other changes at this tablet's place");
      }
    }
    size_t bytes = 0;
    while (true) {
      ++at.seq;
      if (at.seq > segmented_seq_) {
        out.exhausted = true;
        return absl::OkStatus();
      }
      VOUCH_ASSIGN_OR_RETURN(Segment segment, changes_.GetSegment(*store_, at));
      OutboxSegment wire;
      wire.end_seq = segment.header.end_seq() - 1;
      wire.wire = EncodeSegment(segment, changes_.Shortener(*store_, segment));
      if (!out.segments.empty() &&
          bytes + wire.wire.size() > request.bytes_max) {
        return absl::OkStatus();
      }
      bytes += wire.wire.size();
      out.end_hash = segment.header.head;
      at.seq = wire.end_seq;
      out.segments.push_back(std::move(wire));
    }
  };
  out.status = check();
  return out;
}

std::optional<AuthorFacts> Device::Author(const DeviceId& device) const {
  if (device != id() || !membership_.has_value()) return std::nullopt;
  return AuthorFacts{membership_->person, person_key().public_key(),
                     membership_->role};
}

std::optional<AuthorFacts> Device::Person(const PersonId& person) const {
  if (!membership_.has_value() || person != membership_->person) {
    return std::nullopt;
  }
  return Author(id());
}

std::optional<RecordView> Device::Record(const RecordId& record) const {
  auto view = View(record);
  if (!view.ok()) return std::nullopt;
  return *std::move(view);
}

}  // namespace vouch
