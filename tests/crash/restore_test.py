#!/usr/bin/env python3
"""Servers and tablets that come back as they were before: from a backup, from
a copy of the folder, told or silent; and tablets that are there twice.

  tests/crash/restore_test.py BIN_DIR TESTS_DIR [unittest arguments]

Afterwards everything that any surviving disk held is on all of them, once; the
ledgers balance; and nothing counts as safe before a backup has made it so.
"""
import json
import shutil

import blackbox
import hands


class Restored(blackbox.Scene):
    AUTHORITY_APART = False

    def setUp(self):
        super().setUp()
        if self.AUTHORITY_APART:
            # From the first start on: an authority store is not moved later.
            self.centre.kill()
            shutil.rmtree(self.centre.folder)
            self.centre.config["authority"] = json.dumps(
                str(self.folder / "authority"))
            self.centre.start()
        self.backup = self.folder / "backup"
        self.crowd = hands.Crowd(self)
        self.north = self.crowd.add("north")
        self.south = self.crowd.add("south")
        self.rocks = self.crowd.add("rocks", "rocksdb")

    def everybody_works(self):
        for hand in self.crowd.hands:
            hand.save(2)
        self.crowd.sync()

    def vouchd(self, *arguments):
        run = self.centre.admin(*arguments)
        self.assertEqual(run.code, 0, run)
        return run.json()

    def back_up(self):
        run = self.centre.back_up(self.backup)
        self.assertEqual(run.code, 0, run)
        self.check_safe(centre=True, tablet=True)
        return run.json()

    def check_safe(self, centre, tablet):
        """What `vouchd status` says of the log, and `vouch status` of records
        after a sync."""
        status = self.vouchd("status", "--data", self.centre.folder)
        size = int(status.get("stable_size", 0))
        self.assertEqual(size, int(status["log_size"]) if centre else 0,
                         status)
        self.north.sync()
        told = self.north.tablet.must("status")
        self.assertEqual(told["safe_unavailable"] == "", tablet)
        self.assertTrue(told["numbers"]["balanced"], told["numbers"])

    def restore(self, name, backup, *more):
        """A new server from it, where the lost one was."""
        lost = self.centre
        self.assertIsNotNone(lost.process.poll(), "it runs still")
        self.centre = self.new_centre(name)
        self.centre.port = lost.port
        done = self.vouchd("restore", backup, self.centre.folder,
                           "--master-key", lost.folder / "master.key", *more)
        self.centre.start()
        return done

    def check_recovered(self, told, at_least):
        self.assertGreaterEqual(told["recovered"], 1, told)
        self.assertGreaterEqual(told["restored"], at_least, told)


