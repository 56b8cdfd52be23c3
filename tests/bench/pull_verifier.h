// What a tablet does with a pull but for writing it down: decodes every
// segment, checks chain, commitments and signatures, rebuilds each entry of the
// log and its scope, and holds the root against the signed head.
//
//   PullVerifier verifier(config);
//   CarryOverTls(&client, config, [&](auto& e) { return verifier.CarryOut(e);
//   });
//
// One thread. What does not verify ends the benchmark.
#ifndef VOUCH_TESTS_BENCH_PULL_VERIFIER_H_
#define VOUCH_TESTS_BENCH_PULL_VERIFIER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sync/core/merkle.h"
#include "sync/core/session.h"

namespace vouch::bench {

class PullVerifier {
 public:
  explicit PullVerifier(const DeviceSessionConfig& config)
      : centre_key_(config.centre_key) {}

  std::optional<DeviceEvent> CarryOut(const DeviceEffect& effect);
  uint64_t changes() const { return changes_; }

 private:
  struct ScopeEnd {
    uint64_t seq = 0;
    Hash head;
  };
  void Verify(const v1::PullBatch& batch);
  void Verify(const v1::PulledSegment& item);

  const PublicKey centre_key_;
  CompactRange tree_;
  absl::flat_hash_map<ScopeId, ScopeEnd> scopes_;
  // The hashes of each chain, from seq 1 on.
  absl::flat_hash_map<std::string, std::vector<Hash>> chains_;
  uint64_t changes_ = 0;
};

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_PULL_VERIFIER_H_
