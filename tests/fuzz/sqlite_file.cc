// The tablet's database file, damaged: bytes overwritten, cut off, or a made-up
// write-ahead log beside it. It opens or it does not; every read gives a row
// that its checksum vouches for, or a typed error.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "storage/replica/device.h"
#include "storage/sqlite_store.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/replica_world.h"
#include "tests/support/temp_dir.h"

namespace vouch {
namespace {

constexpr int kPatchesMax = 16;
constexpr char kGolden[] =
    VOUCH_SOURCE_DIR "/tests/vectors/store-v1/device/vouch.db";

const std::string& GoldenFile() {
  static const auto* bytes = [] {
    std::ifstream file(kGolden, std::ios::binary);
    VOUCH_CHECK(file.good());
    return new std::string((std::istreambuf_iterator<char>(file)), {});
  }();
  return *bytes;
}

void WriteFile(const std::string& path, absl::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  VOUCH_CHECK(file.good());
}

void MakeFiles(const std::string& folder, fuzz::Input& in) {
  std::string bytes = GoldenFile();
  size_t cut = in.Below(8) == 7 ? in.Below(bytes.size()) : 0;
  std::string log(in.Bytes(in.Below(4) == 3 ? in.Below(2048) : 0));
  for (int i = 0; i < kPatchesMax && !in.empty(); ++i) {
    // Anywhere, or within the first bytes of a page, where its structure is.
    size_t at = (in.Below(65536) * 3 + in.Below(3)) % bytes.size();
    if (in.Below(2) == 1) at = at / 4096 * 4096 + at % 64;
    for (char c : in.Bytes(1 + in.Below(8))) {
      if (at < bytes.size()) bytes[at++] = c;
    }
  }
  bytes.resize(bytes.size() - cut);
  WriteFile(folder + "/vouch.db", bytes);
  if (!log.empty()) WriteFile(folder + "/vouch.db-wal", log);
}

void ReadAll(const Store& store) {
  for (int f = 0; f < kFamilyCount; ++f) {
    size_t rows = 0;
    fuzz::MustBeTyped(store.Scan(static_cast<Family>(f), "", "",
                                 [&](absl::string_view, absl::string_view) {
                                   // A page that points to itself would never
                                   // end.
                                   VOUCH_CHECK(++rows < 100'000);
                                   return true;
                                 }));
  }
}

void OpenDevice(Store& store) {
  SeededRandom random(1);
  FakeClock clock;
  FixedKeyProvider provider(
      *SealKey::FromBytes(std::string(SealKey::kSize, 'd')));
  auto keys = KeyRing::Open(&store, &provider, &random);
  fuzz::MustBeTyped(keys.status());
  if (!keys.ok()) return;
  auto device = Device::Open(&store, keys->get(), &clock, &random);
  fuzz::MustBeTyped(device.status());
  if (!device.ok()) return;
  fuzz::MustBeTyped((*device)->Ledger().status());
  fuzz::MustBeTyped((*device)->BeginSession().status());
  fuzz::MustBeTyped((*device)->ScanRecords([&](const RecordSummaryRow& row) {
    fuzz::MustBeTyped((*device)->View(row.record).status());
    return true;
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const TempDir folder;
  fuzz::Input in(data, size);
  const std::string path = folder.Path("store");
  std::error_code failed;
  std::filesystem::remove_all(path, failed);
  std::filesystem::create_directory(path, failed);
  MakeFiles(path, in);
  SqliteOptions options;
  options.path = path;
  options.free_bytes = [] { return uint64_t{1} << 40; };
  auto store = OpenSqliteStore(options);
  fuzz::MustBeTyped(store.status());
  if (!store.ok()) return 0;
  ReadAll(**store);
  OpenDevice(**store);
  return 0;
}

}  // namespace vouch
