// What an author does to a record, before it becomes part of a change.
#ifndef VOUCH_SYNC_BASE_OPERATION_H_
#define VOUCH_SYNC_BASE_OPERATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/ids.h"
#include "sync/base/merge_class.h"

namespace vouch {

// A value is named by the change that carries it and the operation's index.
struct ValueName {
  Hash change;
  uint32_t operation = 0;

  friend bool operator==(const ValueName& a, const ValueName& b) {
    return a.operation == b.operation && a.change == b.change;
  }
  friend bool operator<(const ValueName& a, const ValueName& b) {
    return a.change != b.change ? a.change < b.change
                                : a.operation < b.operation;
  }
  template <typename H>
  friend H AbslHashValue(H h, const ValueName& n) {
    return H::combine(std::move(h), n.change, n.operation);
  }
};

// One operation with its value; the library puts the value into the payload.
struct DraftOperation {
  MergeClass merge_class = MergeClass::kRegister;
  std::vector<uint32_t> path;        // field numbers from the record's root
  std::optional<ElementId> element;  // set element or block
  std::optional<ElementId> after;    // block: the block it follows
  std::vector<ValueName> replaces;   // the values this one supersedes
  // One wire-encoded field of the record's message. Absent: no value (a
  // cleared register, a removed block, an act on the whole record).
  std::optional<std::string> value;
};

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_OPERATION_H_
