// Gives the centre what it lost: finds it by comparing what both hold, and
// sends it with what proves its earlier commit (rules 10 and 15 to 18).
#include <algorithm>
#include <map>

#include "absl/container/flat_hash_set.h"
#include "storage/replica/chain_runs.h"
#include "storage/replica/device.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr uint8_t kVersion = 1;

// In Family::kMeta. Then a segment's key: it was applied, provably, and the
// centre holds it.
constexpr absl::string_view kClaim = "claim:";

bool AnyApplied(const SegmentCommit& before, const SegmentCommit& now) {
  // Both speak of the segment's last changes, and one perhaps of more of them.
  auto then = before.dispositions.rbegin();
  auto since = now.dispositions.rbegin();
  for (; then != before.dispositions.rend() && since != now.dispositions.rend();
       ++then, ++since) {
    if (!then->quarantined && since->quarantined) return true;
  }
  return false;
}

absl::Status Damaged(Family family) {
  return Error(Reason::kStoreCorrupted,
               absl::StrCat("a value of family ", FamilyName(family),
                            " is not readable"));
}

}  // namespace

// What this tablet holds, for the comparison: all but what no segment holds
// yet, which goes with the next session.
class Device::HeldChanges : public HashSource {
 public:
  explicit HeldChanges(const Device& device) : device_(device) {}

  absl::Status Visit(
      const HashPrefix& range,
      const std::function<void(const Hash&)>& visit) const override {
    bool damaged = false;
    VOUCH_RETURN_IF_ERROR(device_.store_->Scan(
        Family::kByHash, BeginOf(range), EndOf(range),
        [&](absl::string_view key, absl::string_view value) {
          auto hash = Hash::FromBytes(key);
          auto location = DecodeLocation(value);
          damaged = !hash.has_value() || !location.has_value();
          if (damaged) return false;
          if (!Open(location->at)) visit(*hash);
          return true;
        }));
    if (damaged) return Damaged(Family::kByHash);
    return absl::OkStatus();
  }

  // An own change that should be at the centre by now, and is not.
  absl::StatusOr<bool> OwnWaits() const {
    bool waits = false;
    VOUCH_RETURN_IF_ERROR(device_.changes_.ScanRecordChanges(
        *device_.store_, [&](const RecordChange& row) {
          waits = row.at.device == device_.id() &&
                  !row.commit_seq.has_value() && !Open(row.at);
          return !waits;
        }));
    return waits;
  }

 private:
  bool Open(const Coordinate& at) const {
    return at.device == device_.id() && at.branch.IsZero() &&
           at.incarnation == device_.writer_->incarnation() &&
           at.seq > device_.segmented_seq_;
  }

  const Device& device_;
};

RangesCompared Device::Compare(const CompareHeld& request) {
  RangesCompared out;
  HeldChanges held(*this);
  if (!request.answer.has_value()) comparison_ = Comparison{};
  if (!comparison_.has_value()) {
    out.status = Error(Reason::kProtocolOrder, "nothing is being compared");
    return out;
  }
  auto next = request.answer.has_value()
                  ? comparison_->ranges.Next(held, *request.answer)
                  : comparison_->ranges.Begin(held);
  out.status = next.status();
  if (!next.ok()) return out;
  out.next = *std::move(next);
  if (out.next.ranges_size() == 0) out.status = PlanResend();
  return out;
}

absl::Status Device::AddLost(const Coordinate& first,
                             std::vector<LostSegment>* lost) const {
  VOUCH_ASSIGN_OR_RETURN(auto row, changes_.GetSegmentRow(*store_, first));
  if (!row.has_value()) return Damaged(Family::kSegment);
  const ScopeKind kind = ScopeKindOf(row->header.scope);
  LostSegment out;
  out.rank = kind == ScopeKind::kAuthority   ? 0
             : kind == ScopeKind::kReference ? 1
                                             : 2;
  out.commit_seq = row->earlier.has_value()
                       ? row->earlier->commit.first_commit_seq
                       : UINT64_MAX;
  out.first = first;
  lost->push_back(out);
  return absl::OkStatus();
}

