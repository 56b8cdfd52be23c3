// From nothing to a synced observation.
//
//   first_observation FOLDER HOST:PORT CODE
#include <iostream>

#include "vouch/client.h"

using namespace vouch;  // NOLINT: as short as an app's first page

absl::Status Run(const std::string& folder, const std::string& server,
                 const std::string& code) {
  OpenOptions options;
  options.folder = folder;
  auto client = Client::Open(options);
  if (!client.ok()) return client.status();
  auto me = (*client)->Enrol(server, code);  // once; the rest needs no network
  if (!me.ok()) return me.status();

  v1::Registration registration;
  registration.set_candidate_name("Sam Carter");
  auto candidate = (*client)->Create(registration);  // durable on return
  if (!candidate.ok()) return candidate.status();
  v1::Observation seen;
  seen.set_venue("Front office");
  seen.add_narrative()->set_text("Answered every call within three rings.");
  auto id = (*client)->Create(seen, *candidate);
  if (!id.ok()) return id.status();

  SyncReport report = (*client)->SyncOnce();  // whenever there is a network
  std::cout << report.ledger.stored << " changes at the centre, "
            << report.ledger.pending << " pending\n";
  return report.status;
}

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "first_observation FOLDER HOST:PORT CODE\n";
    return 2;
  }
  absl::Status status = Run(argv[1], argv[2], argv[3]);
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
