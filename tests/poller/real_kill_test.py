#!/usr/bin/env python3
"""Ends the poller a hundred times at random moments: by SIGKILL, by SIGTERM, and with a full disk.

    real_kill_test.py POLLER

After each end no process of a source is left, also none that left its group. Each line of the poller's output is
whole, and so is its status in Redis.
"""

import atexit
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

from real_station import Redis, processes_with, wait_for

ROUNDS = 100
program = os.path.abspath(sys.argv[1])
if Redis.missing():
    print("skipped: redis-server is not installed")
    sys.exit(77)
random.seed(13)
MARK = f"47{os.getpid()}"
STATUS = {"source_id", "last_poll", "last_success", "last_error", "poll_count", "error_count"}
SLEEP = f"sleep {MARK}"
# Sources that fork, leave their group, become daemons, and ignore SIGTERM.
GENTLE = [f"{SLEEP} & wait", f"setsid {SLEEP} & wait", f"setsid sh -c '{SLEEP} &' & wait; {SLEEP}", "exit 0"]
STUBBORN = [f"trap '' TERM; {script}" for script in GENTLE]


def limit_files_of(process, size):
    """A file that would grow beyond `size` is a full disk."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def check_lines(path, whole):
    lines = path.read_text().split("\n")
    for line in lines[:-1]:
        assert json.loads(line)["event"] in ("started", "ended", "overlapped", "overdue"), line
    assert lines[-1] == "" or not whole, lines[-1]
    return len(lines) - 1


def run(number, folder, redis, client):
    kills, fills = number % 2 == 0, number % 3 == 0
    config, output = pathlib.Path(folder, "poller.json"), pathlib.Path(folder, "output")
    config.write_text(json.dumps({"services": {
        f"source-{i}": {"command": ["/bin/sh", "-c", script], "interval": 0.05, "time_limit": 0.1}
        for i, script in enumerate(STUBBORN if kills else GENTLE)}}))
    with open(output, "w", encoding="ascii") as file:
        process = subprocess.Popen([program, "run", "--config", config, "--redis", redis.path, "--socket",
                                    f"{folder}/poller.sock", "--json"], stdout=file, stderr=subprocess.DEVNULL)
    atexit.register(process.kill)
    wait_for(lambda: output.stat().st_size > 0, "the first line")
    time.sleep(random.random() / 4)
    if fills:
        limit_files_of(process, output.stat().st_size + random.randrange(100))
        time.sleep(random.random() / 4)
        if number % 4 < 2:
            limit_files_of(process, resource.RLIM_INFINITY)
    process.send_signal(signal.SIGKILL if kills else signal.SIGTERM)
    status = process.wait(timeout=60)
    assert status == (-signal.SIGKILL if kills else 0) or (not kills and status == 1), status
    wait_for(lambda: not processes_with(MARK), f"no orphan after round {number}")
    wait_for(lambda: not processes_with(str(config)), f"no guard after round {number}")
    lines = check_lines(output, whole=not kills and not fills)
    text = client.call("GET", "status:orchestrator")
    assert text is None or set(json.loads(text)) == STATUS, text
    return lines


with tempfile.TemporaryDirectory() as outer:
    server = Redis(outer)
    try:
        begin, total = time.monotonic(), 0
        for turn in range(ROUNDS):
            total += run(turn, outer, server, server.client())
        print(f"{ROUNDS} ends, {total} lines: {time.monotonic() - begin:.1f} s")
    finally:
        server.kill()
