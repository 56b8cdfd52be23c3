#!/usr/bin/env python3
"""Checks that what generators write is what they would write now.

  tests/lint/generated.py [ROOT]       exit 1 if a generated file is stale
  tests/lint/generated.py --self-test  exit 1 unless it notices a stale one
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tree

# Each takes --check and then names the stale files, exit code 1.
GENERATORS = ["proto/generate_errors.py"]


def check(root):
    for generator in GENERATORS:
        run = subprocess.run(
            [sys.executable, str(pathlib.Path(root, generator)), "--check"],
            capture_output=True, text=True)
        said = (run.stdout + run.stderr).strip()
        if run.returncode != 0:
            for line in said.splitlines() or ["--check failed"]:
                yield tree.Finding(generator, 0, line)


def self_test():
    """On a copy: clean as it is, stale once a word of a file is changed."""
    with tempfile.TemporaryDirectory() as copy:
        for path in ("proto", "sync/base/reasons.inc"):
            source, target = tree.ROOT / path, pathlib.Path(copy, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        for generator in GENERATORS:  # the copy starts out fresh
            subprocess.run([sys.executable, str(pathlib.Path(copy, generator))],
                           check=True)
        if list(check(copy)):
            print("self-test failed: a fresh tree was called stale")
            return 1
        table = pathlib.Path(copy, "proto/errors.md")
        table.write_text(table.read_text().replace("`MALFORMED`", "`BENT`"))
        if not any("errors.md" in f.text for f in check(copy)):
            print("self-test failed: a stale proto/errors.md went unnoticed")
            return 1
    print("self-test: both cases hold")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    tree.main(__doc__, check, [])
