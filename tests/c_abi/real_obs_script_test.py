#!/usr/bin/env python3
"""Runs obs_clock.lua in a real OBS under Xvfb. Skips where OBS is not installed.

    real_obs_script_test.py SCRIPT LIBRARY
"""

import datetime
import pathlib
import re
import sys
import tempfile
import time
import unittest
import zoneinfo

SCRIPT, LIBRARY = sys.argv[1], sys.argv[2]
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "director"))
import real_obs as obs  # noqa: E402

ZONE = "Pacific/Auckland"


class RealObsScript(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        display = obs.Display()
        self.addCleanup(display.close)
        self.display = display

    def start_obs(self, **settings):
        script = {"path": SCRIPT, "settings": {"library": LIBRARY, "source": "Clock", **settings}}
        station = obs.Obs(self.directory / "obs", self.display, ["Studio"], texts=["Clock"], scripts=[script])
        self.addCleanup(station.kill)
        watcher = obs.Watcher(station)
        self.addCleanup(watcher.close)
        return station, watcher

    def texts(self, watcher, wanted):
        """Returns the text of the source, once it matches, with the times before and after it was read."""
        deadline = time.monotonic() + 20
        while True:
            before = datetime.datetime.now(datetime.timezone.utc)
            shown = watcher.request("GetInputSettings", inputName="Clock").get("inputSettings", {}).get("text", "")
            after = datetime.datetime.now(datetime.timezone.utc)
            if re.fullmatch(wanted, shown):
                return before, shown, after
            self.assertLess(time.monotonic(), deadline, f"the source shows {shown!r}")
            time.sleep(0.05)

    def test_shows_the_time_of_a_zone_and_the_frame_of_a_programme(self):
        start = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(hours=2)
        _, watcher = self.start_obs(zone=ZONE, rate="25", start=start.strftime("%Y-%m-%dT%H:%M:%SZ"))
        for _ in range(5):
            before, shown, after = self.texts(watcher, r"\d\d:\d\d:\d\d  \d\d:\d\d:\d\d:\d\d")
            clock, timecode = shown.split("  ")
            # OBS runs the timer once a rendered frame, so the text may be older than the question.
            earliest = before - datetime.timedelta(seconds=1)
            zone = zoneinfo.ZoneInfo(ZONE)
            seconds = (after - earliest).total_seconds()
            self.assertIn(clock, {(earliest + datetime.timedelta(seconds=s)).astimezone(zone).strftime("%H:%M:%S")
                                  for s in [*range(int(seconds) + 1), seconds]})
            hours, minutes, whole, frame = map(int, timecode.split(":"))
            into = datetime.timedelta(hours=hours, minutes=minutes, seconds=whole, milliseconds=40 * frame)
            self.assertLessEqual(earliest - start - datetime.timedelta(milliseconds=40), into)
            self.assertLessEqual(into, after - start)
            time.sleep(0.3)

    def test_an_unknown_zone_is_named_on_the_air(self):
        _, watcher = self.start_obs(zone="Mars/Olympus")
        _, shown, _ = self.texts(watcher, r".*Mars/Olympus.*")
        self.assertNotIn("\n", shown)

    def test_a_library_that_is_missing_does_not_stop_obs(self):
        _, watcher = self.start_obs(library=str(self.directory / "none.so"))
        self.assertEqual(watcher.program(), "Studio")


if __name__ == "__main__":
    if not obs.INSTALLED:
        print("skipped: OBS or Xvfb is not installed")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
