// A store that counts what is read of another: rows got, and rows shown to a
// scan.
//
//   CountingStore counting(store.get());
//   … Device::Open(&counting, …)
//   EXPECT_LT(counting.rows_read(), 20u);
#ifndef VOUCH_TESTS_SUPPORT_COUNTING_STORE_H_
#define VOUCH_TESTS_SUPPORT_COUNTING_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "tests/support/passing_store.h"

namespace vouch {

// One thread at a time. Its snapshots count too.
class CountingStore : public PassingStore {
 public:
  using PassingStore::PassingStore;

  uint64_t rows_read() const { return rows_read_; }

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    ++rows_read_;
    return store_->Get(family, key);
  }
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    return store_->Scan(family, begin, end, Counted(visit));
  }
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    return store_->ScanReverse(family, begin, end, Counted(visit));
  }
  std::unique_ptr<Reader> Snapshot() const override {
    return std::make_unique<Moment>(this, store_->Snapshot());
  }

 private:
  class Moment : public Reader {
   public:
    Moment(const CountingStore* counting, std::unique_ptr<Reader> reader)
        : counting_(counting), reader_(std::move(reader)) {}
    absl::StatusOr<std::string> Get(Family family,
                                    absl::string_view key) const override {
      ++counting_->rows_read_;
      return reader_->Get(family, key);
    }
    absl::Status Scan(Family family, absl::string_view begin,
                      absl::string_view end,
                      const Visitor& visit) const override {
      return reader_->Scan(family, begin, end, counting_->Counted(visit));
    }
    absl::Status ScanReverse(Family family, absl::string_view begin,
                             absl::string_view end,
                             const Visitor& visit) const override {
      return reader_->ScanReverse(family, begin, end,
                                  counting_->Counted(visit));
    }

   private:
    const CountingStore* const counting_;
    const std::unique_ptr<Reader> reader_;
  };

  Visitor Counted(const Visitor& visit) const {
    return [this, &visit](absl::string_view key, absl::string_view value) {
      ++rows_read_;
      return visit(key, value);
    };
  }

  mutable uint64_t rows_read_ = 0;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_COUNTING_STORE_H_
