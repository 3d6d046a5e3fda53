#!/usr/bin/env python3
"""Runs the poller with real processes: its intervals, its commands, its signals, and what it leaves behind.

    real_service_test.py POLLER
"""

import json
import os
import pathlib
import random
import signal
import socket
import socketserver
import stat
import subprocess
import sys
import tempfile
import threading
import time

from real_station import Poller, processes_with, wait_for

program = os.path.abspath(sys.argv[1])
HANGS = f"sleep 36{os.getpid()}"
FIELDS = ["event", "service", "due_utc", "start_utc", "missed", "status"]


def sh(script, **fields):
    return {"command": ["/bin/sh", "-c", script], **fields}


def runs_on_the_grid(folder):
    poller = Poller(program, folder, {"services": {
        "source-fast": sh("exit 0", interval=0.2),
        "source-skip": sh("sleep 0.5", interval=0.2, overlap="skip"),
        "source-bad": sh("echo reason >&2; exit 3", interval=60)}})
    starts = poller.wait("started", "source-fast", 6)
    dropped = poller.wait("overlapped", "source-skip", 2)
    assert poller.wait("ended", "source-bad")[0]["status"] == "exit 3"
    poller.wait_message("  reason")
    status = poller.stop()
    assert status == 0, poller.messages
    for event in poller.events:
        assert [key for key in event if key != "at"] == FIELDS, event
    # Due instants are 0.2 s apart, whatever the machine does meanwhile.
    due = [float(event["due_utc"][17:-1]) for event in starts]
    for before, after, event in zip(due, due[1:], starts[1:]):
        assert abs((after - before) % 60 - 0.2 * (1 + event["missed"])) < 1e-5, starts
    assert dropped[0]["due_utc"] < dropped[1]["due_utc"]


def takes_lines_of_each_length(poller):
    """Requests on the socket: at most 64 kB, too long, and a last one without a newline."""
    request = json.dumps({"action": "fly", "request_id": "r"})
    for sent, answers in [(request.ljust(65536) + "\n", ["unknown action"]), (request.ljust(65537) + "\n", ["64 kB"]),
                          ("x" * 300000 + "\n" + request + "\n", ["64 kB", "unknown action"]),
                          (request, ["unknown action"]), (request + "\n" + request, ["unknown action"] * 2),
                          ("x" * 300000, ["64 kB"])]:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(poller.socket)
            client.sendall(sent.encode())
            client.shutdown(socket.SHUT_WR)
            with client.makefile() as lines:
                found = [json.loads(line) for line in lines]
        assert len(found) == len(answers), found
        for one, error in zip(found, answers):
            assert one["status"] == "error" and error in one["error"], one


def takes_commands(folder):
    poller = Poller(program, folder, {"services": {"source-a": sh("echo run >>log; sleep 1"), "source-camera": {}}})
    first, second = poller.command("trigger", "a"), poller.command("trigger", "source-a")
    assert (first.returncode, first.stdout) == (0, '{"service":"source-a"}\n'), first
    assert (second.returncode, second.stderr) == (1, "poller: service 'source-a' is running\n"), second
    for words, error in [(["fly"], "unknown action 'fly'; known are start_camera, stop_camera"),
                         (["trigger", "b"], "unknown service 'b'"),
                         (["trigger", "../a"], "it contains '..'"),
                         (["trigger", "a/b"], "it contains '/'"),
                         (["trigger", "a\x07"], "it contains a control character"),
                         (["scan_aranet4"], "scan_aranet4 needs Redis"),
                         (["start_camera"], "source-camera cannot be run: No such file or directory")]:
        result = poller.command(*words)
        assert result.returncode == 1 and error in result.stderr and result.stderr.count("\n") == 1, result
    assert stat.S_IMODE(os.stat(poller.socket).st_mode) == 0o700
    takes_lines_of_each_length(poller)
    poller.process.send_signal(signal.SIGSTOP)
    result = poller.command("trigger", "none", "--patience", "1")
    poller.process.send_signal(signal.SIGCONT)
    assert (result.returncode, result.stderr) == (1, f"poller: {poller.socket}: no response within 1s\n"), result
    poller.wait("ended", "source-a")
    assert poller.stop() == 0
    assert pathlib.Path(folder, "log").read_text() == "run\n"
    assert not os.path.exists(poller.socket)
    assert poller.command("trigger", "a").stderr.count("\n") == 1


