#!/usr/bin/env python3
"""Compares libvouch.so with what was promised: the functions it exports with
vouch.h and exports.txt, the binary interface of vouch.h with libvouch-1.abi.

  client-lib/abi/check.py LIBVOUCH           exit 1 and a line for each breach
  client-lib/abi/check.py --update LIBVOUCH  writes both files anew
  client-lib/abi/check.py --self-test          exit 1 unless planted ones are seen

The two files are those of the last release. To add a function or an enumerator
is compatible: it is updated in the same change. Anything else that abidiff
finds needs a new major version, with a file of its own.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
HEADERS = HERE.parent / "include"
# vouch.h, and what it includes that declares functions.
HEADER_FILES = (HEADERS / "vouch/values.h", HEADERS / "vouch/vouch.h")
EXPORTS = HERE / "exports.txt"
DUMP = HERE / "libvouch-1.abi"
# Symbols of what libvouch.so hides, if they were looked up elsewhere.
INSIDE = re.compile(r"^(grpc_|gpr_|_ZNK?4grpc|sqlite3_|crypto_|sodium_|ZSTD_"
                    r"|ares_|_ZNK?5vouch)")
# abidiff(1): 4, something differs; 8, in a way that breaks callers.
INCOMPATIBLE = 8


def header():
    return "".join(path.read_text() for path in HEADER_FILES)


def dynamic_symbols(library, which):
    listed = subprocess.run(["nm", "-D", which, str(library)],
                            capture_output=True, text=True, check=True)
    return {line.split()[-1].split("@")[0]
            for line in listed.stdout.splitlines()}


def exported(library):
    return dynamic_symbols(library, "--defined-only") - {"VOUCH_1"}


def declarations(text):
    """Name → the comment above it, of each function that vouch.h declares."""
    found = {}
    comment = []
    for line in text.splitlines():
        if line.startswith("//"):
            comment.append(line[2:].strip())
            continue
        match = re.match(r"VOUCH_API .*?\b(vouch_\w+)\(", line)
        if match:
            found[match[1]] = " ".join(comment)
        comment = []
    return found


def surface(text):
    """C that defines every function of vouch.h, so that a compiler shows the
    layout of each argument. libvouch.so itself would bring all of C++."""
    made = ['#include "vouch/vouch.h"']
    for declared in re.findall(r"^VOUCH_API ([^;]+);", text, re.M):
        body = "{}" if declared.startswith("void ") else "{ return 0; }"
        made.append(f"{declared} {body}")
    return "\n".join(made) + "\n"


def dump(out):
    """The binary interface of vouch.h, without paths or lines."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "vouch.c").write_text(surface(header()))
        subprocess.run(
            ["cc", "-std=c11", "-g", "-O0", "-fPIC", "-shared",
             "-fvisibility=hidden", f"-ffile-prefix-map={HEADERS}=.",
             f"-ffile-prefix-map={folder}=.", "-I", str(HEADERS), "-Wl,-soname",
             "-Wl,libvouch.so.1", "-o", "libvouch.so", "vouch.c"],
            cwd=folder, check=True)
        subprocess.run(
            ["abidw", "--no-show-locs", "--no-corpus-path",
             "--no-comp-dir-path", "--no-elf-needed", "--out-file",
             str(out.resolve()), "libvouch.so"], cwd=folder, check=True)


def compare_names(declared, listed, found):
    for name in sorted(set(declared) - found):
        yield f"{name}: declared in vouch.h and not exported"
    for name in sorted(found - set(declared)):
        yield f"{name}: exported and not declared in vouch.h"
    for name in sorted(listed - found):
        yield f"{name}: in exports.txt and gone: callers break"
    for name in sorted(found - listed):
        yield f"{name}: new; add it with --update"
    for name, comment in declared.items():
        if "Thread: " not in comment:
            yield f"{name}: its comment has no thread line"


def compare_dumps(before, after):
    run = subprocess.run(["abidiff", str(before), str(after)],
                         capture_output=True, text=True)
    if run.returncode & ~INCOMPATIBLE & ~4:
        yield f"abidiff failed: {run.stderr.strip()}"
    elif run.returncode & INCOMPATIBLE or "changed" in changes(run.stdout):
        yield "the binary interface breaks callers:\n" + run.stdout
    elif run.returncode:
        yield "the binary interface has grown; --update:\n" + run.stdout


def changes(said):
    """The kinds of change in abidiff's summary that are not additions."""
    found = set()
    for removed, changed in re.findall(
            r"changes summary: (\d+) Removed, (\d+) Changed", said):
        if int(removed) or int(changed):
            found.add("changed")
    return found


def check(library):
    yield from compare_names(declarations(header()),
                             set(EXPORTS.read_text().split()),
                             exported(library))
    for name in sorted(dynamic_symbols(library, "--undefined-only")):
        if INSIDE.match(name):
            yield f"{name}: looked up outside libvouch.so"
    with tempfile.TemporaryDirectory() as folder:
        now = pathlib.Path(folder, "now.abi")
        dump(now)
        yield from compare_dumps(DUMP, now)


def self_test():
    """What each comparison must notice."""
    declared = declarations("// Does. Thread: any.\nVOUCH_API int vouch_a(int);"
                            "\n// Does.\nVOUCH_API int vouch_b(int);\n")
    said = "\n".join(compare_names(declared, {"vouch_a", "vouch_gone"},
                                   {"vouch_a", "stray"}))
    wrong = [piece for piece in (
        "vouch_b: declared in vouch.h and not", "stray: exported and not",
        "vouch_gone: in exports.txt and gone", "stray: new",
        "vouch_b: its comment has no thread line") if piece not in said]
    with tempfile.TemporaryDirectory() as folder:
        bent = pathlib.Path(folder, "bent.abi")
        text = DUMP.read_text()
        # An option that became shorter, and a function that went.
        for old, new in (("name='reserve_bytes' type-id='", None),
                         ("vouch_discard", "vouch_discord")):
            if old not in text:
                wrong.append(f"{DUMP.name} does not speak of {old}")
                continue
            if new is None:
                at = text.index(old) + len(old)
                kind = re.search(
                    r"name='char' size-in-bits='8' id='([^']+)'|"
                    r"type-decl name='char' size-in-bits='8' id='([^']+)'",
                    text)
                end = text.index("'", at)
                bent.write_text(text[:at] + next(filter(None, kind.groups())) +
                                text[end:])
            else:
                bent.write_text(text.replace(old, new))
            if not list(compare_dumps(bent, DUMP)):
                wrong.append(f"a dump with another {old}")
    for piece in wrong:
        print(f"self-test failed: not noticed: {piece}")
    print(f"self-test: {7 - len(wrong)} of 7 cases hold")
    return 1 if wrong else 0


def main():
    arguments = sys.argv[1:]
    if not arguments or len(arguments) > 2:
        sys.exit(__doc__)
    library = pathlib.Path(arguments[-1])
    if arguments[0] == "--update":
        EXPORTS.write_text("\n".join(sorted(exported(library))) + "\n")
        dump(DUMP)
        return 0
    if arguments[0] == "--self-test":
        return self_test()
    found = list(check(library))
    for breach in found:
        print(breach)
    return 1 if found else 0


sys.exit(main())
