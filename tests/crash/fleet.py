"""Many tablets at work against one centre, and what befalls them: for
fleet_test.py and soak.

    fleet = Fleet(folder, centre, oracle, tablets=20, groups=4)
    fleet.enrol()
    fleet.work(minutes=2)                  # with faults; blocks
    took_s = fleet.settle(deadline_s=60)   # no faults: until all agree
    fleet.check(case)

A group is one process of tests/crash/tablets.cc and a thread here that drives
it; every second tablet keeps its store in RocksDB. A group saves and syncs a
few tablets at a time, is killed now and then, and goes through a FaultProxy of
its own. `trouble` is called beside them with the centre's faults.
"""
import collections
import pathlib
import random
import sys
import threading
import time

import blackbox

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fault_proxy import Fault, FaultProxy  # noqa: E402

SYNC_MS = 15_000      # under faults
SETTLE_MS = 120_000   # without
OVERTIME_MAX = 12     # on a crowded machine
# What a sync under faults may answer.
EXPECTED = {"OK", "UNREACHABLE", "DEADLINE", "SERVER_NOT_TRUSTED", "TOO_SLOW",
            "SHUTTING_DOWN", "STORE_FULL"}


class Group:
    def __init__(self, fleet, number, names):
        self.fleet, self.number, self.names = fleet, number, names
        self.random = random.Random(blackbox.SEED + number)
        self.proxy = FaultProxy(fleet.centre.address, seed=number)
        self.counts = collections.Counter()
        self.own = []  # observations to edit
        self.process = None

    def open(self):
        self.process = blackbox.Tablets(len(self.names))
        for name, answer in self._each("open", lambda n: (
                self.fleet.folder / n, self.fleet.engine(n))):
            self._expect(answer, {"OK"}, f"open {name}")

    def _each(self, verb, arguments=lambda name: ()):
        """Asks all tablets at once; (name, answer) of each."""
        asked = [(name, self.process.ask(verb, name, *arguments(name)))
                 for name in self.names]
        return [(name, self.process.answer(tag)) for name, tag in asked]

    def _expect(self, answer, reasons, what):
        if answer is None or answer.reason not in reasons:
            raise AssertionError(f"{what}: {answer}")

    def enrol(self):
        self.open()
        answers = self._each("enrol", lambda n: (
            self.fleet.centre.address, self.fleet.codes[n]))
        for name, answer in answers:
            self._expect(answer, {"OK"}, f"enrol {name}")

    def turn(self):
        """A few of the group capture and sync; perhaps the process dies."""
        few = self.random.sample(self.names, min(5, len(self.names)))
        self.proxy.fault = self.choose_fault()
        asked = []
        for name in few:
            for _ in range(self.random.randint(1, 3)):
                marker = self.fleet.oracle.pending()
                asked.append((marker, self.process.ask(
                    "save", name, self.fleet.registration, marker)))
            if self.own and self.random.random() < 0.2:
                # What somebody else of the group may be editing, too.
                self.process.ask("edit", name, self.random.choice(self.own),
                                 f"again-{self.random.randrange(1 << 30)}")
            asked.append((None, self.process.ask(
                "sync", name, self.proxy.address, SYNC_MS)))
        if self.random.random() < self.fleet.kill_chance:
            self.counts["tablets killed"] += len(self.names)
            blackbox.wait_at_most(self.process.process,
                                  self.random.uniform(0, 0.4))
            self.process.kill()
        self.take(asked)
        self.proxy.heal()
        if self.process.process.poll() is not None:
            self.process.kill()
            self.open()

    def take(self, asked):
        for marker, tag in asked:
            answer = self.process.answer(tag)
            if answer is None:
                continue  # it died first
            if marker is None:
                self._expect(answer, EXPECTED, "sync")
                self.counts[f"syncs {answer.reason}"] += 1
            else:
                self._expect(answer, {"OK"}, "save")
                self.fleet.oracle.done(marker)
                self.counts["saves"] += 1
                self.own.append(answer.text.partition("=")[2])
        del self.own[:-50]

    def choose_fault(self):
        at = self.random.randrange(20_000)
        way = self.random.choice(("up", "down"))
        return self.random.choice([
            Fault(), Fault(), Fault(), Fault(delay_s=0.05),
            Fault(bytes_per_s=20_000), Fault(way=way, cut_after=at),
            Fault(way=way, reset_after=at), Fault(way=way, swallow_after=at),
            Fault(way=way, blackhole_after=at), Fault(refuse=True)])

    def sync_all(self):
        """Without faults; the reasons of those that did not succeed."""
        answers = self._each("sync", lambda n: (
            self.fleet.centre.address, SETTLE_MS))
        return [answer for _, answer in answers if answer.reason != "OK"]

    def close(self):
        if self.process is not None:
            self.process.kill()
        self.proxy.close()


