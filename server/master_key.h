// The master key from a file: 64 hexadecimal digits. Everything at rest is
// sealed under keys that it wraps.
#ifndef VOUCH_SERVER_MASTER_KEY_H_
#define VOUCH_SERVER_MASTER_KEY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "storage/replica/key_ring.h"
#include "sync/base/clock.h"
#include "sync/base/sign.h"

namespace vouch {

// Any thread.
class FileKeyProvider : public KeyProvider {
 public:
  explicit FileKeyProvider(std::string path) : path_(std::move(path)) {}
  // Errors: STORE_KEY_WRONG (no such file, or not a key), STORE_IO,
  // CONFIGURATION_INVALID (other users may read it).
  absl::StatusOr<SealKey> MasterKey() override;

 private:
  const std::string path_;
};

// A new key in a new file; durable on return. Errors: STORE_IO, STORE_FULL.
absl::Status MakeMasterKey(const std::string& path, Random* random);

}  // namespace vouch

#endif  // VOUCH_SERVER_MASTER_KEY_H_