def refuses_bad_configurations(folder):
    for config, error in [("{", "poller.json:1: not JSON"),
                          ("[" * 200000 + "]" * 200000, "poller.json: nests deeper than 32 levels"),
                          ({"services": {"a": {"interval": 0}}}, "services.a.interval: the interval 0 is not positive"),
                          ({"services": {"../a": 1}}, "service name '../a': it contains '..'"),
                          ({"services": {"a": {"shell": "x"}}}, "services.a.shell: unknown field")]:
        poller = Poller(program, folder, config, ready=False)
        assert poller.process.wait(timeout=60) == 1
        poller.stop()
        assert len(poller.messages) == 1 and error in poller.messages[0], poller.messages
    poller = Poller(program, folder, {"services": {}}, "--redis", "", ready=False)
    assert poller.process.wait(timeout=60) == 1
    poller.stop()
    assert poller.messages == ["poller: Redis address '': expected a socket or HOST:PORT"], poller.messages
    poller = Poller(program, folder, {"services": {}}, ready=False, env={"SCHEDULE_X": "5"})
    assert poller.stop(0) == 1 and "SCHEDULE_X: unknown service 'x'" in poller.messages[0], poller.messages


def reloads_at_sighup(folder):
    poller = Poller(program, folder, {"services": {"source-a": sh("exit 0", interval=3600)}})
    poller.wait("ended", "source-a")
    poller.config.write_text("{")
    poller.process.send_signal(signal.SIGHUP)
    poller.wait_message("poller.json:1: not JSON; the old configuration stays")
    poller.config.write_text("[" * 200000 + "]" * 200000)
    poller.process.send_signal(signal.SIGHUP)
    poller.wait_message("poller.json: nests deeper than 32 levels; the old configuration stays")
    poller.config.unlink()
    os.mkfifo(poller.config)
    poller.process.send_signal(signal.SIGHUP)
    poller.wait_message("poller.json: cannot be read: it is not a regular file; the old configuration stays")
    poller.config.unlink()
    poller.config.write_text(json.dumps({"services": {"source-b": sh("exit 0", interval=3600)}}))
    poller.process.send_signal(signal.SIGHUP)
    poller.wait("ended", "source-b")
    assert "unknown service" in poller.command("trigger", "source-a").stderr
    assert poller.stop() == 0


def waits_for_running_sources(folder):
    poller = Poller(program, folder, {"services": {"source-a": sh("sleep 1", interval=3600)}})
    poller.wait("started", "source-a")
    assert poller.stop(signal.SIGINT) == 0
    assert poller.of("ended", "source-a")[0]["status"] == "ok"


def ends_what_does_not_end(folder, begun):
    """`begun` got SIGTERM 30 s ago."""
    assert begun.stop(0) == 1, begun.messages
    assert begun.of("ended", "source-a")[0]["status"] == "stopped"
    assert begun.messages[-1] == "poller: a run had to be ended"
    # A second signal ends them at once.
    poller = Poller(program, folder, {"services": {"source-a": sh(f"sleep 38{os.getpid()}", interval=3600)}})
    poller.wait("started", "source-a")
    poller.process.send_signal(signal.SIGTERM)
    poller.wait_message("stopping")
    assert poller.stop() == 1
    assert not processes_with(f"sleep 38{os.getpid()}")


