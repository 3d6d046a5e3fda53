#!/usr/bin/env python3
"""Times Python's zoneinfo with the questions of zones_bench, and prints the same JSON form.

usage: zoneinfo_bench.py [--answers build/bench/bench/zone_answers]

Compares every answer with that of this library before it times anything. A question is a datetime that exists
before the clock starts; an answer is a datetime.
"""
import argparse
import datetime as dt
import json
import pathlib
import subprocess
import sys
import time
import zoneinfo

UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1)
PASSES = 5


def count(reading):
    """Returns the seconds from 1970 to a local reading."""
    return (reading.replace(tzinfo=None) - EPOCH) // dt.timedelta(seconds=1)


def resolve(local):
    """Returns the earlier instant of a local reading. In a gap, the offset after the change applies."""
    offsets = local.utcoffset(), local.replace(fold=1).utcoffset()
    return (local.replace(tzinfo=None) - max(offsets)).replace(tzinfo=UTC)


class Question:
    def __init__(self, zone, other, utc):
        self.zone, self.other = zoneinfo.ZoneInfo(zone), zoneinfo.ZoneInfo(other)
        self.utc = dt.datetime.fromtimestamp(utc, UTC)
        self.local = (EPOCH + dt.timedelta(seconds=utc)).replace(tzinfo=self.zone)


ROWS = {  # the name, a function that answers, and the place of its answer among those of this library
    "BM_Zoneinfo_ToLocal": (lambda q: q.utc.astimezone(q.zone), 0),
    "BM_Zoneinfo_Resolve": (lambda q: resolve(q.local), 1),
    "BM_Zoneinfo_Convert": (lambda q: resolve(q.local).astimezone(q.other), 2),
    "BM_Zoneinfo_Rfc3339": (lambda q: q.utc.astimezone(q.zone).isoformat(timespec="milliseconds"), None),
}


def best_ns(answer, questions):
    best = None
    for _ in range(PASSES):
        begin = time.perf_counter_ns()
        for question in questions:
            answer(question)
        each = (time.perf_counter_ns() - begin) / len(questions)
        best = each if best is None else min(best, each)
    return best


def row(name, ns, passes):
    return {"name": name, "run_name": name, "run_type": "iteration", "iterations": passes, "threads": 1,
            "real_time": ns, "cpu_time": ns, "time_unit": "ns", "best_ns": ns}


def main():
    beside = pathlib.Path(__file__).resolve().parent.parent / "build/bench/bench/zone_answers"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", default=beside, help="the program that prints questions and answers")
    program = parser.parse_args().answers
    try:
        lines = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"{program}: {error}")
    loads = {}
    for line in lines:
        load, zone, other, *numbers = line.split()
        numbers = [int(number) for number in numbers]
        loads.setdefault(load, []).append((Question(zone, other, numbers[0]), numbers[1:]))
    rows = []
    for load, asked in loads.items():
        for name, (answer, field) in ROWS.items():
            if name == "BM_Zoneinfo_Convert" and load != "random":
                continue
            for question, expected in asked if field is not None else []:
                if count(answer(question)) != expected[field]:
                    sys.exit(f"{name}/{load}: zoneinfo differs in {question.zone} at {question.utc}: "
                             f"{count(answer(question))}, here {expected[field]}")
            ns = best_ns(answer, [question for question, _ in asked])
            rows.append(row(f"{name}/{load}", ns, PASSES))
    here = zoneinfo.ZoneInfo("Europe/Dublin")
    now = {"BM_Zoneinfo_NowUtc": lambda _: dt.datetime.now(UTC),
           "BM_Zoneinfo_NowLocalZone": lambda _: dt.datetime.now(here)}
    for name, answer in now.items():
        rows.append(row(name, best_ns(answer, range(20_000)), PASSES))
    json.dump({"context": {"executable": __file__}, "benchmarks": rows}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
