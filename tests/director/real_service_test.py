#!/usr/bin/env python3
"""Drives a real `director serve` by HTTP and WebSocket: the wire format, and the answers to bad input.

    real_service_test.py DIRECTOR
"""

import fcntl
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from service import Service, WebSocket, rundown
from real_web_service import wait_until  # noqa: E402 (service.py makes it known)
from stand_in_obs import StandInObs

PROGRAM = sys.argv[1]
LOOK = {"state", "position_ns", "cycle", "scene", "on_air", "into_scene_ns", "scene_left_ns", "progress_ppm", "held",
        "forced"}
SHOW = rundown(("A", 60_000), ("B", 60_000), ("C", 60_000))


class RealService(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.service = self.start()

    def start(self, *options, show=SHOW, token=None):
        file = self.directory / "show.json"
        file.write_text(json.dumps(show))
        return self.enterContext(Service(PROGRAM, "--rundown", str(file), *options, token=token))

    def connect(self, service=None):
        client = WebSocket((service or self.service).port)
        self.addCleanup(client.close)
        return client

    def test_state_has_the_fields_of_a_look(self):
        state = self.service.get()
        self.assertLessEqual(LOOK, state.keys())
        self.assertEqual({name: state[name] for name in LOOK},
                         {"state": "idle", "position_ns": 0, "cycle": 0, "scene": None, "on_air": None,
                          "into_scene_ns": None, "scene_left_ns": None, "progress_ppm": 0, "held": False,
                          "forced": False})
        self.assertTrue(self.service.command("Start"))
        state = self.service.get()
        self.assertEqual((state["state"], state["scene"], state["on_air"]), ("running", "A", "A"))
        self.assertEqual(state["position_ns"] + state["scene_left_ns"], 60_000_000_000)

    def test_commands(self):
        service = self.service
        for command, changed in (("Start", True), ("Pause", True), ("Pause", False), ("Resume", True), ("Hold", True),
                                 ("Hold", False), ("Go", True), ("Go", False), ("Skip", True)):
            self.assertEqual(service.command(command), changed, command)
        self.assertEqual(service.get()["scene"], "B")
        self.assertTrue(service.command("Take", scene="C"))
        self.assertTrue(service.command("Force", scene="Slate", until="released"))
        state = service.get()
        self.assertEqual((state["scene"], state["on_air"], state["forced"]), ("C", "Slate", True))
        self.assertTrue(service.command("Release"))
        self.assertFalse(service.command("Release"))
        self.assertTrue(service.command("ForceScene", scene="A"))
        self.assertEqual(service.get()["scene"], "A")
        self.assertTrue(service.command("ForceScene", scene="Slate", until="boundary"))
        self.assertTrue(service.command("Skip"))
        self.assertEqual(service.get()["on_air"], "B")
        self.assertTrue(service.command("UpdateStreamStatus", streaming=True, timecode_ms=40))
        self.assertEqual(service.get()["stream"], {"streaming": True, "recording": False, "timecode_ms": 40})
        status, answer = service.try_command("Stop")
        self.assertEqual((status, answer["changed"], answer["state"]), (200, True, "stopped"))
        self.assertTrue(service.command("Reset"))
        self.assertEqual(service.get()["state"], "idle")

    def test_a_command_id_counts_once(self):
        self.assertTrue(self.service.command("Start"))
        self.assertTrue(self.service.command("Skip", "x"))
        self.assertFalse(self.service.command("Skip", "x"))
        self.assertEqual(self.service.get()["scene"], "B")

    def test_a_state_that_does_not_allow_the_command(self):
        status, answer = self.service.try_command("Pause")
        self.assertEqual((status, answer["state"]), (409, "idle"))
        self.assertIn("idle", answer["error"])
        self.assertIn("Start", answer["allows"])
        self.assertNotIn("Pause", answer["allows"])

    def test_bad_input(self):
        def show(*scenes):
            return "/config", rundown(*scenes)

        def command(**body):
            return "/api/commands", {"command_id": "x"} | body

        cases = [
            ("no scenes", *show(), 400, ["scenes"]),
            ("lengths that are not positive", *show(("A", 0), ("B", 1), ("C", -1)), 400, ["scenes[0]", "scenes[2]"]),
            ("overlaps", *show(("A", 1000), ("B", 1000, 500), ("C", 1000, 700)), 400, ["'B'", "'C'"]),
            ("no JSON", "/config", "{", 400, ["body"]),
            ("no command", *command(), 400, ["command"]),
            ("an unknown command", *command(command="Jump"), 400, ["command"]),
            ("no scene", *command(command="Take"), 400, ["scene"]),
            ("no until", *command(command="Force", scene="A"), 400, ["until"]),
            ("an unknown scene", *command(command="Take", scene="Z"), 404, ["'Z'"]),
            ("no id", "/api/commands", {"command": "Start"}, 400, ["command_id"]),
            ("an empty id of a configuration", "/config", SHOW | {"command_id": ""}, 400, ["command_id"]),
            ("a large body", "/config", "x" * 1_048_577, 413, ["1048576"]),
        ]
        self.service.command("Start")
        before = self.service.get("/api/history")
        for name, path, body, status, parts in cases:
            with self.subTest(name):
                answer = self.service.request("POST", path, body)
                self.assertEqual(answer[0], status, answer)
                for part in parts:
                    self.assertIn(part, answer[1]["error"])
        self.assertEqual(self.service.get("/api/history"), before)
        self.assertEqual(self.service.get()["state"], "running")
        self.assertEqual(self.service.request("GET", "/api/history?from=x")[0], 400)

    def test_all_faults_of_a_rundown_are_named_together(self):
        obs = StandInObs(["A"])
        self.addCleanup(obs.close)
        service = self.start("--obs", f"ws://127.0.0.1:{obs.port}")
        wait_until(lambda: service.get()["mixer"]["state"] == "connected")
        show = rundown(("A", 1000), ("X", 1000, 500), ("A", 0), ("Y", 1000))
        for path, body in (("/config", show), ("/api/commands", {"command_id": "x", "command": "Configure",
                                                                 "rundown": show})):
            status, answer = service.request("POST", path, body)
            self.assertEqual(status, 400)
            for part in ("scenes[2].duration_ms", "scenes[1].start_ms", "'X', 'Y'"):
                self.assertIn(part, answer["error"])

    def test_history(self):
        self.service.command("Start", "a")
        self.service.command("Force", "b", scene="Z", until="boundary")
        records = self.service.get("/api/history?from=1")["records"]
        self.assertEqual([record["command"] for record in records], ["Configure", "Start", "Force"])
        self.assertEqual([record["sequence"] for record in records], [1, 2, 3])
        self.assertEqual(self.service.get("/api/history?from=3")["records"], records[2:])
        self.assertEqual((records[2]["command_id"], records[2]["scene"], records[2]["until"]), ("b", "Z", "boundary"))

    def test_config(self):
        self.service.command("Start")
        status, answer = self.service.request("POST", "/config", rundown(("X", 1000), looping=True))
        self.assertEqual((status, answer["changed"], answer["state"]), (200, True, "idle"))
        self.assertEqual(self.service.get("/api/rundown"), rundown(("X", 1000), looping=True))
        for changed in (True, False):
            status, answer = self.service.request("POST", "/config", SHOW | {"command_id": "c"})
            self.assertEqual((status, answer["changed"]), (200, changed))

    def test_web_socket_sends_the_state_then_changes(self):
        self.service.request("POST", "/config", rundown(("A", 200), ("B", 300)))
        client = self.connect()
        first = client.receive()
        self.assertEqual(first["type"], "state")
        self.assertLessEqual(LOOK, first.keys())
        self.service.command("Start")
        positions = []
        while not positions or positions[-1][0] != "finished":
            message = client.receive()
            positions.append((message["state"], message["on_air"], message["position_ns"]))
        self.assertEqual(positions, [("running", "A", 0), ("running", "B", 200_000_000),
                                     ("finished", None, 500_000_000)])

    def test_a_client_sets_the_rate_of_its_playhead(self):
        client = self.connect()
        self.service.command("Start")
        client.send({"type": "playhead", "interval_ms": 20})
        heads = [client.receive_until(lambda message: message["type"] == "playhead") for _ in range(5)]
        positions = [head["position_ns"] for head in heads]
        self.assertEqual(positions, sorted(positions))  # two within 10 ms share one message
        self.assertLess(positions[0], positions[-1])
        client.send({"type": "ping", "t": 7})
        self.assertEqual(client.receive_until(lambda message: message["type"] == "pong")["t"], 7)
        for bad in ({"type": "dance"}, {"type": "playhead", "interval_ms": 1}):
            client.send(bad)
            self.assertIn("expected", client.receive_until(lambda message: message["type"] == "error")["error"])

    def test_the_viewers_share_a_thousand_playheads_a_second(self):
        clients = [self.connect() for _ in range(21)]
        for client in clients:
            client.send({"type": "playhead", "interval_ms": 20})
        for client in clients[:20]:
            client.receive_until(lambda message: message["type"] == "playhead")
        error = clients[20].receive_until(lambda message: message["type"] == "error")["error"]
        self.assertIn("1000 playheads", error)
        clients[0].close()

        def granted():
            clients[20].send({"type": "playhead", "interval_ms": 20})
            wanted = ("playhead", "error")
            return clients[20].receive_until(lambda message: message["type"] in wanted)["type"] == "playhead"
        wait_until(granted)

    def test_serves_its_page(self):
        for path, kind, part in (("", "text/html", "director.js"), ("pages/director.js", "text/javascript", "link.js"),
                                 ("pages/link.js", "text/javascript", "/ws"), ("pages/style.css", "text/css", "#timeline")):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.service.port}/{path}", timeout=30) as answer:
                self.assertTrue(answer.headers["Content-Type"].startswith(kind), answer.headers["Content-Type"])
                self.assertIn(part, answer.read().decode())

    def test_a_token(self):
        service = self.start(token="secret")
        self.assertTrue(service.command("Start"))
        for path, body in (("/api/commands", {"command_id": "x", "command": "Skip"}), ("/config", SHOW)):
            for header in ("Bearer secre", "Bearer secret2", ""):
                self.assertEqual(service.request("POST", path, body, {"Authorization": header})[0], 401)
        self.assertEqual(service.get()["scene"], "A")

    def test_a_stored_rundown_takes_precedence(self):
        database = str(self.directory / "show.db")
        first = self.start("--db", database)
        first.command("Start")
        self.assertIn("show.json", first.terminate()[1])
        second = self.start("--db", database, show=rundown(("Other", 1000)))
        self.assertEqual(second.get()["scene"], "A")
        status, errors = second.terminate()
        self.assertEqual(status, 0)
        self.assertIn("show.db; ", errors)
        self.assertIn("is not used", errors)

    def test_a_pipe_without_a_reader_and_with_a_slow_one_holds_nothing(self):
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        options = ("--as-run", str(pipe), "--db", str(self.directory / "show.db"))
        show = rundown(("A", 20), ("B", 20), looping=True)
        service = self.start(*options, show=show)
        service.command("Start")
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # which reads one part, and then stops
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        wait_until(lambda: select.select([reader], [], [], 0)[0])
        self.assertTrue(os.read(reader, 2000).startswith(b'{'))
        begin = service.get()
        wait_until(lambda: service.get()["cycle"] >= begin["cycle"] + 30)
        self.assertTrue(service.command("Pause"))
        os.close(reader)
        self.assertEqual(service.terminate()[0], 0)
        # A restart does not log again what a pipe had.
        service = self.start(*options)
        service.command("Force", scene="C", until="released")
        reader = os.open(pipe, os.O_RDONLY)
        self.addCleanup(os.close, reader)
        self.assertEqual(json.loads(os.read(reader, 65536).splitlines()[0])["by"], "force")

    def test_a_rundown_that_cannot_be_read(self):
        for text, part in (("{}", "scenes"), (json.dumps(rundown(("A", 1000), ("B", 1, 1))), "'B'")):
            file = self.directory / "bad.json"
            file.write_text(text)
            refused = subprocess.run([PROGRAM, "serve", "--rundown", str(file)], capture_output=True, text=True,
                                     timeout=30, check=False)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertIn("bad.json", refused.stderr)
            self.assertIn(part, refused.stderr)

    def test_options_that_cannot_be_used(self):
        for options, part in ((("--safe-scene", ""), "--safe-scene"), (("--preview-ms", "5"), "--obs"),
                              (("--operator-until", "released"), "--obs"), (("--obs-password-file", "x"), "--obs"),
                              (("--safe-scene", "A", "--safe-source", "B"), "--obs"),
                              (("--safe-scene", "A", "--safe-stream"), "--obs")):
            with self.subTest(options):
                refused = subprocess.run([PROGRAM, "serve", *options], capture_output=True, text=True, timeout=30,
                                         check=False)
                self.assertEqual((refused.returncode, refused.stdout), (2, ""))
                self.assertIn(part, refused.stderr)

    def test_ends_at_sigterm(self):
        self.connect()
        self.assertEqual(self.service.terminate()[0], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
