#!/usr/bin/env python3
"""Death and power failure at every single sync of the disk.

  tests/crash/sync_kill_test.py BIN_DIR TESTS_DIR [unittest arguments]

A story is told again and again; in its N-th telling the process under test
dies at its N-th fsync, fdatasync or sync_file_range, until a telling ends
without a death. Three ways to die: before the sync, after it, and with the
power: then also everything is gone that was not synced, and every name that
its folder's sync had not made safe (tests/support/fsync_kill.c). Afterwards
the program runs again on what is left, the story ends well, and the oracle
(blackbox.py) finds all that was confirmed, once.

VOUCH_STRIDE=K tells every K-th telling only; it begins at a random one.
"""
import collections
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import blackbox

STRIDE = max(1, int(os.environ.get("VOUCH_STRIDE", "1")))
WAYS = ("before", "after", "power")
SYNC_MS = 1000 * blackbox.DEADLINE_S
SYNCS_MAX = 1000  # of one telling; more is an error of the test


def numbers():
    return range(1 + blackbox.RANDOM.randrange(STRIDE), SYNCS_MAX, STRIDE)


class Story(blackbox.Scene):
    def plan(self, root, way):
        """Of the process that is to die; nothing is set off yet."""
        shadow = self.folder / "shadow" if way == "power" else None
        return blackbox.Plan(self.folder / "plan", root, shadow)

    def set_off(self, plan, way, number):
        action = plan.KILL_AFTER if way == "after" else plan.KILL_BEFORE
        plan.set(sync_at=plan.get("syncs") + number, sync_action=action)

    def died(self, plan, way, code):
        """Settles how it ended. False: nothing was left to die at; the power
        then fails the moment after it has ended well."""
        if way == "power":
            plan.power_failed()
        if not plan.get("done"):
            self.assertEqual(code, 0)
            return False
        self.assertEqual(code, -9)
        return True

    def tell(self, once):
        """Every way to die, at every number, until one finds nothing."""
        for way in WAYS:
            for number in numbers():
                with self.subTest(way=way, sync=number):
                    if not once(way, number):
                        break
            else:
                self.fail("the story never ended")
            self.assertGreater(number, 1 if STRIDE == 1 else 0)


class TabletDies(Story):
    """At each sync of `vouch`: making a store and enrolling, saving, and
    syncing, every time with the same tablet, which has to survive them all."""

    def test_enrolling(self):
        def once(way, number):
            name = f"{way}{number}"
            tablet = self.new_tablet(name)
            code = self.centre.code(name)
            plan = self.plan(self.folder / name, way)
            self.set_off(plan, way, number)
            run = tablet.run("enrol", self.centre.address, code,
                             environment=plan.environment())
            died = self.died(plan, way, run.code)
            again = tablet.run("enrol", self.centre.address, code)
            if again.code != 0:
                self.typed(again, "ALREADY_ENROLLED")
            self.synced(tablet)
            return died

        self.tell(once)

    def test_saving(self):
        """Three saves in a row, each printed once it is durable: the store is
        closed only after the third, which would sync it once more."""
        north = self.tablet("north")
        self.there = 0

        def once(way, number):
            plan = self.plan(north.folder.parent, way)
            self.set_off(plan, way, number)
            run = north.run(*self.observation("row"), "--repeat", "3",
                            environment=plan.environment())
            died = self.died(plan, way, run.code)
            printed = run.out.count("\n")
            now = north.labels()["row"] - self.there
            self.there += now
            self.assertGreaterEqual(now, printed)
            self.assertLessEqual(now, min(3, printed + 1))
            return died

        self.tell(once)
        south = self.tablet("south")
        for tablet in (north, south):
            self.synced(tablet)
            self.assertEqual(tablet.labels(), {"row": self.there})
        self.check_ledger(north, pending=0)

    def test_syncing(self):
        north, south = self.tablet("north"), self.tablet("south")

        def once(way, number):
            self.save(south)
            self.synced(south)  # so that there is something to pull
            self.save(north)
            plan = self.plan(north.folder.parent, way)
            self.set_off(plan, way, number)
            run = north.run("sync", environment=plan.environment())
            died = self.died(plan, way, run.code)
            self.check_ledger(north)
            self.synced(north)
            self.check_ledger(north, pending=0)
            return died

        self.tell(once)
        self.converge([north, south])


