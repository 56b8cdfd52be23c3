#include "tests/model/stream.h"

#include "sync/base/status.h"

namespace vouch::model {
namespace {

constexpr int64_t kNowMs = 0;  // nothing waits here, so nothing stalls

Digest Next(const Digest& session, absl::string_view what,
            const Digest& event) {
  ByteWriter out;
  out << session << event;
  out.Prefixed(what);
  return DigestOf(out.bytes());
}

Digest Nth(const Digest& session, size_t n) {
  ByteWriter out;
  out << session;
  out.U64(n);
  return DigestOf(out.bytes());
}

template <typename T>
Named<T> Message(const T& message) {
  return {std::make_shared<const T>(message),
          DigestOf(message.SerializeAsString())};
}

// An effect of a session is named by the session that asked for it, a message
// by what it says.
template <typename Effect>
std::vector<Named<Effect>> NameAll(std::vector<Effect> effects,
                                   const Digest& session) {
  std::vector<Named<Effect>> out;
  for (Effect& effect : effects) {
    Digest digest = Nth(session, out.size());
    out.push_back({std::make_shared<const Effect>(std::move(effect)), digest});
  }
  return out;
}

void Witness(const v1::SyncResponse& message, StreamNews* news) {
  const std::string& bytes = message.has_welcome()
                                 ? message.welcome().tree_head()
                                 : message.batch().tree_head();
  if (bytes.empty()) return;
  auto head = DecodeTreeHead(bytes);
  if (head.ok()) news->witnessed = *head;
}

// Sends what is to be sent before anything else.
void Advance(Stream* stream, StreamNews* news) {
  while (!stream->device_todo.empty()) {
    const DeviceEffect& effect = *stream->device_todo.front().thing;
    if (auto* send = std::get_if<SendRequest>(&effect)) {
      if (stream->centre.thing != nullptr && !stream->centre_end) {
        stream->to_centre.push_back(Message(send->message));
      }
      stream->device_todo.pop_front();
    } else if (auto* finish = std::get_if<FinishSession>(&effect)) {
      news->finished = finish->status;
      LoseDevice(stream);
      return;
    } else {
      return;
    }
  }
}

template <typename Things>
void Append(const Things& things, ByteWriter* out) {
  out->U8(static_cast<uint8_t>(things.size()));
  for (const auto& named : things) *out << named.digest;
}

}  // namespace

Digest Stream::digest() const {
  ByteWriter out;
  out.U8((device.thing != nullptr ? 1 : 0) | (centre.thing != nullptr ? 2 : 0) |
         (device_end ? 4 : 0) | (centre_end ? 8 : 0));
  if (device.thing != nullptr) out << device.digest;
  if (centre.thing != nullptr) out << centre.digest;
  Append(device_todo, &out);
  Append(centre_todo, &out);
  Append(to_centre, &out);
  Append(to_device, &out);
  return DigestOf(out.bytes());
}

void Streams::StepDevice(const DeviceEvent& event, absl::string_view what,
                         const Digest& digest, Stream* stream,
                         StreamNews* news) {
  Digest next = Next(stream->device.digest, what, digest);
  auto [at, fresh] = devices_.try_emplace(next);
  if (fresh) {
    auto session = std::make_shared<DeviceSession>(*stream->device.thing);
    at->second.effects = NameAll(session->Step(event, kNowMs), next);
    at->second.session = std::move(session);
  }
  stream->device = {at->second.session, next};
  for (const auto& effect : at->second.effects) {
    stream->device_todo.push_back(effect);
  }
  Advance(stream, news);
}

void Streams::StepCentre(const CentreEvent& event, absl::string_view what,
                         const Digest& digest, Stream* stream,
                         StreamNews* news) {
  Digest next = Next(stream->centre.digest, what, digest);
  auto [at, fresh] = centres_.try_emplace(next);
  if (fresh) {
    auto session = std::make_shared<CentreSession>(*stream->centre.thing);
    at->second.effects = NameAll(session->Step(event, kNowMs), next);
    at->second.session = std::move(session);
  }
  stream->centre = {at->second.session, next};
  for (const Named<CentreEffect>& effect : at->second.effects) {
    if (auto* send = std::get_if<SendResponse>(effect.thing.get())) {
      Witness(send->message, news);
      if (stream->device.thing != nullptr && !stream->device_end) {
        stream->to_device.push_back(Message(send->message));
      }
    } else if (std::holds_alternative<CloseSession>(*effect.thing)) {
      return LoseCentre(stream);
    } else {
      stream->centre_todo.push_back(effect);
    }
  }
}

Stream Streams::Open(const DeviceSessionConfig& config, const Digest& name) {
  Stream stream;
  auto device = std::make_shared<DeviceSession>(config);
  for (auto& effect : NameAll(device->Start(kNowMs), name)) {
    stream.device_todo.push_back(std::move(effect));
  }
  stream.device = {std::move(device), name};
  auto centre = std::make_shared<CentreSession>();
  centre->Start(kNowMs);
  stream.centre = {std::move(centre), Digest()};
  StreamNews none;
  Advance(&stream, &none);
  return stream;
}

void Streams::DeviceDid(const DeviceEvent* event, const Digest& digest,
                        Stream* stream, StreamNews* news) {
  stream->device_todo.pop_front();
  if (event == nullptr) return Advance(stream, news);
  StepDevice(*event, "did", digest, stream, news);
}

void Streams::CentreDid(size_t which, const CentreEvent& event,
                        const Digest& digest, Stream* stream,
                        StreamNews* news) {
  stream->centre_todo.erase(stream->centre_todo.begin() +
                            static_cast<std::ptrdiff_t>(which));
  StepCentre(event, "did", digest, stream, news);
}

bool Streams::DeviceHears(const Garble& garble, Stream* stream,
                          StreamNews* news) {
  if (stream->device.thing == nullptr || !stream->device_todo.empty()) {
    return false;
  }
  if (!stream->to_device.empty()) {
    v1::SyncResponse message = *stream->to_device.front().thing;
    stream->to_device.pop_front();
    if (garble) garble(&message);
    Digest digest = DigestOf(message.SerializeAsString());
    StepDevice(ReceivedResponse{std::move(message)}, "heard", digest, stream,
               news);
    return true;
  }
  if (!stream->device_end) return false;
  StepDevice(StreamEnded{Error(Reason::kUnreachable, "the stream broke")},
             "ended", Digest(), stream, news);
  return true;
}

bool CentreListens(const Stream& stream) {
  return stream.centre.thing != nullptr && !stream.to_centre.empty() &&
         stream.centre.thing->wants_request();
}

bool Streams::CentreHears(Stream* stream, StreamNews* news) {
  if (CentreListens(*stream)) {
    Named<v1::SyncRequest> message = stream->to_centre.front();
    stream->to_centre.pop_front();
    StepCentre(ReceivedRequest{*message.thing}, "heard", message.digest, stream,
               news);
    return true;
  }
  if (stream->centre.thing == nullptr || !stream->to_centre.empty() ||
      !stream->centre_end) {
    return false;
  }
  stream->centre_end = false;  // heard once
  StepCentre(RequestsEnded{}, "ended", Digest(), stream, news);
  return true;
}

void Break(bool keep_to_device, bool keep_to_centre, Stream* stream) {
  if (!keep_to_device) stream->to_device.clear();
  if (!keep_to_centre) stream->to_centre.clear();
  stream->device_end = stream->device.thing != nullptr;
  stream->centre_end = stream->centre.thing != nullptr;
}

void LoseDevice(Stream* stream) {
  stream->device = {};
  stream->device_todo.clear();
  stream->to_device.clear();
  stream->device_end = false;
  stream->centre_end = stream->centre.thing != nullptr;
}

void LoseCentre(Stream* stream) {
  stream->centre = {};
  stream->centre_todo.clear();
  stream->to_centre.clear();
  stream->centre_end = false;
  stream->device_end = stream->device.thing != nullptr;
}

std::vector<size_t> CentreChoices(const Stream& stream) {
  std::vector<size_t> out;
  for (size_t i = 0; i < stream.centre_todo.size(); ++i) {
    bool first = true;
    for (size_t before : out) {
      first &= stream.centre_todo[before].thing->index() !=
               stream.centre_todo[i].thing->index();
    }
    if (first) out.push_back(i);
  }
  return out;
}

std::string MessageName(const v1::SyncRequest& message) {
  switch (message.message_case()) {
    case v1::SyncRequest::kHello:
      return "Hello";
    case v1::SyncRequest::kPush:
      return "Push";
    case v1::SyncRequest::kPull:
      return "Pull";
    case v1::SyncRequest::kLadder:
      return "Ladder";
    case v1::SyncRequest::kCompare:
      return "CompareRanges";
    default:
      return "a message";
  }
}

std::string MessageName(const v1::SyncResponse& message) {
  switch (message.message_case()) {
    case v1::SyncResponse::kWelcome:
      return "Welcome";
    case v1::SyncResponse::kAck:
      return "Ack";
    case v1::SyncResponse::kBatch:
      return "PullBatch";
    case v1::SyncResponse::kRefused:
      return "Refused";
    case v1::SyncResponse::kCommon:
      return "CommonHead";
    case v1::SyncResponse::kDiffer:
      return "RangesDiffer";
    default:
      return "a message";
  }
}

std::string EffectName(const DeviceEffect& effect) {
  if (std::holds_alternative<ReadOutbox>(effect)) return "reads its outbox";
  if (std::holds_alternative<ApplyAck>(effect)) return "applies an Ack";
  if (std::holds_alternative<ApplyPull>(effect)) return "applies a PullBatch";
  if (std::holds_alternative<BeginRecovery>(effect)) return "begins recovery";
  if (std::holds_alternative<CompareHeld>(effect)) return "compares";
  if (std::holds_alternative<ReadLost>(effect)) return "reads what is lost";
  if (std::holds_alternative<EndRecovery>(effect)) return "ends recovery";
  if (std::holds_alternative<KeepStanding>(effect)) {
    return "keeps the centre's standing";
  }
  return "does something";
}

std::string EffectName(const CentreEffect& effect) {
  if (std::holds_alternative<LookUp>(effect)) return "looks up";
  if (std::holds_alternative<CommitSegments>(effect)) return "commits";
  if (std::holds_alternative<ReadFeed>(effect)) return "reads its log";
  if (std::holds_alternative<FindCommon>(effect)) return "finds a common head";
  if (std::holds_alternative<AnswerCompare>(effect)) return "compares";
  return "does something";
}

}  // namespace vouch::model
