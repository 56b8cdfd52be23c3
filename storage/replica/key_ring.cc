#include "storage/replica/key_ring.h"

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

std::string ScopeKeyName(const ScopeId& scope) {
  return absl::StrCat("S", scope.view());
}
// Bound into every sealed value, so that bytes moved elsewhere do not open.
std::string Context(Family family, absl::string_view key) {
  return absl::StrCat(FamilyName(family), ":", key);
}

absl::Status Damaged(Family family) {
  return Error(Reason::kStoreCorrupted,
               absl::StrCat("a sealed value of family ", FamilyName(family),
                            " does not open"));
}

absl::StatusOr<SealKey> UnwrapKey(const SealKey& outer, absl::string_view name,
                                  absl::string_view wrapped) {
  auto plain = Unseal(outer, Context(Family::kKey, name), wrapped);
  if (!plain.has_value()) return Damaged(Family::kKey);
  auto key = SealKey::FromBytes(*plain);
  if (!key.has_value()) return Damaged(Family::kKey);
  return *key;
}

std::string WrapKey(const SealKey& outer, absl::string_view name,
                    const SealKey& key, Random& random) {
  return Seal(outer, Context(Family::kKey, name), key.view(), random);
}

}  // namespace

std::string PayloadKeyName(absl::string_view chain_key) {
  return absl::StrCat("P", chain_key);
}

KeyRing::KeyRing(Store* store, Random* random, const SealKey& store_key)
    : store_(store), random_(random), store_key_(store_key) {}

// Absent in a new store.
absl::StatusOr<std::optional<SealKey>> KeyRing::FindStoreKey(
    const Reader& reader, KeyProvider* provider) {
  VOUCH_ASSIGN_OR_RETURN(SealKey master, provider->MasterKey());
  auto wrapped = reader.Get(Family::kKey, kStoreKeyName);
  if (absl::IsNotFound(wrapped.status())) return std::optional<SealKey>();
  if (!wrapped.ok()) return wrapped.status();
  auto key = UnwrapKey(master, kStoreKeyName, *wrapped);
  if (!key.ok()) {
    return Error(Reason::kStoreKeyWrong,
                 "the key given does not open this store");
  }
  return std::optional<SealKey>(*key);
}

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::Open(Store* store,
                                                       KeyProvider* provider,
                                                       Random* random) {
  VOUCH_ASSIGN_OR_RETURN(auto found, FindStoreKey(*store, provider));
  if (found.has_value()) {
    return std::unique_ptr<KeyRing>(new KeyRing(store, random, *found));
  }
  VOUCH_ASSIGN_OR_RETURN(SealKey master, provider->MasterKey());
  SealKey key = SealKey::Generate(*random);
  WriteBatch batch;
  batch.Put(Family::kKey, kStoreKeyName,
            WrapKey(master, kStoreKeyName, key, *random));
  VOUCH_RETURN_IF_ERROR(store->Write(std::move(batch), Durability::kSynced));
  return std::unique_ptr<KeyRing>(new KeyRing(store, random, key));
}

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::OpenExisting(
    const Reader& reader, KeyProvider* provider, Random* random) {
  VOUCH_ASSIGN_OR_RETURN(auto found, FindStoreKey(reader, provider));
  if (!found.has_value()) return Damaged(Family::kKey);
  return std::unique_ptr<KeyRing>(new KeyRing(nullptr, random, *found));
}

