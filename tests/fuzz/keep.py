#!/usr/bin/env python3
"""Keeps a corpus small enough for the tree: it is for replaying often, not for
holding every path ever found.

  keep.py CORPUS          exit code 1 if there is more than may be kept
  keep.py CORPUS MERGED   replaces it by what a merge left of it

Inputs that once crashed (crash-*) always stay. Of the others the large ones
come first, which reach most, until there are FILES_MAX or BYTES_MAX.
"""
import pathlib
import shutil
import sys

FILES_MAX = 60
BYTES_MAX = 60_000


def size(path):
    return path.stat().st_size


def fits(files):
    return len(files) <= FILES_MAX and sum(map(size, files)) <= BYTES_MAX


def replace(corpus, merged):
    crashes = list(corpus.glob("crash-*"))
    known = {path.read_bytes() for path in crashes}
    kept = []
    for path in sorted(merged.iterdir(), key=lambda p: (-size(p), p.name)):
        if path.read_bytes() not in known and fits(crashes + kept + [path]):
            kept.append(path)
    for path in set(corpus.iterdir()) - set(crashes):
        path.unlink()
    for path in kept:
        shutil.copy(path, corpus)
    print(f"{corpus}: {len(kept)} inputs kept, {len(crashes)} crashes")


if __name__ == "__main__":
    folders = [pathlib.Path(argument) for argument in sys.argv[1:]]
    if len(folders) == 1:
        sys.exit(0 if fits(list(folders[0].iterdir())) else 1)
    elif len(folders) == 2:
        replace(*folders)
    else:
        sys.exit(__doc__)
