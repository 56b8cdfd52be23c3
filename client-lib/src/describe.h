// From the fold's views to what an app shows: words, names, handles. Pure; any
// thread.
#ifndef VOUCH_CLIENT_LIB_SRC_DESCRIBE_H_
#define VOUCH_CLIENT_LIB_SRC_DESCRIBE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/replica/change_store.h"
#include "storage/replica/device.h"
#include "sync/base/record_view.h"
#include "vouch/client_types.h"

namespace vouch {

// The name of a person; empty if not known.
using NameOf = std::function<std::string(const PersonId&)>;

// `membership` tells the centre's own scopes from those of registrations.
RecordSummary DescribeSummary(const RecordSummaryRow& row,
                              const std::optional<Membership>& membership);
Conflict DescribeConflict(const RecordView& view, const ConflictView& conflict,
                          const NameOf& name_of);
std::vector<Conflict> DescribeConflicts(const RecordView& view,
                                        const NameOf& name_of);
std::vector<HeldForReview> DescribeHeld(const RecordView& view,
                                        const NameOf& name_of);
std::vector<Record::Act> DescribeActs(const RecordView& view,
                                      const NameOf& name_of);
// Of a change that the centre holds with that reason, for a person.
std::string HeldWords(Reason reason, bool parked);

// "01890000-…" "/15" or "/5/<block>"; of the whole record, nothing more.
std::string EncodeHandle(const RecordId& record, const ConflictView& conflict);
struct Handle {
  RecordId record;
  std::vector<uint32_t> path;
  std::optional<ElementId> element;
};
// Errors: MALFORMED.
absl::StatusOr<Handle> DecodeHandle(absl::string_view handle);

// A conflict about the whole record has two sides in this order.
inline constexpr size_t kKeepSide = 0;
inline constexpr size_t kDropSide = 1;
// True if its sides are those two, and not values.
bool IsOfWholeRecord(ConflictView::Kind kind);

// The registration whose scope it is; empty for scopes of the centre.
Id RegistrationIdOf(const ScopeId& scope);
std::string ScopeName(const ScopeId& scope);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_DESCRIBE_H_
