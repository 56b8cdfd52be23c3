#!/usr/bin/env python3
"""Backups and restores that are cut off, and two at once.

  tests/crash/backup_kill_test.py BIN_DIR TESTS_DIR [unittest arguments]

However a backup ends, its folder is the backup that it was or the one that it
was to be, proven, or says that none was ever finished; the next run makes it
whole, and a centre restored from it has everything.

VOUCH_STRIDE=K dies at every K-th sync of the disk only.
"""
import shutil
import signal
import time

import blackbox
from sync_kill_test import Story

BODIES = 40       # of 32 kB: a backup takes some tenths of a second
ROUNDS_MAX = 30   # until a fault fell into the middle of a backup


class BackUps(Story):
    def setUp(self):
        super().setUp()
        self.north = self.tablet("north")
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.backup = self.disk / "backup"

    def work(self, bodies=1):
        for _ in range(bodies):
            marker = self.oracle.pending()
            text = blackbox.RANDOM.randbytes(32 << 10).hex()
            self.north.must(*self.observation(marker), "--text",
                            f"narrative={text}")
            self.oracle.done(marker)
        self.synced(self.north)

    def size(self, centre=None):
        """Entries of the log."""
        folder = (centre or self.centre).folder
        status = self.centre.admin("status", "--data", folder)
        return int(status.json()["log_size"])

    def begin_and_see_it(self, folder):
        """A backup of the server that is under way, or over."""
        begun = self.centre.begin_back_up(folder)
        blackbox.await_that(
            lambda: folder.exists() or begun.poll() is not None,
            "a backup under way")
        return begun

    def verify(self):
        return self.centre.admin("backup", "--verify", self.backup,
                                 "--master-key",
                                 self.centre.folder / "master.key")

    def restore(self, new, **more):
        return new.admin("restore", self.backup, new.folder, "--master-key",
                         self.centre.folder / "master.key", **more)

    def check_whole(self, size):
        """The next run makes it whole."""
        run = self.centre.back_up(self.backup)
        self.assertEqual(run.code, 0, run)
        self.check_holds(size)

    def check_holds(self, *sizes):
        """It is proven, with so many entries; None among them: or it says that
        none was ever finished."""
        run = self.verify()
        if None in sizes and run.code != 0:
            self.typed(run, "NOT_FOUND")
            return
        self.assertEqual(run.code, 0, run)
        self.assertIn(int(run.json()["log_size"]), sizes)

    def check_restores(self):
        """Last, and with the tablet's help for what came after."""
        if self.centre.process.poll() is None:
            self.centre.stop()
        new = self.new_centre("new")
        new.port = self.centre.port
        run = self.restore(new)
        self.assertEqual(run.code, 0, run)
        self.centre = new
        self.centre.start()
        self.converge([self.tablet("fresh"), self.north])


class ToolDies(BackUps):
    """At each sync of the disk that it writes to; no server runs."""

    def test_in_the_first_backup(self):
        self.work(3)
        size = self.size()
        self.centre.stop()

        def once(way, number):
            shutil.rmtree(self.backup, ignore_errors=True)
            died = self.cut_off(way, number)
            self.check_holds(size, None if died else size)
            self.check_whole(size)
            return died

        self.tell(once)
        self.check_restores()

    def test_in_the_next_backup(self):
        self.work(2)
        before = self.size()
        run = self.centre.back_up(self.backup)
        self.assertEqual(run.code, 0, run)
        kept = self.folder / "kept"
        shutil.copytree(self.backup, kept)
        self.work(3)
        size = self.size()
        self.centre.stop()

        def once(way, number):
            shutil.rmtree(self.backup)
            shutil.copytree(kept, self.backup)
            died = self.cut_off(way, number)
            self.check_holds(before if died else size, size)
            self.check_whole(size)
            return died

        self.tell(once)
        self.check_restores()

    def test_in_a_restore(self):
        """There is a whole centre then, or none and it can be done again."""
        self.work(3)
        size = self.size()
        self.check_whole(size)
        self.centre.stop()
        new = self.new_centre("new")

        def once(way, number):
            shutil.rmtree(new.folder, ignore_errors=True)
            plan = self.plan(new.folder.parent, way)
            self.set_off(plan, way, number)
            run = self.restore(new, environment=plan.environment())
            died = self.died(plan, way, run.code)
            if died and not new.folder.exists():
                run = self.restore(new)
                self.assertEqual(run.code, 0, run)
            new.start()
            self.assertEqual(self.size(new), size)
            new.kill()
            return died

        self.tell(once)

    def cut_off(self, way, number):
        plan = self.plan(self.disk, way)
        self.set_off(plan, way, number)
        run = self.centre.admin("backup", self.backup, "--data",
                                self.centre.folder,
                                environment=plan.environment())
        return self.died(plan, way, run.code)


