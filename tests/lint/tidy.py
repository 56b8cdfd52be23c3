#!/usr/bin/env python3
"""Runs clang-tidy, with the checks of .clang-tidy, over the product's C++.

  tests/lint/tidy.py              over all; build/release must be built
  tests/lint/tidy.py --self-test  exit 1 unless it notices a planted bug

A source that passed is not looked at again until it, a header it includes,
the checks, the tool or the way it is compiled changes. Passes are remembered
in $VOUCH_TIDY_CACHE, or vouch-tidy in the user's cache folder.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import tree

BUILD = tree.ROOT / "build/release"
# The rooms that are held to it so far. The others have not been gone through
# yet: each joins, in this line, once it is clean.
ROOMS = ("sync",)
CACHE = pathlib.Path(
    os.environ.get("VOUCH_TIDY_CACHE")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME")
                    or pathlib.Path.home() / ".cache") / "vouch-tidy")


def tidy(build, source):
    """(exit code, what clang-tidy said of the source)."""
    run = subprocess.run(["clang-tidy", "-p", str(build), "--quiet",
                          str(source)], capture_output=True, text=True)
    return run.returncode, run.stdout + ("" if run.returncode == 0 else
                                         run.stderr)


def commands():
    """Source → its compile command, for the product's sources."""
    database = BUILD / "compile_commands.json"
    if not database.exists():
        sys.exit("tidy.py: build/release is not there; run tests/run first")
    found = {}
    for entry in json.loads(database.read_text()):
        path = pathlib.Path(entry["directory"], entry["file"])
        try:
            path = path.relative_to(tree.ROOT)
        except ValueError:
            continue
        if path.parts[0] in ROOMS:
            found[path.as_posix()] = entry["command"], entry.get("output")
    return found


def dependencies():
    """Object → the files it was compiled from, as ninja recorded them."""
    run = subprocess.run(["ninja", "-C", str(BUILD), "-t", "deps"],
                         capture_output=True, text=True)
    found, current = {}, None
    for line in run.stdout.splitlines():
        if line.startswith("    ") and current is not None:
            current.append(line.strip())
        elif ": #deps" in line:
            current = []
            # A record older than its object no longer describes it.
            if "(VALID)" in line:
                found[line.split(":")[0]] = current
        else:
            current = None
    return found


@functools.lru_cache(maxsize=None)
def digest_of(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def key_of(source, command, inputs, tool):
    """Names a pass; None where what the source includes is not known."""
    if not inputs:
        return None
    # Without the root, so that a clone elsewhere finds the same passes.
    parts = [tool, source, command.replace(str(tree.ROOT), "")]
    try:
        parts.append(digest_of(tree.ROOT / ".clang-tidy"))
        parts.append(digest_of(tree.ROOT / source))
        parts += sorted(digest_of(os.path.join(BUILD, i)) for i in inputs)
    except OSError:
        return None
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def main():
    began = time.monotonic()
    tool = subprocess.run(["clang-tidy", "--version"], capture_output=True,
                          text=True, check=True).stdout
    compiled = commands()
    left_out = set(tree.files(tree.ROOT, (".cc",), ROOMS)) - set(compiled)
    inputs = dependencies()
    todo = []
    for source, (command, output) in sorted(compiled.items()):
        if output is None:  # this CMake puts it in the command alone
            words = command.split()
            output = words[words.index("-o") + 1]
        key = key_of(source, command, inputs.get(output), tool)
        if key is None or not (CACHE / key).exists():
            todo.append((source, key))
    print(f"clang-tidy: {len(compiled)} sources, {len(todo)} to look at")
    CACHE.mkdir(parents=True, exist_ok=True)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        results = pool.map(lambda s: tidy(BUILD, tree.ROOT / s[0]), todo)
        for number, ((source, key), (code, said)) in enumerate(
                zip(todo, results), 1):
            print(f"[{number}/{len(todo)}] {source}", flush=True)
            if code != 0:
                bad += 1
                print(said, flush=True)
            elif key is not None:
                (CACHE / key).touch()
    # A source that no target compiles is neither built nor checked.
    for source in sorted(left_out):
        bad += 1
        print(f"{source}: no target of build/release compiles it")
    print(f"clang-tidy: {bad} of {len(compiled) + len(left_out)} sources with "
          f"findings, {time.monotonic() - began:.0f} s")
    return 1 if bad else 0


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "planted.cc")
        pathlib.Path(folder, ".clang-tidy").write_text(
            (tree.ROOT / ".clang-tidy").read_text())
        pathlib.Path(folder, "compile_commands.json").write_text(json.dumps(
            [{"directory": folder, "file": str(source),
              "command": f"c++ -std=c++20 -c {source}"}]))
        text = ("#include <string>\n#include <utility>\n"
                "std::string Twice(std::string a) {\n"
                "  std::string b = std::move(a);\n"
                "  return b + %s;\n}\n")
        for used, expected in (("b", False), ("a", True)):
            source.write_text(text % used)
            code, said = tidy(folder, source)
            if (code != 0) != expected or (
                    expected and "bugprone-use-after-move" not in said):
                print(f"self-test failed, use after move {expected}: {said}")
                return 1
    print("self-test: both cases hold")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--self-test"]):
        sys.exit(__doc__)
    sys.exit(self_test() if sys.argv[1:] else main())