class ServersAreRestored(Restored):
    def test_three_times_in_a_row(self):
        """From the last backup, from an older copy of it with the authority
        lost as well, and in silence."""
        self.everybody_works()
        first = self.back_up()
        older = self.folder / "older"
        shutil.copytree(self.backup, older)

        self.everybody_works()  # acknowledged, then lost with the server
        self.south.save()       # not even sent
        self.crowd.sync()
        self.centre.kill()
        self.north.save()       # capture goes on without any
        done = self.restore("second", self.backup, "--authority",
                            self.centre.folder / "authority")
        self.assertEqual(done["log_size"], first["log_size"])
        self.check_recovered(self.crowd.converge(), 7)
        # A restored centre vouches for no second store until its next backup,
        # and its tablets hear so.
        self.check_safe(centre=False, tablet=False)
        self.back_up()

        self.everybody_works()
        self.centre.kill()
        done = self.restore("third", older)
        self.assertEqual(done["log_size"], first["log_size"])
        told = self.crowd.converge()
        self.check_recovered(told, 14)
        self.assertGreaterEqual(told["no_longer_safe"], 8, told)
        self.check_safe(centre=False, tablet=False)
        # The other backup may be the last that holds something: it is refused
        # where it would take that back, and a new one is made.
        self.backup = self.folder / "fresh"
        self.back_up()

        self.centre.kill()
        kept = self.centre.copy(self.folder / "kept")
        self.centre.start()
        self.everybody_works()
        self.centre.kill()
        self.centre.put_back(kept)
        self.centre.start()
        self.check_recovered(self.crowd.converge(), 6)
        self.back_up()
        self.crowd.converge()

    def test_who_died_meanwhile_is_made_good_by_others(self):
        """What another tablet had pulled comes back from there, also to the
        tablet that replaces the dead one."""
        self.back_up()
        self.everybody_works()
        self.crowd.sync()  # so that each holds the others' work
        self.rocks.lose()
        self.north.lose()
        self.centre.kill()
        self.restore("second", self.backup, "--authority",
                     self.centre.folder / "authority")
        self.crowd.add("replacement", "rocksdb")
        self.check_recovered(self.crowd.converge(), 6)

    def test_one_that_never_had_the_tablet(self):
        """Enrolled after the backup: the surviving authority knows it."""
        self.everybody_works()
        self.back_up()
        for engine in hands.ENGINES:
            self.crowd.add(f"late-{engine}", engine)
        self.everybody_works()
        self.centre.kill()
        done = self.restore("second", self.backup, "--authority",
                            self.centre.folder / "authority")
        self.assertEqual(int(done["devices"]), 5)
        self.check_recovered(self.crowd.converge(), 10)


class ServerIsPutBackInSilence(Restored):
    AUTHORITY_APART = True

    def test_its_log_alone(self):
        """The authority store notices; nobody else was told."""
        self.everybody_works()
        self.centre.kill()
        kept = self.centre.copy(self.folder / "kept")
        self.centre.start()
        self.everybody_works()
        late = self.crowd.add("late")  # a tablet of which the old log knows
        late.save()                    # nothing
        self.crowd.sync()
        self.centre.kill()
        self.centre.put_back(kept)
        self.centre.start()
        self.assertIn("was set back to an earlier point",
                      "".join(self.centre.lines))
        self.check_recovered(self.crowd.converge(), 7)


class TabletsComeTwiceOrEarlier(Restored):
    def each_engine(self):
        for hand in (self.north, self.rocks):
            with self.subTest(tablet=hand.name):
                yield hand

    def test_a_clone_and_its_original_both_keep_what_they_wrote(self):
        for hand in self.each_engine():
            hand.save(2)
            self.crowd.sync()
            hand.save()  # on both of them, sent by neither yet
            twin = hand.copy(f"{hand.name}-twin")
            for _ in range(2):
                for one in (hand, twin):
                    one.save(2)
                # The one that forked last is the first to sync.
                for one in (twin, hand):
                    one.sync()
            self.crowd.converge()
            for one in (twin, hand):
                one.save()
        self.crowd.converge()

    def test_a_tablet_put_back_gets_its_own_work_again(self):
        for hand in self.each_engine():
            hand.save(2)
            hand.sync()
            hand.save()  # sent after the copy was made
            kept = hand.snapshot(hand.name)
            hand.save(2)
            hand.sync()
            hand.save_only_here()
            hand.put_back(kept)
            hand.save(2)  # the same places in its chain, other work
            told = hand.sync()
            self.assertEqual(told["recovered"], 1, told)
            self.crowd.converge()
            hand.put_back(kept)  # once more, the same copy
            hand.save()
            self.crowd.converge()

    def test_both_sides_put_back(self):
        """Tablet and server to before the same work: others hold it."""
        self.everybody_works()
        self.back_up()
        kept = {hand: hand.snapshot(hand.name) for hand in self.each_engine()}
        self.everybody_works()
        self.crowd.sync()
        self.centre.kill()
        self.restore("second", self.backup)
        for hand, folder in kept.items():
            hand.put_back(folder)
            hand.save()
        self.check_recovered(self.crowd.converge(), 6)
        self.check_safe(centre=False, tablet=False)
        self.back_up()


if __name__ == "__main__":
    blackbox.main(__doc__)
