// The real vouchd as a process of its own on a folder of its own, with limits
// that let a whole fleet in, and what the system says of it.
//
//   ServerProcess server("build/release/bin/vouchd", dir.Path("centre"));
//   server.Start();
//   double before_s = server.CpuSeconds();
//
// A server that does not start or stop ends the benchmark. One thread at a
// time. The destructor stops it.
#ifndef VOUCH_TESTS_BENCH_SERVER_PROCESS_H_
#define VOUCH_TESTS_BENCH_SERVER_PROCESS_H_

#include <sys/types.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "server/admin_client.h"

namespace vouch::bench {

class ServerProcess {
 public:
  ServerProcess(std::string program, std::string folder);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  void Start();
  // SIGTERM, and waits for the end.
  void Stop();

  const std::string& address() const { return address_; }
  const std::string& ca_pem() const { return ca_pem_; }
  std::string StoreFolder() const;
  pid_t process() const { return process_; }

  // A single-use code for a new assessor. Any thread.
  std::string NewCode();
  uint64_t LogSize();
  // Waits until the views are up to the log, so that what is measured next
  // does not pay for what went before.
  void AwaitViews();

  // User and system time since its start.
  double CpuSeconds() const;
  double ResidentBytes() const;
  // Commit groups and the changes in them, since its start.
  struct Groups {
    double count = 0;
    double changes = 0;
  };
  Groups CommitGroups() const;

 private:
  // The output's reader: takes what the server prints until it ends.
  void ReadOutput(int pipe);
  // Until the server printed something, ended, or `wait` has passed.
  void AwaitOutput(std::chrono::milliseconds wait);

  const std::string program_;
  const std::string folder_;
  int metrics_port_ = 0;
  pid_t process_ = 0;
  std::string address_;
  std::string ca_pem_;
  std::mutex admin_mutex_;
  std::unique_ptr<AdminClient> admin_;

  std::mutex mutex_;
  std::condition_variable printed_;
  std::string output_;  // up to the address
  bool ended_ = false;
  std::thread reader_;
};

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_SERVER_PROCESS_H_
