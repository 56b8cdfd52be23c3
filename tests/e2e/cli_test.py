#!/usr/bin/env python3
"""The command line as people and scripts meet it: a real vouchd, real stores.

  tests/e2e/cli_test.py BIN_DIR [unittest arguments]

What is fixed for scripts (`rules evaluate`, exit codes, --json), the examples
of every verb's --help, and bad input.
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
DEADLINE_S = 60


def clean_environment():
    return {key: value for key, value in os.environ.items()
            if not key.startswith("VOUCH_")}


class Run:
    """A finished run of vouch."""

    def __init__(self, arguments, store=None, given=None, environment=None):
        command = [BIN / "vouch"]
        if store is not None:
            command += ["--store", store]
        done = subprocess.run(
            command + list(arguments), input=given, capture_output=True,
            timeout=DEADLINE_S, env=environment or clean_environment())
        self.code, self.out = done.returncode, done.stdout.decode()
        self.error = done.stderr.decode()

    def json(self):
        return json.loads(self.out)


class World:
    """One centre and the stores of four people."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vouch."))
        self.server = subprocess.Popen(
            [BIN / "vouchd", "serve", "--data", self.folder / "centre",
             "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE)
        said = []
        for line in self.server.stderr:
            said.append(line.decode())
            found = re.search(r" serving address=(\S+)", said[-1])
            if found:
                self.address = found[1]
                break
        else:
            raise AssertionError("vouchd did not start: " + "".join(said))
        # Read on, or the pipe would fill and the server wait for it.
        threading.Thread(target=self.server.stderr.read, daemon=True).start()
        self.enrol("north", "assessor", "First Assessor")
        self.enrol("south", "assessor", "Second Assessor")
        self.enrol("verifier", "internal-verifier", "Internal Verifier")
        self.enrol("office", "administrator", "Administrator")
        for name in ("north", "south", "verifier", "office"):
            self.must(name, "sync")
        self.registration = self.save(
            "north", "record", "new", "registration",
            "--field", "candidate_name=A. Candidate",
            "--field", "specification=03455",
            "--field", "specification_version=1",
            "--field", "units=F1,F2",
            "--field", "assessors=First Assessor,Second Assessor",
            "--field", "internal_verifier=Internal Verifier")
        self.sync()

    def close(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(DEADLINE_S)
        shutil.rmtree(self.folder)

    def code(self, role, name):
        made = subprocess.run(
            [BIN / "vouchd", "code", "new", "--data", self.folder / "centre",
             "--role", role, "--name", name], capture_output=True, check=True,
            timeout=DEADLINE_S)
        return made.stdout.decode().strip()

    def enrol(self, store, role, name):
        self.must(store, "enrol", self.address, self.code(role, name))

    def run(self, store, *arguments, **more):
        return Run(arguments, store=self.folder / store, **more)

    def must(self, store, *arguments, **more):
        run = self.run(store, *arguments, **more)
        if run.code != 0:
            raise AssertionError(f"{arguments}: {run.code}: {run.error}")
        return run

    def json(self, store, *arguments, **more):
        return self.must(store, "--json", *arguments, **more).json()

    def save(self, store, *arguments, **more):
        return self.json(store, *arguments, **more)["id"]

    def sync(self):
        for store in ("north", "south", "verifier", "office", "north", "south"):
            self.must(store, "sync")

    def observation(self, store="north", *more):
        return self.save(
            store, "record", "new", "observation",
            "--registration", self.registration, "--field", "observer=me",
            "--field", "candidate=A. Candidate",
            "--field", "when=2026-09-01T10:00/10:45",
            "--field", "venue=Front office",
            "--text", "narrative=She greeted the guest.", *more)

    def signed(self, store="north"):
        record = self.observation(store)
        self.must(store, "record", "sign", record)
        return record

    def disagreement(self):
        """A conflict on one paragraph, on north; handle and version."""
        record = self.observation()
        self.sync()
        for store, text in (("north", "She warmly greeted the guest."),
                            ("south", "She greeted the guest at the door.")):
            self.must(store, "record", "edit", record, "--paragraph",
                      f"1={text}")
        self.sync()
        found = self.json("north", "conflicts", "list", "--record", record)
        return found["conflicts"][0]


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def refused(self, run, code, reason):
        self.assertEqual(run.code, code, run.error)
        self.assertIn(reason, run.error)
        self.assertIn("What to do: ", run.error)


class RulesEvaluate(unittest.TestCase):
    def evaluate(self, units, *more):
        return Run(["rules", "evaluate", "--spec", "03455", "--units", units,
                    "--json", *more])

    def test_needs_no_store(self):
        environment = {"HOME": "/nonexistent", "PATH": os.environ["PATH"]}
        run = Run(["rules", "evaluate", "--spec", "03455", "--units", "F1",
                   "--json"], environment=environment)
        self.assertEqual(run.code, 0, run.error)

    def test_one_unit_of_each_theme_is_met(self):
        answer = self.evaluate("F1,F2,A10,B2,C3,D2").json()
        self.assertEqual(answer["verdict"], "met")
        self.assertEqual(
            [(r["id"], r["result"]) for r in answer["rules"]],
            [("total_credits", "met"), ("mandatory_units", "met"),
             ("optional_credits", "met"), ("themes", "met"),
             ("level_floor", "met")])
        for rule in answer["rules"]:
            self.assertEqual(rule["shortfall"], {
                "credits": 0, "units": 0, "groups": [], "unit_numbers": []})

    def test_not_met_gives_the_exact_shortfall(self):
        answer = self.evaluate("F1,A10").json()
        self.assertEqual(answer["verdict"], "not_met")
        short = {r["id"]: r["shortfall"] for r in answer["rules"]}
        # F1 is 4 credits and A10 5.
        self.assertEqual(short["total_credits"]["credits"], 28 - 9)
        self.assertEqual(short["mandatory_units"]["unit_numbers"], ["F2"])
        self.assertEqual(short["optional_credits"]["credits"], 20 - 5)
        self.assertEqual(short["themes"]["units"], 3)
        self.assertEqual(short["themes"]["groups"],
                         ["Delivery", "Handling Problems",
                          "Development and Improvement"])
        self.assertEqual(short["level_floor"]["credits"], 11 - 5)

    def test_spaces_and_repeats_do_not_matter(self):
        self.assertEqual(self.evaluate(" F1 , F2,A10,B2,C3, D2 ,F1,").json(),
                         self.evaluate("F1,F2,A10,B2,C3,D2").json())

    def test_no_units_at_all_is_not_met(self):
        answer = self.evaluate(" ").json()
        self.assertEqual(answer["verdict"], "not_met")
        self.assertEqual(answer["units"], [])

    def test_unknown_unit_and_specification_are_named(self):
        run = self.evaluate("F1,Z9")
        self.assertEqual(run.code, 4)
        self.assertEqual(run.out, "")
        failure = json.loads(run.error)
        self.assertEqual(failure["reason"], "SPECIFICATION_UNKNOWN")
        self.assertEqual(failure["exit_code"], 4)
        self.assertIn("Z9", failure["what"])
        self.assertNotEqual(failure["advice"], "")
        run = Run(["rules", "evaluate", "--spec", "99999", "--units", "F1"])
        self.assertEqual(run.code, 4)


class Usage(unittest.TestCase):
    def test_wrong_arguments_are_told_and_exit_with_two(self):
        for arguments in ([], ["recrod"], ["record"], ["record", "new"],
                          ["record", "list", "--page-size", "0"],
                          ["rules", "evaluate", "--spec", "03455"],
                          ["sync", "--nonsense"]):
            run = Run(arguments)
            self.assertEqual(run.code, 2, arguments)
            self.assertIn("--help", run.error)
            self.assertEqual(run.out, "")

    def test_version_and_help_exit_with_zero(self):
        self.assertEqual(Run(["--version"]).code, 0)
        run = Run(["--help"])
        self.assertEqual(run.code, 0)
        for code in range(10):
            self.assertRegex(run.out, rf"\n  {code}  \w")

    def test_a_folder_without_a_store_is_not_made_by_reading(self):
        with tempfile.TemporaryDirectory() as folder:
            store = pathlib.Path(folder, "none")
            run = Run(["status"], store=store)
            self.assertEqual(run.code, 6)
            self.assertIn("NOT_ENROLLED", run.error)
            self.assertFalse(store.exists())


class ExitCodes(CliTest):
    def test_no_such_record(self):
        self.refused(self.world.run("north", "record", "show",
                                    "00000000-0000-7000-8000-000000000000"),
                     4, "NOT_FOUND")

    def test_malformed_id(self):
        self.refused(self.world.run("north", "record", "show", "nonsense"),
                     2, "MALFORMED")

    def test_wrong_code(self):
        self.refused(self.world.run("new1", "enrol", self.world.address,
                                    "AAAA-AAAA-AAAA"), 5, "CODE_UNKNOWN")

    def test_used_code(self):
        code = self.world.code("assessor", "Third Assessor")
        self.world.must("new2", "enrol", self.world.address, code)
        self.refused(self.world.run("new3", "enrol", self.world.address, code),
                     5, "CODE_USED")

    def test_pin_of_another_centre(self):
        code = self.world.code("assessor", "Fourth Assessor").split("@")[0]
        self.refused(self.world.run("new4", "enrol", self.world.address,
                                    code + "@" + "0" * 32),
                     5, "SERVER_NOT_TRUSTED")

    def test_enrolled_already(self):
        code = self.world.code("assessor", "Fifth Assessor")
        self.refused(self.world.run("north", "enrol", self.world.address, code),
                     6, "ALREADY_ENROLLED")

    def test_nobody_listens(self):
        run = self.world.run("north", "sync", "--server", "127.0.0.1:1")
        self.refused(run, 8, "UNREACHABLE")

    def test_not_ready_to_sign_names_the_fields(self):
        record = self.world.save("north", "record", "new", "observation",
                                 "--registration", self.world.registration)
        run = self.world.run("north", "record", "sign", record)
        self.refused(run, 6, "NOT_READY_TO_SIGN")
        self.assertIn("venue", run.error)

    def test_signed_is_not_edited(self):
        record = self.world.signed()
        self.refused(self.world.run("north", "record", "edit", record,
                                    "--field", "venue=Elsewhere"),
                     6, "RECORD_SEALED")

    def test_store_open_twice(self):
        command = [BIN / "vouch", "--store", self.world.folder / "north",
                   "record", "new", "witness", "--registration",
                   self.world.registration, "--repeat", "1000000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as busy:
            busy.stdout.readline()
            run = self.world.run("north", "status")
            busy.kill()
        self.refused(run, 7, "STORE_LOCKED")

    def test_conflict_that_moved_on(self):
        conflict = self.world.disagreement()
        self.refused(self.world.run("north", "conflicts", "settle",
                                    conflict["handle"], "--version",
                                    "0" * 12, "--side", "1"),
                     6, "CONFLICT_CHANGED")

    def test_foreign_export_is_never_overwritten(self):
        path = self.world.folder / "taken"
        path.write_text("mine")
        run = self.world.run("north", "store", "export", path)
        self.refused(run, 6, "ALREADY_EXISTS")
        self.assertEqual(path.read_text(), "mine")


class BadInput(CliTest):
    def edit(self, record, *arguments, **more):
        return self.world.run("north", "record", "edit", record, *arguments,
                              **more)

    def venue(self, record):
        shown = self.world.json("north", "record", "show", record)
        return shown["message"].get("venue", "")

    def test_text_that_is_not_utf8_saves_nothing(self):
        record = self.world.observation()
        self.refused(self.edit(record, "--field", b"venue=\xff\xfe"), 2,
                     "NOT_UTF8")
        self.assertEqual(self.venue(record), "Front office")

    def test_emoji_and_right_to_left_come_back_as_they_were(self):
        record = self.world.observation()
        text = "مكتب 🏨 👩‍💻 " + "e\u0301"
        self.assertEqual(self.edit(record, "--field", f"venue={text}").code, 0)
        self.assertEqual(self.venue(record), text)

    def test_empty_value_clears_the_field(self):
        record = self.world.observation()
        self.assertEqual(self.edit(record, "--field", "venue=").code, 0)
        self.assertEqual(self.venue(record), "")

    def test_a_mebibyte_of_text(self):
        record = self.world.observation()
        message = self.world.json("north", "record", "show", record)["message"]
        message["venue"] = "é" * (1 << 19)
        run = self.edit(record, "--json-file", "-",
                        given=json.dumps(message).encode())
        self.assertEqual(run.code, 0, run.error)
        self.assertEqual(self.venue(record), message["venue"])
        message["venue"] += "x" * (2 << 20)
        self.refused(self.edit(record, "--json-file", "-",
                               given=json.dumps(message).encode()),
                     2, "TOO_LARGE")
        self.assertEqual(len(self.venue(record)), 1 << 19)

    def test_unknown_names_say_what_there_is(self):
        record = self.world.observation()
        run = self.edit(record, "--field", "colour=red")
        self.refused(run, 2, "MALFORMED")
        self.assertIn("venue", run.error)
        run = self.world.run("north", "record", "new", "observatoin")
        self.assertNotEqual(run.code, 0)
        self.assertIn("KIND_UNKNOWN", run.error)
        run = self.world.run("north", "judge", record, "--met", "F1:1.1",
                             "--method", "guessing")
        self.refused(run, 2, "MALFORMED")
        self.assertIn("direct-observation", run.error)

    def test_values_of_the_wrong_form(self):
        record = self.world.observation()
        for assignment in ("when=tomorrow", "when=2026-09-01T10:00/x",
                           "simulated=perhaps", "plan=zzz", "venue"):
            run = self.edit(record, "--field", assignment)
            self.assertIn(run.code, (2, 4), assignment)
        self.refused(self.edit(record, "--paragraph", "7=Too far."), 2,
                     "MALFORMED")

    def test_json_that_does_not_fit(self):
        record = self.world.observation()
        for text in ("", "[]", "{", '{"colour": "red"}', '{"venue": {}}',
                     '{"observer": "zzz"}', '{"venue": "\\ud800"}'):
            run = self.edit(record, "--json-file", "-", given=text.encode())
            self.assertEqual(run.code, 2, text + run.error)
        self.assertEqual(self.venue(record), "Front office")

    def test_text_of_others_cannot_steer_the_terminal(self):
        record = self.world.observation(
            "north", "--text", "narrative=\x1b[2J\u202egone")
        run = self.world.must("north", "record", "show", record)
        self.assertNotIn("\x1b", run.out)
        self.assertNotIn("\u202e", run.out)
        shown = self.world.json("north", "record", "show", record)
        self.assertEqual(shown["message"]["narrative"][1]["text"],
                         "\x1b[2J\u202egone")


class Editing(CliTest):
    def test_an_edit_against_an_old_base_keeps_what_came_between(self):
        record = self.world.observation("north", "--text", "narrative=Second.")
        old = self.world.json("north", "record", "show", record)
        self.world.must("north", "record", "edit", record, "--paragraph",
                        "1=First, anew.")
        message = old["message"]
        message["narrative"][1]["text"] = "Second, anew."
        self.world.must("north", "record", "edit", record, "--base",
                        old["base"], "--json-file", "-",
                        given=json.dumps(message).encode())
        shown = self.world.json("north", "record", "show", record)
        self.assertEqual([p["text"] for p in shown["message"]["narrative"]],
                         ["First, anew.", "Second, anew."])
        self.assertEqual(shown["conflicts"], [])

    def test_the_same_field_against_an_old_base_is_a_conflict(self):
        record = self.world.observation()
        old = self.world.json("north", "record", "show", record)
        self.world.must("north", "record", "edit", record, "--field",
                        "venue=Lobby")
        message = dict(old["message"], venue="Bar")
        self.world.must("north", "record", "edit", record, "--base",
                        old["base"], "--json-file", "-",
                        given=json.dumps(message).encode())
        shown = self.world.json("north", "record", "show", record)
        self.assertEqual(
            {side["words"] for side in shown["conflicts"][0]["sides"]},
            {"Lobby", "Bar"})
        self.assertEqual(shown["conflicts"][0]["base"]["words"],
                         "Front office")

    def test_a_second_assessor_never_silently_replaces_a_verdict(self):
        record = self.world.signed()
        verdict = ("--met", "F1:1.1", "--why", "Seen.", "--feedback", "Good.")
        self.world.must("north", "judge", record, *verdict)
        self.world.sync()
        ledger = self.world.save("south", "judge", record, "--not-yet",
                                 *verdict[1:])
        shown = self.world.json("south", "record", "show", ledger)
        self.assertEqual(len(shown["message"]["entries"]), 2)
        # One's own verdict is replaced.
        self.world.must("south", "judge", record, *verdict)
        shown = self.world.json("south", "record", "show", ledger)
        self.assertEqual(len(shown["message"]["entries"]), 2)

    def test_the_same_work_typed_twice_is_pointed_at(self):
        twice = ("--text", "narrative=Twice she folded the same napkin.")
        first = self.world.observation("north", *twice)
        second = self.world.observation("north", *twice)
        shown = self.world.json("north", "record", "show", second)
        pairs = [(pair["record"], pair["other"])
                 for pair in shown["possible_duplicates"]]
        self.assertEqual(pairs, [(first, second)])
        words = self.world.must("north", "record", "show", first).out
        self.assertIn(f"It says the same as {second} by the same author.",
                      words)
        self.assertIn(f"Perhaps the same work typed twice: {first} and "
                      f"{second}", self.world.must("north", "status").out)
        self.world.must("north", "record", "discard", second)
        shown = self.world.json("north", "record", "show", first)
        self.assertEqual(shown["possible_duplicates"], [])

    def test_pages_join_to_the_whole_list(self):
        arguments = ["record", "list", "--registration",
                     self.world.registration]
        whole = self.world.json("north", *arguments, "--page-size", "500")
        ids, page = [], []
        while True:
            part = self.world.json("north", *arguments, "--page-size", "3",
                                   *page)
            ids += [record["id"] for record in part["records"]]
            if not part["next_page"]:
                break
            page = ["--page", part["next_page"]]
        self.assertEqual(ids, [record["id"] for record in whole["records"]])

    def test_ledger_is_in_step_with_the_centre_only_after_a_sync(self):
        self.world.observation()
        before = self.world.json("north", "ledger", "--centre")
        self.assertFalse(before["in_step"])
        self.assertGreater(before["numbers"]["pending"], 0)
        self.world.sync()
        after = self.world.json("north", "ledger", "--centre")
        self.assertTrue(after["in_step"])
        self.assertEqual(after["numbers"]["pending"], 0)
        self.assertTrue(after["numbers"]["balanced"])


class Specifications(CliTest):
    CSV = ("unit,kind,number,text\n"
           "F2,requirement,1,Seen on three days\n"
           "A10,outcome,1,Meets people\n"
           "A10,criterion,1.1,Looks up\n"
           "A10,no requirements,,\n")

    def file(self, text, suffix):
        descriptor, path = tempfile.mkstemp(suffix, dir=self.world.folder)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode() if isinstance(text, str) else text)
        return path

    def unit(self, store, spec, number):
        return self.world.json(store, "spec", "show", spec, "--unit", number)

    def test_the_seven_are_there_without_a_store(self):
        with tempfile.TemporaryDirectory() as folder:
            listed = Run(["spec", "list", "--json"], store=folder + "/none")
        self.assertEqual(
            [row["id"] for row in listed.json()["specifications"]],
            ["03455", "03456", "03457", "501/0231/X", "501/0232/1",
             "501/0263/1", "501/0287/12"])

    def test_the_register_of_contradictions_is_readable(self):
        listed = Run(["spec", "contradictions", "--json"]).json()
        self.assertEqual(len(listed["contradictions"]), 8)
        text = Run(["spec", "contradictions", "level-4-floor"]).out
        self.assertIn("35", text)
        self.assertIn("S4:77", text)
        self.assertIn("Read as: ", text)
        self.refused(Run(["spec", "contradictions", "nothing"]), 4,
                     "NOT_FOUND")

    def test_criteria_from_csv_reach_a_registration_that_is_open(self):
        world = self.world
        before = world.json("north", "portfolio", "show", world.registration)
        self.assertIn("not loaded", before["units"][1]["why"])
        path = self.file(self.CSV, ".csv")
        run = world.must("office", "spec", "import", path, "--spec", "03455",
                         "--dry-run")
        self.assertIn("Nothing was saved", run.out)
        self.assertFalse(
            self.unit("office", "03455", "A10")["criteria_known"])
        saved = world.json("office", "spec", "import", path, "--spec", "03455")
        self.assertEqual(len(saved["records"]), 2)
        self.assertEqual(saved["warnings"], [])
        world.sync()
        after = world.json("north", "portfolio", "show", world.registration)
        self.assertNotIn("not loaded", after["units"][1]["why"])
        for spec, number in (("03455", "A10"), ("03456", "A10"),
                             ("501/0263/1", "T/601/1221")):
            unit = self.unit("north", spec, number)
            self.assertEqual(unit["criteria"][0]["label"], "Looks up")
            self.assertTrue(unit["evidence_requirements_known"])
        again = world.json("office", "spec", "import", path, "--spec", "03455")
        self.assertEqual(again["records"], [])

    def test_an_assessors_import_is_held_for_review(self):
        path = self.file("unit,kind,number,text\nA16,no requirements,,\n",
                         ".csv")
        saved = self.world.json("south", "spec", "import", path, "--spec",
                                "03455")
        self.assertEqual(saved["warnings"][0]["reason"], "ROLE_NOT_ALLOWED")
        self.world.sync()
        unit = self.unit("north", "03455", "A16")
        self.assertFalse(unit["evidence_requirements_known"])

    def test_bad_files_save_nothing(self):
        for text, reason in ((b"unit,kind,number,text\nA10,x,\xff,\n",
                              "NOT_UTF8"),
                             ("unit,kind,number,text\n=1,,,\n", "MALFORMED"),
                             (self.CSV + "A10,criterion,1.1,y\n", "MALFORMED"),
                             ("unit,kind,number,text\nZ9,x,1,y\n",
                              "SPECIFICATION_UNKNOWN")):
            run = self.world.run("office", "spec", "import",
                                 self.file(text, ".csv"), "--spec", "03455")
            self.assertNotEqual(run.code, 0)
            self.assertIn(reason, run.error)
            self.assertIn("line ", run.error)
        run = self.world.run("office", "spec", "import",
                             self.file("{\"id\": 1}", ".json"))
        self.assertIn("SPECIFICATION_INVALID", run.error)

    def test_moving_a_registration_shows_and_records_what_it_changes(self):
        world = self.world
        registration = world.save(
            "north", "record", "new", "registration",
            "--field", "candidate_name=B. Candidate",
            "--field", "specification=03455",
            "--field", "specification_version=1", "--field", "units=F1,F2")
        data = world.json("office", "spec", "show", "03455:1")
        data["version"] = 7
        data["total_credits"]["credits_min"] = 30
        path = self.file(json.dumps(data), ".json")
        world.must("office", "spec", "import", path)
        # The same again is the same.
        world.must("office", "spec", "import", path)
        world.sync()
        shown = world.json("north", "spec", "move", registration, "03455:7")
        line = "total_credits: at least 28 credits, then at least 30 credits"
        self.assertEqual(shown["changes"][0], line)
        pinned = world.json("north", "portfolio", "show", registration)
        self.assertEqual(pinned["specification_version"], 1)
        world.must("north", "spec", "move", registration, "03455:7",
                   "--why", "The awarding body's new version")
        pinned = world.json("north", "portfolio", "show", registration)
        self.assertEqual(pinned["specification_version"], 7)
        world.sync()
        message = world.json("office", "record", "show",
                             registration)["message"]
        move = message["specification_moves"][0]
        self.assertEqual(move["from_version"], 1)
        self.assertEqual(move["to_version"], 7)
        self.assertEqual(move["reason"], "The awarding body's new version")
        self.assertEqual(move["changes"][0], line)
        self.refused(world.run("north", "spec", "move", registration,
                               "03455:7", "--why", "again"),
                     6, "OPERATION_NOT_ALLOWED")
        # Changed in silence, it is held for review.
        world.must("north", "record", "edit", registration, "--field",
                   "specification_version=1")
        world.sync()
        held = world.json("office", "held", "list")["held"]
        self.assertIn("OPERATION_NOT_ALLOWED",
                      [h["reason"] for h in held
                       if h["record"] == registration])

    def test_the_cheapest_completion(self):
        answer = Run(["rules", "complete", "--spec", "03455", "--units",
                      "F1,F2,A1,B6,C2,D2", "--json"]).json()
        self.assertEqual(answer["result"], "found")
        self.assertEqual(answer["units"], ["B8"])
        shown = self.world.json("north", "portfolio", "show",
                                self.world.registration)
        self.assertEqual(shown["completion"]["credits"], 20)


def verbs(words=()):
    """Every verb, as the help lists them."""
    said = Run([*words, "--help"]).out
    if "\nSubcommands:\n" not in said:
        yield words
        return
    listing = said.split("\nSubcommands:\n")[1].split("\n\n")[0]
    for name in re.findall(r"^  (\S+)", listing, re.M):
        yield from verbs((*words, name))


def examples(words):
    said = Run([*words, "--help"]).out.replace("\\\n", "")
    return re.findall(r"^  (vouch .+)", said.split("Examples:")[-1], re.M)


class Help(CliTest):
    """Runs each example as a shell would, its variables standing for what a
    person would have at hand."""

    def value(self, name, store):
        world = self.world
        if name in ("REGISTRATION",):
            return world.registration
        if name in ("OBSERVATION", "DRAFT", "COMPLETE"):
            return world.observation(store)
        if name == "SIGNED":
            return world.signed(store)
        if name == "STATEMENT":
            return world.save(store, "record", "new", "witness-statement",
                              "--registration", world.registration,
                              "--json-file", self.value("STATEMENT_JSON", ""))
        if name == "STATEMENT_JSON":
            return self.file(json.dumps({
                "candidate": "A. Candidate", "venue": "Lobby",
                "when": {"start_ms": "1788253200000"},
                "description": [{"text": "She found the umbrella."}],
                "written_on": "2026-09-01", "witness_name": "A. Witness",
                "relationship": "Shift leader", "job_title": "Supervisor",
                "contact": "extension 12"}))
        if name == "SERVER":
            return world.address
        if name == "SPEC_FILE":
            data = world.json("office", "spec", "show", "03455:1")
            return self.file(json.dumps(data | {"version": 2}), ".json")
        if name == "CRITERIA_CSV":
            return self.file("unit,kind,number,text\n"
                             "C1,outcome,1,Notices a problem\n"
                             "C1,criterion,1.1,Says so at once\n", ".csv")
        if name == "CODE":
            return world.code("trainer", "Trainer")
        if name == "EXPORT_FILE":
            return str(world.folder / f"export{len(os.listdir(world.folder))}")
        if name == "CHANGE":
            # A verifier does not observe: held for review.
            world.observation("verifier")
            world.must("verifier", "sync")
            world.must("office", "sync")
            held = world.json("office", "held", "list")["held"]
            return next(h["change"] for h in held if h["reason"])
        raise AssertionError(f"no value for ${name}")

    def file(self, text, suffix=None):
        descriptor, path = tempfile.mkstemp(suffix, dir=self.world.folder)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        return path

    def values(self, example, store):
        names = set(re.findall(r"\$(\w+)", example))
        values = {}
        if "CONFLICT" in names:
            conflict = self.world.disagreement()
            values = {"CONFLICT": conflict["handle"],
                      "VERSION": conflict["version"]}
        if "BASE" in names:
            record = self.world.observation(store)
            shown = self.world.json(store, "record", "show", record)
            shown["message"]["venue"] = "Bar"
            values = {"OBSERVATION": record, "BASE": shown["base"],
                      "EDITED_JSON": self.file(json.dumps(shown["message"]))}
        if "vouch decide" in example:
            world = self.world
            world.must(store, "judge", world.signed(store), "--not-yet",
                       "F1:1.1", "--why", "Seen.", "--feedback", "Again.")
        if "record revive" in example:
            values = {"DRAFT": self.world.observation(store)}
            self.world.must(store, "record", "discard", values["DRAFT"])
        for name in names - values.keys():
            values[name] = self.value(name, store)
        return values

    def test_every_example_runs(self):
        found = list(verbs())
        self.assertGreater(len(found), 20)
        for words in found:
            lines = examples(words)
            self.assertTrue(lines, f"vouch {' '.join(words)} has no example")
            for line in lines:
                if "example.org" in line:
                    continue  # the host is no one's
                with self.subTest(line):
                    self.run_example(line)

    def run_example(self, line):
        by_office = "held release" in line or "spec import" in line
        store = "office" if by_office else "north"
        if " enrol " in line:
            store = f"fresh{len(os.listdir(self.world.folder))}"
        environment = dict(clean_environment(),
                           PATH=f"{BIN}:{os.environ['PATH']}",
                           VOUCH_STORE=str(self.world.folder / store),
                           **self.values(line, store))
        done = subprocess.run(["bash", "-euc", line], env=environment,
                              capture_output=True, timeout=DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stderr.decode())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
