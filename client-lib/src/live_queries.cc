#include "client-lib/src/live_queries.h"

#include "client-lib/src/describe.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// What an app can see of a record changes with this.
std::string VersionOf(const RecordSummaryRow& row) {
  ByteWriter out;
  out.Fixed(row.state_hash).Varint(row.conflicts).Varint(row.held);
  return out.Varint(row.unacknowledged).Take();
}

absl::StatusOr<std::optional<RecordSummaryRow>> RowAt(const Device& device,
                                                      const Store& store,
                                                      const std::string& key) {
  std::optional<RecordSummaryRow> found;
  VOUCH_RETURN_IF_ERROR(device.changes().ScanSummaries(
      store, key, PrefixEnd(key), [&found](const RecordSummaryRow& row) {
        found = row;
        return false;
      }));
  return found;
}

}  // namespace

absl::Status WatchedQuery::Look(const Device& device, const Store& store,
                                const RecordSummaryRow& row,
                                std::vector<RecordEvent>* events) {
  const std::string key = RecordStateKey(row.scope, row.record);
  VOUCH_ASSIGN_OR_RETURN(bool matches, filter_.Matches(row, [&] {
    return device.changes().FoldStored(store, row.scope, row.record);
  }));
  if (!matches) {
    Gone(key, events);
    return absl::OkStatus();
  }
  const std::string version = VersionOf(row);
  auto [at, fresh] = shown_.try_emplace(key);
  if (!fresh && at->second.version == version) return absl::OkStatus();
  at->second = {version, DescribeSummary(row, device.membership())};
  events->push_back(
      {fresh ? RecordEvent::What::kAppeared : RecordEvent::What::kChanged,
       at->second.summary});
  return absl::OkStatus();
}

void WatchedQuery::Gone(const std::string& key,
                        std::vector<RecordEvent>* events) {
  auto at = shown_.find(key);
  if (at == shown_.end()) return;
  events->push_back({RecordEvent::What::kGone, std::move(at->second.summary)});
  shown_.erase(at);
}

absl::Status WatchedQuery::LookAtAll(const Device& device, const Store& store,
                                     std::vector<RecordEvent>* events) {
  for (const std::string& prefix : filter_.prefixes()) {
    std::vector<RecordSummaryRow> rows;
    VOUCH_RETURN_IF_ERROR(device.changes().ScanSummaries(
        store, prefix, PrefixEnd(prefix), [&rows](const RecordSummaryRow& row) {
          rows.push_back(row);
          return true;
        }));
    for (const RecordSummaryRow& row : rows) {
      VOUCH_RETURN_IF_ERROR(Look(device, store, row, events));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RecordEvent>> WatchedQuery::Collect(
    const Device& device, const Store& store, const Device::Touched& touched) {
  std::vector<RecordEvent> events;
  if (fresh_ || touched.all) {
    VOUCH_RETURN_IF_ERROR(LookAtAll(device, store, &events));
    fresh_ = false;
    return events;
  }
  for (const auto& [scope, record] : touched.records) {
    const std::string key = RecordStateKey(scope, record);
    VOUCH_ASSIGN_OR_RETURN(auto row, RowAt(device, store, key));
    if (row.has_value()) {
      VOUCH_RETURN_IF_ERROR(Look(device, store, *row, &events));
    } else {
      Gone(key, &events);
    }
  }
  return events;
}

void WatchedQuery::Tell(const std::vector<RecordEvent>& events) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return;
    telling_ = std::this_thread::get_id();
  }
  size_t begin = 0;
  do {
    const size_t end = std::min(events.size(), begin + kLiveEventsMax);
    changed_({events.begin() + static_cast<std::ptrdiff_t>(begin),
              events.begin() + static_cast<std::ptrdiff_t>(end)});
    begin = end;
  } while (begin < events.size() && !ended());
  std::lock_guard<std::mutex> lock(mutex_);
  telling_ = std::thread::id();
  told_.notify_all();
}

void WatchedQuery::End() {
  std::unique_lock<std::mutex> lock(mutex_);
  ended_ = true;
  if (telling_ == std::this_thread::get_id()) return;
  told_.wait(lock, [this] { return telling_ == std::thread::id(); });
}

bool WatchedQuery::ended() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return ended_;
}

std::shared_ptr<WatchedQuery> LiveQueries::Add(RecordFilter filter,
                                               RecordsChanged changed) {
  watched_.push_back(
      std::make_shared<WatchedQuery>(std::move(filter), std::move(changed)));
  return watched_.back();
}

absl::StatusOr<LiveQueries::Due> LiveQueries::Collect(
    const Device& device, const Store& store, const Device::Touched& touched) {
  watched_.remove_if([](const auto& watched) { return watched->ended(); });
  Due due;
  for (const auto& watched : watched_) {
    const bool first = watched->fresh();
    VOUCH_ASSIGN_OR_RETURN(auto events,
                           watched->Collect(device, store, touched));
    if (first || !events.empty()) due.push_back({watched, std::move(events)});
  }
  return due;
}

LiveQuery::LiveQuery(std::shared_ptr<WatchedQuery> watched)
    : watched_(std::move(watched)) {}
LiveQuery::~LiveQuery() { watched_->End(); }

}  // namespace vouch
