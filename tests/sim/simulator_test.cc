// The simulator's own instruments: a fault that does nothing, or a watcher that
// sees nothing, would make every run pass.
#include <algorithm>
#include <array>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "tests/sim/bugs.h"
#include "tests/sim/shrink.h"

namespace vouch::sim {
namespace {

// A machine with nothing on it but its store.
class Bare : public Machine {
 public:
  Bare(const Context& context, uint64_t seed)
      : Machine(context, "bare", seed) {}
  absl::Status Put(absl::string_view value) {
    WriteBatch batch;
    batch.Put(Family::kLog, "key", value);
    return store_->Write(std::move(batch), Durability::kSynced);
  }
  absl::StatusOr<std::string> Get() const {
    return store_->Get(Family::kLog, "key");
  }

 private:
  absl::Status OpenReplica() override { return absl::OkStatus(); }
  void CloseReplica() override {}
  void OnDown() override {}
  void OnUp() override {}
};

class SimMachine : public testing::Test {
 protected:
  void SetUp() override {
    machine.PowerOn();
    ASSERT_TRUE(machine.up());
    ASSERT_TRUE(machine.Put("first").ok());
  }
  Findings findings;
  Trace trace{false};
  Scheduler scheduler{&findings};
  Context context{&scheduler, &findings, &trace};
  SimRandom random{1};
  Bare machine{context, 7};
};

TEST_F(SimMachine, GoesBackToACheckpointAndOnFromThere) {
  machine.TakeCheckpoint(&random);
  ASSERT_TRUE(machine.Put("second").ok());
  ASSERT_TRUE(machine.PutBack(&random, 100));
  EXPECT_FALSE(machine.up());
  scheduler.RunUntil(200);
  ASSERT_TRUE(machine.up());
  EXPECT_EQ(*machine.Get(), "first");
  // The copy stays as it was, so that it can come back again.
  ASSERT_TRUE(machine.Put("third").ok());
  ASSERT_TRUE(machine.PutBack(&random, 100));
  scheduler.RunUntil(400);
  EXPECT_EQ(*machine.Get(), "first");
}

TEST_F(SimMachine, ACloneOpensWithTheSameKeysAndGoesItsOwnWay) {
  Bare clone(context, 8);
  clone.CopyDisk(machine);
  clone.PowerOn();
  ASSERT_TRUE(clone.up());
  EXPECT_EQ(*clone.Get(), "first");
  ASSERT_TRUE(clone.Put("the clone's").ok());
  EXPECT_EQ(*machine.Get(), "first");
}

TEST_F(SimMachine, RotIsAnErrorUntilItIsScrubbed) {
  for (int i = 0; i < 200 && machine.Get().ok(); ++i) machine.Rot(&random);
  EXPECT_TRUE(machine.rotten());
  EXPECT_EQ(ReasonOf(machine.Get().status()), Reason::kStoreCorrupted);
  machine.Scrub();
  EXPECT_EQ(*machine.Get(), "first");
}

TEST_F(SimMachine, OutOfServiceItStaysDownUntilItIsReplaced) {
  machine.TakeOut();
  scheduler.RunUntil(100'000);
  machine.Heal();
  EXPECT_FALSE(machine.up());
  machine.Replace();
  ASSERT_TRUE(machine.up());
  EXPECT_TRUE(absl::IsNotFound(machine.Get().status()));
}

TEST(SimFaults, AreReadBackAsTheyArePrinted) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Faults faults = DrawPlan(seed).faults;
    auto read = ParseFaults(FaultsText(faults));
    ASSERT_TRUE(read.has_value()) << FaultsText(faults);
    EXPECT_EQ(*read, faults);
  }
  EXPECT_FALSE(ParseFaults("flood:1").has_value());
  EXPECT_FALSE(ParseFaults("kill").has_value());
}

// Swarm testing: each fault is on in some runs and off in others, and there
// are runs without any, with one centre and two, of few devices and many.
TEST(SimFaults, EveryOneIsDrawnAndLeftOut) {
  std::array<int, kFaultCount> drawn{};
  size_t most_devices = 0;
  int without = 0, two_centres = 0;
  constexpr int kSeeds = 1000;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Plan plan = DrawPlan(seed);
    for (int f = 0; f < kFaultCount; ++f) {
      drawn[f] += plan.faults.a_day[f] > 0 ? 1 : 0;
    }
    without += plan.faults == Faults() ? 1 : 0;
    two_centres += plan.centres == 2 ? 1 : 0;
    most_devices = std::max(most_devices, plan.devices);
    EXPECT_GE(plan.devices, 2u);
    EXPECT_LE(plan.devices, 50u);
  }
  for (int f = 0; f < kFaultCount; ++f) {
    EXPECT_GT(drawn[f], 0) << FaultName(static_cast<Fault>(f));
    EXPECT_LT(drawn[f], kSeeds);
  }
  EXPECT_GT(without, 0);
  EXPECT_GT(two_centres, 0);
  EXPECT_GT(most_devices, 30u);
}