class TabletOnRocksDbDies(Story):
    """As above, for the device's other engine."""

    def test_saving(self):
        self.tablet("mirror")
        folder = self.new_tablet("rocks").folder
        tablets = blackbox.Tablets(1)
        tablets.must("open", "r", folder, "rocksdb")
        tablets.must("enrol", "r", self.centre.address,
                     self.centre.code("Rocks"))
        tablets.must("sync", "r", "-", SYNC_MS)
        tablets.close()

        def once(way, number):
            plan = self.plan(folder.parent, way)
            self.set_off(plan, way, number)
            dying = blackbox.Tablets(1, environment=plan.environment())
            dying.ask("open", "r", folder, "rocksdb")
            asked = []
            for _ in range(3):
                marker = self.oracle.pending()
                asked.append((marker, dying.ask("save", "r",
                                                self.registration, marker)))
            for marker, tag in asked:
                answer = dying.answer(tag)
                if answer is not None:
                    self.assertEqual(answer.reason, "OK", answer)
                    self.oracle.done(marker)
            died = self.died(plan, way, dying.close())
            self.check(folder)
            return died

        self.tell(once)
        self.check(folder, "sync", "r", "-", SYNC_MS)

    def check(self, folder, *then):
        """What was confirmed is there, once."""
        tablets = blackbox.Tablets(1)
        tablets.must("open", "r", folder, "rocksdb")
        if then:
            tablets.must(*then)
        labels = collections.Counter(tablets.must("list", "r").values())
        self.assertEqual(self.oracle.wrong(labels), "")
        ledger = tablets.must("ledger", "r")
        self.assertEqual(ledger["balanced"], "1", ledger)
        self.assertEqual(tablets.close(), 0)


class CentreDies(Story):
    """At each sync of `vouchd`."""

    def test_in_its_first_start(self):
        def once(way, number):
            name = f"{way}{number}"
            centre = self.new_centre(name)
            plan = self.plan(self.folder / name, way)
            self.set_off(plan, way, number)
            centre.begin(plan.environment())
            served = centre.await_serving()
            if served:
                centre.stop()
            centre.process.wait(blackbox.DEADLINE_S)
            died = self.died(plan, way, centre.process.returncode)
            centre.start()
            self.assertIn("@", centre.code("A. Person"))
            centre.kill()
            shutil.rmtree(self.folder / name)
            return died

        self.tell(once)

    def test_while_it_serves(self):
        """A code, an enrolment, a push and its acknowledgement, the end."""
        tablets = [self.tablet("north"), self.tablet("south")]

        def once(way, number):
            self.centre.kill()
            plan = self.plan(self.centre.folder.parent, way)
            self.centre.start(plan.environment())
            self.set_off(plan, way, number)
            self.story(f"{way}{number}", tablets)
            if self.centre.process.poll() is None:
                self.centre.stop()
            died = self.died(plan, way, self.centre.process.wait(
                blackbox.DEADLINE_S))
            self.centre.start()
            for tablet in tablets:
                self.synced(tablet)
                self.check_ledger(tablet, pending=0)
            return died

        self.tell(once)
        self.converge(tablets)

    # What happens when the centre dies half-way is the test's to find out;
    # here only what was confirmed is noted.
    def story(self, name, tablets):
        made = subprocess.run(
            [blackbox.BIN / "vouchd", "code", "new", "--data",
             self.centre.folder, "--role", "assessor", "--name", name],
            capture_output=True, timeout=blackbox.DEADLINE_S)
        if made.returncode == 0:
            tablet = self.new_tablet(name)
            self.acceptable(tablet.run("enrol", self.centre.address,
                                       made.stdout.decode().strip()))
        for tablet in tablets:
            self.save(tablet)
            self.acceptable(tablet.sync(deadline_s=20))

    def acceptable(self, run):
        if run.code != 0:
            self.typed(run, "UNREACHABLE", "DEADLINE", "SHUTTING_DOWN")


class StoreDies(unittest.TestCase):
    """Each engine alone: batches in a row, death at each sync."""
    BATCHES = 12

    def test_every_printed_batch_is_there_whole(self):
        for engine in ("sqlite", "rocksdb"):
            for way in WAYS:
                for number in numbers():
                    with self.subTest(engine=engine, way=way, sync=number):
                        if not self.once(engine, way, number):
                            break

    def once(self, engine, way, number):
        with tempfile.TemporaryDirectory() as made:
            folder = pathlib.Path(made)
            (folder / "root").mkdir()
            store = folder / "root" / "store"
            plan = blackbox.Plan(folder / "plan", folder / "root",
                                 folder / "shadow" if way == "power" else None)
            action = plan.KILL_AFTER if way == "after" else plan.KILL_BEFORE
            plan.set(sync_at=number, sync_action=action)
            program = blackbox.TESTS / "store_writer"
            writer = subprocess.run([program, engine, store, str(self.BATCHES)],
                                    capture_output=True,
                                    env=plan.environment())
            died = bool(plan.get("done"))
            if way == "power":
                plan.power_failed()
            count = writer.stdout.count(b"\n")
            if not died:
                self.assertEqual(count, self.BATCHES)
            checked = subprocess.run([program, engine, store, "check",
                                      str(count)], capture_output=True)
            self.assertEqual(checked.returncode, 0, checked.stdout)
            return died


if __name__ == "__main__":
    blackbox.main(__doc__)
