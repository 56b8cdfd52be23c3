#include "tests/model/bugs.h"

#include "absl/strings/match.h"
#include "sync/base/status.h"
#include "tests/sim/seam_bugs.h"

namespace vouch::model {
namespace {

using sim::BelieveSent;
using sim::UnsyncedStore;
using sim::Wrap;

// After a failed write it takes what is there as durable.
class HopefulStore : public PassingStore {
 public:
  using PassingStore::PassingStore;
  absl::Status Sync() override { return absl::OkStatus(); }
};

// One write becomes two: rows for which `later` holds come after the others.
class SplittingStore : public PassingStore {
 public:
  using Later = bool (*)(const WriteBatch::Entry&);
  SplittingStore(std::unique_ptr<Store> store, Later later)
      : PassingStore(std::move(store)), later_(later) {}
  absl::Status Write(WriteBatch batch, Durability durability) override {
    WriteBatch first, second;
    for (const WriteBatch::Entry& entry : batch.entries()) {
      WriteBatch& part = later_(entry) ? second : first;
      switch (entry.op) {
        case WriteBatch::Op::kPut:
          part.Put(entry.family, entry.key, entry.value);
          break;
        case WriteBatch::Op::kDelete:
          part.Delete(entry.family, entry.key);
          break;
        case WriteBatch::Op::kDeleteRange:
          part.DeleteRange(entry.family, entry.key, entry.value);
          break;
      }
    }
    if (first.empty() || second.empty()) {
      return store_->Write(std::move(batch), durability);
    }
    VOUCH_RETURN_IF_ERROR(store_->Write(std::move(first), durability));
    return store_->Write(std::move(second), durability);
  }

 private:
  const Later later_;
};

// A segment that was committed is not found again.
class ForgetfulStore : public PassingStore {
 public:
  using PassingStore::PassingStore;
  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    auto value = store_->Get(family, key);
    if (family == Family::kSegment && value.ok() && Committed(*value)) {
      return Error(Reason::kNotFound, "forgotten");
    }
    return value;
  }

 private:
  static bool Committed(const std::string& value) {
    auto row = DecodeSegmentRow(value);
    return row.has_value() && row->committed();
  }
};

bool IsView(const WriteBatch::Entry& entry) {
  return entry.family == Family::kRecordChange ||
         entry.family == Family::kRecordState;
}
bool IsLog(const WriteBatch::Entry& entry) {
  return entry.family == Family::kLog || entry.family == Family::kByScope ||
         entry.family == Family::kMerkleTile;
}
// All but the cursor, and how far segments are closed.
bool IsNoMark(const WriteBatch::Entry& entry) {
  return entry.family != Family::kMeta;
}

sim::WrapStore Split(SplittingStore::Later later) {
  return [later](std::unique_ptr<Store> store) -> std::unique_ptr<Store> {
    return std::make_unique<SplittingStore>(std::move(store), later);
  };
}

}  // namespace

const std::vector<Bug>& Bugs() {
  static const std::vector<Bug>& bugs = *new std::vector<Bug>{
      {"ack-before-commit",
       "the centre acknowledges what is not yet on its disk",
       [] { return Seams{.centre_store = Wrap<UnsyncedStore>()}; }},
      {"unsynced-saves", "a tablet reports a save that is not on its disk",
       [] { return Seams{.device_store = Wrap<UnsyncedStore>()}; }},
      {"hopeful-centre", "the centre takes a failed write as durable",
       [] { return Seams{.centre_store = Wrap<HopefulStore>()}; }},
      {"split-commit", "the centre writes changes and log apart",
       [] { return Seams{.centre_store = Split(IsLog)}; }},
      {"marks-first", "a tablet marks as done what is not yet written",
       [] { return Seams{.device_store = Split(IsNoMark)}; }},
      {"watermark-first",
       "the centre marks views as worked out before they are",
       [] { return Seams{.centre_store = Split(IsView)}; }},
      {"forget-duplicates", "the centre does not know what it has committed",
       [] { return Seams{.centre_store = Wrap<ForgetfulStore>()}; }},
      {"no-resend", "a tablet takes what it sent as stored, unacknowledged",
       [] { return Seams{.garble = BelieveSent}; }},
  };
  return bugs;
}

}  // namespace vouch::model
