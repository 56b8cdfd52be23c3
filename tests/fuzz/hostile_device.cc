// A centre in a session with a device that lies: requests of a real tablet,
// altered, out of order, repeated, or any bytes at all, with answers that come
// when the input says. One of the two may have been put back before, so that
// the real tablet's requests recover.
//
// Whatever comes: the log grows only by whole segments that verify, each once,
// with the judge's verdict or one that is proven; what is outstanding is
// bounded, a closed session does nothing more, and a restart finds the same
// log.
#include <algorithm>
#include <deque>
#include <map>

#include "sync/core/segment.h"
#include "tests/fuzz/log_checks.h"
#include "tests/fuzz/recovery_scenes.h"

namespace vouch::fuzz {
namespace {

constexpr size_t kEffectsMax = 8;
constexpr int kEventsMax = 300;
constexpr int kHonestSessionsMax = 3;
constexpr size_t kFloodMax = 16;  // pushes in a row

// What the tablet would say to a centre that answers truly.
const std::vector<v1::SyncRequest>& HonestRequests(const Scene* scene) {
  static auto* recorded =
      new std::map<const Scene*, std::vector<v1::SyncRequest>>;
  auto [at, fresh] = recorded->try_emplace(scene);
  if (!fresh) return at->second;
  LoopbackOptions record;
  record.on_request = [&requests = at->second](const v1::SyncRequest& message) {
    requests.push_back(message);
    return true;
  };
  std::unique_ptr<Tablet> tablet = CopyTablet(scene);
  std::unique_ptr<CentreCopy> centre = CopyCentre(scene);
  VOUCH_CHECK(SyncOverLoopback(*tablet->device, *centre->centre, 0, record)
                  .status.ok());
  return at->second;
}

const Proven& ProvenIn(const Scene* scene) {
  static auto* known = new std::map<const Scene*, Proven>;
  auto [at, fresh] = known->try_emplace(scene);
  if (fresh) at->second = ProvenBy(HonestRequests(scene));
  return at->second;
}

class Session {
 public:
  Session(Tablet& tablet, CentreCopy& centre,
          const std::vector<v1::SyncRequest>& honest, Input& in)
      : tablet_(tablet), centre_(centre), honest_(honest), in_(in) {}

  void Run() {
    auto config = tablet_.device->BeginSession();
    VOUCH_CHECK(config.ok());
    config_ = *config;
    for (const OwnHead& head : config_.heads) {
      OutboxRead outbox =
          tablet_.device->Read({head.incarnation, 0, Hash(), kPushBytesMax});
      VOUCH_CHECK(outbox.status.ok());
      for (const OutboxSegment& s : outbox.segments) wires_.push_back(s.wire);
    }
    Take(session_.Start(0));
    for (int i = 0; i < kEventsMax && !in_.empty(); ++i) Step();
    // What is under way is answered; the device has nothing more to say.
    Take(session_.Step(RequestsEnded{}, now_ms_));
    while (!pending_.empty()) Answer();
    Take(session_.Step(TimePassed{}, now_ms_ + 4 * kStallMsMax));
    VOUCH_CHECK(session_.closed());
  }

