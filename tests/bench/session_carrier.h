// Carries a DeviceSession over a real stream, counting what travels; what the
// session asks for is the caller's to do, so that a benchmark may leave out
// what it does not measure.
//
//   Carried done = CarryOverTls(&client, config, [&](const DeviceEffect& e) {
//     return device.CarryOut(e);
//   });
//
// Blocks until the session has ended; what fails ends the benchmark.
#ifndef VOUCH_TESTS_BENCH_SESSION_CARRIER_H_
#define VOUCH_TESTS_BENCH_SESSION_CARRIER_H_

#include <functional>
#include <optional>

#include "storage/replica/device.h"
#include "sync/core/session.h"
#include "tests/support/sync_client.h"

namespace vouch::bench {

struct Carried {
  SessionReport report;
  double seconds = 0;
  int requests = 0;
  int responses = 0;
  // How often an answer was waited for after something had been sent.
  int round_trips = 0;
};

using Perform = std::function<std::optional<DeviceEvent>(const DeviceEffect&)>;

Carried CarryOverTls(TlsClient* client, const DeviceSessionConfig& config,
                     const Perform& perform);
// A whole sync of the device's.
Carried SyncOverTls(TlsClient* client, Device* device);

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_SESSION_CARRIER_H_
