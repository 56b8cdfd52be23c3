// A tablet in a session with a centre that lies: every answer of a real centre
// passes through the input, which may alter, swap, repeat, withhold or replace
// it, and may sign the altered tree head with the centre's own key. One of the
// two may have been put back before, so that the session recovers.
//
// Whatever comes: own work stays to the byte, nothing is applied that does not
// add up to a signed head, nothing counts as at the centre that it does not
// hold, and the session ends.
#include <deque>

#include "storage/replica/keys.h"
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
      } else if (in_.Below(4) == 3) {
        v1::SyncResponse any;
        if (any.ParseFromString(std::string(in_.Bytes(in_.Below(600))))) {
          lied_ = true;
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
        lied_ = true;
        if (!answer.ParseFromString(bytes)) return;
        break;
      }
      case 11:
        lied_ = true;
        for (size_t i = 1 + in_.Below(3); i > 0; --i)
          MutateMessage(answer, in_);
        if (in_.Below(2) == 1) SignAgain(answer);
        break;
    }
    Receive(std::move(answer));
  }

  void Receive(v1::SyncResponse answer) {
    if (!session_->finished()) refused_ = answer.has_refused();
    Carry(session_->Step(ReceivedResponse{std::move(answer)}, 0));
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
        CarryHonest(honest_.Step(ReceivedRequest{send->message}, 0));
      } else if (auto* finish = std::get_if<FinishSession>(&effect)) {
        finish_ = finish->status;
      } else {
        Perform(effect);
      }
    }
  }

  void Perform(const DeviceEffect& effect) {
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
    const Device& device = *tablet_.device;
    CompactRange log;
    VOUCH_CHECK(centre_.centre->changes()
                    .ScanLog(*centre_.store, 0, device.cursor_size(),
                             [&](const LogRow& row) {
                               Append(row, log);
                               return true;
                             })
                    .ok());
    VOUCH_CHECK(log.size() == device.cursor_size());
    VOUCH_CHECK(log.Root() == device.cursor_root());
  }

  void Append(const LogRow& row, CompactRange& log) {
    std::vector<Hash> hashes;
    Coordinate at = row.first;
    for (; hashes.size() < row.count; ++at.seq) {
      auto hash = centre_.centre->changes().GetChangeHash(*centre_.store, at);
      VOUCH_CHECK(hash.ok() && hash->has_value());
      hashes.push_back(**hash);
    }
    for (const LogEntry& entry : EntriesOf(row.commit, row.scope, hashes)) {
      log.Append(LeafHash(EncodeLogEntry(entry)));
    }
  }

  // "At the centre" is said of nothing that the centre does not have. Of what a
  // restore took from it that is known once the session has been carried
  // through.
  void CheckCommitted() {
    const Device& device = *tablet_.device;
    if (scene_ != nullptr && (!finish_.ok() || signed_lie_)) return;
    while (!centre_.centre->materialised()) {
      VOUCH_CHECK(centre_.centre->Materialise(kMaterialiseEntriesMax).ok());
    }
    VOUCH_CHECK(device.changes()
                    .ScanRecordChanges(
                        *tablet_.store,
                        [&](const RecordChange& row) {
                          if (row.commit_seq.has_value()) {
                            auto there = centre_.centre->changes().GetLocation(
                                *centre_.store, row.hash);
                            VOUCH_CHECK(there.ok() && there->has_value());
                          }
                          return true;
                        })
                    .ok());
    if (finish_.ok() && !lied_) {
      VOUCH_CHECK(device.cursor_root() == centre_.centre->Head().root);
    }
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
  bool lied_ = false;
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
  CheckKept(before, *tablet, scene == nullptr ? Own::kAsBefore : Own::kMayGrow);
  return 0;
}

}  // namespace vouch::fuzz
