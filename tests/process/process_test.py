#!/usr/bin/python3
"""The real programs as processes: started, signalled, killed in the middle of a call, started again, and asked.

The first argument is how many cases must pass.
"""

import base64
import hashlib
import json
import os
import secrets
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from stage import PATIENCE_S, Stage, answer, bare_environment, free_port, tap_blocks, wait_for
from verbs import Alarmed, Pausing, Verbs  # run with the others


class Configuration(unittest.TestCase):
    def serve(self, **settings):
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run([os.environ["EARSHOT_BIN"], "serve", "--env-file", os.devnull], cwd=folder,
                                  env=bare_environment() | {"EARSHOT_DATA_DIR": folder + "/data"} | settings,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S,
                                  check=False)

    def test_serve_tells_every_fault_of_the_configuration_at_once_and_ends_with_2(self):
        ended = self.serve(PORT="no number", CALLBACK_URI_HOST="http://example.com", RECORDING_FORMAT="ogg")
        self.assertEqual(ended.returncode, 2, ended.stderr)
        for name in ("ACS_CONNECTION_STRING", "AZURE_VOICE_LIVE_ENDPOINT", "EVENT_GRID_SECRET", "EARSHOT_API_KEY",
                     "PORT", "CALLBACK_URI_HOST", "RECORDING_FORMAT"):
            self.assertIn(name, ended.stderr)
        self.assertIn("->", ended.stderr, "how to mend it")

    def test_a_fault_never_prints_the_secret(self):
        ended = self.serve(EVENT_GRID_SECRET="hush-hush-0123456789", EARSHOT_API_KEY="x",
                           ACS_CONNECTION_STRING="accesskey=topsecret0123456789")
        self.assertEqual(ended.returncode, 2)
        for word in ("hush-hush", "topsecret"):
            self.assertNotIn(word, ended.stdout + ended.stderr)

    def test_an_unreadable_env_file_is_a_fault(self):
        ended = subprocess.run([os.environ["EARSHOT_BIN"], "serve", "--env-file", "/nowhere/at/all"],
                               env=bare_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=PATIENCE_S, check=False)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("/nowhere/at/all", ended.stderr)


