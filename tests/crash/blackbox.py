"""What the scripts of this folder share: real programs, real stores, an oracle.

    class Mine(blackbox.Scene):          # a centre, and people who enrol
        def test_it(self):
            tablet = self.tablet("north")            # enrolled, in step
            self.save(tablet, 3)                     # noted, then confirmed
            self.centre.kill()                       # SIGKILL
            self.centre.start()                      # the same folder and port
            self.converge([tablet])                  # bounded; then checks

    blackbox.main(__doc__)               # SCRIPT BIN_DIR TESTS_DIR [unittest…]

The oracle is a file: "pending MARKER" before a save begins, "done MARKER" when
it was confirmed. Whatever died in between, everything done is there exactly
once, and what was pending once or not at all. A record's marker is its venue,
which `record list --json` shows as its label.

Nothing here sleeps to synchronise: `await_that` waits for a condition, with a
deadline; a random delay before a kill is the fault itself.
"""
import collections
import json
import math
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BIN = pathlib.Path(".")    # vouch and vouchd
TESTS = pathlib.Path(".")  # tablets, store_writer, fsync_kill.so
# Bounds on what hangs, not on what is slow: a machine on which everybody builds
# takes a hundred times as long as a quiet one.
DEADLINE_S = 180  # of any one step that should take a second
GRACE_S = 30      # beyond a deadline of the program's own: it starts, it looks
                  # once why the call broke (5 s at most), it ends
HANDSHAKE_S_MAX = 120  # the server's patience, where a test is not about it
SKIPPED = 77               # exit code: ctest's SKIP_RETURN_CODE
SEED = int(os.environ.get("VOUCH_SEED", "0")) or random.SystemRandom().randint(
    1, 1 << 30)
RANDOM = random.Random(SEED)


def clean_environment(**more):
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith("VOUCH_") and key != "LD_PRELOAD"}
    return kept | {key: str(value) for key, value in more.items()}


