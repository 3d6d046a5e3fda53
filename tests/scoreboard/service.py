"""Starts `scoreboard serve` and talks to it, with Python's own library only."""

import base64
import http.client
import json
import os
import signal
import socket
import struct
import subprocess

TOKEN = "secret"


class Service:
    """A running server. `expect` and `command` talk to its HTTP interface."""

    def __init__(self, program, database, *options):
        self.process = subprocess.Popen(
            [program, "serve", "--db", database, "--token", TOKEN, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), (line, self.process.communicate())
        self.port = int(line.rstrip("/\n").rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.kill()

    def request(self, method, path, body=None, headers=None, token=TOKEN):
        """Returns the status and the JSON of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def get(self, path):
        status, answer = self.request("GET", path, token=None)
        assert status == 200, (path, status, answer)
        return answer

    def post(self, path, **body):
        status, answer = self.request("POST", path, body)
        assert status == 200, (path, body, status, answer)
        return answer["outcome"]

    def add(self, kind, number, direction="down", initial=0, maximum=None, at_end="stop"):
        return self.post("/api/clocks", command_id=f"add {kind} {number}", kind=kind, id=number,
                         rules={"direction": direction, "initial_ns": initial, "maximum_ns": maximum,
                                "at_end": at_end})

    def command(self, command_id, *commands):
        return self.post("/api/commands", command_id=command_id, commands=list(commands))

    def clock(self, kind, number=1):
        for clock in self.get("/api/state")["clocks"]:
            if (clock["kind"], clock["id"]) == (kind, number):
                return clock
        raise AssertionError(f"no clock {kind}/{number}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def terminate(self):
        """Ends the server as an operator does. Returns its exit status and its errors."""
        self.process.send_signal(signal.SIGTERM)
        errors = self.process.communicate(timeout=30)[1]
        return self.process.returncode, errors


class WebSocket:
    """A client of RFC 6455 for short texts."""

    def __init__(self, port, path="/ws", headers=""):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                             f"{headers}\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, message):
        data, mask = json.dumps(message).encode(), os.urandom(4)
        assert len(data) < 126
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.socket.sendall(bytes([0x81, 0x80 | len(data)]) + mask + masked)

    def receive(self):
        """Returns the next text, or None when the server closes."""
        while True:
            kind, size = self.file.read(2)
            if size == 126:
                size, = struct.unpack(">H", self.file.read(2))
            elif size == 127:
                size, = struct.unpack(">Q", self.file.read(8))
            data = self.file.read(size)
            if kind & 15 == 8:
                return None
            if kind & 15 == 1:
                return json.loads(data)

    def receive_until(self, wanted):
        while True:
            message = self.receive()
            if message is None or wanted(message):
                return message
