// Keys of the families, as FORMAT.md gives them. All integers are big-endian,
// so that keys sort as numbers do.
#ifndef VOUCH_STORAGE_REPLICA_KEYS_H_
#define VOUCH_STORAGE_REPLICA_KEYS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "sync/base/codec.h"
#include "sync/base/ids.h"

namespace vouch {

inline std::string U64Key(uint64_t v) { return ByteWriter().U64(v).Take(); }
inline uint64_t U64OfKey(absl::string_view key) {
  return ByteReader(key).U64();
}

// device ‖ incarnation ‖ branch: all of one chain.
inline std::string ChainPrefix(const DeviceId& device,
                               const Incarnation& incarnation,
                               const Hash& branch = Hash()) {
  return absl::StrCat(device.view(), incarnation.view(), branch.view());
}
inline std::string ChainKey(const Coordinate& at) {
  return absl::StrCat(ChainPrefix(at.device, at.incarnation, at.branch),
                      U64Key(at.seq));
}
inline std::optional<Coordinate> CoordinateOfKey(absl::string_view key) {
  ByteReader in(key);
  Coordinate at;
  at.device = in.Fixed<DeviceId>();
  at.incarnation = in.Fixed<Incarnation>();
  at.branch = in.Fixed<Hash>();
  at.seq = in.U64();
  if (!in.Done()) return std::nullopt;
  return at;
}

inline std::string ByScopeKey(const ScopeId& scope, uint64_t first_scope_seq) {
  return absl::StrCat(scope.view(), U64Key(first_scope_seq));
}
// record ‖ scope ‖ change: a record is named by both, so that a change of
// another scope that borrows its id never touches it.
inline std::string RecordPrefix(const RecordId& record, const ScopeId& scope) {
  return absl::StrCat(record.view(), scope.view());
}
inline std::string RecordChangeKey(const RecordId& record, const ScopeId& scope,
                                   const Hash& change) {
  return absl::StrCat(record.view(), scope.view(), change.view());
}
inline std::string RecordStateKey(const ScopeId& scope,
                                  const RecordId& record) {
  return absl::StrCat(scope.view(), record.view());
}
inline std::string DependentKey(const Hash& cause, const ScopeId& scope,
                                const RecordId& record) {
  return absl::StrCat(cause.view(), scope.view(), record.view());
}

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_KEYS_H_
