#!/usr/bin/python3
"""The real programs as processes: started, signalled, killed in the middle of a call, started again, and asked.

EARSHOT_BIN and EARSHOT_SIM_BIN name the programs; the first argument is how many cases must pass.
"""

import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

# A state that never comes is the only thing this ends; sanitized programs on a busy machine are slow.
PATIENCE_S = float(os.environ.get("EARSHOT_PATIENCE_MS", "180000")) / 1000
TAP_HEADER_BYTES = 64
TAP_BLOCK_HEADER_BYTES = 24

# Everything is on this machine; a proxy of the developer's would be in the way.
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))


def bare_environment():
    return {name: value for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
            or name.startswith(("ASAN_", "TSAN_", "UBSAN_", "LSAN_"))}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, look):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE_S:.0f} s")
        time.sleep(0.05)


def answer(url, body=None, headers=None, method=None):
    """Status and body; None when nobody answers."""
    request = urllib.request.Request(url, data=None if body is None else body.encode(), headers=headers or {},
                                     method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
    except OSError:
        return None


def tap_blocks(path):
    """(second, first frame, frames) of each whole block of a tap, and its sample rate."""
    content = path.read_bytes()
    if content[:8] != b"EARSHTAP":
        raise AssertionError(f"{path} is no tap")
    rate = struct.unpack_from("<I", content, 16)[0]
    blocks, at = [], TAP_HEADER_BYTES
    while at + TAP_BLOCK_HEADER_BYTES <= len(content) and content[at:at + 4] == b"TAPB":
        second, first, frames = struct.unpack_from("<III", content, at + 4)
        at += TAP_BLOCK_HEADER_BYTES + frames * 4
        if at > len(content):
            break
        blocks.append((second, first, frames))
    return rate, blocks


class Stage:
    """A folder, a simulator and an Earshot on free ports; Earshot can be ended and started again."""

    def __init__(self, chunk_seconds=5):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="earshot-process-"))
        self.recordings = self.folder / "recordings"
        self.recordings.mkdir()
        self.data = self.folder / "data"
        self.port, self.simulator_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.simulator_url = f"http://127.0.0.1:{self.simulator_port}"
        self.secret, self.key = secrets.token_hex(16), secrets.token_hex(16)
        self.earshot_program = os.environ["EARSHOT_BIN"]
        self.simulator_program = os.environ["EARSHOT_SIM_BIN"]
        self.flags = ["--port", str(self.simulator_port), "--event-grid-secret", self.secret,
                      "--recordings", str(self.recordings), "--chunk-seconds", str(chunk_seconds),
                      "--application", self.url]
        self.earshot = self.simulator = None

    def run(self, program, *arguments, environment=None):
        return subprocess.run([program, *arguments], env=bare_environment() | (environment or {}),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S,
                              check=False)

    def launch(self, name, command, environment):
        with open(self.folder / f"{name}.log", "ab") as log:
            return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def log(self):
        return (self.folder / "earshot.log").read_text(errors="replace")

    def start_simulator(self):
        self.simulator = self.launch("simulator", [self.simulator_program, "serve", *self.flags], bare_environment())
        wait_for("the simulator", lambda: answer(self.simulator_url + "/"))
        told = self.run(self.simulator_program, "env", *self.flags).stdout
        self.settings = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        self.settings |= {"AZURE_STORAGE_FOLDER": str(self.recordings), "PORT": str(self.port),
                          "LISTEN_ADDRESS": "127.0.0.1", "EARSHOT_DATA_DIR": str(self.data),
                          "EVENT_GRID_SECRET": self.secret, "EARSHOT_API_KEY": self.key}

    def start_earshot(self, **also):
        self.earshot = self.launch("earshot", [self.earshot_program, "serve", "--env-file", os.devnull],
                                   bare_environment() | self.settings | also)

        def ready():
            if self.earshot.poll() is not None:
                raise AssertionError("Earshot did not start:\n" + self.log()[-3000:])
            seen = answer(self.url + "/readyz")
            return seen and seen[0] == 200

        wait_for("Earshot", ready)

    def kill_earshot(self):
        self.earshot.send_signal(signal.SIGKILL)
        self.earshot.wait()

    def place_call(self, **plan):
        plan.setdefault("eventGridUrl", f"{self.url}/api/incomingCall?secret={self.secret}")
        status, body = answer(self.simulator_url + "/sim/calls", json.dumps(plan))
        assert status == 201, body
        return json.loads(body)["id"]

    def call_report(self, call):
        shown = json.loads(answer(f"{self.simulator_url}/sim/calls/{call}")[1])
        return shown["report"] if shown["done"] else None

    def cli(self, *arguments, key=None):
        return self.run(self.earshot_program, *arguments,
                        environment={"EARSHOT_URL": self.url, "EARSHOT_API_KEY": key or self.key})

    def cli_json(self, *arguments):
        said = self.cli(*arguments, "--json")
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    def only_call(self):
        calls = self.cli_json("calls")["calls"]
        assert len(calls) <= 1, calls
        return calls[0] if calls else None

    def call_in_state(self, state):
        def look():
            call = self.only_call()
            return call if call and call["state"] == state else None
        return wait_for(f"a call that is {state}", look)

    def recordings_found(self, count=1):
        def look():
            listed = self.cli_json("recordings", "list")["recordings"]
            found = [recording for recording in listed if recording["discovery"] == "found"]
            return found if len(found) >= count else None
        return wait_for("the recording's chunks", look)

    def close(self):
        faults = []
        for name, process in (("earshot", self.earshot), ("simulator", self.simulator)):
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            if code != 0:
                faults.append(f"{name} ended with {code}:\n{(self.folder / (name + '.log')).read_text()[-3000:]}")
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not faults, "\n".join(faults)


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

    def test_the_simulator_tells_the_same_environment_over_http_and_at_the_command_line(self):
        printed = self.stage.run(self.stage.simulator_program, "env", *self.stage.flags).stdout
        status, body = answer(self.stage.simulator_url + "/sim/environment")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body), dict(line.split("=", 1) for line in printed.splitlines()))

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
        # What the first process had until it was killed, but for the last second.
        last = max(second + (first + frames) / rate for second, first, frames in blocks)
        self.assertGreaterEqual(last, killed_at - zero_us / 1e6 - 1.5)

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


if __name__ == "__main__":
    expected = int(sys.argv.pop(1))
    for needed in ("EARSHOT_BIN", "EARSHOT_SIM_BIN"):
        if not os.access(os.environ.get(needed, ""), os.X_OK):
            sys.exit(f"process_test: {needed} must name the built program")
    outcome = unittest.main(exit=False, verbosity=2).result
    passed = outcome.testsRun - len(outcome.failures) - len(outcome.errors) - len(outcome.skipped)
    print(f"process_test: {passed} of {expected} cases passed", flush=True)
    sys.exit(0 if outcome.wasSuccessful() and passed == expected else 1)
