#!/usr/bin/env python3
"""Kills `scoreboard serve` with SIGKILL at random moments while a client sends commands.

    real_kill_test.py SCOREBOARD [KILLS [SEED]]

The client sends each command again, with its id, until a server acknowledges it. No acknowledged command is lost, and
none is done twice: each one takes a nanosecond off a clock that stands. A clock that runs shows, after each restart,
what a client computes that never stopped.
"""

import http.client
import random
import sys
import tempfile
import threading
import time

from service import Service

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
HOUR = 3_600 * SECOND


def main():
    program = sys.argv[1]
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    dice = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 20260329)
    with tempfile.TemporaryDirectory() as directory:
        database = f"{directory}/match.db"
        with Service(program, database) as service:
            service.add("tally", 1, "down", HOUR, HOUR)
            service.add("game", 1, "down", HOUR, HOUR)
            service.command("go", {"kind": "game", "id": 1, "verb": "start"})
            state = service.get("/api/state")
            game, _ = state["clocks"]
            ends_utc = state["server_utc_ns"] + game["value_ns"]
        acknowledged, retried = [], 0
        for _ in range(kills):
            with Service(program, database) as service:
                state = service.get("/api/state")
                game, tally = state["clocks"]
                error = game["value_ns"] - (ends_utc - state["server_utc_ns"])
                assert abs(error) < MILLISECOND, f"the running clock is off by {error} ns"
                # The command in flight when the server died is stored or not.
                assert HOUR - tally["value_ns"] in (len(acknowledged), len(acknowledged) + 1), tally
                killer = threading.Timer(dice.uniform(0.0, 0.1), service.process.kill)
                killer.start()
                while True:
                    name = f"command {len(acknowledged)}"
                    try:
                        outcome = service.command(name, {"kind": "tally", "id": 1, "verb": "adjust", "value_ns": -1})
                    except (OSError, http.client.HTTPException):
                        break
                    assert outcome in ("done", "duplicate"), outcome
                    retried += outcome == "duplicate"
                    acknowledged.append(name)
                killer.join()
        with Service(program, database) as service:
            ids, first = [], 1
            while page := service.get(f"/api/history?from={first}")["records"]:
                ids += [record["command_id"] for record in page]
                first = page[-1]["sequence"] + 1
            stored = [name for name in ids if name.startswith("command ")]
            assert len(stored) == len(set(stored))
            assert stored[:len(acknowledged)] == acknowledged and len(stored) <= len(acknowledged) + 1
            assert service.clock("tally")["value_ns"] == HOUR - len(stored)
            begin = time.monotonic()
            status, errors = service.terminate()
            assert status == 0, errors
            print(f"{kills} kills, {len(acknowledged)} commands, {retried} of them stored and not acknowledged; "
                  f"ended in {time.monotonic() - begin:.3f} s")


if __name__ == "__main__":
    main()
