#include "tests/fuzz/recovery_scenes.h"

#include <array>

#include "sync/base/scope.h"

namespace vouch::fuzz {
namespace {

constexpr uint32_t kKind = 5;

void MustSync(ReplicaWorld& world, Tablet& tablet) {
  VOUCH_CHECK(world.Sync(tablet).status.ok());
}

void PutCentreBack(ReplicaWorld& world, const MemoryDisk& to) {
  world.CloseCentre();
  world.centre_disk = to.Clone();
  VOUCH_CHECK(world.OpenCentre().ok());
}

Scene Take(ReplicaWorld& world, Tablet& tablet) {
  Scene scene;
  scene.centre_key = CentreKeyOf(world);
  scene.tablet_master = *tablet.provider->MasterKey();
  scene.centre_master = *world.provider->MasterKey();
  scene.tablet = tablet.disk.Clone();
  scene.centre = world.centre_disk.Clone();
  return scene;
}

// The centre, or the tablet, is put back to before `a` and `b` did most of
// their work; the tablet is `a`.
Scene MakePutBack(bool centre) {
  ReplicaWorld world(20261123);
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  const ScopeId staff =
      MakeScope(ScopeKind::kStaff, RegistrationOf(world.scope()));
  RecordId shared = a.Create(kKind, world.scope(), "before");
  for (Tablet* t : {&a, &b, &a}) MustSync(world, *t);
  const MemoryDisk centre_before = world.centre_disk.Clone();
  const MemoryDisk tablet_before = a.disk.Clone();
  RecordId sealed = a.Create(kKind, staff, "signed");
  VOUCH_CHECK(a.Act(sealed, MergeClass::kSeal).ok());
  VOUCH_CHECK(a.Set(shared, "HOLD this one").ok());
  for (Tablet* t : {&a, &b}) MustSync(world, *t);
  VOUCH_CHECK(b.Set(shared, "by the other").ok());
  RecordId gone = b.Create(kKind, world.scope(), "to be erased");
  b.Create(kKind, staff, std::string(600, 'n'));
  for (Tablet* t : {&b, &a}) MustSync(world, *t);
  if (centre) {
    PutCentreBack(world, centre_before);
  } else {
    VOUCH_CHECK(world.centre->Erase(gone).ok());
    a.Close();
    a.disk = tablet_before.Clone();
    VOUCH_CHECK(a.Open().ok());
    VOUCH_CHECK(a.Set(shared, "typed again").ok());
  }
  a.Create(kKind, staff, "not sent yet");
  a.Create(kKind, world.scope(), "nor this");
  return Take(world, a);
}

// Rule 10: the author's acknowledgement was lost, so it is judged anew after
// the restore and held; the other pulled it, and has the proof. The tablet is
// the one that proves it, or its author once that was done.
Scene MakeProven(bool reinstated) {
  ReplicaWorld world(20261124);
  Tablet& author = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& witness = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  for (Tablet* t : {&author, &witness}) MustSync(world, *t);
  const MemoryDisk before = world.centre_disk.Clone();
  author.Create(kKind, world.scope(), "granted then");
  author.Create(kKind, world.scope(), "and this");
  LoopbackOptions lossy;
  lossy.on_response = [](const v1::SyncResponse& m) { return !m.has_ack(); };
  VOUCH_CHECK(!world.Sync(author, lossy).status.ok());
  MustSync(world, witness);
  PutCentreBack(world, before);
  world.permissive.hold_text = "granted";
  MustSync(world, author);
  // What it has of its own, to be kept.
  Tablet& tablet = reinstated ? author : witness;
  tablet.Create(kKind, world.scope(), "not sent yet");
  if (reinstated) {
    for (int i = 0; i < 2; ++i) MustSync(world, witness);
    VOUCH_CHECK(world.centre->Ledger()->held == 0);
  }
  Scene scene = Take(world, tablet);
  scene.hold_text = world.permissive.hold_text;
  return scene;
}

}  // namespace

const Scene* ChooseScene(Input& in) {
  static const auto* scenes = new std::array<Scene, kScenes - 1>{
      MakePutBack(/*centre=*/true), MakePutBack(/*centre=*/false),
      MakeProven(/*reinstated=*/false), MakeProven(/*reinstated=*/true)};
  const size_t chosen = in.Below(kScenes);
  return chosen == 0 ? nullptr : &scenes->at(chosen - 1);
}

std::unique_ptr<Tablet> CopyTablet(const Scene* scene) {
  if (scene == nullptr) return FuzzWorld::Get().CopyTablet();
  auto tablet = std::make_unique<Tablet>();
  tablet->disk = scene->tablet.Clone();
  tablet->clock.Advance(1'000'000);
  tablet->random = std::make_unique<SeededRandom>(31);
  tablet->provider = std::make_unique<FixedKeyProvider>(*scene->tablet_master);
  VOUCH_CHECK(tablet->Open().ok());
  return tablet;
}

std::unique_ptr<CentreCopy> CopyCentre(const Scene* scene) {
  if (scene == nullptr) return FuzzWorld::Get().CopyCentre();
  auto copy = std::make_unique<CentreCopy>();
  copy->disk = scene->centre.Clone();
  copy->clock.Advance(1'000'000);
  copy->random = std::make_unique<SeededRandom>(32);
  copy->provider = std::make_unique<FixedKeyProvider>(*scene->centre_master);
  copy->judge.hold_text = scene->hold_text;
  VOUCH_CHECK(copy->Open().ok());
  return copy;
}

const SigningKey& CentreKeyOf(const Scene* scene) {
  return scene == nullptr ? FuzzWorld::Get().centre_key() : *scene->centre_key;
}

}  // namespace vouch::fuzz
