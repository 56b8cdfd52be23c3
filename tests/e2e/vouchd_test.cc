// The real program: what it prints, how it ends, and that whatever it
// acknowledged is there after it was stopped or killed in the middle of a push.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/private_file.h"
#include "sync/base/exit_code.h"
#include "tests/e2e/server_fixture.h"

namespace vouch {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class VouchdTest : public ServerTest {
 protected:
  ~VouchdTest() override {
    if (process_ > 0) End(SIGKILL);
  }

  pid_t Spawn(std::vector<std::string> arguments, const std::string& output) {
    arguments.insert(arguments.begin(), VOUCHD);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(file, STDOUT_FILENO);
      dup2(file, STDERR_FILENO);
      execv(VOUCHD, argv.data());
      _exit(127);
    }
    return child;
  }
  static int Wait(pid_t process) {
    int status = 0;
    EXPECT_EQ(waitpid(process, &status, 0), process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  // Runs a verb to its end: exit code; what it printed is in `printed_`.
  int Run(const std::vector<std::string>& arguments) {
    const std::string output = folder_.Path("verb.out");
    const int code = Wait(Spawn(arguments, output));
    printed_ = ReadText(output);
    return code;
  }

  void Serve() {
    RequireTls13();
    const std::string output = folder_.Path("serve.out");
    unlink(output.c_str());  // the last run's address is not this one's
    process_ = Spawn(
        {"serve", "--data", config_.data, "--listen", "127.0.0.1:0"}, output);
    const std::string key = "address=";
    ASSERT_TRUE(Eventually([&] {
      log_ = ReadText(output);
      const size_t at = log_.find(key);
      if (at == std::string::npos) return false;
      const size_t end = log_.find_first_of(" \n", at);
      if (end == std::string::npos) return false;
      address_ = log_.substr(at + key.size(), end - at - key.size());
      return true;
    })) << log_;
    auto pem = ReadPrivateFile(config_.data + "/tls/ca.pem");
    ASSERT_TRUE(pem.ok()) << pem.status();
    ca_pem_ = *pem;
  }
  int End(int number) {
    kill(process_, number);
    const int code = Wait(process_);
    process_ = 0;
    return code;
  }

  TlsClient Client() { return TlsClient(address_, ca_pem_); }

  // Pushes many segments and ends the server at the first acknowledgement.
  void EndDuringPush(int number, int expected_code) {
    Serve();
    auto tablet = NewTablet();
    ASSERT_TRUE(Client().Enrol(*tablet->device, NewCode()).ok());
    const ScopeId staff =
        MakeScope(ScopeKind::kStaff, RegistrationOf(SharedScope()));
    constexpr int kChanges = 400;
    for (int i = 0; i < kChanges; ++i) {
      // Another scope each time, so that each is a segment of its own.
      tablet->Create(5, i % 2 == 0 ? SharedScope() : staff,
                     std::string(20'000, static_cast<char>('a' + i % 20)));
    }
    bool told = false;
    LoopbackResult cut =
        Client().As(*tablet->device).Sync(*tablet->device, [&] {
          if (!told) kill(process_, number);
          told = true;
        });
    EXPECT_TRUE(told);
    EXPECT_EQ(Wait(process_), expected_code);
    process_ = 0;
    auto before = tablet->device->Ledger();
    ASSERT_TRUE(before.ok());
    EXPECT_TRUE(before->balanced());
    const uint64_t acked = before->stored + before->held;
    EXPECT_GT(acked, 0u) << cut.status;

    Serve();
    EXPECT_GE(LogSize(), acked + 1);  // and the person's record
    LoopbackResult rest = Client().As(*tablet->device).Sync(*tablet->device);
    EXPECT_TRUE(rest.status.ok()) << rest.status;
    EXPECT_EQ(tablet->device->Ledger()->pending, 0u);
    EXPECT_EQ(LogSize(), uint64_t{kChanges} + 1);
    EXPECT_EQ(End(SIGTERM), 0);
  }

  pid_t process_ = 0;
  std::string address_;
  std::string ca_pem_;
  std::string log_;
  std::string printed_;
};

TEST_F(VouchdTest, SigtermDuringAPushKeepsAllThatWasAcknowledged) {
  EndDuringPush(SIGTERM, 0);
}

TEST_F(VouchdTest, KillDuringAPushKeepsAllThatWasAcknowledged) {
  EndDuringPush(SIGKILL, 128 + SIGKILL);
}

TEST_F(VouchdTest, AnOpenSessionIsToldThatTheServerStops) {
  Serve();
  auto tablet = NewTablet();
  ASSERT_TRUE(Client().Enrol(*tablet->device, NewCode()).ok());
  TlsClient client = Client().As(*tablet->device);
  HandSession session(client.sync());
  auto config = tablet->device->BeginSession();
  ASSERT_TRUE(config.ok());
  ASSERT_TRUE(session.Greet(*config).has_value());
  kill(process_, SIGTERM);
  EXPECT_EQ(ReasonOf(session.End()), Reason::kShuttingDown);
  EXPECT_EQ(Wait(process_), 0);
  process_ = 0;
}

TEST_F(VouchdTest, ASecondProcessOnTheFolderSaysSo) {
  Serve();
  EXPECT_EQ(Run({"serve", "--data", config_.data, "--listen", "127.0.0.1:0"}),
            kExitStore);
  EXPECT_TRUE(absl::StrContains(printed_, "STORE_LOCKED")) << printed_;
  EXPECT_EQ(Run({"status", "--data", config_.data}), kExitOk) << printed_;
}

TEST_F(VouchdTest, AdministrationByTheSocket) {
  EXPECT_EQ(Run({"status", "--data", config_.data}), kExitUnreachable);
  EXPECT_TRUE(absl::StrContains(printed_, "vouchd serve")) << printed_;
  Serve();
  EXPECT_EQ(
      Run({"code", "new", "--data", config_.data, "--role", "internal-verifier",
           "--name", "V", "--valid", "1h", "--json"}),
      kExitOk);
  EXPECT_TRUE(absl::StrContains(printed_, "\"code\":\"")) << printed_;
  EXPECT_EQ(Run({"code", "list", "--data", config_.data}), kExitOk);
  EXPECT_TRUE(absl::StrContains(printed_, "internal-verifier")) << printed_;
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--role", "king", "--name", "V"},
        {"--role", "assessor", "--name", ""},
        {"--role", "assessor", "--name", "V", "--valid", "31d"},
        {"--role", "assessor", "--name", "V", "--person", "12"},
        {"--role", "assessor"}}) {
    std::vector<std::string> arguments{"code", "new", "--data", config_.data};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(Run(arguments), kExitUsage) << printed_;
  }
  EXPECT_EQ(Run({"status", "--data", config_.data, "--json"}), kExitOk);
  EXPECT_TRUE(absl::StrContains(printed_, "\"log_size\"")) << printed_;
}

TEST_F(VouchdTest, TheConfigurationIsCheckedWithItsLine) {
  const std::string path = folder_.Path("vouchd.toml");
  std::ofstream(path) << "centre_name = \"C\"\n[limits]\nsesions_max = 3\n";
  EXPECT_EQ(Run({"config", "check", "--config", path}), kExitConfiguration);
  EXPECT_TRUE(absl::StrContains(
      printed_, absl::StrCat(path, ":3: unknown key limits.sesions_max")))
      << printed_;
  EXPECT_EQ(Run({"serve", "--config", path, "--data", config_.data}),
            kExitConfiguration);
  EXPECT_EQ(Run({"config", "check", "--config",
                 absl::StrCat(VOUCH_SOURCE_DIR, "/deploy/vouchd.toml")}),
            kExitOk)
      << printed_;
}

TEST_F(VouchdTest, EveryVerbHasHelpWithExamples) {
  for (const std::vector<std::string>& verb : {std::vector<std::string>{},
                                               {"serve"},
                                               {"code", "new"},
                                               {"code", "list"},
                                               {"status"},
                                               {"backup"},
                                               {"restore"},
                                               {"erase"},
                                               {"config", "check"}}) {
    std::vector<std::string> arguments = verb;
    arguments.push_back("--help");
    EXPECT_EQ(Run(arguments), kExitOk);
    EXPECT_TRUE(absl::StrContains(printed_, "Example")) << printed_;
  }
  EXPECT_EQ(Run({"--version"}), kExitOk);
  EXPECT_EQ(Run({"bogus"}), kExitUsage);
}

TEST_F(VouchdTest, TheLogNamesNoPersonAndNoCode) {
  Serve();
  const std::string code = NewCode();
  auto tablet = NewTablet();
  ASSERT_TRUE(Client().Enrol(*tablet->device, code).ok());
  tablet->Create(5, SharedScope(), "a very private observation");
  ASSERT_TRUE(Client().As(*tablet->device).Sync(*tablet->device).status.ok());
  EXPECT_EQ(End(SIGTERM), 0);
  const std::string log = ReadText(folder_.Path("serve.out"));
  EXPECT_TRUE(absl::StrContains(log, "session ended")) << log;
  EXPECT_TRUE(absl::StrContains(log, tablet->device->id().Hex())) << log;
  for (const std::string& secret :
       {std::string("A. Person"), code.substr(0, 14),
        std::string("private observation"), std::string("PRIVATE KEY")}) {
    EXPECT_FALSE(absl::StrContains(log, secret)) << log;
  }
}

}  // namespace
}  // namespace vouch
