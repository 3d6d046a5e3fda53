#!/usr/bin/env python3
"""Drives a real `scoreboard serve` by HTTP and WebSocket: the wire format, and the answers to bad input.

    real_service_test.py SCOREBOARD SPORTS
"""

import http.client
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

from service import Service, WebSocket

SECOND = 1_000_000_000
PROGRAM, SPORTS = sys.argv[1:3]
EXAMPLES = pathlib.Path(SPORTS).parents[1]
FIELDS = {"kind", "id", "value_ns", "state", "rate", "expires_in_ns", "shown"}


def command(kind, verb, value=None):
    result = {"kind": kind, "id": 1, "verb": verb}
    return result if value is None else result | {"value_ns": value}


class RealService(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.database = f"{directory.name}/match.db"
        self.service = self.enterContext(Service(PROGRAM, self.database))
        self.assertEqual(self.service.add("game", 1, "down", 600 * SECOND, 720 * SECOND), "done")

    def connect(self, path="/ws", headers=""):
        client = WebSocket(self.service.port, path, headers)
        self.addCleanup(client.close)
        return client

    def test_state_has_the_fields_of_the_wire_format(self):
        state = self.service.get("/api/state")
        for field in ("server_utc_ns", "revision", "sequence", "clocks", "next_undo", "next_redo", "needs_decision",
                      "pusher_status", "dead_letters"):
            self.assertIn(field, state)
        clock, = state["clocks"]
        self.assertLessEqual(FIELDS, clock.keys())
        self.assertEqual((clock["value_ns"], clock["state"], clock["rate"], clock["expires_in_ns"], clock["shown"]),
                         (600 * SECOND, "stopped", 0, None, "10:00"))
        self.assertEqual((state["next_undo"], state["needs_decision"], state["pusher_status"], state["dead_letters"]),
                         (None, False, "unknown", 0))

    def test_outcomes(self):
        start = command("game", "start")
        self.assertEqual(self.service.command("a", start), "done")
        self.assertEqual(self.service.command("a", start), "duplicate")
        self.assertEqual(self.service.command("b", start), "without_effect")
        clock = self.service.clock("game")
        self.assertEqual((clock["state"], clock["rate"]), ("running", -1))
        self.assertEqual(clock["expires_in_ns"], clock["value_ns"])
        self.assertEqual(self.service.command("c", command("game", "pause")), "done")
        self.assertEqual(self.service.get("/api/state")["next_undo"]["command_id"], "c")
        self.assertEqual(self.service.post("/api/undo", command_id="d"), "done")
        self.assertEqual(self.service.clock("game")["state"], "running")
        self.assertEqual(self.service.post("/api/redo", command_id="e"), "done")
        self.assertEqual(self.service.clock("game")["state"], "paused")
        self.assertEqual(self.service.post("/api/redo", command_id="f"), "without_effect")
        self.assertEqual(self.service.post("/api/decide", command_id="g", choice="freeze"), "without_effect")
        ids = [record["command_id"] for record in self.service.get("/api/history?from=1")["records"]]
        self.assertEqual([name for name in ids if len(name) == 1], list("abcdefg"))

    def test_bad_input(self):
        good = {"command_id": "x", "commands": [command("game", "start")]}

        def broken(**change):
            return {"command_id": "x", "commands": [command("game", "start") | change]}

        rules = {"direction": "up", "initial_ns": 0}
        long = json.dumps(good | {"command_id": "x" * 70_000})
        cases = [
            ("no JSON", "/api/commands", "{", 400, "body"),
            ("no object", "/api/commands", "[]", 400, "body"),
            ("no id", "/api/commands", {"commands": good["commands"]}, 400, "command_id"),
            ("no commands", "/api/commands", {"command_id": "x", "commands": []}, 400, "commands"),
            ("a verb that does not exist", "/api/commands", broken(verb="jump"), 400, "commands[0].verb"),
            ("a fraction", "/api/commands", broken(verb="set", value_ns=1.5), 400, "commands[0].value_ns"),
            ("rules that are no clock", "/api/commands", broken(verb="configure", rules=rules), 400, "maximum"),
            ("an unknown clock", "/api/commands", broken(id=2), 404, "game/2"),
            ("beyond the end", "/api/commands", broken(verb="set", value_ns=721 * SECOND), 409, "game/1"),
            ("a large body", "/api/commands", long, 413, "65536"),
            ("a key that is taken", "/api/clocks", {"command_id": "x", "kind": "game", "id": 1,
                                                    "rules": rules | {"maximum_ns": 1}}, 409, "game/1"),
            ("rules that are no clock", "/api/clocks", {"command_id": "x", "kind": "game", "id": 2, "rules": rules},
             400, "maximum"),
            ("a choice that does not exist", "/api/decide", {"command_id": "x", "choice": "maybe"}, 400, "choice"),
        ]
        before = self.service.get("/api/history")
        for name, path, body, status, part in cases:
            with self.subTest(name):
                answer = self.service.request("POST", path, body)
                self.assertEqual(answer[0], status, answer)
                self.assertIn(part, answer[1]["error"])
                self.assertNotIn("\n", answer[1]["error"])
        for token in (None, "", "secre", "secret2"):
            self.assertEqual(self.service.request("POST", "/api/commands", good, token=token)[0], 401, token)
        self.assertEqual(self.service.request("DELETE", "/api/clocks/game/2")[0], 404)
        self.assertEqual(self.service.request("GET", "/api/history?from=x")[0], 400)
        self.assertEqual(self.service.request("GET", "/api/nothing")[0], 404)
        foreign = {"Origin": "http://elsewhere.example"}
        self.assertEqual(self.service.request("POST", "/api/commands", good, foreign)[0], 403)
        self.assertEqual(self.connect(headers="Origin: http://elsewhere.example\r\n").status, 403)
        self.assertEqual(self.service.get("/api/history"), before)

    def test_a_store_that_another_process_locks(self):
        other = sqlite3.connect(self.database, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        answer = self.service.request("POST", "/api/commands", {"command_id": "a", "commands": [command("game", "start")]})
        self.assertEqual(answer[0], 503, answer)
        self.assertLess(time.monotonic() - began, 2.5, "pages would lose contact")
        other.execute("ROLLBACK")
        self.assertEqual(self.service.command("a", command("game", "start")), "done")

    def test_removes_a_clock(self):
        self.assertEqual(self.service.request("DELETE", "/api/clocks/game/1", token=None)[0], 401)
        self.assertEqual(self.service.request("DELETE", "/api/clocks/game/1")[1]["outcome"], "done")
        self.assertEqual(self.service.get("/api/state")["clocks"], [])

    def test_web_socket_sends_state_then_reports(self):
        client = self.connect()
        first = client.receive()
        state = self.service.get("/api/state")
        self.assertEqual(first.pop("type"), "state")
        self.assertEqual(first.keys(), state.keys())
        self.assertEqual(self.service.command("a", command("game", "restart", 2 * SECOND)), "done")
        reports = []
        while not reports or reports[-1]["reason"] != "expired":
            reports.append(client.receive_until(lambda message: message["type"] == "report"))
            self.assertLessEqual(FIELDS, reports[-1].keys())
        self.assertEqual([(report["reason"], report["shown"]) for report in reports],
                         [("changed", "0:02"), ("second", "0:01"), ("expired", "0:00")])
        self.assertEqual(reports[-1]["state"], "stopped")
        client.send({"type": "ping", "t": 17})
        pong = client.receive_until(lambda message: message["type"] == "pong")
        self.assertEqual(pong["t"], 17)
        self.assertIsInstance(pong["server_utc_ns"], int)
        self.assertGreaterEqual(pong["server_steady_ns"], reports[-1]["server_steady_ns"])
        client.send({"type": "dance"})
        self.assertEqual(client.receive_until(lambda message: message["type"] == "error")["error"],
                         "type: expected ping")

    def test_score_is_the_state_message_of_the_existing_system(self):
        client = self.connect("/ws/score")
        self.assertEqual(client.receive(), {"state": {"seconds": 600, "running": False, "pusher_status": "unknown"}})
        self.service.command("a", command("game", "start"))
        self.assertTrue(client.receive()["state"]["running"])

    def test_stage(self):
        body = {"message": "Wind up", "blackout": True}
        self.assertEqual(self.service.request("POST", "/api/stage", body, token=None)[0], 401)
        self.assertEqual(self.service.request("POST", "/api/stage", body)[0], 200)
        self.assertEqual(self.service.get("/api/state")["stage"], body)
        self.assertEqual(self.service.request("POST", "/api/stage", {"message": 7})[0], 400)
        self.assertEqual(self.service.request("POST", "/api/stage", {"message": "On"})[0], 200)
        self.assertEqual(self.service.get("/api/state")["stage"], {"message": "On", "blackout": True})

    def test_pages(self):
        for path in ("/", "/operator", "/overlay?clock=game/1", "/stage", "/pages/link.js", "/pages/operate.js",
                     "/pages/clocks.js", "/pages/base.css", "/pages/style.css"):
            with self.subTest(path):
                connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
                self.addCleanup(connection.close)
                connection.request("GET", path)
                answer = connection.getresponse()
                self.assertEqual(answer.status, 200)
                self.assertIn("script-src 'self'", answer.headers["Content-Security-Policy"])
                for name in re.findall(r'"(/pages/[^"]+)"', answer.read().decode()):
                    rooms = (EXAMPLES / "scoreboard", EXAMPLES / "common")
                    self.assertTrue(any((room / name[1:]).exists() for room in rooms), name)

    def test_ends_at_sigterm(self):
        self.connect()
        self.assertEqual(self.service.terminate()[0], 0)

    def test_a_port_that_is_taken(self):
        second = subprocess.run([PROGRAM, "serve", "--db", self.database, "--port", str(self.service.port)],
                                capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("Address already in use", second.stderr)


class RealSports(unittest.TestCase):
    def test_each_sport_starts_once(self):
        for sport in sorted(pathlib.Path(SPORTS).glob("*.json")):
            with self.subTest(sport.name), tempfile.TemporaryDirectory() as directory:
                rules = json.loads(sport.read_text())
                wanted = sorted((clock["kind"], clock["id"]) for clock in rules["clocks"])
                for _ in range(2):
                    with Service(PROGRAM, f"{directory}/match.db", "--sport", str(sport)) as service:
                        clocks = service.get("/api/state")["clocks"]
                        self.assertEqual([(clock["kind"], clock["id"]) for clock in clocks], wanted)
                        self.assertEqual(service.get("/api/sport")["name"], rules["name"])

    def test_a_first_start_that_was_killed_goes_on(self):
        sport = pathlib.Path(SPORTS, "basketball.json")
        rules = json.loads(sport.read_text())
        with tempfile.TemporaryDirectory() as directory:
            database = f"{directory}/match.db"
            options = (PROGRAM, database, "--sport", str(sport))
            with Service(*options) as service:
                removed, kept = rules["clocks"][0], rules["clocks"][1:]
                service.request("DELETE", f"/api/clocks/{removed['kind']}/{removed['id']}")
            with sqlite3.connect(database) as store:  # as if SIGKILL had come before the last clock
                last = kept[-1]
                store.execute("DELETE FROM settings WHERE name = 'sport_added'")
                store.execute("DELETE FROM records WHERE command_id = ?", (f"sport {last['kind']}/{last['id']}",))
                store.execute("DELETE FROM clocks WHERE kind = ? AND id = ?", (last["kind"], last["id"]))
            store.close()
            for _ in range(2):
                with Service(*options) as service:
                    clocks = {(clock["kind"], clock["id"]) for clock in service.get("/api/state")["clocks"]}
                    self.assertEqual(clocks, {(clock["kind"], clock["id"]) for clock in kept})
            rules["clocks"].append(removed | {"kind": "late"})
            changed = pathlib.Path(directory, "changed.json")
            changed.write_text(json.dumps(rules))
            with Service(PROGRAM, database, "--sport", str(changed)) as service:
                self.assertEqual(len(service.get("/api/state")["clocks"]), len(kept))
                errors = service.terminate()[1]
            self.assertEqual(errors.count("The match has no clock late/1 of the sport's file"), 1, errors)
            self.assertEqual(errors.count("has no clock"), 1, errors)

    def test_a_sport_that_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "sport.json")
            file.write_text("{}")
            refused = subprocess.run([PROGRAM, "serve", "--db", f"{directory}/match.db", "--sport", str(file)],
                                     capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual((refused.returncode, refused.stderr),
                             (1, f"scoreboard: {file}: name: expected a text\n"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
