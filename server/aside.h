// Keeps the bytes of segments that were refused, so that a broken chain or a
// bad signature can be looked into: nothing a tablet sent is thrown away
// unseen.
//
// Each lies in a file of its own, named by its SHA-256, sealed under the
// master key (they hold evidence in the clear otherwise). The same bytes sent
// again take no further room; the oldest files go when there are too many.
// Thread-safe.
#ifndef VOUCH_SERVER_ASIDE_H_
#define VOUCH_SERVER_ASIDE_H_

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/mutex.h"
#include "sync/base/clock.h"
#include "sync/base/sign.h"

namespace vouch {

inline constexpr size_t kAsideFilesMax = 64;
inline constexpr absl::string_view kAsideContext = "vouch.aside.v1";

class Aside {
 public:
  Aside(std::string folder, const SealKey& key, Random* random)
      : folder_(std::move(folder)), key_(key), random_(random) {}

  // Durable on return. The caller goes on without it if it fails: keeping the
  // bytes is a help, and the tablet still has them. Errors: STORE_*.
  absl::Status Keep(absl::string_view bytes);

 private:
  absl::Status Load() VOUCH_REQUIRES(mutex_);

  const std::string folder_;
  const SealKey key_;
  Random* const random_;
  // Held across I/O, as nothing else here: it guards the folder itself, and
  // only refused segments come this way.
  Mutex mutex_;
  bool loaded_ VOUCH_GUARDED_BY(mutex_) = false;
  std::deque<std::string> names_ VOUCH_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace vouch

#endif  // VOUCH_SERVER_ASIDE_H_
