// Sealed values and the chain of keys that opens them: altered bytes, another
// place or another key open nothing, and the error says which it is.
#include "absl/strings/str_cat.h"
#include "storage/memory_store.h"
#include "storage/replica/key_ring.h"
#include "storage/replica/keys.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/replica_world.h"

namespace vouch {
namespace {

SealKey KeyOf(char byte) {
  return *SealKey::FromBytes(std::string(SealKey::kSize, byte));
}

void CheckUnseal(fuzz::Input& in) {
  SeededRandom random(1);
  const std::string context(in.Bytes(in.Below(64)));
  const std::string plain(in.Bytes(in.Below(300)));
  const std::string sealed = Seal(KeyOf('k'), context, plain, random);
  VOUCH_CHECK(sealed.size() == plain.size() + kSealOverheadBytes);
  VOUCH_CHECK(Unseal(KeyOf('k'), context, sealed) == plain);
  VOUCH_CHECK(!Unseal(KeyOf('x'), context, sealed).has_value());
  VOUCH_CHECK(!Unseal(KeyOf('k'), context + "x", sealed).has_value());
  VOUCH_CHECK(!Unseal(KeyOf('k'), context, fuzz::Damage(sealed, in)));
  VOUCH_CHECK(
      !Unseal(KeyOf('k'), context,
              absl::string_view(sealed).substr(0, in.Below(sealed.size()))));
  absl::string_view any = in.Rest();
  VOUCH_CHECK(any == sealed || !Unseal(KeyOf('k'), context, any).has_value());
}

// A store with one payload and one secret, as its rows are.
struct SmallStore {
  SmallStore() : random(2), provider(KeyOf('m')) {
    store = *OpenMemoryStore(&disk);
    auto ring = *KeyRing::Open(store.get(), &provider, &random);
    WriteBatch batch;
    VOUCH_CHECK(ring->PutPayload(chain_key, scope, "payload", &batch).ok());
    ring->PutSecret("secret", "plain", &batch);
    VOUCH_CHECK(store->Write(std::move(batch), Durability::kSynced).ok());
  }

  MemoryDisk disk;
  SeededRandom random;
  FixedKeyProvider provider;
  std::unique_ptr<Store> store;
  const ScopeId scope;
  const std::string chain_key =
      ChainKey({DeviceId(), Incarnation(), Hash(), 1});
};

// Puts something else in the place of one row.
void DamageRow(SmallStore& small, fuzz::Input& in) {
  std::vector<std::pair<Family, std::pair<std::string, std::string>>> rows;
  for (Family family : {Family::kKey, Family::kPayload, Family::kMeta}) {
    VOUCH_CHECK(
        small.store
            ->Scan(family, "", "",
                   [&](absl::string_view key, absl::string_view value) {
                     rows.push_back(
                         {family, {std::string(key), std::string(value)}});
                     return true;
                   })
            .ok());
  }
  const auto& [family, row] = rows[in.Below(rows.size())];
  WriteBatch batch;
  switch (in.Below(4)) {
    case 0:
      batch.Put(family, row.first, fuzz::Damage(row.second, in));
      break;
    case 1:
      batch.Put(family, row.first, in.Bytes(in.Byte()));
      break;
    case 2:
      batch.Put(family, row.first, rows[in.Below(rows.size())].second.second);
      break;
    case 3:
      batch.Delete(family, row.first);
      break;
  }
  VOUCH_CHECK(small.store->Write(std::move(batch), Durability::kSynced).ok());
}

void CheckKeyRing(fuzz::Input& in) {
  SmallStore small;
  for (size_t i = 1 + in.Below(3); i > 0; --i) DamageRow(small, in);
  auto ring = KeyRing::Open(small.store.get(), &small.provider, &small.random);
  fuzz::MustBeTyped(ring.status());
  if (!ring.ok()) return;
  auto payload =
      (*ring)->GetPayload(*small.store, small.chain_key, small.scope);
  fuzz::MustBeTyped(payload.status());
  // Erased, damaged, or what was put: never another text.
  if (payload.ok() && payload->has_value()) VOUCH_CHECK(**payload == "payload");
  auto secret = (*ring)->GetSecret(*small.store, "secret");
  fuzz::MustBeTyped(secret.status());
  if (secret.ok()) VOUCH_CHECK(*secret == "plain");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input in(data, size);
  if (in.Below(2) == 0) {
    CheckUnseal(in);
  } else {
    CheckKeyRing(in);
  }
  return 0;
}

}  // namespace vouch
