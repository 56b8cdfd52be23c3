#!/usr/bin/env python3
"""The Java binding on a JVM, against a real vouchd: what it promises, the first
page of the README, and an app that is killed while it captures.

  tests/kit/java_test.py BIN_FOLDER LIB_FOLDER JAVAC JAVA CLASSPATH
"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

import centre

BIN, LIB = map(pathlib.Path, sys.argv[1:3])
JAVAC, JAVA, CLASSPATH = sys.argv[3:6]
HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "client-lib/examples"
JVM_S = 180
SAVES_BEFORE_KILL = 40


class Java(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = centre.Centre(BIN)
        cls.folder = tempfile.TemporaryDirectory(prefix="vouch.")
        subprocess.run(
            [JAVAC, "-Xlint:all", "-Werror", "-proc:none", "-cp", CLASSPATH,
             "-d", cls.folder.name, *(EXAMPLES / "java").glob("*.java"),
             *(HERE / "java").glob("*.java")],
            check=True, timeout=JVM_S)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()
        cls.world.__exit__()

    def command(self, name, *arguments):
        # -Xcheck:jni stops at any misuse of JNI that it sees.
        return [JAVA, "-Xcheck:jni", f"-Djava.library.path={LIB}", "-cp",
                f"{self.folder.name}:{CLASSPATH}", name,
                *map(str, arguments)]

    def run_java(self, name, *arguments, given=None):
        done = subprocess.run(
            self.command(name, *arguments), input=given, capture_output=True,
            text=True, timeout=JVM_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("FATAL ERROR in native method", done.stdout)
        return done.stdout

    def test_the_binding_keeps_its_promises(self):
        folder = self.world.store("binding")
        folder.mkdir()
        said = self.run_java("BindingTest", folder, self.world.address,
                             self.world.code("First Assessor"),
                             self.world.code("Second Assessor"))
        self.assertIn("closedIsClosed", said)

    def test_the_first_page(self):
        said = self.run_java("FirstObservation", self.world.store("first"),
                             self.world.address, self.world.code("Newcomer"))
        self.assertIn("SAFETY_STATE_AT_THE_CENTRE", said)
        self.assertIn("stored=2", said)

    def test_killed_in_the_middle_of_capture_nothing_told_is_lost(self):
        store = self.world.store("killed")
        told = []
        with subprocess.Popen(
                self.command("KilledCapture", "capture", store,
                             self.world.address, self.world.code("Killed")),
                stdout=subprocess.PIPE, text=True) as app:
            for line in app.stdout:
                if " Room " not in line:
                    continue  # the JVM's own
                told.append(line)
                if len(told) == SAVES_BEFORE_KILL:
                    app.send_signal(signal.SIGKILL)
                    break
            # What was told before it died counts as told too.
            told += [line for line in app.stdout if line.endswith("\n")]
        self.assertEqual(app.returncode, -signal.SIGKILL)

        said = self.run_java("KilledCapture", "resume", store,
                             given="".join(told))
        numbers = dict(part.split("=") for part in said.split()
                       if "=" in part)
        self.assertEqual(int(numbers["found"]), len(told))
        # The one under way may have been saved and not told.
        self.assertIn(int(numbers["here"]) - len(told), (0, 1))
        self.assertEqual(int(numbers["stored"]), int(numbers["here"]) + 1)
        self.assertEqual((numbers["pending"], numbers["balanced"]),
                         ("0", "true"))

        # And it is at the centre, as another tablet sees it.
        self.world.vouch("reader", "enrol", self.world.address,
                         self.world.code("Reader"))
        self.world.vouch("reader", "sync")
        last = told[-1].split(" ", 1)
        shown = json.loads(self.world.vouch("reader", "--json", "record",
                                            "show", last[0]))
        self.assertEqual(shown["message"]["venue"], last[1].strip())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[6:])
