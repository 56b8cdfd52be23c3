// Devices whose work was signed and encoded beforehand, so that a benchmark of
// the server does not measure tablets: what is left of each is its keys, its
// segments as they travel, and a stream over TLS.
//
//   FleetDevice device(seed);
//   device.Enrol(&server);
//   device.Write(1000);                          // records, as segments
//   PushStream stream(device, server);
//   stream.Push(device.TakeSegments());          // until all are durable
//
// Each device has a registration, and so a scope, of its own. A device is one
// thread's at a time; different devices are independent.
#ifndef VOUCH_TESTS_BENCH_FLEET_H_
#define VOUCH_TESTS_BENCH_FLEET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/replica/chain_writer.h"
#include "sync/core/segment.h"
#include "tests/bench/generate.h"
#include "tests/bench/server_process.h"
#include "tests/support/replica_world.h"
#include "tests/support/sync_client.h"

namespace vouch::bench {

// A segment of some records, made as a tablet makes it.
struct MadeSegment {
  std::string wire;
  uint32_t changes = 0;
};

class FleetDevice {
 public:
  explicit FleetDevice(uint64_t seed);

  // Over `channel` if given, else over a connection of its own.
  void Enrol(ServerProcess* server, TlsClient* channel = nullptr);
  // Adds `records` new ones to what waits, closed into segments. If `edits`,
  // every second change edits the record before it, as people do who save
  // while they write.
  void Write(size_t records, bool edits = false);
  std::vector<MadeSegment> TakeSegments();

  TlsClient Connect(const ServerProcess& server) const;
  v1::SyncRequest Hello() const;
  // Of a session that has seen nothing yet and has nothing to push.
  DeviceSessionConfig FreshConfig() const;
  DeviceId id() const { return writer_->device(); }

 private:
  Change MakeNew();
  Change MakeEdit(const Change& before);

  SeededRandom random_;
  RecordGenerator generator_;
  std::optional<ChainWriter> writer_;
  RecordId registration_;
  std::string certificate_pem_;
  PublicKey centre_key_;
  std::vector<MadeSegment> segments_;
};

// A session that only pushes. Ends the benchmark if the server refuses it or
// holds anything for review.
class PushStream {
 public:
  PushStream(const FleetDevice& device, const ServerProcess& server);
  ~PushStream();
  PushStream(const PushStream&) = delete;
  PushStream& operator=(const PushStream&) = delete;

  // Until every change is acknowledged; as much under way as a session may.
  void Push(const std::vector<MadeSegment>& segments);
  // All was sent: ends the stream in good order.
  void Finish();

 private:
  void ReadAck();

  TlsClient client_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SyncRequest, v1::SyncResponse>>
      stream_;
  uint64_t window_bytes_ = 0;
  uint64_t in_flight_bytes_ = 0;
  uint64_t changes_in_flight_ = 0;
  std::vector<uint64_t> sizes_;  // of what is in flight, oldest first
  bool finished_ = false;
};

// Enrols all of them, each with a code of its own, over a few connections.
void EnrolAll(ServerProcess* server,
              std::vector<std::unique_ptr<FleetDevice>>* devices);

// Runs `work(i)` for each i below `count` on `threads` threads.
void InParallel(size_t count, size_t threads,
                const std::function<void(size_t)>& work);

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_FLEET_H_
