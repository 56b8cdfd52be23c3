#!/usr/bin/env python3
"""Syncs between two network namespaces: packets lost, one direction lost, a
narrow line, an address that changes in the middle of a stream.

  tests/crash/network_test.py BIN_DIR TESTS_DIR [unittest arguments]

Needs root, ip, nft and tc; where one of them lacks, it says so and ends with
77, which ctest shows as skipped.
"""
import json
import os
import re
import subprocess
import time

import blackbox

CENTRE, TABLET, MOVED = "10.213.7.1", "10.213.7.2", "10.213.7.3"
LIVENESS_S = 60  # TCP itself may take some seconds to try again
CUT_S = 4        # at least, of a sync that will not get through
TEXTS = 6        # of 32 kB: some six seconds of a line of 256 kbit
RUN = f"vouch{os.getpid()}"


def system(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, words))}: {done.stderr.decode()}")
    return done.stdout.decode()


class Namespace:
    def __init__(self, name):
        self.name = name
        system("ip", "netns", "add", name)
        self.wrap = ["ip", "netns", "exec", name]
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *words):
        return system(*self.wrap, *words)

    def close(self):
        system("ip", "netns", "del", self.name)

    def nft(self, *rules):
        """Drops by these rules instead of those before, all at one moment;
        none: drops nothing."""
        table = "".join(
            f"add chain inet faults {hook} "
            f"{{ type filter hook {hook} priority 0 ; }}\n"
            for hook in ("input", "output"))
        table += "".join(f"add rule inet faults {rule}\n" for rule in rules)
        made = subprocess.run(
            [*self.wrap, "nft", "-f", "-"], capture_output=True,
            input=f"flush ruleset\nadd table inet faults\n{table}".encode())
        if made.returncode != 0:
            raise OSError(f"nft: {made.stderr.decode()}")

    def narrow(self, rate):
        """At most so much leaves; None: as much as there is."""
        subprocess.run([*self.wrap, "tc", "qdisc", "del", "dev", "wire",
                        "root"], capture_output=True)  # there may be none
        if rate:
            self.run("tc", "qdisc", "add", "dev", "wire", "root", "tbf",
                     "rate", rate, "burst", "4kb", "latency", "500ms")

    def sent_bytes(self):
        shown = json.loads(self.run("ip", "-s", "-j", "link", "show", "wire"))
        return shown[0]["stats64"]["tx"]["bytes"]


class Wire:
    """Two namespaces and the one cable between them."""

    def __init__(self):
        self.open = []
        try:
            self.centre = self._namespace("c")
            self.tablet = self._namespace("t")
            system("ip", "link", "add", f"{RUN}a", "type", "veth", "peer",
                   "name", f"{RUN}b")
            for end, of, address in (("a", self.centre, CENTRE),
                                     ("b", self.tablet, TABLET)):
                system("ip", "link", "set", f"{RUN}{end}", "netns", of.name)
                of.run("ip", "link", "set", f"{RUN}{end}", "name", "wire")
                of.run("ip", "addr", "add", f"{address}/24", "dev", "wire")
                of.run("ip", "link", "set", "wire", "up")
        except OSError:
            self.close()
            raise

    def _namespace(self, name):
        made = Namespace(RUN + name)
        self.open.append(made)
        return made

    def close(self):
        while self.open:
            self.open.pop().close()


def why_not():
    """Tries each means once; what lacks, or None."""
    wire = None
    try:
        wire = Wire()
        wire.tablet.nft("input numgen random mod 100 < 1 drop")
        wire.tablet.nft()
        wire.tablet.narrow("1mbit")
    except OSError as lacks:
        return str(lacks)
    finally:
        if wire:
            wire.close()
    return None


