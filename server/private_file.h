// Small files that only this user may read: keys, certificates.
//
//   VOUCH_RETURN_IF_ERROR(WritePrivateFile(path, pem));   // durable, 0600
//   VOUCH_ASSIGN_OR_RETURN(std::string pem, ReadPrivateFile(path));
//
// Any thread.
#ifndef VOUCH_SERVER_PRIVATE_FILE_H_
#define VOUCH_SERVER_PRIVATE_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vouch {

inline constexpr size_t kPrivateFileBytesMax = 4 << 20;

// Replaces the file as a whole: after a crash it holds the old or the new
// bytes. Durable on return, mode 0600. Errors: STORE_FULL, STORE_IO.
absl::Status WritePrivateFile(const std::string& path, absl::string_view bytes);

// Errors: NOT_FOUND, TOO_LARGE, STORE_IO; CONFIGURATION_INVALID if other users
// may read it.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path);

}  // namespace vouch

#endif  // VOUCH_SERVER_PRIVATE_FILE_H_
