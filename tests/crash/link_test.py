#!/usr/bin/env python3
"""Syncs over bad links, through tests/support/fault_proxy.py.

  tests/crash/link_test.py BIN_DIR TESTS_DIR [unittest arguments]

Each fault strikes at many byte offsets of both directions. The sync that meets
it ends with a typed error within its deadline, or succeeds; after the link has
healed, one sync within LIVENESS_S finishes the job: nothing lost, nothing
double, all hashes as the centre's.

VOUCH_OFFSETS=N takes N offsets of each direction.
"""
import os
import pathlib
import sys
import time

import blackbox

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fault_proxy import Fault, FaultProxy  # noqa: E402

LIVENESS_S = 60
# At least, of a sync under a fault that nobody is told of; of any other.
SILENT_S, TOLD_S = 2, 20
OFFSETS = int(os.environ.get("VOUCH_OFFSETS", "6"))
REASONS = ("UNREACHABLE", "DEADLINE", "SERVER_NOT_TRUSTED", "TOO_SLOW")


class Link(blackbox.Scene):
    def setUp(self):
        super().setUp()
        self.north, self.south = self.tablet("north"), self.tablet("south")
        self.proxy = FaultProxy(self.centre.address, seed=blackbox.SEED)
        self.addCleanup(self.proxy.close)
        self.silent_s = self.patience_s(self.north, SILENT_S)
        self.told_s = max(TOLD_S, self.silent_s)

    def measure(self):
        """Bytes of an untroubled sync, to choose offsets among."""
        self.work()
        before = self.proxy.connections
        report = self.through(LIVENESS_S)
        self.assertEqual(report.code, 0, report)
        self.assertGreater(self.proxy.connections, before)
        report = report.json()
        # TLS and HTTP/2 add to it; a handshake is some 3 kB.
        return {"up": 2500 + int(report["bytes_sent"]),
                "down": 2500 + int(report["bytes_received"])}

    def work(self):
        """Something to push and something to pull."""
        self.save(self.south, 2)
        self.synced(self.south)
        self.save(self.north, 3)

    def through(self, deadline_s):
        return self.north.sync("--server", self.proxy.address,
                               deadline_s=deadline_s)

    def struck_at(self, name, deadline_s, reasons=REASONS):
        """The fault at offsets of both directions, healing each time."""
        sizes = self.measure()
        missed = 0
        for way, size in sizes.items():
            chosen = {1, size - 1}
            while len(chosen) < OFFSETS:
                chosen.add(blackbox.RANDOM.randrange(size))
            for at in sorted(chosen):
                with self.subTest(way=way, at=at):
                    missed += not self.once(Fault(way=way, **{name: at}),
                                            deadline_s, reasons)
        self.assertLess(missed, 2 * len(chosen), "no fault ever struck")
        self.converge([self.north, self.south])

    def once(self, fault, deadline_s, reasons):
        """True if it struck."""
        self.work()
        struck = self.proxy.struck
        self.proxy.fault = fault
        begun = time.monotonic()
        run = self.through(deadline_s)
        took = time.monotonic() - begun
        if run.code != 0:
            self.typed(run, *reasons)
        self.assertLess(took, deadline_s + blackbox.GRACE_S)
        self.check_ledger(self.north)
        self.proxy.heal()
        run = self.through(LIVENESS_S)
        self.assertEqual(run.code, 0, run)
        self.check_ledger(self.north, pending=0)
        return self.proxy.struck > struck


class QuickFaults(Link):
    def test_connection_is_closed(self):
        self.struck_at("cut_after", self.told_s)

    def test_connection_is_reset(self):
        self.struck_at("reset_after", self.told_s)

    def test_connection_is_refused(self):
        self.assertTrue(self.once(Fault(refuse=True), self.told_s,
                                  REASONS))
        self.converge([self.north, self.south])


class SilentFaults(Link):
    def test_half_open(self):
        """One direction is lost and nobody told."""
        self.struck_at("swallow_after", self.silent_s)

    def test_black_hole(self):
        self.struck_at("blackhole_after", self.silent_s)


class SlowLinks(Link):
    def test_delays(self):
        """Pieces of both directions overtake those of the other."""
        for turn in range(4):
            self.work()
            self.proxy.fault = Fault(delay_s=0.1)
            run = self.through(blackbox.DEADLINE_S)
            self.assertEqual(run.code, 0, run)
            self.proxy.heal()
        self.converge([self.north, self.south])

    def test_slow_drip(self):
        """Two kilobytes a second are enough, given the time."""
        self.work()
        self.proxy.fault = Fault(bytes_per_s=2000)
        run = self.through(blackbox.DEADLINE_S)
        self.assertEqual(run.code, 0, run)
        self.proxy.heal()
        self.converge([self.north, self.south])

    def test_flapping(self):
        """Each connection lives for a moment; every sync that gets something
        through keeps it, so that in the end all is across."""
        self.save(self.north, 40)
        self.proxy.fault = Fault(way="down", cut_after=6000)
        blackbox.await_that(lambda: self.through(self.told_s).code == 0 or
                            self.check_ledger(self.north)["pending"] == 0,
                            "progress over a flapping link")
        self.proxy.heal()
        self.converge([self.north, self.south])


class EnrolmentOverBadLinks(Link):
    def test_a_lost_answer_costs_no_code(self):
        for way in ("up", "down"):
            for at in (0, 1500, 3000, 4000, 5000):
                with self.subTest(way=way, at=at):
                    name = f"{way}{at}"
                    tablet, code = self.new_tablet(name), self.centre.code(name)
                    self.proxy.fault = Fault(way=way, cut_after=at)
                    run = tablet.run("enrol", self.proxy.address, code)
                    if run.code != 0:
                        self.typed(run, *REASONS)
                    self.proxy.heal()
                    run = tablet.run("enrol", self.proxy.address, code)
                    if run.code != 0:
                        self.typed(run, "ALREADY_ENROLLED")
                    run = tablet.sync("--server", self.proxy.address)
                    self.assertEqual(run.code, 0, run)


if __name__ == "__main__":
    blackbox.main(__doc__)
