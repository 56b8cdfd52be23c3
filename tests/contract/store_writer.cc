// The process that the kill test kills: writes synced batches without end and
// prints each one's number after the write has returned.
//
//   store_writer ENGINE FOLDER [COUNT]
//
// If the store does not open it prints the reason's name and exits with 1.
// With a COUNT it stops after so many batches. Each batch puts its number under
// two keys, in two families.
#include <stdlib.h>
#include <unistd.h>

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "tests/contract/engines.h"

namespace {

// Straight to the pipe: what is buffered dies with the process.
void Print(const std::string& line) {
  const std::string text = line + "\n";
  VOUCH_CHECK(write(STDOUT_FILENO, text.data(), text.size()) ==
              static_cast<ssize_t>(text.size()));
}

}  // namespace

int main(int argc, char** argv) {
  using vouch::Family;
  VOUCH_CHECK(argc == 3 || argc == 4);
  auto store = vouch::OpenDiskEngine(argv[1], argv[2]);
  if (!store.ok()) {
    Print(std::string(vouch::ReasonName(vouch::ReasonOf(store.status()))));
    return 1;
  }
  const int count = argc == 4 ? atoi(argv[3]) : std::numeric_limits<int>::max();
  for (int i = 0; i < count; ++i) {
    vouch::WriteBatch batch;
    batch.Put(Family::kChain, absl::StrCat("chain-", i), absl::StrCat(i));
    batch.Put(Family::kPayload, absl::StrCat("payload-", i), absl::StrCat(i));
    VOUCH_CHECK(
        (*store)->Write(std::move(batch), vouch::Durability::kSynced).ok());
    Print(absl::StrCat(i));
  }
  return 0;
}