class CommandLine(unittest.TestCase):
    """One recorded call, asked about in every way."""

    @classmethod
    def setUpClass(cls):
        cls.stage = Stage(chunk_seconds=3)
        cls.addClassCleanup(cls.stage.close)
        cls.stage.start_simulator()
        cls.stage.start_earshot()
        call = cls.stage.place_call(utterances=[{"start": "at_time", "delay": 1, "tones": {"count": 8}}], hangUpAt=7)
        cls.report = wait_for("the end of the call", lambda: cls.stage.call_report(call))
        cls.recording = cls.stage.recordings_found()[0]

    def test_calls_lists_the_call_for_people_and_as_json(self):
        call = self.stage.only_call()
        self.assertEqual(call["state"], "ended")
        table = self.stage.cli("calls")
        self.assertEqual(table.returncode, 0)
        self.assertIn(call["contextId"], table.stdout)
        shown = self.stage.cli_json("calls", call["contextId"])
        self.assertEqual(shown["contextId"], call["contextId"])
        self.assertEqual(self.stage.cli_json("calls", "--state", "connected")["calls"], [])

    def test_recordings_show_tells_the_chunks_that_were_written(self):
        shown = self.stage.cli_json("recordings", "show", self.recording["recordingId"])
        written = self.report["recordings"][0]
        self.assertEqual(shown["recordingId"], written["recordingId"])
        self.assertGreaterEqual(len(written["chunks"]), 2)
        self.assertEqual([chunk["audio"] for chunk in shown["chunks"]],
                         [chunk["audio"] for chunk in written["chunks"]])
        self.assertAlmostEqual(shown["durationSeconds"], written["length"], delta=0.05)
        table = self.stage.cli("recordings", "show", self.recording["recordingId"])
        self.assertEqual(table.returncode, 0)
        self.assertIn("0-audiowav", table.stdout)
        self.assertRegex(table.stdout, r"kept until \(UTC\) +hours left")

    def test_the_verdict_tells_when_the_notice_was_played(self):
        identity = self.recording["contextId"]
        judged = wait_for("a verdict", lambda: self.judged(identity))
        notice = judged["recordingNotice"]
        self.assertEqual((notice["consent"], notice["played"]), ("record-first", True))
        self.assertGreater(notice["toSeconds"], notice["fromSeconds"])
        said = self.stage.cli("verdict", identity)
        self.assertRegex(said.stdout, r"\nnotice +record-first, played [0-9.]+ s to [0-9.]+ s\n")

    def judged(self, identity):
        verdict = json.loads(self.stage.cli("verdict", identity, "--json").stdout)
        return verdict if verdict["kind"] != "pending" else None

    def test_download_gives_one_wav_and_never_takes_a_file_that_is_there(self):
        path = self.stage.folder / "call.wav"
        identity = self.recording["recordingId"]
        said = self.stage.cli("recordings", "download", identity, "-o", str(path))
        self.assertEqual(said.returncode, 0, said.stderr)
        content = path.read_bytes()
        self.assertEqual((content[:4], content[8:12]), (b"RIFF", b"WAVE"))
        self.assertEqual(struct.unpack_from("<I", content, 4)[0] + 8, len(content))
        path.write_bytes(b"mine")
        refused = self.stage.cli("recordings", "download", identity, "-o", str(path))
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--overwrite", refused.stderr)
        self.assertEqual(path.read_bytes(), b"mine")
        again = self.stage.cli("recordings", "download", identity, "-o", str(path), "--overwrite")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(path.read_bytes(), content)

    def test_download_tells_where_the_file_is_as_json_whatever_its_name(self):
        path = self.stage.folder / 'the "first" call\\.wav'
        told = self.stage.cli_json("recordings", "download", self.recording["recordingId"], "-o", str(path))
        self.assertEqual(told, {"file": str(path), "bytes": path.stat().st_size})

    def test_merge_waits_shows_how_far_it_is_and_writes_the_file(self):
        identity = self.recording["recordingId"]
        view = self.stage.folder / "view.wav"
        self.assertEqual(self.stage.cli("recordings", "download", identity, "-o", str(view)).returncode, 0)
        path = self.stage.folder / "merged.wav"
        said = self.stage.cli("recordings", "merge", identity, "--wait", "-o", str(path))
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertEqual(path.read_bytes(), view.read_bytes())
        told = self.stage.cli_json("recordings", "merge", identity)
        self.assertEqual((told["number"], told["state"]), (1, "done"))
        self.assertEqual(told["result"]["sha256"], hashlib.sha256(view.read_bytes()).hexdigest())
        self.assertIn(told["result"]["sha256"], said.stdout)
        refused = self.stage.cli("recordings", "merge", identity, "--channels", "left")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("channels takes", refused.stderr)
        again = self.stage.cli("recordings", "merge", identity, "-o", str(path))
        self.assertEqual(again.returncode, 2)
        self.assertIn("--overwrite", again.stderr)

    def test_a_link_is_all_that_is_needed_to_listen_and_is_in_no_log(self):
        identity = self.recording["recordingId"]
        path = self.stage.folder / "linked.wav"
        self.assertEqual(self.stage.cli("recordings", "download", identity, "-o", str(path)).returncode, 0)
        said = self.stage.cli("recordings", "link", identity, "--expires", "2m")
        self.assertEqual(said.returncode, 0, said.stderr)
        url = said.stdout.strip()
        self.assertEqual(answer(url), (200, path.read_bytes()))
        self.assertEqual(answer(url.replace("source=acs", "source=tap"))[0], 403)
        self.assertEqual(answer(url + "&more=1")[0], 403)
        told = self.stage.cli_json("recordings", "link", identity, "--source", "acs")
        self.assertEqual((told["recordingId"], told["what"]), (identity, "audio"))
        for arguments, why in ((("--expires", "25h"), "LINK_MAX_SECONDS"), (("--chunk", "0"), "directory")):
            refused = self.stage.cli("recordings", "link", identity, *arguments)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertIn(why, refused.stderr)
        entries = self.stage.cli_json("calls", self.recording["contextId"], "--journal")["journal"]
        self.assertEqual([entry["type"] for entry in entries].count("link made"), 2)
        self.assertIn("link made", self.stage.log())
        self.assertNotIn("signature", self.stage.log())
        self.assertNotIn(url.rsplit("=", 1)[1], self.stage.log())

    def test_the_simulator_tells_the_same_environment_over_http_and_at_the_command_line(self):
        printed = self.stage.run(self.stage.simulator_program, "env", *self.stage.flags).stdout
        status, body = answer(self.stage.simulator_url + "/sim/environment")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body), dict(line.split("=", 1) for line in printed.splitlines()))

    def test_import_tells_what_is_known_in_a_table_and_as_json(self):
        today = time.strftime("%Y%m%d", time.gmtime(time.time() - 86400))
        said = self.stage.cli("recordings", "import", "--from", today)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertRegex(said.stdout, r"state +done\n")
        self.assertRegex(said.stdout, r"known +1\n")
        told = self.stage.cli_json("recordings", "import", "--from", today, "--dry-run")
        self.assertEqual((told["adopted"], told["refused"], told["bytesRead"]), (0, 0, 0))
        self.assertEqual(len(self.stage.cli_json("recordings", "list")["recordings"]), 1)
        for dates in (("yesterday",), ("29990101",), (today, "--to", "20200101")):
            refused = self.stage.cli("recordings", "import", "--from", *dates)
            self.assertEqual(refused.returncode, 1, dates)
            self.assertTrue(refused.stderr.strip(), dates)
        self.assertNotEqual(self.stage.cli("recordings", "import").returncode, 0)

    def test_a_wrong_key_is_refused_and_leaves_no_file(self):
        for arguments in (("calls",), ("recordings", "list")):
            refused = self.stage.cli(*arguments, key="not-the-key")
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("key", refused.stderr)
            self.assertEqual(refused.stdout, "")
        path = self.stage.folder / "refused.wav"
        refused = self.stage.cli("recordings", "download", self.recording["recordingId"], "-o", str(path),
                                 key="not-the-key")
        self.assertNotEqual(refused.returncode, 0)
        self.assertEqual([name for name in os.listdir(self.stage.folder) if name.startswith("refused")], [])

    def test_what_nobody_knows_is_said_so(self):
        for arguments in (("calls", "00000000-0000-4000-8000-00000000ffff"), ("recordings", "show", "no/such id"),
                          ("recordings", "download", "no-such", "-o", str(self.stage.folder / "none.wav"))):
            said = self.stage.cli(*arguments)
            self.assertNotEqual(said.returncode, 0, arguments)
            self.assertTrue(said.stderr.strip(), arguments)
        self.assertFalse((self.stage.folder / "none.wav").exists())

    def test_an_answer_that_does_not_come_names_the_address(self):
        silent = f"http://127.0.0.1:{free_port()}"
        said = self.stage.run(self.stage.earshot_program, "calls", environment={
            "EARSHOT_URL": silent, "EARSHOT_API_KEY": "any"})
        self.assertNotEqual(said.returncode, 0)
        self.assertIn(silent, said.stderr)


