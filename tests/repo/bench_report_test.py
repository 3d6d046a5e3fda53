#!/usr/bin/env python3
"""Tests the busy marks, the report and the comparison on a result made by hand: bench_report_test.py BENCH_FOLDER."""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

BENCH = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "bench").resolve()
sys.path.insert(0, str(BENCH))

import goals as goals_module  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402

GOALS = goals_module.parse("""Own: Zone

## zones

| path | benchmark | against | goal |
|---|---|---|---|
| local | BM_Zone_ToLocal | best of BM_*_ToLocal | at least 20 × |
| convert | BM_Zone_Convert | | at most 5 ns |
| gone | BM_Zone_Gone | | at most 5 ns |

## late

| path | benchmark | against | goal |
|---|---|---|---|
| lateness | BM_Late p50 | | at most 1 µs |

## causes

| path | cause |
|---|---|
| convert | Two divisions. |
""")
QUIET = {"calibration_ms": [10.0, 10.5], "others_percent": 1.0, "steal_percent": 0.0, "load": 0.1, "seconds": 6.0}
RESULT = {
    "machine": {"processor": "A 9", "cores": 2, "governor": "performance", "virtual": "no", "kernel": "6.1",
                "compiler": "g++ 12", "commit": "abc", "date": "2026-11-27 12:00 UTC"},
    "quick": False, "missing_peers": ["zones: ICU"], "errors": {},
    "groups": {"zones": QUIET | {"rows": ["BM_Zone_ToLocal", "BM_Date_ToLocal", "BM_Zone_Convert"]},
               "late": QUIET | {"rows": ["BM_Late"]}},
    "rows": {"BM_Zone_ToLocal": {"ns": [2.0, 2.0, 2.1]}, "BM_Date_ToLocal": {"ns": [50.0, 48.0, 52.0]},
             "BM_Zone_Convert": {"ns": [6.0, 6.0, 6.0]}, "BM_Late": {"ns": [1e9] * 3, "p50": [600.0, 700.0, 800.0], "p99": [9000.0]}},
}


def result(**groups):
    made = copy.deepcopy(RESULT)
    for name, changes in groups.items():
        made["groups"][name].update(changes)
    report.mark_busy(made)
    return made


def verdicts_of(made):
    return goals_module.judge_all(GOALS, made["rows"], report.busy_groups(made))


class Busy(unittest.TestCase):
    def test_a_quiet_machine(self):
        self.assertEqual(report.busy_groups(result()), set())

    def test_each_reason(self):
        for changes, reason in (({"calibration_ms": [10.0, 13.0]}, "the calibration loop was 30 % slower than its best"),
                                ({"others_percent": 40.0}, "other processes took 40 % of a core"),
                                ({"steal_percent": 5.0}, "the host took 5 % of a core")):
            with self.subTest(reason=reason):
                made = result(zones=changes)
                self.assertEqual(made["groups"]["zones"]["busy"], [reason])
                self.assertEqual(report.busy_groups(made), {"zones"})

    def test_the_calibration_counts_against_the_best_of_the_run(self):
        self.assertEqual(report.busy_groups(result(late={"calibration_ms": [8.0, 8.0]})), {"zones"})


class Report(unittest.TestCase):
    def test_the_goals_with_their_verdicts(self):
        made = result()
        text = report.write_up(GOALS, made, verdicts_of(made), [("a.svg", "a plot", "It shows a."), ("b.svg", "b", "It shows b.")])
        self.assertIn("2 of 3 judged goals are met. Not judged: 1 (not measured).", text)
        self.assertIn("| local | 25.0 × (2.00 ns) | at least 20 × | date: 50.0 ns | met |", text)
        self.assertIn("| convert | 6.00 ns | at most 5 ns |  | **missed by 20 %** |", text)
        self.assertIn("| lateness | 700 ns | at most 1 µs |  | met |", text)
        self.assertIn("- convert: 6.00 ns, goal at most 5 ns, missed by 20 %. Two divisions.", text)
        self.assertIn("- zones: ICU", text)
        self.assertIn("| processor | A 9, 2 cores, governor performance, virtual machine: no |", text)
        self.assertIn("![a plot](results/a.svg)", text)
        self.assertIn("| `BM_Late` | 700 ns |  | 9.00 µs |  |  |", text)
        self.assertLess(text.index("| processor"), text.index("## Goals"))
        self.assertLess(text.index("## Missed goals"), text.index("a.svg"))
        self.assertLess(text.index("a.svg"), text.index("## Goals"))
        self.assertLess(text.index("## Goals"), text.index("b.svg"))

    def test_a_busy_group_is_never_a_miss(self):
        made = result(zones={"others_percent": 50.0})
        text = report.write_up(GOALS, made, verdicts_of(made), [])
        self.assertIn("| convert | 6.00 ns | at most 5 ns |  | not judged: busy |", text)
        self.assertIn("- zones: other processes took 50 % of a core.", text)
        self.assertNotIn("issed", text)
        self.assertIn("zones ran on a busy machine", report.summary(made, verdicts_of(made)))