absl::StatusOr<SealKey> KeyRing::ScopeKey(const Reader& reader,
                                          const ScopeId& scope,
                                          WriteBatch* batch) const {
  {
    MutexLock lock(mutex_);
    auto cached = scope_keys_.find(scope);
    if (cached != scope_keys_.end()) return cached->second;
  }
  std::string name = ScopeKeyName(scope);
  auto wrapped = reader.Get(Family::kKey, name);
  if (wrapped.ok()) {
    VOUCH_ASSIGN_OR_RETURN(SealKey key, UnwrapKey(store_key_, name, *wrapped));
    MutexLock lock(mutex_);
    scope_keys_.insert_or_assign(scope, key);
    return key;
  }
  if (!absl::IsNotFound(wrapped.status()) || batch == nullptr) {
    return wrapped.status();
  }
  // Written at once and not with the payload's batch: were that batch to fail,
  // a cached key that no store holds would seal later payloads for ever.
  // Buffered is enough, since a later synced write carries it along.
  SealKey key = SealKey::Generate(*random_);
  WriteBatch own;
  own.Put(Family::kKey, name, WrapKey(store_key_, name, key, *random_));
  VOUCH_RETURN_IF_ERROR(store_->Write(std::move(own), Durability::kBuffered));
  MutexLock lock(mutex_);
  scope_keys_.insert_or_assign(scope, key);
  return key;
}

absl::Status KeyRing::PutPayload(absl::string_view chain_key,
                                 const ScopeId& scope, absl::string_view plain,
                                 WriteBatch* batch) {
  VOUCH_ASSIGN_OR_RETURN(SealKey outer, ScopeKey(*store_, scope, batch));
  SealKey key = SealKey::Generate(*random_);
  std::string name = PayloadKeyName(chain_key);
  batch->Put(Family::kKey, name, WrapKey(outer, name, key, *random_));
  batch->Put(Family::kPayload, chain_key,
             Seal(key, Context(Family::kPayload, chain_key), plain, *random_));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> KeyRing::GetPayload(
    const Reader& reader, absl::string_view chain_key,
    const ScopeId& scope) const {
  std::string name = PayloadKeyName(chain_key);
  auto wrapped = reader.Get(Family::kKey, name);
  if (absl::IsNotFound(wrapped.status())) return std::nullopt;
  if (!wrapped.ok()) return wrapped.status();
  auto sealed = reader.Get(Family::kPayload, chain_key);
  if (absl::IsNotFound(sealed.status())) return std::nullopt;
  if (!sealed.ok()) return sealed.status();
  VOUCH_ASSIGN_OR_RETURN(
      std::string plain,
      OpenPayload(reader, chain_key, scope, *wrapped, *sealed));
  return std::optional<std::string>(std::move(plain));
}

absl::StatusOr<std::string> KeyRing::OpenPayload(
    const Reader& reader, absl::string_view chain_key, const ScopeId& scope,
    absl::string_view wrapped_key, absl::string_view sealed) const {
  auto outer = ScopeKey(reader, scope, nullptr);
  if (absl::IsNotFound(outer.status())) return Damaged(Family::kKey);
  if (!outer.ok()) return outer.status();
  VOUCH_ASSIGN_OR_RETURN(
      SealKey key, UnwrapKey(*outer, PayloadKeyName(chain_key), wrapped_key));
  auto plain = Unseal(key, Context(Family::kPayload, chain_key), sealed);
  if (!plain.has_value()) return Damaged(Family::kPayload);
  return *std::move(plain);
}

void KeyRing::ErasePayload(absl::string_view chain_key,
                           WriteBatch* batch) const {
  batch->Delete(Family::kKey, PayloadKeyName(chain_key));
  batch->Delete(Family::kPayload, chain_key);
}

std::string KeyRing::SealRow(Family family, absl::string_view key,
                             absl::string_view plain) const {
  return Seal(store_key_, Context(family, key), plain, *random_);
}

absl::StatusOr<std::string> KeyRing::OpenRow(Family family,
                                             absl::string_view key,
                                             absl::string_view sealed) const {
  auto plain = Unseal(store_key_, Context(family, key), sealed);
  if (!plain.has_value()) return Damaged(family);
  return *plain;
}

void KeyRing::PutSecret(absl::string_view name, absl::string_view plain,
                        WriteBatch* batch) const {
  batch->Put(Family::kMeta, name, SealRow(Family::kMeta, name, plain));
}

absl::StatusOr<std::string> KeyRing::GetSecret(const Reader& reader,
                                               absl::string_view name) const {
  VOUCH_ASSIGN_OR_RETURN(std::string sealed, reader.Get(Family::kMeta, name));
  return OpenRow(Family::kMeta, name, sealed);
}

}  // namespace vouch
