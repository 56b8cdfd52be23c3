// What every engine promises about keys, values, order and moments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/format.h"
#include "storage/store.h"
#include "sync/base/status.h"
#include "tests/contract/store_fixture.h"

namespace vouch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
class StoreContract : public StoreTest {};

TEST_P(StoreContract, AnAbsentKeyIsNotFound) {
  const absl::Status status = store_->Get(Family::kLog, "absent").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), Reason::kNotFound);
}

TEST_P(StoreContract, LaterOperationsOfABatchWin) {
  Write(Put(Family::kMeta, "old", "1"));
  WriteBatch batch;
  batch.Put(Family::kMeta, "a", "1");
  batch.Put(Family::kMeta, "a", "2");
  batch.Put(Family::kMeta, "b", "1");
  batch.Delete(Family::kMeta, "b");
  batch.Delete(Family::kMeta, "old");
  batch.Put(Family::kMeta, "old", "2");
  batch.Put(Family::kChain, "c1", "1");
  batch.DeleteRange(Family::kChain, "c", "d");
  batch.Put(Family::kChain, "c2", "2");
  Write(std::move(batch), Durability::kSynced);
  EXPECT_EQ(Get(Family::kMeta, "a"), "2");
  EXPECT_EQ(Get(Family::kMeta, "b"), "(none)");
  EXPECT_EQ(Get(Family::kMeta, "old"), "2");
  EXPECT_THAT(ScanAll(*store_, Family::kChain), ElementsAre(Pair("c2", "2")));
}

TEST_P(StoreContract, AppendedBatchesAreOneBatch) {
  WriteBatch batch = Put(Family::kMeta, "a", "1");
  batch.Append(Put(Family::kLog, "a", "2"));
  batch.Append(Put(Family::kMeta, "a", "3"));
  EXPECT_EQ(batch.size_bytes(), 6u);
  Write(std::move(batch));
  EXPECT_EQ(Get(Family::kMeta, "a"), "3");
  EXPECT_EQ(Get(Family::kLog, "a"), "2");
}

TEST_P(StoreContract, FamiliesAreSeparate) {
  WriteBatch batch;
  for (int i = 1; i < kFamilyCount; ++i) {
    batch.Put(static_cast<Family>(i), "key", absl::StrCat(i));
  }
  Write(std::move(batch));
  WriteBatch wipe;
  wipe.DeleteRange(Family::kPayload, "", "");
  Write(std::move(wipe));
  for (int i = 1; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    EXPECT_EQ(Get(family, "key"),
              family == Family::kPayload ? "(none)" : absl::StrCat(i));
  }
}

TEST_P(StoreContract, ScansRunBothWaysWithinTheirBounds) {
  WriteBatch batch;
  for (const char* key : {"b", "d", "a", "c", "e"}) {
    batch.Put(Family::kLog, key, absl::StrCat("v", key));
  }
  Write(std::move(batch));
  auto keys = [this](absl::string_view begin, absl::string_view end,
                     bool reverse) {
    std::string all;
    for (const auto& [key, value] :
         ScanAll(*store_, Family::kLog, begin, end, reverse)) {
      EXPECT_EQ(value, "v" + key);
      all += key;
    }
    return all;
  };
  EXPECT_EQ(keys("", "", false), "abcde");
  EXPECT_EQ(keys("", "", true), "edcba");
  EXPECT_EQ(keys("b", "d", false), "bc");
  EXPECT_EQ(keys("b", "d", true), "cb");
  EXPECT_EQ(keys("bb", "", false), "cde");
  EXPECT_EQ(keys("", "dd", true), "dcba");
  EXPECT_EQ(keys("c", "c", false), "");
  EXPECT_EQ(keys("d", "b", false), "");
  EXPECT_EQ(keys("d", "b", true), "");
  EXPECT_EQ(keys("f", "", true), "");
}

TEST_P(StoreContract, AScanStopsWhenToldTo) {
  WriteBatch batch;
  for (const char* key : {"a", "b", "c"}) batch.Put(Family::kLog, key, key);
  Write(std::move(batch));
  for (const bool reverse : {false, true}) {
    std::string seen;
    auto visit = [&seen](absl::string_view key, absl::string_view) {
      absl::StrAppend(&seen, key);
      return seen.size() < 2;
    };
    ASSERT_TRUE((reverse ? store_->ScanReverse(Family::kLog, "", "", visit)
                         : store_->Scan(Family::kLog, "", "", visit))
                    .ok());
    EXPECT_EQ(seen, reverse ? "cb" : "ab");
  }
}

