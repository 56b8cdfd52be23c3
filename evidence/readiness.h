// What a record still lacks, per field and in words a person understands: what
// greys out the "sign" button and is checked once more before signing. Saving
// never asks.
//
//   for (const MissingField& m : MissingIn(*draft)) Show(m.label, m.why);
//
// Pure; any thread.
#ifndef VOUCH_EVIDENCE_READINESS_H_
#define VOUCH_EVIDENCE_READINESS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "vouch/v1/records.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {

// The longest drawn signature, SVG path data.
inline constexpr size_t kDrawnSignatureBytesMax = 64 << 10;

struct MissingField {
  uint32_t field = 0;
  std::string label;  // "reason for simulation"
  std::string why;    // "a simulated observation says why it was simulated"
};

// What `record` lacks to be signed; of a living kind, to count; of a ledger
// kind, what its newest entry (the last) lacks to be appended. Empty: nothing.
// A message that is no record lacks nothing that we know of.
std::vector<MissingField> MissingIn(const google::protobuf::Message& record);

std::vector<MissingField> MissingIn(const v1::JudgementEntry& entry);
std::vector<MissingField> MissingIn(const v1::UnitDecisionEntry& entry);
std::vector<MissingField> MissingIn(const v1::VerificationActionEntry& entry);

// OK, or NOT_READY_TO_SIGN with what is missing. OPERATION_NOT_ALLOWED for a
// kind that is never signed, KIND_UNKNOWN for a message that is no record.
absl::Status CheckReadyToSign(const google::protobuf::Message& record);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_READINESS_H_