class ServerEnds(BackUps):
    """At a random moment of a backup, again and again, until some were cut
    off and some were not."""

    def test_killed(self):
        def fault():
            self.centre.kill()
            # At once, as whoever supervises it does: nothing is in its way.
            self.centre.start()

        self.rounds(fault, "UNREACHABLE")

    def test_terminated(self):
        def fault():
            self.assertEqual(self.centre.stop(), 0)
            self.centre.start()

        self.rounds(fault, "SHUTTING_DOWN", "UNREACHABLE")

    def rounds(self, fault, *reasons):
        self.work(BODIES)
        begun = time.monotonic()
        self.check_whole(self.size())
        took = time.monotonic() - begun
        seen, before = set(), None
        for _ in range(ROUNDS_MAX):
            shutil.rmtree(self.backup, ignore_errors=True)
            size = self.size()
            begun = self.begin_and_see_it(self.backup)
            blackbox.wait_at_most(begun, blackbox.RANDOM.uniform(0, took))
            fault()
            run = blackbox.Run(begun, ["backup"], "vouchd")
            seen.add(run.code == 0)
            if run.code != 0:
                self.typed(run, *reasons)
            self.check_holds(size, None if run.code else size)
            self.check_whole(size)
            self.work()
            if len(seen) == 2:
                self.check_restores()
                return
        self.fail(f"{ROUNDS_MAX} times all were "
                  f"{'made' if True in seen else 'cut off'}")


class TwoAtOnce(BackUps):
    def test_of_one_server(self):
        """To one folder, and to two: one is made, and the other one too or
        told why not."""
        self.work(BODIES)
        size = self.size()
        for other in (self.backup, self.disk / "other"):
            with self.subTest(other=other.name):
                self.until_they_met(other)
                self.check_holds(size)
                if other != self.backup:
                    run = self.centre.back_up(other)
                    self.assertEqual(run.code, 0, run)
        self.check_restores()

    def until_they_met(self, other):
        for _ in range(ROUNDS_MAX):
            shutil.rmtree(self.backup, ignore_errors=True)
            first = self.begin_and_see_it(self.backup)
            self.centre.process.send_signal(signal.SIGSTOP)
            second = self.centre.begin_back_up(other)
            blackbox.wait_at_most(second, 0.3)  # so that it has asked
            self.centre.process.send_signal(signal.SIGCONT)
            runs = [blackbox.Run(begun, ["backup"], "vouchd")
                    for begun in (first, second)]
            self.assertEqual(runs[0].code, 0, runs[0])
            if runs[1].code != 0:
                self.typed(runs[1], "STORE_LOCKED")
                return
        self.fail(f"in {ROUNDS_MAX} rounds the two never met")

    def test_without_a_server(self):
        """Each opens the store itself: one of them at a time."""
        self.work(BODIES)
        size = self.size()
        self.centre.stop()
        begun = [self.centre.begin_back_up(self.backup) for _ in range(3)]
        runs = [blackbox.Run(one, ["backup"], "vouchd") for one in begun]
        for run in runs:
            if run.code != 0:
                self.typed(run, "STORE_LOCKED")
        self.assertIn(0, [run.code for run in runs])
        self.check_holds(size)
        self.check_restores()


if __name__ == "__main__":
    blackbox.main(__doc__)
