"""Starts `director serve` and talks to it, with Python's own library only."""

import http.client
import itertools
import json
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from web_socket import WebSocket  # noqa: E402,F401 (the tests take it from here)


def rundown(*scenes, looping=False):
    """Each scene is (name, duration_ms) or (name, duration_ms, start_ms)."""
    names = ("name", "duration_ms", "start_ms")
    return {"looping": looping, "scenes": [dict(zip(names, scene)) for scene in scenes]}


class Service:
    """A running server. `get` and `command` talk to its HTTP interface."""

    def __init__(self, program, *options, token=None):
        self.token = token
        if token is not None:
            options += ("--token", token)
        self.process = subprocess.Popen([program, "serve", *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), (line, self.process.communicate())
        self.ids = map(f"command {self.process.pid} {{}}".format, itertools.count())
        self.port = int(line.rstrip("/\n").rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.kill()

    def request(self, method, path, body=None, headers=None):
        """Returns the status and the JSON of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = dict(headers or {})
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        try:
            connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def get(self, path="/api/state"):
        status, answer = self.request("GET", path)
        assert status == 200, (path, status, answer)
        return answer

    def try_command(self, command, command_id=None, **more):
        body = {"command_id": command_id or next(self.ids), "command": command} | more
        return self.request("POST", "/api/commands", body)

    def command(self, command, command_id=None, **more):
        """Returns whether the command changed something."""
        status, answer = self.try_command(command, command_id, **more)
        assert status == 200, (command, more, status, answer)
        return answer["changed"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def terminate(self):
        """Ends the server as an operator does. Returns its exit status and its errors."""
        self.process.send_signal(signal.SIGTERM)
        errors = self.process.communicate(timeout=30)[1]
        return self.process.returncode, errors