// The segment that holds a change; after a twin's segments were pulled it may
// lie in another run than the change is found in. Nothing for one of another's
// chain that no segment here holds any more.
absl::StatusOr<std::optional<Coordinate>> Device::SegmentOf(
    const Hash& hash) const {
  VOUCH_ASSIGN_OR_RETURN(auto location, changes_.GetLocation(*store_, hash));
  if (!location.has_value()) return Damaged(Family::kByHash);
  Coordinate at = location->at;
  VOUCH_ASSIGN_OR_RETURN(auto first, changes_.SegmentHolding(*store_, at));
  if (first.has_value()) return first;
  VOUCH_ASSIGN_OR_RETURN(auto runs,
                         ListRuns(*store_, at.device, at.incarnation));
  for (const Run& run : runs) {
    at.branch = run.first.branch;
    VOUCH_ASSIGN_OR_RETURN(auto held, changes_.GetChangeHash(*store_, at));
    if (held != hash) continue;
    VOUCH_ASSIGN_OR_RETURN(first, changes_.SegmentHolding(*store_, at));
    if (first.has_value()) return first;
  }
  if (at.device != id()) return std::optional<Coordinate>();
  return Damaged(Family::kSegment);
}

absl::StatusOr<std::vector<Coordinate>> Device::Claims() const {
  std::vector<Coordinate> out;
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(
      store_->Scan(Family::kMeta, kClaim, PrefixEnd(kClaim),
                   [&](absl::string_view key, absl::string_view) {
                     auto first = CoordinateOfKey(key.substr(kClaim.size()));
                     damaged = !first.has_value();
                     if (!damaged) out.push_back(*first);
                     return !damaged;
                   }));
  if (damaged) return Damaged(Family::kMeta);
  return out;
}

// From changes to the segments that hold them, authority first and causes
// before effects: in the order in which they were committed once (rule 16).
absl::Status Device::PlanResend() {
  const std::vector<Hash>& hashes = comparison_->ranges.lacking();
  const absl::flat_hash_set<Hash> lacking(hashes.begin(), hashes.end());
  auto lacks = [&](const Hash& hash) { return lacking.contains(hash); };
  std::map<std::string, Coordinate> segments;
  for (const Hash& hash : hashes) {
    VOUCH_ASSIGN_OR_RETURN(auto first, SegmentOf(hash));
    if (first.has_value()) segments.emplace(ChainKey(*first), *first);
  }
  std::vector<LostSegment>& lost = comparison_->lost;
  for (const auto& [key, first] : segments) {
    VOUCH_ASSIGN_OR_RETURN(auto parts, Recut(first, lacks));
    for (const Coordinate& part : parts) {
      VOUCH_RETURN_IF_ERROR(AddLost(part, &lost));
    }
  }
  // What the centre holds for review although it was applied once.
  VOUCH_ASSIGN_OR_RETURN(comparison_->claims, Claims());
  for (const Coordinate& claim : comparison_->claims) {
    VOUCH_RETURN_IF_ERROR(AddLost(claim, &lost));
  }
  std::sort(lost.begin(), lost.end(),
            [](const LostSegment& a, const LostSegment& b) {
              if (a.rank != b.rank) return a.rank < b.rank;
              if (a.commit_seq != b.commit_seq) {
                return a.commit_seq < b.commit_seq;
              }
              return ChainKey(a.first) < ChainKey(b.first);
            });
  return absl::OkStatus();
}

// The centre may hold part of a segment that it never got: in another one, that
// a twin of this tablet closed elsewhere. Then only the rest is sent, in
// segments closed anew.
absl::StatusOr<std::vector<Coordinate>> Device::Recut(
    const Coordinate& first, const std::function<bool(const Hash&)>& lacks) {
  VOUCH_ASSIGN_OR_RETURN(Segment segment, changes_.GetSegment(*store_, first));
  bool whole = true, any = false;
  bool rest = true;  // nothing that is held follows what is lacking
  for (const Change& change : segment.changes) {
    const bool lacking = lacks(change.hash);
    rest &= lacking || !any;
    any |= lacking;
    whole &= lacking;
  }
  if (whole) return std::vector<Coordinate>{first};
  // Nobody but its author can cut another's. The centre takes the rest of it;
  // otherwise it would refuse it each time, with all that would follow.
  if (first.device != id()) {
    return rest ? std::vector<Coordinate>{first} : std::vector<Coordinate>();
  }
  std::vector<Coordinate> parts;
  WriteBatch batch;
  batch.Delete(Family::kSegment, ChainKey(first));
  // The proof of an earlier commit goes with it: it was of the whole segment,
  // which the centre can take no more.
  batch.Delete(Family::kMeta, absl::StrCat(kClaim, ChainKey(first)));
  std::vector<Change> part;
  Coordinate at = first;
  for (Change& change : segment.changes) {
    const bool sent = lacks(change.hash);
    if (sent && part.empty()) {
      parts.push_back(at);
      parts.back().seq = change.core.seq;
    }
    if (sent) part.push_back(std::move(change));
    const bool last = &change == &segment.changes.back();
    if (part.empty() || (sent && !last)) continue;
    Segment closed = SealSegment(std::move(part), segment.header.seen,
                                 writer_->device_key());
    part.clear();
    changes_.PutSegmentRow({closed.header},
                           FirstOf(closed.header, first.branch), &batch);
  }
  VOUCH_RETURN_IF_ERROR(Write(std::move(batch), Durability::kSynced));
  return parts;
}

