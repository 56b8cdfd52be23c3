#include "storage/engine.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

class FailedReaderImpl : public Reader {
 public:
  explicit FailedReaderImpl(absl::Status why) : why_(std::move(why)) {}

  absl::StatusOr<std::string> Get(Family, absl::string_view) const override {
    return why_;
  }
  absl::Status Scan(Family, absl::string_view, absl::string_view,
                    const Visitor&) const override {
    return why_;
  }
  absl::Status ScanReverse(Family, absl::string_view, absl::string_view,
                           const Visitor&) const override {
    return why_;
  }

 private:
  const absl::Status why_;
};

}  // namespace

absl::Status CheckBatchLimits(const WriteBatch& batch) {
  if (batch.size_bytes() > kWriteBatchBytesMax) {
    return Error(Reason::kTooLarge,
                 absl::StrCat("a batch of ", batch.size_bytes(),
                              " bytes; the most is ", kWriteBatchBytesMax));
  }
  for (const WriteBatch::Entry& entry : batch.entries()) {
    const bool range = entry.op == WriteBatch::Op::kDeleteRange;
    if (entry.key.size() > kStoreKeyBytesMax ||
        (range && entry.value.size() > kStoreKeyBytesMax)) {
      return Error(
          Reason::kTooLarge,
          absl::StrCat("a key in family ", FamilyName(entry.family),
                       " is longer than ", kStoreKeyBytesMax, " bytes"));
    }
  }
  return absl::OkStatus();
}

absl::Status NotFoundIn(Family family) {
  return Error(Reason::kNotFound,
               absl::StrCat("no such key in family ", FamilyName(family)));
}

absl::Status CorruptedIn(Family family, absl::string_view detail) {
  return Error(Reason::kStoreCorrupted,
               absl::StrCat("damaged bytes in family ", FamilyName(family),
                            ": ", detail));
}

std::unique_ptr<Reader> FailedReader(absl::Status why) {
  return std::make_unique<FailedReaderImpl>(std::move(why));
}

}  // namespace vouch
