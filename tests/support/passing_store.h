// A store that does what another does; what a test's own store begins with.
//
//   class UnsyncedStore : public PassingStore {
//     using PassingStore::PassingStore;
//     absl::Status Sync() override { return absl::OkStatus(); }
//   };
#ifndef VOUCH_TESTS_SUPPORT_PASSING_STORE_H_
#define VOUCH_TESTS_SUPPORT_PASSING_STORE_H_

#include <memory>
#include <string>
#include <utility>

#include "storage/store.h"

namespace vouch {

class PassingStore : public Store {
 public:
  // `store` outlives it.
  explicit PassingStore(Store* store) : store_(store) {}
  explicit PassingStore(std::unique_ptr<Store> store)
      : owned_(std::move(store)), store_(owned_.get()) {}

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

 private:
  const std::unique_ptr<Store> owned_;  // null if it is another's

 protected:
  Store* const store_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_PASSING_STORE_H_