class Network(blackbox.Scene):
    CENTRE = False

    def setUp(self):
        super().setUp()
        self.wire = Wire()
        self.addCleanup(self.wire.close)
        self.centre = self.new_centre("centre", wrap=self.wire.centre.wrap,
                                      host=CENTRE, names=[CENTRE])
        self.centre.start()
        self.north = self.tablet("north", wrap=self.wire.tablet.wrap)
        self.cut_s = self.patience_s(self.north, CUT_S)

    def in_mid_stream(self, fault, deadline_s):
        """Does the fault once a sync over a narrow line is well under way."""
        for _ in range(TEXTS):
            text = blackbox.RANDOM.randbytes(32 << 10).hex()
            marker = self.oracle.pending()
            self.north.must(*self.observation(marker), "--text",
                            f"narrative={text}")
            self.oracle.done(marker)
        self.wire.tablet.narrow("256kbit")
        before = self.wire.tablet.sent_bytes()
        sync = self.north.begin("sync", "--deadline", str(deadline_s))
        blackbox.await_that(
            lambda: self.wire.tablet.sent_bytes() > before + 20000 or
            sync.poll() is not None, "bytes on the wire")
        self.assertIsNone(sync.poll(), "the sync was too quick for the test")
        fault()
        self.wire.tablet.narrow(None)  # what gets through needs no longer
        begun = time.monotonic()
        run = blackbox.Run(sync, ["sync"])
        self.assertLess(time.monotonic() - begun,
                        deadline_s + blackbox.GRACE_S)
        return run

    def healed(self):
        run = self.north.sync(deadline_s=LIVENESS_S)
        self.assertEqual(run.code, 0, run)
        self.converge([self.north])

    def test_packet_loss(self):
        for percent in (5, 20):
            drop = f"numgen random mod 100 < {percent} drop"
            self.wire.tablet.nft(f"input {drop}", f"output {drop}")
            for _ in range(3):
                self.save(self.north, 5)
                run = self.north.sync(deadline_s=30)
                if run.code != 0:
                    self.typed(run, "UNREACHABLE", "DEADLINE")
                self.check_ledger(self.north)
        self.wire.tablet.nft()
        self.healed()

    def test_half_open(self):
        for chain in ("input", "output"):
            with self.subTest(lost=chain):
                try:
                    run = self.in_mid_stream(
                        lambda: self.wire.tablet.nft(f"{chain} drop"),
                        self.cut_s)
                finally:
                    self.wire.tablet.nft()
                self.typed(run, "DEADLINE", "UNREACHABLE")
                self.check_ledger(self.north)
                self.healed()

    def test_half_open_for_a_moment(self):
        """Shorter than the deadline: the same sync goes on."""
        def fault():
            self.wire.tablet.nft("input drop")
            self.await_retransmissions()
            self.wire.tablet.nft()

        run = self.in_mid_stream(fault, blackbox.DEADLINE_S)
        self.assertEqual(run.code, 0, run)
        self.converge([self.north])

    def await_retransmissions(self):
        """Until TCP has tried again, and again."""
        def shown():
            rows = self.wire.tablet.run("ss", "--tcp", "--info", "--no-header")
            found = re.search(r"backoff:(\d+)", rows)
            return found and int(found[1]) >= 2

        blackbox.await_that(shown, "retransmissions")

    def test_address_changes_in_mid_stream(self):
        def move():
            self.wire.tablet.run("ip", "addr", "del", f"{TABLET}/24", "dev",
                                 "wire")
            self.wire.tablet.run("ip", "addr", "add", f"{MOVED}/24", "dev",
                                 "wire")

        run = self.in_mid_stream(move, self.cut_s)
        self.typed(run, "DEADLINE", "UNREACHABLE")
        self.check_ledger(self.north)
        self.healed()

    def test_line_goes_down_in_mid_stream(self):
        run = self.in_mid_stream(lambda: self.wire.tablet.run(
            "ip", "link", "set", "wire", "down"), self.cut_s)
        self.typed(run, "DEADLINE", "UNREACHABLE")
        self.wire.tablet.run("ip", "link", "set", "wire", "up")
        self.healed()

    def test_narrow_line(self):
        self.save(self.north, 10)
        for side in (self.wire.tablet, self.wire.centre):
            side.narrow("32kbit")
        run = self.north.sync()
        self.assertEqual(run.code, 0, run)
        self.converge([self.north])


if __name__ == "__main__":
    lacks = why_not()
    if lacks:
        blackbox.skip(f"no network namespaces here: {lacks}")
    blackbox.main(__doc__)
