// The one door to a disk: ordered key-value families with atomic batches.
//
//   auto store = OpenRocksDbStore(options);          // or SQLite, or memory
//   WriteBatch batch;
//   batch.Put(Family::kMeta, "size", value);
//   absl::Status s = store->Write(std::move(batch), Durability::kSynced);
//
// Engines: memory_store.h (tests and simulator, with crash semantics),
// rocksdb_store.h (server), sqlite_store.h (device). One contract suite,
// tests/contract/store_contract_test.cc, runs over all of them.
#ifndef VOUCH_STORAGE_STORE_H_
#define VOUCH_STORAGE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vouch {

// The families, each an ordered map of its own. FORMAT.md gives the grammar of
// their keys and values. Numbers are stored: never reuse one.
enum class Family : uint8_t {
  kMeta = 0,     // format version, identity, cursors, watermarks
  kChain = 1,    // device‖incarnation‖branch‖seq → change core
  kPayload = 2,  // same key → sealed payload
  kKey = 3,      // wrapped keys: store, scope, payload (unit of erasure)
  kSegment = 4,  // device‖incarnation‖branch‖first seq → header, signatures
  kLog = 5,      // first commit_seq → the segment's log entries
  kByScope = 6,       // scope‖first scope_seq → first commit_seq
  kMerkleTile = 7,    // level‖index → up to 256 hashes
  kByHash = 8,        // change hash → coordinate
  kRecordChange = 9,  // record‖change hash → coordinate, disposition
  kRecordState = 10,  // scope‖record → sealed folded record
  kConflict = 11,     // record‖handle → sealed conflict
  kDependent = 12,    // cause hash‖record → ()
  kGrant = 13,        // devices, people, roles, enrolment codes
  kManifest = 14,     // attachments (declared in version 1, not yet written)
  kTreeHead = 15,     // size → signed tree head
};
inline constexpr int kFamilyCount = 16;
absl::string_view FamilyName(Family family);

enum class Durability {
  kSynced,    // on return the batch survives power loss
  kBuffered,  // atomic, ordered; may be lost by a crash, together with all
              // later writes (a prefix of writes survives)
};

// A longer key, or a larger batch, is refused with TOO_LARGE before anything is
// written. Values are bounded by their batch.
inline constexpr size_t kStoreKeyBytesMax = 1024;
inline constexpr size_t kWriteBatchBytesMax = size_t{256} << 20;

// A list of operations that become visible and durable together, or not at
// all. Later operations win over earlier ones on the same key.
class WriteBatch {
 public:
  enum class Op : uint8_t { kPut, kDelete, kDeleteRange };
  struct Entry {
    Op op;
    Family family;
    std::string key;
    std::string value;  // kDeleteRange: exclusive end; empty = to the end
  };

  void Put(Family family, absl::string_view key, absl::string_view value);
  void Delete(Family family, absl::string_view key);
  // Deletes every key in [begin, end); an empty end means the family's end.
  // Nothing happens if end <= begin.
  void DeleteRange(Family family, absl::string_view begin,
                   absl::string_view end);
  void Append(WriteBatch other);
  void Clear() {
    entries_.clear();
    bytes_ = 0;
  }

  bool empty() const { return entries_.empty(); }
  size_t size_bytes() const { return bytes_; }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  size_t bytes_ = 0;
};

// Reads. A snapshot reads at one point in time and never sees a later write; a
// Store reads what is newest, and one Scan sees one point in time. Thread-safe.
class Reader {
 public:
  virtual ~Reader() = default;

  // Error NOT_FOUND if there is no such key; DATA_LOSS (reason
  // STORE_CORRUPTED, message names the family) if the bytes are damaged.
  virtual absl::StatusOr<std::string> Get(Family family,
                                          absl::string_view key) const = 0;

  // Calls `visit` for each pair with begin <= key < end (an empty end means
  // the family's end), in key order, until it returns false. The views are
  // valid during the call only; `visit` may read, but must not write to the
  // store. STORE_CORRUPTED ends the scan at the damaged pair.
  using Visitor =
      std::function<bool(absl::string_view key, absl::string_view value)>;
  virtual absl::Status Scan(Family family, absl::string_view begin,
                            absl::string_view end,
                            const Visitor& visit) const = 0;

  // As Scan, from the greatest key < end downwards to begin.
  virtual absl::Status ScanReverse(Family family, absl::string_view begin,
                                   absl::string_view end,
                                   const Visitor& visit) const = 0;
};

// Thread-safe. Writes are serialised by the engine. A failed Write has an
// indeterminate outcome (it may yet be found after a reopen) unless its reason
// is STORE_FULL or TOO_LARGE, which are refused before anything is written.
// One open Store per folder, on any engine: a second one gets STORE_LOCKED.
class Store : public Reader {
 public:
  // Errors: STORE_FULL (free space is below the reserve; reads go on, writes
  // work again once space is back, without reopening), TOO_LARGE, STORE_IO
  // (look before repeating; if it persists, reopen), STORE_CORRUPTED. An empty
  // batch writes nothing; with kSynced it is a Sync.
  virtual absl::Status Write(WriteBatch batch, Durability durability) = 0;

  // Everything written so far becomes durable.
  virtual absl::Status Sync() = 0;

  // What was deleted from the family before leaves the engine's files too, as
  // far as no snapshot still needs it. Costs a rewrite of the family; nothing
  // to do for an engine that keeps no old bytes. Errors: STORE_*.
  virtual absl::Status Compact(Family family) { return absl::OkStatus(); }

  // A view that stays as it is while writes go on. Release it soon, since it
  // keeps old versions on disk, and before the store. If it could not be
  // taken, each of its reads says why.
  virtual std::unique_ptr<Reader> Snapshot() const = 0;

  // A consistent, durable copy into `folder`, which must not exist: it opens
  // as a store of the same engine. The store goes on. Errors: ALREADY_EXISTS,
  // STORE_FULL, STORE_IO, STORE_CORRUPTED.
  virtual absl::Status Checkpoint(const std::string& folder) = 0;
};

// The smallest key greater than every key that starts with `prefix`; empty
// (the family's end) if there is none.
std::string PrefixEnd(absl::string_view prefix);

}  // namespace vouch

#endif  // VOUCH_STORAGE_STORE_H_
