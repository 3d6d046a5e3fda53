"""Measures the library beside its peers, and writes a report that begins with the goals of bench/goals.md.

bench/run installs the missing packages, builds, and starts this program. The report and its plots are
build/bench/report.md and build/bench/results/; build/bench/report.json holds every measured value.
"""
import argparse
import contextlib
import datetime
import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import goals as goals_module
import plots
import report

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
PROGRAMS = BUILD / "bench"
# The fields that Google Benchmark reports of every run. All other numbers are counters.
REPORTED = {"family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations",
            "real_time", "cpu_time", "bytes_per_second"}
SCALE = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def say(message):
    print(f"bench/run: {message}", file=sys.stderr, flush=True)


def fail(message):
    say(message)
    sys.exit(1)


# --- the machine ---------------------------------------------------------------------------------


def first_line(*command):
    with contextlib.suppress(OSError, subprocess.CalledProcessError, IndexError):
        return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=True).stdout.splitlines()[0]
    return ""


def content(path):
    with contextlib.suppress(OSError):
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace").strip()
    return ""


def machine():
    processor = content("/proc/cpuinfo")
    model = re.search(r"^model name\s*: (.*)", processor, re.M)
    cache = content(BUILD / "CMakeCache.txt")
    compiler = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)", cache, re.M)
    changed = first_line("git", "status", "--porcelain", "--untracked-files=no")
    return {
        "processor": model[1] if model else os.uname().machine,
        "cores": len(os.sched_getaffinity(0)),
        "governor": content("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "not visible",
        "virtual": "yes" if re.search(r"^flags.*\bhypervisor\b", processor, re.M) else "no",
        "kernel": os.uname().release,
        "compiler": first_line(compiler[1], "--version") if compiler else "unknown",
        "commit": (first_line("git", "rev-parse", "--short=12", "HEAD") or "unknown") + (" with changes" if changed else ""),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }


def processor_seconds():
    """The processor time of the whole machine since its start, and the part that the host took: seconds."""
    fields = content("/proc/stat").partition("\n")[0].split()[1:]
    if len(fields) < 8:
        return 0.0, 0.0
    user, nice, system, _, _, irq, softirq, steal = (int(field) / os.sysconf("SC_CLK_TCK") for field in fields[:8])
    return user + nice + system + irq + softirq, steal


def one_pass():
    """The time of a fixed amount of integer work: milliseconds. A pass is longer than the time that the kernel gives
    one of two busy threads at once, so each pass beside a busy thread is slow."""
    begun, number = time.perf_counter(), 1
    for _ in range(200_000):
        number = number * 1_103_515_245 + 12_345 & 0x7FFFFFFF
    return 1e3 * (time.perf_counter() - begun)


def calibrate(best=math.inf):
    """The fastest of ten passes on the core of the benchmarks. While that is slower than the best of the run, more
    passes follow for a second: a thread that ran for a moment does not make the machine busy."""
    cores, took = os.sched_getaffinity(0), []
    os.sched_setaffinity(0, {max(cores)})
    begun = time.monotonic()
    while len(took) < 10 or (min(took) > 1.05 * best and time.monotonic() < begun + 1):
        took.append(one_pass())
    os.sched_setaffinity(0, cores)
    return min(took)


class Quietness:
    """How busy the machine was while a group ran."""

    best = math.inf  # the fastest pass of the run

    def calibrate(self):
        took = calibrate(Quietness.best)
        Quietness.best = min(took, Quietness.best)
        return took

    def __init__(self):
        self.before = self.calibrate()
        self.begun, self.all, self.own = time.monotonic(), processor_seconds(), sum(os.times()[:4])

    def end(self):
        elapsed = time.monotonic() - self.begun
        busy, steal = (now - then for now, then in zip(processor_seconds(), self.all))
        others = max(0.0, busy - (sum(os.times()[:4]) - self.own)) / elapsed
        return {"calibration_ms": [self.before, self.calibrate()], "others_percent": 100 * others,
                "steal_percent": 100 * steal / elapsed, "load": os.getloadavg()[0], "seconds": elapsed}


# --- running -------------------------------------------------------------------------------------


def run(command, **options):
    """Runs a command in a session of its children, and returns its output. If this program is stopped,
    the whole session ends."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                             **options)
    try:
        out, errors = child.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    return child.returncode, out, errors


def build():
    """Installs and builds by the functions of cmake/run.sh."""
    script = ('root=$1 program=bench/run; source "$root/cmake/run.sh"; '
              '(install_missing build library example bench) || '
              'say "going on without these packages: the report names the peers that it leaves out"; '
              'build bench benchmarks')
    terminal = sys.stdin.isatty()  # sudo asks there, and Ctrl-C there reaches every process
    child = subprocess.Popen(["bash", "-euo", "pipefail", "-c", script, "bench/run", ROOT], start_new_session=not terminal)
    try:
        status = child.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            (child.terminate if terminal else lambda: os.killpg(child.pid, signal.SIGTERM))()
        child.wait()
        raise
    if status:
        sys.exit(status)


def command_of(group):
    """The benchmark program of a group, or the script that prints the same form; None if neither is there."""
    for command in ([PROGRAMS / f"{group}_bench"], [sys.executable, "-B", ROOT / "bench" / f"{group}_bench.py"]):
        if command[-1].exists():
            return [str(part) for part in command]
    return None


def printed_runs(text):
    """The whole runs in the output of a program that crashed: Google Benchmark prints a row when the row is done."""
    text = text.partition('"benchmarks": [')[2].strip()
    with contextlib.suppress(ValueError):
        while text:
            run, end = json.JSONDecoder().raw_decode(text)
            yield run
            text = text[end:].lstrip(", \n")


def rows_of(runs, rows, errors):
    """Adds the runs of one output to the rows. Returns their names."""
    names = set()
    for each in runs:
        name = goals_module.plain_name(each["run_name"])
        if each.get("error_occurred"):
            errors[name] = each.get("error_message", "failed")
        elif each["run_type"] == "iteration":
            row = rows.setdefault(name, {})
            real = re.search(r"/(real|manual)_time\b", each["run_name"])
            value = each["real_time" if real else "cpu_time"] * SCALE[each["time_unit"]]
            row.setdefault("ns", []).append(each.get("best_ns", value))
            row.setdefault("per_second", []).append(1e9 / (each["real_time"] * SCALE[each["time_unit"]]))
            for counter, number in each.items():
                if counter not in REPORTED and isinstance(number, (int, float)):
                    row.setdefault(counter, []).append(number)
        names.add(name)
    return names


def end_of(status, errors):
    """How a program failed, in one line: its exit status or signal, and the last line of its errors."""
    how = f"exit status {status}" if status > 0 else signal.Signals(-status).name
    return f"its program ended with {how}" + "".join(f": {line[-200:]}" for line in errors.strip().splitlines()[-1:])


class Measurement:
    def __init__(self, goals, quick):
        self.goals, self.quick = goals, quick
        self.cores = sorted(os.sched_getaffinity(0))
        self.rows, self.errors, self.groups = {}, {}, {}

    def wanted(self, group, names):
        """The benchmarks to run. With --quick these are the ones that a goal or a plot needs."""
        if not self.quick:
            return names
        needed = [pattern for goal in group.goals for pattern in (goal.name, goal.peers) if pattern] + plots.needed()
        left_out = group.patterns("Quick leaves out")
        plain = {name: goals_module.plain_name(name) for name in names}
        return [name for name in names
                if any(goals_module.matching(pattern, [plain[name]]) for pattern in needed)
                and not any(goals_module.matching(pattern, [plain[name]]) for pattern in left_out)]

    def run_group(self, group, command):
        """Runs the benchmarks of one thread on one core, and those of several threads on all cores."""
        if command[0] == sys.executable:
            _, why = self.collect(command)
            if why:
                self.errors[group.name] = why
            return
        status, out, errors = run([*command, "--benchmark_list_tests"])
        if status:
            self.errors[group.name] = end_of(status, errors)
            return
        every = group.patterns("All cores") + ["*/threads:*"]
        spread, single = [], []
        for name in self.wanted(group, out.split()):
            shared = any(goals_module.matching(pattern, [goals_module.plain_name(name)]) for pattern in every)
            (spread if shared else single).append(name)
        repetitions = 3 if self.quick else int(group.settings.get("Repetitions", 9))
        for names, pin in ((single, ["taskset", "-c", str(self.cores[-1])]), (spread, [])):
            if names:
                self.run_rows(group, [*pin, *command], names, repetitions)
        for name in self.errors.keys() & self.rows.keys():  # a row that failed once is not judged
            del self.rows[name]

    def run_rows(self, group, command, names, repetitions):
        """Runs benchmarks with their repetitions interleaved. After a crash, those without a row run again.

        Google Benchmark 1.7 crashes if a benchmark fails in some of its repetitions. A process with one repetition
        does not, and it runs the benchmarks in their order: the first one without a row is the one that crashed.
        """
        given, why = self.collect(
            [*command, f"--benchmark_repetitions={repetitions}", "--benchmark_enable_random_interleaving=true"], names)
        if why is None:
            return
        missing = [name for name in names if goals_module.plain_name(name) not in given]
        say(f"{group.name}: {why}; {len(missing)} benchmarks run again")
        for _ in range(repetitions):
            left = missing
            while left:
                given, why = self.collect(command, left)
                left = [name for name in left if goals_module.plain_name(name) not in given]
                if why is None or not left:
                    break
                crashed, *left = left
                missing = [name for name in missing if name != crashed]
                self.errors[goals_module.plain_name(crashed)] = why

    def collect(self, command, names=()):
        """Runs a program once. Returns the names of the rows that it gave, and how it failed."""
        if names:
            only = "|".join(f"^{re.escape(name)}$" for name in names).replace(r"\-", "-")
            command = [*command, "--benchmark_format=json", f"--benchmark_min_time={0.01 if self.quick else 0.05}",
                       f"--benchmark_filter={only}"]
        status, out, errors = run(command, cwd=BUILD, env=os.environ | {"BENCH_QUICK": str(int(self.quick))})
        try:
            given = rows_of(printed_runs(out) if status else json.loads(out)["benchmarks"], self.rows, self.errors)
        except (ValueError, KeyError, TypeError) as error:
            return set(), f"its output is not the JSON form: {error!r}"
        return given, end_of(status, errors) if status else None

    def run_all(self, groups):
        for number, group in enumerate(groups, 1):
            command = command_of(group.name)
            if command is None:
                self.errors[group.name] = "its program was not built"
                say(f"{number} of {len(groups)}: {group.name} is left out: its program was not built")
                continue
            say(f"{number} of {len(groups)}: {group.name} ...")
            quiet, before = Quietness(), set(self.rows)
            self.run_group(group, command)
            self.groups[group.name] = quiet.end() | {"rows": sorted(self.rows.keys() - before)}
            if group.name in self.errors:
                say(f"{group.name}: {self.errors[group.name]}")
            say(f"{number} of {len(groups)}: {group.name}, {len(self.groups[group.name]['rows'])} benchmarks in "
                f"{self.groups[group.name]['seconds']:.0f} s")


def write(path, text):
    """Writes beside the file first: a stopped run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def options_of(arguments):
    parser = argparse.ArgumentParser(
        prog="bench/run", allow_abbrev=False,
        description="Installs what is missing, builds, measures the library beside its peers, and writes the report "
                    "build/bench/report.md with plots. build/bench/report.json holds every value. The full run takes "
                    "about ten minutes after the build.")
    parser.add_argument("--quick", action="store_true",
                        help="about a minute: fewer repetitions, and only the benchmarks of goals and plots")
    parser.add_argument("--group", metavar="NAME", action="append", help="only this group of bench/goals.md; the last report keeps its other groups if it is of the same "
                             "commit")
    parser.add_argument("--compare", metavar="OLD.json",
                        help="afterwards print what changed beyond the noise since this report.json")
    parser.add_argument("--results", action="store_true",
                        help="also copy the report to bench/RESULTS.md and its plots to bench/results/")
    options = parser.parse_args(arguments)
    if options.results and options.quick:
        parser.error("--results needs a full run: leave out --quick")
    return parser, options


def main():
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    parser, options = options_of(sys.argv[1:])
    try:
        goals = goals_module.parse((ROOT / "bench" / "goals.md").read_text(encoding="utf-8"), "bench/goals.md")
    except goals_module.BadGoals as error:
        fail(str(error))
    unknown = [name for name in options.group or [] if name not in goals.groups]
    if unknown:
        parser.error(f"no group {unknown[0]!r}; there are {', '.join(goals.groups)}")
    old = None
    if options.compare:
        try:
            old = report.read_old(options.compare)
        except report.Unreadable as error:
            fail(str(error))
    build()
    measurement = Measurement(goals, options.quick)
    about = machine()
    measurement.run_all([group for group in goals.groups.values() if group.name in (options.group or goals.groups)])
    missing = [line for line in content(PROGRAMS / "missing_peers.txt").splitlines() if line]
    result = {"machine": about, "quick": options.quick, "groups": measurement.groups, "missing_peers": missing,
              "errors": measurement.errors, "rows": measurement.rows}
    if options.group:
        with contextlib.suppress(report.Unreadable, KeyError):
            result = report.join(report.read_old(BUILD / "report.json"), result)
    report.mark_busy(result)
    drawn = plots.draw(goals, result, BUILD / "results")
    verdicts = goals_module.judge_all(goals, result["rows"], report.busy_groups(result))
    verdicts = [verdict for verdict in verdicts if verdict.goal.group in result["groups"] or not options.group]
    text = report.write_up(goals, result, verdicts, drawn)
    write(BUILD / "report.json", json.dumps(result, indent=1, sort_keys=True) + "\n")
    write(BUILD / "report.md", text)
    left = [name for name in goals.groups if name not in result["groups"]]
    if options.results and left:
        fail(f"bench/RESULTS.md needs every group, and the report lacks {', '.join(left)}")
    if options.results:
        write(ROOT / "bench" / "RESULTS.md", text)
        shutil.rmtree(ROOT / "bench" / "results", ignore_errors=True)
        shutil.copytree(BUILD / "results", ROOT / "bench" / "results")
    print(report.summary(result, verdicts))
    if old:
        print(report.compare(goals, old, result))
    say(f"the report is {(BUILD / 'report.md').relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say("stopped: no report was written")
        sys.exit(130)
