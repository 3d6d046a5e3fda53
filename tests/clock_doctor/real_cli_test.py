#!/usr/bin/env python3
"""Runs clock_doctor on this machine: its screen, its JSON and its exit status agree.

    real_cli_test.py CLOCK_DOCTOR
"""

import json
import os
import subprocess
import sys

program = sys.argv[1]
MARKS = {"good": "     ", "attention": "  !  ", "bad": " !!  "}
LEVELS = ["good", "attention", "bad"]


def call(*arguments, **options):
    return subprocess.run([program, *arguments], stdout=options.pop("stdout", subprocess.PIPE),
                          stderr=subprocess.PIPE, text=True, timeout=60, **options)


def agree():
    """Compares two calls. The machine may change between them, so the caller retries."""
    screen, printed = call(), call("--json")
    for result in (screen, printed):
        assert result.returncode in (0, 1, 2) and result.stderr == "", result
    report = json.loads(printed.stdout)
    assert report["exit_status"] == printed.returncode, printed
    worst = max(LEVELS.index(finding["level"]) for finding in report["findings"])
    assert worst == printed.returncode, printed.stdout
    lines = screen.stdout.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80, screen.stdout
    shown = [(line[:5], line[5:17].strip()) for line in lines[2:] if not line.lstrip().startswith(">")]
    expected = [(MARKS[finding["level"]], finding["check"]) for finding in report["findings"]]
    advice = sum(line.lstrip().startswith(">") for line in lines)
    print(screen.stdout)
    return (shown == expected and screen.returncode == printed.returncode and
            f"{report['verdict']} (exit status {report['exit_status']})" in lines[0] and
            advice == sum(finding["advice"] is not None for finding in report["findings"]))


assert any(agree() for _ in range(3)), "screen and JSON disagree"

for arguments in (["--nonsense"], ["more"], ["--chrony", "localhost"], ["--ptp4l", "ptp4l"], ["--domain", "256"],
                  ["--domain", "x"]):
    wrong = call(*arguments)
    assert wrong.returncode == 64 and wrong.stdout == "", wrong
    assert wrong.stderr.startswith("clock_doctor: ") and wrong.stderr.count("\n") == 1, wrong
assert call("--help").returncode == 0
with open("/dev/full", "w") as full:
    assert call(stdout=full).returncode == 74
# A missing stdout is an error of the output, too: no file that the program opens takes its place.
assert subprocess.run(f"{program} >&-", shell=True, stderr=subprocess.PIPE, timeout=60).returncode == 74


def zone_with(tz):
    """The finding about the zone, with TZ set to `tz`."""
    environment = {name: value for name, value in os.environ.items() if name != "TZ"}
    if tz is not None:
        environment["TZ"] = tz
    return next(finding for finding in json.loads(call("--json", env=environment).stdout)["findings"]
                if finding["check"] == "zone")


# TZ=:/etc/localtime is the default, not an error. A file that is no zone is one.
default = zone_with(None)
for tz in (":/etc/localtime", "/etc/localtime", ":/etc/../etc/localtime"):
    assert zone_with(tz) == default, (tz, zone_with(tz), default)
assert zone_with(":Europe/Dublin")["says"] == "Europe/Dublin"
assert zone_with(":/etc/passwd")["level"] == "attention"
