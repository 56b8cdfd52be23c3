#include "tests/sim/bugs.h"

#include <map>
#include <set>

#include "absl/strings/match.h"
#include "storage/replica/device.h"
#include "sync/base/status.h"
#include "tests/sim/seam_bugs.h"

namespace vouch::sim {
namespace {

// Writes what `Keeps` says of each entry.
class FilteringStore : public PassingStore {
 public:
  using PassingStore::PassingStore;
  absl::Status Write(WriteBatch batch, Durability durability) override {
    WriteBatch kept;
    for (const WriteBatch::Entry& entry : batch.entries()) {
      if (entry.op == WriteBatch::Op::kDelete) {
        kept.Delete(entry.family, entry.key);
      } else if (entry.op == WriteBatch::Op::kDeleteRange) {
        kept.DeleteRange(entry.family, entry.key, entry.value);
      } else if (Keeps(batch, entry)) {
        kept.Put(entry.family, entry.key, entry.value);
      }
    }
    return store_->Write(std::move(kept), durability);
  }

 protected:
  virtual bool Keeps(const WriteBatch& batch,
                     const WriteBatch::Entry& entry) = 0;
};

// Keeps one of two changes that were made apart: a row of a record that comes
// with a batch holding two new ones is never written.
class HeadDroppingStore : public FilteringStore {
 public:
  using FilteringStore::FilteringStore;
  absl::Status Write(WriteBatch batch, Durability durability) override {
    fresh_.clear();
    return FilteringStore::Write(std::move(batch), durability);
  }

 protected:
  bool Keeps(const WriteBatch&, const WriteBatch::Entry& entry) override {
    if (entry.family != Family::kRecordChange) return true;
    if (dropped_.contains(entry.key)) return false;
    if (store_->Get(Family::kRecordChange, entry.key).ok()) return true;
    std::string record = entry.key.substr(0, RecordId::kSize + ScopeId::kSize);
    if (++fresh_[record] != 2) return true;
    dropped_.insert(entry.key);
    return false;
  }

 private:
  std::map<std::string, int> fresh_;  // new rows of the batch, by record
  std::set<std::string> dropped_;
};

// After a restart the newest change of the chain is overlooked once, so that
// its seq is given out again.
class ForgetfulStore : public PassingStore {
 public:
  using PassingStore::PassingStore;
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    if (family != Family::kChain || looked_) {
      return store_->ScanReverse(family, begin, end, visit);
    }
    looked_ = true;
    bool newest = true;
    return store_->ScanReverse(
        family, begin, end,
        [&](absl::string_view key, absl::string_view value) {
          if (newest) return !(newest = false);
          return visit(key, value);
        });
  }

 private:
  mutable bool looked_ = false;
};

// Of a forked chain only the branch that came first goes into the views.
class BranchDroppingStore : public FilteringStore {
 public:
  using FilteringStore::FilteringStore;
  bool Keeps(const WriteBatch&, const WriteBatch::Entry& entry) override {
    if (entry.family != Family::kRecordChange) return true;
    auto row = DecodeRecordChange(Hash(), entry.value);
    return !row.has_value() || row->at.branch.IsZero();
  }
};

// The note that something is to be reconciled is lost with the next restart.
class NoteDroppingStore : public FilteringStore {
 public:
  using FilteringStore::FilteringStore;
  bool Keeps(const WriteBatch&, const WriteBatch::Entry& entry) override {
    return entry.family != Family::kMeta || entry.key != kRecoveryRow;
  }
};

// A new incarnation is not written down: after a restart it is the old one.
class IncarnationDroppingStore : public FilteringStore {
 public:
  using FilteringStore::FilteringStore;
  bool Keeps(const WriteBatch& batch, const WriteBatch::Entry& entry) override {
    bool recovers = false;
    for (const WriteBatch::Entry& other : batch.entries()) {
      recovers |= other.family == Family::kMeta && other.key == kRecoveryRow;
    }
    return !recovers || !absl::StrContains(entry.key, "device-keys");
  }
};

// Now and then a record is read without one of its changes.
class HidingStore : public PassingStore {
 public:
  using PassingStore::PassingStore;
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    // Of one record in one scope.
    bool hides = family == Family::kRecordChange &&
                 begin.size() == RecordId::kSize + ScopeId::kSize &&
                 ++reads_ % 40 == 0;
    bool first = true;
    return store_->Scan(family, begin, end,
                        [&](absl::string_view key, absl::string_view value) {
                          if (hides && first) return !(first = false);
                          return visit(key, value);
                        });
  }