class Fleet:
    def __init__(self, folder, centre, oracle, tablets, groups,
                 kill_chance=0.1, pace_s=0.0):
        self.folder, self.centre, self.oracle = folder, centre, oracle
        self.kill_chance, self.pace_s = kill_chance, pace_s
        self.names = [f"tablet{number}" for number in range(tablets)]
        self.groups = [Group(self, number, self.names[number::groups])
                       for number in range(groups)]
        self.codes, self.registration = {}, None
        self.failures, self._over = [], threading.Event()

    def engine(self, name):
        return "rocksdb" if self.names.index(name) % 2 else "sqlite"

    def enrol(self):
        for name in self.names:
            self.codes[name] = self.centre.code(name)
        for group in self.groups:
            group.enrol()
        first = self.groups[0]
        answer = first.process.do("save", first.names[0], "-", "A.Candidate")
        self.registration = answer.text.partition("=")[2]
        for _ in range(2):
            self._must_sync()

    def _must_sync(self):
        for group in self.groups:
            missed = group.sync_all()
            if missed:
                raise AssertionError(f"no sync without faults: {missed}")

    def counts(self):
        return sum((group.counts for group in self.groups),
                   collections.Counter())

    def work(self, seconds, trouble=lambda: None, watch=lambda: None,
             enough=lambda: True):
        """`trouble` and `watch` are called about once a second. Until enough
        was done for the test to show anything it goes on, OVERTIME_MAX times
        as long at most."""
        end = time.monotonic() + seconds
        latest = end + (OVERTIME_MAX - 1) * seconds
        threads = [threading.Thread(target=self._drive, args=(group, latest))
                   for group in self.groups]
        for thread in threads:
            thread.start()
        try:
            while time.monotonic() < latest and not self.failures and (
                    time.monotonic() < end or not enough()):
                trouble()
                watch()
                self._over.wait(1)
        except Exception as failure:
            self.failures.append(failure)
        end_now = time.monotonic() + 3 * blackbox.DEADLINE_S
        self._over.set()
        for thread in threads:
            thread.join(max(0, end_now - time.monotonic()))
        if self.failures:
            raise self.failures[0]

    def _drive(self, group, end):
        try:
            while time.monotonic() < end and not self._over.is_set():
                group.turn()
                self._over.wait(self.pace_s)
        except Exception as failure:
            self.failures.append(failure)

    def settle(self, deadline_s):
        """Syncs until all hashes are the centre's; seconds that it took."""
        begun = time.monotonic()
        while not self._agree():
            self._must_sync()
            took = time.monotonic() - begun
            if took > deadline_s:
                raise AssertionError(f"no agreement within {deadline_s} s")
        return time.monotonic() - begun

    def _agree(self):
        wanted = None
        for group in self.groups:
            if wanted is None:
                wanted = group.process.must("hashes", group.names[0], "centre")
            for _, answer in group._each("hashes"):
                if dict(p.split("=") for p in answer.text.split()) != wanted:
                    return False
        return True

    def check(self):
        """Balanced ledgers, and exactly what the oracle allows, on each."""
        for group in self.groups:
            for name in group.names:
                ledger = group.process.must("ledger", name)
                if ledger["balanced"] != "1" or ledger["pending"] != "0":
                    raise AssertionError(f"{name}: {ledger}")
            # All hashes are equal: one tablet's list stands for all.
            listed = group.process.must("list", group.names[0])
            wrong = self.oracle.wrong(collections.Counter(listed.values()))
            if wrong:
                raise AssertionError(f"{group.names[0]}: {wrong}")

    def close(self):
        self._over.set()
        for group in self.groups:
            group.close()
