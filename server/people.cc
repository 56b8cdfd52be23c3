#include "server/people.h"

#include <vector>

#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "sync/base/scope.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

RecordId RecordOf(const Member& member) {
  return *RecordId::FromBytes(member.person.view());
}

v1::Person PersonOf(const Member& member) {
  v1::Person person;
  person.set_person_id(member.person.Bytes());
  person.set_name(member.name);
  person.set_role(static_cast<v1::Role>(member.role));
  person.set_signing_key(member.person_key.Bytes());
  person.set_device_id(member.device.Bytes());
  return person;
}

}  // namespace

absl::Status WritePersonRecord(Centre* centre, const Member& member,
                               Random* random) {
  while (!centre->materialised()) {
    VOUCH_RETURN_IF_ERROR(centre->Materialise(kMaterialiseEntriesMax));
  }
  const absl::StatusOr<RecordView> shown = centre->FindRecord(RecordOf(member));
  if (!shown.ok() && !absl::IsNotFound(shown.status())) return shown.status();
  NewChange change;
  VOUCH_ASSIGN_OR_RETURN(
      change.operations,
      DiffRecord(shown.ok() ? &*shown : nullptr, PersonOf(member), *random));
  if (change.operations.empty()) return absl::OkStatus();
  change.kind = kPersonKind;
  change.record = RecordOf(member);
  change.scope = MakeScope(ScopeKind::kAuthority, centre->id());
  if (shown.ok()) {
    change.frontier = shown->frontier;
    for (const ActView& creation : shown->creations) {
      change.relies_on.push_back(creation.change);
    }
  }
  return centre->Write(change);
}

absl::Status WriteMissingPeople(Centre* centre, Random* random) {
  VOUCH_ASSIGN_OR_RETURN(std::vector<Member> members, centre->ListMembers());
  for (const Member& member : members) {
    // Only a missing record: of a person with several devices the record
    // shows the newest, and says so already.
    if (centre->FindRecord(RecordOf(member)).ok()) continue;
    VOUCH_RETURN_IF_ERROR(WritePersonRecord(centre, member, random));
  }
  return absl::OkStatus();
}

}  // namespace vouch
