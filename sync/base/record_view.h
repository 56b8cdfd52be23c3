// A record as the fold of its changes shows it: what domain rules and screens
// read. A value type; derived, never stored or sent.
#ifndef VOUCH_SYNC_BASE_RECORD_VIEW_H_
#define VOUCH_SYNC_BASE_RECORD_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/ids.h"
#include "sync/base/merge_class.h"
#include "sync/base/status.h"

namespace vouch {

// One of the values that a field holds now.
struct ValueHead {
  Hash change;
  uint32_t operation = 0;
  PersonId author;
  DeviceId device;
  uint64_t hlc = 0;
  int64_t claimed_ms = 0;
  std::string value;    // one wire-encoded field; empty: cleared
  bool erased = false;  // the value was erased; it is out of comparison
  std::optional<ElementId> after;  // block: the block it follows
  std::vector<std::pair<Hash, uint32_t>> replaces;
};

struct FieldView {
  std::vector<uint32_t> path;
  std::optional<ElementId> element;
  MergeClass merge_class = MergeClass::kRegister;
  std::vector<ValueHead> heads;  // the deterministic pick (HLC, hash) first
  bool contested = false;        // two heads differ: needs a decision
};

enum class RecordState : uint8_t {
  kDraft = 1,
  kSealed = 2,  // "signed and locked"
  kWithdrawn = 3,
  kDiscarded = 4,
  kEditedAfterDiscard = 5,  // neither lost nor silently revived
  kLedger = 6,              // verdicts only; never signed as a whole
};
absl::string_view RecordStateName(RecordState state);

// An act on the record as a whole: seal, withdrawal, countersignature …
struct ActView {
  Hash change;
  PersonId author;
  uint64_t hlc = 0;
  int64_t claimed_ms = 0;
};

// A change that was made apart from the seal and waits to be adopted or
// dismissed.
struct LateAmendment {
  Hash change;
  PersonId author;
  int64_t claimed_ms = 0;
  std::vector<FieldView> values;  // what it would set
};

// A change that is kept and not applied.
struct HeldChange {
  Hash change;
  PersonId author;
  Reason reason = Reason::kUnspecified;  // own verdict; kUnspecified: a cause
  Hash cause;           // the held or missing cause; zero: its own verdict
  bool parked = false;  // the cause is not here yet
};

struct ConflictView {
  enum class Kind : uint8_t {
    kField = 1,   // registers and blocks
    kLedger = 2,  // verdicts made apart: needs the resolver
    kTransition = 3,
    kLifecycle = 4,      // withdrawal beside an amendment
    kLateAmendment = 5,  // an edit made apart from the seal
    kEditedAfterDiscard = 6,
  };
  Kind kind = Kind::kField;
  // The handle is (record, path, element): stable while the disagreement
  // lasts. For acts on the whole record the path is empty; a late amendment's
  // element is the first 16 bytes of its change hash.
  std::vector<uint32_t> path;
  std::optional<ElementId> element;
  Hash version;  // hash of its heads: settling names it, so nobody settles
                 // what they have not seen
  std::vector<ValueHead> heads;
  std::optional<ValueHead> base;  // what all heads replaced, if one value
};
absl::string_view ConflictKindName(ConflictView::Kind kind);

struct RecordView {
  RecordId id;
  ScopeId scope;
  uint32_t kind = 0;
  RecordState state = RecordState::kDraft;
  bool needs_newer_app = false;  // an unknown operation or encoding is carried
  bool sealed_apart_from_discard = false;
  bool has_erased_values = false;

  std::vector<FieldView> fields;  // by path, then blocks in order, then element
  std::vector<ActView> creations;
  std::vector<ActView> seals;
  std::vector<ActView> countersignatures;
  std::vector<ActView> withdrawals;
  std::vector<ActView> discards;
  std::vector<LateAmendment> late_amendments;
  std::vector<ConflictView> conflicts;
  std::vector<HeldChange> held;
  // Changes whose removal was named while a concurrent change relies on them.
  std::vector<Hash> removal_warnings;

  // Ledger kinds: one head is effective, two or more need the resolver.
  std::vector<ValueHead> ledger_heads;
  bool ledger_contested = false;
  bool ledger_withdrawn = false;

  std::vector<Hash> frontier;  // what the next change says it saw
  Hash content_digest;  // names of the content's values: what a judgement of
                        // this record binds to
  Hash state_hash;      // changes, dispositions and heads; never values
  uint32_t change_count = 0;

  // The picked values one after another: the wire bytes of the record's
  // message. Ledger entries: the heads.
  std::string MessageBytes() const;
};

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_RECORD_VIEW_H_
