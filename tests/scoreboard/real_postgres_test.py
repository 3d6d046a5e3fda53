#!/usr/bin/env python3
"""Runs the tests of the store, the scoreboard and the deliveries on a real PostgreSQL server, then two servers of one
match, and kills of both.

    real_postgres_test.py SCOREBOARD SCOREBOARD_TESTS [SECONDS [KILLS [SEED]]]

Skipped (status 77) where no PostgreSQL server is installed.
"""

import http.client
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from service import Service, WebSocket, wait_until

PROGRAM, TESTS = sys.argv[1:3]
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 5
KILLS = int(sys.argv[4]) if len(sys.argv) > 4 else 5
SEED = int(sys.argv[5]) if len(sys.argv) > 5 else 20260329
HERE = pathlib.Path(__file__).parent
HOUR = 3_600 * 10**9


class Server:
    """A PostgreSQL server with its data in a temporary directory."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.address = f"postgresql://clock@/postgres?host={self.directory.name}"
        self.start()

    def launch(self):
        self.process = subprocess.Popen([HERE / "postgres_server.sh", self.directory.name], stderr=subprocess.DEVNULL)

    def start(self):
        """Starts the server, again as long as a process of a crashed server still holds the memory that they shared."""
        self.launch()
        wait_until(self.is_up)

    def is_up(self):
        status = self.process.poll()
        if status not in (None, 3):  # 3: there is none
            self.launch()
        socket = pathlib.Path(self.directory.name, ".s.PGSQL.5432")
        return status == 3 or (socket.exists() and self.answers())

    def answers(self):
        ready = subprocess.run(["pg_isready", "-q", "-h", self.directory.name], check=False)
        return ready.returncode == 0

    def processes(self):
        """Returns the ids of the server and of the processes that it started."""
        number = self.process.pid
        children = pathlib.Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii")
        return [number, *map(int, children.split())]

    def crash(self):
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
        self.directory.cleanup()


class RealPostgres(unittest.TestCase):
    def setUp(self):
        self.name = f"test_{self._testMethodName}"
        subprocess.run(["psql", "-q", "-h", server.directory.name, "-U", "clock", "postgres", "-c",
                        f"CREATE SCHEMA {self.name}"], check=True)
        self.database = f"{server.address}&options=-csearch_path%3D{self.name}"

    def serve(self):
        return self.enterContext(Service(PROGRAM, self.database))

    def test_the_tests_of_the_store(self):
        environment = os.environ | {"SCOREBOARD_TEST_POSTGRES": server.address}
        # Two of the vectors last hours of simulated time, with a poll each second: SQLite is enough for them.
        wanted = ("--gtest_filter=ScoreboardTest.*:*Pusher*:*Deliver*:*Status*:ScoreImport.*"
                  "-*open_185:*open_190")
        ran = subprocess.run([TESTS, wanted], env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, ran.stdout[-4000:])

    def test_two_servers_take_commands_for_one_match(self):
        servers = [self.serve(), self.serve()]
        for kind in ("game", "play"):
            servers[0].add(kind, 1, "down", HOUR, HOUR)
        wait_until(lambda: len(servers[1].get("/api/state")["clocks"]) == 2)
        end, failures = time.monotonic() + SECONDS, []

        def client(number):
            dice = random.Random(SEED + number)
            try:
                for i in range(10**9):
                    if time.monotonic() > end:
                        return
                    # The same id from two clients: the command counts once.
                    name = f"shared {i}" if dice.random() < 0.2 else f"client {number} {i}"
                    verb = dice.choice(["start", "pause", "adjust"])
                    one = {"kind": dice.choice(["game", "play"]), "id": 1, "verb": verb}
                    if verb == "adjust":
                        one["value_ns"] = dice.randrange(-10**9, 10**9)
                    target = dice.choice(servers)
                    if dice.random() < 0.1:
                        target.post("/api/undo", command_id=name + " undo")
                    else:
                        target.command(name, one)
            except AssertionError as error:
                failures.append(error)

        clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        self.assertEqual(failures, [])
        for kind in ("game", "play"):
            servers[0].command(f"stop {kind}", {"kind": kind, "id": 1, "verb": "stop"})

        def clocks(one):
            state = one.get("/api/state")
            return state["sequence"], [(clock["kind"], clock["value_ns"], clock["shown"]) for clock in state["clocks"]]

        wait_until(lambda: clocks(servers[0]) == clocks(servers[1]))
        histories = []
        for one in servers:
            records, first = [], 1
            while page := one.get(f"/api/history?from={first}")["records"]:
                records += page
                first = page[-1]["sequence"] + 1
            histories.append(records)
        self.assertEqual(histories[0], histories[1])
        ids = [record["command_id"] for record in histories[0] if record["command_id"]]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertGreater(len(ids), 20)

    def test_a_change_reaches_the_pages_of_the_other_server(self):
        first, second = self.serve(), self.serve()
        first.add("game", 1, "down", HOUR, HOUR)
        wait_until(lambda: second.get("/api/state")["clocks"])
        page = WebSocket(second.port)
        self.addCleanup(page.close)
        first.command("a", {"kind": "game", "id": 1, "verb": "start"})
        report = page.receive_until(lambda message: message["type"] == "report")
        self.assertEqual((report["reason"], report["state"]), ("changed", "running"))
        first.request("POST", "/api/stage", {"message": "Hello", "blackout": False})
        wait_until(lambda: second.get("/api/state")["stage"]["message"] == "Hello")

    def test_a_frozen_postgresql_stops_no_clock(self):
        service = self.serve()
        service.add("tally", 1, "down", HOUR, HOUR)
        service.add("game", 1, "down", HOUR, HOUR)
        service.command("go", {"kind": "game", "id": 1, "verb": "start"})
        page = WebSocket(service.port)
        self.addCleanup(page.close)
        body = {"command_id": "frozen", "commands": [{"kind": "tally", "id": 1, "verb": "adjust", "value_ns": -1}]}
        processes = server.processes()
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            for longest in (2.2, 0.5, 0.5):  # the first waits for the store
                began = time.monotonic()
                status, answer = service.request("POST", "/api/commands", body)
                self.assertEqual(status, 503, answer)
                self.assertIn("PostgreSQL", answer["error"])
                self.assertLess(time.monotonic() - began, longest)
            # The page says why, and the clock reports each second.
            state = page.receive_until(lambda message: message["type"] == "state" and message["store_error"])
            self.assertIn("PostgreSQL", state["store_error"])
            reports = [page.receive_until(lambda message: message["type"] == "report") for _ in range(3)]
            self.assertEqual([report["reason"] for report in reports], ["second"] * 3)
            values = [-(-report["value_ns"] // 10**9) for report in reports]
            self.assertEqual(values, [values[0], values[0] - 1, values[0] - 2])
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)
        wait_until(lambda: service.request("POST", "/api/commands", body)[0] == 200)
        self.assertEqual(service.clock("tally")["value_ns"], HOUR - 1)
        self.assertIsNone(service.get("/api/state")["store_error"])

    def test_a_crash_of_postgresql_loses_no_command(self):
        service, dice, acknowledged = self.serve(), random.Random(SEED), 0
        service.add("tally", 1, "down", HOUR, HOUR)
        service.add("game", 1, "down", HOUR, HOUR)
        service.command("go", {"kind": "game", "id": 1, "verb": "start"})
        for _ in range(KILLS):
            killer = threading.Timer(dice.uniform(0.0, 0.1), server.crash)
            killer.start()
            while True:
                body = {"command_id": f"command {acknowledged}",
                        "commands": [{"kind": "tally", "id": 1, "verb": "adjust", "value_ns": -1}]}
                status, answer = service.request("POST", "/api/commands", body)
                if status != 200:
                    break
                acknowledged += 1
            self.assertEqual(status, 503, answer)
            killer.join()
            state = service.get("/api/state")
            self.assertIsNotNone(state["store_error"])
            self.assertEqual(state["clocks"][0]["state"], "running")
            server.start()
            wait_until(lambda: service.request("POST", "/api/commands", body)[0] == 200)
            acknowledged += 1
        # A repeated command is acknowledged before the server has read its effect from the database.
        wait_until(lambda: service.clock("tally")["value_ns"] == HOUR - acknowledged)
        with Service(PROGRAM, self.database) as again:
            self.assertEqual(again.clock("tally")["value_ns"], HOUR - acknowledged)


if __name__ == "__main__":
    server = Server()
    if server.process.poll() == 3:
        print("no PostgreSQL server is installed")
        sys.exit(77)
    try:
        unittest.main(argv=sys.argv[:1])
    finally:
        server.stop()
