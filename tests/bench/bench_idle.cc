// What tablets cost that are connected and have nothing to say.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "tests/bench/benches.h"
#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"
#include "tests/support/temp_dir.h"

namespace vouch::bench {
namespace {

constexpr double kStreamBytesMax = 110'000;  // sync.md §10
constexpr size_t kConnectingMax = 64;        // at a time
// Once in so many new ones those before say a word: the centre lets go of who
// is silent for a minute.
constexpr size_t kTouchEvery = 1000;

// Counts what has come so far, for whoever waits for it.
class Arrivals {
 public:
  void Add() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void AwaitAtLeast(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    VOUCH_CHECK(changed_.wait_for(lock, std::chrono::minutes(5),
                                  [&] { return count_ >= count; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_ = 0;
};

// A session that is open after Welcome, on a connection of its own.
class OpenStream
    : public grpc::ClientBidiReactor<v1::SyncRequest, v1::SyncResponse> {
 public:
  OpenStream(const FleetDevice& device, const ServerProcess& server,
             Arrivals* welcomed, Arrivals* ended)
      : client_(device.Connect(server)),
        welcomed_(welcomed),
        ended_(ended),
        request_(device.Hello()) {
    client_.sync()->async()->Sync(&context_, this);
    StartWrite(&request_);
    StartRead(&response_);
    AddHold();  // what is written later comes from outside the reactions
    StartCall();
  }

  void Touch() {
    if (writing_.exchange(true)) return;
    request_.Clear();
    request_.mutable_pull();
    StartWrite(&request_);
  }
  void End() {
    context_.TryCancel();
    RemoveHold();
  }
  bool open() const { return open_; }

 private:
  void OnWriteDone(bool) override { writing_ = false; }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (!open_.exchange(true)) welcomed_->Add();
    StartRead(&response_);
  }
  void OnDone(const grpc::Status&) override {
    open_ = false;
    ended_->Add();
  }

  TlsClient client_;
  Arrivals* const welcomed_;
  Arrivals* const ended_;
  grpc::ClientContext context_;
  v1::SyncRequest request_;
  v1::SyncResponse response_;
  std::atomic<bool> open_{false};
  std::atomic<bool> writing_{true};
};

void MeasureStreams(const FleetDevice& device, const ServerProcess& server,
                    size_t count, double empty_bytes, Report* report) {
  Arrivals welcomed, ended;
  std::vector<std::unique_ptr<OpenStream>> streams;
  const Stopwatch watch;
  for (size_t i = 0; i < count; ++i) {
    if (i >= kConnectingMax) welcomed.AwaitAtLeast(i + 1 - kConnectingMax);
    streams.push_back(
        std::make_unique<OpenStream>(device, server, &welcomed, &ended));
    if (i % kTouchEvery != kTouchEvery - 1) continue;
    for (const auto& stream : streams) {
      if (stream->open()) stream->Touch();
    }
  }
  welcomed.AwaitAtLeast(count);
  const double connecting_s = watch.Seconds();
  size_t open = 0;
  for (const auto& stream : streams) open += stream->open() ? 1 : 0;
  const double bytes = server.ResidentBytes() - empty_bytes;
  Result result;
  result.name = absl::StrCat("idle.", count, ".memory");
  result.value = bytes / static_cast<double>(open);
  result.unit = "bytes";
  result.target = kStreamBytesMax;
  result.target_is = Target::kValueMax;
  result.parameters = {
      {"open", absl::StrCat(open)},
      {"connected_per_s",
       absl::StrCat(static_cast<double>(count) / connecting_s)}};
  report->Add(result);
  for (const auto& stream : streams) stream->End();
  ended.AwaitAtLeast(count);
}

}  // namespace

void BenchIdle(const Settings& settings, Report* report) {
  BenchNothingChanged(settings, report);
  const std::vector<size_t> counts = settings.quick
                                         ? std::vector<size_t>{50}
                                         : std::vector<size_t>{1000, 9000};
  for (size_t count : counts) {
    // A server of its own each time: freed memory stays with a process.
    TempDir scratch(settings.folder);
    ServerProcess server(settings.vouchd, scratch.Path("centre"));
    server.Start();
    FleetDevice device(settings.seed);
    device.Enrol(&server);
    {
      device.Write(10);
      PushStream stream(device, server);  // every path was taken once
      stream.Push(device.TakeSegments());
      stream.Finish();
    }
    server.AwaitViews();
    MeasureStreams(device, server, count, server.ResidentBytes(), report);
  }
}

}  // namespace vouch::bench
