#include "tests/sim/network.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace vouch::sim {
namespace {

constexpr size_t kSentKeptMax = 256;  // of a stream, to be replayed

}  // namespace

void Network::Say(const Stream& stream, absl::string_view what) const {
  context_.trace->Event(context_.scheduler->now_ms(), "network",
                        absl::StrCat("device ", stream.device, ": ", what));
}

Network::Stream* Network::Find(StreamId id) {
  auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

void Network::Forget(StreamId id) {
  Stream* stream = Find(id);
  if (stream == nullptr || stream->device_open || stream->centre_open) return;
  if (!stream->replay && random_.Chance(weather.again_permille)) {
    Replay(*stream);
  }
  streams_.erase(id);
}

void Network::Block(size_t device, Direction direction, bool blocked) {
  devices_[device].blocked[static_cast<int>(direction)] = blocked;
}

void Network::Heal() {
  weather = {};
  for (Device& device : devices_) {
    device.blocked[0] = device.blocked[1] = false;
  }
}

StreamId Network::Open(size_t device) {
  StreamId id = ++last_id_;
  Stream& stream = streams_[id];
  stream.device = device;
  if (Loses(&stream, Direction::kUp)) {
    Break(id, &stream);
    return id;
  }
  context_.scheduler->After(ArrivalDelay(&stream, Direction::kUp),
                            [this, id, device] {
                              Stream* stream = Find(id);
                              if (stream == nullptr || !stream->centre_open) {
                                return;
                              }
                              centre_->OnOpened(id, device);
                            });
  return id;
}

int64_t Network::ArrivalDelay(Stream* stream, Direction direction,
                              uint64_t bytes) {
  int64_t now_ms = context_.scheduler->now_ms();
  int64_t& last_ms = stream->last_ms[static_cast<int>(direction)];
  last_ms =
      std::max(last_ms, now_ms + random_.Between(1, weather.latency_ms_max));
  if (weather.bytes_per_s > 0) {
    last_ms += static_cast<int64_t>(bytes * 1000 / weather.bytes_per_s);
  }
  return last_ms - now_ms;
}

bool Network::Loses(Stream* stream, Direction direction) {
  return stream->broken ||
         devices_[stream->device].blocked[static_cast<int>(direction)] ||
         random_.Chance(weather.lose_permille);
}

void Network::ToCentre(StreamId id, const v1::SyncRequest& message) {
  Stream* stream = Find(id);
  if (stream == nullptr || stream->broken) return;
  const bool fits = message.ByteSizeLong() <= kMessageBytesMax;
  if (!fits || Loses(stream, Direction::kUp)) return Break(id, stream);
  if (!stream->replay && stream->sent.size() < kSentKeptMax) {
    stream->sent.push_back(message);
  }
  context_.scheduler->After(
      ArrivalDelay(stream, Direction::kUp, message.ByteSizeLong()),
      [this, id, message] {
        Stream* stream = Find(id);
        if (stream == nullptr || !stream->centre_open) return;
        stream->arrived.push_back(message);
        Pour(id);
      });
}

// Hands over what has arrived while the centre reads, and the end after it.
void Network::Pour(StreamId id) {
  while (Stream* stream = Find(id)) {
    if (!stream->centre_open) return;
    if (stream->arrived.empty()) {
      if (!stream->ended) return;
      stream->ended = false;
      return centre_->OnRequestsEnded(id, false);
    }
    if (!centre_->HasRoom(id)) return;
    v1::SyncRequest message = std::move(stream->arrived.front());
    stream->arrived.pop_front();
    centre_->OnRequest(id, std::move(message));
  }
}

uint64_t Network::undelivered_bytes(StreamId id) {
  Stream* stream = Find(id);
  return stream == nullptr ? 0 : stream->undelivered_bytes;
}

void Network::HalfOpen(SimRandom* random) {
  for (auto& [id, stream] : streams_) {
    if (stream.broken || !random->Chance(700)) continue;
    stream.broken = true;
    uint64_t told = random->Below(3);
    Say(stream,
        absl::StrCat("the stream dies, ", told == 0   ? "nobody is told"
                                          : told == 1 ? "the device is told"
                                                      : "the centre is told"));
    if (told == 1) TellDevice(id);
    if (told == 2) TellCentre(id, true);
  }
}

void Network::ToDevice(StreamId id, const v1::SyncResponse& message) {
  Stream* stream = Find(id);
  if (stream == nullptr || stream->broken || !stream->device_open) return;
  if (Loses(stream, Direction::kDown)) return Break(id, stream);
  const uint64_t bytes = message.ByteSizeLong();
  stream->undelivered_bytes += bytes;
  context_.scheduler->After(ArrivalDelay(stream, Direction::kDown, bytes),
                            [this, id, message, bytes] {
                              Stream* stream = Find(id);
                              if (stream == nullptr) return;
                              stream->undelivered_bytes -= bytes;
                              if (stream->device_open) {
                                devices_[stream->device].end->OnResponse(
                                    id, message);
                              }
                              centre_->OnDelivered(id);
                            });
}

void Network::Break(StreamId id, Stream* stream) {
  if (stream->broken) return;
  stream->broken = true;
  Say(*stream, "the stream breaks");
  if (!random_.Chance(weather.silent_permille)) TellDevice(id);
  if (!random_.Chance(weather.silent_permille)) TellCentre(id, true);
}

void Network::TellCentre(StreamId id, bool broken) {
  Stream* stream = Find(id);
  context_.scheduler->After(ArrivalDelay(stream, Direction::kUp),
                            [this, id, broken] {
                              Stream* stream = Find(id);
                              if (stream == nullptr || !stream->centre_open) {
                                return;
                              }
                              if (broken) {
                                return centre_->OnRequestsEnded(id, true);
                              }
                              stream->ended = true;
                              Pour(id);
                            });
}

void Network::TellDevice(StreamId id) {
  Stream* stream = Find(id);
  context_.scheduler->After(ArrivalDelay(stream, Direction::kDown), [this, id] {
    Stream* stream = Find(id);
    if (stream == nullptr || !stream->device_open) return;
    stream->device_open = false;
    devices_[stream->device].end->OnStreamEnded(id);
    Forget(id);
  });
}

void Network::DeviceEnds(StreamId id, bool broken) {
  Stream* stream = Find(id);
  if (stream == nullptr || !stream->device_open) return;
  stream->device_open = false;
  // Where the centre is not told, the old session stays open there beside the
  // device's next one, until it is dropped for standing still.
  bool told = !stream->broken && !random_.Chance(weather.silent_permille) &&
              !Loses(stream, Direction::kUp);
  if (told && stream->centre_open) TellCentre(id, broken);
  Forget(id);
}

void Network::CentreEnds(StreamId id) {
  Stream* stream = Find(id);
  if (stream == nullptr || !stream->centre_open) return;
  stream->centre_open = false;
  bool told = !stream->broken && !random_.Chance(weather.silent_permille) &&
              !Loses(stream, Direction::kDown);
  if (told && stream->device_open && !stream->replay) TellDevice(id);
  if (stream->replay) stream->device_open = false;
  Forget(id);
}

// The same messages once more, as a stream of their own. Whatever the centre
// answers reaches nobody.
void Network::Replay(const Stream& old) {
  StreamId id = ++last_id_;
  Stream& stream = streams_[id];
  stream.device = old.device;
  stream.replay = true;
  Say(stream, "an old stream is replayed");
  context_.scheduler->After(ArrivalDelay(&stream, Direction::kUp),
                            [this, id, device = old.device] {
                              if (Find(id) == nullptr) return;
                              centre_->OnOpened(id, device);
                            });
  size_t prefix = 1 + random_.Below(old.sent.size());
  for (size_t i = 0; i < old.sent.size() && i < prefix; ++i) {
    context_.scheduler->After(ArrivalDelay(&stream, Direction::kUp),
                              [this, id, message = old.sent[i]] {
                                Stream* stream = Find(id);
                                if (!stream || !stream->centre_open) return;
                                stream->arrived.push_back(message);
                                Pour(id);
                              });
  }
  stream.device_open = false;
  TellCentre(id, false);
}

}  // namespace vouch::sim
