// vouchd backup, restore and erase.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/record_judge.h"
#include "server/admin_client.h"
#include "server/backup_folder.h"
#include "server/commands.h"
#include "server/log.h"
#include "server/restore_folder.h"
#include "sync/base/exit_code.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

const RecordJudge& TheJudge() {
  static const RecordJudge judge;
  return judge;
}

CentreFolder::Parts TheParts() {
  return {&TheJudge(), SystemClock(), SystemRandom(), nullptr};
}

unsigned long long Number(uint64_t value) { return value; }

struct BackupArguments {
  std::string folder;
  std::string data;
  std::string config;
  std::string master_key;
  bool verify = false;
  bool json = false;
};

// Where no server runs the store is free to be opened here.
absl::StatusOr<v1::BackUpResponse> BackUpAlone(const BackupArguments& arguments,
                                               const std::string& folder) {
  Config config;
  if (!arguments.config.empty()) {
    VOUCH_ASSIGN_OR_RETURN(config, ReadConfig(arguments.config));
  }
  config.data = arguments.data;
  if (!FileExists(absl::StrCat(config.data, "/", kStoreFolder))) {
    return Error(Reason::kNotFound,
                 absl::StrCat("there is no centre in ", config.data));
  }
  StartLog(LogLevel::kWarning, config.log_format);
  VOUCH_ASSIGN_OR_RETURN(auto centre, CentreFolder::Open(config, TheParts()));
  VOUCH_ASSIGN_OR_RETURN(BackupReport report,
                         BackUpCentre(*centre, folder, nullptr));
  VOUCH_RETURN_IF_ERROR(centre->centre()->NoteStable(report.manifest.head));
  v1::BackUpResponse response;
  DescribeBackup(report, &response);
  response.set_same_disk(OnOneDisk(folder, config.data));
  return response;
}

absl::StatusOr<v1::BackUpResponse> BackUpNow(const BackupArguments& arguments) {
  if (arguments.data.empty()) {
    return Error(Reason::kMalformed, "--data DIR is required");
  }
  // The server has another working folder.
  std::error_code error;
  const std::string folder =
      std::filesystem::absolute(arguments.folder, error).string();
  v1::BackUpRequest request;
  request.set_folder(folder);
  AdminClient server(arguments.data);
  // Asked first: a server that dies in the middle of the backup is to be
  // started again, and must not find its store opened by this tool.
  if (ReasonOf(server.GetStatus().status()) == Reason::kUnreachable) {
    return BackUpAlone(arguments, folder);
  }
  auto made = server.BackUp(request);
  if (ReasonOf(made.status()) != Reason::kUnreachable) return made;
  return Error(Reason::kUnreachable,
               "vouchd ended before the backup did; the backup is the one it "
               "was, and the next run goes on from here");
}

absl::StatusOr<v1::BackUpResponse> VerifyNow(const BackupArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(
      auto folder,
      BackupFolder::Open(arguments.folder, BackupFolder::Mode::kExisting));
  BackupOptions options;
  std::unique_ptr<FileKeyProvider> provider;
  if (!arguments.master_key.empty()) {
    provider = std::make_unique<FileKeyProvider>(arguments.master_key);
  }
  options.provider = provider.get();
  options.random = SystemRandom();
  BackupReport report;
  VOUCH_ASSIGN_OR_RETURN(report.manifest,
                         VerifyBackup(folder->reader(), options));
  report.from_size = report.manifest.head.size;
  v1::BackUpResponse response;
  DescribeBackup(report, &response);
  return response;
}

int Backup(const BackupArguments& arguments) {
  auto done = arguments.verify ? VerifyNow(arguments) : BackUpNow(arguments);
  if (!done.ok()) return Fail(done.status(), arguments.json);
  if (arguments.json) {
    PrintJson(*done, stdout);
    return kExitOk;
  }
  std::printf("entries            %llu, all proven\nroot               %s\n",
              Number(done->log_size()), done->log_root().c_str());
  std::printf("made               %s\n", TimeText(done->time_ms()).c_str());
  if (arguments.verify) {
    if (arguments.master_key.empty()) {
      std::printf(
          "bodies             there; give --master-key to open each of them\n");
    }
    return kExitOk;
  }
  std::printf("copied             %llu changes, %llu bytes\n",
              Number(done->copied_changes()), Number(done->copied_bytes()));
  if (done->keys_removed() > 0) {
    std::printf("keys taken out     %llu, of what was erased\n",
                Number(done->keys_removed()));
  }
  if (done->same_disk()) {
    std::fprintf(stderr,
                 "The backup is on the same disk as the data: it will not "
                 "survive that disk.\n");
  }
  return kExitOk;
}

struct RestoreArguments {
  RestoreRequest request;
  bool json = false;
};

void PrintRestored(const RestoreArguments& arguments,
                   const v1::RestoreSummary& done) {
  const char* folder = arguments.request.folder.c_str();
  std::printf(
      "entries            %llu, all proven\n"
      "root               %s\n"
      "from the backup of %s\n"
      "new history        %s\n"
      "devices            %llu\n"
      "erasures           %llu, carried out again\n",
      Number(done.log_size()), done.log_root().c_str(),
      TimeText(done.backup_ms()).c_str(), done.history_id().c_str(),
      Number(done.devices()), Number(done.erasures()));
  if (!done.authority_live()) {
    std::printf(
        "authority          the backup's: codes used, tablets revoked and "
        "records erased\n"
        "                   since then are not known; see --authority\n");
  }
  if (done.stable_lost_until() > 0) {
    std::printf(
        "no longer safe     entries %llu to %llu: another backup had them, or "
        "tablets\n"
        "                   bring them back\n",
        Number(done.log_size()), Number(done.stable_lost_until() - 1));
  }
  std::printf(
      "\nNext:\n"
      "  1. Make sure that the lost server never starts again.\n"
      "  2. vouchd serve --data %s   (the address and server_names as before)\n"
      "  3. vouchd backup %s --data %s\n"
      "     Until then nothing counts as safe.\n",
      folder, arguments.request.backup.c_str(), folder);
}

