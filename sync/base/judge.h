// Where the protocol meets the domain: Judge gives each change its own
// verdict. Records' rules are judged on the change's causal past only; who the
// author is, is judged at the log position (rule 2). Judge never sees a store;
// it asks a JudgeReader. Implemented in evidence/record_judge.h.
#ifndef VOUCH_SYNC_BASE_JUDGE_H_
#define VOUCH_SYNC_BASE_JUDGE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sync/base/ids.h"
#include "sync/base/operation.h"
#include "sync/base/record_view.h"
#include "sync/base/scope.h"

namespace vouch {

// What the centre (or, as last known, a device) holds of a device's person.
struct AuthorFacts {
  PersonId person;
  PublicKey person_key;
  int role = 0;  // vouch.v1.Role
};

// An operation together with who wrote what it names.
struct JudgedOperation {
  DraftOperation operation;
  // Authors of `operation.replaces`, in order; absent where the named change
  // is not held here.
  std::vector<std::optional<PersonId>> replaced_authors;
};

struct JudgedChange {
  Hash hash;
  PersonId author;  // as the core says
  DeviceId device;
  uint32_t kind = 0;
  RecordId record;
  ScopeId scope;
  std::vector<JudgedOperation> operations;
  bool values_known = true;  // false: erased, or of an unknown encoding
  // From the record's own causal past, as the change's frontier names it.
  bool saw_seal = false;
  bool saw_discard = false;                   // and no revival of it
  std::vector<PublicKey> author_signatures;   // verified; keys as brought
  std::vector<PublicKey> witness_signatures;  // verified; one-time keys
};

class JudgeReader {
 public:
  virtual ~JudgeReader() = default;
  // Absent if the device is not enrolled here.
  virtual std::optional<AuthorFacts> Author(const DeviceId& device) const = 0;
  virtual std::optional<AuthorFacts> Person(const PersonId& person) const = 0;
  // Absent if there is no such record here.
  virtual std::optional<RecordView> Record(const RecordId& record) const = 0;
};

// Thread-compatible, and without state that changes.
class Judge {
 public:
  virtual ~Judge() = default;
  // OK: applied. An error with a reason of ours: held for review with it.
  // Nothing is ever refused here.
  virtual absl::Status Decide(const JudgedChange& change,
                              const JudgeReader& reader) const = 0;
};

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_JUDGE_H_