class Proof(unittest.TestCase):
    """The manifest of a recorded call, checked at the service and away from it, before and after a change of key."""

    def setUp(self):
        self.stage = Stage()
        self.addCleanup(self.stage.close)
        self.stage.start_simulator()

    def verified(self, *arguments):
        return self.stage.cli("recordings", "verify", *arguments)

    def keys(self):
        status, body = answer(self.stage.url + "/api/v1/keys", headers={"Authorization": f"Bearer {self.stage.key}"})
        self.assertEqual(status, 200, body)
        return [row["publicKey"] for row in json.loads(body)["keys"]]

    def record_a_call(self):
        call = self.stage.place_call(utterances=[{"start": "at_time", "delay": 1, "tones": {"count": 4}}], hangUpAt=4)
        wait_for("the end of the call", lambda: self.stage.call_report(call))
        identity = self.stage.recordings_found()[0]["recordingId"]
        # The manifest is written before its verdict is stored: only then is the repaired audio there to be compared.
        wait_for("a manifest that holds", lambda: self.verified(identity).returncode == 0)
        # The folder keeps chunks and manifest side by side, as the customer's container does.
        return identity, next(iter(self.stage.recordings.rglob("manifest.json")))

    def test_a_manifest_is_checked_offline_and_a_changed_chunk_is_found(self):
        self.stage.start_earshot()
        _, manifest = self.record_a_call()
        key = self.stage.folder / "public.key"
        key.write_text(self.keys()[0] + "\n")
        self.stage.kill_earshot()

        whole = self.verified(str(manifest), "--key", str(key))
        self.assertEqual(whole.returncode, 0, whole.stderr)
        self.assertIn("0-audiowav.wav is unchanged", whole.stdout)
        chunk = manifest.parent / "0-audiowav.wav"
        content = bytearray(chunk.read_bytes())
        content[-1] ^= 1
        chunk.write_bytes(content)
        changed = self.verified(str(manifest), "--key", str(key), "--json")
        self.assertEqual(changed.returncode, 1)
        self.assertFalse(json.loads(changed.stdout)["holds"])
        stranger = self.verified(str(manifest), "--key", base64.b64encode(bytes(32)).decode())
        self.assertNotEqual(stranger.returncode, 0)
        self.assertIn("names key", stranger.stderr)

    def test_after_a_change_of_key_earlier_manifests_are_checked_with_the_former_one(self):
        self.stage.start_earshot()
        identity, _ = self.record_a_call()
        former = self.keys()
        self.assertEqual(len(former), 1)
        self.stage.kill_earshot()

        new_key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.stage.start_earshot(EARSHOT_SIGNING_KEY=new_key)
        forgotten = self.verified(identity)
        self.assertNotEqual(forgotten.returncode, 0)
        self.assertIn("none of the 1 trusted", forgotten.stderr)
        self.stage.kill_earshot()

        self.stage.start_earshot(EARSHOT_SIGNING_KEY=new_key, EARSHOT_FORMER_KEYS=former[0])
        self.assertEqual(self.keys()[1:], former)
        kept = self.verified(identity)
        self.assertEqual(kept.returncode, 0, kept.stderr)
        self.assertIn("the signature fits", kept.stdout)


