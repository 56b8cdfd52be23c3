// Many tablets in one process, driven by lines on standard input: what the
// scripts of this folder start (and kill) where one process a tablet would be
// too dear, or where a tablet keeps its store in RocksDB.
//
//   tablets [THREADS]
//   > 1 open a /tmp/a sqlite
//   < 1 OK
//   > 2 save a 01a2… venue-17
//   < 2 OK id=01a2…
//
// A line is TAG VERB NAME ARGUMENTS, words without spaces; its answer begins
// with the same TAG, then OK and values, or the error's reason and its text.
// The commands of one tablet are carried out in their order, those of others
// beside them. It ends with its input.
//
//   open NAME FOLDER ENGINE      close NAME
//   enrol NAME SERVER CODE       save NAME REGISTRATION|- MARKER
//   edit NAME ID TEXT            sync NAME SERVER DEADLINE_MS
//   ledger NAME                  hashes NAME [centre]
//   list NAME                    registrations NAME
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "vouch/client.h"

namespace vouch {
namespace {

constexpr size_t kThreadsDefault = 16;
constexpr size_t kThreadsMax = 256;
constexpr size_t kCommandsWaitingMax = 1024;  // a thread
constexpr int kPageSize = 500;

using Words = std::vector<std::string>;
using Answer = absl::StatusOr<std::string>;  // the values after OK

// Straight to the pipe, whole lines: what is buffered dies with the process.
void Print(const std::string& line) {
  static std::mutex* mutex = new std::mutex;
  std::lock_guard<std::mutex> lock(*mutex);
  const std::string text = line + "\n";
  for (size_t done = 0; done < text.size();) {
    const ssize_t n =
        write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (n <= 0) _exit(1);  // nobody reads on
    done += static_cast<size_t>(n);
  }
}

// One thread and the tablets that are its own; nothing of them is shared.
class Desk {
 public:
  Desk() : thread_([this] { Run(); }) {}
  ~Desk() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // Blocks while too many wait.
  void Add(Words words) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock,
                  [this] { return waiting_.size() < kCommandsWaitingMax; });
    waiting_.push_back(std::move(words));
    changed_.notify_all();
  }

