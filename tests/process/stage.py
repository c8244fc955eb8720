"""What the process tests share: the programs started, signalled, killed, started again, and asked.

EARSHOT_BIN and EARSHOT_SIM_BIN name the programs, EARSHOT_CERTIFICATES_BIN the one that makes certificates.
"""

import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

# A state that never comes is the only thing this ends; sanitized programs on a busy machine are slow.
PATIENCE_S = float(os.environ.get("EARSHOT_PATIENCE_MS", "180000")) / 1000
TAP_HEADER_BYTES = 64
TAP_BLOCK_HEADER_BYTES = 24


def trust(ca_file):
    """Everything is on this machine: a proxy of the developer's would be in the way."""
    context = ssl.create_default_context(cafile=ca_file)
    urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                                              urllib.request.HTTPSHandler(context=context)))


trust(None)


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

    def __init__(self, chunk_seconds=5, tls=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="earshot-process-"))
        self.recordings = self.folder / "recordings"
        self.recordings.mkdir()
        self.data = self.folder / "data"
        self.port, self.simulator_port = free_port(), free_port()
        self.scheme = "https" if tls else "http"
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self.simulator_url = f"{self.scheme}://127.0.0.1:{self.simulator_port}"
        self.secret, self.key = secrets.token_hex(16), secrets.token_hex(16)
        self.earshot_program = os.environ["EARSHOT_BIN"]
        self.simulator_program = os.environ["EARSHOT_SIM_BIN"]
        self.flags = ["--port", str(self.simulator_port), "--event-grid-secret", self.secret,
                      "--recordings", str(self.recordings), "--chunk-seconds", str(chunk_seconds),
                      "--application", self.url]
        self.more = {}
        self.earshot = self.simulator = None
        if tls:
            self.use_tls()

    def use_tls(self):
        subprocess.run([os.environ["EARSHOT_CERTIFICATES_BIN"], str(self.folder)], env=bare_environment(), check=True)
        authority, chain, key = (str(self.folder / name) for name in ("ca.pem", "server.pem", "server-key.pem"))
        trust(authority)
        self.flags += ["--tls-cert", chain, "--tls-key", key, "--ca-file", authority]
        self.more = {"TLS_CERTIFICATE_FILE": chain, "TLS_KEY_FILE": key, "EARSHOT_CA_FILE": authority}

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
                          "EVENT_GRID_SECRET": self.secret, "EARSHOT_API_KEY": self.key} | self.more

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

    def progress(self, call):
        shown = json.loads(answer(f"{self.simulator_url}/sim/calls/{call}")[1])
        return [entry["text"] for entry in shown["progress"]]

    def cli(self, *arguments, key=None):
        return self.run(self.earshot_program, *arguments,
                        environment={"EARSHOT_URL": self.url, "EARSHOT_API_KEY": key or self.key} | self.more)

    def cli_json(self, *arguments):
        said = self.cli(*arguments, "--json")
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    def tones(self, path, *flags):
        """(number, start, end) of the numbered tones in a sound file."""
        told = self.run(self.simulator_program, "tones", str(path), *flags)
        assert told.returncode == 0, told.stderr
        return [(int(number), float(start), float(end))
                for number, start, end in (line.split() for line in told.stdout.splitlines())]

    def only_call(self):
        calls = self.cli_json("calls")["calls"]
        assert len(calls) <= 1, calls
        return calls[0] if calls else None

    def call_in_state(self, state):
        def look():
            call = self.only_call()
            return call if call and call["state"] == state else None
        return wait_for(f"a call that is {state}", look)

    def hang_up(self, call):
        return answer(f"{self.url}/api/v1/calls/{call}/hang-up", "", {"Authorization": f"Bearer {self.key}"})[0]

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
