// A tablet whose rows are not what it wrote, though their checksums are right:
// as after a fault of the engine or of memory. Rows are altered, swapped,
// copied, deleted, made up. Then everything is opened, read, saved and synced.
//
// Nothing crashes or hangs, errors are typed, and what a session sends and the
// centre takes is what verifies.
#include <utility>
#include <vector>

#include "storage/replica/keys.h"
#include "tests/fuzz/fuzz_world.h"

namespace vouch::fuzz {
namespace {

constexpr int kDamagesMax = 8;

using Row = std::pair<std::string, std::string>;

std::vector<Row> RowsOf(const Store& store, Family family) {
  std::vector<Row> rows;
  VOUCH_CHECK(
      store
          .Scan(family, "", "",
                [&](absl::string_view key, absl::string_view value) {
                  rows.push_back({std::string(key), std::string(value)});
                  return true;
                })
          .ok());
  return rows;
}

void DamageOne(Store& store, Input& in) {
  Family family = static_cast<Family>(in.Below(kFamilyCount));
  std::vector<Row> rows = RowsOf(store, family);
  WriteBatch batch;
  if (rows.empty()) {
    batch.Put(family, in.Bytes(in.Byte()), in.Bytes(in.Byte()));
  } else {
    const Row& row = rows[in.Below(rows.size())];
    const Row& other = rows[in.Below(rows.size())];
    switch (in.Below(7)) {
      case 0:
        if (!row.second.empty()) {
          batch.Put(family, row.first, Damage(row.second, in));
        }
        break;
      case 1:
        batch.Put(family, row.first, in.Bytes(in.Byte()));
        break;
      case 2:
        batch.Put(family, row.first, other.second);
        break;
      case 3:
        batch.Put(family, Damage(row.first, in), row.second);
        break;
      case 4:
        batch.Delete(family, row.first);
        break;
      case 5:
        batch.Put(family, row.first,
                  row.second.substr(0, in.Below(row.second.size() + 1)));
        break;
      case 6:
        batch.Put(family, in.Bytes(in.Byte()), row.second);
        break;
    }
  }
  VOUCH_CHECK(store.Write(std::move(batch), Durability::kSynced).ok());
}

void ReadEverything(const Tablet& tablet) {
  const Device& device = *tablet.device;
  MustBeTyped(device.Ledger().status());
  MustBeTyped(device.Attention().status());
  MustBeTyped(device.ScopeStates().status());
  std::vector<RecordId> records;
  MustBeTyped(device.ScanRecords([&](const RecordSummaryRow& row) {
    records.push_back(row.record);
    return true;
  }));
  for (const RecordId& record : records) {
    MustBeTyped(device.View(record).status());
    MustBeTyped(device.SafetyOf(record).status());
  }
  const ChangeStore& changes = device.changes();
  for (const Row& row : RowsOf(*tablet.store, Family::kSegment)) {
    auto at = CoordinateOfKey(row.first);
    if (!at.has_value()) continue;
    auto segment = changes.GetSegment(*tablet.store, *at);
    MustBeTyped(segment.status());
    if (segment.ok()) EncodeSegment(*segment, nullptr);
  }
  MustBeTyped(changes.LogSize(*tablet.store).status());
  MustBeTyped(changes.ScanLog(*tablet.store, 0, UINT64_MAX,
                              [](const LogRow&) { return true; }));
}

void WorkOn(Tablet& tablet) {
  NewChange draft;
  draft.kind = 5;
  draft.record = MintRecordId(7, *tablet.random);
  draft.scope = FuzzWorld::Get().scopes()[0];
  DraftOperation create;
  create.merge_class = MergeClass::kCreate;
  draft.operations = {create};
  MustBeTyped(tablet.device->Save({draft}).status());
  std::unique_ptr<CentreCopy> centre = FuzzWorld::Get().CopyCentre();
  MustBeTyped(SyncOverLoopback(*tablet.device, *centre->centre).status);
  // What came of it at the centre is sound, whatever the tablet held.
  while (!centre->centre->materialised()) {
    VOUCH_CHECK(centre->centre->Materialise(kMaterialiseEntriesMax).ok());
  }
  VOUCH_CHECK(centre->centre->changes().ScopeStates(*centre->store).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input in(data, size);
  std::unique_ptr<Tablet> tablet = FuzzWorld::Get().CopyTablet(false);
  {
    auto store = OpenMemoryStore(&tablet->disk);
    VOUCH_CHECK(store.ok());
    for (int i = 0; i < kDamagesMax && !in.empty(); ++i) {
      DamageOne(**store, in);
    }
  }
  absl::Status opened = tablet->Open();
  MustBeTyped(opened);
  if (!opened.ok()) return 0;
  ReadEverything(*tablet);
  if (tablet->device->membership().has_value()) WorkOn(*tablet);
  ReadEverything(*tablet);
  return 0;
}

}  // namespace vouch::fuzz
