// A centre and tablets in memory whose disks are put back to earlier states.
#ifndef VOUCH_TESTS_SUPPORT_RECOVERY_FIXTURE_H_
#define VOUCH_TESTS_SUPPORT_RECOVERY_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/replica/chain_runs.h"
#include "tests/support/replica_world.h"

namespace vouch {

class Recovery : public ::testing::Test {
 protected:
  Tablet& Add(const std::string& name) {
    return world_.AddTablet(v1::ROLE_ASSESSOR, name);
  }
  void Save() { backup_ = world_.centre_disk.Clone(); }
  // In silence: the centre itself does not know.
  void PutCentreBack() {
    world_.CloseCentre();
    world_.centre_disk = backup_.Clone();
    ASSERT_TRUE(world_.OpenCentre().ok());
  }
  static void PutBack(Tablet& tablet, const MemoryDisk& backup) {
    tablet.Close();
    tablet.disk = backup.Clone();
    ASSERT_TRUE(tablet.Open().ok());
  }
  void MustSync(Tablet& tablet) {
    LoopbackResult result = world_.Sync(tablet);
    ASSERT_TRUE(result.status.ok()) << tablet.name << ": " << result.status;
    EXPECT_FALSE(tablet.device->recovery_due()) << tablet.name;
  }
  // Everybody holds the same, nothing is pending, the books balance.
  void ExpectAgreement(const std::vector<Tablet*>& tablets) {
    for (int round = 0; round < 2; ++round) {
      for (Tablet* tablet : tablets) MustSync(*tablet);
    }
    auto states = world_.centre->changes().ScopeStates(*world_.store);
    ASSERT_TRUE(states.ok());
    for (Tablet* tablet : tablets) {
      auto own = tablet->device->ScopeStates();
      ASSERT_TRUE(own.ok());
      EXPECT_EQ(*own, *states) << tablet->name;
      auto ledger = tablet->device->Ledger();
      ASSERT_TRUE(ledger.ok());
      EXPECT_TRUE(ledger->balanced()) << tablet->name;
      EXPECT_EQ(ledger->pending, 0u) << tablet->name;
      EXPECT_EQ(tablet->device->cursor_root(), world_.centre->Head().root);
    }
  }
  std::vector<ChainFault> FaultsOf(const Tablet& tablet) {
    auto faults = ListChainFaults(world_.centre->changes(), *world_.store,
                                  tablet.device->id());
    EXPECT_TRUE(faults.ok()) << faults.status();
    return faults.value_or(std::vector<ChainFault>());
  }
  bool AtCentre(const RecordId& record) {
    return world_.centre->FindRecord(record).ok();
  }

  ReplicaWorld world_;
  MemoryDisk backup_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_RECOVERY_FIXTURE_H_
