"""Starts `director serve` and talks to it."""

import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from real_web_service import WebService  # noqa: E402
from web_socket import WebSocket  # noqa: E402,F401 (the tests take it from here)


def rundown(*scenes, looping=False):
    """Each scene is (name, duration_ms) or (name, duration_ms, start_ms)."""
    names = ("name", "duration_ms", "start_ms")
    return {"looping": looping, "scenes": [dict(zip(names, scene)) for scene in scenes]}


class Service(WebService):
    """A running server. `get` and `command` talk to its HTTP interface."""

    def __init__(self, program, *options, token=None):
        super().__init__(program, *options, token=token)
        self.ids = map(f"command {self.process.pid} {{}}".format, itertools.count())

    def try_command(self, command, command_id=None, **more):
        body = {"command_id": command_id or next(self.ids), "command": command} | more
        return self.request("POST", "/api/commands", body)

    def command(self, command, command_id=None, **more):
        """Returns whether the command changed something."""
        status, answer = self.try_command(command, command_id, **more)
        assert status == 200, (command, more, status, answer)
        return answer["changed"]
