#!/usr/bin/env python3
"""SIGSTOP and SIGCONT: a side that hangs instead of dying.

  tests/crash/stop_test.py BIN_DIR TESTS_DIR [unittest arguments]

The other side ends by its own deadline with a typed error, nothing is lost,
and everything works on once the stopped one continues.
"""
import signal
import time

import blackbox


class CentreIsStopped(blackbox.Scene):
    def setUp(self):
        super().setUp()
        self.north = self.tablet("north")
        self.addCleanup(self.resume)

    def resume(self):
        self.centre.process.send_signal(signal.SIGCONT)

    def test_a_sync_ends_with_its_deadline(self):
        self.save(self.north, 3)
        self.centre.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        run = self.north.sync(deadline_s=2)
        took = time.monotonic() - begun
        # UNREACHABLE: the second look after a broken call did not get through.
        self.typed(run, "DEADLINE", "UNREACHABLE")
        self.assertLess(took, 2 + blackbox.GRACE_S)
        self.check_ledger(self.north, pending=3)
        self.save(self.north)  # capture does not wait for a centre
        self.resume()
        self.converge([self.north])

    def test_stopped_in_the_middle_of_a_sync_it_goes_on(self):
        """The same sync goes on if the centre comes back in time."""
        for _ in range(10):
            self.save(self.north, 2)
            sync = self.north.begin("sync", "--deadline", "30")
            blackbox.wait_at_most(sync, blackbox.RANDOM.uniform(0.02, 0.15))
            self.centre.process.send_signal(signal.SIGSTOP)
            blackbox.wait_at_most(sync, 0.3)
            self.resume()
            run = blackbox.Run(sync, ["sync"])
            self.assertEqual(run.code, 0, run)
            self.check_ledger(self.north, pending=0)
        self.converge([self.north])


class TabletIsStopped(blackbox.Scene):
    def test_the_centre_serves_others_and_drains(self):
        north, south = self.tablet("north"), self.tablet("south")
        for _ in range(5):
            self.save(north, 2)
            sync = north.begin("sync", "--deadline", "30")
            blackbox.wait_at_most(sync, blackbox.RANDOM.uniform(0.02, 0.12))
            sync.send_signal(signal.SIGSTOP)
            self.save(south)
            self.synced(south)
            sync.send_signal(signal.SIGCONT)
            run = blackbox.Run(sync, ["sync"])
            self.assertEqual(run.code, 0, run)
        self.converge([north, south])

    def test_a_stopped_tablet_does_not_hold_up_the_end(self):
        north = self.tablet("north")
        self.centre.kill()
        self.centre.config["drain_s"] = 2
        self.centre.start()
        self.save(north, 2)
        sync = north.begin("sync", "--deadline", "30")
        try:
            # Once the server knows the session, or the sync is over.
            blackbox.await_that(
                lambda: sync.poll() is not None or self.sockets() > 0,
                "the tablet's connection")
            sync.send_signal(signal.SIGSTOP)
            begun = time.monotonic()
            self.assertEqual(self.centre.stop(), 0)
            self.assertLess(time.monotonic() - begun, 2 * 2 + blackbox.GRACE_S)
        finally:
            sync.send_signal(signal.SIGCONT)
        blackbox.Run(sync, ["sync"])
        self.centre.start()
        self.converge([north])

    def sockets(self):
        """Connections to the centre's port."""
        port, established = f":{self.centre.port:04X}", "01"
        with open("/proc/net/tcp") as table:
            rows = [row.split() for row in table][1:]
        return sum(1 for row in rows
                   if row[1].endswith(port) and row[3] == established)


if __name__ == "__main__":
    blackbox.main(__doc__)
