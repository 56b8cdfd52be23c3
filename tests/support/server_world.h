// A centre on this machine for tests of clients: the real server in this
// process, over TLS on a port of its own, and tablets with the real library.
//
//   ServerWorld world;
//   auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
//   ann->SyncOnce(world.Sync());
#ifndef VOUCH_TESTS_SUPPORT_SERVER_WORLD_H_
#define VOUCH_TESTS_SUPPORT_SERVER_WORLD_H_

#include <memory>
#include <string>

#include "server/server.h"
#include "tests/support/temp_dir.h"
#include "vouch/client.h"

namespace vouch {

class ServerWorld {
 public:
  ServerWorld();
  ~ServerWorld();

  // (Re)starts the server on its folder; the port may be another one.
  void Start();
  void Stop() { server_.reset(); }
  Server& server() { return *server_; }
  const std::string& address() const { return server_->address(); }
  // Options of a sync with the server where it is now.
  SyncOptions Sync() const;

  // A code for a new person, as `vouchd code new` gives it.
  std::string Code(v1::Role role, const std::string& name);
  // A store of that name, opened; not enrolled.
  std::unique_ptr<Client> Open(const std::string& name, bool shared = false);
  // A tablet of a new person, enrolled.
  std::unique_ptr<Client> Tablet(v1::Role role, const std::string& name);

  // The server's data, as a backup that nobody told of. It must be stopped.
  void Backup();
  void Restore();

 private:
  std::string DataFolder() const { return dir_.Path("centre"); }

  TempDir dir_;
  std::unique_ptr<Server> server_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_SERVER_WORLD_H_
