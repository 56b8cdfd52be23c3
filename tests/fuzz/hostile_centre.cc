// A tablet in a session with a centre that lies: every answer of a real centre
// passes through the input, which may alter, swap, repeat, withhold or replace
// it, and may sign the altered tree head with the centre's own key. One of the
// two may have been put back before, so that the session recovers.
//
// Whatever comes: own work stays to the byte, nothing is applied that does not
// add up to a signed head or was not asked for, nothing counts as at the centre
// that it does not hold so, and the session ends.
#include <deque>

#include "tests/fuzz/log_checks.h"
#include "tests/fuzz/recovery_scenes.h"

namespace vouch::fuzz {
namespace {

// What one event may ask for, and how long a session of so few changes may be.
constexpr size_t kEffectsMax = 16;
constexpr int kMessagesMax = 200;

class Session {
 public:
  Session(Tablet& tablet, CentreCopy& centre, const Scene* scene, Input& in)
      : tablet_(tablet), centre_(centre), scene_(scene), in_(in) {}

  void Run() {
    auto config = tablet_.device->BeginSession();
    VOUCH_CHECK(config.ok());
    session_.emplace(*config);
    honest_.Start(0);
    Carry(session_->Start(0));
    for (int i = 0; i < kMessagesMax && !session_->finished(); ++i) {
      if (!answers_.empty()) {
        v1::SyncResponse answer = std::move(answers_.front());
        answers_.pop_front();
        Deliver(std::move(answer));
        continue;
      }
      const size_t more = in_.Below(4);
      if (more == 2) {
        Receive(Nothing());
      } else if (more == 3) {
        v1::SyncResponse any;
        if (any.ParseFromString(std::string(in_.Bytes(in_.Below(600))))) {
          Receive(std::move(any));
        }
      } else {
        break;
      }
    }
    // A centre that falls silent is left, and the session cannot hang.
    Carry(session_->Step(TimePassed{}, kStallMsMax + 1));
    VOUCH_CHECK(session_->finished());
    // A refusal keeps the reason the peer gives, an unknown one too.
    if (!refused_) MustBeTyped(finish_);
    CheckCommitted();
  }

 private:
  // A batch of no entries, proven; asked for or not.
  v1::SyncResponse Nothing() const {
    v1::Hello hello;
    hello.set_cursor_size(tablet_.device->cursor_size());
    hello.set_cursor_root(tablet_.device->cursor_root().Bytes());
    const LookedUp now = centre_.centre->Answer(tablet_.device->id(), hello);
    v1::SyncResponse response;
    v1::PullBatch* batch = response.mutable_batch();
    batch->set_tree_head(now.welcome.tree_head());
    *batch->mutable_consistency() = now.welcome.consistency();
    batch->set_end_size(tablet_.device->cursor_size());
    return response;
  }

  void Deliver(v1::SyncResponse answer) {
    switch (in_.Below(12)) {
      case 7:
        return;  // withheld
      case 8:
        answers_.push_back(answer);  // and once more, later
        break;
      case 9:
        if (!answers_.empty()) std::swap(answer, answers_.back());
        break;
      case 10: {
        std::string bytes = Damage(answer.SerializeAsString(), in_);
        if (!answer.ParseFromString(bytes)) return;
        break;
      }
      case 11:
        for (size_t i = 1 + in_.Below(3); i > 0; --i)
          MutateMessage(answer, in_);
        if (in_.Below(2) == 1) SignAgain(answer);
        break;
    }
    Receive(std::move(answer));
  }

  void Receive(v1::SyncResponse answer) {
    if (!session_->finished()) refused_ = answer.has_refused();
    const bool forged = HasForgedHead(answer);
    Carry(session_->Step(ReceivedResponse{std::move(answer)}, 0));
    // Nothing is built on what the centre did not sign.
    if (forged) VOUCH_CHECK(session_->finished());
  }

  bool HasForgedHead(const v1::SyncResponse& answer) const {
    if (!answer.has_welcome() && !answer.has_batch()) return false;
    auto head =
        DecodeTreeHead(answer.has_welcome() ? answer.welcome().tree_head()
                                            : answer.batch().tree_head());
    return !head.ok() ||
           !VerifyTreeHead(CentreKeyOf(scene_).public_key(), *head);
  }

  // The head that the message now claims, as a hostile centre would sign it.
  void SignAgain(v1::SyncResponse& answer) {
    std::string* bytes =
        answer.has_welcome() ? answer.mutable_welcome()->mutable_tree_head()
        : answer.has_batch() ? answer.mutable_batch()->mutable_tree_head()
                             : nullptr;
    if (bytes == nullptr) return;
    auto head = DecodeTreeHead(*bytes);
    if (!head.ok()) return;
    if (in_.Below(2) == 1) head->size = in_.Number();
    SignTreeHead(CentreKeyOf(scene_), &*head);
    signed_lie_ = true;
    *bytes = EncodeTreeHead(*head);
  }

