"""Starts `scoreboard serve` and talks to it, with Python's own library only."""

import http.client
import json
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from web_socket import WebSocket  # noqa: E402,F401 (the tests take it from here)

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
