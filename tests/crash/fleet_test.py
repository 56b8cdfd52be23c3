#!/usr/bin/env python3
"""Twenty devices, one centre, and everything that goes wrong at once.

  tests/crash/fleet_test.py BIN_DIR TESTS_DIR [unittest arguments]

Processes of tablets are killed, their links cut, delayed and lost, the centre
killed and stopped. Afterwards, within LIVENESS_S, all tablets hold what the
centre holds: equal state hashes, balanced ledgers, everything confirmed once.

VOUCH_FLEET_S=N works for N seconds, or until there is enough to show.
"""
import os
import signal

import blackbox
import fleet

SECONDS = int(os.environ.get("VOUCH_FLEET_S", "30"))
LIVENESS_S = 180


class TwentyDevices(blackbox.Scene):
    def test_all_agree_after_the_faults(self):
        devices = fleet.Fleet(self.folder, self.centre, self.oracle,
                              tablets=20, groups=4, kill_chance=0.2)
        self.addCleanup(devices.close)
        devices.enrol()
        self.faults = 0
        devices.work(SECONDS, trouble=self.trouble,
                     enough=lambda: not self.lacks(devices.counts()))
        if self.centre.process.poll() is not None:
            self.centre.start()
        took = devices.settle(LIVENESS_S)
        devices.check()
        counts = devices.counts()
        print(f"{self.faults} faults of the centre, {dict(counts)}; all agree "
              f"{took:.1f} s after the last", flush=True)
        self.assertEqual(self.lacks(counts), [])

    def lacks(self, counts):
        """What has not come often enough for the test to show anything."""
        least = {"saves": 50, "syncs OK": 20, "tablets killed": 1,
                 "faults of the centre": 1}
        had = dict(counts) | {"faults of the centre": self.faults}
        return [name for name, times in least.items()
                if had.get(name, 0) < times]

    def trouble(self):
        kind = blackbox.RANDOM.random()
        if kind < 0.15:
            self.faults += 1
            self.centre.restart()
        elif kind < 0.25:
            self.faults += 1
            self.centre.process.send_signal(signal.SIGSTOP)
            blackbox.wait_at_most(self.centre.process,
                                  blackbox.RANDOM.uniform(0.2, 1.5))
            self.centre.process.send_signal(signal.SIGCONT)


if __name__ == "__main__":
    blackbox.main(__doc__)