int Restore(const RestoreArguments& arguments) {
  StartLog(LogLevel::kError, LogFormat::kText);
  auto done = RestoreFolder(arguments.request, TheParts());
  if (!done.ok()) return Fail(done.status(), arguments.json);
  if (arguments.json) {
    PrintJson(*done, stdout);
  } else {
    PrintRestored(arguments, *done);
  }
  return kExitOk;
}

struct EraseArguments {
  std::string record;
  std::string data;
  bool json = false;
};

int Erase(const EraseArguments& arguments) {
  auto id = ParseId(arguments.record);
  if (!id.ok()) return Fail(id.status(), arguments.json);
  v1::EraseRecordRequest request;
  request.set_record_id(*id);
  auto erased = AdminClient(arguments.data).EraseRecord(request);
  if (!erased.ok()) return Fail(erased.status(), arguments.json);
  if (arguments.json) {
    PrintJson(*erased, stdout);
    return kExitOk;
  }
  std::printf("%s: the content of %llu changes in %llu scopes is gone.\n",
              erased->registered_before() ? "Erased before" : "Erased",
              Number(erased->changes()), Number(erased->scopes()));
  std::fprintf(stderr,
               "Tablets hear of it when they sync. Its keys leave a backup "
               "with the next run of\nvouchd backup.\n");
  return kExitOk;
}

}  // namespace

void AddBackup(CLI::App* app, int* exit_code) {
  auto arguments = std::make_shared<BackupArguments>();
  CLI::App* backup = app->add_subcommand(
      "backup", "Back up to a folder, and prove what was copied");
  backup->footer(
      "Runs while the server serves, and copies what is new since the last "
      "run. What a\nverified backup holds counts as safe (vouchd status). The "
      "master key is not in it:\nkeep a copy elsewhere.\n\n"
      "Examples:\n"
      "  vouchd backup /mnt/backup/centre --data /var/lib/vouchd\n"
      "  vouchd backup --verify /mnt/backup/centre --master-key master.key");
  backup
      ->add_option("folder", arguments->folder,
                   "The backup; made if its parent exists")
      ->required()
      ->type_name("DIR");
  backup->add_option("--data", arguments->data, "Data folder of the centre")
      ->type_name("DIR");
  backup
      ->add_option("--config", arguments->config,
                   "The server's configuration, for when it is not running")
      ->type_name("FILE");
  backup->add_flag("--verify", arguments->verify,
                   "Copy nothing; prove the whole backup from its own bytes");
  backup
      ->add_option("--master-key", arguments->master_key,
                   "With --verify: open every body too")
      ->type_name("FILE");
  backup->add_flag("--json", arguments->json, "Print JSON");
  backup->callback([=] { *exit_code = Backup(*arguments); });
}

void AddRestore(CLI::App* app, int* exit_code) {
  auto arguments = std::make_shared<RestoreArguments>();
  RestoreRequest& request = arguments->request;
  CLI::App* restore = app->add_subcommand(
      "restore",
      "Make a data folder from a backup, after the loss of a server");
  restore->footer(
      "Proves the backup, makes the new folder, carries out every erasure "
      "again, and gives\nthe centre a new history. Tablets stay enrolled and "
      "bring back what the backup lacks.\n\n"
      "Examples:\n"
      "  vouchd restore /mnt/backup/centre /var/lib/vouchd --master-key "
      "master.key\n"
      "  vouchd restore B D --master-key K --authority /old/disk/authority");
  restore->add_option("backup", request.backup, "The backup")
      ->required()
      ->type_name("BACKUP");
  restore->add_option("folder", request.folder, "The data folder to make")
      ->required()
      ->type_name("DIR");
  restore
      ->add_option("--master-key", request.master_key_file,
                   "The centre's master key; copied into the new folder")
      ->required()
      ->type_name("FILE");
  restore
      ->add_option("--authority", request.live_authority,
                   "The authority store that survived: it knows what happened "
                   "since the backup")
      ->type_name("DIR");
  restore->add_flag("--json", arguments->json, "Print JSON");
  restore->callback([=] { *exit_code = Restore(*arguments); });
}

void AddErase(CLI::App* app, int* exit_code) {
  auto arguments = std::make_shared<EraseArguments>();
  CLI::App* erase = app->add_subcommand(
      "erase", "Erase the content of a record for good, everywhere");
  erase->footer(
      "What was written stays provable (who, when, in which order); its "
      "content "
      "cannot be\nread again, here or from any backup that is restored. It "
      "cannot be undone.\n\n"
      "Example:\n"
      "  vouchd erase 01968a52-7c1e-7f3a-9d0b-3c5e8f6a1b2d --data "
      "/var/lib/vouchd");
  erase->add_option("record", arguments->record, "The record's id")
      ->required()
      ->type_name("RECORD");
  erase->add_option("--data", arguments->data, "Data folder of the server")
      ->required()
      ->type_name("DIR");
  erase->add_flag("--json", arguments->json, "Print JSON");
  erase->callback([=] { *exit_code = Erase(*arguments); });
}

}  // namespace vouch
