// How a run begins: two enrolled tablets, a centre, and everything at rest.
#include "absl/strings/match.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "tests/model/replica.h"
#include "tests/sim/sim_random.h"
#include "tests/support/loopback.h"
#include "vouch/v1/records.pb.h"

namespace vouch::model {
namespace {

constexpr int kRoles[kDevices] = {v1::ROLE_ASSESSOR,
                                  v1::ROLE_INTERNAL_VERIFIER};

// A few rules that need everything a judge has: roles, what the change saw of
// its record, how many verdicts it names, its values.
class ModelJudge : public Judge {
 public:
  absl::Status Decide(const JudgedChange& change,
                      const JudgeReader& reader) const override {
    auto author = reader.Author(change.device);
    if (!author.has_value() || author->person != change.author) {
      return Error(Reason::kPersonNotCertified, "nobody's device");
    }
    const bool verifier = author->role == v1::ROLE_INTERNAL_VERIFIER;
    for (const JudgedOperation& judged : change.operations) {
      const DraftOperation& op = judged.operation;
      if (op.value && absl::StrContains(*op.value, "HOLD")) {
        return Error(Reason::kRoleNotAllowed, "the text says so");
      }
      if (op.merge_class == MergeClass::kLedger && op.replaces.size() > 1 &&
          !verifier) {
        return Error(Reason::kResolverRequired, "only a verifier settles");
      }
      if (!IsDraftEdit(op.merge_class)) continue;
      if (change.saw_seal) return Error(Reason::kRecordSealed, "sealed");
      if (change.saw_discard) return Error(Reason::kRecordDiscarded, "gone");
    }
    return absl::OkStatus();
  }
};

void Enrol(Centre& centre, Device& device, int role) {
  auto code = centre.CreateCode(role, "someone", 0, std::nullopt);
  VOUCH_CHECK(code.ok());
  auto member = centre.Enrol(code->code, device.device_key().public_key(),
                             device.person_key().public_key());
  VOUCH_CHECK(member.ok());
  Membership membership;
  membership.person = member->person;
  membership.person_name = member->name;
  membership.role = member->role;
  membership.centre_id = centre.id();
  membership.centre_name = centre.name();
  membership.centre_key = centre.key();
  VOUCH_CHECK(device.Adopt(membership).ok());
}

}  // namespace

bool Site::Sees(size_t device, const ScopeId& scope) const {
  return device == 0 || ScopeKindOf(scope) == ScopeKind::kShared;
}

Site::Site(const Script& script, const Seams& seams)
    : script_(script), seams_(seams), judge_(std::make_unique<ModelJudge>()) {
  sim::SimRandom random(1);
  std::vector<std::unique_ptr<Process>> open;
  for (size_t at = 0; at < kSites; ++at) {
    providers_[at] =
        std::make_unique<FixedKeyProvider>(SealKey::Generate(random));
    open.push_back(std::make_unique<Process>(*this, at, MemoryDisk(), true));
    VOUCH_CHECK(open[at]->Open().ok());
  }
  Centre& centre = *open[kCentreSite]->centre();
  for (size_t i = 0; i < kDevices; ++i) {
    Enrol(centre, *open[i]->device(), kRoles[i]);
    devices_[i] = open[i]->device()->id();
  }
  if (script.base) {
    auto draft =
        MakeDraft(*open[0]->device(), {0, Verb::kCreate, 0, "as it was"});
    VOUCH_CHECK(open[0]->device()->Save({*draft}).ok());
    for (size_t i = 0; i < kDevices; ++i) {
      VOUCH_CHECK(SyncOverLoopback(*open[i]->device(), centre).status.ok());
    }
  }
  for (size_t at = 0; at < kSites; ++at) {
    VOUCH_CHECK(open[at]->store()->Sync().ok());
    auto first = Crashed(*this, at, open[at]->disk(), SIZE_MAX);
    VOUCH_CHECK(first.ok());
    first_[at] = *std::move(first);
  }
}

}  // namespace vouch::model
