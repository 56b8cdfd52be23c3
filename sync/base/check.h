// VOUCH_CHECK: an always-on assertion for our own bugs. The world's errors are
// absl::Status; a failed check ends the process, since going on could alter
// evidence.
#ifndef VOUCH_SYNC_BASE_CHECK_H_
#define VOUCH_SYNC_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>

#define VOUCH_CHECK(condition)                                              \
  do {                                                                      \
    if (!(condition)) {                                                     \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, \
                   #condition);                                             \
      std::abort();                                                         \
    }                                                                       \
  } while (false)

// Early return on error; `expr` is a Status.
#define VOUCH_RETURN_IF_ERROR(expr)                \
  do {                                             \
    absl::Status vouch_status_ = (expr);           \
    if (!vouch_status_.ok()) return vouch_status_; \
  } while (false)

#define VOUCH_CONCAT_INNER_(a, b) a##b
#define VOUCH_CONCAT_(a, b) VOUCH_CONCAT_INNER_(a, b)
#define VOUCH_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                            \
  if (!tmp.ok()) return tmp.status();           \
  lhs = *std::move(tmp)
// VOUCH_ASSIGN_OR_RETURN(auto x, ComputeX());
#define VOUCH_ASSIGN_OR_RETURN(lhs, expr) \
  VOUCH_ASSIGN_OR_RETURN_(VOUCH_CONCAT_(vouch_or_, __LINE__), lhs, expr)

#endif  // VOUCH_SYNC_BASE_CHECK_H_
