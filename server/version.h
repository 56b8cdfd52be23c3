// The version that `vouchd --version` and GetStatus tell.
#ifndef VOUCH_SERVER_VERSION_H_
#define VOUCH_SERVER_VERSION_H_

namespace vouch {

inline constexpr char kVersion[] = VOUCH_VERSION;  // from CMakeLists.txt

}  // namespace vouch

#endif  // VOUCH_SERVER_VERSION_H_
