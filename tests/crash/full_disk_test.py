#!/usr/bin/env python3
"""Disks that are full or read-only: small real ones.

  tests/crash/full_disk_test.py BIN_DIR TESTS_DIR [unittest arguments]

A full disk is told as STORE_FULL while reads go on, and once there is room
again the same process works on; a read-only one as STORE_IO. Nothing confirmed
is lost by either.

Needs to mount, in a namespace of its own: where it may not, it says so and ends
with 77, which ctest shows as skipped.
"""
import os
import subprocess
import sys

import blackbox

MIB = 1 << 20
RESERVE_BYTES = 64 * MIB  # what a tablet keeps free


class SmallDisk:
    """A tmpfs, and a file on it that takes its room away."""

    def __init__(self, case, folder, size_bytes):
        self.folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}",
                        "tmpfs", folder], check=True)
        case.addCleanup(subprocess.run, ["umount", "--lazy", folder])
        self._ballast = folder / "ballast"

    def free_bytes(self):
        about = os.statvfs(self.folder)
        return about.f_bavail * about.f_frsize

    def leave(self, free_bytes):
        """Fills it up until so much is free."""
        with open(self._ballast, "ab") as file:
            while self.free_bytes() > free_bytes:
                file.write(bytes(min(MIB, self.free_bytes() - free_bytes)))
                file.flush()

    def empty(self):
        self._ballast.unlink()

    def read_only(self, on):
        subprocess.run(["mount", "-o", f"remount,{'ro' if on else 'rw'}",
                        self.folder], check=True)


class MountedDisk(blackbox.Scene):
    CENTRE = False

    def centre_on(self, disk):
        self.centre = blackbox.Centre(disk.folder / "data")
        self.centre.config["store.reserve_bytes"] = 2 * MIB
        self.addCleanup(lambda: blackbox.end(self.centre.process))
        self.centre.start()

    def test_full_tablet_reads_and_saves_again_once_there_is_room(self):
        self.centre = self.new_centre("centre")
        self.centre.start()
        disk = SmallDisk(self, self.folder / "disk", RESERVE_BYTES + 16 * MIB)
        north = self.tablet("disk/north")
        self.save(north, 2)
        disk.leave(RESERVE_BYTES - MIB)
        run = north.run(*self.observation("none"))
        self.typed(run, "STORE_FULL")
        self.check_labels(north)
        self.typed(north.sync(), "STORE_FULL")
        self.check_ledger(north)
        disk.empty()
        self.save(north)
        self.converge([north, self.tablet("south")])

    def test_full_tablet_to_the_last_byte(self):
        """The reserve is for others' files: even without it, no harm."""
        self.centre = self.new_centre("centre")
        self.centre.start()
        disk = SmallDisk(self, self.folder / "disk", RESERVE_BYTES + 16 * MIB)
        north = self.tablet("disk/north")
        self.save(north, 2)
        disk.leave(0)
        self.typed(north.run(*self.observation("none")), "STORE_FULL",
                   "STORE_IO")
        read = north.run("record", "list", "--kind", "observation")
        if read.code != 0:
            self.typed(read, "STORE_FULL", "STORE_IO")
        disk.empty()
        self.check_labels(north)
        self.save(north)
        self.converge([north])

    def test_read_only_tablet(self):
        self.centre = self.new_centre("centre")
        self.centre.start()
        disk = SmallDisk(self, self.folder / "disk", RESERVE_BYTES + 16 * MIB)
        north = self.tablet("disk/north")
        self.save(north, 2)
        disk.read_only(True)
        self.typed(north.run(*self.observation("none")), "STORE_IO")
        self.typed(north.sync(), "STORE_IO")
        disk.read_only(False)
        self.check_labels(north)
        self.save(north)
        self.converge([north])

    def test_full_centre_works_on_without_a_restart(self):
        disk = SmallDisk(self, self.folder / "disk", 160 * MIB)
        self.centre_on(disk)
        north, south = self.tablet("north"), self.tablet("south")
        self.save(north, 2)
        process = self.centre.process
        disk.leave(MIB)
        for _ in range(3):
            self.typed(north.sync(), "STORE_FULL")
            self.check_ledger(north)
        self.synced(south)  # reads go on
        self.assertTrue(south.ledger("--centre")["in_step"])
        self.save(north)
        disk.empty()
        self.converge([north, south])
        self.assertIs(self.centre.process, process)
        self.assertIsNone(process.poll())
        self.centre.restart()
        self.converge([north, south])

    def test_centre_on_a_disk_that_becomes_read_only(self):
        disk = SmallDisk(self, self.folder / "disk", 160 * MIB)
        self.centre_on(disk)
        north = self.tablet("north")
        self.save(north, 2)
        self.centre.kill()
        disk.read_only(True)
        self.centre.begin()
        self.assertFalse(self.centre.await_serving())
        self.assertGreater(self.centre.process.wait(blackbox.DEADLINE_S), 0)
        self.assertRegex("".join(self.centre.lines), "STORE_IO")
        disk.read_only(False)
        self.centre.start()
        self.converge([north])


OWN = "--in-own-namespace"


def enter_own_namespace():
    """So that no mount outlives this script, however it ends."""
    if OWN in sys.argv:
        sys.argv.remove(OWN)
        return
    for tried in (["true"], ["mount", "-t", "tmpfs", "tmpfs", "/mnt"]):
        made = subprocess.run(["unshare", "--mount", *tried],
                              capture_output=True)
        if made.returncode != 0:
            blackbox.skip("no mounts here: " + made.stderr.decode().strip())
    os.execvp("unshare", ["unshare", "--mount", sys.executable, "-B",
                          *sys.argv, OWN])


if __name__ == "__main__":
    enter_own_namespace()
    blackbox.main(__doc__)
