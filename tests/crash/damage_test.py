#!/usr/bin/env python3
"""Bytes that went bad: every file of both sides' stores, at many places.

  tests/crash/damage_test.py BIN_DIR TESTS_DIR [unittest arguments]

With one byte flipped, or a file cut off, a program either does not notice,
because nothing that it read was concerned, or tells a typed error; it never
shows a value that was not saved, and never dies by a signal. What is still
whole can be exported.
"""
import json
import os
import re
import shutil

import blackbox

TYPED = ("STORE_CORRUPTED", "STORE_IO", "STORE_KEY_WRONG", "STORE_NEWER",
         "NOT_ENROLLED", "STORE_LOCKED")
PLACES = int(os.environ.get("VOUCH_PLACES", "6"))  # a file


def places(size):
    """Offsets in a file: its head, its end, and some between."""
    chosen = {0, size - 1}
    while len(chosen) < min(PLACES, size):
        chosen.add(blackbox.RANDOM.randrange(size))
    return sorted(place for place in chosen if 0 <= place < size)


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ (1 << blackbox.RANDOM.randrange(8))]))


def files_of(folder):
    found = []
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            if os.path.isfile(path) and os.path.getsize(path) > 0:
                found.append(os.path.relpath(path, folder))
    return sorted(found)


def faults(folder):
    """(what, relative path, what to do with the file)."""
    for name in files_of(folder):
        size = os.path.getsize(folder / name)
        for at in places(size):
            yield f"{name} flipped at {at}", name, lambda p, at=at: flip(p, at)
        cut = blackbox.RANDOM.randrange(size)
        yield f"{name} cut to {cut}", name, lambda p, to=cut: os.truncate(p, to)
    # A byte that is surely in use, of the largest file.


class TabletIsDamaged(blackbox.Scene):
    def setUp(self):
        super().setUp()
        self.north = self.tablet("north")
        self.save(self.north, 8)
        self.synced(self.north)
        self.save(self.north, 4)
        # Left by a kill, so that there is a log of SQLite's beside the base.
        save = self.north.begin(*self.observation("killed"), "--repeat",
                                "100000")
        for _ in range(3):
            save.stdout.readline()
        blackbox.end(save)
        save.communicate()
        self.whole = self.folder / "whole"
        shutil.copytree(self.north.folder, self.whole)
        self.known = set(self.north.labels())

    def test_every_file_and_many_places(self):
        untouched = noticed = 0
        for what, name, break_it in faults(self.whole):
            with self.subTest(what):
                shutil.rmtree(self.north.folder)
                shutil.copytree(self.whole, self.north.folder)
                break_it(self.north.folder / name)
                if self.read_all():
                    untouched += 1
                else:
                    noticed += 1
        self.assertGreater(noticed, 0)
        self.assertGreater(untouched, 0)
        south = self.tablet("south")  # has what the damaged ones pushed
        self.assertLessEqual(set(south.labels()), self.known)

    def read_all(self):
        """True if nothing was noticed. Never wrong, never dead."""
        fine = True
        for arguments in (("status",), ("ledger",),
                          ("record", "list", "--kind", "observation"),
                          ("sync",), self.observation("after")):
            run = self.north.run(*arguments)
            if run.code != 0:
                fine = False
                self.assertGreater(run.code, 0, run)
                self.assertIn(run.reason(), TYPED + ("DEVICE_RESTORED",
                                                     "CHAIN_FORKED"), run)
            elif arguments[:2] == ("record", "list"):
                for row in run.json()["records"]:
                    self.assertIn(row["label"], self.known)
        self.export()
        return fine

    def export(self):
        path = self.folder / "export"
        run = self.north.run("store", "export", path)
        if run.code != 0:
            self.assertIn(run.reason(), TYPED, run)
            path.unlink(missing_ok=True)
            return
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if entry["type"] == "record" and entry["kind"] == "Observation" \
                    and entry["message"]:
                self.assertIn(entry["message"].get("venue", ""),
                                            self.known | {"after", ""})
        path.unlink()

    def test_what_is_whole_is_exported_past_the_damage(self):
        """A page of the base is spoilt: the records elsewhere are there."""
        repeat = self.north.begin(*self.observation("many"), "--repeat", "400")
        _, told = repeat.communicate()
        self.assertEqual(repeat.returncode, 0, told)
        count = sum(self.north.labels().values())
        base = self.north.folder / "store" / "vouch.db"
        content, page = base.read_bytes(), 8192
        partly = 0
        for at in blackbox.RANDOM.sample(range(1, len(content) // page), 12):
            with self.subTest(page=at):
                base.write_bytes(content[:at * page] + bytes(page) +
                                 content[(at + 1) * page:])
                path = self.folder / "export"
                run = self.north.run("store", "export", path)
                if run.code != 0:
                    self.typed(run, *TYPED)
                    path.unlink(missing_ok=True)
                    continue
                records = path.read_text().count('"kind":"Observation"')
                changes = path.read_text().count('"type":"change"')
                if run.json()["damage"]:
                    partly += records > 0 or changes > 0
                else:
                    self.assertEqual(records, count)
                path.unlink()
        self.assertGreater(partly, 0, "nothing was exported past damage")


class CentreIsDamaged(blackbox.Scene):
    def setUp(self):
        super().setUp()
        self.north = self.tablet("north")
        self.mirror = self.tablet("mirror")
        self.save(self.north, 10)
        self.synced(self.north)
        self.centre.restart()  # what was in the log alone is in tables now
        self.save(self.north, 5)
        self.synced(self.north)
        self.centre.kill()
        self.whole = self.folder / "whole"
        self.copy_tree(self.centre.folder, self.whole)
        self.mirror_whole = self.folder / "mirror_whole"
        shutil.copytree(self.mirror.folder, self.mirror_whole)

    def copy_tree(self, source, target):
        shutil.copytree(source, target,
                        ignore=shutil.ignore_patterns("admin.sock"))

    def test_every_file_and_many_places(self):
        untouched = noticed = 0
        for what, name, break_it in faults(self.whole):
            if re.search(r"OPTIONS-|/LOG", name):
                continue  # RocksDB's own notes, not read back
            with self.subTest(what):
                shutil.rmtree(self.centre.folder)
                self.copy_tree(self.whole, self.centre.folder)
                shutil.rmtree(self.mirror.folder)
                shutil.copytree(self.mirror_whole, self.mirror.folder)
                break_it(self.centre.folder / name)
                if self.serve():
                    untouched += 1
                else:
                    noticed += 1
        self.assertGreater(noticed, 0)
        self.assertGreater(untouched, 0)

    def serve(self):
        """True if the centre serves and the mirror gets all of it."""
        self.centre.begin()
        if not self.centre.await_serving():
            code = self.centre.process.wait(blackbox.DEADLINE_S)
            told = "".join(self.centre.lines)
            self.assertGreater(code, 0, told)
            self.assertRegex(told, "STORE_|CONFIGURATION_INVALID|MALFORMED|"
                                   "NOT_FOUND")
            return False
        fine = True
        for tablet in (self.mirror, self.north):
            run = tablet.sync(deadline_s=20)
            self.assertGreaterEqual(run.code, 0, run)
            fine = fine and run.code == 0
            self.check_ledger(tablet)
        code = self.centre.process.poll()
        self.assertIsNone(code, "".join(self.centre.lines[-8:]))
        # Whatever came through was saved by somebody.
        pending, _ = self.oracle.read()
        self.assertLessEqual(set(self.mirror.labels()), pending)
        if fine:
            self.check_labels(self.north)
        self.centre.kill()
        return fine


if __name__ == "__main__":
    blackbox.main(__doc__)