 private:
  mutable uint64_t reads_ = 0;
};

// Lets everyone do what only a verifier may.
class LaxJudge : public Judge {
 public:
  explicit LaxJudge(std::unique_ptr<const Judge> judge)
      : judge_(std::move(judge)) {}
  absl::Status Decide(const JudgedChange& change,
                      const JudgeReader& reader) const override {
    absl::Status verdict = judge_->Decide(change, reader);
    if (ReasonOf(verdict) == Reason::kRoleNotAllowed) return absl::OkStatus();
    return verdict;
  }

 private:
  const std::unique_ptr<const Judge> judge_;
};

// Takes any window for the largest.
void IgnoreWindow(uint64_t, const Hash&, v1::SyncResponse* message) {
  if (!message->has_welcome()) return;
  message->mutable_welcome()->set_push_window_bytes(kPushWindowBytesMax);
}

// Believes that a centre that was put back lacks nothing.
void BelieveWhole(uint64_t, const Hash&, v1::SyncResponse* message) {
  if (message->has_differ()) message->mutable_differ()->Clear();
}

}  // namespace

const std::vector<Bug>& Bugs() {
  static const std::vector<Bug>& bugs = *new std::vector<Bug>{
      {"ack-before-commit",
       "the centre acknowledges what is not yet on its disk",
       [] { return Seams{.centre_store = Wrap<UnsyncedStore>()}; }},
      {"unsynced-saves", "a tablet reports a save that is not on its disk",
       [] { return Seams{.device_store = Wrap<UnsyncedStore>()}; }},
      {"drop-a-head", "a tablet keeps one of two changes made apart",
       [] { return Seams{.device_store = Wrap<HeadDroppingStore>()}; }},
      {"no-resend", "a tablet takes what it sent as stored, unacknowledged",
       [] { return Seams{.garble = BelieveSent}; }},
      {"ignore-the-window", "a tablet sends more than the centre has room for",
       [] { return Seams{.garble = IgnoreWindow}; }},
      {"hide-a-change", "a tablet now and then forgets a change of a record",
       [] { return Seams{.device_store = Wrap<HidingStore>()}; }},
      {"lax-judge", "the centre lets everyone do what only a verifier may",
       [] {
         return Seams{.wrap_judge = [](std::unique_ptr<const Judge> judge) {
           return std::unique_ptr<const Judge>(new LaxJudge(std::move(judge)));
         }};
       }},
      {"forget-the-lost",
       "a tablet gives back nothing that a restored centre lost",
       [] { return Seams{.garble = BelieveWhole}; }},
      {"drop-a-branch", "the centre shows one of two branches of a clone",
       [] { return Seams{.centre_store = Wrap<BranchDroppingStore>()}; }},
      {"drop-the-note", "a tablet forgets that it has to reconcile",
       [] { return Seams{.device_store = Wrap<NoteDroppingStore>()}; }},
      {"keep-the-incarnation", "a tablet goes on under its old incarnation",
       [] { return Seams{.device_store = Wrap<IncarnationDroppingStore>()}; }},
      {"reuse-seq", "a tablet gives out a seq again after a restart",
       [] { return Seams{.device_store = Wrap<ForgetfulStore>()}; }},
  };
  return bugs;
}

}  // namespace vouch::sim
