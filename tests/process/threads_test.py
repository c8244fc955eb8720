#!/usr/bin/python3
"""Everything at once on several workers: six calls, media sockets cut and back, SIGTERM in their middle.

Meant for programs built with ThreadSanitizer, whose report ends a program with a status other than 0 and stands in
its log; without it the case is an ordinary one.
"""

import signal
import unittest

from stage import PATIENCE_S, Stage, wait_for

CALLS = 6
TONES = 24


def plan(number):
    """A tone each half second, from after the greeting on; every call loses its socket twice, each at its own time."""
    return {"from": f"+1555010{number}",
            "utterances": [{"start": "at_time", "delay": 8, "tones": {"first": 100 * (number + 1), "count": TONES}}],
            "troubles": [{"kind": "cut", "at": 9 + 0.3 * number}, {"kind": "cut", "at": 14 + 0.2 * number}],
            "hangUpAt": 22}


class Threads(unittest.TestCase):
    def setUp(self):
        self.stage = Stage(chunk_seconds=5)
        self.addCleanup(self.check_logs)
        self.addCleanup(self.stage.close)
        self.stage.start_simulator()

    def check_logs(self):
        for name, log in self.logs.items():
            self.assertNotIn("ThreadSanitizer", log, f"{name}:\n{log[-20000:]}")

    def keep_logs(self):
        self.logs = {name: (self.stage.folder / f"{name}.log").read_text(errors="replace")
                     for name in ("earshot", "simulator")}

    logs = {}

    def test_calls_cut_sockets_and_an_end_in_their_middle_on_three_workers(self):
        self.addCleanup(self.keep_logs)
        self.stage.start_earshot(EARSHOT_WORKERS="3")
        calls = [self.stage.place_call(**plan(number)) for number in range(CALLS)]

        def connected():
            listed = self.stage.cli_json("calls", "--state", "connected")["calls"]
            return len(listed) == CALLS
        wait_for("six calls", connected)

        def sockets_lost():
            told = [self.stage.progress(call) for call in calls]
            return all(any("cut" in text for text in texts) for texts in told)
        wait_for("a cut in each call", sockets_lost)
        self.stage.earshot.send_signal(signal.SIGTERM)
        self.assertEqual(self.stage.earshot.wait(PATIENCE_S), 0, self.stage.log()[-20000:])
        # A call of the simulator's is done once its last event was taken, for which somebody must be there.
        self.stage.start_earshot(EARSHOT_WORKERS="3")
        reports = [wait_for("the end of a call", lambda call=call: self.stage.call_report(call)) for call in calls]
        for report in reports:
            self.assertEqual((report["outcome"], report["endReason"]), ("completed", "the caller hung up"))
            self.assertGreaterEqual(report["socketsOpened"], 2)

        self.stage.recordings_found(CALLS)
        for number, report in enumerate(reports):
            with self.subTest(call=number):
                path = self.stage.folder / f"{number}.wav"
                recording = report["recordings"][0]["recordingId"]
                said = self.stage.cli("recordings", "download", recording, "-o", str(path))
                self.assertEqual(said.returncode, 0, said.stderr)
                first = 100 * (number + 1)
                self.assertEqual([tone for tone, _, _ in self.stage.tones(path)], list(range(first, first + TONES)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
