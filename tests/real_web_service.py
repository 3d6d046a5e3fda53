"""Starts `PROGRAM serve` and talks to it, and waits for what it does, with Python's own library only."""

import http.client
import json
import signal
import subprocess
import time


def wait_until(wanted, seconds=60):
    """Returns the first true value of `wanted()`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = wanted()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("not within the time")


class WebService:
    """A running server on a free port."""

    def __init__(self, program, *options, token=None):
        self.token = token
        if token is not None:
            options += ("--token", token)
        self.process = subprocess.Popen([program, "serve", *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), (line, self.process.communicate())
        self.port = int(line.rstrip("/\n").rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.kill()

    def request(self, method, path, body=None, headers=None, token=...):
        """Returns the status and the JSON of an answer. The default token is the server's."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = dict(headers or {})
        token = self.token if token is ... else token
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        try:
            connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def get(self, path="/api/state"):
        status, answer = self.request("GET", path, token=None)
        assert status == 200, (path, status, answer)
        return answer

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def terminate(self):
        """Ends the server as an operator does. Returns its exit status and its errors."""
        self.process.send_signal(signal.SIGTERM)
        errors = self.process.communicate(timeout=30)[1]
        return self.process.returncode, errors
