"""Compares every zone with CPython's zoneinfo and with zdump, which share no code with the library.

zoneinfo gives offsets, abbreviations and local times, at random instants from 1700 to 2260 and near each
change. zdump gives the changes themselves.

usage: zone_oracle_test.py ZONE_ANSWERS [--zones N] [--random N]
"""
import argparse
import datetime
import random
import shutil
import subprocess
import sys
import zoneinfo

EPOCH = datetime.datetime(1970, 1, 1)
UTC = datetime.timezone.utc
SECOND = datetime.timedelta(seconds=1)


def seconds_of(year):
    return int((datetime.datetime(year, 1, 1) - EPOCH) / SECOND)


# Zones with a winter that the database marks as daylight time, and the library does not.
NEGATIVE_DAYLIGHT = {"Europe/Dublin", "Eire", "Europe/Prague", "Europe/Bratislava", "Africa/Windhoek",
                     "Africa/Casablanca", "Africa/El_Aaiun"}

FROM, UNTIL = seconds_of(1700), seconds_of(2260)
REPETITIVE = seconds_of(2040)  # from here on every year has the same changes


def zdump(zone):
    """The changes of a zone: {instant: (offset, abbreviation, is_dst)} from that instant on."""
    out = subprocess.run(["zdump", "-v", "-c", "1700,2260", zone], capture_output=True, text=True,
                         check=True).stdout
    changes = {}
    for line in out.splitlines():
        # Europe/Dublin  Sun Mar 29 01:00:00 2026 UT = Sun Mar 29 02:00:00 2026 IST isdst=0 gmtoff=3600
        words = line.split()
        if "gmtoff" not in words[-1]:
            continue
        at = datetime.datetime.strptime(" ".join(words[1:6]), "%a %b %d %H:%M:%S %Y")
        instant = int((at - EPOCH) / SECOND)
        if FROM <= instant < UNTIL:
            changes[instant] = (int(words[-1].removeprefix("gmtoff=")), words[-3],
                                words[-2].removeprefix("isdst="))
    return changes


class Questions:
    def __init__(self, program):
        self.program, self.lines, self.expected = program, [], []

    def ask(self, question, expected):
        self.lines.append(question)
        self.expected.append(expected)

    def wrong(self):
        out = subprocess.run([self.program], input="\n".join(self.lines), capture_output=True,
                             text=True, check=True).stdout.splitlines()
        assert len(out) == len(self.lines), "one answer for every question"
        return [f"{q}: expected {e}, got {a}" for q, e, a in zip(self.lines, self.expected, out)
                if a.split()[:len(e.split())] != e.split()]


def expect_instant(zone, name, at):
    local = (EPOCH + at * SECOND).replace(tzinfo=UTC).astimezone(zone)
    return f"{round(local.utcoffset() / SECOND)} {local.tzname()}"


def expect_wall(zone, at):
    wall = (EPOCH + at * SECOND).replace(tzinfo=zone)
    first = round(wall.utcoffset() / SECOND)
    second = round(wall.replace(fold=1).utcoffset() / SECOND)
    if first == second:
        return f"unique {at - first} {at - first}"
    # PEP 495: in a fold the first pass has the larger offset; in a gap fold=0 takes the offset before.
    return f"fold {at - first} {at - second}" if first > second else f"gap {at - second} {at - first}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--random", type=int, default=300, help="random instants a zone")
    parser.add_argument("--late-changes", type=float, default=0.1,
                        help="the part of the changes after 2040 whose neighbourhood is asked")
    options = parser.parse_args()

    names = subprocess.run([options.program], input="N\n", capture_output=True, text=True,
                           check=True).stdout.split()
    missing = zoneinfo.available_timezones() - set(names)
    if missing:
        sys.exit(f"names that zoneinfo has and we do not: {sorted(missing)}")
    have_zdump = shutil.which("zdump") is not None
    if not have_zdump:
        print("zdump is not installed: changes are compared with zoneinfo alone")

    rng = random.Random(20260329)
    ours = subprocess.run([options.program], capture_output=True, text=True, check=True,
                          input="\n".join(f"T {n} {FROM} {UNTIL}" for n in names)).stdout.splitlines()
    questions = Questions(options.program)
    for name, turns in zip(names, ours):
        zone = zoneinfo.ZoneInfo(name)
        instants = {int(t) for t in turns.split()}
        if have_zdump:
            listed = zdump(name)
            for at, (offset, abbreviation, is_dst) in listed.items():
                daylight = "" if name in NEGATIVE_DAYLIGHT else is_dst
                questions.ask(f"U {name} {at}", f"{offset} {abbreviation} {daylight}")
            instants |= listed.keys()
        for at in sorted(instants):
            if at > REPETITIVE and rng.random() > options.late_changes:
                continue
            for near in (at - 1, at, at + 1):
                questions.ask(f"U {name} {near}", expect_instant(zone, name, near))
                before = round((EPOCH + (at - 1) * SECOND).replace(tzinfo=UTC).astimezone(zone)
                               .utcoffset() / SECOND)
                after = round((EPOCH + at * SECOND).replace(tzinfo=UTC).astimezone(zone)
                              .utcoffset() / SECOND)
                for wall in {near + before, near + after, near + (before + after) // 2}:
                    questions.ask(f"L {name} {wall}", expect_wall(zone, wall))
        for _ in range(options.random):
            at = rng.randrange(FROM, UNTIL)
            questions.ask(f"U {name} {at}", expect_instant(zone, name, at))
            questions.ask(f"L {name} {at}", expect_wall(zone, at))

    wrong = questions.wrong()
    for line in wrong[:40]:
        print(line)
    print(f"{len(names)} zones, {len(questions.lines)} questions, {len(wrong)} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
