"""Every verb of the command line on a real service: as a table, as JSON, and with what it says when it cannot."""

import json
import time
import unittest

from stage import Stage, wait_for

NOBODY = "00000000-0000-4000-8000-00000000ffff"


class Verbs(unittest.TestCase):
    """One call whose caller spoke, recorded and judged, under rules of retention that do not apply yet."""

    @classmethod
    def setUpClass(cls):
        cls.stage = Stage(chunk_seconds=3)
        cls.addClassCleanup(cls.stage.close)
        cls.stage.start_simulator()
        rules = cls.stage.folder / "rules.json"
        rules.write_text(json.dumps({"rules": [{"name": "month", "action": "delete", "days": 30}]}))
        cls.stage.start_earshot(RETENTION_RULES_FILE=str(rules))
        call = cls.stage.place_call(utterances=[{"start": "after_assistant", "delay": 0.5, "tones": {"count": 4}}],
                                    hangUpAfterQuiet=3, lengthMax=40)
        cls.report = wait_for("the end of the call", lambda: cls.stage.call_report(call))
        cls.recording = cls.stage.recordings_found()[0]["recordingId"]
        cls.call = cls.stage.only_call()["contextId"]
        wait_for("a verdict", lambda: cls.stage.only_call()["verdict"]["kind"] != "pending")

    def table(self, *arguments, has=()):
        said = self.stage.cli(*arguments)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertEqual(said.stderr, "")
        for text in has:
            self.assertIn(text, said.stdout)
        self.assertFalse(said.stdout.startswith("{"), said.stdout)
        return said.stdout

    def refused(self, *arguments, status=1, why=""):
        """An error is a sentence on standard error, and nothing on standard output, whatever the form."""
        for form in ((), ("--json",)):
            said = self.stage.cli(*arguments, *form)
            self.assertEqual((said.returncode, said.stdout), (status, ""), said.stderr)
            self.assertRegex(said.stderr, r"^earshot: .{10,}")
            self.assertIn(why, said.stderr)

    def test_calls_are_listed_and_one_is_shown_with_its_turns_and_its_journal(self):
        self.table("calls", "list", has=("received (UTC)", self.call, "ended"))
        self.assertEqual(self.table("calls", "list"), self.table("calls"))
        self.assertEqual([one["contextId"] for one in self.stage.cli_json("calls", "list")["calls"]], [self.call])
        self.table("calls", self.call, has=(self.call, self.report["correlationId"]))
        turns = self.stage.cli_json("calls", self.call, "--turns")["turns"]
        self.assertIn("caller", [turn["speaker"] for turn in turns])
        self.table("calls", self.call, "--turns", has=("caller", "assistant"))
        journal = [entry["type"] for entry in self.stage.cli_json("calls", self.call, "--journal")["journal"]]
        self.assertIn("event CallConnected", journal)
        self.table("calls", self.call, "--journal", has=("event CallConnected", "recording started"))
        for more in ((), ("--turns",), ("--journal",)):
            self.refused("calls", NOBODY, *more)

    def test_a_verdict_is_shown_by_its_number_and_given_again(self):
        newest = self.stage.cli("verdict", self.call, "--json")
        status = 0 if json.loads(newest.stdout)["kind"] == "complete" else 3
        self.assertEqual(newest.returncode, status)
        first = self.stage.cli("verdict", self.call, "--number", "1")
        self.assertIn(first.returncode, (0, 3))
        self.assertRegex(first.stdout, r"number +1 of ")
        self.assertEqual(json.loads(self.stage.cli("verdict", self.call, "--number", "1", "--json").stdout)["number"], 1)
        self.refused("verdict", self.call, "--number", "99", why="no verdict of that number")
        self.refused("verdict", NOBODY)
        again = self.stage.cli("verdict", self.call, "--again")
        self.assertIn(again.returncode, (0, 3), again.stderr)

    def test_a_transcript_comes_in_every_form_and_what_was_said_is_found(self):
        told = self.stage.cli_json("transcript", self.call)
        self.assertIn("caller", [turn["speaker"] for turn in told["turns"]])
        self.table("transcript", self.call, has=("from s", "assistant"))
        self.assertTrue(self.table("transcript", self.call, "--format", "vtt").startswith("WEBVTT"))
        self.assertIn(" --> ", self.table("transcript", self.call, "--format", "srt"))
        path = self.stage.folder / "call.vtt"
        self.table("transcript", self.call, "--source", "acs", "--format", "vtt", "-o", str(path), has=(str(path),))
        self.assertTrue(path.read_text().startswith("WEBVTT"))
        again = self.stage.cli("transcript", self.call, "-o", str(path))
        self.assertEqual(again.returncode, 2)
        self.assertIn("--overwrite", again.stderr)
        self.refused("transcript", NOBODY)

        said = next(turn["text"] for turn in told["turns"] if len(turn["text"]) >= 6)
        hits = self.stage.cli_json("transcripts", "search", said[:6])["hits"]
        self.assertIn(self.call, [hit["contextId"] for hit in hits])
        self.table("transcripts", "search", said[:6], has=(self.call,))
        self.assertEqual(self.stage.cli_json("transcripts", "search", "never said by anybody")["hits"], [])
        self.refused("transcripts", "search", said[:6], "--from", "yesterday")

    def test_recordings_are_listed_and_an_unknown_one_is_named_by_every_verb(self):
        self.table("recordings", "list", has=(self.recording, "found"))
        self.assertEqual(self.stage.cli_json("recordings", "list", "--to", "2020-01-01T00:00:00Z")["recordings"], [])
        self.assertEqual(self.stage.cli_json("recordings", "show", self.call)["recordingId"], self.recording)
        for verb in ("show", "merge", "link", "verify"):
            self.refused("recordings", verb, "no-such-recording")
            self.refused("recordings", verb, NOBODY)
        self.refused("recordings", "list", "--from", "yesterday")

    def test_a_hold_is_put_on_listed_and_lifted(self):
        held = self.stage.cli_json("holds", "add", self.call, "--who", "Ms Ito", "--why", "case 42")
        self.table("holds", "list", has=(held["id"], self.call, "Ms Ito", "case 42"))
        self.assertEqual([one["id"] for one in self.stage.cli_json("holds", "list", "--call", self.call)["holds"]],
                         [held["id"]])
        self.table("holds", "remove", held["id"], "--who", "Mr Abe", has=(self.call,))
        self.assertEqual(self.stage.cli_json("holds", "list")["holds"], [])
        lifted = self.stage.cli_json("holds", "list", "--all")["holds"]
        self.assertEqual([one["id"] for one in lifted], [held["id"]])
        self.table("holds", "add", self.call, "--who", "Ms Ito", "--why", "case 43", has=("held: ",))
        for one in self.stage.cli_json("holds", "list")["holds"]:
            self.assertTrue(self.stage.cli_json("holds", "remove", one["id"], "--who", "Ms Ito")["liftedAt"])
        self.refused("holds", "add", NOBODY, "--who", "Ms Ito", "--why", "case 42")
        self.refused("holds", "remove", NOBODY, "--who", "Ms Ito")

    def test_retention_tells_what_it_would_do_does_it_and_prints_the_policy(self):
        self.table("retention", "plan", has=("nothing was changed",))
        self.assertTrue(self.stage.cli_json("retention", "plan", "--limit", "5")["dryRun"])
        self.table("retention", "run", "--dry-run", has=("nothing was changed",))
        ran = self.stage.cli_json("retention", "run")
        self.assertFalse(ran["dryRun"])
        self.table("retention", "run", has=("calls looked at",))
        self.assertTrue(self.stage.cli_json("recordings", "show", self.recording)["chunks"], "30 days are not over")
        policy = self.stage.cli("retention", "policy")
        self.assertEqual(policy.returncode, 0, policy.stderr)
        self.assertIn("rules", json.loads(policy.stdout)["properties"]["policy"])
        self.assertIn("note: ", policy.stderr, "a folder has no index tags, so no rule is printed")
        self.assertIn("policy", self.stage.cli_json("retention", "policy"))
        self.refused("retention", "restore", self.call, why="nothing of the call is archived")
        self.refused("retention", "restore", NOBODY)

    def test_an_erasure_is_only_shown_unless_it_is_wanted(self):
        caller = self.stage.only_call()["caller"]
        plan = self.stage.cli_json("erase", "--caller", caller, "--dry-run")
        self.assertEqual([one["contextId"] for one in plan["calls"]], [self.call])
        self.table("erase", "--caller", caller, "--dry-run", has=(self.call,))
        self.table("erase", "--list")
        self.assertEqual(self.stage.cli_json("erase", "--list")["erasures"], [])
        self.refused("erase", "--receipt", NOBODY)
        self.assertTrue(self.stage.cli_json("recordings", "show", self.recording)["chunks"])

    def test_alerts_are_listed_and_an_unknown_one_is_not_sent_again(self):
        self.table("alerts", "list", has=("raised (UTC)",))
        self.assertEqual(self.stage.cli_json("alerts", "list", "--state", "dead")["alerts"], [])
        self.refused("alerts", "retry", NOBODY)
        self.refused("alerts", "list", "--state", "lost")

    def test_regions_are_compared_and_a_wrong_time_is_named(self):
        self.table("report", "regions", has=("not enough calls",))
        self.assertEqual(len(self.stage.cli_json("report", "regions")["regions"]), 1)
        self.refused("report", "regions", "--from", "yesterday")


