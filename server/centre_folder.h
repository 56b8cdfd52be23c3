// A centre's data folder, opened: its lock, master key, certificates, the log
// store, the authority store, and the centre on them. `vouchd serve` stands on
// it, and `vouchd backup` where no server runs.
//
//   VOUCH_ASSIGN_OR_RETURN(auto folder, CentreFolder::Open(config, {}));
//   folder->centre()->Head();
//
// Owner: one thread opens and destroys it; nothing that it handed out outlives
// it. What the parts allow on which thread, they say themselves.
#ifndef VOUCH_SERVER_CENTRE_FOLDER_H_
#define VOUCH_SERVER_CENTRE_FOLDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/certificates.h"
#include "server/config.h"
#include "server/master_key.h"
#include "storage/folder.h"
#include "storage/replica/authority.h"
#include "storage/replica/centre.h"

namespace vouch {

inline constexpr char kStoreFolder[] = "store";
inline constexpr char kAuthorityFolder[] = "authority";
inline constexpr char kMasterKeyFile[] = "master.key";
inline constexpr char kTlsFolder[] = "tls";

// The private files that a restored centre needs, so that its tablets go on
// trusting it. In the data folder; the master key is not among them.
std::vector<std::string> PrivateFiles();

class CentreFolder {
 public:
  struct Parts {
    const Judge* judge = nullptr;
    const Clock* clock = nullptr;
    Random* random = nullptr;
    std::function<uint64_t()> free_bytes;  // of the store's disk; null: asks
  };
  // Makes what is missing. Errors: STORE_LOCKED (another vouchd runs on it),
  // STORE_*, AUTHORITY_MISMATCH, CONFIGURATION_INVALID.
  static absl::StatusOr<std::unique_ptr<CentreFolder>> Open(
      const Config& config, const Parts& parts);

  Centre* centre() const { return centre_.get(); }
  Store* store() const { return store_.get(); }
  Store* authority_store() const { return authority_store_.get(); }
  const Certificates* certificates() const { return certificates_.get(); }
  KeyProvider* key_provider() const { return key_provider_.get(); }
  const SealKey& master_key() const { return *master_key_; }
  const Config& config() const { return config_; }
  const Parts& parts() const { return parts_; }

 private:
  CentreFolder(const Config& config, const Parts& parts)
      : config_(config), parts_(parts) {}
  absl::Status OpenKey();
  absl::Status OpenStores();
  absl::Status OpenCentre();

  const Config config_;
  const Parts parts_;
  // Each depends on those above it.
  std::optional<FolderLock> lock_;
  std::unique_ptr<FileKeyProvider> key_provider_;
  std::optional<SealKey> master_key_;
  std::unique_ptr<Certificates> certificates_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Store> authority_store_;
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<KeyRing> authority_keys_;
  std::unique_ptr<Authority> authority_;
  std::unique_ptr<Centre> centre_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_CENTRE_FOLDER_H_