class Compare(unittest.TestCase):
    def test_the_spread_is_the_distance_of_the_quartiles(self):
        self.assertEqual(report.spread([1.0, 2.0, 3.0, 4.0, 5.0]), 2.0)
        self.assertEqual(report.spread([7.0]), 0)

    def test_beyond_the_noise(self):
        for old, new, changed in (([100.0] * 3, [104.0] * 3, True), ([100.0] * 3, [102.0] * 3, False),
                                  ([100.0], [109.0], False), ([100.0], [111.0], True),
                                  ([90.0, 100.0, 110.0], [110.0, 119.0, 128.0], False),
                                  ([90.0, 100.0, 110.0], [110.0, 125.0, 128.0], True)):
            with self.subTest(old=old, new=new):
                self.assertIs(report.beyond_noise(old, new), changed)

    def test_what_changed(self):
        old, new = result(), result()
        new["rows"]["BM_Zone_Convert"]["ns"] = [9.0, 9.0, 9.0]
        new["rows"]["BM_Late"]["p50"] = [300.0, 350.0, 400.0]
        del new["rows"]["BM_Date_ToLocal"]
        self.assertEqual(report.compare(GOALS, old, new).splitlines(), [
            "Compared with abc:",
            "  BM_Late p50: 700 ns -> 350 ns, 50 % faster",
            "  BM_Zone_Convert: 6.00 ns -> 9.00 ns, 50 % slower",
            "  2 values changed beyond the noise, 2 did not.",
            "  1 benchmarks are gone: BM_Date_ToLocal"])

    def test_a_slower_processor_is_not_a_regression(self):
        new = result(zones={"calibration_ms": [11.0, 11.5]})  # up to 15 % slower than the old run's 10.0
        new["rows"]["BM_Zone_Convert"]["ns"] = [6.8] * 3      # 13 % slower
        self.assertIn("0 values changed", report.compare(GOALS, result(), new))
        new["rows"]["BM_Zone_Convert"]["ns"] = [7.2] * 3      # 20 % slower
        self.assertIn("BM_Zone_Convert: 6.00 ns -> 7.20 ns, 20 % slower", report.compare(GOALS, result(), new))

    def test_a_busy_group_is_named_and_not_compared(self):
        new = result(zones={"steal_percent": 9.0})
        new["rows"]["BM_Zone_Convert"]["ns"] = [60.0] * 3
        text = report.compare(GOALS, result(), new)
        self.assertNotIn("slower", text)
        self.assertIn("  zones is not compared: it ran on a busy machine.", text)

    def test_another_machine_is_named(self):
        old = result()
        old["machine"]["processor"] = "B 1"
        self.assertIn("the other machine was B 1", report.compare(GOALS, old, result()))


class Join(unittest.TestCase):
    def test_a_group_measured_again_replaces_its_rows(self):
        again = result()
        again["groups"] = {"late": again["groups"]["late"]}
        again["rows"] = {"BM_Late": {"ns": [5.0]}}
        joined = report.join(result(), again)
        self.assertEqual(joined["rows"]["BM_Late"], {"ns": [5.0]})
        self.assertEqual(joined["rows"]["BM_Zone_Convert"], RESULT["rows"]["BM_Zone_Convert"])
        self.assertEqual(set(joined["groups"]), {"zones", "late"})

    def test_a_benchmark_that_has_a_row_again_is_not_left_out(self):
        last, again = result(), result()
        last["errors"] = {"BM_Late": "ended by SIGABRT", "BM_Gone": "not installed"}
        del last["rows"]["BM_Late"]
        again["groups"] = {"late": again["groups"]["late"]}
        again["rows"] = {"BM_Late": {"ns": [5.0]}}
        self.assertEqual(report.join(last, again)["errors"], {"BM_Gone": "not installed"})

    def test_another_commit_is_not_joined(self):
        last = result()
        last["machine"]["commit"] = "def"
        self.assertIs(report.join(last, (again := result())), again)


class Old(unittest.TestCase):
    def test_an_unreadable_file_is_one_line_with_its_name(self):
        for text in ("", "{", "[]", "{}", '{"rows": {"a": {"ns": []}}}', '{"rows": {"a": 1}}', "\0\xff",
                     '{"rows": {}, "groups": [], "machine": {}}', '{"rows": {}, "groups": {"a": {"rows": [], "calibration_ms": [0]}}}', '{"rows": {"a": {"ns": ["x", "y"]}}, "groups": {}}'):
            with self.subTest(text=text), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "OLD.json")
                path.write_bytes(text.encode("latin-1"))
                with self.assertRaises(report.Unreadable) as caught:
                    report.read_old(path)
                self.assertTrue(str(caught.exception).startswith(f"{path}: "))
                self.assertNotIn("\n", str(caught.exception))

    def test_a_written_report_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "report.json")
            measure.write(path, json.dumps(result()))
            self.assertEqual(report.read_old(path), result())
            self.assertEqual(os.listdir(folder), ["report.json"])


