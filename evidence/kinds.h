// The kinds of records, read from the messages and options of records.proto,
// assessment_records.proto, verification_records.proto and reference.proto:
// what the rest of evidence/ and the apps ask when they need a kind's way of
// life, its scope, its fields' merge classes or its words for people.
//
//   const Kind* kind = FindKindByName("witness-statement");
//   std::unique_ptr<google::protobuf::Message> draft = kind->NewRecord();
//   VOUCH_ASSIGN_OR_RETURN(RecordId id, RecordIdOf(*draft, now_ms, random));
//   ScopeId scope = ScopeOf(*kind, registration_id);
//
// The registry is made on first use and lives as long as the program; any
// thread.
#ifndef VOUCH_EVIDENCE_KINDS_H_
#define VOUCH_EVIDENCE_KINDS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "sync/base/clock.h"
#include "sync/base/ids.h"
#include "sync/base/scope.h"
#include "vouch/v1/options.pb.h"

namespace vouch {

// The numbers of the kinds that rules are written for. They are signed bytes;
// a test holds them to the protos.
inline constexpr uint32_t kPersonKind = 1;
inline constexpr uint32_t kRegistrationKind = 2;
inline constexpr uint32_t kWitnessKind = 3;
inline constexpr uint32_t kAssessmentPlanKind = 4;
inline constexpr uint32_t kObservationKind = 5;
inline constexpr uint32_t kWitnessStatementKind = 6;
inline constexpr uint32_t kCrossReferenceKind = 7;
inline constexpr uint32_t kJudgementKind = 8;
inline constexpr uint32_t kUnitDecisionKind = 9;
inline constexpr uint32_t kInitialAssessmentKind = 10;
inline constexpr uint32_t kQuestioningKind = 11;
inline constexpr uint32_t kProfessionalDiscussionKind = 12;
inline constexpr uint32_t kWorkProductKind = 13;
inline constexpr uint32_t kReflectiveAccountKind = 14;
inline constexpr uint32_t kJudgementReleaseKind = 15;
inline constexpr uint32_t kReviewKind = 16;
inline constexpr uint32_t kCandidateResponseKind = 17;
inline constexpr uint32_t kAppealAnswerKind = 18;
inline constexpr uint32_t kVerificationKind = 19;
inline constexpr uint32_t kVerificationActionKind = 20;
inline constexpr uint32_t kSamplingPlanKind = 21;
inline constexpr uint32_t kSampleDrawKind = 22;
inline constexpr uint32_t kStandardisationMeetingKind = 23;
inline constexpr uint32_t kExternalVisitKind = 24;
inline constexpr uint32_t kCertificateClaimKind = 25;
inline constexpr uint32_t kCreditTransferKind = 26;
inline constexpr uint32_t kStaffCompetenceKind = 27;
inline constexpr uint32_t kSpecificationFileKind = 30;
inline constexpr uint32_t kUnitContentsKind = 31;

struct KindField {
  uint32_t number = 0;
  v1::Merge merge = v1::MERGE_UNSPECIFIED;
  bool needed_to_sign = false;
  std::string label;          // the words a person sees
  bool names_author = false;  // the person who signs; restated by the signature
  bool date = false;          // text that is a calendar day
  uint32_t size_bytes = 0;    // of each value; 0: any
  const google::protobuf::FieldDescriptor* descriptor = nullptr;
};

struct Kind {
  uint32_t number = 0;
  std::string name;      // "WitnessStatement"
  std::string spelling;  // "witness-statement", as on a command line
  v1::Life life = v1::LIFE_UNSPECIFIED;
  ScopeKind scope = ScopeKind::kUnknown;
  bool evidence = false;   // offered for criteria and judged
  bool of_centre = false;  // may be made without a registration
  const google::protobuf::Descriptor* descriptor = nullptr;
  std::vector<KindField> fields;      // edited fields, by number
  std::vector<const KindField*> key;  // empty: ids are minted
  // Of a person's scope: who it is about, and whose scope it lives in.
  const KindField* owner = nullptr;

  // Null if there is no such edited field.
  const KindField* FindField(uint32_t field_number) const;
  // An empty message of this kind.
  std::unique_ptr<google::protobuf::Message> NewRecord() const;
};

// By number.
absl::Span<const Kind> Kinds();
// Null if this software does not know the kind.
const Kind* FindKind(uint32_t number);
// "WitnessStatement", "witness-statement" and "witness_statement" are the same.
const Kind* FindKindByName(absl::string_view name);
// Null if the message is no record.
const Kind* KindOf(const google::protobuf::Message& record);

// The id that a keyed kind's record has: people who make it apart make the
// same one. Errors: KIND_UNKNOWN; MALFORMED if a key field is empty or the kind
// has no key.
absl::StatusOr<RecordId> KeyedIdOf(const google::protobuf::Message& record);
// The id for a new record: its keyed one, or one minted.
absl::StatusOr<RecordId> RecordIdOf(const google::protobuf::Message& record,
                                    int64_t wall_ms, Random& random);
// Shortcuts for the keyed kinds.
RecordId CrossReferenceIdOf(const RecordId& evidence);
RecordId JudgementIdOf(const RecordId& evidence);
RecordId UnitDecisionIdOf(const RecordId& registration, absl::string_view unit);

// The scope that a record of the kind lives in. For a kind of the centre's
// scopes, and one that is the whole centre's, pass the centre's id (or the
// person's) as the owner; for a registration its own record id.
template <typename Owner>
ScopeId ScopeOf(const Kind& kind, const Owner& owner) {
  return MakeScope(kind.scope, owner);
}

// What is wrong with a set of record messages, a line each: numbers that
// repeat, fields without a merge class or with one that does not fit their
// type or the kind's life, keys that cannot be hashed, options that do not fit.
// Empty for ours.
std::vector<std::string> KindProblems(
    absl::Span<const google::protobuf::Descriptor* const> descriptors);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_KINDS_H_
