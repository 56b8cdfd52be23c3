#include "storage/replica/centre_identity.h"

#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kSeedBytes = 32;

}  // namespace

CentreIdentity MakeIdentity(int64_t now_ms, Random& random) {
  SigningKey centre_key = SigningKey::Generate(random);
  SigningKey device_key = SigningKey::Generate(random);
  SigningKey person_key = SigningKey::Generate(random);
  auto incarnation = random.Make<Incarnation>();
  auto history = random.Make<HistoryId>();
  return {centre_key,  device_key, person_key,
          incarnation, history,    MintRecordId(now_ms, random)};
}

absl::StatusOr<CentreIdentity> ReadIdentity(const Reader& reader,
                                            const KeyRing& keys) {
  VOUCH_ASSIGN_OR_RETURN(std::string secret,
                         keys.GetSecret(reader, kCentreSecret));
  ByteReader in(secret);
  uint8_t version = in.U8();
  auto centre_key = SigningKey::FromSeed(in.Raw(kSeedBytes));
  auto device_key = SigningKey::FromSeed(in.Raw(kSeedBytes));
  auto person_key = SigningKey::FromSeed(in.Raw(kSeedBytes));
  auto incarnation = in.Fixed<Incarnation>();
  auto history = in.Fixed<HistoryId>();
  auto id = in.Fixed<RecordId>();
  if (!in.Done() || version != kVersion || !centre_key || !device_key ||
      !person_key) {
    return Error(Reason::kStoreCorrupted,
                 "the centre's identity in family meta is not readable");
  }
  return CentreIdentity{*centre_key, *device_key, *person_key,
                        incarnation, history,     id};
}

void PutIdentity(const CentreIdentity& identity, const KeyRing& keys,
                 WriteBatch* batch) {
  ByteWriter out;
  out.U8(kVersion).Raw(identity.centre_key.seed());
  out.Raw(identity.device_key.seed()).Raw(identity.person_key.seed());
  out.Fixed(identity.incarnation).Fixed(identity.history).Fixed(identity.id);
  keys.PutSecret(kCentreSecret, out.bytes(), batch);
}

}  // namespace vouch