  void Carry(std::vector<DeviceEffect> effects) {
    VOUCH_CHECK(effects.size() <= kEffectsMax);
    for (const DeviceEffect& effect : effects) {
      if (auto* send = std::get_if<SendRequest>(&effect)) {
        asked_batches_ += send->message.pull().credit();
        CarryHonest(honest_.Step(ReceivedRequest{send->message}, 0));
      } else if (auto* finish = std::get_if<FinishSession>(&effect)) {
        finish_ = finish->status;
      } else {
        Perform(effect);
      }
    }
  }

  void Perform(const DeviceEffect& effect) {
    if (std::holds_alternative<ApplyPull>(effect)) {
      VOUCH_CHECK(asked_batches_-- > 0);
    }
    const std::string before = Describe(tablet_);
    auto event = tablet_.device->CarryOut(effect);
    VOUCH_CHECK(event.has_value());
    absl::Status status;
    if (auto* pulled = std::get_if<PullApplied>(&*event)) {
      status = pulled->status;
      CheckCursor();
    } else if (auto* acked = std::get_if<AckApplied>(&*event)) {
      status = acked->status;
    } else if (auto* begun = std::get_if<RecoveryBegun>(&*event)) {
      status = begun->status;
      CheckCursor();
    } else if (auto* compared = std::get_if<RangesCompared>(&*event)) {
      status = compared->status;
    } else if (auto* lost = std::get_if<LostRead>(&*event)) {
      status = lost->status;
    } else if (auto* ended = std::get_if<RecoveryEnded>(&*event)) {
      status = ended->status;
    } else if (auto* kept = std::get_if<StandingKept>(&*event)) {
      MustBeTyped(kept->status);
    }
    MustBeTyped(status);
    if (!status.ok()) VOUCH_CHECK(Describe(tablet_) == before);
    Carry(session_->Step(*std::move(event), 0));
  }

  void CarryHonest(std::vector<CentreEffect> effects) {
    for (const CentreEffect& effect : effects) {
      if (auto* send = std::get_if<SendResponse>(&effect)) {
        answers_.push_back(send->message);
        continue;
      }
      auto event = PerformOnCentre(
          *centre_.centre, tablet_.device->id(),
          [](const ScopeId&) { return true; }, effect);
      if (event.has_value()) CarryHonest(honest_.Step(*std::move(event), 0));
    }
  }

  // Without a lie under the centre's signature, what the tablet holds is a
  // prefix of the true log.
  void CheckCursor() {
    if (signed_lie_) return;
    const std::vector<LogEntry> log = ReadLog(centre_);
    const Device& device = *tablet_.device;
    VOUCH_CHECK(device.cursor_size() <= log.size());
    CompactRange tree;
    while (tree.size() < device.cursor_size()) {
      tree.Append(LeafHash(EncodeLogEntry(log[tree.size()])));
    }
    VOUCH_CHECK(tree.Root() == device.cursor_root());
  }

  // "At the centre" is said of nothing that the centre does not hold, and so.
  // Of what a restore took from it that is known once the session has been
  // carried through.
  void CheckCommitted() {
    if (scene_ == nullptr || (finish_.ok() && !signed_lie_)) {
      CheckBelieved(tablet_, centre_);
    }
    // All is pulled when that is said, whatever was altered on the way; what is
    // not at the centre then the next session sends.
    if (!finish_.ok() || signed_lie_) return;
    VOUCH_CHECK(tablet_.device->cursor_root() == centre_.centre->Head().root);
    auto ledger = tablet_.device->Ledger();
    auto next = tablet_.device->BeginSession();
    VOUCH_CHECK(ledger.ok() && next.ok());
    VOUCH_CHECK(ledger->pending == 0 || next->recovery_due);
  }

  Tablet& tablet_;
  CentreCopy& centre_;
  const Scene* const scene_;
  Input& in_;
  std::optional<DeviceSession> session_;
  CentreSession honest_;
  std::deque<v1::SyncResponse> answers_;
  absl::Status finish_;
  bool refused_ = false;
  uint64_t asked_batches_ = 0;
  bool signed_lie_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input in(data, size);
  const Scene* scene = ChooseScene(in);
  std::unique_ptr<Tablet> tablet = CopyTablet(scene);
  std::unique_ptr<CentreCopy> centre = CopyCentre(scene);
  const OwnState before = OwnStateOf(*tablet);
  Session(*tablet, *centre, scene, in).Run();
  CheckSegments(tablet->device->changes(), *tablet->store);
  CheckKept(before, *tablet, scene == nullptr ? Own::kAsBefore : Own::kMayGrow);
  return 0;
}

}  // namespace vouch::fuzz
