#!/usr/bin/env python3
"""Tests how bench/goals.py reads a table of goals and judges rows: bench_goals_test.py BENCH_FOLDER.

Each expected value is computed by hand.
"""
import pathlib
import re
import sys
import unittest

BENCH = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "bench").resolve()
sys.path.insert(0, str(BENCH))

from goals import BadGoals, judge, judge_all, matching, parse, part_of, plain_name, with_unit  # noqa: E402

HEAD = "Own: Zone\nLess: Bare\n\n## zones\n\n| path | benchmark | against | goal |\n|---|---|---|---|\n"


def one(row, rows, busy=False):
    goals = parse(HEAD + row + "\n")
    return judge(goals.groups["zones"].goals[0], goals, rows, busy)


class Names(unittest.TestCase):
    def test_run_options_are_no_part_of_a_name(self):
        self.assertEqual(plain_name("BM_Events_Fire<Asio>/1000/iterations:8/manual_time"), "BM_Events_Fire<Asio>/1000")
        self.assertEqual(plain_name("BM_Cache_Find/real_time/threads:2"), "BM_Cache_Find/threads:2")
        self.assertEqual(plain_name("BM_Zone_ToLocal/random/min_time:0.1/repeats:3"), "BM_Zone_ToLocal/random")

    def test_the_part_is_the_template_argument_or_the_first_word(self):
        self.assertEqual(part_of("BM_Events_Fire<Asio>/1000"), "Asio")
        self.assertEqual(part_of("BM_Cctz_ToLocal/random"), "Cctz")

    def test_a_pattern_matches_whole_names(self):
        names = ["BM_Date_ToLocal/random", "BM_Cctz_ToLocal/random", "BM_Cctz_ToLocal/random/threads:2"]
        self.assertEqual(matching("BM_*_ToLocal/random", names), names[:2])


class Judge(unittest.TestCase):
    def test_the_median_of_the_repetitions_counts(self):
        verdict = one("| a | `BM_Zone_A` | | at most 3 ns |", {"BM_Zone_A": {"ns": [9.0, 2.0, 2.5]}})
        self.assertEqual((verdict.value, verdict.word), (2.5, "met"))

    def test_a_miss_states_by_how_much(self):
        rows = {"BM_Zone_A": {"ns": [3300.0]}}
        self.assertEqual(one("| a | BM_Zone_A | | at most 3 µs |", rows).word, "missed by 10 %")
        self.assertEqual(one("| a | BM_Zone_A | | at most 3.2 µs |", rows).word, "missed by 3.1 %")
        self.assertEqual(one("| a | BM_Zone_A | | at most 0.01 ms |", rows).word, "met")

    def test_at_most_times_is_a_cost_and_at_least_times_a_speed(self):
        rows = {"BM_Zone_A": {"ns": [2.0]}, "BM_Date_A": {"ns": [50.0]}, "BM_Cctz_A": {"ns": [30.0]}}
        self.assertEqual(one("| a | BM_Zone_A | BM_Date_A | at most 0.04 × |", rows).value, 0.04)
        verdict = one("| a | BM_Zone_A | best of BM_*_A | at least 20 × |", rows)
        self.assertEqual((verdict.value, verdict.peer, verdict.word), (15.0, "BM_Cctz_A", "missed by 25 %"))

    def test_the_best_is_neither_an_own_part_nor_one_that_does_less(self):
        rows = {"BM_E_F<Zone>/1": {"ns": [1.0]}, "BM_E_F<Bare>/1": {"ns": [2.0]}, "BM_E_F<Asio>/1": {"ns": [8.0]}}
        verdict = one("| a | BM_E_F<Zone>/1 | best of BM_E_F<*>/1 | at least 7 × |", rows)
        self.assertEqual((verdict.peer, verdict.value, verdict.word), ("BM_E_F<Asio>/1", 8.0, "met"))

    def test_a_rate_is_a_speed(self):
        rows = {"BM_A/threads:2": {"ns": [1.0], "items_per_second": [37.0]},
                "BM_A/threads:1": {"ns": [1.0], "items_per_second": [20.0]}}
        verdict = one("| a | BM_A/threads:2 items_per_second | BM_A/threads:1 | at least 1.85 × |", rows)
        self.assertEqual((verdict.value, verdict.word), (1.85, "met"))

    def test_the_slowest_row_of_a_pattern(self):
        rows = {"BM_A/0": {"ns": [4.0]}, "BM_A/1": {"ns": [6.0]}}
        self.assertEqual(one("| a | slowest of BM_A/* | | at most 5 ns |", rows).word, "missed by 20 %")

    def test_counters(self):
        rows = {"BM_A": {"ns": [1.0], "bytes": [120.0], "early": [0.0], "core_percent": [6.6], "p90": [6000.0]}}
        self.assertEqual(one("| a | BM_A bytes | | at most 100 bytes |", rows).word, "missed by 20 %")
        self.assertEqual(one("| a | BM_A early | | exactly 0 |", rows).word, "met")
        self.assertEqual(one("| a | BM_A core_percent | | at most 6 % |", rows).word, "missed by 10 %")
        self.assertEqual(one("| a | BM_A p90 | | at most 5 µs |", rows).word, "missed by 20 %")
        rows["BM_A"]["early"] = [3.0]
        self.assertEqual(one("| a | BM_A early | | exactly 0 |", rows).word, "missed by 3")

    def test_a_busy_machine_judges_counts_only(self):
        rows = {"BM_A": {"ns": [9.0], "bytes": [120.0]}}
        self.assertEqual(one("| a | BM_A | | at most 1 ns |", rows, busy=True).word, "not judged: busy")
        self.assertEqual(one("| a | BM_A | | at most 10 ns |", rows, busy=True).word, "not judged: busy")
        self.assertEqual(one("| a | BM_A bytes | | at most 100 bytes |", rows, busy=True).word, "missed by 20 %")

    def test_an_unmeasured_row_is_not_judged(self):
        self.assertEqual(one("| a | BM_A | | at most 1 ns |", {}).word, "not judged: not measured")
        self.assertEqual(one("| a | BM_A | best of BM_*_A | at least 2 × |", {"BM_A": {"ns": [1.0]}}).word,
                         "not judged: no peer was measured")
        self.assertEqual(one("| a | BM_A | | measure |", {"BM_A": {"ns": [1.0]}}).word, "measured")
        self.assertEqual(one("| a | BM_A | | measure |", {"BM_A": {"ns": [1.0]}}, busy=True).word, "measured, busy")

    def test_units_in_print(self):
        self.assertEqual(with_unit(360e6, one("| a | BM_A | | at most 0.2 s |", {}).goal), "360 ms")
        self.assertEqual(with_unit(9.67e6, one("| a | BM_A bytes | | at most 16 MB |", {}).goal), "9.67 MB")
        self.assertEqual(with_unit(12_345.0, one("| a | BM_A p99 | | measure |", {}).goal), "12.3 µs")
        self.assertEqual(with_unit(1504.0, one("| a | BM_A calls | | at most 300 |", {}).goal), "1,504")

    def test_a_small_miss_shows(self):
        self.assertEqual(one("| a | BM_A | | at most 1.02 ns |", {"BM_A": {"ns": [1.0241]}}).text, "1.024 ns")
        self.assertEqual(one("| a | BM_A | | at most 1 ns |", {"BM_A": {"ns": [1.0241]}}).text, "1.02 ns")