class Receipts(unittest.TestCase):
    """The receipt of an erasure, checked away from the service, and after a change of key."""

    def setUp(self):
        self.stage = Stage()
        self.addCleanup(self.stage.close)
        self.stage.start_simulator()

    def test_a_receipt_is_checked_offline_and_a_changed_one_is_refused(self):
        self.stage.start_earshot()
        call = self.stage.place_call(utterances=[{"start": "at_time", "delay": 1, "tones": {"count": 2}}], hangUpAt=3)
        wait_for("the end of the call", lambda: self.stage.call_report(call))
        identity = self.stage.recordings_found()[0]["recordingId"]
        # Only then is there a verdict, without which nothing is erased.
        wait_for("a manifest that holds", lambda: self.stage.cli("recordings", "verify", identity).returncode == 0)
        caller = self.stage.only_call()["caller"]
        said = self.stage.cli("erase", "--caller", caller, "--yes", "--json")
        self.assertEqual(said.returncode, 0, said.stderr)
        erased = json.loads(said.stdout)
        self.assertEqual([one["state"] for one in erased["calls"]], ["erased"])
        hashed = {blob["name"].rsplit("/", 1)[-1]: blob.get("sha256From") for blob in erased["calls"][0]["blobs"]}
        self.assertEqual(hashed["0-audiowav.wav"], "manifest")

        receipt = self.stage.folder / "receipt.json"
        receipt.write_text(self.stage.cli("erase", "--receipt", erased["id"], "--signed").stdout)
        self.assertNotIn(caller.removeprefix("4:").removeprefix("+"), receipt.read_text())
        status, body = answer(self.stage.url + "/api/v1/keys", headers={"Authorization": f"Bearer {self.stage.key}"})
        self.assertEqual(status, 200)
        key = json.loads(body)["keys"][0]["publicKey"]
        self.stage.kill_earshot()

        fits = self.stage.cli("erase", "verify", str(receipt), "--key", key)
        self.assertEqual(fits.returncode, 0, fits.stderr)
        self.assertIn("the signature fits", fits.stdout)
        self.assertIn("1 calls erased, 0 refused", fits.stdout)
        stranger = self.stage.cli("erase", "verify", str(receipt), "--key", base64.b64encode(bytes(32)).decode())
        self.assertEqual(stranger.returncode, 1)
        self.assertIn("names key", stranger.stderr)
        changed = self.stage.folder / "changed.json"
        changed.write_text(receipt.read_text().replace('"erased"', '"waiting"', 1))
        refused = self.stage.cli("erase", "verify", str(changed), "--key", key)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("was changed", refused.stderr)

        new_key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.stage.start_earshot(EARSHOT_SIGNING_KEY=new_key, EARSHOT_FORMER_KEYS=key)
        kept = self.stage.cli_json("erase", "verify", erased["id"])
        self.assertEqual((kept["signature"], kept["callsErased"]), (True, 1))


