// What bugs at the simulator's seams are made of; the model checker's too.
#ifndef VOUCH_TESTS_SIM_SEAM_BUGS_H_
#define VOUCH_TESTS_SIM_SEAM_BUGS_H_

#include <memory>
#include <string>
#include <utility>

#include "storage/store.h"
#include "tests/sim/site.h"
#include "tests/support/passing_store.h"

namespace vouch::sim {

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
