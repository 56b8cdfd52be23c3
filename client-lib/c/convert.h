// What client.h gives, as the messages of vouch/v1/client.proto that cross to
// other languages. Pure; any thread.
#ifndef VOUCH_CLIENT_LIB_C_CONVERT_H_
#define VOUCH_CLIENT_LIB_C_CONVERT_H_

#include <vector>

#include "vouch/client_types.h"
#include "vouch/v1/client.pb.h"

namespace vouch::c {

v1::Enrolment ToMessage(const Enrolment& enrolment);
v1::RecordRow ToMessage(const RecordSummary& summary);
v1::RecordPage ToMessage(const RecordPage& page);
v1::RecordEventList ToMessage(const std::vector<RecordEvent>& events);
v1::StoredRecord ToMessage(const Record& record);
v1::FieldProblemList ToMessage(const std::vector<FieldProblem>& problems);
v1::Disagreement ToMessage(const Conflict& conflict);
v1::DisagreementList ToMessage(const std::vector<Conflict>& conflicts);
v1::HeldChange ToMessage(const HeldForReview& held);
v1::HeldChangeList ToMessage(const std::vector<HeldForReview>& held);
v1::ReviewWarningList ToMessage(const std::vector<Warning>& warnings);
v1::PossibleDuplicateList ToMessage(
    const std::vector<PossibleDuplicate>& pairs);
v1::ScopeHashList ToMessage(const std::vector<ScopeHash>& scopes);
v1::ExportReport ToMessage(const ExportReport& report);

}  // namespace vouch::c

#endif  // VOUCH_CLIENT_LIB_C_CONVERT_H_
