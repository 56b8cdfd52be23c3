#include "tests/sim/oracle.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/core/hlc.h"

namespace vouch::sim {

void ChainOracle::Append(const Change& change, int64_t clock_latest_ms) {
  const ChangeCore& core = change.core;
  uint64_t seq = hashes_.size() + 1;
  Hash previous = hashes_.empty() ? Hash() : hashes_.back();
  if (core.seq != seq || core.previous != previous) {
    findings_->Fail(3, absl::StrCat(name_, " wrote seq ", core.seq,
                                    " where its chain goes on at ", seq));
  }
  if (core.hlc <= last_hlc_) {
    findings_->Fail(16, absl::StrCat(name_, " stamped seq ", seq, " with ",
                                     core.hlc, ", not after ", last_hlc_));
  }
  if (HlcMs(core.hlc) > clock_latest_ms + kRemoteAheadMaxMs + 1) {
    findings_->Fail(16, absl::StrCat(name_, "'s stamp of seq ", seq,
                                     " was dragged beyond its clock"));
  }
  last_hlc_ = core.hlc;
  hashes_.push_back(change.hash);
}

void ChainOracle::Saved(const std::vector<Change>& changes,
                        int64_t clock_latest_ms) {
  for (const Change& change : changes) Append(change, clock_latest_ms);
  batch_ends_.insert(hashes_.size());
  Confirm();
  pending_.clear();
}

// A save ends there, or may: failed ones that are not there count as not made.
bool ChainOracle::Ends(uint64_t seq) const {
  return seq == 0 || batch_ends_.contains(seq);
}

void ChainOracle::Look(const ChangeStore& changes, const Reader& reader,
                       int64_t clock_latest_ms, Oracle* oracle) {
  auto head = changes.ChainHead(reader, device_, incarnation_);
  if (!head.ok()) return;  // the disk fails: whoever opens it again looks
  for (size_t count : pending_) {
    if (head->seq == hashes_.size() + count) {
      for (uint64_t seq = hashes_.size() + 1; seq <= head->seq; ++seq) {
        auto change = changes.GetChange(reader, At(seq));
        if (!change.ok()) {
          return findings_->Fail(
              1, absl::StrCat(name_, " holds half of a failed save: ",
                              change.status().ToString()));
        }
        Append(*change, clock_latest_ms);
        oracle->Learn(*change);
      }
      batch_ends_.insert(head->seq);
      break;
    }
  }
  pending_.clear();
  if (head->seq < confirmed_) {
    return findings_->Fail(1, absl::StrCat(name_, " saved ", confirmed_,
                                           " changes and holds ", head->seq));
  }
  if (head->seq > hashes_.size() || !Ends(head->seq)) {
    return findings_->Fail(
        1, absl::StrCat(name_, " holds ", head->seq,
                        " changes, which is no whole number of saves"));
  }
  hashes_.resize(head->seq);  // a failed save that was seen, then lost
  batch_ends_.erase(batch_ends_.upper_bound(head->seq), batch_ends_.end());
  if (head->seq > 0 && head->hash != hashes_.back()) {
    return findings_->Fail(
        3, absl::StrCat(name_, " holds another change at seq ", head->seq));
  }
  last_hlc_ = hashes_.empty() ? 0 : oracle->Find(hashes_.back())->core.hlc;
}

void ChainOracle::Resume(const ChangeStore& changes, const Reader& reader,
                         Oracle* oracle) {
  auto head = changes.ChainHead(reader, device_, incarnation_);
  for (uint64_t seq = 1; head.ok() && seq <= head->seq; ++seq) {
    auto change = changes.GetChange(reader, At(seq));
    if (!change.ok()) return;
    oracle->Learn(*change);
    hashes_.push_back(change->hash);
    last_hlc_ = change->core.hlc;
  }
  batch_ends_.insert(hashes_.size());
  Confirm();
}

const Change* Oracle::Find(const Hash& hash) const {
  auto found = changes_.find(hash);
  return found == changes_.end() ? nullptr : &found->second;
}

void Oracle::Learn(const Change& change) {
  changes_.emplace(change.hash, change);
}

const Change* Oracle::Know(const ChangeStore& changes, const Reader& reader,
                           const Hash& hash, const Coordinate& at) {
  if (const Change* known = Find(hash)) return known;
  auto change = changes.GetChange(reader, at);
  if (!change.ok() || change->hash != hash) {
    findings_->Fail(1, absl::StrCat("change ", hash.Hex(),
                                    " is listed and cannot be read: ",
                                    change.status().ToString()));
    return nullptr;
  }
  return &changes_.emplace(hash, *std::move(change)).first->second;
}

void Oracle::CheckBytes(const std::string& who, const ChangeStore& changes,
                        const Reader& reader, const Hash& hash,
                        const Coordinate& at) {
  const Change* known = Know(changes, reader, hash, at);
  if (known == nullptr) return;
  auto held = changes.GetChange(reader, at);
  if (!held.ok()) {
    return findings_->Fail(1, absl::StrCat(who, " cannot read ", hash.Hex(),
                                           ": ", held.status().ToString()));
  }
  bool equal = held->core_bytes == known->core_bytes &&
               held->payload == known->payload && held->salt == known->salt &&
               held->signatures.size() == known->signatures.size();
  for (size_t i = 0; equal && i < known->signatures.size(); ++i) {
    const PersonSignature& a = held->signatures[i];
    const PersonSignature& b = known->signatures[i];
    equal = a.role == b.role && a.key == b.key && a.signature == b.signature;
  }
  if (!equal) {
    findings_->Fail(18, absl::StrCat(who, " holds other bytes for change ",
                                     hash.Hex(), " than its author wrote"));
  }
}

}  // namespace vouch::sim
