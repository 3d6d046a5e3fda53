#!/usr/bin/env python3
"""Drives a real `scoreboard push`: a file, a webhook with a signature, dead letters, SIGKILL, and its watch.

    real_push_test.py SCOREBOARD [KILLS [SEED]]
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from service import Service, wait_until

PROGRAM = sys.argv[1]
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 15
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 20260329
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


class Receiver(http.server.BaseHTTPRequestHandler):
    """Refuses the event `poison` with 404, and the first request with 503."""

    poison, received, requests = None, [], 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).requests += 1
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        digest = hmac.new(b"0123456789abcdef01234567", signed, hashlib.sha256).digest()
        status = 200
        if self.headers["webhook-signature"] != "v1," + base64.b64encode(digest).decode():
            status = 400
        elif self.requests == 1:
            status = 503
        elif json.loads(body)["event_id"] == self.poison:
            status = 404
        else:
            self.received.append((self.headers["webhook-id"], json.loads(body)))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class RealPush(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.database = f"{directory.name}/match.db"
        self.file = pathlib.Path(directory.name, "events.log")
        self.pushers = []
        self.addCleanup(lambda: [self.end(pusher) for pusher in self.pushers])

    def serve(self, *options):
        service = self.enterContext(Service(PROGRAM, self.database, *options))
        service.add("game", 1, "down", 600 * 10**9, 600 * 10**9)
        return service

    def push(self, *options):
        pusher = subprocess.Popen([PROGRAM, "push", "--db", self.database, "--secret", SECRET, *options],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.pushers.append(pusher)
        return pusher

    def end(self, pusher, number=signal.SIGTERM):
        if pusher.returncode is None:
            pusher.send_signal(number)
            pusher.communicate(timeout=30)
        return pusher.returncode

    def lines(self):
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def rows(self, query):
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def test_a_file_gets_each_event(self):
        service = self.serve()
        service.command("a", {"kind": "game", "id": 1, "verb": "start"})
        service.command("b", {"kind": "game", "id": 1, "verb": "pause"})
        self.assertEqual(service.get("/api/state")["pusher_status"], "unknown")
        pusher = self.push("--destination", f"file:{self.file}")
        lines = wait_until(lambda: len(self.lines()) >= 3 and self.lines())
        self.assertEqual([line["event_type"] for line in lines], ["CLOCK_SET", "GAME_STARTED", "GAME_PAUSED"])
        self.assertEqual(lines[0].keys(), {"event_id", "event_type", "event_payload", "event_timestamp"})
        self.assertEqual(lines[0]["event_payload"]["seconds"], 600)
        wait_until(lambda: service.get("/api/state")["pusher_status"] == "healthy")
        rows = self.rows("SELECT event_id, destination, delivered, delivered_at IS NOT NULL FROM deliveries")
        self.assertEqual(rows, [(line["event_id"], f"file:{self.file}", 1, 1) for line in lines])
        self.assertEqual(self.end(pusher), 0)
        wait_until(lambda: service.get("/api/state")["pusher_status"] == "unknown")

    def test_bad_options(self):
        file, missing = f"file:{self.file}", f"{self.file.parent}/missing.db"
        cases = [
            ("a destination twice", 2, ["--destination", file, "--destination", file], "is given twice"),
            ("a type that does not exist", 2, ["--destination", file, "--types", "CLOCK_SET,GAME_START"],
             "did you mean GAME_STARTED?"),
            ("another word", 2, ["--destination", file, "--types", "GOAL"], "expected CLOCK_SET"),
            ("a negative event", 2, ["--destination", file, "--from", "-1"], "--from"),
            ("no destination", 1, ["--destination", "ftp://host/"], "expected file:PATH"),
            ("a file that cannot be", 1, ["--destination", f"file:{self.file}/none"], "none"),
        ]
        self.file.touch()
        for name, status, options, part in cases:
            for command in ("push", "serve"):
                with self.subTest(name, command=command):
                    if command == "push":
                        Service(PROGRAM, self.database).kill()
                    database = self.database if command == "push" else missing
                    refused = subprocess.run([PROGRAM, command, "--db", database, *options], capture_output=True,
                                             text=True, timeout=30, check=False)
                    self.assertEqual((refused.returncode, refused.stdout), (status, ""), refused.stderr)
                    self.assertIn(part, refused.stderr.splitlines()[-1])
                    self.assertFalse(os.path.exists(missing))

    def test_only_serve_and_import_make_a_match(self):
        lines = pathlib.Path(self.file.parent, "score.jsonl")
        lines.write_text("damaged\n{}\n")
        for command in (["push", "--destination", f"file:{self.file}"], ["import", str(lines)]):
            refused = subprocess.run([PROGRAM, *command, "--db", self.database], capture_output=True, text=True,
                                     timeout=30, check=False)
            self.assertEqual(refused.returncode, 1, refused.stderr)
            self.assertFalse(os.path.exists(self.database), command)

    def test_a_webhook_is_signed_tried_again_and_given_up(self):
        service = self.serve()
        for i in range(3):
            service.command(f"command {i}", {"kind": "game", "id": 1, "verb": "adjust", "value_ns": -10**9})
        Receiver.poison, Receiver.received, Receiver.requests = 3, [], 0
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever).start()
        self.push("--destination", f"http://127.0.0.1:{server.server_port}/hook")
        wait_until(lambda: len(Receiver.received) >= 3)
        self.assertEqual([number for number, _ in Receiver.received], ["2", "4", "1"],
                         "event 1 was refused once, and did not delay the others")
        self.assertTrue(all(number == str(body["event_id"]) for number, body in Receiver.received))
        wait_until(lambda: service.get("/api/state")["dead_letters"] == 1)
        self.assertEqual(service.request("GET", "/api/dead_letters", token=None)[0], 401)
        letter, = service.request("GET", "/api/dead_letters")[1]["dead_letters"]
        self.assertEqual((letter["event_id"], letter["error"]), (3, "status 404"))
        Receiver.poison = None
        self.assertEqual(service.request("POST", "/api/resend", {"event_id": 3}, token=None)[0], 401)
        for body in ({}, {"event_id": 2**63}, {"since": 2**63}, {"since": 1.5}):
            self.assertEqual(service.request("POST", "/api/resend", body), (400, {
                "error": "event_id: expected an integer, or one in since"}))
        self.assertEqual(service.request("POST", "/api/resend", {"since": 1}), (200, {"resent": 1}))
        wait_until(lambda: len(Receiver.received) == 4)
        wait_until(lambda: service.get("/api/state")["dead_letters"] == 0)

    def test_an_event_without_an_answer_delays_no_other(self):
        service, answer, received = self.serve(), threading.Event(), []

        class Silent(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                received.append(self.headers["webhook-id"])
                if self.headers["webhook-id"] == "1":
                    answer.wait(60)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(answer.set)
        threading.Thread(target=server.serve_forever).start()
        for i in range(10):
            service.command(f"command {i}", {"kind": "game", "id": 1, "verb": "adjust", "value_ns": -10**9})
        pusher = self.push("--destination", f"http://127.0.0.1:{server.server_port}/hook")
        done = "SELECT event_id FROM deliveries WHERE delivered = 1 ORDER BY event_id"
        wait_until(lambda: self.rows(done) == [(number,) for number in range(2, 12)], 9)
        self.assertEqual(received, [str(number) for number in range(1, 12)], "in the order of the ids")
        answer.set()
        wait_until(lambda: len(self.rows(done)) == 11)
        self.assertEqual(self.end(pusher), 0)

    def test_sigkill_loses_no_event(self):
        service, dice = self.serve(), random.Random(SEED)
        sent = 1  # the event of the new clock
        for _ in range(KILLS):
            pusher = self.push("--destination", f"file:{self.file}")
            for _ in range(5):
                sent += 1
                service.command(f"command {sent}", {"kind": "game", "id": 1, "verb": "adjust", "value_ns": -1})
            time.sleep(dice.uniform(0.0, 0.1))
            self.end(pusher, signal.SIGKILL)
        self.push("--destination", f"file:{self.file}")
        wait_until(lambda: self.lines() and self.lines()[-1]["event_id"] == sent)
        ids = [line["event_id"] for line in self.lines()]
        self.assertEqual(sorted(set(ids)), list(range(1, sent + 1)))
        self.assertEqual(ids, sorted(ids))
        self.assertLessEqual(len(ids) - sent, KILLS, "more than one event twice for a kill")

    def test_the_server_watches_its_pusher(self):
        service = self.serve("--destination", f"file:{self.file}")
        wait_until(self.lines)
        wait_until(lambda: service.get("/api/state")["pusher_status"] == "healthy")
        (first,), = self.rows("SELECT pid FROM destinations")
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: service.get("/api/state")["pusher_status"] == "dead")
        wait_until(lambda: service.get("/api/state")["pusher_status"] == "healthy")
        self.assertNotEqual(self.rows("SELECT pid FROM destinations"), [(first,)])
        status, errors = service.terminate()
        self.assertEqual(status, 0)
        self.assertIn("The pusher has ended", errors)


    def test_the_errors_of_a_watched_pusher_are_lines_of_the_log(self):
        service = self.serve()
        self.push("--destination", f"file:{self.file}")
        wait_until(self.lines)
        other = self.enterContext(Service(PROGRAM, self.database, "--destination", f"file:{self.file}"))
        process, line = other.process, ""
        while "already" not in line:
            line = process.stderr.readline()
            self.assertRegex(line, r"^\[\d\d:\d\d:\d\d\] \[PID: \d+ TID: \d+\] .*    \w+$")
        self.assertTrue(line.endswith("    pusher\n"), line)
        self.assertEqual(service.terminate()[0], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
