#!/usr/bin/env python3
"""Shows that instruction_counts.py reads callgrind's dumps, and can fail."""

import unittest

import instruction_counts as guard

PROFILE = """\
# callgrind format
creator: callgrind-3.19.0
part: 1
desc: Trigger: Client Request: now_utc
events: Ir
fn=(1)
16 90
totals: 12000

part: 2
desc: Trigger: Client Request: fire, 10 pending
events: Ir
totals: 250500

part: 3
desc: Trigger: Program termination
events: Ir
totals: 0
"""


class InstructionCounts(unittest.TestCase):
    def test_counts_are_per_call(self):
        output = "now_utc\t1000\t0\nfire, 10 pending\t500\t3\n"
        self.assertEqual(guard.per_call(output, PROFILE), {"now_utc": 12.0, "fire, 10 pending": 501.0})

    def test_a_path_without_a_count_is_an_error(self):
        with self.assertRaisesRegex(SystemExit, "did not count to_local"):
            guard.per_call("to_local\t1000\t0\n", PROFILE)

    def test_the_table_survives_a_round_trip(self):
        counts = {"now_utc": 12.5, "fire, 10 pending": 501.0}
        self.assertEqual(guard.read_table(guard.write_table(counts)), counts)

    def test_only_a_rise_above_the_limit_fails(self):
        for now, good, word in ((105, True, "+5.0%"), (105.1, False, "more than 5 % more"),
                                (94.9, True, "5 % fewer"), (95, True, "-5.0%")):
            lines, verdict = guard.compare({"now_utc": 100.0}, {"now_utc": now})
            self.assertEqual(verdict, good, now)
            self.assertIn(word, lines[1])

    def test_a_path_must_be_in_the_table_and_in_the_program(self):
        self.assertFalse(guard.compare({}, {"now_utc": 1.0})[1])
        self.assertFalse(guard.compare({"now_utc": 1.0}, {})[1])


if __name__ == "__main__":
    unittest.main()