absl::StatusOr<OutboxSegment> Device::EncodeLost(
    const Coordinate& first) const {
  VOUCH_ASSIGN_OR_RETURN(Segment segment, changes_.GetSegment(*store_, first));
  VOUCH_ASSIGN_OR_RETURN(auto row, changes_.GetSegmentRow(*store_, first));
  // With full hashes: the centre may lack what they name, or hold it in
  // another run.
  return MakeOutbox(segment, *row, nullptr);
}

LostRead Device::Read(const ReadLost& request) {
  LostRead out;
  if (!comparison_.has_value()) {
    out.status = Error(Reason::kProtocolOrder, "nothing was compared");
    return out;
  }
  size_t bytes = 0;
  for (; comparison_->next < comparison_->lost.size(); ++comparison_->next) {
    auto segment = EncodeLost(comparison_->lost[comparison_->next].first);
    out.status = segment.status();
    if (!out.status.ok()) return out;
    bytes += segment->wire.size();
    if (!out.segments.empty() && bytes > request.bytes_max) return out;
    out.segments.push_back(*std::move(segment));
  }
  out.exhausted = true;
  return out;
}

// Writes the row of a segment that the log has brought. If it holds what it had
// applied once, the proof stays: the centre is shown it in the next session,
// and reinstates the change (rule 10).
void Device::PutPassed(const SegmentRow& known, const Coordinate& first,
                       const SegmentCommit& commit,
                       std::optional<SegmentRow::AckProof> proof,
                       WriteBatch* batch) const {
  SegmentRow row = known;
  row.first_commit_seq = commit.first_commit_seq;
  if (proof.has_value()) row.ack = proof;
  if (row.earlier.has_value() && AnyApplied(row.earlier->commit, commit)) {
    batch->Put(Family::kMeta, absl::StrCat(kClaim, ChainKey(first)),
               ByteWriter().U8(kVersion).bytes());
    batch->Put(Family::kMeta, kRecoveryRow, ByteWriter().U8(kVersion).bytes());
  } else {
    row.earlier = std::nullopt;
  }
  changes_.PutSegmentRow(row, first, batch);
}

RecoveryEnded Device::End() {
  auto end = [&]() -> absl::Status {
    VOUCH_RETURN_IF_ERROR(Settle());
    WriteBatch batch;
    VOUCH_ASSIGN_OR_RETURN(auto open, Claims());
    if (comparison_.has_value()) {
      for (const Coordinate& shown : comparison_->claims) {
        batch.Delete(Family::kMeta, absl::StrCat(kClaim, ChainKey(shown)));
        open.erase(std::remove(open.begin(), open.end(), shown), open.end());
      }
    }
    // Those found since then are shown in the next session. Nor is it done if a
    // centre only said that it lacks nothing: what lies in an old incarnation
    // would be sent by nobody.
    VOUCH_ASSIGN_OR_RETURN(bool waits, HeldChanges(*this).OwnWaits());
    const bool done = open.empty() && !waits;
    if (done) batch.Delete(Family::kMeta, kRecoveryRow);
    VOUCH_RETURN_IF_ERROR(Write(std::move(batch), Durability::kSynced));
    recovery_due_ = !done;
    comparison_.reset();
    return absl::OkStatus();
  };
  return {end()};
}

}  // namespace vouch
