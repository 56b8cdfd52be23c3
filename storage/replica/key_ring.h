// Keys at rest: KeyProvider → store key → scope keys → one key a payload. The
// payload key is the unit of erasure: once it is deleted, nothing opens the
// payload again. All live in Family::kKey, which payload backups leave out,
// and none ever travels.
//
//   VOUCH_ASSIGN_OR_RETURN(auto ring, KeyRing::Open(store, provider, random));
//   ring->PutPayload(coordinate, scope, plain, &batch);
//   auto plain = ring->GetPayload(reader, coordinate, scope);
#ifndef VOUCH_STORAGE_REPLICA_KEY_RING_H_
#define VOUCH_STORAGE_REPLICA_KEY_RING_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "storage/mutex.h"
#include "storage/store.h"
#include "sync/base/ids.h"
#include "sync/base/sign.h"

namespace vouch {

// Names in family key: the store's own key, and one payload's.
inline constexpr absl::string_view kStoreKeyName = "M";
std::string PayloadKeyName(absl::string_view chain_key);

// Gives the key that everything else is wrapped with: a platform key store, a
// file, a command. Called when a store is opened.
class KeyProvider {
 public:
  virtual ~KeyProvider() = default;
  // Errors: STORE_KEY_WRONG if there is none.
  virtual absl::StatusOr<SealKey> MasterKey() = 0;
};

// For tests and the simulator: a key in memory.
class FixedKeyProvider : public KeyProvider {
 public:
  explicit FixedKeyProvider(const SealKey& key) : key_(key) {}
  absl::StatusOr<SealKey> MasterKey() override { return key_; }

 private:
  SealKey key_;
};

// Thread-safe.
class KeyRing {
 public:
  // Makes the store key in a new store. Errors: STORE_KEY_WRONG if the
  // provider's key does not open this store (which is not damage), and those
  // of the store and the provider.
  static absl::StatusOr<std::unique_ptr<KeyRing>> Open(Store* store,
                                                       KeyProvider* provider,
                                                       Random* random);

  // For reading alone: STORE_CORRUPTED if the store has no key, and nothing is
  // ever written. PutPayload is not for it.
  static absl::StatusOr<std::unique_ptr<KeyRing>> OpenExisting(
      const Reader& reader, KeyProvider* provider, Random* random);

  // Seals `plain` under a new key of its own; both go into `batch`. A scope's
  // first payload makes the scope's key, written in the same batch.
  absl::Status PutPayload(absl::string_view chain_key, const ScopeId& scope,
                          absl::string_view plain, WriteBatch* batch);
  // Absent if it was erased. Errors: STORE_CORRUPTED, those of the store.
  absl::StatusOr<std::optional<std::string>> GetPayload(
      const Reader& reader, absl::string_view chain_key,
      const ScopeId& scope) const;
  // As GetPayload, from the two rows as they were read.
  absl::StatusOr<std::string> OpenPayload(const Reader& reader,
                                          absl::string_view chain_key,
                                          const ScopeId& scope,
                                          absl::string_view wrapped_key,
                                          absl::string_view sealed) const;
  // The payload's key and its sealed bytes go with `batch`: nothing opens it
  // again.
  void ErasePayload(absl::string_view chain_key, WriteBatch* batch) const;

  // Rows with personal content, sealed under the store key for their place.
  std::string SealRow(Family family, absl::string_view key,
                      absl::string_view plain) const;
  // Error STORE_CORRUPTED.
  absl::StatusOr<std::string> OpenRow(Family family, absl::string_view key,
                                      absl::string_view sealed) const;

  // Small secrets of the replica itself: rows of Family::kMeta under `name`.
  void PutSecret(absl::string_view name, absl::string_view plain,
                 WriteBatch* batch) const;
  // Errors: NOT_FOUND, STORE_CORRUPTED.
  absl::StatusOr<std::string> GetSecret(const Reader& reader,
                                        absl::string_view name) const;

 private:
  KeyRing(Store* store, Random* random, const SealKey& store_key);

  static absl::StatusOr<std::optional<SealKey>> FindStoreKey(
      const Reader& reader, KeyProvider* provider);
  absl::StatusOr<SealKey> ScopeKey(const Reader& reader, const ScopeId& scope,
                                   WriteBatch* batch) const;

  Store* const store_;
  Random* const random_;
  const SealKey store_key_;
  mutable Mutex mutex_;
  mutable absl::flat_hash_map<ScopeId, SealKey> scope_keys_;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_KEY_RING_H_
