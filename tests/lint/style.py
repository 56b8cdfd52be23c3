#!/usr/bin/env python3
"""Checks the rules of the house that a pattern can check.

  tests/lint/style.py [ROOT]       exit 1 and a line for each breach
  tests/lint/style.py --self-test  exit 1 unless it notices planted ones
"""
import collections
import fnmatch
import re

import tree

LINES_MAX = 450

# A pattern that C++ must not contain outside comments and literals. `allowed`
# lists where it may: (path pattern, line pattern, reason).
Ban = collections.namedtuple("Ban", "pattern why allowed")

ANY_LINE = ""
BANS = [
    Ban(r"\b(sleep_for|sleep_until|usleep|nanosleep|SleepFor)\b|\bsleep\s*\(",
        "nothing sleeps: wait for the event, with a deadline", []),
    Ban(r"\bGTEST_SKIP\b|\bDISABLED_", "a test runs or is deleted", []),
    Ban(r"\bIsPeerAuthenticated\b",
        "true for a foreign certificate too: ask server/access.h",
        [("server/access.cc", ANY_LINE, "the one access function")]),
    Ban(r"\bstd::(format|source_location|views|ranges::views)\b",
        "g++ 12 and clang 14 do not both compile it", []),
    Ban(r"\babsl::(Mutex|MutexLock|ReaderMutexLock|WriterMutexLock|CondVar)\b",
        "Debian's build gives false races under TSan: std::mutex", []),
    Ban(r"\b(system_clock|steady_clock|high_resolution_clock|clock_gettime"
        r"|gettimeofday)\b|\babsl::Now\b|\btime\s*\(\s*(nullptr|NULL|0)\s*\)",
        "time comes from Clock in sync/base/clock.h",
        [("sync/base/clock.cc", ANY_LINE, "implements Clock"),
         ("tests/*", ANY_LINE, "a test bounds how long it waits"),
         ("client-lib/src/transport*", ANY_LINE,
          "gRPC takes deadlines as points of system_clock"),
         ("server/*", r"[Dd]eadline|Shutdown",
          "gRPC takes deadlines as points of system_clock")]),
]

# Work left for later belongs in an issue. Written in two pieces, so that this
# file passes its own check.
MARKER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
MARKED = (".cc", ".h", ".proto", ".py", ".sh", ".cmake", ".txt", ".md",
          ".yaml", ".toml", "/run", "/quickstart")


def allowed(ban, path, line):
    return any(fnmatch.fnmatchcase(path, pattern) and re.search(where, line)
               for pattern, where, _ in ban.allowed)


def guards(path):
    """The guards a header may have, the preferred one first."""

    def guard(name):
        return "VOUCH_" + re.sub(r"[^A-Z0-9]", "_", name.upper()) + "_"

    public = "client-lib/include/vouch/"
    if path.startswith(public):  # included as "vouch/client.h"
        return [guard(path[len(public):]), guard(path)]
    return [guard(path)]


def check_guard(path, text):
    wanted = guards(path)
    match = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text, re.M)
    if not match or match[1] != match[2] or match[1] not in wanted:
        return [tree.Finding(path, 0, f"the header guard is {wanted[0]}")]
    return []


def check_cpp(root):
    for path in tree.cpp(root):
        text = tree.read(root, path)
        count = text.count("\n")
        if count > LINES_MAX:
            yield tree.Finding(path, 0,
                               f"{count} lines; split it ({LINES_MAX} at most)")
        if path.endswith(".h"):
            yield from check_guard(path, text)
        for number, line in enumerate(tree.code(text).split("\n"), 1):
            for ban in BANS:
                match = re.search(ban.pattern, line)
                if match and not allowed(ban, path, line):
                    yield tree.Finding(path, number,
                                       f"{match.group()}: {ban.why}")


def check_markers(root):
    for path in tree.files(root, ("",)):
        if not ("/" + path).endswith(MARKED):
            continue
        for number, line in enumerate(tree.read(root, path).split("\n"), 1):
            match = MARKER.search(line)
            if match:
                yield tree.Finding(path, number,
                                   f"{match.group()}: finish it or file it")


