#!/usr/bin/env python3
"""Runs a group of `director serve --redis` with a real redis-server, and a recorder in the place of OBS.

    real_group_test.py DIRECTOR [SUITE.TEST...]
"""

import json
import pathlib
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from poller.real_station import Redis  # noqa: E402
from real_web_service import wait_until  # noqa: E402
from service import Service, rundown  # noqa: E402
from stand_in_obs import StandInObs  # noqa: E402

PROGRAM = sys.argv[1]
TAKEOVER = 1.0  # seconds


class RealGroup(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.redis = Redis(directory.name)
        self.addCleanup(self.redis.kill)
        self.obs = StandInObs(["Standby", "A", "B", "C"])
        self.addCleanup(self.obs.close)
        self.logs = []

    def serve(self, show=None, takeover=TAKEOVER):
        file, log = self.directory / "show.json", self.directory / f"as_run_{len(self.logs)}.jsonl"
        file.write_text(json.dumps(show or rundown(("A", 60_000), ("B", 60_000), ("C", 60_000))))
        self.logs.append(log)
        server = self.enterContext(Service(PROGRAM, "--rundown", str(file), "--redis", self.redis.path, "--takeover-ms",
                                           str(int(1000 * takeover)), "--obs", f"ws://127.0.0.1:{self.obs.port}",
                                           "--as-run", str(log)))
        wait_until(lambda: server.get()["mixer"]["state"] == "connected")
        return server

    def logged(self):
        lines = [json.loads(line) for log in self.logs if log.exists() for line in log.read_text().splitlines()]
        return sorted((line["sequence"], line["after_ns"], line["scene"]) for line in lines)

    def test_one_leads_and_the_others_follow(self):
        first, second = self.serve(), self.serve(rundown(("Other", 1000)))
        self.assertEqual((first.get()["leads"], second.get()["leads"]), (True, False))
        first.command("Start")
        wait_until(lambda: second.get()["on_air"] == "A")
        self.assertTrue(second.command("Skip", "x"))  # the leader does it
        self.assertFalse(first.command("Skip", "x"))
        wait_until(lambda: second.get()["on_air"] == "B")
        self.assertEqual(second.try_command("Resume")[1]["changed"], False)
        status, answer = second.try_command("Start")
        self.assertEqual((status, answer["state"]), (409, "running"))
        self.assertIn("Pause", answer["allows"])
        begins = [state["server_utc_ns"] - state["position_ns"] for state in (first.get(), second.get())]
        self.assertLess(abs(begins[0] - begins[1]), 1_000_000)
        self.assertEqual(first.get("/api/history"), second.get("/api/history"))
        self.assertEqual(self.obs.switches(), ["A", "B"])
        status, answer = second.request("POST", "/config", rundown(("C", 1000)))
        self.assertEqual((status, answer["changed"]), (200, True))
        wait_until(lambda: second.get("/api/rundown") == rundown(("C", 1000)) == first.get("/api/rundown"))

    def test_redis_has_the_state_and_takes_commands(self):
        server, client, reader = self.serve(), self.redis.client(), self.redis.client()
        reader.call("SUBSCRIBE", "director:state")
        listener = self.redis.client()
        listener.call("SUBSCRIBE", "director:answers")
        client.call("PUBLISH", "director:commands", json.dumps({"command_id": "r", "command": "Start", "reply": "me"}))
        answer = json.loads(listener.read()[2])
        self.assertEqual((answer["reply"], answer["status"], answer["answer"]["changed"]), ("me", 200, True))
        self.assertEqual(json.loads(reader.read()[2])["on_air"], "A")
        self.assertEqual(client.json("director:state")["state"], "running")
        self.assertFalse(server.command("Start", "r"))
        for bad in ("x", "[]", json.dumps({"command": "Dance", "reply": "me"})):
            client.call("PUBLISH", "director:commands", bad)
        self.assertEqual(json.loads(listener.read()[2])["status"], 400)

    def takes_over(self, leader, follower, begin):
        wait_until(lambda: follower.get()["leads"])
        taken = time.monotonic() - begin
        print(f"another server leads after {1000 * taken:.0f} ms of {1000 * TAKEOVER:.0f} ms")
        self.assertLess(taken, TAKEOVER + 0.05)

    def test_the_leader_is_killed(self):
        show = rundown(("A", 400), ("B", 300), ("C", 500), looping=True)
        leader, follower = self.serve(show), self.serve(show)
        leader.command("Start")
        begin_of_show = self.begin(leader)
        for _ in range(5):
            time.sleep(0.33)
            begin = time.monotonic()
            leader.kill()
            self.takes_over(leader, follower, begin)
            self.assertLess(abs(self.begin(follower) - begin_of_show), 1_000_000)
            wait_until(lambda: self.obs.program == follower.get()["on_air"], 1)
            leader, follower = follower, self.serve(show)
        switches = self.obs.switches()
        self.assertTrue(all(a != b for a, b in zip(switches, switches[1:])), switches)
        leader.terminate()
        logged = self.logged()
        self.assertEqual(len(logged), len(set(logged)), "a scene is logged twice")

    def begin(self, server):
        state = server.get()
        return state["server_utc_ns"] - state["position_ns"] - state["cycle"] * 1_200_000_000

    def test_a_frozen_leader_is_fenced(self):
        show = rundown(("A", 1000), ("B", 60_000), ("C", 60_000))
        leader, follower = self.serve(show), self.serve(show)
        leader.command("Start")
        wait_until(lambda: self.obs.program == "A")
        begin = time.monotonic()
        leader.process.send_signal(signal.SIGSTOP)  # B is due while it is frozen
        self.takes_over(leader, follower, begin)
        wait_until(lambda: self.obs.program == "B")
        follower.command("Take", scene="C")
        leader.process.send_signal(signal.SIGCONT)
        wait_until(lambda: leader.get()["on_air"] == "C")
        time.sleep(2 * TAKEOVER)
        self.assertEqual((leader.get()["leads"], follower.get()["leads"]), (False, True))
        self.assertEqual(self.obs.switches(), ["A", "B", "C"])

    def test_a_leader_that_does_not_answer_blocks_one_command_and_obeys_none_late(self):
        leader, follower = self.serve(takeover=20.0), self.serve(takeover=20.0)
        wait_until(lambda: leader.get()["leads"])
        leader.command("Start")
        wait_until(lambda: follower.get()["on_air"] == "A")
        leader.process.send_signal(signal.SIGSTOP)
        self.assertEqual(follower.try_command("Skip", "late")[0], 503)
        begin = time.monotonic()
        for _ in range(5):
            self.assertEqual(follower.try_command("Skip")[0], 503)
        self.assertLess(time.monotonic() - begin, 2.0)  # the wait for one answer
        leader.process.send_signal(signal.SIGCONT)
        wait_until(lambda: follower.try_command("Hold")[0] == 200)
        self.assertEqual(leader.get()["on_air"], "A")

    def test_a_leader_that_ends_gives_its_lease_back(self):
        leader, follower = self.serve(takeover=9.0), self.serve(takeover=9.0)
        leader.command("Start")
        wait_until(lambda: follower.get()["on_air"] == "A")
        begin = time.monotonic()
        self.assertEqual(leader.terminate()[0], 0)
        wait_until(lambda: follower.get()["leads"])
        self.assertLess(time.monotonic() - begin, 5.4)  # the least time left of a lease that is not given back
        self.assertEqual(self.obs.switches(), ["A"])

    def test_a_redis_that_dies_or_freezes(self):
        server, follower = self.serve(), self.serve()
        server.command("Start")
        self.redis.freeze()
        wait_until(lambda: not server.get()["leads"])
        self.assertEqual(server.try_command("Skip", "late")[0], 503)
        self.redis.thaw()
        wait_until(lambda: server.get()["leads"] or follower.get()["leads"])
        self.redis.kill()  # which loses the show
        wait_until(lambda: not server.get()["leads"] and not follower.get()["leads"])
        self.redis.start()
        wait_until(lambda: server.get()["leads"] != follower.get()["leads"])
        leader = server if server.get()["leads"] else follower
        self.assertEqual(leader.get()["on_air"], "A")
        self.assertTrue(leader.command("Skip"))
        wait_until(lambda: server.get()["on_air"] == follower.get()["on_air"] == "B")
        self.assertEqual(self.obs.switches(), ["A", "B"])


if __name__ == "__main__":
    if Redis.missing():
        print("skipped: redis-server is not installed")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], warnings="ignore")