 private:
  void Run() {
    while (true) {
      Words words;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        words = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
      }
      Answer answer = Do(words);
      Print(answer.ok()
                ? absl::StrCat(words[0], " OK ", *answer)
                : absl::StrCat(words[0], " ",
                               ReasonName(ReasonOf(answer.status())), " ",
                               absl::StrReplaceAll(answer.status().message(),
                                                   {{"\n", " "}})));
    }
  }

  Answer Do(const Words& words) {
    const std::string& verb = words[1];
    if (verb == "open") return Open(words);
    auto found = tablets_.find(words[2]);
    if (found == tablets_.end()) {
      return Error(Reason::kNotFound, "no such tablet is open");
    }
    if (verb == "close") {
      tablets_.erase(found);
      return std::string();
    }
    using Verb = Answer (*)(Client&, const Words&);
    static const auto* const verbs = new std::map<std::string, Verb>{
        {"enrol", &Enrol},   {"save", &Save},
        {"edit", &Edit},     {"sync", &Sync},
        {"ledger", &Ledger}, {"hashes", &Hashes},
        {"list", &List},     {"registrations", &Registrations}};
    auto known = verbs->find(verb);
    if (known == verbs->end()) {
      return Error(Reason::kMalformed, absl::StrCat("no such verb: ", verb));
    }
    return known->second(*found->second, words);
  }

  Answer Open(const Words& words) {
    VOUCH_CHECK(words.size() == 5);
    OpenOptions options;
    options.folder = words[3];
    options.engine = words[4] == "rocksdb" ? Engine::kRocksDb : Engine::kSqlite;
    VOUCH_ASSIGN_OR_RETURN(tablets_[words[2]], Client::Open(options));
    return std::string();
  }

  static Answer Enrol(Client& client, const Words& words) {
    VOUCH_CHECK(words.size() == 5);
    VOUCH_ASSIGN_OR_RETURN(Enrolment me, client.Enrol(words[3], words[4]));
    return absl::StrCat("device=", FormatId(me.device));
  }

  static Answer Save(Client& client, const Words& words) {
    VOUCH_CHECK(words.size() == 5);
    Id id;
    if (words[3] == "-") {
      v1::Registration registration;
      registration.set_candidate_name(words[4]);
      VOUCH_ASSIGN_OR_RETURN(id, client.Create(registration));
    } else {
      VOUCH_ASSIGN_OR_RETURN(Id registration, ParseId(words[3]));
      v1::Observation seen;
      seen.set_venue(words[4]);
      seen.add_narrative()->set_text(absl::StrCat("Seen at ", words[4], "."));
      VOUCH_ASSIGN_OR_RETURN(id, client.Create(seen, registration));
    }
    return absl::StrCat("id=", FormatId(id));
  }

  // Appends a paragraph.
  static Answer Edit(Client& client, const Words& words) {
    VOUCH_CHECK(words.size() == 5);
    VOUCH_ASSIGN_OR_RETURN(Id id, ParseId(words[3]));
    VOUCH_ASSIGN_OR_RETURN(Record record, client.Get(id));
    auto* seen = dynamic_cast<const v1::Observation*>(record.message.get());
    if (seen == nullptr) return Error(Reason::kKindUnknown, "no observation");
    v1::Observation edited = *seen;
    edited.add_narrative()->set_text(words[4]);
    VOUCH_RETURN_IF_ERROR(client.Edit(id, record.base, edited).status());
    return std::string();
  }

  static Answer Sync(Client& client, const Words& words) {
    VOUCH_CHECK(words.size() == 5);
    int64_t deadline_ms = 0;
    VOUCH_CHECK(absl::SimpleAtoi(words[4], &deadline_ms));
    SyncOptions options;
    if (words[3] != "-") options.server = words[3];
    options.deadline = std::chrono::milliseconds(deadline_ms);
    SyncReport report = client.SyncOnce(options);
    VOUCH_RETURN_IF_ERROR(report.status);
    return absl::StrCat("pushed=", report.pushed, " pulled=", report.pulled,
                        " log=", report.log_size,
                        " recovered=", report.recovered ? 1 : 0,
                        " restored=", report.restored,
                        " no_longer_safe=", report.no_longer_safe);
  }

  static Answer Ledger(Client& client, const Words&) {
    VOUCH_ASSIGN_OR_RETURN(LedgerNumbers numbers, client.Ledger());
    return absl::StrCat(
        "captured=", numbers.captured, " stored=", numbers.stored,
        " held=", numbers.held, " pending=", numbers.pending,
        " pulled=", numbers.pulled, " balanced=", numbers.balanced ? 1 : 0);
  }

  static Answer Hashes(Client& client, const Words& words) {
    std::vector<ScopeHash> hashes;
    if (words.size() > 3) {
      VOUCH_ASSIGN_OR_RETURN(hashes, client.CentreStateHashes());
    } else {
      VOUCH_ASSIGN_OR_RETURN(hashes, client.StateHashes());
    }
    std::map<std::string, std::string> sorted;
    for (const ScopeHash& scope : hashes) {
      sorted[FormatId(scope.scope)] = scope.hash;
    }
    std::string out;
    for (const auto& [scope, hash] : sorted) {
      absl::StrAppend(&out, out.empty() ? "" : " ", scope, "=", hash);
    }
    return out;
  }

  // Observations: ID=VENUE.
  static Answer List(Client& client, const Words&) {
    std::string out;
    RecordQuery query;
    query.kind = "Observation";
    query.page_size = kPageSize;
    do {
      VOUCH_ASSIGN_OR_RETURN(RecordPage page, client.Query(query));
      for (const RecordSummary& row : page.records) {
        VOUCH_ASSIGN_OR_RETURN(Record record, client.Get(row.id));
        auto* seen = dynamic_cast<const v1::Observation*>(record.message.get());
        absl::StrAppend(&out, out.empty() ? "" : " ", FormatId(row.id), "=",
                        seen == nullptr ? "" : seen->venue());
      }
      query.page_token = page.next_page_token;
    } while (!query.page_token.empty());
    return out;
  }

  static Answer Registrations(Client& client, const Words&) {
    VOUCH_ASSIGN_OR_RETURN(auto records, client.Registrations());
    std::string out;
    for (const Record& record : records) {
      auto* of = dynamic_cast<const v1::Registration*>(record.message.get());
      absl::StrAppend(&out, out.empty() ? "" : " ", FormatId(record.summary.id),
                      "=", of == nullptr ? "" : of->candidate_name());
    }
    return out;
  }

  std::map<std::string, std::unique_ptr<Client>> tablets_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Words> waiting_;
  bool ended_ = false;
  std::thread thread_;  // last: it uses the others
};

int Main(int argc, char** argv) {
  size_t threads = kThreadsDefault;
  if (argc > 1) VOUCH_CHECK(absl::SimpleAtoi(argv[1], &threads));
  VOUCH_CHECK(threads >= 1 && threads <= kThreadsMax);
  std::vector<std::unique_ptr<Desk>> desks;
  for (size_t i = 0; i < threads; ++i) {
    desks.push_back(std::make_unique<Desk>());
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    Words words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() < 3) {
      Print(absl::StrCat(words.empty() ? "-" : words[0], " MALFORMED"));
      continue;
    }
    desks[std::hash<std::string>()(words[2]) % threads]->Add(std::move(words));
  }
  return 0;
}

}  // namespace
}  // namespace vouch

int main(int argc, char** argv) { return vouch::Main(argc, argv); }
