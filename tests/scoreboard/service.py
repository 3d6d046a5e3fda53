"""Starts `scoreboard serve` and talks to it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from real_web_service import WebService, wait_until  # noqa: E402,F401 (the tests take it from here)
from web_socket import WebSocket  # noqa: E402,F401 (the tests take it from here)


class Service(WebService):
    """A running server. `post` and `command` talk to its HTTP interface."""

    def __init__(self, program, database, *options):
        super().__init__(program, "--db", database, *options, token="secret")

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
