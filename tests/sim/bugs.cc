#include "tests/sim/bugs.h"

#include <map>
#include <set>

#include "sync/base/status.h"

namespace vouch::sim {
namespace {

class PassingStore : public Store {
 public:
  explicit PassingStore(std::unique_ptr<Store> store)
      : store_(std::move(store)) {}
  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    return store_->Get(family, key);
  }
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    return store_->Scan(family, begin, end, visit);
  }
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    return store_->ScanReverse(family, begin, end, visit);
  }
  absl::Status Write(WriteBatch batch, Durability durability) override {
    return store_->Write(std::move(batch), durability);
  }
  absl::Status Sync() override { return store_->Sync(); }
  std::unique_ptr<Reader> Snapshot() const override {
    return store_->Snapshot();
  }
  absl::Status Checkpoint(const std::string& folder) override {
    return store_->Checkpoint(folder);
  }

 protected:
  const std::unique_ptr<Store> store_;
};

// Says that it is on disk when it is in a buffer.
class UnsyncedStore : public PassingStore {
 public:
  using PassingStore::PassingStore;
  absl::Status Write(WriteBatch batch, Durability) override {
    return store_->Write(std::move(batch), Durability::kBuffered);
  }
  absl::Status Sync() override { return absl::OkStatus(); }
};

// Keeps one of two changes that were made apart: a row of a record that comes
// with a batch holding two new ones is never written.
class HeadDroppingStore : public PassingStore {
 public:
  using PassingStore::PassingStore;
  absl::Status Write(WriteBatch batch, Durability durability) override {
    WriteBatch kept;
    std::map<std::string, int> fresh;
    for (const WriteBatch::Entry& entry : batch.entries()) {
      if (entry.op == WriteBatch::Op::kDelete) {
        kept.Delete(entry.family, entry.key);
      } else if (entry.op == WriteBatch::Op::kDeleteRange) {
        kept.DeleteRange(entry.family, entry.key, entry.value);
      } else if (entry.family != Family::kRecordChange ||
                 !Drops(entry.key, &fresh)) {
        kept.Put(entry.family, entry.key, entry.value);
      }
    }
    return store_->Write(std::move(kept), durability);
  }

 private:
  bool Drops(const std::string& key, std::map<std::string, int>* fresh) {
    if (dropped_.contains(key)) return true;
    if (store_->Get(Family::kRecordChange, key).ok()) return false;
    std::string record = key.substr(0, RecordId::kSize + ScopeId::kSize);
    if (++(*fresh)[record] != 2) return false;
    dropped_.insert(key);
    return true;
  }
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

template <typename Wrapper>
WrapStore Wrap() {
  return [](std::unique_ptr<Store> store) -> std::unique_ptr<Store> {
    return std::make_unique<Wrapper>(std::move(store));
  };
}

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

// Believes that whatever it sent has arrived.
void BelieveSent(uint64_t sent_seq, const Hash& sent_hash,
                 v1::SyncResponse* message) {
  if (!message->has_welcome()) return;
  for (v1::ChainHead& head : *message->mutable_welcome()->mutable_heads()) {
    if (head.seq() >= sent_seq) continue;
    head.set_seq(sent_seq);
    head.set_hash(sent_hash.Bytes());
  }
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
      {"reuse-seq", "a tablet gives out a seq again after a restart",
       [] { return Seams{.device_store = Wrap<ForgetfulStore>()}; }},
  };
  return bugs;
}

}  // namespace vouch::sim
