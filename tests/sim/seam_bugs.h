// What bugs at the simulator's seams are made of; the model checker's too.
#ifndef VOUCH_TESTS_SIM_SEAM_BUGS_H_
#define VOUCH_TESTS_SIM_SEAM_BUGS_H_

#include <memory>
#include <string>
#include <utility>

#include "storage/store.h"
#include "tests/sim/site.h"

namespace vouch::sim {

// A store that does what another does.
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

template <typename Wrapper>
WrapStore Wrap() {
  return [](std::unique_ptr<Store> store) -> std::unique_ptr<Store> {
    return std::make_unique<Wrapper>(std::move(store));
  };
}

// Believes that whatever it sent has arrived.
inline void BelieveSent(uint64_t sent_seq, const Hash& sent_hash,
                        v1::SyncResponse* message) {
  if (!message->has_welcome()) return;
  for (v1::ChainHead& head : *message->mutable_welcome()->mutable_heads()) {
    if (head.seq() >= sent_seq) continue;
    head.set_seq(sent_seq);
    head.set_hash(sent_hash.Bytes());
  }
}

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_SEAM_BUGS_H_
