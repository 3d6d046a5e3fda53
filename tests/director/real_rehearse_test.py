#!/usr/bin/env python3
"""Rehearses shows: each transition once, in order, at its exact instant.

    real_rehearse_test.py DIRECTOR
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from service import rundown

PROGRAM = sys.argv[1]


class RealRehearsal(unittest.TestCase):
    def rehearse(self, show, *options):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "show.json")
            file.write_text(json.dumps(show))
            done = subprocess.run([PROGRAM, "rehearse", "--rundown", str(file), *options], capture_output=True,
                                  text=True, timeout=120, check=False)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def test_ten_thousand_scenes_at_once(self):
        scenes = [(f"scene {i}", 1 + i % 1000) for i in range(10_000)]
        status, lines, errors = self.rehearse(rundown(*scenes), "--speed", "max")
        self.assertEqual((status, errors), (0, ""))
        begin, at, wanted = lines[0]["planned_utc_ns"], 0, []
        for name, duration in scenes:
            wanted.append((name, at))
            at += duration * 1_000_000
        wanted.append((None, at))
        self.assertEqual([(line["scene"], line["planned_utc_ns"] - begin) for line in lines], wanted)
        self.assertTrue(all(line["planned"] == line["started"] for line in lines))

    def test_speed(self):
        begin = time.monotonic()
        status, lines, _ = self.rehearse(rundown(("A", 20_000), ("B", 10_000)), "--speed", "60")
        self.assertEqual((status, [line["scene"] for line in lines]), (0, ["A", "B", None]))
        self.assertGreater(time.monotonic() - begin, 0.5)

    def test_a_loop_ends_after_a_cycle(self):
        status, lines, _ = self.rehearse(rundown(("A", 1000), ("B", 1000), looping=True), "--speed", "max")
        self.assertEqual((status, [line["scene"] for line in lines]), (0, ["A", "B", "A"]))

    def test_a_speed_that_is_none(self):
        for speed in ("0", "-1", "fast", "1.5"):
            self.assertEqual(self.rehearse(rundown(("A", 1000)), "--speed", speed)[0], 2, speed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
