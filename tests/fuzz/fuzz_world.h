// A centre and a tablet in the middle of their work, made once and copied for
// every run: the tablet has synced before, has changes that nobody has seen,
// and the centre has changes that the tablet lacks. All of it is deterministic.
//
//   std::unique_ptr<Tablet> tablet = FuzzWorld::Get().CopyTablet();
//   OwnState before = OwnStateOf(*tablet);
//   … a hostile peer …
//   CheckKept(before, *tablet);
//
// One thread. Each copy owns its disk.
#ifndef VOUCH_TESTS_FUZZ_FUZZ_WORLD_H_
#define VOUCH_TESTS_FUZZ_FUZZ_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/replica_world.h"

namespace vouch::fuzz {

// A centre on a disk of its own.
struct CentreCopy {
  MemoryDisk disk;
  FakeClock clock;
  std::unique_ptr<SeededRandom> random;
  PermissiveJudge judge;
  std::unique_ptr<FixedKeyProvider> provider;
  std::unique_ptr<Store> store;
  std::unique_ptr<KeyRing> keys;
  std::unique_ptr<Centre> centre;

  // (Re)opens everything on the disk.
  absl::Status Open();
  void Close();
};

class FuzzWorld {
 public:
  static const FuzzWorld& Get();

  // Opened unless told otherwise: a test may want to damage the disk first.
  std::unique_ptr<Tablet> CopyTablet(bool open = true) const;
  std::unique_ptr<CentreCopy> CopyCentre() const;

  // What the centre signs with: a hostile centre has its own key.
  const SigningKey& centre_key() const { return *centre_key_; }
  const HistoryId& history() const { return history_; }
  // Scopes that the tablet has records of.
  const std::vector<ScopeId>& scopes() const { return scopes_; }
  // Keys of a tablet that the centre also knows.
  const SigningKey& other_device_key() const { return *other_device_key_; }

 private:
  FuzzWorld();

  MemoryDisk tablet_disk_;
  MemoryDisk centre_disk_;
  std::optional<SealKey> tablet_master_;
  std::optional<SealKey> centre_master_;
  std::optional<SigningKey> centre_key_;
  std::optional<SigningKey> other_device_key_;
  HistoryId history_;
  std::vector<ScopeId> scopes_;
};

// What a tablet's own person captured on it, byte for byte.
struct OwnState {
  std::vector<std::string> changes;  // core and payload, in chain order
  bool operator==(const OwnState& o) const { return changes == o.changes; }
};
OwnState OwnStateOf(const Tablet& tablet);

// Everything the tablet can show about its store, to be compared.
std::string Describe(const Tablet& tablet);

// What holds of a tablet whatever its peer sent: own work is there to the
// byte, the ledger balances, every record can be shown, and a restart finds
// the same. In recovery it may get back own work that it had lost.
enum class Own { kAsBefore, kMayGrow };
void CheckKept(const OwnState& before, Tablet& tablet,
               Own own = Own::kAsBefore);

// What the centre signs its log with.
SigningKey CentreKeyOf(const ReplicaWorld& world);

// Sets, clears, adds or removes one field somewhere in the message, as the
// input says.
void MutateMessage(google::protobuf::Message& message, Input& in);

}  // namespace vouch::fuzz

#endif  // VOUCH_TESTS_FUZZ_FUZZ_WORLD_H_
