#!/usr/bin/env python3
"""The loss of a server, as the people of a centre live it: a real vouchd with
a real store, real tablets, a backup, kill -9, and a new server from the backup.

  tests/e2e/backup_test.py BIN_DIR [unittest arguments]
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

BIN = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
DEADLINE_S = 120
EXIT_NOT_NOW, EXIT_STORE = 6, 7
TEXT = "She greeted the guest by name."
PRIVATE = "A sentence that must be forgotten."


def call(program, *arguments):
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith("VOUCH_")}
    return subprocess.run(
        [BIN / program, *map(str, arguments)], capture_output=True,
        text=True, timeout=DEADLINE_S, env=environment)


class Server:
    """A vouchd on a folder, until it is ended."""

    def __init__(self, folder, listen="127.0.0.1:0", *more):
        self.process = subprocess.Popen(
            [BIN / "vouchd", "serve", "--data", folder, "--listen", listen,
             *more], stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.process.stderr:
            said.append(line)
            found = re.search(r" serving address=(\S+)", line)
            if found:
                self.address = found[1]
                break
        else:
            raise AssertionError("vouchd did not start: " + "".join(said))
        self.said = said
        # Read on, or the pipe would fill and the server wait for it.
        self.reader = threading.Thread(target=self.process.stderr.read,
                                       daemon=True)
        self.reader.start()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE_S)
        self.reader.join(DEADLINE_S)
        self.process.stderr.close()
        return code


class BackupTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vouch."))
        self.data = self.folder / "centre"
        self.backup = self.folder / "backup"
        self.server = Server(self.data)

    def tearDown(self):
        if self.server is not None:
            self.server.end(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def stop(self, number=signal.SIGTERM):
        code = self.server.end(number)
        self.server = None
        return code

    def vouchd(self, *arguments):
        run = call("vouchd", *arguments)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def vouchd_json(self, *arguments):
        return json.loads(self.vouchd(*arguments, "--json"))

    def vouch(self, store, *arguments):
        run = call("vouch", "--store", self.folder / store, *arguments)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def enrol(self, store, name, data=None):
        code = self.vouchd("code", "new", "--data", data or self.data, "--role",
                           "assessor", "--name", name).strip()
        self.vouch(store, "enrol", self.server.address, code)

    def save(self, store, *arguments):
        return json.loads(self.vouch(store, "--json", *arguments))["id"]

    def register(self, store):
        self.registration = self.save(
            store, "record", "new", "registration",
            "--field", "candidate_name=A. Candidate",
            "--field", "specification=03455",
            "--field", "specification_version=1", "--field", "units=F1,F2",
            "--field", "assessors=me")

    def observe(self, store, text):
        return self.save(
            store, "record", "new", "observation", "--registration",
            self.registration, "--field", "observer=me",
            "--field", "candidate=A. Candidate",
            "--field", "when=2026-09-01T10:00/10:45",
            "--field", "venue=Front office", "--text", f"narrative={text}")

    def status(self, data=None):
        return self.vouchd("status", "--data", data or self.data)

    def test_a_lost_server_comes_back_from_its_backup(self):
        self.enrol("north", "First Assessor")
        self.register("north")
        kept = self.observe("north", TEXT)
        private = self.observe("north", PRIVATE)
        self.vouch("north", "sync")
        self.assertIn("unavailable, no backup configured", self.status())

        first = self.vouchd_json("backup", self.backup, "--data", self.data)
        self.assertGreater(int(first["copied_changes"]), 0)
        self.assertTrue(first["same_disk"])
        self.assertRegex(self.status(), r"safe +(\d+) of \1 entries, backed up")

        # What happens after the backup: a tablet enrols, a record is erased.
        self.enrol("south", "Second Assessor")
        erased = self.vouchd_json("erase", private, "--data", self.data)
        self.assertGreater(int(erased["changes"]), 0)
        address = self.server.address
        self.assertEqual(self.stop(signal.SIGKILL), -signal.SIGKILL)
        self.restore_with_the_survivor()

        # On the old address, nobody enrols again.
        self.server = Server(self.folder / "new", address)
        later = self.observe("north", "Written while there was no server.")
        self.vouch("north", "sync")
        self.vouch("south", "sync")
        for record in (kept, later):
            self.assertNotIn(PRIVATE, self.vouch("south", "record", "show",
                                                 record))
        self.assertIn(TEXT, self.vouch("south", "record", "show", kept))
        self.assertNotIn(PRIVATE,
                         self.vouch("south", "record", "show", private))
        self.assertNotIn(PRIVATE,
                         self.vouch("south", "record", "list", "--json"))
        self.assertIn("unavailable", self.status(self.folder / "new"))

        # The same backup goes on, with little to copy.
        second = self.vouchd_json("backup", self.backup, "--data",
                                  self.folder / "new")
        self.assertEqual(second["from_size"], first["log_size"])
        self.assertGreater(int(second["keys_removed"]), 0)
        self.assertIn("safe", self.status(self.folder / "new"))

    def restore_with_the_survivor(self):
        """A new folder from the backup and the authority store left over."""
        done = self.vouchd_json(
            "restore", self.backup, self.folder / "new", "--master-key",
            self.data / "master.key", "--authority", self.data / "authority")
        self.assertEqual(int(done["devices"]), 2)
        self.assertEqual(int(done["erasures"]), 1)
        self.assertTrue(done["authority_live"])
        for name in ("master.key", "tls/ca.key", "tls/server.key"):
            mode = (self.folder / "new" / name).stat().st_mode
            self.assertEqual(mode & 0o777, 0o600, name)
        # Two servers of one centre would fork it: the lost one stays away.
        old = call("vouchd", "serve", "--data", self.data, "--listen",
                   "127.0.0.1:0")
        self.assertEqual(old.returncode, EXIT_STORE, old.stderr)
        self.assertIn("AUTHORITY_MISMATCH", old.stderr)

    def test_backup_while_tablets_push(self):
        self.enrol("north", "First Assessor")
        self.register("north")
        for i in range(3):
            self.observe("north", f"{TEXT} {i}")
        pushing = threading.Thread(target=self.vouch, args=("north", "sync"))
        pushing.start()
        done = self.vouchd_json("backup", self.backup, "--data", self.data)
        pushing.join()
        again = self.vouchd_json("backup", self.backup, "--data", self.data)
        self.assertGreaterEqual(int(again["log_size"]), int(done["log_size"]))
        proven = self.vouchd_json(
            "backup", "--verify", self.backup, "--master-key",
            self.data / "master.key")
        self.assertEqual(proven["log_root"], again["log_root"])

    def test_without_a_server_the_tool_opens_the_store(self):
        self.enrol("north", "First Assessor")
        self.assertEqual(self.stop(), 0)
        done = self.vouchd_json("backup", self.backup, "--data", self.data)
        self.assertEqual(int(done["log_size"]), 1)
        self.server = Server(self.data)
        self.assertRegex(self.status(), r"safe +1 of 1 entries")

    def test_damage_to_the_backup_is_found(self):
        self.enrol("north", "First Assessor")
        self.register("north")
        # Too random to be made small, so that the largest file holds bodies.
        self.observe("north", os.urandom(40_000).hex())
        self.vouch("north", "sync")
        self.vouchd("backup", self.backup, "--data", self.data)
        self.vouchd("backup", "--verify", self.backup)
        file = max((self.backup / "log").glob("*.sst"),
                   key=lambda path: path.stat().st_size)
        whole = file.read_bytes()
        middle = len(whole) // 2
        file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1])
                         + whole[middle + 1:])
        run = call("vouchd", "backup", "--verify", self.backup)
        self.assertNotEqual(run.returncode, 0, run.stdout)
        self.assertIn("STORE_CORRUPTED", run.stderr)
        file.write_bytes(whole)
        self.vouchd("backup", "--verify", self.backup)

    def test_what_is_refused_changes_nothing(self):
        self.enrol("north", "First Assessor")
        inside = call("vouchd", "backup", self.data / "b", "--data", self.data)
        self.assertIn("CONFIGURATION_INVALID", inside.stderr)
        other = call("vouchd", "backup", self.folder / "north", "--data",
                     self.data)
        self.assertIn("holds something else", other.stderr)
        self.vouchd("backup", self.backup, "--data", self.data)
        key = self.data / "master.key"
        taken = call("vouchd", "restore", self.backup, self.data,
                     "--master-key", key)
        self.assertEqual(taken.returncode, EXIT_NOT_NOW, taken.stderr)
        wrong = self.folder / "wrong.key"
        wrong.write_text("00" * 32)
        wrong.chmod(0o600)
        locked = call("vouchd", "restore", self.backup, self.folder / "new",
                      "--master-key", wrong)
        self.assertIn("STORE_KEY_WRONG", locked.stderr)
        self.assertEqual([], list(self.folder.glob("new*")))
        unknown = call("vouchd", "erase", "0" * 32, "--data", self.data)
        self.assertEqual(unknown.returncode, 4, unknown.stderr)
        self.assertIn("NOT_FOUND", unknown.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