class Alarmed(unittest.TestCase):
    """A call whose recording ACS refuses to start."""

    def test_an_alert_is_shown_with_its_call(self):
        stage = Stage()
        self.addCleanup(stage.close)
        stage.flags += ["--fault", "rest.start_recording:status=403"]
        stage.start_simulator()
        stage.start_earshot()
        stage.place_call(hangUpAt=3)
        alert = wait_for("an alert", lambda: next(iter(stage.cli_json("alerts", "list")["alerts"]), None))
        self.assertEqual(alert["kind"], "recording_start_failed")
        call = stage.call_in_state("ended")["contextId"]
        said = stage.cli("alerts", "list", "--call", call)
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertIn("recording_start_failed", said.stdout)
        self.assertIn(call, said.stdout)
        self.assertEqual(stage.cli_json("alerts", "list", "--call", NOBODY)["alerts"], [])
        nothing = stage.cli("recordings", "show", call)
        self.assertEqual((nothing.returncode, nothing.stdout), (1, ""))
        self.assertIn("no recording", nothing.stderr)


class Pausing(unittest.TestCase):
    """A call that goes on while its recording is paused and resumed."""

    def setUp(self):
        self.stage = Stage()
        self.addCleanup(self.stage.close)

    def connect(self, *flags):
        self.stage.flags += flags
        self.stage.start_simulator()
        self.stage.start_earshot()
        self.call_at_simulator = self.stage.place_call(hangUpAt=60, lengthMax=90)

        def recorded():
            call = self.stage.only_call()
            return call if call and call["recordingState"] == "active" else None

        return wait_for("a recorded call", recorded)["contextId"]

    def end(self, call):
        self.assertEqual(self.stage.hang_up(call), 202)
        wait_for("the end of the call", lambda: self.stage.call_report(self.call_at_simulator))

    def test_a_pause_and_its_end_are_waited_for_until_acs_confirms_them(self):
        call = self.connect()
        paused = self.stage.cli("calls", "pause", call)
        self.assertEqual((paused.returncode, paused.stdout), (0, "pause confirmed\n"), paused.stderr)
        self.assertEqual(self.stage.only_call()["recordingState"], "paused")
        twice = self.stage.cli("calls", "pause", call)
        self.assertEqual((twice.returncode, twice.stdout), (1, ""))
        resumed = self.stage.cli_json("calls", "resume", call)
        self.assertEqual((resumed["asked"], resumed["confirmed"]), ("resume", True))
        self.assertEqual(self.stage.only_call()["recordingState"], "active")
        asked = self.stage.cli("calls", "pause", call, "--no-wait")
        self.assertEqual(asked.returncode, 0, asked.stderr)
        self.assertIn("pause asked for", asked.stdout)
        for verb in ("pause", "resume"):
            unknown = self.stage.cli("calls", verb, NOBODY)
            self.assertEqual((unknown.returncode, unknown.stdout), (1, ""))
        self.end(call)

    def test_a_pause_that_acs_refuses_is_said_to_have_failed(self):
        call = self.connect("--fault", "rest.pause_recording:status=403")
        refused = self.stage.cli("calls", "pause", call)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("the pause failed", refused.stderr)
        self.end(call)

    def test_a_pause_that_acs_does_not_confirm_in_time_is_said_so(self):
        call = self.connect("--fault", "rest.pause_recording:delay=8s")
        began = time.monotonic()
        unsure = self.stage.cli("calls", "pause", call, "--wait", "1", "--json")
        self.assertEqual(unsure.returncode, 3, unsure.stderr)
        self.assertFalse(json.loads(unsure.stdout)["confirmed"])
        self.assertIn("not confirmed within 1 s", unsure.stderr)
        self.assertGreaterEqual(time.monotonic() - began, 1)
        self.end(call)
