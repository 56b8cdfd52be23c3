#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <exception>

#include "absl/strings/str_cat.h"
#include "server/log.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

Family<Counter>& CounterOf(Registry& registry, const char* name,
                           const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}
Gauge& GaugeOf(Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}
Histogram& HistogramOf(Registry& registry, const char* name, const char* help,
                       Histogram::BucketBoundaries bounds) {
  return BuildHistogram().Name(name).Help(help).Register(registry).Add(
      {}, std::move(bounds));
}

std::string ResultOf(const absl::Status& status) {
  return status.ok() ? "OK" : LogReason(status);
}

}  // namespace

struct Metrics::Families {
  std::shared_ptr<Registry> registry = std::make_shared<Registry>();
  Gauge& sessions = GaugeOf(*registry, "vouch_sessions", "Open sync sessions");
  Family<Counter>& sessions_ended = CounterOf(
      *registry, "vouch_sessions_ended_total", "Sync sessions by result");
  Family<Counter>& calls =
      CounterOf(*registry, "vouch_calls_total", "Unary calls by result");
  Counter& commits =
      CounterOf(*registry, "vouch_commits_total", "Commit groups written")
          .Add({});
  Family<Counter>& commits_failed =
      CounterOf(*registry, "vouch_commits_failed_total",
                "Commit groups that could not be written, by reason");
  Histogram& group_changes =
      HistogramOf(*registry, "vouch_commit_group_changes",
                  "Changes in a commit group", {1, 4, 16, 64, 256, 1024, 2048});
  Histogram& group_bytes = HistogramOf(
      *registry, "vouch_commit_group_bytes", "Bytes in a commit group",
      {1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20});
  Histogram& commit_seconds = HistogramOf(
      *registry, "vouch_commit_seconds", "Seconds a commit group took",
      {.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 5});
  Family<Counter>& changes = CounterOf(*registry, "vouch_changes_total",
                                       "Changes pushed, by disposition");
  Counter& applied = changes.Add({{"disposition", "applied"}});
  Counter& held = changes.Add({{"disposition", "held"}});
  Counter& duplicate = changes.Add({{"disposition", "duplicate"}});
  Family<Counter>& rejected =
      CounterOf(*registry, "vouch_segments_rejected_total",
                "Segments that were not accepted, by reason");
  Gauge& queue_segments = GaugeOf(*registry, "vouch_commit_queue_segments",
                                  "Segments that wait for the committer");
  Gauge& queue_bytes = GaugeOf(*registry, "vouch_commit_queue_bytes",
                               "Bytes that wait for the committer");
  Gauge& log_size =
      GaugeOf(*registry, "vouch_log_entries", "Entries in the log");
  Gauge& lag = GaugeOf(*registry, "vouch_materialiser_lag_entries",
                       "Entries committed and not yet in the views");
  Gauge& free_bytes = GaugeOf(*registry, "vouch_store_free_bytes",
                              "Bytes free on the store's disk");
  std::unique_ptr<prometheus::Exposer> exposer;  // the last: it reads the rest
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

absl::StatusOr<std::unique_ptr<Metrics>> Metrics::Start(
    const std::string& listen) {
  std::unique_ptr<Metrics> made(new Metrics());
  if (listen.empty()) return made;
  try {
    made->families_->exposer =
        std::make_unique<prometheus::Exposer>(listen, /*num_threads=*/1);
  } catch (const std::exception& error) {
    return Error(Reason::kConfigurationInvalid,
                 absl::StrCat("metrics.listen ", listen, ": ", error.what()));
  }
  made->families_->exposer->RegisterCollectable(made->families_->registry);
  return made;
}

void Metrics::SessionsOpen(size_t count) {
  families_->sessions.Set(static_cast<double>(count));
}
void Metrics::SessionEnded(const absl::Status& status) {
  families_->sessions_ended.Add({{"result", ResultOf(status)}}).Increment();
}
void Metrics::CallEnded(const char* call, const absl::Status& status) {
  families_->calls.Add({{"call", call}, {"result", ResultOf(status)}})
      .Increment();
}
void Metrics::CommittedGroup(size_t changes, size_t bytes, double seconds) {
  families_->commits.Increment();
  families_->group_changes.Observe(static_cast<double>(changes));
  families_->group_bytes.Observe(static_cast<double>(bytes));
  families_->commit_seconds.Observe(seconds);
}
void Metrics::CommitFailed(const absl::Status& status) {
  families_->commits_failed.Add({{"reason", ResultOf(status)}}).Increment();
}
void Metrics::Dispositions(size_t applied, size_t held, size_t duplicates) {
  if (applied > 0) families_->applied.Increment(static_cast<double>(applied));
  if (held > 0) families_->held.Increment(static_cast<double>(held));
  if (duplicates > 0) {
    families_->duplicate.Increment(static_cast<double>(duplicates));
  }
}
void Metrics::SegmentRejected(const absl::Status& status) {
  families_->rejected.Add({{"reason", ResultOf(status)}}).Increment();
}
void Metrics::Queue(size_t segments, size_t bytes) {
  families_->queue_segments.Set(static_cast<double>(segments));
  families_->queue_bytes.Set(static_cast<double>(bytes));
}
void Metrics::Log(uint64_t size, uint64_t not_materialised) {
  families_->log_size.Set(static_cast<double>(size));
  families_->lag.Set(static_cast<double>(not_materialised));
}
void Metrics::FreeBytes(uint64_t bytes) {
  families_->free_bytes.Set(static_cast<double>(bytes));
}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(families_->registry->Collect());
}

}  // namespace vouch