TEST(SimWorld, AFaultThatIsOffDoesNotHappen) {
  Plan plan;
  plan.seed = 3;
  plan.devices = 3;
  plan.saves_a_day = 10;
  RunResult calm = World(plan, false, {}).Run();
  EXPECT_FALSE(calm.violation.has_value()) << calm.violation->what;
  EXPECT_EQ(calm.sights.tampered + calm.sights.lies + calm.sights.replaced, 0u);
  plan.faults = *ParseFaults("tamper:6,byzantine:20,bit-rot:8");
  RunResult rough = World(plan, false, {}).Run();
  EXPECT_FALSE(rough.violation.has_value()) << rough.violation->what;
  EXPECT_GT(rough.sights.tampered, 0u);
  EXPECT_EQ(rough.sights.lies, 20u);
  EXPECT_GT(rough.sights.replaced + rough.sights.scrubs, 0u);
}

// Bytes that trickle and ends that nobody is told of: a tablet gives up after
// 30 seconds, the centre after a minute, and all is there in the end.
TEST(SimWorld, DeadlinesOfBothSidesFireAndNothingIsStuck) {
  Sights sights;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.devices = 3;
    plan.window_bytes = 2'000;
    plan.faults = *ParseFaults("half-open:8,drip:8");
    RunResult run = World(plan, false, {}).Run();
    ASSERT_FALSE(run.violation.has_value()) << run.violation->what;
    sights.Add(run.sights);
  }
  EXPECT_GT(sights.deadlines, 0u);
  EXPECT_GT(sights.too_slow, 0u);
}

// A planted bug is found, and by fewer devices, saves and faults than the seed
// began with; the test that is printed names the plan that was found.
TEST(SimShrink, MakesAFailingPlanSmallAndKeepsItsInvariant) {
  std::function<Seams()> plant;
  for (const Bug& bug : Bugs()) {
    if (bug.name == "drop-a-head") plant = bug.plant;
  }
  Plan plan;
  plan.seed = 5;
  plan.centres = 2;
  plan.devices = 4;
  plan.faults = *ParseFaults("kill:2,latency:2");
  auto violation = World(plan, false, plant()).Run().violation;
  ASSERT_TRUE(violation.has_value());
  Shrunk shrunk = Shrink(plan, *violation, plant, 30);
  EXPECT_LE(shrunk.runs, 30);
  EXPECT_EQ(shrunk.violation.invariant, violation->invariant);
  EXPECT_EQ(shrunk.plan.centres, 1u);
  EXPECT_LT(shrunk.plan.devices * static_cast<size_t>(shrunk.plan.saves_a_day),
            plan.devices * static_cast<size_t>(plan.saves_a_day));
  auto events = [](const Faults& faults) {
    return std::accumulate(faults.a_day.begin(), faults.a_day.end(), 0u);
  };
  EXPECT_LT(events(shrunk.plan.faults), events(plan.faults));
  auto again = World(shrunk.plan, false, plant()).Run().violation;
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->what, shrunk.violation.what);
  EXPECT_TRUE(absl::StrContains(
      AsTest(shrunk.plan, shrunk.violation),
      absl::StrCat("plan.devices = ", shrunk.plan.devices, ";")));
}

}  // namespace
}  // namespace vouch::sim
