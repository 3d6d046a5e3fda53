#!/usr/bin/env python3
"""Runs a benchmark program and holds its ratios against their bounds, within the one run.

A machine is shared and its speed drifts, so a time by itself means little. Every bound here is a ratio of
two medians (processor time) from repetitions that were interleaved at random, or, where a figure was asked
for in nanoseconds, that time beside the reading of the clock in the same run. A benchmark that times passes
of its own gives the quickest of them as the counter `best_ns`, which then takes the place of processor time.

usage: ratios.py PROGRAM BOUNDS.json [--repetitions 9] [--min-time 0.1] [--filter REGEX]

With --filter only the benchmarks that match run, and only the bounds that need no others are judged.

BOUNDS.json: a list of {"figure", "what", "against", "at_most" | "at_least" | "at_most_ns" | "at_most_bytes"}.
`against` may be a list, of which the best counts; a `what` that ends in * stands for the slowest of those that
begin so. With "counter" it is not the time that is judged but what the benchmark counted under that name,
"at_most" then stands for itself when there is no `against`, and "unit" is what it is counted in. A figure
with no bound is printed and promises nothing. Exit status 1 when a bound is missed.
"""
import argparse
import collections
import json
import statistics
import subprocess
import sys


# What the library of the benchmarks says of every run; all else in it is a counter of the benchmark's own.
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
    """The words for a figure, those for its bound, and whether it holds: None when it has none."""
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
