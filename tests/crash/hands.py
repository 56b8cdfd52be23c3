"""Tablets of both engines behind one face: for restore_test.py.

    crowd = hands.Crowd(scene)             # needs a centre that serves
    north = crowd.add("north", "sqlite")   # the tool `vouch`
    rocks = crowd.add("rocks", "rocksdb")  # tests/crash/tablets.cc
    north.save(2)                          # noted in the scene's oracle
    twin = north.copy("twin")              # the folder as it lies on the disk
    crowd.converge()                       # nothing lost, nothing double

A hand is closed while its folder is copied or put back: what a restore does.
"""
import collections
import shutil
import time

import blackbox

ENGINES = ("sqlite", "rocksdb")
SYNC_MS = 1000 * blackbox.DEADLINE_S


class Hand:
    """A tablet, and what is done with it. `kept` is false once it is lost."""

    def __init__(self, crowd, name):
        self.crowd, self.scene, self.name = crowd, crowd.scene, name
        self.folder = crowd.scene.folder / name / "data"
        self.folder.parent.mkdir(exist_ok=True)

    def save(self, times=1):
        oracle = self.scene.oracle
        for _ in range(times):
            marker = oracle.pending(self.name)
            self._save(marker)
            oracle.done(marker)

    def save_only_here(self):
        """What is lost with this tablet, and may be: nobody else has it."""
        self._save(self.scene.oracle.pending(self.name))

    def snapshot(self, name):
        """A copy of the folder that no tablet works on."""
        self._close()
        kept = self.scene.folder / f"{name}.kept"
        shutil.copytree(self.folder, kept)
        self._open()
        return kept

    def put_back(self, kept):
        self._close()
        shutil.rmtree(self.folder)
        shutil.copytree(kept, self.folder)
        self._open()

    def copy(self, name):
        """A clone, which is in use from now on as well."""
        twin = type(self)(self.crowd, name)
        shutil.copytree(self.snapshot(name), twin.folder)
        twin._open()
        self.crowd.hands.append(twin)
        return twin

    def lose(self):
        """Dropped from the stairs."""
        self._close()
        shutil.rmtree(self.folder)
        self.crowd.hands.remove(self)


class OnSqlite(Hand):
    def __init__(self, crowd, name):
        super().__init__(crowd, name)
        self.tablet = blackbox.Tablet(self.folder)

    def enrol(self, code):
        self.tablet.must("enrol", self.scene.centre.address, code)

    def register(self):
        return self.tablet.must(
            "record", "new", "registration", "--field",
            "candidate_name=A. Candidate", "--field", "specification=03455",
            "--field", "specification_version=1", "--field", "units=F1,F2",
            "--field", "assessors=me")["id"]

    def _save(self, marker):
        self.tablet.must(*self.scene.observation(marker))

    def sync(self):
        """Of its report: pushed, pulled, recovered, restored, no_longer_safe,
        as integers."""
        return {key: int(value) for key, value in
                self.scene.synced(self.tablet).items()
                if isinstance(value, (bool, int))}

    def labels(self):
        return self.tablet.labels()

    def numbers(self):
        return self.tablet.ledger()["numbers"]

    def hashes(self):
        return self.tablet.hashes()

    def in_step(self):
        return self.tablet.ledger("--centre")["in_step"]

    def _open(self):
        pass  # each run of the tool opens it

    def _close(self):
        pass


class OnRocksDb(Hand):
    @property
    def process(self):
        return self.crowd.process()

    def enrol(self, code):
        self._open()
        self.process.must("enrol", self.name, self.scene.centre.address, code)

    def _save(self, marker):
        self.process.must("save", self.name, self.scene.registration, marker)

    def sync(self):
        told = self.process.must("sync", self.name, "-", SYNC_MS)
        return {key: int(value) for key, value in told.items()}

    def labels(self):
        return collections.Counter(
            self.process.must("list", self.name).values())

    def numbers(self):
        told = self.process.must("ledger", self.name)
        return {key: int(value) for key, value in told.items()}

    def hashes(self):
        return self.process.must("hashes", self.name)

    def in_step(self):
        return self.hashes() == self.process.must("hashes", self.name,
                                                  "centre")

    def _open(self):
        self.process.must("open", self.name, self.folder, "rocksdb")

    def _close(self):
        self.process.must("close", self.name)


class Crowd:
    """Everybody at work in a scene. The first one is on SQLite: it registers
    the candidate."""
    KINDS = {"sqlite": OnSqlite, "rocksdb": OnRocksDb}

    def __init__(self, scene):
        self.scene, self.hands, self._process = scene, [], None

    def process(self):
        if self._process is None:
            self._process = blackbox.Tablets(4)
            self.scene.addCleanup(self._process.kill)
        return self._process

    def add(self, name, engine="sqlite"):
        hand = self.KINDS[engine](self, name)
        hand.enrol(self.scene.centre.code(name))
        if self.scene.registration is None:
            self.scene.registration = hand.register()
        hand.sync()
        self.hands.append(hand)
        return hand

    def sync(self):
        """Each in turn; what they told, added up."""
        told = collections.Counter()
        for hand in self.hands:
            told.update(hand.sync())
        return told

    def converge(self):
        """Until each has the others' work, and checks that nothing is lost or
        double, on any of them or at the centre. What the first syncs told."""
        begun = time.monotonic()
        told = self.sync()
        self.sync()
        scene = self.scene
        scene.assertLess(time.monotonic() - begun, blackbox.DEADLINE_S,
                         "liveness after the fault")
        wanted = self.hands[0].hashes()
        for hand in self.hands:
            with scene.subTest(hand=hand.name):
                numbers = hand.numbers()
                scene.assertTrue(numbers["balanced"], numbers)
                scene.assertEqual(numbers["pending"], 0, numbers)
                scene.assertEqual(scene.oracle.wrong(hand.labels()), "")
                scene.assertTrue(hand.in_step())
                scene.assertEqual(hand.hashes(), wanted)
        return told
