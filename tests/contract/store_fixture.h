// What the tests of the store's contract share: an open store of the engine
// under test, and short ways to write and read it.
#ifndef VOUCH_TESTS_CONTRACT_STORE_FIXTURE_H_
#define VOUCH_TESTS_CONTRACT_STORE_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/store.h"
#include "sync/base/status.h"
#include "tests/contract/engines.h"

namespace vouch {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline Pairs ScanAll(const Reader& reader, Family family,
                     absl::string_view begin = "", absl::string_view end = "",
                     bool reverse = false) {
  Pairs pairs;
  auto visit = [&pairs](absl::string_view key, absl::string_view value) {
    pairs.emplace_back(key, value);
    return true;
  };
  const absl::Status status =
      reverse ? reader.ScanReverse(family, begin, end, visit)
              : reader.Scan(family, begin, end, visit);
  EXPECT_TRUE(status.ok()) << status;
  return pairs;
}

inline WriteBatch Put(Family family, absl::string_view key,
                      absl::string_view value) {
  WriteBatch batch;
  batch.Put(family, key, value);
  return batch;
}

class StoreTest : public testing::TestWithParam<EngineKind> {
 protected:
  StoreTest() : engine_(GetParam().make()) { Reopen(); }

  void Reopen() {
    store_.reset();
    absl::StatusOr<std::unique_ptr<Store>> opened = engine_->Open();
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  void Write(WriteBatch batch, Durability durability = Durability::kBuffered) {
    const absl::Status status = store_->Write(std::move(batch), durability);
    ASSERT_TRUE(status.ok()) << status;
  }
  // "(none)" if there is no such key.
  std::string Get(Family family, absl::string_view key) {
    absl::StatusOr<std::string> value = store_->Get(family, key);
    if (value.ok()) return *value;
    EXPECT_EQ(ReasonOf(value.status()), Reason::kNotFound) << value.status();
    return "(none)";
  }

  std::unique_ptr<EngineUnderTest> engine_;
  std::unique_ptr<Store> store_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_CONTRACT_STORE_FIXTURE_H_
