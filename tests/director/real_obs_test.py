#!/usr/bin/env python3
"""Drives a real OBS under Xvfb with `director serve --obs`. Skips where OBS is not installed.

    real_obs_test.py DIRECTOR [SUITE.TEST...]
"""

import base64
import json
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

import real_obs as obs
from service import Service, rundown

PROGRAM = sys.argv[1]
SCENES = ["Standby", "A", "B", "C"]


class RealObs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.display = obs.Display()
        cls.addClassCleanup(cls.display.close)

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def start_obs(self, name="obs", **options):
        started = obs.Obs(self.directory / name, self.display, SCENES, **options)
        self.addCleanup(started.kill)
        return started

    def serve(self, station, *options, show=None, password=obs.PASSWORD):
        file, secret = self.directory / "show.json", self.directory / "password"
        file.write_text(json.dumps(show or rundown(("A", 60_000), ("B", 60_000))))
        secret.write_text(f"{password}\n")
        return self.enterContext(Service(PROGRAM, "--rundown", str(file), "--obs", f"ws://127.0.0.1:{station.port}",
                                         "--obs-password-file", str(secret), *options))

    def watch(self, station):
        watcher = obs.Watcher(station)
        self.addCleanup(watcher.close)
        return watcher

    def wait(self, what, seconds=15):
        deadline = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), deadline, "waited too long")
            time.sleep(0.02)

    def wait_connected(self, service):
        self.wait(lambda: service.get()["mixer"]["state"] == "connected")

    def test_twenty_scenes_of_half_a_second(self):
        station = self.start_obs()
        names = [SCENES[1 + i % 3] for i in range(20)]
        service = self.serve(station, show=rundown(*((name, 500) for name in names)))
        self.wait_connected(service)
        watcher = self.watch(station)
        service.command("Start")
        state = service.get()
        begin = state["server_utc_ns"] - state["position_ns"]
        while len(watcher.events) < 20:
            watcher.take()
        time.sleep(0.3)
        self.assertEqual(watcher.program(), names[-1])
        self.assertEqual([scene for _, scene in watcher.events], names)
        late = [at - (begin / 1e9 + 0.5 * i) for i, (at, _) in enumerate(watcher.events)]
        print(f"switches: median {1e3 * statistics.median(late):.0f} ms after the instant, "
              f"at worst {1e3 * max(late):.0f} ms")
        self.assertLess(statistics.median(late), 0.060)
        self.assertGreaterEqual(min(late), 0)

    def test_the_operators_commands(self):
        station = self.start_obs()
        service = self.serve(station)
        self.wait_connected(service)
        watcher = self.watch(station)
        for command, more, scene in (("Start", {}, "A"), ("Take", {"scene": "B"}, "B"), ("Pause", {}, "B"),
                                     ("Force", {"scene": "C", "until": "released"}, "C"), ("Resume", {}, "C"),
                                     ("Release", {}, "B"), ("Take", {"scene": "A"}, "A"), ("Hold", {}, "A"),
                                     ("Go", {}, "A"), ("Skip", {}, "B")):
            service.command(command, **more)
            watcher.witness(scene)
        self.assertEqual([scene for _, scene in watcher.events], ["A", "B", "C", "B", "A", "B"])

    def test_the_operators_switch_in_obs(self):
        station = self.start_obs()
        service = self.serve(station, show=rundown(("A", 3000), ("B", 60_000)))
        self.wait_connected(service)
        watcher = self.watch(station)
        service.command("Start")
        watcher.witness("A")
        watcher.request("SetCurrentProgramScene", sceneName="C")
        self.wait(lambda: service.get()["forced"])
        self.assertEqual(service.get()["on_air"], "C")
        watcher.witness("B")
        self.assertEqual([scene for _, scene in watcher.events], ["A", "C", "B"])
        self.assertFalse(service.get()["forced"])

    def test_killed_and_restarted(self):
        station = self.start_obs()
        service = self.serve(station)
        self.wait_connected(service)
        service.command("Start")
        self.watch(station).wait_for("A")
        station.kill()
        self.wait(lambda: service.get()["mixer"]["state"] != "connected")
        service.command("Skip")
        station.start()
        self.watch(station).wait_for("B")

    def test_frozen(self):
        station = self.start_obs()
        service = self.serve(station)
        self.wait_connected(service)
        service.command("Start")
        watcher = self.watch(station)
        watcher.wait_for("A")
        station.signal(signal.SIGSTOP)
        self.wait(lambda: service.get()["mixer"]["state"] != "connected")
        service.command("Skip")
        station.signal(signal.SIGCONT)
        self.wait_connected(service)
        watcher.wait_for("B")
        self.assertFalse(service.get()["forced"])

    def test_without_a_password_and_with_a_wrong_one(self):
        service = self.serve(self.start_obs("open", password=None))
        self.wait_connected(service)
        service.kill()
        service = self.serve(self.start_obs("closed"), password="wrong")
        self.wait(lambda: service.get()["mixer"]["state"] == "refused", 30)
        errors = service.terminate()[1]
        self.assertEqual(errors.count("refuses the password"), 1, errors)

    def test_a_second_obs_on_a_port_that_is_taken(self):
        station = self.start_obs()
        service = self.serve(station)
        self.wait_connected(service)
        self.start_obs("second", port=station.port)
        service.command("Start")
        self.watch(station).wait_for("A")

    def test_scenes_that_obs_does_not_have(self):
        service = self.serve(self.start_obs())
        self.wait_connected(service)
        status, answer = service.request("POST", "/config", rundown(("A", 1000), ("X", 1000), ("Y", 1000)))
        self.assertEqual(status, 400)
        self.assertIn("'X', 'Y'", answer["error"])

    @unittest.skipUnless(obs.HAS_RTMP, "the RTMP server is not installed: apt-get install nginx-light libnginx-mod-rtmp")
    def test_a_lost_stream_moves_nothing(self):
        server = obs.RtmpServer(self.directory / "rtmp")
        self.addCleanup(server.kill)
        station = self.start_obs(rtmp=f"rtmp://127.0.0.1:{server.port}/live")
        service = self.serve(station, "--follow-stream")
        self.wait_connected(service)
        watcher = self.watch(station)

        def begin():
            state = service.get()
            return state["server_utc_ns"] - state["position_ns"]

        def code():
            return service.get()["stream"]["timecode_ms"]

        service.command("Start")
        watcher.request("StartStream")
        self.wait(lambda: (code() or 0) > 4000, 30)
        before = begin()
        server.kill()
        self.wait(lambda: code() is None, 30)
        server.start()
        self.wait(lambda: code() is not None, 60)
        self.assertLess(code(), 4000)
        self.wait(lambda: code() > 4000, 30)
        self.assertLess(abs(begin() - before), 1_000_000)
        watcher.request("StopStream")

    @unittest.skipIf(shutil.which("ffmpeg") is None, "ffmpeg is not installed")
    def test_a_lost_source_brings_the_safe_scene(self):
        clip = self.directory / "clip.mkv"
        subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=64x36:r=25:d=20", str(clip)],
                       check=True)
        station = self.start_obs()
        watcher = self.watch(station)
        watcher.request("CreateInput", sceneName="A", inputName="Camera", inputKind="ffmpeg_source", inputSettings={
            "local_file": str(clip), "looping": True, "restart_on_activate": False})
        service = self.serve(station, "--safe-scene", "Standby", "--safe-source", "Camera", "--safe-after-ms", "1000",
                             "--safe-back-ms", "1000", "--as-run", str(self.directory / "as_run.jsonl"))
        self.wait_connected(service)
        service.command("Start")
        watcher.witness("A")
        for action, scene in (("STOP", "Standby"), ("RESTART", "A")):
            watcher.request("TriggerMediaInputAction", inputName="Camera",
                            mediaAction=f"OBS_WEBSOCKET_MEDIA_INPUT_ACTION_{action}")
            watcher.witness(scene)
            self.wait(lambda: service.get()["forced"] == (scene == "Standby"))
        watcher.request("RemoveInput", inputName="Camera")
        watcher.witness("Standby")
        service.command("Take", scene="B")
        watcher.witness("B")
        time.sleep(2.5)
        self.assertEqual([scene for _, scene in watcher.events], ["A", "Standby", "A", "Standby", "B"])
        service.terminate()
        lines = [json.loads(line) for line in (self.directory / "as_run.jsonl").read_text().splitlines()]
        self.assertEqual([(line["scene"], line["by"], line["why"]) for line in lines], [
            ("A", "timeline", None), ("Standby", "safe", "the source 'Camera' is lost"),
            ("A", "safe", "the source 'Camera' is back"), ("Standby", "safe", "the source 'Camera' is lost"),
            ("B", "take", None)])

    def test_thumbnails(self):
        service = self.serve(self.start_obs())
        self.wait_connected(service)
        service.command("Start")
        self.wait(lambda: all((one or {}).get("image") for one in service.get("/api/thumbnails").values()))
        thumbnails = service.get("/api/thumbnails")
        self.assertEqual([thumbnails[name]["scene"] for name in ("on_air", "next")], ["A", "B"])
        for one in thumbnails.values():
            image = base64.b64decode(one["image"].split(",")[1])
            self.assertTrue(image.startswith(b"\xff\xd8") and len(image) < 50_000)

    def test_studio_mode_and_the_record_status(self):
        station = self.start_obs()
        watcher = self.watch(station)
        watcher.request("SetStudioModeEnabled", studioModeEnabled=True)
        service = self.serve(station, "--preview-ms", "1500", show=rundown(("A", 3000), ("B", 60_000)))
        self.wait_connected(service)
        self.assertTrue(service.get()["mixer"]["studio_mode"])
        service.command("Start")
        state = service.get()
        begin = state["server_utc_ns"] - state["position_ns"]
        self.wait(lambda: watcher.request("GetCurrentPreviewScene").get("currentPreviewSceneName") == "B")
        early = begin + 3_000_000_000 - time.time_ns()
        self.assertTrue(500_000_000 < early <= 1_500_000_000, early)
        self.assertEqual(watcher.program(), "A")
        for request, recording in (("StartRecord", True), ("StopRecord", False)):
            watcher.request(request)
            self.wait(lambda: service.get()["stream"]["recording"] == recording)

    def test_director_killed(self):
        station = self.start_obs()
        dice = random.Random(14)
        options = ("--db", str(self.directory / "show.db"), "--as-run", str(self.directory / "as_run.jsonl"))
        show = rundown(("A", 400), ("B", 300), ("C", 500), looping=True)
        watcher = self.watch(station)
        for kill in range(10):
            service = self.serve(station, *options, show=show)
            if kill == 0:
                service.command("Start")
            deadline = time.monotonic() + 1
            while watcher.program() != service.get()["on_air"]:
                self.assertLess(time.monotonic(), deadline, "OBS is not on the right scene within a second")
            time.sleep(dice.uniform(0, 0.5))
            service.kill()
        lines = (self.directory / "as_run.jsonl").read_text().splitlines()
        ids = [(line["sequence"], line["after_ns"]) for line in map(json.loads, lines)]
        self.assertEqual(ids, sorted(set(ids)))


if __name__ == "__main__":
    if not obs.INSTALLED:
        print("skipped: OBS is not installed: apt-get install --no-install-recommends obs-studio xvfb")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
