#!/usr/bin/env python3
"""Kills `director serve` with SIGKILL at random moments of a show.

    real_kill_test.py DIRECTOR [KILLS [SEED]]

After each restart the show is where the clock has it. No scene is logged twice, and no command is lost.
"""

import json
import pathlib
import random
import sys
import tempfile
import time

from service import Service, rundown

MILLISECOND = 1_000_000


def main():
    program = sys.argv[1]
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    dice = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 20261127)
    scenes = [(f"scene {i}", dice.randrange(5, 60)) for i in range(40)]
    total = sum(duration for _, duration in scenes) * MILLISECOND
    with tempfile.TemporaryDirectory() as directory:
        file, log = pathlib.Path(directory, "show.json"), pathlib.Path(directory, "as_run.jsonl")
        file.write_text(json.dumps(rundown(*scenes, looping=True)))
        options = ("--rundown", str(file), "--db", f"{directory}/show.db", "--as-run", str(log))
        started = None
        for kill in range(kills):
            with Service(program, *options) as service:
                if started is None:
                    service.command("Start", "start")
                state = service.get()
                begin = state["server_utc_ns"] - state["cycle"] * total - state["position_ns"]
                started = started or begin
                assert abs(begin - started) < MILLISECOND, f"the show is off by {begin - started} ns"
                assert state["scene"] == state["on_air"] and state["state"] == "running"
                if kill % 10 == 5:  # moves the show by a known amount
                    service.command("Pause")
                    position = service.get()["position_ns"]
                    service.kill()
                    with Service(program, *options) as again:
                        assert again.get()["position_ns"] == position
                        again.command("Resume")
                        state = again.get()
                        started = state["server_utc_ns"] - state["cycle"] * total - state["position_ns"]
                    continue
                time.sleep(dice.uniform(0.0, 0.1))
        lines = [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        ids = [(line["sequence"], line["after_ns"]) for line in lines]
        assert ids == sorted(set(ids)), "a scene is logged twice, or out of order"
        late = [line for line in lines if line["started"] is not None]
        print(f"{kills} kills, {len(lines)} changes logged, {len(late)} of them on the air")


if __name__ == "__main__":
    main()