def check(root):
    yield from check_cpp(root)
    yield from check_markers(root)


def one(path, line, *expected):
    return tree.Case(f"{path}: {line.strip()}", {path: line + "\n"},
                     list(expected))


PLANTED = [
    one("server/a.cc", "int main() { return 0; }"),
    one("server/a.cc", "std::this_thread::sleep_for(kPause);",
        "server/a.cc:1: sleep_for"),
    one("tests/unit/a_test.cc", "usleep(10);", "usleep"),
    one("tests/unit/a_test.cc", "sleep(1);", "sleep("),
    one("tests/unit/a_test.cc", "// it would sleep(1) here; no sleep_for"),
    one("tests/unit/a_test.cc", 'Log("sleep_for");'),
    one("tests/unit/a_test.cc", "TEST(A, B) { GTEST_SKIP(); }", "GTEST_SKIP"),
    one("tests/unit/a_test.cc", "TEST(A, DISABLED_B) {}", "DISABLED_"),
    one("server/access.cc", "context.IsPeerAuthenticated();"),
    one("server/sync.cc", "context.IsPeerAuthenticated();",
        "IsPeerAuthenticated: true for a foreign"),
    one("sync/core/a.cc", 'auto s = std::format("{}", 1);', "std::format"),
    one("sync/core/a.cc", "for (int i : std::views::iota(0, 2)) {}",
        "std::views"),
    one("server/a.cc", "absl::Mutex mutex_;", "absl::Mutex"),
    one("sync/core/a.cc", "auto t = std::chrono::steady_clock::now();",
        "steady_clock: time comes from Clock"),
    one("server/a.cc", "int64_t now = time(nullptr);", "time(nullptr)"),
    one("server/a.cc", "auto now = system_clock::now();", "system_clock"),
    one("server/a.cc", "auto deadline = system_clock::now() + kGrace;"),
    one("sync/base/clock.cc", "auto t = std::chrono::system_clock::now();"),
    one("tests/sim/a.cc", "auto t = std::chrono::steady_clock::now();"),
    one("evidence/a.cc", "// TO" "DO: more", "evidence/a.cc:1: TO" "DO"),
    one("proto/vouch/v1/a.proto", "// FIX" "ME", "FIX" "ME: finish"),
    one("deploy/quickstart", "# XX" "X", "deploy/quickstart:1: XX" "X"),
    one("deploy/quickstart", "mktemp -d /tmp/vouch.XXXXXX"),
    tree.Case("a file may have as many lines as the limit",
              {"sync/core/a.cc": "\n" * LINES_MAX}, []),
    tree.Case("a file has too many lines",
              {"sync/core/a.cc": "\n" * (LINES_MAX + 1)},
              [f"sync/core/a.cc: {LINES_MAX + 1} lines"]),
    tree.Case("a raw string hides nothing behind it",
              {"tests/unit/a.cc": 'x = R"j(usleep "\n)j"; y = 1\'000;\n'
                                  "usleep(1);\n"},
              ["tests/unit/a.cc:3: usleep"]),
] + [
    tree.Case(f"{path} guarded by {guard}",
              {path: f"#ifndef {guard}\n#define {guard}\n#endif\n"}, expected)
    for path, guard, expected in [
        ("sync/base/a.h", "VOUCH_SYNC_BASE_A_H_", []),
        ("sync/base/a.h", "VOUCH_SYNC_CORE_A_H_",
         ["the header guard is VOUCH_SYNC_BASE_A_H_"]),
        ("client-lib/src/a.h", "VOUCH_CLIENT_LIB_SRC_A_H_", []),
        ("client-lib/include/vouch/client.h", "VOUCH_CLIENT_H_", []),
        ("client-lib/include/vouch/client.h", "CLIENT_H",
         ["the header guard is VOUCH_CLIENT_H_"]),
    ]
] + [
    tree.Case("no guard at all", {"server/a.h": "int a();\n"},
              ["server/a.h: the header guard is VOUCH_SERVER_A_H_"]),
]

if __name__ == "__main__":
    tree.main(__doc__, check, PLANTED)
