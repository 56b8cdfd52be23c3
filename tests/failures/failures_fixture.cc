#include "tests/failures/failures_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "server/admin_client.h"
#include "server/log.h"
#include "sync/base/check.h"

namespace vouch {
namespace {

namespace fs = std::filesystem;

// Before gRPC is first used, and so before main.
const bool kOnlyTls13 = (RequireTls13(), true);

void CopyFolder(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

}  // namespace

void Tablet::Open() {
  auto opened = Client::Open(options);
  ASSERT_TRUE(opened.ok()) << name << ": " << opened.status();
  client = *std::move(opened);
}

Failures::Failures() {
  VOUCH_CHECK(kOnlyTls13);
  config_.data = dir_.Path("centre");
  config_.listen = "127.0.0.1:0";
  config_.centre_name = "Test centre";
  StartLog(LogLevel::kError, LogFormat::kText);
}

Failures::~Failures() = default;

void Failures::StartCentre() {
  ServerParts parts;
  parts.clock = &centre_clock_;
  parts.free_bytes = [this] { return centre_free_bytes_.load(); };
  auto started = Server::Start(config_, parts);
  ASSERT_TRUE(started.ok()) << started.status();
  server_ = *std::move(started);
  config_.listen = server_->address();
}

void Failures::CopyCentre(const std::string& name) {
  VOUCH_CHECK(server_ == nullptr);
  CopyFolder(config_.data, dir_.Path("copy-" + name));
}

void Failures::PutCentreBack(const std::string& name) {
  VOUCH_CHECK(server_ == nullptr);
  CopyFolder(dir_.Path("copy-" + name), config_.data);
}

uint64_t Failures::LogSize() {
  auto status = AdminClient(config_.data).GetStatus();
  EXPECT_TRUE(status.ok()) << status.status();
  return status.ok() ? status->log_size() : 0;
}

std::string Failures::NewCode(const std::string& name, v1::Role role) {
  v1::CreateCodeRequest request;
  request.set_role(role);
  request.set_person_name(name);
  auto code = AdminClient(config_.data).CreateCode(request);
  VOUCH_CHECK(code.ok());
  return code->code();
}

Tablet& Failures::AddTablet(v1::Role role, const std::string& name) {
  auto& tablet = *tablets_.emplace_back(std::make_unique<Tablet>());
  tablet.name = name;
  tablet.options.folder = dir_.Path("tablet-" + name);
  tablet.options.clock = &tablet.clock;
  tablet.options.free_bytes = [&tablet] {
    return tablet.looks_until_full-- > 0 ? std::numeric_limits<uint64_t>::max()
                                         : 0;
  };
  tablet.Open();
  auto enrolled = tablet->Enrol(server_->address(), NewCode(name, role));
  EXPECT_TRUE(enrolled.ok()) << enrolled.status();
  return tablet;
}

Tablet& Failures::CloneTablet(Tablet& tablet, const std::string& name) {
  tablet.Close();
  auto& clone = *tablets_.emplace_back(std::make_unique<Tablet>());
  clone.name = name;
  clone.options.folder = dir_.Path("tablet-" + name);
  clone.options.clock = &clone.clock;
  CopyFolder(tablet.options.folder, clone.options.folder);
  clone.Open();
  tablet.Open();
  return clone;
}

void Failures::CopyTablet(Tablet& tablet) {
  tablet.Close();
  CopyFolder(tablet.options.folder, tablet.options.folder + ".copy");
  tablet.Open();
}

void Failures::PutTabletBack(Tablet& tablet) {
  tablet.Close();
  CopyFolder(tablet.options.folder + ".copy", tablet.options.folder);
  tablet.Open();
}

SyncOptions Failures::Through(const Link& link) {
  SyncOptions options;
  options.server = link.address();
  options.deadline = std::chrono::seconds(20);
  return options;
}

SyncReport Failures::Sync(Tablet& tablet, const SyncOptions& options) {
  SyncReport report = tablet->SyncOnce(options);
  EXPECT_TRUE(report.status.ok()) << tablet.name << ": " << report.status;
  EXPECT_TRUE(report.ledger.balanced) << tablet.name;
  EXPECT_EQ(0u, report.ledger.pending) << tablet.name;
  return report;
}

void Failures::SyncAll(std::initializer_list<Tablet*> tablets) {
  for (int round = 0; round < 2; ++round) {
    for (Tablet* tablet : tablets) Sync(*tablet);
  }
}

void Failures::LoseTheAnswer(Tablet& tablet) {
  Link link(server_->address());
  // Enough has gone up for the push to be under way; from then on the centre
  // hears and is not heard.
  link.Break({.after_up = 20'000, .kind = LinkFault::Kind::kSilenceDown});
  const uint64_t before = LogSize();
  SyncReport report;
  std::thread sync([&] { report = tablet->SyncOnce(Through(link)); });
  EXPECT_TRUE(Eventually([&] { return LogSize() > before; }));
  link.Cut();
  sync.join();
  EXPECT_EQ(1, link.struck());
  EXPECT_EQ(v1::ERROR_REASON_UNREACHABLE, ErrorReasonOf(report.status))
      << report.status;
}

void Failures::KillASync(Tablet& tablet, const LinkFault& fault) {
  tablet.Close();
  Link link(server_->address());
  link.Break(fault);
  const uint64_t before = LogSize();
  const pid_t tool = StartTool(tablet, {"sync", "--server", link.address()},
                               dir_.Path("killed.out"));
  EXPECT_TRUE(Eventually([&] { return LogSize() > before; }));
  kill(tool, SIGKILL);
  int status = 0;
  EXPECT_EQ(tool, waitpid(tool, &status, 0));
  EXPECT_TRUE(WIFSIGNALED(status));
}

Id Failures::Register(Tablet& tablet, const Tablet* verifier) {
  v1::Registration registration;
  registration.set_candidate_name("Sam Carter");
  registration.set_specification("03455");
  registration.set_specification_version(1);
  registration.add_units("F1");
  if (verifier != nullptr) {
    registration.set_internal_verifier((*verifier)->WhoAmI()->person);
  }
  auto id = tablet->Create(registration);
  EXPECT_TRUE(id.ok()) << id.status();
  return id.value_or(Id());
}

v1::Observation Failures::Observed(Tablet& tablet) {
  v1::Observation seen;
  seen.set_observer(tablet->WhoAmI()->person);
  seen.set_candidate("Sam Carter");
  seen.mutable_when()->set_start_ms(1'799'990'000'000);
  seen.mutable_when()->set_end_ms(1'799'993'600'000);
  seen.set_venue("Front office");
  seen.add_narrative()->set_text("He wired it.");
  seen.add_narrative()->set_text("He tidied up.");
  return seen;
}

Id Failures::Observe(Tablet& tablet, const Id& registration) {
  auto id = tablet->Create(Observed(tablet), registration);
  EXPECT_TRUE(id.ok()) << id.status();
  return id.value_or(Id());
}

Id Failures::ObserveAtLength(Tablet& tablet, const Id& registration,
                             size_t bytes) {
  v1::Observation seen = Observed(tablet);
  seen.mutable_narrative(0)->set_text(Noise(bytes));
  auto id = tablet->Create(seen, registration);
  EXPECT_TRUE(id.ok()) << id.status();
  return id.value_or(Id());
}

std::string Failures::Noise(size_t bytes) {
  static constexpr char kLetters[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  std::string text(bytes, '\0');
  SystemRandom()->Fill(reinterpret_cast<uint8_t*>(text.data()), bytes);
  for (char& c : text) c = kLetters[static_cast<unsigned char>(c) % 64];
  return text;
}

v1::Judgement Failures::Verdict(const Id& evidence, bool met) {
  v1::Judgement judgement;
  judgement.set_evidence(evidence);
  v1::JudgementEntry* entry = judgement.add_entries();
  entry->set_method(v1::ASSESSMENT_METHOD_DIRECT_OBSERVATION);
  v1::CriterionOutcome* outcome = entry->add_outcomes();
  outcome->mutable_criterion()->set_unit("F1");
  outcome->mutable_criterion()->set_criterion("1.1");
  outcome->set_met(met);
  entry->set_justification("Seen twice.");
  entry->set_feedback("As discussed.");
  return judgement;
}

void Failures::SetVenue(Tablet& tablet, const Id& id,
                        const std::string& venue) {
  v1::Observation edited = Read<v1::Observation>(tablet, id);
  edited.set_venue(venue);
  EXPECT_OK(tablet->Edit(id, tablet->Get(id)->base, edited));
}

std::string Failures::State(const Tablet& tablet, const Id& id) {
  auto record = tablet->Get(id);
  EXPECT_TRUE(record.ok()) << tablet.name << ": " << record.status();
  return record.ok() ? record->summary.state : "";
}

size_t Failures::Count(const Tablet& tablet, const std::string& kind) {
  RecordQuery query;
  query.kind = kind;
  query.page_size = 500;
  auto page = tablet->Query(query);
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? page->records.size() : 0;
}

void Failures::ExpectInStep(std::initializer_list<Tablet*> tablets) {
  for (Tablet* tablet : tablets) {
    auto here = (*tablet)->StateHashes();
    auto there = (*tablet)->CentreStateHashes();
    ASSERT_TRUE(here.ok() && there.ok()) << here.status() << there.status();
    std::map<std::string, std::string> a, b;
    for (const ScopeHash& scope : *here) a[scope.name] += scope.hash;
    for (const ScopeHash& scope : *there) b[scope.name] += scope.hash;
    EXPECT_EQ(a, b) << tablet->name;
  }
}

pid_t Failures::StartTool(Tablet& tablet, std::vector<std::string> arguments,
                          const std::string& output) {
  VOUCH_CHECK(tablet.client == nullptr);
  arguments.insert(arguments.begin(), {"--store", tablet.options.folder});
  return Start(VOUCH_TOOL, arguments, output);
}

pid_t Failures::Start(const std::string& program,
                      std::vector<std::string> arguments,
                      const std::string& output) {
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& word : arguments) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  return child;
}

Failures::ToolRun Failures::WaitFor(pid_t tool, const std::string& output) {
  int status = 0;
  EXPECT_EQ(tool, waitpid(tool, &status, 0));
  std::ifstream file(output);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          {std::istreambuf_iterator<char>(file), {}}};
}

Failures::ToolRun Failures::RunTool(Tablet& tablet,
                                    std::vector<std::string> arguments) {
  const std::string output = dir_.Path("tool.out");
  return WaitFor(StartTool(tablet, std::move(arguments), output), output);
}

Failures::ToolRun Failures::RunServerTool(std::vector<std::string> arguments) {
  const std::string output = dir_.Path("tool.out");
  return WaitFor(Start(VOUCHD, std::move(arguments), output), output);
}

}  // namespace vouch
