// Names that libraries inside libvouch.so have too, as an app with other
// versions of them would export them. Whoever calls one of these ends the
// process: libvouch called into what is not its own.
#ifndef VOUCH_TESTS_KIT_CLASHING_H_
#define VOUCH_TESTS_KIT_CLASHING_H_

#include <unistd.h>

#include <cstring>

[[noreturn]] inline void Trespass(const char* name) {
  const char said[] = "libvouch called the app's ";
  (void)!write(2, said, sizeof said - 1);
  (void)!write(2, name, strlen(name));
  (void)!write(2, "\n", 1);
  _exit(99);
}

// Defines `name` with C linkage, visible to every library.
#define VOUCH_CLASH(name)                                               \
  extern "C" __attribute__((visibility("default"), used)) void name() { \
    Trespass(#name);                                                    \
  }

#endif  // VOUCH_TESTS_KIT_CLASHING_H_
