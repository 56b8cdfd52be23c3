#include "tests/fuzz/fuzz_world.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/scope.h"

namespace vouch::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr uint32_t kKind = 5;

std::string ShortValue(Input& in) { return std::string(in.Bytes(in.Byte())); }

void SetScalar(Message& message, const FieldDescriptor& field, int index,
               Input& in) {
  const Reflection& r = *message.GetReflection();
  const bool many = field.is_repeated();
#define VOUCH_SET(TYPE, Name, value)                           \
  case FieldDescriptor::CPPTYPE_##TYPE:                        \
    many ? r.SetRepeated##Name(&message, &field, index, value) \
         : r.Set##Name(&message, &field, value);               \
    return
  switch (field.cpp_type()) {
    VOUCH_SET(INT32, Int32, static_cast<int32_t>(in.Number()));
    VOUCH_SET(INT64, Int64, static_cast<int64_t>(in.Number()));
    VOUCH_SET(UINT32, UInt32, static_cast<uint32_t>(in.Number()));
    VOUCH_SET(UINT64, UInt64, in.Number());
    VOUCH_SET(BOOL, Bool, (in.Byte() & 1) != 0);
    VOUCH_SET(ENUM, EnumValue, static_cast<int>(in.Number()));
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string now = many ? r.GetRepeatedString(message, &field, index)
                             : r.GetString(message, &field);
      std::string value =
          now.empty() || in.Below(3) == 0 ? ShortValue(in) : Damage(now, in);
      many ? r.SetRepeatedString(&message, &field, index, value)
           : r.SetString(&message, &field, value);
      return;
    }
    default:
      return;
  }
#undef VOUCH_SET
}

void AddOne(Message& message, const FieldDescriptor& field, Input& in) {
  const Reflection& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      r.AddMessage(&message, &field);
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      r.AddString(&message, &field, ShortValue(in));
      return;
    default:
      return;
  }
}

void MutateRepeated(Message& message, const FieldDescriptor& field, Input& in) {
  const Reflection& r = *message.GetReflection();
  const int size = r.FieldSize(message, &field);
  size_t how = in.Below(5);
  if (size == 0 || how == 0) return AddOne(message, field, in);
  const int index = static_cast<int>(in.Below(static_cast<size_t>(size)));
  if (how == 1) return r.SwapElements(&message, &field, index, size - 1);
  if (how == 2) return r.RemoveLast(&message, &field);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return MutateMessage(*r.MutableRepeatedMessage(&message, &field, index),
                         in);
  }
  SetScalar(message, field, index, in);
}

}  // namespace

void MutateMessage(Message& message, Input& in) {
  const Reflection& r = *message.GetReflection();
  const auto& type = *message.GetDescriptor();
  if (type.field_count() == 0) return;
  // Of the fields that are set, mostly: a message holds one of many.
  std::vector<const FieldDescriptor*> fields;
  r.ListFields(message, &fields);
  if (fields.empty() || in.Below(8) == 7) {
    fields.clear();
    for (int i = 0; i < type.field_count(); ++i) {
      fields.push_back(type.field(i));
    }
  }
  const FieldDescriptor& field = *fields[in.Below(fields.size())];
  if (in.Below(16) == 15) return r.ClearField(&message, &field);
  if (field.is_repeated()) return MutateRepeated(message, field, in);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return MutateMessage(*r.MutableMessage(&message, &field), in);
  }
  SetScalar(message, field, 0, in);
}

// The first of the three keys in the centre's identity.
SigningKey CentreKeyOf(const ReplicaWorld& world) {
  auto secret = world.keys->GetSecret(*world.store, "centre-keys");
  VOUCH_CHECK(secret.ok());
  auto key = SigningKey::FromSeed(absl::string_view(*secret).substr(1, 32));
  VOUCH_CHECK(key.has_value() && key->public_key() == world.centre->key());
  return *key;
}

absl::Status CentreCopy::Open() {
  VOUCH_ASSIGN_OR_RETURN(store, OpenMemoryStore(&disk));
  VOUCH_ASSIGN_OR_RETURN(
      keys, KeyRing::Open(store.get(), provider.get(), random.get()));
  VOUCH_ASSIGN_OR_RETURN(centre,
                         Centre::Open(store.get(), keys.get(), &judge, &clock,
                                      random.get(), {"fuzzed centre"}));
  return absl::OkStatus();
}

void CentreCopy::Close() {
  centre.reset();
  keys.reset();
  store.reset();
}