def leaves_no_orphan(folder):
    """SIGKILL and SIGTERM at random moments, with sources that fork and ignore signals, and a full disk."""
    random.seed(13)
    marker = f"37{os.getpid()}"
    forks = f"trap '' TERM; sleep {marker} & setsid sleep {marker} & wait"
    for turn in range(2):  # real_kill_test.py has a hundred
        poller = Poller(program, folder, {"services": {
            f"source-{i}": sh(forks, interval=0.1, time_limit=0.2) for i in range(5)}})
        wait_for(lambda: len(processes_with(f"sleep {marker}")) >= 2, "sources")
        time.sleep(random.random() / 5)
        if turn % 2 == 0:
            poller.stop(signal.SIGKILL)
        else:
            poller.process.send_signal(signal.SIGTERM)
            time.sleep(random.random() / 5)
            poller.stop()
        wait_for(lambda: not processes_with(marker), f"no orphan after turn {turn}")
        wait_for(lambda: not processes_with(str(poller.config)), f"no guard after turn {turn}")
    config = pathlib.Path(folder, "full.json")
    config.write_text(json.dumps({"services": {"source-a": sh("exit 0", interval=0.05)}}))
    with open("/dev/full", "w", encoding="ascii") as full:
        process = subprocess.Popen([program, "run", "--config", config, "--socket", f"{folder}/full.sock", "--json"],
                                   stdout=full, stderr=full)
        wait_for(lambda: os.path.exists(f"{folder}/full.sock"), "the socket")
        time.sleep(0.5)
        process.terminate()
        assert process.wait(timeout=60) == 0


def zombies_of(parent):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] == "Z" and fields[1] == str(parent):
            found.append(entry.parent.name)
    return found


def a_hundred_runs_a_second(folder):
    poller = Poller(program, folder, {"services": {f"source-{i}": {"command": ["/bin/true"], "interval": 0.1}
                                                   for i in range(10)}})
    number = poller.process.pid
    time.sleep(1)
    files = len(os.listdir(f"/proc/{number}/fd"))
    time.sleep(9)
    runs = len([event for event in list(poller.events) if event["event"] == "ended"])
    missed = sum(event["missed"] for event in list(poller.events) if event["event"] == "started")
    assert runs + missed > 900, (runs, missed)
    wait_for(lambda: len(os.listdir(f"/proc/{number}/fd")) <= files, "no open file is left behind")
    # A process that has ended just now is a zombie until the poller's next turn. None stays one.
    for zombie in zombies_of(number):
        wait_for(lambda one=zombie: one not in zombies_of(number), f"process {zombie} is reaped")
    assert poller.stop() == 0
    print(f"{runs} runs, {missed} merged")


