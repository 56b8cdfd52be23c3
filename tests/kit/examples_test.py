#!/usr/bin/env python3
"""The first page of client-lib/README.md, as a newcomer runs it: each example
program against a real vouchd, and what it left there as another tablet sees it.

  tests/kit/examples_test.py BIN_FOLDER EXAMPLES_FOLDER
"""
import json
import pathlib
import re
import subprocess
import sys
import unittest

import centre

BIN, EXAMPLES = map(pathlib.Path, sys.argv[1:3])
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = centre.Centre(BIN)

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__()

    def run_example(self, program, store):
        done = subprocess.run(
            [EXAMPLES / program, self.world.store(store), self.world.address,
             self.world.code("First Assessor")],
            capture_output=True, text=True, timeout=centre.DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_c_captures_queries_and_syncs(self):
        said = self.run_example("first_observation_c", "c")
        page = json.loads(said.splitlines()[0])
        self.assertEqual([(r["kind"], r["state"], r["pending"])
                          for r in page["records"]],
                         [("Observation", "draft", 1)])
        before, after = re.findall(rf"({UUID}) (.*)", said)
        self.assertEqual(before[1], "on this tablet")
        self.assertEqual(after[1], "at the centre")
        self.assertIn("2 changes at the centre, 0 pending", said)

        # Another tablet of the centre holds what the app wrote.
        self.world.vouch("other", "enrol", self.world.address,
                         self.world.code("Second Assessor"))
        self.world.vouch("other", "sync")
        shown = json.loads(self.world.vouch("other", "--json", "record", "show",
                                            before[0]))
        self.assertEqual(shown["message"]["narrative"][0]["text"],
                         "Answered every call within three rings.")

    def test_cpp_captures_and_syncs(self):
        self.assertIn("2 changes at the centre, 0 pending",
                      self.run_example("first_observation", "cpp"))

    def test_an_error_says_what_to_do(self):
        done = subprocess.run(
            [EXAMPLES / "first_observation_c", self.world.store("refused"),
             self.world.address, "NO-SUCH-CODE"],
            capture_output=True, text=True, timeout=centre.DEADLINE_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn("CODE_UNKNOWN", done.stderr)
        self.assertIn("What to do: ", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
