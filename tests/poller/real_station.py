"""A poller and a redis-server as child processes, for the tests of the whole program."""

import atexit
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

PATIENCE = 30  # seconds, after which a test fails


def wait_for(condition, what):
    """Returns what `condition` returns, as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


class Poller:
    """`poller run --json`, with its lines as they come."""

    def __init__(self, program, folder, config, *arguments, env=None, ready=True, prefix=()):
        self.program, self.folder = program, folder
        self.socket = os.path.join(folder, "poller.sock")
        self.config = pathlib.Path(folder, "poller.json")
        self.config.write_text(config if isinstance(config, str) else json.dumps(config))
        self.process = subprocess.Popen(
            [*prefix, program, "run", "--config", self.config, "--socket", self.socket, "--json", *arguments],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={key: value for key, value in os.environ.items() if key != "REDIS_URL"} | (env or {}))
        self.events, self.messages = [], []
        self.readers = [threading.Thread(target=self._read_events, daemon=True),
                        threading.Thread(target=self._read_messages, daemon=True)]
        atexit.register(self.process.kill)  # also after a test that failed
        for reader in self.readers:
            reader.start()
        if ready:
            wait_for(lambda: "poller: ready" in self.messages or self.process.poll() is not None, "poller: ready")
            assert "poller: ready" in self.messages, self.messages

    def _read_events(self):
        for line in self.process.stdout:
            event = json.loads(line)
            event["at"] = time.monotonic()
            self.events.append(event)

    def _read_messages(self):
        for line in self.process.stderr:
            self.messages.append(line.rstrip("\n"))

    def of(self, event, service):
        return [one for one in list(self.events) if one["event"] == event and one["service"] == service]

    def wait(self, event, service, count=1):
        return wait_for(lambda: len(self.of(event, service)) >= count and self.of(event, service),
                        f"{count} x {event} {service}, messages {self.messages}")

    def wait_message(self, text):
        return wait_for(lambda: [line for line in list(self.messages) if text in line], f"{text} in {self.messages}")

    def command(self, *words):
        return subprocess.run([self.program, "command", *words, "--socket", self.socket], capture_output=True,
                              text=True, timeout=PATIENCE)

    def stop(self, number=signal.SIGTERM):
        """Ends the poller and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(timeout=60)
        for reader in self.readers:
            reader.join(timeout=PATIENCE)
        return status


def processes_with(text):
    """The numbers of the living processes with `text` in their arguments."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            arguments = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if text in arguments and state not in "ZX":
            found.append(int(folder.name))
    return found


class Redis:
    """A redis-server on a Unix socket, and one client."""

    def __init__(self, folder):
        self.folder, self.path = folder, os.path.join(folder, "redis.sock")
        self.start()

    @staticmethod
    def missing():
        return shutil.which("redis-server") is None

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--appendonly", "no",
             "--dir", self.folder], stdout=subprocess.DEVNULL)
        wait_for(self._answers, "redis-server")

    def _answers(self):
        try:
            return Client(self.path).call("PING") == "PONG"
        except OSError:
            return False

    def client(self):
        return Client(self.path)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class Client:
    """Speaks the protocol of Redis, so that the test needs no other library."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        data = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in data))

    def read(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("the server has left")
        kind, rest = line[:1], line[1:].strip()
        if kind in b"+-":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2].decode()
        return None if rest == b"-1" else [self.read() for _ in range(int(rest))]

    def call(self, *words):
        self.send(*words)
        return self.read()

    def json(self, key):
        text = self.call("GET", key)
        return None if text is None else json.loads(text)


class Responses:
    """All messages of the channels that match a pattern."""

    def __init__(self, path, pattern):
        self.client = Client(path)
        self.client.call("PSUBSCRIBE", pattern)
        self.messages = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            self.client.socket.settimeout(None)
            while True:
                _, _, channel, text = self.client.read()
                self.messages.append((channel, json.loads(text)))
        except (OSError, ValueError):
            pass

    def to(self, request_id):
        return [message for channel, message in list(self.messages) if channel.endswith(":" + request_id)]

    def wait(self, request_id):
        return wait_for(lambda: self.to(request_id), f"a response to {request_id}")[0]