def a_step_of_the_clock_moves_no_run(folder):
    library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
    if not os.path.exists(library):
        return print("skipped: libfaketime is not installed")
    offset = pathlib.Path(folder, "offset")
    offset.write_text("+0\n")
    poller = Poller(program, folder, {"services": {"source-a": {"command": ["/bin/true"], "interval": 0.5}}},
                    env={"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                         "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    for step in ("+3600", "-3600", "+0"):
        poller.wait("started", "source-a", len(poller.of("started", "source-a")) + 2)
        offset.write_text(step + "\n")
    starts = poller.wait("started", "source-a", len(poller.of("started", "source-a")) + 2)
    assert poller.stop() == 0
    hours = {event["start_utc"][11:13] for event in starts}
    assert len(hours) >= 3, f"the clock was not stepped: {hours}"
    instants = sum(1 + event["missed"] for event in starts[1:])
    elapsed = starts[-1]["at"] - starts[0]["at"]
    assert abs(elapsed - 0.5 * instants) < 0.4, (elapsed, instants)
    assert not [event for event in poller.events if event["event"] == "overdue"]
    return None


LOADING = b"-LOADING Redis is loading the dataset in memory\r\n"


class StandIn(socketserver.ThreadingUnixStreamServer):
    """Takes the place of a redis-server. `answer` gets a connection and the words of a request."""

    daemon_threads = True

    def __init__(self, folder, answer):
        class Connection(socketserver.StreamRequestHandler):
            def handle(self):
                self.begin, self.refuses = time.monotonic(), None
                try:
                    while line := self.rfile.readline():
                        words = [self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2].decode()
                                 for _ in range(int(line[1:]))]
                        self.wfile.write(answer(self, words))
                except OSError:  # the poller has left
                    return

        self.path = os.path.join(folder, "redis.sock")
        super().__init__(self.path, Connection)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def reply_of(words):
    answers = {"SUBSCRIBE": b"*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n", "GET": b'$10\r\n{"a": 0.2}\r\n'}
    return answers.get(words[0], b"+OK\r\n")


def connects_again_to_a_redis_that_loads_its_data(folder):
    """A stand-in for Redis refuses the first two connections."""
    refusals, accepted = [], []

    def answer(connection, words):
        if connection.refuses is None and words[0] in ("SET", "GET"):
            connection.refuses = len(refusals) < 2
            accepted.append(connection.begin)
            if connection.refuses:
                refusals.append(time.monotonic())
        return LOADING if connection.refuses else reply_of(words)

    with StandIn(folder, answer) as server:
        poller = Poller(program, folder, {"services": {"source-a": sh("exit 0", interval=3600)}}, "--redis", server.path)
        poller.wait_message("is lost: LOADING")
        poller.wait_message("is back")
        poller.wait("started", "source-a", 3)  # by the schedule of Redis
        assert len([line for line in poller.messages if "is lost" in line]) == 1, poller.messages
        for delay, refused, again in zip((0.1, 0.2), refusals, accepted[1:]):
            assert again - refused >= delay, (refusals, accepted)
        assert poller.stop() == 0
        server.shutdown()


def keeps_the_commands_that_come_before_it_is_ready(folder):
    """A stand-in for Redis sends a command before the schedule."""
    published, begun = [], threading.Event()
    request = json.dumps({"action": "trigger", "request_id": "r1", "params": {"service": "b"}})

    def answer(_, words):
        if words == ["SUBSCRIBE", "stream:ended"]:
            message = [b"message", b"cmd:orchestrator", request.encode()]
            begun.set()
            return reply_of(words) + b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in message)
        if words[0] == "PUBLISH":
            published.append((words[1], json.loads(words[2])))
        elif words == ["GET", "config:schedule"]:
            begun.wait()
            time.sleep(late)
        return reply_of(words)

    for late in (0.1, 2.5):  # the poller waits 2 s for Redis, and then begins without it
        inner = pathlib.Path(folder, str(late))
        inner.mkdir()
        with StandIn(inner, answer) as server:
            poller = Poller(program, inner, {"services": {"source-a": sh("exit 0", interval=3600), "source-b": sh("exit 0")}},
                            "--redis", server.path)
            wait_for(lambda: published, "a response")
            assert published.pop() == ("cmd:orchestrator:response:r1", {
                "request_id": "r1", "status": "ok", "data": {"service": "source-b"}, "error": None})
            assert len(poller.wait("ended", "source-b")) == 1
            assert poller.stop() == 0
            server.shutdown()
        begun.clear()


with tempfile.TemporaryDirectory() as outer:
    hanging = Poller(program, outer, {"services": {"source-a": sh(f"trap '' TERM; {HANGS} & wait; wait", interval=3600)}})
    hanging.wait("started", "source-a")
    hanging.process.terminate()
    for part in (runs_on_the_grid, takes_commands, refuses_bad_configurations, reloads_at_sighup,
                 waits_for_running_sources, leaves_no_orphan, a_hundred_runs_a_second, connects_again_to_a_redis_that_loads_its_data,
                 keeps_the_commands_that_come_before_it_is_ready, a_step_of_the_clock_moves_no_run):
        with tempfile.TemporaryDirectory() as inner:
            begin = time.monotonic()
            part(inner)
            print(f"{part.__name__}: {time.monotonic() - begin:.1f} s")
    with tempfile.TemporaryDirectory() as inner:
        ends_what_does_not_end(inner, hanging)
    assert not processes_with(HANGS)