class DeadLetters(unittest.TestCase):
    """Events that Event Grid could not deliver, handed in by an operator from a file."""

    @classmethod
    def setUpClass(cls):
        cls.stage = Stage()
        cls.addClassCleanup(cls.stage.close)
        cls.stage.start_simulator()
        cls.stage.start_earshot()

    def letter(self, identity, recording, **more):
        """A RecordingFileStatusUpdated as Event Grid keeps it, with what it adds to a dead letter."""
        return {"id": identity, "topic": "/subscriptions/0/demo", "dataVersion": "1.0", "metadataVersion": "1",
                "subject": f"/recording/call/1d2c/serverCallId/SC/ID==/recordingId/{recording}",
                "eventType": "Microsoft.Communication.RecordingFileStatusUpdated",
                "eventTime": "2026-03-02T09:21:40.0000000Z", "data": {"recordingStorageInfo": {"recordingChunks": []}},
                "deadLetterReason": "MaxDeliveryAttemptsExceeded", "deliveryAttempts": 30,
                "lastDeliveryOutcome": "NotFound", "publishTime": "2026-03-02T09:21:41.0000000Z",
                "lastDeliveryAttemptTime": "2026-03-03T09:20:00.0000000Z"} | more

    def cloud_letter(self, identity, recording):
        return {"id": identity, "source": "/subscriptions/0/demo", "specversion": "1.0",
                "subject": f"/recording/call/1d2c/serverCallId/SCID/recordingId/{recording}",
                "type": "Microsoft.Communication.RecordingFileStatusUpdated", "time": "2026-03-02T09:21:40Z",
                "data": {"recordingStorageInfo": {"recordingChunks": []}},
                "deadletterreason": "TimeToLiveExceeded", "deliveryattempts": 3}

    def replay(self, name, content, *flags):
        path = self.stage.folder / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return self.stage.cli("events", "replay", str(path), *flags)

    def test_one_letter_an_array_and_cloud_events_are_taken_in_and_the_second_time_known(self):
        files = {"one.json": self.letter("e1", "cmVjb3JkaW5nMQ"),
                 "two.json": [self.letter("e2", "cmVjb3JkaW5nMg"), self.letter("e3", "cmVjb3JkaW5nMw")],
                 "cloud.json": [self.cloud_letter("e4", "cmVjb3JkaW5nNA")]}
        for name, letters in files.items():
            count = len(letters) if isinstance(letters, list) else 1
            first = self.replay(name, letters)
            self.assertEqual(first.returncode, 0, first.stderr)
            self.assertEqual(first.stdout, f"{count} stored, 0 known already, 0 of unknown calls\n", name)
            again = json.loads(self.replay(name, letters, "--json").stdout)
            self.assertEqual((again["stored"], again["duplicate"]), (0, count), name)
            self.assertEqual(again["rejected"], [])

    def test_what_is_no_event_is_named_and_does_not_keep_the_others_out(self):
        mixed = self.replay("mixed.json", [{"id": "e8"}, self.letter("e9", "cmVjb3JkaW5nOQ")])
        self.assertEqual(mixed.returncode, 1)
        self.assertIn("1 stored", mixed.stdout)
        self.assertIn("not taken: event 0:", mixed.stderr)

    def test_a_file_without_events_is_refused_with_what_is_wrong(self):
        for content in (b"not json", b"[{", b'"text"', b'[{"id":"1"}]', b"\x00\xff" * 100):
            said = self.replay("bad.json", content)
            self.assertEqual(said.returncode, 1, content)
            self.assertEqual(said.stdout, "", content)
            self.assertRegex(said.stderr, r"^earshot: .{10,}", content)
        self.assertEqual(self.stage.cli("calls").returncode, 0, "the service lives")

    def test_a_file_that_cannot_be_read_is_named_and_nothing_is_sent(self):
        for path in (self.stage.folder / "absent.json", self.stage.folder):
            said = self.stage.cli("events", "replay", str(path))
            self.assertEqual(said.returncode, 1)
            self.assertIn(str(path), said.stderr)
        empty = self.replay("empty.json", b"")
        self.assertEqual(empty.returncode, 1)
        self.assertIn("empty", empty.stderr)
        self.assertEqual(self.stage.cli("events", "replay").returncode, 2)
        blob = self.stage.cli("events", "replay", "--blob", "letters/1.json")
        self.assertEqual(blob.returncode, 1)
        self.assertIn("EVENT_GRID_DEAD_LETTER_CONTAINER", blob.stderr)


