// Exit codes of the command-line tools, `vouchd` and `vouch`: one for each
// class of error, so that a script can tell what to do without reading text.
//
//   if (!status.ok()) { Print(status); return ExitCode(status); }
//
//   0  done
//   1  failed for a reason without a class of its own
//   2  usage: an argument is wrong
//   3  configuration or data file: mend it
//   4  there is no such thing
//   5  not allowed: certificate, code, role, separation of duties
//   6  not now: the state of a record, conflict, device or chain forbids it
//   7  the store: full, locked, newer, damaged, wrong key
//   8  the network or the server: try again later
//   9  a proof or history does not hold: tell the administrator
#ifndef VOUCH_SYNC_BASE_EXIT_CODE_H_
#define VOUCH_SYNC_BASE_EXIT_CODE_H_

#include "absl/status/status.h"
#include "sync/base/status.h"

namespace vouch {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfiguration = 3;
inline constexpr int kExitNotFound = 4;
inline constexpr int kExitNotAllowed = 5;
inline constexpr int kExitNotNow = 6;
inline constexpr int kExitStore = 7;
inline constexpr int kExitUnreachable = 8;
inline constexpr int kExitNotProven = 9;

// The reasons whose class is not the one of their canonical code.
inline int ExitCodeOfReason(Reason reason) {
  switch (reason) {
    case Reason::kConfigurationInvalid:
    case Reason::kSpecificationInvalid:
      return kExitConfiguration;
    case Reason::kCodeUnknown:
    case Reason::kCodeUsed:
    case Reason::kCodeExpired:
    case Reason::kPersonNotCertified:
    case Reason::kPersonSignatureInvalid:
      return kExitNotAllowed;
    case Reason::kStoreFull:
    case Reason::kStoreIo:
    case Reason::kStoreLocked:
    case Reason::kStoreNewer:
    case Reason::kStoreCorrupted:
    case Reason::kStoreKeyWrong:
    case Reason::kAuthorityMismatch:
      return kExitStore;
    case Reason::kSyncStopped:
      return kExitUnreachable;
    case Reason::kHistoryDiverged:
    case Reason::kDeviceRestored:
    case Reason::kSignatureInvalid:
    case Reason::kChainBroken:
    case Reason::kChainForked:
      return kExitNotProven;
    default:
      return kExitFailed;
  }
}

inline int ExitCode(const absl::Status& status) {
  const int special = ExitCodeOfReason(ReasonOf(status));
  if (special != kExitFailed) return special;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitNotAllowed;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return kExitNotNow;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return kExitUnreachable;
    case absl::StatusCode::kDataLoss:
      return kExitNotProven;
    default:
      return kExitFailed;
  }
}

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_EXIT_CODE_H_
