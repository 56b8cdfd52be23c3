#!/usr/bin/env python3
"""SIGKILL at random moments, to tablets and the centre.

  tests/crash/kill_test.py BIN_DIR TESTS_DIR [unittest arguments]

What a test is about to save and what was confirmed stands in the oracle's file
(blackbox.py). After every kill the store opens, everything confirmed is there
exactly once, and what was under way once or not at all; at the end of each
test the same holds at the centre and on a second tablet.
"""
import collections
import subprocess
import tempfile
import time
import unittest

import blackbox

SYNC_MS = 1000 * blackbox.DEADLINE_S


def die_within(process, longest_s):
    """Kills it after a random time, unless it ends before."""
    blackbox.wait_at_most(process, blackbox.RANDOM.uniform(0, longest_s))
    blackbox.end(process)


def timed(act):
    """Seconds that it takes on this machine, now."""
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


class TabletIsKilled(blackbox.Scene):
    def setUp(self):
        super().setUp()
        self.north = self.tablet("north")
        self.south = self.tablet("south")

    def rounds(self, least, once):
        """Until some came through and some did not, which once(longest_s)
        tells; at least so many."""
        seen = set()
        for turn in range(10 * least):
            longest_s = 1.5 * timed(lambda: self.save(self.north))
            seen.add(once(longest_s))
            if turn + 1 >= least and len(seen) == 2:
                return
        self.fail(f"of {10 * least} kills all came "
                  f"{'too late' if True in seen else 'too early'}")

    def test_in_the_middle_of_a_save(self):
        def once(longest_s):
            marker = self.oracle.pending()
            save = self.north.begin(*self.observation(marker))
            die_within(save, longest_s)
            out, _ = save.communicate()
            came_through = save.returncode == 0 or b'"id"' in out
            if came_through:
                self.oracle.done(marker)
            self.check_labels(self.north)
            return came_through

        self.rounds(20, once)
        self.converge([self.north, self.south])

    def test_in_a_row_of_saves_each_printed_one_is_there(self):
        printed = 0
        for _ in range(4):
            before = sum(self.north.labels().values())
            save = self.north.begin(*self.observation("row"), "--repeat",
                                    "100000")
            save.stdout.readline()
            die_within(save, 0.3)
            # The first line was read above, and the last may be cut.
            ids = 1 + save.stdout.read().count(b"\n")
            save.stdout.close()
            save.stderr.close()
            now = sum(self.north.labels().values()) - before
            self.assertGreaterEqual(now, ids)
            self.assertLessEqual(now, ids + 1)
            printed += ids
        self.assertGreater(printed, 20)
        for tablet in (self.north, self.south):
            self.synced(tablet)
        self.assertEqual(self.south.labels(), self.north.labels())
        self.check_ledger(self.north, pending=0)

    def test_in_the_middle_of_a_sync(self):
        def once(longest_s):
            self.save(self.south)
            self.synced(self.south)  # so that there is something to pull
            sync = self.north.begin("sync", "--deadline", "20")
            die_within(sync, 2 * longest_s)
            sync.communicate()
            self.check_ledger(self.north)
            return sync.returncode == 0

        self.rounds(12, once)
        self.converge([self.north, self.south])


class TabletOnRocksDbIsKilled(blackbox.Scene):
    """As above, for the device's other engine."""

    def test_in_saves_and_syncs(self):
        mirror = self.tablet("mirror")
        folder = self.folder / "rocks"
        tablets = blackbox.Tablets(2)
        tablets.must("open", "r", folder, "rocksdb")
        tablets.must("enrol", "r", self.centre.address,
                     self.centre.code("Rocks"))
        tablets.must("sync", "r", "-", SYNC_MS)
        for turn in range(10):
            asked = []
            for _ in range(30):
                marker = self.oracle.pending()
                asked.append((marker, tablets.ask("save", "r",
                                                  self.registration, marker)))
            sync = tablets.ask("sync", "r", "-", SYNC_MS)
            if turn % 2:
                # All saves are answered: the kill falls into the sync.
                for marker, tag in asked:
                    if tablets.answer(tag) is not None:
                        self.oracle.done(marker)
                asked = []
            die_within(tablets.process, 0.15)
            for marker, tag in asked:
                answer = tablets.answer(tag)
                if answer is not None and answer.reason == "OK":
                    self.oracle.done(marker)
            tablets.answer(sync)
            tablets.kill()
            tablets = blackbox.Tablets(2)
            tablets.must("open", "r", folder, "rocksdb")
            listed = collections.Counter(
                tablets.must("list", "r").values())
            self.assertEqual(self.oracle.wrong(listed), "")
            ledger = tablets.must("ledger", "r")
            self.assertEqual(ledger["balanced"], "1", ledger)
        self.assertGreater(len(self.oracle.read()[1]), 0)
        tablets.must("sync", "r", "-", SYNC_MS)
        self.assertEqual(tablets.must("ledger", "r")["pending"], "0")
        self.assertEqual(tablets.must("hashes", "r"),
                         tablets.must("hashes", "r", "centre"))
        tablets.close()
        self.converge([mirror])


class CentreIsKilled(blackbox.Scene):
    def test_while_tablets_sync(self):
        tablets = [self.tablet(name) for name in ("a", "b", "c")]
        for _ in range(12):
            syncs = []
            for tablet in tablets:
                self.save(tablet, 2)
                syncs.append(tablet.begin("sync", "--deadline", "20"))
            die_within(self.centre.process, 0.25)
            runs = [blackbox.Run(sync, ["sync"]) for sync in syncs]
            for run in runs:
                if run.code != 0:
                    self.typed(run, "UNREACHABLE", "DEADLINE")
            self.centre.start()
            for tablet in tablets:
                self.check_ledger(tablet)
        self.converge(tablets)

    def test_while_people_enrol(self):
        """A code whose enrolment was cut off enrols the same tablet still."""
        for turn in range(8):
            tablet = self.new_tablet(f"new{turn}")
            code = self.centre.code(f"New {turn}")
            enrol = tablet.begin("enrol", self.centre.address, code)
            die_within(self.centre.process, 0.16)
            enrol.communicate()
            self.centre.start()
            again = tablet.run("enrol", self.centre.address, code)
            if again.code != 0:
                self.typed(again, "ALREADY_ENROLLED")
            self.synced(tablet)


class StoreIsKilled(unittest.TestCase):
    """Either engine alone, whichever side it serves: batches of two families,
    written and synced in a row by tests/contract/store_writer.cc."""

    def test_every_printed_batch_is_there_whole(self):
        for engine in ("rocksdb", "sqlite"):
            with self.subTest(engine), tempfile.TemporaryDirectory() as folder:
                for _ in range(5):
                    self.kill_one(engine, f"{folder}/store")

    def kill_one(self, engine, folder):
        writer = subprocess.Popen([blackbox.TESTS / "store_writer", engine,
                                   folder], stdout=subprocess.PIPE)
        writer.stdout.readline()
        die_within(writer, 0.2)
        last = writer.stdout.read().split(b"\n")[-2:-1]
        writer.stdout.close()
        count = int(last[0]) + 1 if last else 1
        checked = subprocess.run(
            [blackbox.TESTS / "store_writer", engine, folder, "check",
             str(count)], capture_output=True, timeout=blackbox.DEADLINE_S)
        self.assertEqual(checked.returncode, 0, checked.stdout)


if __name__ == "__main__":
    blackbox.main(__doc__)