class Errors(unittest.TestCase):
    def test_each_error_is_one_line_with_its_place(self):
        for row, why in (
                ("| a | BM_A | at most 1 ns |", "3 cells instead of 4"),
                ("| a | BM_A | | at most 1 parsec |", 'the goal "at most 1 parsec" is neither'),
                ("| a | BM_A | | 1 ns |", 'the goal "1 ns" is neither'),
                ("| a | BM_A | | at most 1 × |", 'a goal in "×" needs'),
                ("| a | BM_A | BM_B | at most 1 ns |", 'a goal in "×" needs'),
                ("| a | A | | at most 1 ns |", '"A" names no benchmark'),
                ("| a | BM_A | best of all | at most 1 × |", '"best of all" names no benchmark'),
                ("| a | BM_A | | measure |\n| a | BM_A | | measure |", 'the path "a" stands here twice')):
            with self.subTest(row=row), self.assertRaises(BadGoals) as caught:
                parse(HEAD + row + "\n")
            self.assertRegex(str(caught.exception), r"^goals\.md:\d+: " + re.escape(why))
            self.assertNotIn("\n", str(caught.exception))

    def test_other_errors(self):
        for text, why in (("## a\n## a\n", 'the group "a" stands here twice'),
                          ("## a\n| x | y |\n", "the columns are"),
                          ("## a\nRepetitions: many\n", 'Repetitions is "many"'),
                          ("## causes\n\n| path | cause |\n|---|---|\n| b | why |\n", 'the cause for "b" has no goal')):
            with self.subTest(text=text), self.assertRaises(BadGoals) as caught:
                parse(text)
            self.assertIn(why, str(caught.exception))


class TheTable(unittest.TestCase):
    """bench/goals.md itself."""

    def setUp(self):
        self.goals = parse((BENCH / "goals.md").read_text(encoding="utf-8"))
        files = [path for path in BENCH.rglob("*") if path.suffix in (".cc", ".h", ".py") or path.parent == BENCH and not path.suffix]
        self.source = "".join(path.read_text(encoding="utf-8") for path in files
                              if path.is_file() and path.name not in ("goals.py", "plots.py", "report.py", "measure.py"))

    def assert_in_source(self, pattern):
        """The function, the template argument, and the words in the arguments stand in the source of the benchmarks."""
        name, _, arguments = pattern.partition("/")
        template = re.search(r"<(\w+)>", name)
        if template:
            self.assertIn(template[1], self.source, pattern)
        function = re.sub(r"<.*", "", name)
        found = re.escape(function).replace(r"\*", r"\w+")
        if not re.search(rf"\b{found}\b", self.source):  # a program may register a name that it composes
            for word in re.findall(r"[A-Za-z0-9]+", function.removeprefix("BM_")):
                self.assertIn(f'"{word}"', self.source, pattern)
        for word in re.findall(r"[a-z]{3,}", re.sub(r"threads:\d+", "", arguments)):
            self.assertRegex(self.source, rf"/{word}|\"{word}", pattern)

    def test_every_benchmark_stands_in_the_source(self):
        for group in self.goals.groups.values():
            for goal in group.goals:
                self.assert_in_source(goal.name)
                if goal.peers:
                    self.assert_in_source(goal.peers)
                if goal.counter and goal.counter != "items_per_second":
                    self.assertIn(f'"{goal.counter}"', self.source, goal.path)

    def test_every_program_has_a_group(self):
        programs = {path.name.rpartition("_bench")[0] for path in BENCH.glob("*_bench.*")}
        self.assertEqual(set(self.goals.groups), programs)

    def test_nothing_is_judged_without_rows(self):
        for verdict in judge_all(self.goals, {}, set()):
            self.assertFalse(verdict.judged)


if __name__ == "__main__":
    unittest.main()
