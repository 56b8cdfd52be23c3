// Streams between tablets and the centre: ordered and reliable until they
// break, as gRPC's are. So a lost message breaks its stream; what is sent twice
// is sent on another stream; and what overtakes comes from another stream.
//
// A break may be told to both ends, to one, or to none, who then finds out by
// its own time limit: a half-open stream. A partition blocks one direction or
// both of one tablet. Bytes may trickle. A centre that does not read keeps its
// peer's messages waiting, as HTTP/2's flow control does, and what it wrote
// and nobody took yet is counted.
#ifndef VOUCH_TESTS_SIM_NETWORK_H_
#define VOUCH_TESTS_SIM_NETWORK_H_

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "tests/sim/machine.h"
#include "vouch/v1/sync_service.pb.h"

namespace vouch::sim {

using StreamId = uint64_t;
// A larger message the transport refuses and ends the stream, as server and
// client do.
inline constexpr size_t kMessageBytesMax = 4 << 20;

class DeviceEnd {
 public:
  virtual ~DeviceEnd() = default;
  virtual void OnResponse(StreamId stream, v1::SyncResponse message) = 0;
  virtual void OnStreamEnded(StreamId stream) = 0;
  // Whom the certificate names, and what it may hold.
  virtual DeviceId peer() const = 0;
  virtual bool Sees(const ScopeId& scope) const = 0;
};

class CentreEnd {
 public:
  virtual ~CentreEnd() = default;
  virtual void OnOpened(StreamId stream, size_t device) = 0;
  virtual void OnRequest(StreamId stream, v1::SyncRequest message) = 0;
  // The device is done, or the stream broke.
  virtual void OnRequestsEnded(StreamId stream, bool broken) = 0;
  // Whether it reads on; if not, it calls Network::Pour when it does again.
  virtual bool HasRoom(StreamId stream) = 0;
  // The device took something that waited for it.
  virtual void OnDelivered(StreamId stream) = 0;
};

struct NetworkWeather {
  int64_t latency_ms_max = 40;
  uint64_t lose_permille = 0;    // a message, and its stream
  uint64_t silent_permille = 0;  // an end is not told of the break
  uint64_t again_permille = 0;   // a finished stream is replayed
  uint64_t bytes_per_s = 0;      // of each direction of a stream; 0: no limit
};

class Network {
 public:
  enum class Direction { kUp = 0, kDown = 1 };

  Network(const Context& context, uint64_t seed)
      : context_(context), random_(seed) {}
  void set_centre(CentreEnd* centre) { centre_ = centre; }
  void AddDevice(DeviceEnd* device) { devices_.push_back({device}); }

  NetworkWeather weather;
  void Block(size_t device, Direction direction, bool blocked);
  // Open streams die, and at most one end is told. All devices'.
  void HalfOpen(SimRandom* random);
  void Heal();

  // Sent to the device and not there yet.
  uint64_t undelivered_bytes(StreamId stream);
  void Pour(StreamId stream);

  StreamId Open(size_t device);
  void ToCentre(StreamId stream, const v1::SyncRequest& message);
  void ToDevice(StreamId stream, const v1::SyncResponse& message);
  // That end is done with the stream: half-closes it, or went down.
  void DeviceEnds(StreamId stream, bool broken);
  void CentreEnds(StreamId stream);

 private:
  struct Device {
    DeviceEnd* end;
    bool blocked[2] = {false, false};
  };
  struct Stream {
    size_t device = 0;
    bool replay = false;      // nobody is at the device's end
    bool device_open = true;  // that end still takes part
    bool centre_open = true;
    bool broken = false;
    int64_t last_ms[2] = {0, 0};  // when the last message arrives
    std::vector<v1::SyncRequest> sent;
    std::deque<v1::SyncRequest> arrived;  // and not yet read by the centre
    bool ended = false;                   // after them
    uint64_t undelivered_bytes = 0;
  };
  Stream* Find(StreamId id);
  // When something sent now arrives, never before what was sent earlier.
  int64_t ArrivalDelay(Stream* stream, Direction direction, uint64_t bytes = 0);
  bool Loses(Stream* stream, Direction direction);
  void Break(StreamId id, Stream* stream);
  void TellCentre(StreamId id, bool broken);
  void TellDevice(StreamId id);
  void Replay(const Stream& stream);
  void Forget(StreamId id);
  void Say(const Stream& stream, absl::string_view what) const;

  const Context context_;
  SimRandom random_;
  CentreEnd* centre_ = nullptr;
  std::vector<Device> devices_;
  std::map<StreamId, Stream> streams_;
  StreamId last_id_ = 0;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_NETWORK_H_