class DeadLetterContainer(unittest.TestCase):
    """Events that Event Grid could not deliver, asked for by the name of the blob that it put them into."""

    def test_a_blob_is_replayed_by_its_name_whatever_its_age_and_the_second_time_known(self):
        stage = Stage()
        self.addCleanup(stage.close)
        stage.start_simulator()
        # Beside the folder of the recordings, as two containers of one account.
        stage.start_earshot(EVENT_GRID_DEAD_LETTER_CONTAINER="letters")
        name = "events/2026/3/2/9 a+b.json"
        letter = stage.recordings.parent / "letters" / name
        letter.parent.mkdir(parents=True)
        letter.write_text(json.dumps([DeadLetters.letter(self, f"e{n}", f"cmVjb3JkaW5n{n}") for n in (1, 2)]))
        # Older than what is read unasked.
        long_ago = time.time() - 10 * 86400
        os.utime(letter, (long_ago, long_ago))

        first = stage.cli("events", "replay", "--blob", name)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(first.stdout, "2 stored, 0 known already, 0 of unknown calls\n")
        again = stage.cli_json("events", "replay", "--blob", name)
        self.assertEqual((again["stored"], again["duplicate"], again["rejected"]), (0, 2, []))
        self.assertTrue(letter.exists(), "the container is the operator's")

        absent = stage.cli("events", "replay", "--blob", "events/absent.json")
        self.assertEqual((absent.returncode, absent.stdout), (1, ""))
        self.assertTrue(absent.stderr.strip())
        letter.with_name("bad.json").write_text("no letter")
        bad = stage.cli("events", "replay", "--blob", "events/2026/3/2/bad.json")
        self.assertEqual((bad.returncode, bad.stdout), (1, ""))
        both = stage.cli("events", "replay", str(letter), "--blob", name)
        self.assertNotEqual(both.returncode, 0)