TEST_P(StoreContract, AVisitorMayRead) {
  WriteBatch batch;
  for (const char* key : {"a", "b", "c"}) {
    batch.Put(Family::kByScope, key, key);
    batch.Put(Family::kLog, key, absl::StrCat("log ", key));
  }
  Write(std::move(batch));
  const std::unique_ptr<Reader> snapshot = store_->Snapshot();
  for (const Reader* reader : {static_cast<const Reader*>(store_.get()),
                               static_cast<const Reader*>(snapshot.get())}) {
    Pairs joined;
    auto visit = [&](absl::string_view key, absl::string_view) {
      joined.emplace_back(key, *reader->Get(Family::kLog, key));
      EXPECT_EQ(ScanAll(*reader, Family::kByScope).size(), 3u);
      return true;
    };
    ASSERT_TRUE(reader->Scan(Family::kByScope, "", "", visit).ok());
    EXPECT_THAT(joined, ElementsAre(Pair("a", "log a"), Pair("b", "log b"),
                                    Pair("c", "log c")));
  }
}

TEST_P(StoreContract, ASnapshotNeverSeesALaterWrite) {
  WriteBatch before;
  for (const char* key : {"a", "b", "c"}) before.Put(Family::kLog, key, "old");
  Write(std::move(before));
  std::unique_ptr<Reader> snapshot = store_->Snapshot();
  const Pairs old = {{"a", "old"}, {"b", "old"}, {"c", "old"}};
  WriteBatch after;
  after.Put(Family::kLog, "a", "new");
  after.Delete(Family::kLog, "b");
  after.DeleteRange(Family::kLog, "c", "d");
  after.Put(Family::kLog, "e", "new");
  Write(std::move(after), Durability::kSynced);
  EXPECT_EQ(ScanAll(*snapshot, Family::kLog), old);
  EXPECT_EQ(ScanAll(*snapshot, Family::kLog, "", "", true),
            Pairs(old.rbegin(), old.rend()));
  EXPECT_EQ(*snapshot->Get(Family::kLog, "b"), "old");
  EXPECT_FALSE(snapshot->Get(Family::kLog, "e").ok());
  EXPECT_EQ(ScanAll(*store_, Family::kLog),
            (Pairs{{"a", "new"}, {"e", "new"}}));
  const std::unique_ptr<Reader> later = store_->Snapshot();
  EXPECT_EQ(*later->Get(Family::kLog, "a"), "new");
  snapshot.reset();
  EXPECT_EQ(*later->Get(Family::kLog, "a"), "new");
}

TEST_P(StoreContract, DeleteRangeKeepsItsBounds) {
  WriteBatch batch;
  for (const char* key : {"", "a", "b", "c", "d"}) {
    batch.Put(Family::kLog, key, "v");
  }
  batch.Put(Family::kLog, std::string(kStoreKeyBytesMax, '\xff'), "last");
  Write(std::move(batch));
  WriteBatch ranges;
  ranges.DeleteRange(Family::kLog, "b", "d");
  ranges.DeleteRange(Family::kLog, "d", "d");  // nothing
  ranges.DeleteRange(Family::kLog, "z", "a");  // nothing
  Write(std::move(ranges));
  EXPECT_EQ(ScanAll(*store_, Family::kLog).size(), 4u);
  EXPECT_EQ(Get(Family::kLog, "d"), "v");
  EXPECT_EQ(Get(Family::kLog, "c"), "(none)");
  WriteBatch rest;
  rest.DeleteRange(Family::kLog, "a", "");
  Write(std::move(rest));
  EXPECT_THAT(ScanAll(*store_, Family::kLog), ElementsAre(Pair("", "v")));
}

TEST_P(StoreContract, KeysAndValuesAreAnyBytes) {
  using std::string;
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes.push_back(static_cast<char>(i));
  const std::map<string, string> pairs = {
      {"", "value of the empty key"},
      {string(1, '\0'), ""},
      {string("\0\0", 2), string(1, '\0')},
      {string("\0\xff", 2), "x"},
      {"a", ""},
      {string("a\0", 2), "ends with zero"},
      {string("a\0b", 3), all_bytes},
      {"\x7f", "'\"; --"},
      {"\x80", "unsigned order"},
      {"\xff", string(1 << 20, '\xa5')},
      {"\xff\xff", "y"},
      {string(kStoreKeyBytesMax, 'k'), "longest"}};
  WriteBatch batch;
  for (const auto& [key, value] : pairs) {
    batch.Put(Family::kPayload, key, value);
  }
  Write(std::move(batch), Durability::kSynced);
  const Pairs expected(pairs.begin(), pairs.end());
  EXPECT_TRUE(ScanAll(*store_, Family::kPayload) == expected);
  Reopen();
  EXPECT_TRUE(ScanAll(*store_, Family::kPayload) == expected);
  EXPECT_TRUE(ScanAll(*store_, Family::kPayload, "", "", true) ==
              Pairs(expected.rbegin(), expected.rend()));
  for (const auto& [key, value] : pairs) {
    EXPECT_TRUE(Get(Family::kPayload, key) == value);
  }
}