FuzzWorld::FuzzWorld() {
  ReplicaWorld world(20261122);
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  ScopeId staff = MakeScope(ScopeKind::kStaff, RegistrationOf(world.scope()));
  scopes_ = {world.scope(), staff};
  RecordId shared = a.Create(kKind, world.scope(), "at the front desk");
  RecordId sealed = a.Create(kKind, staff, "signed");
  VOUCH_CHECK(a.Act(sealed, MergeClass::kSeal).ok());
  VOUCH_CHECK(a.Set(shared, "HOLD this one").ok());
  for (Tablet* t : {&a, &b, &a}) VOUCH_CHECK(world.Sync(*t).status.ok());
  // What each side has not told the other yet: a conflict among it.
  VOUCH_CHECK(b.Set(shared, "by the other").ok());
  b.Create(kKind, staff, std::string(600, 'n'));
  b.Create(kKind, world.scope(), "new");
  VOUCH_CHECK(world.Sync(b).status.ok());
  VOUCH_CHECK(a.Set(shared, "by this one").ok());
  a.Create(kKind, staff, "not sent yet");
  a.Create(kKind, world.scope(), "nor this");
  centre_key_ = CentreKeyOf(world);
  history_ = world.centre->history();
  other_device_key_ = b.device->device_key();
  tablet_master_ = *a.provider->MasterKey();
  centre_master_ = *world.provider->MasterKey();
  a.Close();
  world.CloseCentre();
  tablet_disk_ = a.disk.Clone();
  centre_disk_ = world.centre_disk.Clone();
}

const FuzzWorld& FuzzWorld::Get() {
  static const auto* world = new FuzzWorld;
  return *world;
}

std::unique_ptr<Tablet> FuzzWorld::CopyTablet(bool open) const {
  auto tablet = std::make_unique<Tablet>();
  tablet->disk = tablet_disk_.Clone();
  tablet->clock.Advance(1'000'000);
  tablet->random = std::make_unique<SeededRandom>(31);
  tablet->provider = std::make_unique<FixedKeyProvider>(*tablet_master_);
  if (open) VOUCH_CHECK(tablet->Open().ok());
  return tablet;
}

std::unique_ptr<CentreCopy> FuzzWorld::CopyCentre() const {
  auto copy = std::make_unique<CentreCopy>();
  copy->disk = centre_disk_.Clone();
  copy->clock.Advance(1'000'000);
  copy->random = std::make_unique<SeededRandom>(32);
  copy->provider = std::make_unique<FixedKeyProvider>(*centre_master_);
  VOUCH_CHECK(copy->Open().ok());
  return copy;
}

OwnState OwnStateOf(const Tablet& tablet) {
  OwnState state;
  DeviceId own = tablet.device->id();
  VOUCH_CHECK(tablet.store
                  ->Scan(Family::kChain, own.view(), PrefixEnd(own.view()),
                         [&](absl::string_view key, absl::string_view) {
                           auto at = CoordinateOfKey(key);
                           VOUCH_CHECK(at.has_value());
                           auto change = tablet.device->changes().GetChange(
                               *tablet.store, *at);
                           VOUCH_CHECK(change.ok());
                           state.changes.push_back(absl::StrCat(
                               change->core_bytes, change->payload));
                           return true;
                         })
                  .ok());
  return state;
}

std::string Describe(const Tablet& tablet) {
  const Device& device = *tablet.device;
  ByteWriter out;
  out.Varint(device.cursor_size()).Fixed(device.cursor_root());
  auto ledger = device.Ledger();
  VOUCH_CHECK(ledger.ok() && ledger->balanced());
  out.Varint(ledger->captured).Varint(ledger->stored);
  out.Varint(ledger->held).Varint(ledger->pending).Varint(ledger->pulled);
  auto states = device.ScopeStates();
  VOUCH_CHECK(states.ok());
  for (const auto& [scope, state] : *states) out.Fixed(scope).Fixed(state);
  VOUCH_CHECK(device
                  .ScanRecords([&](const RecordSummaryRow& row) {
                    auto view = device.View(row.record);
                    VOUCH_CHECK(view.ok());
                    out.Fixed(view->state_hash).Prefixed(view->MessageBytes());
                    return true;
                  })
                  .ok());
  auto attention = device.Attention();
  VOUCH_CHECK(attention.ok());
  out.Varint(attention->size());
  return out.Take();
}

void CheckKept(const OwnState& before, Tablet& tablet, Own own) {
  const OwnState now = OwnStateOf(tablet);
  if (own == Own::kAsBefore) {
    VOUCH_CHECK(now == before);
  } else {
    const std::set<std::string> held(now.changes.begin(), now.changes.end());
    for (const std::string& change : before.changes) {
      VOUCH_CHECK(held.contains(change));
    }
  }
  const std::string described = Describe(tablet);
  tablet.Close();
  VOUCH_CHECK(tablet.Open().ok());
  VOUCH_CHECK(OwnStateOf(tablet) == now);
  VOUCH_CHECK(Describe(tablet) == described);
}

}  // namespace vouch::fuzz
