#!/usr/bin/env python3
"""Checks who may include whom: the arrows of ARCHITECTURE.md.

  tests/lint/layering.py [ROOT]       exit 1 if an include breaks an arrow
  tests/lint/layering.py --self-test  exit 1 unless it notices planted ones
"""
import fnmatch
import re

import tree

# Room → the rooms whose headers it may include. tests/ may include all.
ARROWS = {
    "sync/base": {"sync/base"},
    "sync/core": {"sync/core", "sync/base", "proto"},
    "evidence": {"evidence", "sync/base", "proto"},
    "storage": {"storage", "sync/base", "sync/core", "proto"},
    "server": {"server", "evidence", "storage", "sync/base", "sync/core",
               "proto"},
    "client-lib": {"client-lib", "evidence", "storage", "sync/base",
                   "sync/core", "proto"},
}

# Includes (patterns) that only some files (patterns) may make, and why.
ONLY_IN = [
    (("grpcpp/*", "grpc/*", "grpc++/*", "*.grpc.pb.h"),
     ("server/*", "client-lib/src/transport*"),
     "gRPC stays in server/ and client-lib/src/transport*"),
    (("rocksdb/*",), ("storage/rocksdb_*.cc",),
     "RocksDB stays in the sources of its engine, storage/rocksdb_*.cc"),
    (("sqlite3*.h",), ("storage/sqlite_*.cc",),
     "SQLite stays in the sources of its engine, storage/sqlite_*.cc"),
    (("google/protobuf/*",),
     ("sync/core/*", "evidence/*", "storage/*", "server/*", "client-lib/*"),
     "sync/base knows no messages"),
    (("sodium*", "openssl/*"),
     ("sync/base/*", "storage/*", "server/*", "client-lib/*"),
     "the pure rooms reach cryptography through sync/base"),
    (("spdlog/*", "toml++/*", "CLI/*", "prometheus/*", "httplib.h"),
     ("server/*", "client-lib/*"),
     "logs, configuration, command lines and metrics live at the edges"),
]

# sync/ and evidence/ do no I/O and know no thread and no clock, which is what
# lets the simulator run them. The system's own clock and random source are
# implemented in one file.
PURE = ("sync/*", "evidence/*")
PURE_EXCEPT = {"sync/base/clock.cc"}
IMPURE = (
    "thread", "mutex", "shared_mutex", "condition_variable", "future",
    "stop_token", "semaphore", "latch", "barrier", "chrono", "ctime",
    "random", "fstream", "iostream", "filesystem", "csignal", "time.h",
    "pthread.h", "unistd.h", "fcntl.h", "poll.h", "signal.h", "netdb.h",
    "sys/*", "netinet/*", "arpa/*", "absl/synchronization/*",
    "absl/time/clock.h", "absl/random/*")


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, p) for p in patterns)


def room_of(path):
    """The room a file belongs to; None for tests and unknown places."""
    for room in ARROWS:
        if path.startswith(room + "/"):
            return room
    return None


def target_of(included):
    """The room an include path leads to; None if it is not of ours."""
    if re.fullmatch(r"vouch/v\d+/.*\.pb\.h", included):
        return "proto"
    if included.startswith("vouch/"):
        return "client-lib"
    for room in (*ARROWS, "sync", "tests", "proto"):
        if included.startswith(room + "/"):
            return room
    return None


def check_include(path, room, line, included):
    target = target_of(included)
    if target is not None and target not in ARROWS[room]:
        yield tree.Finding(path, line,
                           f"{room} may not include {target} ({included})")
    if included.startswith(("../", "./")):
        yield tree.Finding(path, line,
                           f"include from the root, not by {included}")
    for patterns, allowed, why in ONLY_IN:
        if matches(included, patterns) and not matches(path, allowed):
            yield tree.Finding(path, line, f"{included}: {why}")
    if (matches(path, PURE) and path not in PURE_EXCEPT
            and matches(included, IMPURE)):
        yield tree.Finding(path, line, f"{room} is pure; no <{included}>")


