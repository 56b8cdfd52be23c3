#include "evidence/permission_table.h"

#include "evidence/kinds.h"

namespace vouch {
namespace {

// Who assesses; a trainee under countersignature.
constexpr Roles kJudges = kAssessor | kTrainee;
// Who watches candidates work and writes down what was seen or told.
constexpr Roles kObservers = kJudges | kExpert;
constexpr Roles kTeam = kAdministrator | kJudges | kTrainer | kVerifier;

// A sealed kind: `writers` draft it, `signers` sign it and what follows from
// that; an administrator too may take it back.
constexpr PermissionRow Sealed(uint32_t kind, Roles writers,
                               Roles countersigners, Roles signers) {
  return {
      .kind = kind,
      .create = writers,
      .edit = writers,
      .discard = writers,
      .sign = signers,
      .amend = signers,
      .settle_late = signers,
      .withdraw = signers | kAdministrator,
      .countersign = countersigners,
  };
}
constexpr PermissionRow Sealed(uint32_t kind, Roles writers,
                               Roles countersigners) {
  return Sealed(kind, writers, countersigners, writers);
}

// Data-protection officers read; they write none of these kinds.
constexpr PermissionRow kTable[] = {
    // The centre's own device writes people, at enrolment.
    {
        .kind = kPersonKind,
        .create = kAdministrator,
        .edit = kAdministrator,
        .discard = kAdministrator,
    },
    // Assessors register on the spot, where no administrator is. The candidate
    // keeps their own contact details and statement.
    {
        .kind = kRegistrationKind,
        .create = kAdministrator | kAssessor,
        .edit = kTeam | kCandidate,
        .move = kAdministrator | kAssessor,
        .discard = kAdministrator | kAssessor,
    },
    {
        .kind = kWitnessKind,
        .create = kTeam | kCandidate,
        .edit = kTeam | kCandidate,
        .discard = kTeam | kCandidate,
    },
    {
        .kind = kAssessmentPlanKind,
        .create = kJudges,
        .edit = kJudges,
        .discard = kJudges,
    },
    // The candidate's countersignature is their acknowledgement.
    Sealed(kObservationKind, kObservers, kAssessor | kVerifier | kCandidate),
    // Never the candidate: nobody writes a testimony about themselves.
    Sealed(kWitnessStatementKind, kObservers, kAssessor | kVerifier),
    // By candidate or assessor, never by the witness.
    {
        .kind = kCrossReferenceKind,
        .create = kJudges | kCandidate,
        .edit = kJudges | kCandidate,
        .discard = kJudges | kCandidate,
    },
    {
        .kind = kJudgementKind,
        .create = kJudges,
        .edit = kJudges,
        .withdraw = kJudges | kVerifier,
        .countersign = kAssessor | kVerifier,
        .append = kJudges,
        .resolve = kVerifier | kAdministrator,
    },
    // The internal verifier's countersignature is the unit's sign-off.
    {
        .kind = kUnitDecisionKind,
        .create = kAssessor,
        .edit = kAssessor,
        .withdraw = kAssessor | kVerifier,
        .countersign = kVerifier,
        .append = kAssessor,
        .resolve = kVerifier | kAdministrator,
    },
    // What a qualification asks for is the centre's to say, not an assessor's.
    {
        .kind = kSpecificationFileKind,
        .create = kAdministrator,
        .edit = kAdministrator,
        .discard = kAdministrator,
    },
    {
        .kind = kUnitContentsKind,
        .create = kAdministrator,
        .edit = kAdministrator,
        .discard = kAdministrator,
    },
    // Agreed with the candidate, whose countersignature says so.
    Sealed(kInitialAssessmentKind, kJudges, kAssessor | kVerifier | kCandidate),
    Sealed(kQuestioningKind, kJudges, kAssessor | kVerifier | kCandidate),
    Sealed(kProfessionalDiscussionKind, kJudges,
           kAssessor | kVerifier | kCandidate),
    // The candidate's work, which an assessor may collect on the spot; whoever
    // signs confirms that it is authentic.
    Sealed(kWorkProductKind, kJudges | kCandidate,
           kAssessor | kVerifier | kCandidate),
    // An assessor may type it up; only the candidate signs for the candidate.
    Sealed(kReflectiveAccountKind, kJudges | kCandidate, kAssessor | kVerifier,
           kCandidate),
    // A trainee's judgement is released by who countersigns it.
    Sealed(kJudgementReleaseKind, kAssessor | kVerifier, kCandidate),
    Sealed(kReviewKind, kJudges | kTrainer, kAssessor | kVerifier | kCandidate),
    // What the candidate says is the candidate's alone.
    {
        .kind = kCandidateResponseKind,
        .create = kCandidate,
        .edit = kCandidate,
        .discard = kCandidate,
        .sign = kCandidate,
        .amend = kCandidate,
        .settle_late = kCandidate,
        .withdraw = kCandidate,
    },
    Sealed(kAppealAnswerKind, kVerifier | kAdministrator, kCandidate),
    // External verifiers check what internal ones decided, and the reverse is
    // no check.
    Sealed(kVerificationKind, kVerifier | kExternal, kVerifier | kExternal),
    // A verifier requires and closes, those concerned reply (duties.h).
    {
        .kind = kVerificationActionKind,
        .create = kVerifier,
        .edit = kVerifier,
        .withdraw = kJudges | kVerifier,
        .append = kJudges | kVerifier | kAdministrator,
        .resolve = kVerifier | kAdministrator,
    },
    Sealed(kSamplingPlanKind, kVerifier, kVerifier | kExternal),
    Sealed(kSampleDrawKind, kVerifier | kExternal, kVerifier | kExternal),
    Sealed(kStandardisationMeetingKind, kVerifier, kVerifier | kExternal),
    // Nobody at the centre takes an external verifier's report back.
    {
        .kind = kExternalVisitKind,
        .create = kExternal,
        .edit = kExternal,
        .discard = kExternal,
        .sign = kExternal,
        .amend = kExternal,
        .settle_late = kExternal,
        .withdraw = kExternal,
        .countersign = kVerifier | kAdministrator,
    },
    Sealed(kCertificateClaimKind, kAdministrator, kVerifier | kExternal),
    // Signed by who has seen the certificate.
    Sealed(kCreditTransferKind, kJudges | kVerifier | kAdministrator,
           kAssessor | kVerifier | kExternal,
           kAssessor | kVerifier | kAdministrator),
    // The centre keeps the competence file, not those it is about.
    {
        .kind = kStaffCompetenceKind,
        .create = kAdministrator | kVerifier,
        .edit = kAdministrator | kVerifier,
        .discard = kAdministrator | kVerifier,
    },
};

}  // namespace

const PermissionRow* FindPermissions(uint32_t kind) {
  for (const PermissionRow& row : kTable) {
    if (row.kind == kind) return &row;
  }
  return nullptr;
}

}  // namespace vouch