TEST_P(StoreContract, WhatIsTooLargeIsRefusedWhole) {
  WriteBatch batch = Put(Family::kMeta, "small", "1");
  batch.Put(Family::kMeta, std::string(kStoreKeyBytesMax + 1, 'k'), "1");
  const absl::Status status =
      store_->Write(std::move(batch), Durability::kSynced);
  EXPECT_EQ(ReasonOf(status), Reason::kTooLarge);
  EXPECT_EQ(Get(Family::kMeta, "small"), "(none)");
}

TEST_P(StoreContract, RandomBatchesMatchAModel) {
  using Model = std::map<std::pair<int, std::string>, std::string>;
  std::mt19937 random(20240917);
  Model model;
  auto key = [&random] {
    std::string bytes(random() % 3, '\0');
    for (char& byte : bytes) byte = "\x00\x01\x7f\x80\xfe\xff"[random() % 6];
    return bytes;
  };
  auto check = [&](const Reader& reader, const Model& expected) {
    Model seen;
    for (int i = 0; i < kFamilyCount; ++i) {
      for (auto& [k, v] : ScanAll(reader, static_cast<Family>(i))) {
        if (k != kStoreFormatKey) seen[{i, k}] = v;
      }
    }
    EXPECT_TRUE(seen == expected);
  };
  std::unique_ptr<Reader> snapshot;
  Model at_snapshot;
  for (int round = 0; round < 300; ++round) {
    WriteBatch batch;
    for (unsigned n = random() % 8; n > 0; --n) {
      const int number = static_cast<int>(random() % 3) + 1;
      const Family family = static_cast<Family>(number);
      const std::string a = key(), b = key();
      if (random() % 6 == 0) {
        batch.DeleteRange(family, a, b);
        if (b.empty() || a < b) {
          model.erase(model.lower_bound({number, a}),
                      b.empty() ? model.lower_bound({number + 1, ""})
                                : model.lower_bound({number, b}));
        }
      } else if (random() % 3 == 0) {
        batch.Delete(family, a);
        model.erase({number, a});
      } else {
        batch.Put(family, a, absl::StrCat(round, "-", n));
        model[{number, a}] = absl::StrCat(round, "-", n);
      }
    }
    Write(std::move(batch));
    if (round % 10 == 0) check(*store_, model);
    if (round % 25 == 12) {
      snapshot = store_->Snapshot();
      at_snapshot = model;
    }
    if (round % 25 == 24) check(*snapshot, at_snapshot);
    if (round % 100 == 99) {
      snapshot.reset();
      Reopen();
      check(*store_, model);
    }
  }
}

TEST_P(StoreContract, NoReaderSeesHalfABatch) {
  constexpr int kWriters = 3;
  constexpr int kBatches = 60;
  std::atomic<int> running{kWriters};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kBatches; ++i) {
        WriteBatch batch;
        batch.Put(Family::kChain, absl::StrCat(w), absl::StrCat(i));
        batch.Put(Family::kPayload, absl::StrCat(w), absl::StrCat(i));
        const absl::Status status =
            store_->Write(std::move(batch), i % 8 == 0 ? Durability::kSynced
                                                       : Durability::kBuffered);
        EXPECT_TRUE(status.ok()) << status;
        // One's own write is seen at once, whoever else reads or writes.
        EXPECT_EQ(*store_->Get(Family::kChain, absl::StrCat(w)),
                  absl::StrCat(i));
      }
      --running;
    });
  }
  while (running > 0) {
    const std::unique_ptr<Reader> snapshot = store_->Snapshot();
    EXPECT_EQ(ScanAll(*snapshot, Family::kChain),
              ScanAll(*snapshot, Family::kPayload));
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(ScanAll(*store_, Family::kChain).size(), size_t{kWriters});
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreContract,
                         testing::ValuesIn(AllEngines()),
                         [](const auto& kind) { return kind.param.name; });

TEST(PrefixEnd, IsTheFirstKeyBeyondThePrefix) {
  EXPECT_EQ(PrefixEnd("ab"), "ac");
  EXPECT_EQ(PrefixEnd("a\xff"), "b");
  EXPECT_EQ(PrefixEnd("\x7f\xff\xff"), "\x80");
  EXPECT_THAT(PrefixEnd("\xff\xff"), IsEmpty());
  EXPECT_THAT(PrefixEnd(""), IsEmpty());
}

}  // namespace
}  // namespace vouch
