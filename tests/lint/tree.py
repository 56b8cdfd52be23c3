"""What the checks of this folder share: which files there are, C++ without
its comments, and a self-test on planted trees.

A check is a function from a root folder to findings. Its script ends with

    tree.main(__doc__, check, planted)

and then runs as `check.py [ROOT]`, exit code 1 if it finds something, or as
`check.py --self-test`, which proves on small planted trees that it can.
"""
import collections
import os
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Where C++ of ours lives; the first five are the product.
PRODUCT = ("sync", "storage", "evidence", "server", "client-lib")
CPP_ROOMS = PRODUCT + ("tests",)
NOT_OURS = {".git", "build", "node_modules", "__pycache__"}

# `line` is 0 where the file as a whole is meant.
Finding = collections.namedtuple("Finding", "path line text")

# A case of a self-test: the files of a small tree, and for each finding that
# the check must make there, in any order, a piece of "path:line: text".
Case = collections.namedtuple("Case", "name files expected")


def files(root, suffixes, rooms=None):
    """Paths below root, as relative strings with slashes, sorted.

    Looks at the disk and not at git, so that a file is checked before it is
    first committed and a source archive can be checked at all.
    """
    found = []
    for folder, names, entries in os.walk(root):
        names[:] = [n for n in names if n not in NOT_OURS]
        for entry in entries:
            if entry.endswith(tuple(suffixes)):
                path = pathlib.Path(folder, entry).relative_to(root)
                if rooms is None or path.parts[0] in rooms:
                    found.append(path.as_posix())
    return sorted(found)


def cpp(root, rooms=CPP_ROOMS):
    return files(root, (".cc", ".h"), rooms)


def read(root, path):
    return pathlib.Path(root, path).read_text(encoding="utf-8")


_TOKEN = re.compile(
    r'R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"'  # raw string
    r'|"(?:[^"\\\n]|\\.)*"'                         # string
    r"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'"         # character, not 1'000
    r"|//[^\n]*|/\*.*?\*/",                         # comments
    re.S)


def code(text):
    """The text with comments and literals emptied, each line in its place."""

    def blank(match):
        token = match.group()
        if token.startswith(("R", '"')):
            return '""' + "\n" * token.count("\n")
        return "\n" * token.count("\n")

    return _TOKEN.sub(blank, text)


def include_lines(text):
    """(line number, "quoted" or "angled", what is included) for each."""
    # Include paths are literals, so code() would empty them: leave out the
    # comments only, which is exact enough where a line starts with a hash.
    without = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"),
                     text, flags=re.S)
    for number, line in enumerate(without.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if match:
            quoted, angled = match.groups()
            yield number, "quoted" if quoted else "angled", quoted or angled


def show(finding):
    where = f"{finding.path}:{finding.line}" if finding.line else finding.path
    return f"{where}: {finding.text}"


def self_test(check, planted):
    wrong = 0
    for case in planted:
        with tempfile.TemporaryDirectory() as root:
            for path, text in case.files.items():
                target = pathlib.Path(root, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            found = [show(f) for f in check(pathlib.Path(root))]
        left = list(found)
        missed = []
        for piece in case.expected:
            hit = next((f for f in left if piece in f), None)
            if hit is None:
                missed.append(piece)
            else:
                left.remove(hit)
        if missed or left:
            wrong += 1
            print(f"self-test '{case.name}' failed")
            for piece in missed:
                print(f"  not found: {piece}")
            for line in left:
                print(f"  found and not expected: {line}")
    print(f"self-test: {len(planted) - wrong} of {len(planted)} cases hold")
    return 1 if wrong or not planted else 0


def main(usage, check, planted):
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        sys.exit(self_test(check, planted))
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        sys.exit(usage)
    root = pathlib.Path(arguments[0]) if arguments else ROOT
    found = list(check(root))
    for finding in sorted(found):
        print(show(finding))
    if found:
        print(f"{len(found)} findings")
    sys.exit(1 if found else 0)