class Rows(unittest.TestCase):
    def test_the_output_of_a_program(self):
        def run(name, **fields):
            return {"name": name, "run_name": name, "run_type": "iteration", "real_time": 2.0, "cpu_time": 1.0, "time_unit": "us",
                    "threads": 1, "iterations": 5} | fields
        rows, errors = {}, {}
        measure.rows_of([
            run("BM_A"), run("BM_A", cpu_time=3.0), run("BM_B/real_time", p50=7.0), run("BM_C", best_ns=4.0),
            run("BM_D", error_occurred=True, error_message="a peer gives another answer"),
            run("BM_A", run_type="aggregate")], rows, errors)
        self.assertEqual(rows["BM_A"], {"ns": [1000.0, 3000.0], "per_second": [5e5, 5e5]})
        self.assertEqual(rows["BM_B"], {"ns": [2000.0], "per_second": [5e5], "p50": [7.0]})
        self.assertEqual(rows["BM_C"]["ns"], [4.0])
        self.assertEqual(errors, {"BM_D": "a peer gives another answer"})


# Stands in for a program of Google Benchmark 1.7. B fails if repetitions are asked for, and C crashes always.
PROGRAM = """#!/usr/bin/env python3
import json, os, re, signal, sys
options = dict(each.partition("=")[::2] for each in sys.argv[1:])
names = ["BM_A", "BM_B", "BM_C/threads:2", "BM_D/threads:2"]
if "--benchmark_list_tests" in options:
    sys.exit(print(*names, sep="\\n"))
repetitions = int(options.get("--benchmark_repetitions", 1))
print('{"context": {"caches": [{"size": 1}]}, "benchmarks": [', end="")
between = ""
for name in names:
    if re.search(options["--benchmark_filter"], name):
        if name == "BM_B" and repetitions > 1 or name.startswith("BM_C"):
            print("begun\\nCheck failed", file=sys.stderr)
            print(between + '{"name": "' + name, flush=True)
            os.kill(os.getpid(), signal.SIGABRT)
        for _ in range(repetitions):
            print(between + json.dumps({"name": name, "run_name": name, "run_type": "iteration", "real_time": 2.0,
                                        "cpu_time": 1.0, "time_unit": "ns"}), flush=True)
            between = ","
print("]}")
"""


class Crash(unittest.TestCase):
    def measured(self, script):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(measure, "BUILD", pathlib.Path(folder)), \
             unittest.mock.patch.object(measure, "say"):
            program = pathlib.Path(folder, "program")
            program.write_text(script, encoding="utf-8")
            program.chmod(0o755)
            measurement = measure.Measurement(GOALS, quick=False)
            group = goals_module.Group("group")
            group.settings["Repetitions"] = "3"
            measurement.run_group(group, [str(program)])
        return measurement

    def test_the_other_rows_of_the_group_are_measured(self):
        done = self.measured(PROGRAM)
        self.assertEqual({name: row["ns"] for name, row in done.rows.items()},
                         {"BM_A": [1.0] * 3, "BM_B": [1.0] * 3, "BM_D/threads:2": [1.0] * 3})
        self.assertEqual(done.errors, {"BM_C/threads:2": "its program ended with SIGABRT: Check failed"})

    def test_a_program_that_does_not_start(self):
        done = self.measured("#!/bin/sh\necho 'no such library' >&2\nexit 127\n")
        self.assertEqual((done.rows, done.errors), ({}, {"group": "its program ended with exit status 127: no such library"}))

    def test_the_report_names_the_missing_rows_in_one_line(self):
        made = result()
        made["errors"] = {"BM_A": "why", "BM_B": "why", "BM_C": "another reason"}
        text = report.write_up(GOALS, made, verdicts_of(made), [])
        self.assertIn("- BM_A, BM_B: why\n- BM_C: another reason\n", text)


class Command(unittest.TestCase):
    """The options, before anything is installed or built."""

    def run_it(self, *arguments):
        return subprocess.run([BENCH / "run", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def test_help(self):
        done = self.run_it("--help")
        self.assertEqual(done.returncode, 0)
        for option in ("--quick", "--compare OLD.json", "--group NAME", "--results"):
            self.assertIn(option, done.stdout)

    def test_a_bad_option_exits_2(self):
        for arguments in (["--fast"], ["--compare"], ["--group", "none"], ["more"], ["--results", "--quick"]):
            with self.subTest(arguments=arguments):
                done = self.run_it(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_an_unreadable_old_report_exits_1(self):
        done = self.run_it("--compare", "/nowhere/OLD.json")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "bench/run: /nowhere/OLD.json: cannot be read: No such file or directory\n")


if __name__ == "__main__":
    unittest.main()
