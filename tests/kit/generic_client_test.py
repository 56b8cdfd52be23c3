#!/usr/bin/env python3
"""A gRPC client that was not made for Vouch lists a centre's records, from
reflection alone (tests/e2e/node/list_records.mjs).

  tests/kit/generic_client_test.py BIN_FOLDER
"""
import json
import pathlib
import subprocess
import sys
import unittest

import centre

BIN = pathlib.Path(sys.argv[1])
NODE = pathlib.Path(__file__).resolve().parents[1] / "e2e/node"
# npm fetches from its registry.
FETCH_S = 180


def bring_packages():
    """What package-lock.json names, unless it is there."""
    lock = NODE / "package-lock.json"
    # npm leaves this behind when it has finished.
    done = NODE / "node_modules/.package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
         "--loglevel=error"], cwd=NODE, check=True, timeout=FETCH_S)


class GenericClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        bring_packages()
        cls.world = centre.Centre(BIN)

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__()

    def list_records(self, code):
        return subprocess.run(
            ["node", NODE / "list_records.mjs", self.world.address, code],
            capture_output=True, text=True, timeout=centre.DEADLINE_S)

    def test_lists_records_from_reflection_alone(self):
        self.world.vouch("north", "enrol", self.world.address,
                         self.world.code("First Assessor"))
        made = json.loads(self.world.vouch(
            "north", "--json", "record", "new", "registration", "--field",
            "candidate_name=A. Candidate"))
        for venue in ("Front office", "Workshop"):
            self.world.vouch("north", "record", "new", "observation",
                             "--registration", made["id"], "--field",
                             f"venue={venue}")
        self.world.vouch("north", "sync")

        ran = self.list_records(self.world.code("Reader"))
        self.assertEqual(ran.returncode, 0, ran.stderr)
        said = json.loads(ran.stdout)
        self.assertEqual(said["person"], "Reader")
        self.assertIn("vouch.v1.CentreService", said["services"])
        by_kind = {}
        for record in said["records"]:
            by_kind.setdefault(record["kind"], []).append(record)
        self.assertEqual(
            {r["message"]["venue"] for r in by_kind["Observation"]},
            {"Front office", "Workshop"})
        registration, = by_kind["Registration"]
        self.assertEqual(registration["id"], made["id"].replace("-", ""))
        self.assertEqual(registration["message"]["candidate_name"],
                         "A. Candidate")

    def test_a_refusal_carries_its_text(self):
        ran = self.list_records("NO-SUCH-CODE")
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("NOT_FOUND", ran.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
