// A centre and tablets whole, as people have them: the real server in this
// process, the real library, and for some cases the `vouch` tool. What a test
// may break is the clocks, the disks, the network, and the data folders.
//
//   TEST_F(Failures, Case99_SomethingIsLost) {
//     StartCentre();
//     Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
//     Id seen = Observe(ann, Register(ann));
//     Sync(ann);
//   }
#ifndef VOUCH_TESTS_FAILURES_FAILURES_FIXTURE_H_
#define VOUCH_TESTS_FAILURES_FAILURES_FIXTURE_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/server.h"
#include "tests/support/client_fixture.h"
#include "tests/support/link.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wrong_clock.h"
#include "vouch/client.h"

namespace vouch {

// One person's tablet. `client` is null while the app is closed.
struct Tablet {
  std::string name;
  OpenOptions options;
  WrongClock clock;
  // The disk; and after how many looks at it there is no space left.
  std::atomic<int> looks_until_full{std::numeric_limits<int>::max()};
  std::unique_ptr<Client> client;

  Client* operator->() const { return client.get(); }
  void Open();
  void Close() { client.reset(); }
};

class Failures : public testing::Test {
 protected:
  Failures();
  ~Failures() override;

  // The same port each time, so that tablets find it again.
  void StartCentre();
  void StopCentre() { server_.reset(); }
  // The centre's data as a copy that nobody told of. It must be stopped.
  void CopyCentre(const std::string& name);
  void PutCentreBack(const std::string& name);
  // Changes at the centre.
  uint64_t LogSize();

  std::string NewCode(const std::string& name,
                      v1::Role role = v1::ROLE_ASSESSOR);
  Tablet& AddTablet(v1::Role role, const std::string& name);
  // Another tablet with a copy of that one's folder. Both apps are closed for
  // it and open afterwards.
  Tablet& CloneTablet(Tablet& tablet, const std::string& name);
  // An older copy of the tablet's folder takes its place.
  void CopyTablet(Tablet& tablet);
  void PutTabletBack(Tablet& tablet);
  static Tablet& Restart(Tablet& tablet) {
    tablet.Close();
    tablet.Open();
    return tablet;
  }

  static SyncOptions Through(const Link& link);
  // Nothing may be left over after it.
  static SyncReport Sync(Tablet& tablet, const SyncOptions& options = {});
  // Twice, so that each has also what those after it brought.
  static void SyncAll(std::initializer_list<Tablet*> tablets);
  // A sync that pushes until the centre has committed it, and never learns.
  // What it pushes is some 30 kB: enough to tell from the greeting, and less
  // than flow control lets pass without a word from the centre.
  void LoseTheAnswer(Tablet& tablet);
  // The tool syncs over a link with that fault, and is killed when the centre
  // has committed something; the app is closed afterwards.
  void KillASync(Tablet& tablet, const LinkFault& fault);

  static Id Register(Tablet& tablet, const Tablet* verifier = nullptr);
  static v1::Observation Observed(Tablet& tablet);
  static Id Observe(Tablet& tablet, const Id& registration);
  // With a text that neither compresses nor repeats.
  static Id ObserveAtLength(Tablet& tablet, const Id& registration,
                            size_t bytes);
  static std::string Noise(size_t bytes);
  static v1::Judgement Verdict(const Id& evidence, bool met);

  template <typename Message>
  static Message Read(const Tablet& tablet, const Id& id) {
    auto record = tablet->Get(id);
    EXPECT_TRUE(record.ok()) << tablet.name << ": " << record.status();
    return record.ok() ? dynamic_cast<const Message&>(*record->message)
                       : Message();
  }
  static std::string Venue(const Tablet& tablet, const Id& id) {
    return Read<v1::Observation>(tablet, id).venue();
  }
  // Empty if there is none.
  static std::string FirstParagraph(const Tablet& tablet, const Id& id) {
    const auto seen = Read<v1::Observation>(tablet, id);
    return seen.narrative().empty() ? "" : seen.narrative(0).text();
  }
  // Edits what the tablet shows now.
  static void SetVenue(Tablet& tablet, const Id& id, const std::string& venue);
  static std::string State(const Tablet& tablet, const Id& id);
  static size_t Count(const Tablet& tablet, const std::string& kind);

  // The tablets and the centre hold the same, as far as each may see it.
  static void ExpectInStep(std::initializer_list<Tablet*> tablets);

  // Runs `vouch` on the tablet's store; the app is closed.
  struct ToolRun {
    int code = 0;
    std::string out;
  };
  ToolRun RunTool(Tablet& tablet, std::vector<std::string> arguments);
  // Runs `vouchd`, beside the centre.
  ToolRun RunServerTool(std::vector<std::string> arguments);
  // Starts it; the caller waits for the process.
  pid_t StartTool(Tablet& tablet, std::vector<std::string> arguments,
                  const std::string& output);
  static pid_t Start(const std::string& program,
                     std::vector<std::string> arguments,
                     const std::string& output);
  static ToolRun WaitFor(pid_t tool, const std::string& output);

  // True once `holds` does; false after half a minute.
  template <typename Condition>
  static bool Eventually(Condition holds) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  TempDir dir_;
  Config config_;
  WrongClock centre_clock_;
  std::atomic<uint64_t> centre_free_bytes_{uint64_t{1} << 40};
  std::vector<std::unique_ptr<Tablet>> tablets_;
  std::unique_ptr<Server> server_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_FAILURES_FAILURES_FIXTURE_H_
