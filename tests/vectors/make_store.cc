// Writes the golden stores: make_store FOLDER. Run once for each format
// version; the folder is then kept for ever and never written again.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "sync/base/codec.h"
#include "sync/base/status.h"
#include "tests/vectors/store_story.h"

namespace vouch {
namespace {

std::string Venue(absl::string_view text) {
  return ByteWriter().Varint(4 << 3 | 2).Prefixed(text).Take();
}

NewChange Change(const RecordId& record, const ScopeId& scope,
                 absl::string_view text, const RecordView* seen) {
  NewChange draft;
  draft.kind = 5;
  draft.record = record;
  draft.scope = scope;
  DraftOperation set;
  set.path = {4};
  set.value = Venue(text);
  if (seen == nullptr) {
    DraftOperation create;
    create.merge_class = MergeClass::kCreate;
    draft.operations.push_back(create);
  } else {
    draft.frontier = seen->frontier;
    draft.relies_on = {seen->creations.at(0).change};
    for (const ValueHead& head : seen->fields.at(0).heads) {
      set.replaces.push_back({head.change, head.operation});
    }
  }
  draft.operations.push_back(set);
  return draft;
}

absl::Status Make(const std::string& folder) {
  std::filesystem::create_directories(folder);
  StoreStory story(20261122);
  VOUCH_RETURN_IF_ERROR(story.Open(folder));
  VOUCH_ASSIGN_OR_RETURN(
      EnrolmentCode code,
      story.centre->CreateCode(2, "golden assessor", 0, std::nullopt));
  VOUCH_ASSIGN_OR_RETURN(
      Member member,
      story.centre->Enrol(code.code, story.device->device_key().public_key(),
                          story.device->person_key().public_key()));
  Membership membership;
  membership.person = member.person;
  membership.person_name = member.name;
  membership.role = member.role;
  membership.centre_id = story.centre->id();
  membership.centre_name = story.centre->name();
  membership.centre_key = story.centre->key();
  VOUCH_RETURN_IF_ERROR(story.device->Adopt(membership));

  ScopeId scope = MakeScope(ScopeKind::kShared, MintRecordId(1, story.random));
  RecordId first = MintRecordId(2, story.random);
  VOUCH_RETURN_IF_ERROR(
      story.device->Save({Change(first, scope, "the front desk", nullptr)})
          .status());
  VOUCH_ASSIGN_OR_RETURN(RecordView seen, story.device->View(first));
  VOUCH_RETURN_IF_ERROR(
      story.device->Save({Change(first, scope, "the back office", &seen)})
          .status());
  LoopbackResult synced = SyncOverLoopback(*story.device, *story.centre);
  VOUCH_RETURN_IF_ERROR(synced.status);
  RecordId second = MintRecordId(3, story.random);
  VOUCH_RETURN_IF_ERROR(
      story.device->Save({Change(second, scope, "not yet synced", nullptr)})
          .status());
  std::ofstream expected(folder + "/expected.txt");
  expected << first.Hex() << "\n" << second.Hex() << "\n";
  VOUCH_ASSIGN_OR_RETURN(auto states, story.device->ScopeStates());
  for (const auto& [id, hash] : states) {
    expected << hash.Hex() << "\n";
  }
  expected << story.centre->Head().root.Hex() << "\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace vouch

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_store FOLDER\n");
    return 2;
  }
  absl::Status status = vouch::Make(argv[1]);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}
