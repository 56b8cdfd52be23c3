#include "sync/base/status.h"

#include "absl/strings/cord.h"

namespace vouch {
namespace {

constexpr absl::string_view kReasonUrl = "vouch.v1.ErrorReason";

struct Row {
  Reason reason;
  absl::string_view name;
  absl::StatusCode code;
};

constexpr Row kRows[] = {
#define VOUCH_REASON(enumerator, name, number, code) \
  {Reason::enumerator, name, absl::StatusCode::code},
#include "sync/base/reasons.inc"
#undef VOUCH_REASON
};

const Row& RowOf(Reason reason) {
  for (const Row& row : kRows) {
    if (row.reason == reason) return row;
  }
  return kRows[0];
}

}  // namespace

absl::string_view ReasonName(Reason reason) { return RowOf(reason).name; }

Reason ReasonFromName(absl::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.reason;
  }
  return Reason::kUnspecified;
}

Reason ReasonFromNumber(int number) {
  return RowOf(static_cast<Reason>(number)).reason;
}

absl::StatusCode ReasonCode(Reason reason) { return RowOf(reason).code; }

absl::Status Error(Reason reason, absl::string_view message) {
  const Row& row = RowOf(reason);
  absl::Status status(row.code, message);
  status.SetPayload(kReasonUrl, absl::Cord(row.name));
  return status;
}

Reason ReasonOf(const absl::Status& status) {
  auto payload = status.GetPayload(kReasonUrl);
  if (!payload.has_value()) return Reason::kUnspecified;
  return ReasonFromName(std::string(*payload));
}

}  // namespace vouch
