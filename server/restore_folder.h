// `vouchd restore`: a new data folder from a backup.
//
//   RestoreRequest request{"/mnt/backup/centre", "/var/lib/vouchd-new", …};
//   VOUCH_ASSIGN_OR_RETURN(v1::RestoreSummary done, RestoreFolder(request, …));
//
// One thread. The folder is built beside its name and gets it last: cut off
// anywhere there is none, and it can be done again.
#ifndef VOUCH_SERVER_RESTORE_FOLDER_H_
#define VOUCH_SERVER_RESTORE_FOLDER_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/centre_folder.h"
#include "vouch/v1/admin_service.pb.h"

namespace vouch {

struct RestoreRequest {
  std::string backup;
  std::string folder;           // to make; may be there if it is empty
  std::string live_authority;   // the survivor; empty: there is none
  std::string master_key_file;  // copied into the folder
};

// Durable on return. Errors: ALREADY_EXISTS (the folder is not empty),
// STORE_KEY_WRONG, those of RestoreStores and of Centre::Open.
absl::StatusOr<v1::RestoreSummary> RestoreFolder(
    const RestoreRequest& request, const CentreFolder::Parts& parts);

}  // namespace vouch

#endif  // VOUCH_SERVER_RESTORE_FOLDER_H_
