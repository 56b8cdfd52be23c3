#include "tests/sim/newer_app.h"

#include "absl/strings/str_cat.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "vouch/v1/records.pb.h"

namespace vouch::sim {
namespace {

constexpr uint32_t kKind = 5;

}  // namespace

void NewerApp::Enrol(Centre& centre) {
  SigningKey device_key = SigningKey::Generate(random_);
  SigningKey person_key = SigningKey::Generate(random_);
  auto code = centre.CreateCode(v1::ROLE_TRAINER, "newer app", 0, std::nullopt);
  VOUCH_CHECK(code.ok());
  auto member = centre.Enrol(code->code, device_key.public_key(),
                             person_key.public_key());
  VOUCH_CHECK(member.ok());
  writer_.emplace(std::move(device_key), std::move(person_key), member->person,
                  random_.Make<Incarnation>());
  chain_.Begin(writer_->device(), writer_->incarnation());
}

void NewerApp::Write(const SimClock& clock, Places* places) {
  if (places->registrations.empty()) return;
  NewChange draft;
  draft.kind = kKind;
  draft.record = MintRecordId(clock.Now().wall_ms, random_);
  draft.scope = MakeScope(
      ScopeKind::kShared,
      places->registrations[random_.Below(places->registrations.size())]);
  DraftOperation create, set;
  create.merge_class = MergeClass::kCreate;
  set.path = {4};
  set.value = "of no matter";
  draft.operations = {create, set};
  auto change = writer_->Write(draft, clock.Now(), random_);
  VOUCH_CHECK(change.ok());
  change->payload = kUnknownEncoding + std::string(random_.Below(60), 'z');
  change->core.commitment = CommitPayload(change->salt, change->payload);
  change->core_bytes = EncodeCore(change->core);
  change->hash = ChangeHash(change->core_bytes);
  writer_->Restore(change->core.seq, change->hash, writer_->hlc());
  oracle_->Learn(*change);
  chain_.Saved({*change}, clock.latest_ms());
  places->records.push_back(draft.record);
  Segment segment = SealSegment({*change}, SeenHead(), writer_->device_key());
  waiting_.push_back({change->core.seq, EncodeSegment(segment, [](const Hash&) {
                        return std::nullopt;
                      })});
}

void NewerApp::Submit() {
  if (waiting_.empty() || centre_->centre() == nullptr) return;
  CommitSegments push;
  for (const Waiting& w : waiting_) push.segments.push_back(w.wire);
  centre_->Submit(chain_.device(), std::move(push),
                  [this](const Committed& c) { OnCommitted(c); });
}

void NewerApp::OnCommitted(const Committed& committed) {
  for (const v1::CommittedSegment& segment : committed.ack.segments()) {
    chain_.Acknowledged(segment.first_seq(), segment.count());
    while (!waiting_.empty() && waiting_.front().seq <= segment.first_seq()) {
      waiting_.pop_front();
    }
  }
  Reason reason = ReasonOf(committed.status);
  if (committed.status.ok() || reason == Reason::kStoreFull ||
      reason == Reason::kStoreIo) {
    return;
  }
  findings_->Fail(18, absl::StrCat("the centre refuses a newer app's change: ",
                                   committed.status.ToString()));
}

}  // namespace vouch::sim