def await_that(condition, what, deadline_s=DEADLINE_S):
    """Returns the first true value of condition(); fails at the deadline."""
    end = time.monotonic() + deadline_s
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        pause.wait(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(process):
    """Kills a program of ours and waits for it."""
    if process.poll() is None:
        process.kill()
    process.wait(DEADLINE_S)


def wait_at_most(process, seconds):
    """Until it ends or the time is over: the moment at which a fault falls."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass


class Plan:
    """The plan file of tests/support/fsync_kill.c, and the environment that
    preloads it. Fields are read and written while the program runs."""
    FIELDS = ("syncs", "writes", "sync_at", "sync_action", "write_at",
              "write_action", "error", "forever", "done")
    KILL_BEFORE, KILL_AFTER, FAIL, SHORT, TORN_KILL = 1, 2, 3, 4, 5

    def __init__(self, path, root, shadow=None, **fields):
        self.path, self.root, self.shadow = pathlib.Path(path), root, shadow
        self.path.write_bytes(bytes(8 * len(self.FIELDS)))
        self.set(**fields)
        if shadow is not None:
            shutil.rmtree(shadow, ignore_errors=True)
            for kind in ("files", "folders"):
                os.makedirs(shadow / kind)

    def set(self, **fields):
        with open(self.path, "r+b") as file:
            for name, value in fields.items():
                file.seek(8 * self.FIELDS.index(name))
                file.write(struct.pack("=q", value))

    def get(self, name):
        at = 8 * self.FIELDS.index(name)
        return struct.unpack("=q", self.path.read_bytes()[at:at + 8])[0]

    def environment(self):
        more = {"VOUCH_FAULT_ROOT": self.root, "VOUCH_FAULT_PLAN": self.path,
                "LD_PRELOAD": TESTS / "fsync_kill.so"}
        if self.shadow is not None:
            more["VOUCH_FAULT_SHADOW"] = self.shadow
        return clean_environment(**more)

    def power_failed(self):
        """Leaves below the root what a power failure would: nothing that was
        not synced, and no name that its folder's sync did not make safe."""
        folders = {}
        for kept in (self.shadow / "folders").iterdir():
            if kept.suffix == ".new":
                continue
            lines = kept.read_text().split("\n")
            entries = [line.split(" ", 2) for line in lines[1:] if line]
            folders[kept.name] = (lines[0], entries)
        top = next(key for key, (below, _) in folders.items() if not below)
        for entry in pathlib.Path(self.root).iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self._rebuild(folders, top, pathlib.Path(self.root))

    def _rebuild(self, folders, key, path):
        for kind, child, name in folders.get(key, ("", []))[1]:
            if kind == "d":
                (path / name).mkdir(mode=0o700)
                self._rebuild(folders, child, path / name)
                continue
            kept = self.shadow / "files" / child
            (path / name).write_bytes(
                kept.read_bytes() if kept.exists() else b"")
            (path / name).chmod(0o600)


class Run:
    """A run of vouch that has ended. `code` is negative if a signal ended
    it."""

    def __init__(self, process, arguments, program="vouch"):
        self.arguments, self.program = arguments, program
        try:
            out, error = process.communicate(timeout=3 * DEADLINE_S)
        except subprocess.TimeoutExpired:
            end(process)
            raise
        self.code, self.out = process.returncode, out.decode()
        self.error = error.decode()

    def json(self):
        return json.loads(self.out)

    def reason(self):
        """Of a failure told with --json, or in words."""
        found = re.search(r'"reason": ?"(?:ERROR_REASON_)?(\w+)"|'
                          r'^  ([A-Z_]+): ', self.error, re.M)
        return (found[1] or found[2]) if found else ""

    def __str__(self):
        words = " ".join(str(word) for word in self.arguments)
        return f"{self.program} {words}: {self.code}: {self.error}"


class Tablet:
    """One folder of `vouch`, and the runs on it."""

    def __init__(self, folder, wrap=()):
        self.folder = pathlib.Path(folder)
        self.wrap = list(wrap)  # what to run vouch under: ip netns exec …

    def begin(self, *arguments, environment=None):
        return subprocess.Popen(
            [*self.wrap, BIN / "vouch", "--store", self.folder, "--json",
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment or clean_environment())

    def run(self, *arguments, environment=None):
        return Run(self.begin(*arguments, environment=environment), arguments)

    def must(self, *arguments, environment=None):
        run = self.run(*arguments, environment=environment)
        if run.code != 0:
            raise AssertionError(str(run))
        return run.json() if run.out else None

    def sync(self, *arguments, deadline_s=DEADLINE_S):
        return self.run("sync", "--deadline", str(deadline_s), *arguments)

    def labels(self):
        """The markers of all observations here, each as often as it is."""
        labels, page = collections.Counter(), []
        while True:
            listed = self.must("record", "list", "--kind", "observation",
                               "--page-size", "500", *page)
            labels.update(row["label"] for row in listed["records"])
            if not listed["next_page"]:
                return labels
            page = ["--page", listed["next_page"]]

    def ledger(self, *arguments):
        return self.must("ledger", *arguments)

    def hashes(self):
        return {row["scope"]: row["hash"] for row in self.ledger()["scopes"]}

    def copy(self, folder):
        """The store as it lies on the disk, for a restore or a clone."""
        shutil.copytree(self.folder, folder)
        return Tablet(folder, self.wrap)


class Centre:
    """A data folder of `vouchd`, and the server that runs on it."""

    def __init__(self, folder, wrap=(), host="127.0.0.1", names=()):
        self.folder, self.wrap = pathlib.Path(folder), list(wrap)
        self.host, self.port, self.names = host, None, list(names)
        # "store.reserve_bytes": 1048576
        self.config = {"limits.handshake_s_max": HANDSHAKE_S_MAX}
        self.process, self.lines = None, []

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def begin(self, environment=None):
        """Starts it; await_serving tells how that went."""
        listen = f"{self.host}:{self.port or 0}"
        command = [*self.wrap, BIN / "vouchd", "serve", "--data", self.folder,
                   "--listen", listen]
        command += ["--config", self._write_config()]
        self.lines, self._serving = [], threading.Event()
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE,
            env=environment or clean_environment())
        threading.Thread(
            target=self._read, daemon=True,
            args=(self.process.stderr, self.lines, self._serving)).start()

    def _write_config(self):
        above = self.folder.parent  # what is in it may be on a full disk
        path = above.with_name(f"{above.name}.toml")
        lines = [f"server_names = {json.dumps(self.names)}"]
        lines += [f"{key} = {value}" for key, value in self.config.items()]
        path.write_text("\n".join(lines) + "\n")
        return path

    # Reads on to the end, or the pipe would fill and the server wait for it.
    def _read(self, stream, lines, serving):
        with stream:
            for raw in stream:
                line = raw.decode(errors="replace")
                lines.append(line)
                found = re.search(r" serving address=\S+:(\d+)", line)
                if found:
                    self.port = int(found[1])
                    serving.set()
        serving.set()

    def await_serving(self):
        """True once it serves, False if it ended instead."""
        if not self._serving.wait(DEADLINE_S):
            raise AssertionError("vouchd neither serves nor ends: " +
                                 "".join(self.lines))
        return any(" serving address=" in line for line in self.lines)

    def start(self, environment=None):
        self.begin(environment)
        if not self.await_serving():
            self.process.wait(DEADLINE_S)
            raise AssertionError(f"vouchd ended with {self.process.returncode}"
                                 ": " + "".join(self.lines))

    def kill(self):
        end(self.process)

    def stop(self):
        """Ends it in order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)

    def restart(self):
        self.kill()
        self.start()

    def copy(self, folder):
        """The data folder as it lies on the disk, without the socket. Not
        while it runs."""
        shutil.copytree(self.folder, folder,
                        ignore=shutil.ignore_patterns("*.sock"))
        return folder

    def put_back(self, kept):
        """A copy made before, in silence, where it was."""
        shutil.rmtree(self.folder)
        shutil.copytree(kept, self.folder)

    def begin_admin(self, *arguments, environment=None):
        """vouchd beside the server, with --json."""
        return subprocess.Popen(
            [BIN / "vouchd", *arguments, "--json"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment or clean_environment())

    def admin(self, *arguments, environment=None):
        return Run(self.begin_admin(*arguments, environment=environment),
                   arguments, "vouchd")

    def begin_back_up(self, folder):
        return self.begin_admin("backup", folder, "--data", self.folder)

    def back_up(self, folder):
        return self.admin("backup", folder, "--data", self.folder)

    def code(self, name, role="assessor"):
        made = subprocess.run(
            [BIN / "vouchd", "code", "new", "--data", self.folder, "--role",
             role, "--name", name], capture_output=True, timeout=DEADLINE_S,
            env=clean_environment())
        if made.returncode != 0:
            raise AssertionError(made.stderr.decode())
        return made.stdout.decode().strip()

    def memory_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) << 10

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def disk_bytes(self):
        total = 0
        for folder, _, names in os.walk(self.folder):
            for name in names:
                try:
                    total += os.stat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    pass  # compacted away meanwhile
        return total


class Tablets:
    """Many tablets in one process of tests/crash/tablets.cc."""
    Answer = collections.namedtuple("Answer", "reason text")

    def __init__(self, threads=16, environment=None):
        self.process = subprocess.Popen(
            [TESTS / "tablets", str(threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=environment or clean_environment())
        self._lock, self._told = threading.Lock(), threading.Condition()
        self._next, self._answers, self.ended = 0, {}, False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.process.stdout as stream:
            for raw in stream:
                line = raw.decode(errors="replace").strip()
                tag, _, rest = line.partition(" ")
                reason, _, text = rest.partition(" ")
                with self._told:
                    self._answers[tag] = self.Answer(reason, text)
                    self._told.notify_all()
        with self._told:
            self.ended = True
            self._told.notify_all()

    def ask(self, verb, name, *arguments):
        """Its tag; the answer comes later."""
        with self._lock:
            self._next += 1
            tag = str(self._next)
            words = [tag, verb, name, *(str(word) for word in arguments)]
            try:
                self.process.stdin.write((" ".join(words) + "\n").encode())
                self.process.stdin.flush()
            except BrokenPipeError:
                pass  # the answer is then None
        return tag

    def answer(self, tag, deadline_s=3 * DEADLINE_S):
        """None if the process died before it answered."""
        with self._told:
            told = self._told.wait_for(
                lambda: tag in self._answers or self.ended, deadline_s)
            if not told:
                raise AssertionError(f"no answer within {deadline_s} s")
            return self._answers.pop(tag, None)

    def do(self, verb, name, *arguments):
        return self.answer(self.ask(verb, name, *arguments))

    def must(self, verb, name, *arguments):
        """The values of an OK as a dictionary."""
        answer = self.do(verb, name, *arguments)
        if answer is None or answer.reason != "OK":
            raise AssertionError(f"{verb} {name} {arguments}: {answer}")
        return dict(pair.split("=", 1) for pair in answer.text.split())

    def kill(self):
        end(self.process)
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def close(self):
        """Its exit code, once it has done all that it was asked."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it has died
        return self.process.wait(DEADLINE_S)


class Oracle:
    """What is about to be saved and what was confirmed, outside all stores."""

    def __init__(self, path):
        self.path, self._number = pathlib.Path(path), 0
        self._file = open(path, "a", buffering=1)
        self._lock = threading.Lock()

    def close(self):
        self._file.close()

    def pending(self, about="save"):
        """Notes a save that begins now; its marker."""
        with self._lock:
            self._number += 1
            marker = f"{about}-{self._number}"
            self._file.write(f"pending {marker}\n")
            return marker

    def done(self, marker):
        with self._lock:
            self._file.write(f"done {marker}\n")

    def read(self):
        pending, done = set(), set()
        for line in self.path.read_text().splitlines():
            word, marker = line.split(" ", 1)
            (pending if word == "pending" else done).add(marker)
        return pending, done

    def wrong(self, labels):
        """In words what of `labels` (a Counter) cannot be; empty: all well."""
        pending, done = self.read()
        told = [f"lost: {marker}" for marker in sorted(done - labels.keys())]
        for marker, times in sorted(labels.items()):
            if marker not in pending:
                told.append(f"never saved: {marker}")
            elif times > 1:
                told.append(f"{times} times: {marker}")
        return "; ".join(told)


class Scene(unittest.TestCase):
    """A folder, a centre that serves, an oracle, and one registration."""
    CENTRE = True  # False: the test makes its own

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vouch."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.oracle = Oracle(self.folder / "oracle")
        self.addCleanup(self.oracle.close)
        self.registration = None
        self.people = 0
        if self.CENTRE:
            self.centre = self.new_centre("centre")
            self.centre.start()

    def new_centre(self, name, **more):
        (self.folder / name).mkdir()
        centre = Centre(self.folder / name / "data", **more)
        self.addCleanup(lambda: centre.process and end(centre.process))
        return centre

    def new_tablet(self, name, **more):
        """Its folder has a parent of its own, so that one root for the shim
        holds all of it."""
        (self.folder / name).mkdir(exist_ok=True)
        return Tablet(self.folder / name / "data", **more)

    def tablet(self, name, role="assessor", **more):
        """A tablet that is enrolled and in step. The first one registers the
        candidate."""
        tablet = self.new_tablet(name, **more)
        self.people += 1
        tablet.must("enrol", self.centre.address,
                    self.centre.code(f"Person {self.people}", role))
        if self.registration is None:
            self.registration = tablet.must(
                "record", "new", "registration", "--field",
                "candidate_name=A. Candidate", "--field",
                "specification=03455", "--field", "specification_version=1",
                "--field", "units=F1,F2", "--field", "assessors=me")["id"]
        self.synced(tablet)
        return tablet

    def synced(self, tablet):
        run = tablet.sync()
        self.assertEqual(run.code, 0, run)
        return run.json()

    def patience_s(self, tablet, least_s):
        """A deadline, in whole seconds, that an untroubled sync of the tablet
        meets on this machine as it is now."""
        self.save(tablet)
        begun = time.monotonic()
        self.synced(tablet)
        return max(least_s, math.ceil(4 * (time.monotonic() - begun)))

    def observation(self, marker):
        return ("record", "new", "observation", "--registration",
                self.registration, "--field", f"venue={marker}", "--text",
                "narrative=She greeted the guest and checked the booking.")

    def save(self, tablet, times=1):
        for _ in range(times):
            marker = self.oracle.pending()
            tablet.must(*self.observation(marker))
            self.oracle.done(marker)

    def check_labels(self, tablet):
        """Exactly what the oracle allows is on the tablet."""
        self.assertEqual(self.oracle.wrong(tablet.labels()), "")

    def check_ledger(self, tablet, pending=None):
        numbers = tablet.ledger()["numbers"]
        self.assertTrue(numbers["balanced"], numbers)
        if pending is not None:
            self.assertEqual(numbers["pending"], pending, numbers)
        return numbers

    def converge(self, tablets, deadline_s=DEADLINE_S):
        """Syncs all twice, so that each has the others' work, and checks that
        nothing is lost or double, on any of them or at the centre."""
        begun = time.monotonic()
        for tablet in [*tablets, *tablets]:
            self.synced(tablet)
        took = time.monotonic() - begun
        self.assertLess(took, deadline_s, "liveness after the fault")
        for tablet in tablets:
            self.check_ledger(tablet, pending=0)
            self.check_labels(tablet)
            self.assertTrue(tablet.ledger("--centre")["in_step"])
        hashes = [tablet.hashes() for tablet in tablets]
        for other in hashes[1:]:
            self.assertEqual(other, hashes[0])
        return took

    def typed(self, run, *reasons):
        """It ended by itself, with one of these reasons."""
        self.assertGreater(run.code, 0, run)
        self.assertIn(run.reason(), reasons, run)


def skip(why):
    """Ends the script as skipped, visibly."""
    print(f"SKIPPED: {why}", flush=True)
    sys.exit(SKIPPED)


def place(bin_folder, tests_folder):
    global BIN, TESTS
    BIN = pathlib.Path(bin_folder).resolve()
    TESTS = pathlib.Path(tests_folder).resolve()


def main(about):
    if len(sys.argv) < 3:
        print(about)
        sys.exit(2)
    place(sys.argv[1], sys.argv[2])
    print(f"seed {SEED} (VOUCH_SEED sets it)", flush=True)
    unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[3:]])
