// The authority store: who belongs to the centre, which codes were used, what
// was erased, and how far the centre had come, kept apart from the log store
// (rule 16). A centre whose log is restored from a backup thus still knows
// every tablet, every used code and every erasure, before it serves anything.
//
//   VOUCH_ASSIGN_OR_RETURN(auto authority, Authority::Open(store, keys));
//   authority->Write({{MemberKey(id), EncodeMember(member)}});   // first
//   … then the same rows into the log store
//
// It is a Store like any other, with a key ring of its own under the same
// master key. One thread at a time writes; reads are for any thread.
#ifndef VOUCH_STORAGE_REPLICA_AUTHORITY_H_
#define VOUCH_STORAGE_REPLICA_AUTHORITY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/replica/grant_rows.h"
#include "storage/replica/key_ring.h"
#include "storage/store.h"

namespace vouch {

// Restores that a centre's authority store remembers; the oldest go.
inline constexpr size_t kHistoriesMax = 64;

// A row of family grant before it is sealed.
struct GrantRow {
  std::string key;
  std::string plain;
};
using GrantRows = std::map<std::string, std::string>;  // key → plain

// How far the centre had come when it last looked. Without it a log store set
// back to an earlier point (a copied folder, a virtual machine's snapshot)
// would write its own changes a second time at the same places.
struct CentreMark {
  RecordId centre;
  std::vector<HistoryId> histories;  // in order; the last one is the present
  Incarnation incarnation;           // the centre as an author,
  uint64_t own_seq = 0;              // the last change it began to write
  uint64_t log_size = 0;             // entries that were durable then
  Hash log_root;
  uint64_t stable_size = 0;  // entries that a verified backup had
};

class Authority {
 public:
  // `store` and `keys` outlive it; `keys` is over `store`.
  Authority(Store* store, KeyRing* keys) : store_(store), keys_(keys) {}

  // Durable on return, all or none. Errors: those of the store.
  absl::Status Write(const std::vector<GrantRow>& rows);

  // Brings this store and a centre's to the union of their rows, both durable
  // on return. Where they differ: used and revoked win, else this store, which
  // is always written first. Erasures keep this store's order. Errors:
  // STORE_CORRUPTED, those of either store.
  absl::Status Join(Store* main, const KeyRing& main_keys);

  // Absent in a new store. Errors: STORE_CORRUPTED, those of the store.
  absl::StatusOr<std::optional<CentreMark>> GetMark() const;
  // Durable on return.
  absl::Status PutMark(const CentreMark& mark);

  Store* store() const { return store_; }
  const KeyRing& keys() const { return *keys_; }

 private:
  Store* const store_;
  KeyRing* const keys_;
};

// Members, people, codes and erasures of any store, opened.
absl::StatusOr<GrantRows> ReadGrants(const Reader& reader, const KeyRing& keys);
// Sealed under `keys` where FORMAT.md says so.
void PutGrant(absl::string_view key, absl::string_view plain,
              const KeyRing& keys, WriteBatch* batch);

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_AUTHORITY_H_
