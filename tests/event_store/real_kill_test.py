#!/usr/bin/env python3
"""Kills event_store with SIGKILL many times, while it adds events and while it fires them.

    real_kill_test.py EVENT_STORE [SEED]

The database and the printed lines then show: each acknowledged event fires at least once, no committed event fires
again, and the order is due time, then scheduling. Python's own sqlite3 reads the database. An event is printed twice
when its process died before the commit: at most one for each kill.
"""

import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

EVENTS = 200
MOST_RUNS = 400
START = "2026-03-29T00:%02d:%02dZ"


def committed(database):
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT id, due, outcome FROM fired ORDER BY number").fetchall()
    finally:
        connection.close()


def pending(program, database):
    listed = subprocess.run([program, "list", "--db", database], check=True, capture_output=True, text=True)
    return [line.split("\t")[1] for line in listed.stdout.splitlines()]


def killed(command, output, delay):
    """Runs the command for `delay` seconds and kills it. Returns its exit status: 0 when it was faster."""
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE)
    time.sleep(delay)
    process.kill()
    error = process.communicate()[1]
    assert process.returncode in (0, -9), (process.returncode, error)
    return process.returncode


def killed_at_line(command, log, lines, delay):
    """Runs the command until it has printed so many lines, and kills it `delay` seconds later, about when the last of
    these events is committed."""
    # Without a buffer, because communicate() does not see the bytes that readline() read beyond its line.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    printed = b"".join(process.stdout.readline() for _ in range(lines))
    end = time.monotonic() + delay
    while time.monotonic() < end:
        pass
    process.kill()
    rest, error = process.communicate()
    assert process.returncode in (0, -9), (process.returncode, error)
    with open(log, "ab") as output:
        output.write(printed + rest)
    return process.returncode


def add_all(program, database, dice):
    """Adds each event until its addition is acknowledged. Returns the number of kills, and the order of the events in
    the database."""
    kills, order = 0, []
    for number in range(EVENTS):
        second = dice.randrange(EVENTS // 2)  # so that several share a due time
        name = f"event {number}"
        add = [program, "add", "--db", database, name, "scene", f"studio {number}",
               "--due", START % divmod(second, 60)]
        kill = number % 6 == 5
        while kill and killed(add, subprocess.DEVNULL, dice.uniform(0.0, 0.02)) != 0:
            kills += 1
            # An addition that was not acknowledged is in the file as a whole, or not at all.
            kill = dice.random() < 0.5 and name not in pending(program, database)
        if number % 6 != 5 or name not in pending(program, database):
            subprocess.run(add, check=True)
        order.append((second, number, name))
    return kills, [name for *_, name in sorted(order)]


def fire_all(program, database, log, expected, dice):
    run = [program, "run", "--db", database, "--speed", "max"]
    done, runs, kills, printed_before = [], 0, 0, 0
    while len(done) < EVENTS:
        runs += 1
        assert runs <= MOST_RUNS, f"{len(done)} of {EVENTS} fired in {MOST_RUNS} runs"
        if runs % 4 == 0:
            with open(log, "ab") as output:
                kills += killed(run, output, dice.uniform(0.0, 0.05)) != 0
        else:
            kills += killed_at_line(run, log, dice.randrange(1, 6), dice.choice([0, dice.uniform(0, 0.002)])) != 0
        lines = log.read_text().splitlines()
        names = [line.split("\t")[2] for line in lines]
        new = names[printed_before:]
        assert not set(new) & set(done), f"fired again: {set(new) & set(done)}"
        assert len(new) == len(set(new)), "one process fired an event twice"
        rows = committed(database)
        assert [outcome for *_, outcome in rows] == ["fired"] * len(rows), rows
        now_done = [name for name, *_ in rows]
        assert now_done[:len(done)] == done, "the past has changed"
        assert now_done == expected[:len(now_done)], "out of order"
        # Each committed event was printed before. The last printed event may not be committed.
        fired_now = now_done[len(done):]
        assert new in (fired_now, fired_now + expected[len(now_done):len(now_done) + 1]), (new, fired_now)
        done, printed_before = now_done, len(names)
    return runs, kills, len(names) - EVENTS


def main():
    program, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20260329
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        database, log = f"{directory}/day.db", pathlib.Path(directory, "log")
        log.touch()
        killed_adding, expected = add_all(program, database, dice)
        assert pending(program, database) == expected
        runs, kills, twice = fire_all(program, database, log, expected, dice)
        assert pending(program, database) == []
        names = [line.split("\t")[2] for line in log.read_text().splitlines()]
        assert set(names) == set(expected)
        assert twice <= kills
        print(f"{EVENTS} events; killed {killed_adding} times while adding, {kills} of {runs} runs while "
              f"firing; {twice} printed twice, none committed twice")
        assert kills and killed_adding, "too fast for the test: nothing was killed"


if __name__ == "__main__":
    main()
