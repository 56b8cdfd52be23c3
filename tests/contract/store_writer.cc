// The process that the kill test kills: writes synced batches without end and
// prints each one's number after the write has returned.
//
//   store_writer ENGINE FOLDER [COUNT]
//   store_writer ENGINE FOLDER check COUNT
//
// If the store does not open it prints the reason's name and exits with 1.
// With a COUNT it stops after so many batches. Each batch puts its number under
// two keys, in two families. `check` prints what is not as the first COUNT
// batches left it and exits with 1: one of them is missing, or any batch is
// there by half.
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

// Which of the two keys of batch `i` is there with its value.
bool Holds(const vouch::Store& store, vouch::Family family,
           const std::string& prefix, int i) {
  auto value = store.Get(family, absl::StrCat(prefix, i));
  return value.ok() && *value == absl::StrCat(i);
}

int Check(const vouch::Store& store, int count) {
  for (int i = 0;; ++i) {
    const bool chain = Holds(store, vouch::Family::kChain, "chain-", i);
    const bool payload = Holds(store, vouch::Family::kPayload, "payload-", i);
    if (chain != payload) Print(absl::StrCat("half of batch ", i));
    if (i < count && !chain) Print(absl::StrCat("no batch ", i));
    if (chain != payload || (i < count && !chain)) return 1;
    if (i >= count && !chain) return 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  using vouch::Family;
  VOUCH_CHECK(argc >= 3 && argc <= 5);
  auto store = vouch::OpenDiskEngine(argv[1], argv[2]);
  if (!store.ok()) {
    Print(std::string(vouch::ReasonName(vouch::ReasonOf(store.status()))));
    return 1;
  }
  if (argc == 5) return Check(**store, atoi(argv[4]));
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
