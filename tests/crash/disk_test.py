#!/usr/bin/env python3
"""Writes and syncs that fail, by tests/support/fsync_kill.c.

  tests/crash/disk_test.py BIN_DIR TESTS_DIR [unittest arguments]

A disk that fails is told as STORE_IO, one that is full as that or STORE_FULL;
after a full one a serving centre works on as soon as there is room. Nothing
confirmed is lost by either.
"""
import errno

import blackbox

class FailingTablet(blackbox.Scene):
    """Each write and each sync of a save and of a sync fails once, or it and
    all that follow."""

    def setUp(self):
        super().setUp()
        self.north = self.tablet("north")

    def faults(self):
        plan = blackbox.Plan
        for kind in ("write", "sync"):
            for action, error in ((plan.FAIL, errno.EIO),
                                  (plan.FAIL, errno.ENOSPC),
                                  (plan.SHORT, 0), (plan.TORN_KILL, 0)):
                if kind == "sync" and action != plan.FAIL:
                    continue
                for forever in (0, 1):
                    yield kind, action, error, forever

    def each(self, verb_of, after, places):
        """Runs a verb under every fault at the first few places each."""
        for kind, action, error, forever in self.faults():
            for at in range(1, places + 1):
                with self.subTest(kind=kind, action=action, error=error,
                                  forever=forever, at=at):
                    marker, arguments = verb_of()
                    plan = blackbox.Plan(
                        self.folder / "plan", self.north.folder,
                        error=error, forever=forever,
                        **{f"{kind}_at": at, f"{kind}_action": action})
                    run = self.north.run(*arguments,
                                         environment=plan.environment())
                    if run.code == 0 and marker:
                        self.oracle.done(marker)
                    if run.code > 0:
                        self.assertIn(run.reason(), ("STORE_IO", "STORE_FULL"),
                                      run)
                    elif run.code < 0:
                        self.assertEqual(action, blackbox.Plan.TORN_KILL, run)
                    after()

    def test_saves(self):
        def save():
            marker = self.oracle.pending()
            return marker, self.observation(marker)

        self.each(save, lambda: self.check_labels(self.north), places=3)
        self.converge([self.north, self.tablet("south")])

    def test_syncs(self):
        south = self.tablet("south")

        def sync():
            self.save(south)
            self.synced(south)
            self.save(self.north)
            return None, ("sync",)

        self.each(sync, lambda: self.check_ledger(self.north), places=2)
        self.converge([self.north, south])


class FailingCentre(blackbox.Scene):
    """The disk of a serving centre fails at a write or a sync of a commit."""

    def fail(self, **fault):
        north = self.tablet("north")
        self.centre.kill()
        plan = blackbox.Plan(self.folder / "plan", self.centre.folder)
        self.centre.start(plan.environment())
        for at in range(1, 4):
            with self.subTest(at=at):
                self.save(north)
                # Asking for hashes waits for the views: the next write is
                # the commit's.
                north.ledger("--centre")
                kind = fault["kind"]
                plan.set(error=fault["error"], forever=fault["forever"],
                         **{f"{kind}_at": plan.get(f"{kind}s") + at,
                            f"{kind}_action": fault.get("action", plan.FAIL)})
                run = north.sync(deadline_s=20)
                if run.code != 0:
                    self.typed(run, "STORE_FULL", "STORE_IO")
                self.assertIsNone(self.centre.process.poll(),
                                  "".join(self.centre.lines[-5:]))
                self.check_ledger(north)
                plan.set(**{f"{kind}_at": 0})
                if fault["error"] == errno.ENOSPC:
                    # There is room again: within moments, without a restart.
                    blackbox.await_that(lambda: north.sync().code == 0,
                                        "the centre takes pushes again")
                else:
                    # What a failed write or sync left is unknown: the store
                    # takes no more until it is opened again.
                    self.centre.kill()
                    self.centre.start(plan.environment())
                self.synced(north)
                self.check_ledger(north, pending=0)
        self.centre.restart()
        self.converge([north, self.tablet("south")])

    def test_full_once(self):
        self.fail(kind="write", error=errno.ENOSPC, forever=0)

    def test_full_until_there_is_room(self):
        self.fail(kind="write", error=errno.ENOSPC, forever=1)

    def test_failing_writes(self):
        self.fail(kind="write", error=errno.EIO, forever=1)

    def test_failing_syncs(self):
        self.fail(kind="sync", error=errno.EIO, forever=0)

    def test_short_writes(self):
        self.fail(kind="write", error=0, forever=1,
                  action=blackbox.Plan.SHORT)


if __name__ == "__main__":
    blackbox.main(__doc__)
