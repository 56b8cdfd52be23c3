#!/usr/bin/env python3
"""Every snippet of client-lib/README.md is a piece of a program that the tests
compile and run; the Kotlin ones, of one that kotlin_names_test.py checks.

  tests/kit/readme_test.py
"""
import pathlib
import re
import sys
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "client-lib/README.md"
EXAMPLES = ROOT / "client-lib/examples"
# The language of a fence → the program that it is from.
PROGRAMS = {"cpp": EXAMPLES / "first_observation.cc",
            "c": EXAMPLES / "first_observation.c",
            "java": EXAMPLES / "java/FirstObservation.java",
            "kotlin": EXAMPLES / "kotlin/FirstObservation.kt"}


def fences(text):
    """(language, lines) of each fenced block."""
    return [(language, body) for language, body in re.findall(
        r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)]


def strange(text, programs):
    """The blocks that are no piece of their program, and those of none."""
    return [body for language, body in fences(text)
            if language not in programs or
            textwrap.dedent(body) not in textwrap.dedent(programs[language])
            and body not in programs[language]]


class Readme(unittest.TestCase):
    def setUp(self):
        self.text = README.read_text()
        self.programs = {language: path.read_text()
                         for language, path in PROGRAMS.items()}

    def test_every_snippet_is_of_a_program_that_is_checked(self):
        self.assertEqual(strange(self.text, self.programs), [])

    def test_each_language_has_one(self):
        self.assertEqual({language for language, _ in fences(self.text)},
                         set(PROGRAMS))

    def test_a_snippet_that_differs_is_noticed(self):
        bent = self.text.replace("vouch_sync(client, NULL", "vouch_sync(client")
        self.assertEqual(len(strange(bent, self.programs)), 1)
        self.assertEqual(len(strange("```sh\nls\n```\n", self.programs)), 1)

    def test_what_it_links_to_is_there(self):
        for target in re.findall(r"\]\(([^)#]+)\)", self.text):
            self.assertTrue((README.parent / target).exists(), target)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[1:])
