// What opening a store costs, and how much memory an open one takes: on both
// engines, beside a raw opening of the same files. One JSON object a line.
//
//   open_bench [--records 10000,100000] [--opens 9]
//
// Each opening is a process of its own, ours and raw by turns; a figure is
// their median. The files are in the system's cache, as they are after a
// minute's use. Ours ends in order, the raw one as an app that is killed.
#include <rocksdb/db.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "evidence/acts.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "tests/support/offline_client.h"
#include "tests/support/temp_dir.h"
#include "vouch/client.h"

namespace vouch {
namespace {

constexpr int kSavedTogether = 500;
constexpr int kPerRegistration = 20;

double NowMs() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

long ResidentKib() {
  std::ifstream statm("/proc/self/statm");
  long all = 0, resident = 0;
  statm >> all >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

// --- A store with so many records --------------------------------------------

NewChange Draft(const google::protobuf::Message& record, const ScopeId& scope,
                const RecordId& id) {
  NewChange draft;
  draft.kind = KindOf(record)->number;
  draft.record = id;
  draft.scope = scope;
  auto operations = DiffRecord(nullptr, record, *SystemRandom());
  VOUCH_CHECK(operations.ok());
  draft.operations = *std::move(operations);
  for (const DraftOperation& op : draft.operations) {
    draft.sign_as_author |= NeedsPersonSignature(op.merge_class);
  }
  return draft;
}

v1::Observation Observed(int number) {
  v1::Observation seen;
  seen.set_venue(absl::StrCat("Front office, desk ", number % 40));
  seen.set_candidate("Sam Carter");
  for (int i = 0; i < 4; ++i) {
    seen.add_narrative()->set_text(absl::StrCat(
        "Call ", number + i,
        " came in while two visitors waited. She asked "
        "the caller to hold, signed both in, and came back within a minute."));
  }
  return seen;
}

void Fill(const OpenOptions& options, int records) {
  EnrolOffline(options, v1::ROLE_ASSESSOR, "Ann");
  auto store = OpenStoreOf(options, /*create=*/false);
  VOUCH_CHECK(store.ok());
  std::optional<SealKey> key;
  auto replica = OpenReplica(options, store->get(), &key);
  VOUCH_CHECK(replica.ok());
  RecordId registration;
  std::vector<NewChange> drafts;
  for (int i = 0; i < records; ++i) {
    const RecordId id = SystemRandom()->Make<RecordId>();
    if (i % kPerRegistration == 0) {
      registration = id;
      v1::Registration made;
      made.set_candidate_name("Sam Carter");
      drafts.push_back(Draft(made, ScopeOf(*KindOf(made), id), id));
    } else {
      const v1::Observation seen = Observed(i);
      drafts.push_back(Draft(seen, ScopeOf(*KindOf(seen), registration), id));
    }
    if (drafts.size() == kSavedTogether || i + 1 == records) {
      VOUCH_CHECK(replica->device->Save(drafts).ok());
      drafts.clear();
    }
  }
}

// --- One opening, in a process of its own ------------------------------------

OpenOptions OptionsOf(const std::string& engine, const std::string& folder) {
  OpenOptions options;
  options.folder = folder;
  options.engine = engine == "sqlite" ? Engine::kSqlite : Engine::kRocksDb;
  return options;
}

// As little as makes the database readable, with its own defaults but for
// SQLite's cache, which is ours.
void OpenRaw(const std::string& engine, const std::string& folder) {
  if (engine == "sqlite") {
    sqlite3* db = nullptr;
    VOUCH_CHECK(sqlite3_open_v2((folder + "/store/vouch.db").c_str(), &db,
                                SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
    VOUCH_CHECK(
        sqlite3_exec(db,
                     "PRAGMA cache_size = -4096;"
                     "SELECT value FROM meta WHERE key = x'666f726d6174'",
                     nullptr, nullptr, nullptr) == SQLITE_OK);
    return;
  }
  std::vector<std::string> names;
  const std::string path = folder + "/store";
  VOUCH_CHECK(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.push_back({name, {}});
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  VOUCH_CHECK(rocksdb::DB::Open({}, path, families, &handles, &db).ok());
}

int OpenOnce(const std::string& how, const std::string& engine,
             const std::string& folder) {
  const long before_kib = ResidentKib();
  const double begin_ms = NowMs();
  std::unique_ptr<Client> client;
  if (how == "raw") {
    OpenRaw(engine, folder);
  } else {
    auto opened = Client::Open(OptionsOf(engine, folder));
    VOUCH_CHECK(opened.ok());
    client = *std::move(opened);
  }
  const double ms = NowMs() - begin_ms;
  printf("%.3f %ld\n", ms, ResidentKib() - before_kib);
  fflush(stdout);
  // The raw one leaves its files as an app that is killed does.
  client.reset();
  _exit(0);
}

struct Cost {
  std::vector<double> ms;
  std::vector<double> kib;
};

void Measure(const std::string& how, const std::string& engine,
             const std::string& folder, Cost* cost) {
  FILE* child = popen(absl::StrCat("/proc/", getpid(), "/exe --once ", how, " ",
                                   engine, " ", folder)
                          .c_str(),
                      "r");
  VOUCH_CHECK(child != nullptr);
  double ms = 0, kib = 0;
  VOUCH_CHECK(fscanf(child, "%lf %lf", &ms, &kib) == 2);
  VOUCH_CHECK(pclose(child) == 0);
  cost->ms.push_back(ms);
  cost->kib.push_back(kib);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Print(const std::string& name, int records, double value,
           const std::string& unit, double baseline,
           const std::string& baseline_is) {
  printf(
      "{\"name\": \"%s\", \"records\": %d, \"value\": %.2f, \"unit\": \"%s\", "
      "\"baseline\": %.2f, \"ratio\": %.2f, \"baseline_is\": \"%s\"}\n",
      name.c_str(), records, value, unit.c_str(), baseline,
      baseline > 0 ? value / baseline : 0, baseline_is.c_str());
  fflush(stdout);
}

void Bench(int records, int opens) {
  TempDir dir;
  Fill(OptionsOf("sqlite", dir.Path("tablet")), records);
  for (const std::string engine : {"sqlite", "rocksdb"}) {
    // Moves the store to the engine, the second time.
    VOUCH_CHECK(Client::Open(OptionsOf(engine, dir.Path("tablet"))).ok());
    Cost ours, raw;
    for (int i = 0; i < opens; ++i) {
      Measure("ours", engine, dir.Path("tablet"), &ours);
      Measure("raw", engine, dir.Path("tablet"), &raw);
    }
    const std::string is = "a raw opening of the same " + engine + " files";
    Print("open." + engine, records, Median(ours.ms), "ms", Median(raw.ms), is);
    Print("open." + engine + ".resident", records, Median(ours.kib), "KiB",
          Median(raw.kib), is);
  }
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 4 && arguments[0] == "--once") {
    return OpenOnce(arguments[1], arguments[2], arguments[3]);
  }
  std::string records = "10000,100000";
  int opens = 9;
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    if (arguments[i] == "--records") records = arguments[i + 1];
    if (arguments[i] == "--opens") {
      VOUCH_CHECK(absl::SimpleAtoi(arguments[i + 1], &opens) && opens > 0);
    }
  }
  for (absl::string_view text : absl::StrSplit(records, ',')) {
    int count = 0;
    VOUCH_CHECK(absl::SimpleAtoi(text, &count) && count > 0);
    Bench(count, opens);
  }
  return 0;
}

}  // namespace
}  // namespace vouch

int main(int argc, char** argv) { return vouch::Main({argv + 1, argv + argc}); }
