#!/usr/bin/env python3
"""What the Kotlin example names is there in the compiled Java binding: each
class, and each method or property as a method of a class that it can reach.
That is less than compiling it, and what can be had without Kotlin's compiler.

  tests/kit/kotlin_names_test.py JAVAP CLASSPATH
"""
import functools
import pathlib
import re
import subprocess
import sys
import unittest

JAVAP, CLASSPATH = sys.argv[1:3]
EXAMPLE = (pathlib.Path(__file__).resolve().parents[2] /
           "client-lib/examples/kotlin/FirstObservation.kt")
# Kotlin's own: types that need no import, and what it adds to Java's classes.
BUILT_IN = {"Array", "String", "Int"}
ADDED = {"use", "forEach"}


@functools.lru_cache(None)
def printed(names):
    """Name → the public part of the class as javap prints it, of those of
    `names` that there are."""
    done = subprocess.run([JAVAP, "-public", "-cp", CLASSPATH, *sorted(names)],
                          capture_output=True, text=True)
    found = {}
    for text in done.stdout.split("Compiled from ")[1:]:
        header = re.search(r"(?:class|interface|enum) ([\w.$]+)", text)
        found[header[1]] = text
    return found


def methods(text):
    return set(re.findall(r"[\s.](\w+)\(", text))


def types(text):
    """Classes of ours, and of java.util, that it speaks of; what it extends."""
    return set(re.findall(r"\bvouch(?:\.\w+)+(?:\$\w+)*|\bjava\.util\.\w+",
                          text)) | set(re.findall(r"extends ([\w.$]+)", text))


def reachable(imported):
    """The methods of the imported classes, of what these give and take, and of
    what those do."""
    seen, todo, found = set(), frozenset(imported), set()
    for _ in range(3):
        texts = printed(todo).values()
        seen |= todo
        found.update(*map(methods, texts))
        todo = frozenset(set().union(*map(types, texts)) - seen)
    return found


def strange(source):
    """What the source names and the binding does not have."""
    imported = dict(re.findall(r"^import ([\w.]*\.(\w+))$", source, re.M))
    body = re.sub(r"//.*|/\*.*?\*/|^import .*", "", source, flags=re.M)
    # Of a text, what it puts in.
    plain = re.sub(r'"[^"]*"', lambda text: " ".join(
        re.findall(r"\$\{([^}]*)\}", text[0])), body)
    wrong = sorted(set(imported) - set(printed(frozenset(imported))))
    wrong += sorted(set(re.findall(r"\b[A-Z]\w+", plain)) -
                    set(imported.values()) - BUILT_IN)
    known = reachable(imported) | ADDED
    for name in sorted(set(re.findall(r"\.(\w+)", plain))):
        getter = "get" + name[0].upper() + name[1:]
        if name not in known and getter not in known:
            wrong.append(name)
    return wrong


class KotlinNames(unittest.TestCase):
    def setUp(self):
        self.source = EXAMPLE.read_text()

    def test_each_is_there(self):
        self.assertEqual(strange(self.source), [])

    def test_one_that_is_not_is_noticed(self):
        for old, new in (("setVenue(", "setVenu("), ("e.advice", "e.advise"),
                         ("it.record.state", "it.record.status"),
                         ("client.watch", "client.observe"),
                         ("import vouch.RecordQuery", "import vouch.Query"),
                         ("client: Client", "client: Session")):
            self.assertIn(old, self.source)
            self.assertNotEqual(strange(self.source.replace(old, new)), [], new)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
