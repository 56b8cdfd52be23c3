#!/usr/bin/env python3
"""libvouch.so in apps that carry the same libraries, or the same names.

  tests/kit/isolation_test.py TESTS_FOLDER LIBVOUCH
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TESTS, LIBVOUCH = map(pathlib.Path, sys.argv[1:3])
DEADLINE_S = 60


def run(program, *arguments):
    with tempfile.TemporaryDirectory(prefix="vouch.") as folder:
        return subprocess.run(
            [TESTS / program, *arguments, pathlib.Path(folder, "store")],
            capture_output=True, text=True, timeout=DEADLINE_S)


def exported(program):
    listed = subprocess.run(["nm", "-D", "--defined-only", TESTS / program],
                            capture_output=True, text=True, check=True)
    return {line.split()[-1] for line in listed.stdout.splitlines()}


class Isolation(unittest.TestCase):
    def holds(self, ran, said):
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)
        self.assertIn(said, ran.stdout)

    def test_an_app_with_its_own_classes_of_vouch_v1(self):
        self.holds(run("app_with_messages"), '{"venue":"Front office"}')

    def test_an_app_that_exports_another_grpc_sqlite_sodium_abseil(self):
        # They are where the loader looks before libvouch.so.
        names = exported("app_with_clashes")
        for name in ("grpc_init", "sqlite3_open_v2", "crypto_sign_detached"):
            self.assertIn(name, names)
        self.holds(run("app_with_clashes"), "isolated")

    def test_an_app_that_exports_another_protobuf_loads_it_deep(self):
        self.holds(run("app_with_protobuf", LIBVOUCH), "isolated")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