def check(root):
    for path in tree.cpp(root, tree.PRODUCT):
        room = room_of(path)
        if room is None:
            yield tree.Finding(path, 0, "no room of ARCHITECTURE.md holds it")
            continue
        for line, _, included in tree.include_lines(tree.read(root, path)):
            yield from check_include(path, room, line, included)


def one(path, include, *expected):
    text = f"// What it is.\n#include {include}\n"
    name = f"{path} includes {include}"
    return tree.Case(name, {path: text},
                     [f"{path}:2: {piece}" for piece in expected])


PLANTED = [
    one("sync/base/a.h", '"absl/status/status.h"'),
    one("sync/base/a.h", '"sync/core/b.h"', "sync/base may not include"),
    one("sync/base/a.h", '"vouch/v1/errors.pb.h"',
        "sync/base may not include proto"),
    one("sync/base/a.cc", "<google/protobuf/message.h>",
        "google/protobuf/message.h: sync/base knows no messages"),
    one("sync/base/clock.cc", "<chrono>"),
    one("sync/base/other.cc", "<chrono>", "sync/base is pure"),
    one("sync/core/a.cc", '"vouch/v1/records.pb.h"'),
    one("sync/core/a.cc", '"evidence/b.h"', "sync/core may not include"),
    one("sync/core/a.cc", '"storage/store.h"', "sync/core may not include"),
    one("sync/core/a.cc", "<sys/socket.h>", "sync/core is pure"),
    one("sync/core/a.cc", '"absl/synchronization/mutex.h"', "sync/core is"),
    one("sync/core/a.cc", "<sodium.h>", "sodium.h: the pure rooms"),
    one("sync/extra/a.cc", "<string>")._replace(
        expected=["sync/extra/a.cc: no room"]),
    one("evidence/a.h", '"sync/core/b.h"', "evidence may not include"),
    one("evidence/a.cc", "<fstream>", "evidence is pure"),
    one("evidence/a.cc", '"vouch/v1/records.pb.h"'),
    one("storage/a.cc", '"evidence/b.h"', "storage may not include"),
    one("storage/a.cc", '"sync/core/b.h"'),
    one("storage/replica/a.cc", "<mutex>"),
    one("storage/replica/a.cc", "<rocksdb/db.h>", "rocksdb/db.h: RocksDB"),
    one("storage/rocksdb_store.cc", "<rocksdb/db.h>"),
    one("storage/rocksdb_store.h", '"rocksdb/db.h"', "rocksdb/db.h: RocksDB"),
    one("storage/memory_store.cc", "<sqlite3.h>", "sqlite3.h: SQLite"),
    one("storage/sqlite_store.cc", "<sqlite3.h>"),
    one("storage/sqlite_connection.h", "<sqlite3.h>", "sqlite3.h: SQLite"),
    one("server/a.cc", "<grpcpp/grpcpp.h>"),
    one("server/a.cc", '"client-lib/src/b.h"', "server may not include"),
    one("server/a.cc", '"vouch/client.h"', "server may not include"),
    one("server/a.cc", '"tests/support/b.h"', "server may not include tests"),
    one("server/a.cc", '"../storage/b.h"', "include from the root"),
    one("client-lib/src/a.cc", '"server/b.h"', "client-lib may not include"),
    one("client-lib/src/a.cc", "<grpcpp/channel.h>", "grpcpp/channel.h: gRPC"),
    one("client-lib/src/transport_grpc.cc", "<grpcpp/channel.h>"),
    one("client-lib/src/a.cc", '"vouch/v1/sync_service.grpc.pb.h"',
        "vouch/v1/sync_service.grpc.pb.h: gRPC"),
    one("client-lib/cli/a.cc", '"vouch/client.h"'),
    one("tests/unit/a.cc", '"server/b.h"'),
    tree.Case("an include in a comment is none",
              {"sync/base/a.h": '/*\n#include "server/b.h"\n*/\n'
                                '// #include <thread>\n'}, []),
]

if __name__ == "__main__":
    tree.main(__doc__, check, PLANTED)
