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
constexpr uint8_t kVersion = 1;

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
  WriteBatch batch;
  PutIdentity(*writer_, &batch);
  return store_->Write(std::move(batch), Durability::kSynced);
}

void Device::PutIdentity(const ChainWriter& writer, WriteBatch* batch) const {
  ByteWriter out;
  out.U8(kVersion).Raw(writer.device_key().seed());
  out.Raw(writer.person_key().seed()).Fixed(writer.incarnation());
  keys_->PutSecret(kDeviceSecret, out.bytes(), batch);
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
  auto due = store_->Get(Family::kMeta, kRecoveryRow);
  if (!due.ok() && !absl::IsNotFound(due.status())) return due.status();
  recovery_due_ = due.ok();
  segmented_seq_ = 0;
  VOUCH_RETURN_IF_ERROR(LoadStanding());
  auto segmented = store_->Get(Family::kMeta, kSegmentedRow);
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
  // It may have been a new incarnation.
  VOUCH_RETURN_IF_ERROR(LoadIdentity());
  VOUCH_RETURN_IF_ERROR(LoadPosition());
  touched_ = {true, {}};
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
  std::unique_ptr<Reader> snapshot = store_->Snapshot();
  Materialiser materialiser(&changes_, snapshot.get());
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
  snapshot.reset();
  VOUCH_RETURN_IF_ERROR(Write(std::move(batch), Durability::kSynced));
  writer_ = std::move(writer);
  Touch(materialiser);
  return saved;
}

void Device::Touch(const Materialiser& changed) {
  if (touched_.all) return;
  for (const auto& key : changed.touched()) touched_.records.insert(key);
  if (touched_.records.size() > kTouchedMax) touched_ = {true, {}};
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
  // Of the log as pulled: what was acknowledged beyond it may since be of a
  // log that is gone (rule 25).
  const uint64_t stable =
      stable_head_.has_value() ? std::min(stable_head_->size, tree_.size()) : 0;
  bool safe = true;
  for (const RecordChange& row : rows) {
    if (!row.commit_seq.has_value()) return Safety::kOnThisTablet;
    safe &= *row.commit_seq < stable;
  }
  return safe ? Safety::kSafe : Safety::kAtTheCentre;
}

absl::Status Device::CountInRun(const Coordinate& at,
                                DeviceLedger* ledger) const {
  VOUCH_ASSIGN_OR_RETURN(auto hash, changes_.GetChangeHash(*store_, at));
  if (!hash.has_value()) return absl::OkStatus();
  VOUCH_ASSIGN_OR_RETURN(auto found, changes_.GetLocation(*store_, *hash));
  if (found.has_value() && found->at == at) ++ledger->captured;
  return absl::OkStatus();
}

absl::StatusOr<DeviceLedger> Device::Ledger() const {
  DeviceLedger ledger;
  DeviceId own = id();
  // Over every incarnation and run of this tablet's; a change that lies in two
  // runs counts where it is found by its hash.
  absl::Status counted;
  VOUCH_RETURN_IF_ERROR(
      store_->Scan(Family::kChain, own.view(), PrefixEnd(own.view()),
                   [&](absl::string_view key, absl::string_view) {
                     auto at = CoordinateOfKey(key);
                     if (at.has_value() && !at->branch.IsZero()) {
                       counted = CountInRun(*at, &ledger);
                     } else {
                       ++ledger.captured;
                     }
                     return counted.ok();
                   }));
  VOUCH_RETURN_IF_ERROR(counted);
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
