#include "tests/sim/newer_app.h"

#include "absl/strings/str_cat.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "tests/sim/forge.h"
#include "vouch/v1/records.pb.h"

namespace vouch::sim {
namespace {

constexpr uint32_t kKind = 5;

}  // namespace

void NewerApp::Enrol(Centre& centre, Roster* roster) {
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
  (*roster)[writer_->device()] = {"the newer app", member->person,
                                  v1::ROLE_TRAINER,
                                  [](const ScopeId&) { return true; }};
}

// A record of a kind that is known or not, or one more edit of the last one.
NewChange NewerApp::Draft(const SimClock& clock, Places* places) {
  NewChange draft;
  DraftOperation set;
  set.path = {4};
  set.value = "of no matter";
  if (last_.has_value() && random_.Chance(400)) {
    draft = *last_;
    draft.frontier = {last_hash_};
    set.merge_class = static_cast<MergeClass>(120 + random_.Below(3));
    set.path = {9'000 + static_cast<uint32_t>(random_.Below(9)), 1, 7};
    if (random_.Chance(500)) set.replaces = {{last_hash_, 1}};
    draft.operations = {set};
    return draft;
  }
  draft.kind = random_.Chance(500) ? kKind : 88'001;
  draft.record = MintRecordId(clock.Now().wall_ms, random_);
  draft.scope = MakeScope(
      ScopeKind::kShared,
      places->registrations[random_.Below(places->registrations.size())]);
  DraftOperation create;
  create.merge_class = MergeClass::kCreate;
  draft.operations = {create, set};
  places->records.push_back(draft.record);
  return draft;
}

void NewerApp::Alter(Change* change) {
  if (random_.Chance(700)) {
    char encoding = static_cast<char>(kUnknownEncoding + random_.Below(4));
    change->payload = encoding + std::string(random_.Below(60), 'z');
  }
}

void NewerApp::Write(const SimClock& clock, Places* places) {
  if (places->registrations.empty()) return;
  NewChange draft = Draft(clock, places);
  Change change = Forge(&*writer_, draft, clock.Now(), random_,
                        [this](Change* c) { Alter(c); });
  // A role of signature that has no name here yet.
  if (random_.Chance(400)) {
    change.signatures.push_back(
        {static_cast<uint8_t>(5 + random_.Below(3)),
         writer_->person_key().public_key(),
         writer_->person_key().Sign(kPersonTag, change.hash.view())});
  }
  last_ = draft;
  last_->operations.clear();
  last_hash_ = change.hash;
  oracle_->Learn(change);
  oracle_->MarkForeign(change.hash);
  chain_.Saved({change}, clock.latest_ms());
  oracle_->custody().Wrote(change.hash);
  oracle_->custody().Owe(change.hash);
  all_.push_back({change.core.seq, WireOf(change, writer_->device_key())});
  waiting_.push_back(all_.back());
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
    oracle_->custody().Acknowledged(chain_.hashes()[segment.first_seq() - 1]);
    while (!waiting_.empty() && waiting_.front().seq <= segment.first_seq()) {
      waiting_.pop_front();
    }
  }
  Reason reason = ReasonOf(committed.status);
  if (committed.status.ok() || reason == Reason::kStoreFull ||
      reason == Reason::kStoreIo ||
      (reason == Reason::kStoreCorrupted && centre_->rotten())) {
    return;
  }
  findings_->Fail(18, absl::StrCat("the centre refuses a newer app's change: ",
                                   committed.status.ToString()));
}

}  // namespace vouch::sim
