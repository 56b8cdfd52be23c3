// The live queries of one client: what each has shown so far, and what of that
// has changed since. Not thread-safe: the client's lock guards it, and is not
// held while an app is told.
#ifndef VOUCH_CLIENT_LIB_SRC_LIVE_QUERIES_H_
#define VOUCH_CLIENT_LIB_SRC_LIVE_QUERIES_H_

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client-lib/src/record_filter.h"
#include "storage/replica/device.h"
#include "vouch/client.h"

namespace vouch {

// A query that is watched, and who is told. Outlives the LiveQuery while an app
// is being told.
class WatchedQuery {
 public:
  WatchedQuery(RecordFilter filter, RecordsChanged changed)
      : filter_(std::move(filter)), changed_(std::move(changed)) {}

  // What is new since the last call; under the client's lock.
  absl::StatusOr<std::vector<RecordEvent>> Collect(
      const Device& device, const Store& store, const Device::Touched& touched);
  // True if it is to be told though nothing changed: it was never told.
  bool fresh() const { return fresh_; }

  // Without any lock. Nothing happens once it has ended.
  void Tell(const std::vector<RecordEvent>& events);
  // On return it is not being told, unless by this thread.
  void End();
  bool ended() const;

 private:
  absl::Status Look(const Device& device, const Store& store,
                    const RecordSummaryRow& row,
                    std::vector<RecordEvent>* events);
  absl::Status LookAtAll(const Device& device, const Store& store,
                         std::vector<RecordEvent>* events);
  void Gone(const std::string& key, std::vector<RecordEvent>* events);

  const RecordFilter filter_;
  const RecordsChanged changed_;
  bool fresh_ = true;
  struct Shown {
    std::string version;
    RecordSummary summary;
  };
  std::map<std::string, Shown> shown_;  // by RecordStateKey

  mutable std::mutex mutex_;
  std::condition_variable told_;
  std::thread::id telling_;  // who tells now
  bool ended_ = false;
};

class LiveQueries {
 public:
  std::shared_ptr<WatchedQuery> Add(RecordFilter filter,
                                    RecordsChanged changed);
  bool empty() const { return watched_.empty(); }

  using Due = std::vector<
      std::pair<std::shared_ptr<WatchedQuery>, std::vector<RecordEvent>>>;
  // Who is to be told of what, after `touched` has changed.
  absl::StatusOr<Due> Collect(const Device& device, const Store& store,
                              const Device::Touched& touched);

 private:
  std::list<std::shared_ptr<WatchedQuery>> watched_;
};

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_LIVE_QUERIES_H_
