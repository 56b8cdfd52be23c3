// One stream between a tablet and the centre as a value: both ends' sessions,
// what each has been asked to do, and the messages under way. Its steps touch
// no store, so they are pure.
//
// A tablet carries out what it was asked in order and before it hears more, as
// client-lib's carrier does; the centre hears while it works, as the server
// does. Sending happens at once, and so does reading the outbox, since only
// closed segments are read and none closes while a session is open.
#ifndef VOUCH_TESTS_MODEL_STREAM_H_
#define VOUCH_TESTS_MODEL_STREAM_H_

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "sync/core/session.h"
#include "tests/model/digest.h"

namespace vouch::model {

template <typename T>
struct Named {
  std::shared_ptr<const T> thing;
  Digest digest;
};

struct Stream {
  // Null once that end is done. A session is named by all it ever heard.
  Named<DeviceSession> device;
  Named<CentreSession> centre;
  std::deque<Named<DeviceEffect>> device_todo;
  std::deque<Named<CentreEffect>> centre_todo;
  std::deque<Named<v1::SyncRequest>> to_centre;
  std::deque<Named<v1::SyncResponse>> to_device;
  bool device_end = false;  // after to_device comes the end of the stream
  bool centre_end = false;

  bool gone() const { return device.thing == nullptr && !centre.thing; }
  Digest digest() const;
};

// What the two ends did meanwhile, for the caller to note.
struct StreamNews {
  std::optional<absl::Status> finished;  // the tablet's session
  std::optional<TreeHead> witnessed;     // the newest head the centre sent
};

// The steps of streams. A session that heard the same answers the same, so each
// step of one is taken once and remembered. One thread.
class Streams {
 public:
  Stream Open(const DeviceSessionConfig& config, const Digest& name);
  // The tablet has carried out the first of its todo; likewise the centre one
  // of its own.
  // Nothing of a tablet's: the effect asks for no answer.
  void DeviceDid(const DeviceEvent* event, const Digest& digest, Stream* stream,
                 StreamNews* news);
  void CentreDid(size_t which, const CentreEvent& event, const Digest& digest,
                 Stream* stream, StreamNews* news);
  // The next message arrives, or the end. False if there is none.
  using Garble = std::function<void(v1::SyncResponse*)>;
  bool DeviceHears(const Garble& garble, Stream* stream, StreamNews* news);
  bool CentreHears(Stream* stream, StreamNews* news);

 private:
  template <typename Session, typename Effect>
  struct Stepped {
    std::shared_ptr<const Session> session;
    std::vector<Named<Effect>> effects;
  };
  void StepDevice(const DeviceEvent& event, absl::string_view what,
                  const Digest& digest, Stream* stream, StreamNews* news);
  void StepCentre(const CentreEvent& event, absl::string_view what,
                  const Digest& digest, Stream* stream, StreamNews* news);

  absl::node_hash_map<Digest, Stepped<DeviceSession, DeviceEffect>> devices_;
  absl::node_hash_map<Digest, Stepped<CentreSession, CentreEffect>> centres_;
};

// True if the centre would take a message now.
bool CentreListens(const Stream& stream);

// The link is down, and with it what was under way, unless kept.
void Break(bool keep_to_device, bool keep_to_centre, Stream* stream);
// A machine is down.
void LoseDevice(Stream* stream);
void LoseCentre(Stream* stream);

// What the centre can carry out now: the first of each kind, since commits are
// made in order.
std::vector<size_t> CentreChoices(const Stream& stream);

std::string MessageName(const v1::SyncRequest& message);
std::string MessageName(const v1::SyncResponse& message);
std::string EffectName(const DeviceEffect& effect);
std::string EffectName(const CentreEffect& effect);

}  // namespace vouch::model

#endif  // VOUCH_TESTS_MODEL_STREAM_H_