class Signals(unittest.TestCase):
    def setUp(self):
        self.stage = Stage()
        self.addCleanup(self.stage.close)
        self.stage.start_simulator()

    def test_sigterm_lets_the_call_in_progress_finish_and_ends_with_0(self):
        self.stage.start_earshot()
        call = self.stage.place_call(hangUpAt=6)
        self.stage.call_in_state("connected")
        self.stage.earshot.send_signal(signal.SIGTERM)
        self.assertEqual(self.stage.earshot.wait(PATIENCE_S), 0, self.stage.log()[-3000:])
        # Started again, it takes what the simulator still has to tell, and finds the recording.
        self.stage.start_earshot()
        report = wait_for("the end of the call", lambda: self.stage.call_report(call))
        self.assertEqual(report["outcome"], "completed")
        self.assertGreater(report["talked"], 5.5, "the call was cut short")
        self.assertEqual(report["socketsOpened"], 1, "the call was handed over instead of finished")
        self.assertEqual(self.stage.recordings_found()[0]["recordingId"], report["recordings"][0]["recordingId"])

    def test_kill_in_the_middle_of_a_call_then_restart_takes_it_up_and_its_recording_is_found(self):
        self.stage.start_earshot()
        call = self.stage.place_call(
            utterances=[{"start": "at_time", "delay": 0, "tones": {"count": 60}}], hangUpAt=30)
        identity = self.stage.call_in_state("connected")["contextId"]
        taps = self.stage.data / "tap" / identity
        wait_for("four seconds of tap", lambda: (taps / "0.tap").exists()
                 and any(second >= 3 for second, _, _ in tap_blocks(taps / "0.tap")[1]))
        self.stage.kill_earshot()
        killed_at = time.time()
        rate, blocks = tap_blocks(taps / "0.tap")
        zero_us = struct.unpack_from("<q", (taps / "0.tap").read_bytes(), 24)[0]
        self.stage.start_earshot()
        self.assertEqual(self.stage.call_in_state("connected")["contextId"], identity, "the same call goes on")
        wait_for("a second run of the tap", lambda: (taps / "1.tap").exists() and tap_blocks(taps / "1.tap")[1])
        report = wait_for("the end of the call", lambda: self.stage.call_report(call))
        self.assertEqual(report["outcome"], "completed")
        self.assertGreaterEqual(report["socketsOpened"], 2)
        ended = self.stage.call_in_state("ended")
        self.assertEqual(ended["contextId"], identity)
        found = self.stage.recordings_found()[0]
        self.assertEqual(found["recordingId"], report["recordings"][0]["recordingId"])
        self.assertAlmostEqual(found["durationSeconds"], report["recordings"][0]["length"], delta=0.05)
        # What the first process had until it was killed, but for the last second: a piece of 200 ms that was being
        # gathered, the spool's 125 ms, and what a busy machine adds.
        last = max(second + (first + frames) / rate for second, first, frames in blocks)
        self.assertGreaterEqual(last, killed_at - zero_us / 1e6 - 1.0)

    def test_an_event_answered_200_right_before_the_kill_is_not_lost(self):
        self.stage.start_earshot(NUMBERS_ANSWERED="+15550199")
        # The simulator rings at nobody; the event is posted from here, and Earshot dies on its 200.
        event = {"id": "0a1b2c3d-0000-4000-8000-00000000e001", "topic": "/subscriptions/none",
                 "subject": "/caller/4:+15550100/recipient/4:+15550199",
                 "data": {"to": {"kind": "phoneNumber", "rawId": "4:+15550199", "phoneNumber": {"value": "+15550199"}},
                          "from": {"kind": "phoneNumber", "rawId": "4:+15550100",
                                   "phoneNumber": {"value": "+15550100"}},
                          "serverCallId": "aHR0cHM6Ly9leGFtcGxlL2NvbnYvMQ==", "callerDisplayName": "",
                          "incomingCallContext": "eyJhbGciOiJub25lIn0.eyJjYyI6InByb2Nlc3MifQ.",
                          "correlationId": "9d6a6a0e-5e0b-4a3b-9c1d-00000000e001"},
                 "eventType": "Microsoft.Communication.IncomingCall", "dataVersion": "1.0", "metadataVersion": "1",
                 "eventTime": time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z", time.gmtime())}
        status, body = answer(f"{self.stage.url}/api/incomingCall?secret={self.stage.secret}", json.dumps([event]),
                              {"Content-Type": "application/json", "aeg-event-type": "Notification"})
        self.stage.kill_earshot()
        self.assertEqual(status, 200, body)
        self.stage.start_earshot(NUMBERS_ANSWERED="+15550199")
        call = wait_for("the call of the event", self.stage.only_call)
        self.assertEqual(call["correlationId"], event["data"]["correlationId"])


class Regions(unittest.TestCase):
    """One Earshot, one simulator that plays two ACS resources; the number dialled decides whose a call is."""

    def test_a_call_to_each_number_is_answered_on_its_own_resource_and_the_regions_are_compared(self):
        stage = Stage()
        self.addCleanup(stage.close)
        file = stage.folder / "resources.json"
        stage.flags += ["--resource", "weu:number=+15550199",
                        "--resource", f"jpe:number=+15550299,port={free_port()}", "--resources-file", str(file)]
        stage.start_simulator()
        self.assertEqual(stage.settings["ACS_RESOURCES_FILE"], str(file))
        self.assertNotIn("ACS_CONNECTION_STRING", stage.settings)
        self.assertEqual(file.stat().st_mode & 0o077, 0, "it holds keys")
        stage.start_earshot()

        status, body = answer(stage.simulator_url + "/sim/calls", json.dumps({"to": "+15550399"}))
        self.assertEqual(status, 400)
        self.assertIn("jpe +15550299", body.decode())
        placed = {label: stage.place_call(to=number, hangUpAt=4, utterances=[
            {"start": "at_time", "delay": 1, "tones": {"count": 4}}])
            for label, number in (("weu", "+15550199"), ("jpe", "+15550299"))}
        reports = {label: wait_for("the end of the call", lambda call=call: stage.call_report(call))
                   for label, call in placed.items()}
        self.assertEqual({report["outcome"] for report in reports.values()}, {"completed"})
        self.assertEqual({report["callbacksRefused"] for report in reports.values()}, {0})
        stage.recordings_found(2)
        calls = {call["resource"]: call["correlationId"] for call in stage.cli_json("calls")["calls"]}
        self.assertEqual(calls, {label: report["correlationId"] for label, report in reports.items()})

        def compared():
            regions = {region["label"]: region for region in stage.cli_json("report", "regions")["regions"]}
            return regions if set(regions) == {"weu", "jpe"} else None

        regions = wait_for("both regions in the report", compared)
        self.assertEqual({region["connected"] for region in regions.values()}, {1})
        table = stage.cli("report", "regions")
        self.assertEqual(table.returncode, 0, table.stderr)
        self.assertIn("not enough calls", table.stdout)


class Encrypted(unittest.TestCase):
    """https and wss both ways, with certificates of a test authority, and the service's TLS in its own process."""

    def setUp(self):
        self.stage = Stage(tls=True)
        self.addCleanup(self.stage.close)
        self.stage.start_simulator()

    def test_a_call_over_tls_both_ways_is_recorded_found_and_downloaded(self):
        for name in ("ACS_OPENID_CONFIG_URL", "AZURE_VOICE_LIVE_ENDPOINT", "CALLBACK_URI_HOST"):
            self.assertTrue(self.stage.settings[name].startswith("https://"), name)
        self.assertIn("endpoint=https://", self.stage.settings["ACS_CONNECTION_STRING"])
        self.stage.start_earshot()
        call = self.stage.place_call(
            utterances=[{"start": "after_assistant", "delay": 0.5, "tones": {"first": 70, "count": 8}}],
            hangUpAfterQuiet=3, lengthMax=60)
        report = wait_for("the end of the call", lambda: self.stage.call_report(call))
        self.assertEqual((report["outcome"], report["endReason"]), ("completed", "the caller hung up"))
        self.assertEqual((report["socketsOpened"], report["socketsRefused"]), (1, 0))
        self.assertEqual((report["callbacksRefused"], report["badMessages"]), (0, 0))
        self.assertGreater(report["samplesPlayed"], 0, "the assistant was not heard")
        recording = self.stage.recordings_found()[0]["recordingId"]
        path = self.stage.folder / "call.wav"
        said = self.stage.cli("recordings", "download", recording, "-o", str(path))
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertEqual([tone for tone, _, _ in self.stage.tones(path)], list(range(70, 78)))

    def test_a_certificate_of_nobody_is_trusted_by_neither_side(self):
        # Earshot knows the system's authorities alone: it does not speak with this simulator, and nobody is answered.
        self.stage.start_earshot(EARSHOT_CA_FILE="")
        call = self.stage.place_call(hangUpAt=5, ringsFor=8)
        report = wait_for("the end of the call", lambda: self.stage.call_report(call))
        self.assertNotEqual(report["outcome"], "completed")
        self.assertIn("certificate", self.stage.log().lower())
        # Nor does its command line speak with an Earshot of that certificate.
        refused = self.stage.run(self.stage.earshot_program, "calls",
                                 environment={"EARSHOT_URL": self.stage.url, "EARSHOT_API_KEY": self.stage.key})
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("certificate", refused.stderr.lower())


if __name__ == "__main__":
    expected = int(sys.argv.pop(1))
    for needed in ("EARSHOT_BIN", "EARSHOT_SIM_BIN", "EARSHOT_CERTIFICATES_BIN"):
        if not os.access(os.environ.get(needed, ""), os.X_OK):
            sys.exit(f"process_test: {needed} must name the built program")
    outcome = unittest.main(exit=False, verbosity=2).result
    passed = outcome.testsRun - len(outcome.failures) - len(outcome.errors) - len(outcome.skipped)
    print(f"process_test: {passed} of {expected} cases passed", flush=True)
    sys.exit(0 if outcome.wasSuccessful() and passed == expected else 1)