 private:
  void Step() {
    switch (in_.Below(11)) {
      case 0:
        if (!pending_.empty()) Answer();
        return;
      case 1:
        return Receive(Hello());
      case 2:
        return Receive(Push());
      case 3: {
        v1::SyncRequest request;
        request.mutable_pull()->set_until_size(in_.Number());
        request.mutable_pull()->set_credit(static_cast<uint32_t>(in_.Number()));
        return Receive(std::move(request));
      }
      case 4: {
        v1::SyncRequest request;
        std::string bytes(in_.Bytes(in_.Below(600)));
        if (request.ParseFromString(bytes)) Receive(std::move(request));
        return;
      }
      case 5:
        now_ms_ += static_cast<int64_t>(in_.Below(40'000));
        return Take(session_.Step(TimePassed{}, now_ms_));
      case 6: {
        v1::SyncRequest request = in_.Below(2) == 0 ? Hello() : Push();
        for (size_t i = 1 + in_.Below(3); i > 0; --i) {
          MutateMessage(request, in_);
        }
        return Receive(std::move(request));
      }
      case 7:
        while (!pending_.empty()) Answer();
        return;
      case 8:
        return Receive(Honest());
      case 9: {
        v1::SyncRequest request = Honest();
        for (size_t i = 1 + in_.Below(3); i > 0; --i) {
          MutateMessage(request, in_);
        }
        return Receive(std::move(request));
      }
      case 10:
        return Flood();
    }
  }

  // As much as one message may hold, over and over: a large segment, or many
  // that are shorter than any can be.
  void Flood() {
    v1::SyncRequest request;
    v1::Push* push = request.mutable_push();
    if (in_.Below(2) == 0) {
      push->add_segments(std::string(kPushBytesMax, '\0'));
    } else {
      for (size_t i = 0; i < kPushBytesMax / kSegmentWireBytesMin; ++i) {
        push->add_segments();
      }
    }
    for (size_t i = 1 + in_.Below(kFloodMax); i > 0; --i) Receive(request);
  }

  v1::SyncRequest Hello() {
    DeviceSession honest(config_);
    auto effects = honest.Start(0);
    return std::get<SendRequest>(effects.at(0)).message;
  }

  // In order, if the input does not say otherwise.
  const v1::SyncRequest& Honest() {
    return honest_[(said_++ + in_.Below(honest_.size())) % honest_.size()];
  }

  v1::SyncRequest Push() {
    v1::SyncRequest request;
    for (size_t i = 1 + in_.Below(3); i > 0; --i) {
      // In order, if the input does not say otherwise.
      size_t at = (next_++ + in_.Below(wires_.size() + 1)) % wires_.size();
      request.mutable_push()->add_segments(wires_[at]);
    }
    return request;
  }

  // As the server does: nothing is read while the window is full.
  void Receive(v1::SyncRequest request) {
    if (!session_.wants_request()) return;
    granted_ += std::min(request.pull().credit(), kPullCreditMax);
    Take(session_.Step(ReceivedRequest{std::move(request)}, now_ms_));
  }

  void Answer() {
    CentreEffect effect = std::move(pending_.front());
    pending_.pop_front();
    queued_bytes_ -= BytesQueuedBy(effect);
    if (std::holds_alternative<CommitSegments>(effect)) --queued_commits_;
    auto event = PerformOnCentre(
        *centre_.centre, tablet_.device->id(),
        [](const ScopeId&) { return true; }, effect);
    VOUCH_CHECK(event.has_value());
    if (auto* committed = std::get_if<Committed>(&*event)) {
      MustBeTyped(committed->status);
      VOUCH_CHECK(committed->ack.segments_size() ==
                  committed->ack.signatures_size());
    } else if (auto* read = std::get_if<FeedRead>(&*event)) {
      MustBeTyped(read->status);
    } else if (auto* looked = std::get_if<LookedUp>(&*event)) {
      MustBeTyped(looked->status);
    } else if (auto* common = std::get_if<CommonFound>(&*event)) {
      MustBeTyped(common->status);
    } else if (auto* compared = std::get_if<RangesAnswered>(&*event)) {
      MustBeTyped(compared->status);
    }
    Take(session_.Step(*std::move(event), now_ms_));
  }

  void Take(std::vector<CentreEffect> effects) {
    VOUCH_CHECK(effects.size() <= kEffectsMax);
    VOUCH_CHECK(!closed_ || effects.empty());
    for (CentreEffect& effect : effects) {
      if (auto* send = std::get_if<SendResponse>(&effect)) {
        if (send->message.has_batch()) VOUCH_CHECK(granted_-- > 0);
        if (send->message.has_refused()) {
          VOUCH_CHECK(send->message.refused().error().reason() != 0);
        }
      } else if (auto* close = std::get_if<CloseSession>(&effect)) {
        MustBeTyped(close->status);
        closed_ = true;
      } else {
        if (auto* look_up = std::get_if<LookUp>(&effect)) {
          VOUCH_CHECK(look_up->hello.heads_size() <=
                      static_cast<int>(kHelloHeadsMax));
        } else if (auto* find = std::get_if<FindCommon>(&effect)) {
          VOUCH_CHECK(find->ladder.heads_size() <=
                      static_cast<int>(kLadderMax));
        }
        queued_bytes_ += BytesQueuedBy(effect);
        if (std::holds_alternative<CommitSegments>(effect)) ++queued_commits_;
        pending_.push_back(std::move(effect));
      }
    }
    CheckBounds();
  }

  // The window is bytes: it bounds the number of what is queued only because
  // no segment counts as less than the smallest there can be.
  static uint64_t BytesQueuedBy(const CentreEffect& effect) {
    uint64_t bytes = 0;
    if (auto* commit = std::get_if<CommitSegments>(&effect)) {
      for (const std::string& wire : commit->segments) {
        bytes += std::max(wire.size(), kSegmentWireBytesMin);
      }
    }
    return bytes;
  }

  void CheckBounds() {
    // Reads: of the log, and of what recovery asks.
    VOUCH_CHECK(pending_.size() - queued_commits_ <= 2);
    // The window was not full before the last push.
    VOUCH_CHECK(queued_bytes_ < kPushWindowBytesMax + kPushBytesMax);
  }

  Tablet& tablet_;
  CentreCopy& centre_;
  const std::vector<v1::SyncRequest>& honest_;
  size_t said_ = 0;
  Input& in_;
  DeviceSessionConfig config_;
  std::vector<std::string> wires_;
  size_t next_ = 0;
  CentreSession session_;
  std::deque<CentreEffect> pending_;
  size_t queued_commits_ = 0;  // of pending_
  uint64_t queued_bytes_ = 0;
  int64_t now_ms_ = 0;
  uint64_t granted_ = 0;  // batches the device asked for, at most
  bool closed_ = false;
};

// The log says of itself what its head says, and so after a restart.
void CheckLog(CentreCopy& copy, uint64_t from, const Proven& proven) {
  CheckCentreLog(copy, from, proven);
  while (!copy.centre->materialised()) {
    VOUCH_CHECK(copy.centre->Materialise(kMaterialiseEntriesMax).ok());
  }
  const TreeHead head = copy.centre->Head();
  VOUCH_CHECK(VerifyTreeHead(copy.centre->key(), head));
  auto states = copy.centre->changes().ScopeStates(*copy.store);
  VOUCH_CHECK(states.ok());
  copy.Close();
  VOUCH_CHECK(copy.Open().ok());
  VOUCH_CHECK(copy.centre->Head().size == head.size);
  VOUCH_CHECK(copy.centre->Head().root == head.root);
  VOUCH_CHECK(*copy.centre->changes().ScopeStates(*copy.store) == *states);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input in(data, size);
  const Scene* scene = ChooseScene(in);
  std::unique_ptr<Tablet> tablet = CopyTablet(scene);
  std::unique_ptr<CentreCopy> centre = CopyCentre(scene);
  const OwnState before = OwnStateOf(*tablet);
  const uint64_t log_before = centre->centre->Head().size;
  Session(*tablet, *centre, HonestRequests(scene), in).Run();
  CheckLog(*centre, log_before, ProvenIn(scene));
  // The honest device, whose name that one took, is served whatever that one
  // did. Where it has to recover, it may find out in the middle of a session.
  absl::Status served;
  for (int i = 0; i < kHonestSessionsMax; ++i) {
    served = SyncOverLoopback(*tablet->device, *centre->centre).status;
    if (served.ok()) break;
  }
  VOUCH_CHECK(served.ok());
  CheckKept(before, *tablet, Own::kMayGrow);
  return 0;
}

}  // namespace vouch::fuzz
