// What Prometheus reads of the server, on a port of its own that stays on
// loopback. Names: server/README.md.
//
//   VOUCH_ASSIGN_OR_RETURN(auto metrics, Metrics::Start("127.0.0.1:9464"));
//   metrics->CommittedGroup(changes, bytes, seconds);
//
// Thread-safe. Counting costs an atomic addition whether or not anyone reads.
#ifndef VOUCH_SERVER_METRICS_H_
#define VOUCH_SERVER_METRICS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vouch {

class Metrics {
 public:
  // Without an address nothing listens. Errors: CONFIGURATION_INVALID if the
  // port cannot be used.
  static absl::StatusOr<std::unique_ptr<Metrics>> Start(
      const std::string& listen);
  ~Metrics();

  void SessionsOpen(size_t count);
  void SessionEnded(const absl::Status& status);
  void CallEnded(const char* call, const absl::Status& status);
  void CommittedGroup(size_t changes, size_t bytes, double seconds);
  void CommitFailed(const absl::Status& status);
  // Of the changes just committed.
  void Dispositions(size_t applied, size_t held, size_t duplicates);
  // A segment that was not accepted.
  void SegmentRejected(const absl::Status& status);
  void Queue(size_t segments, size_t bytes);
  void Log(uint64_t size, uint64_t not_materialised);
  void FreeBytes(uint64_t bytes);

  // The page as Prometheus reads it.
  std::string Text() const;

 private:
  struct Families;
  Metrics();

  std::unique_ptr<Families> families_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_METRICS_H_
