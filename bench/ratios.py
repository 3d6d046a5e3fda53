#!/usr/bin/env python3
"""Runs a benchmark program and compares its ratios with their bounds, within the one run.

The speed of a shared machine drifts, so a bound is a ratio of two medians of processor time. The repetitions
are interleaved at random. A benchmark that times its own passes states the quickest pass as the counter
`best_ns`, which then replaces the processor time.

usage: ratios.py PROGRAM BOUNDS.json [--repetitions 9] [--min-time 0.1] [--filter REGEX]

With --filter only the matching benchmarks run, and only the bounds of these benchmarks are checked.

BOUNDS.json: a list of {"figure", "what", "against", "at_most" | "at_least" | "at_most_ns" | "at_most_bytes"}.
  against          a benchmark, or a list of which the fastest counts
  what             a benchmark; NAME* is the slowest benchmark whose name begins with NAME
  counter, unit    compares this counter instead of the time; without `against`, `at_most` is its bound
A figure without a bound is only printed. The exit status is 1 when a bound is missed.
"""
import argparse
import collections
import json
import statistics
import subprocess
import sys


# The fields that the benchmark library reports of every run. All other fields are counters.
REPORTED = {"family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads",
            "iterations", "real_time", "cpu_time", "items_per_second", "bytes_per_second"}


def measure(program, repetitions, min_time, only):
    out = subprocess.run(
        [program, f"--benchmark_repetitions={repetitions}", f"--benchmark_min_time={min_time}",
         "--benchmark_enable_random_interleaving=true", "--benchmark_format=json",
         f"--benchmark_filter={only}"],
        stdout=subprocess.PIPE, check=True).stdout
    times, rates, counters = (collections.defaultdict(list) for _ in range(3))
    for run in json.loads(out)["benchmarks"]:
        if run.get("error_occurred"):
            sys.exit(f"{run['name']}: {run['error_message']}")
        if run["run_type"] != "iteration":
            continue
        name = run["run_name"].split("/iterations:")[0].split("/repeats:")[0]
        scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["time_unit"]]
        times[name].append(run.get("best_ns", run["cpu_time"] * scale))
        if "items_per_second" in run:
            rates[name].append(run["items_per_second"])
        for counter, value in run.items():
            if counter not in REPORTED and isinstance(value, (int, float)):
                counters[name, counter].append(value)
    median = lambda table: {name: statistics.median(values) for name, values in table.items()}
    return median(times), median(rates), median(counters)


BOUNDS = {"at_most", "at_least", "at_most_ns", "at_most_bytes"}


def judge(bound, times, rates, counters):
    """Returns a figure, its bound as text, and whether the bound holds: None without a bound."""
    what = bound["what"]
    if what.endswith("*"):
        what = max((name for name in times if name.startswith(what[:-1])), key=times.get)
    counter = bound.get("counter")
    if counter:
        times = {name: value for (name, counted), value in counters.items() if counted == counter}
        if not BOUNDS & bound.keys() or "at_most" in bound and "against" not in bound:
            value, most = times[what], bound.get("at_most")
            unit = " " + bound.get("unit", counter)
            return (f"{value:,.1f}{unit}", "" if most is None else f"at most {most:,}{unit}",
                    None if most is None else value <= most)
    if "at_most_ns" in bound:
        value = times[what]
        return f"{value:,.1f} ns", f"at most {bound['at_most_ns']:,} ns", value <= bound["at_most_ns"]
    if "at_most_bytes" in bound:
        value, most = counters[what, "bytes"], bound["at_most_bytes"]
        if most < 1e6:
            return f"{value:,.1f} bytes", f"at most {most:,} bytes", value <= most
        return f"{value / 1e6:.1f} MB", f"at most {most / 1e6:.0f} MB", value <= most
    against = bound["against"] if isinstance(bound["against"], list) else [bound["against"]]
    if bound.get("rate"):
        value = rates[what] / rates[against[0]]
    elif "at_least" in bound:
        value = min(times[a] for a in against) / times[what]  # how many times faster than the best
    else:
        value = times[what] / min(times[a] for a in against)
    if "at_least" in bound:
        return f"{value:.2f} x", f"at least {bound['at_least']} x", value >= bound["at_least"]
    return f"{value:.3f} x", f"at most {bound['at_most']} x", value <= bound["at_most"]


def names_in(bound):
    against = bound.get("against", [])
    return {bound["what"], *([against] if isinstance(against, str) else against)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("bounds")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--min-time", type=float, default=0.1)
    parser.add_argument("--filter", default=".")
    options = parser.parse_args()
    with open(options.bounds, encoding="utf-8") as file:
        bounds = json.load(file)
    print(f"{options.repetitions} interleaved repetitions of each benchmark ...", file=sys.stderr)
    results = measure(options.program, options.repetitions, options.min_time, options.filter)
    missed = 0
    for bound in bounds:
        if options.filter != "." and not names_in(bound) <= set(results[0]):
            continue
        value, asked, holds = judge(bound, *results)
        missed += holds is False
        print(f"{ {True: 'ok', False: 'MISSED', None: ''}[holds]:<6} {bound['figure']:<52} {value:>14}   {asked}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
