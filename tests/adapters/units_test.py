#!/usr/bin/env python3
"""Checks each unit of systemd: its program has the options, and `systemd-analyze verify` has no complaint.

    units_test.py UNITS PROGRAM...

Skips the second check, with status 77, where systemd-analyze is not installed.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def check_options(unit, line, program):
    words = line.split()
    options = [word for word in words if word.startswith("--")]
    if not options:
        return
    command = [program, *words[1:2]] if len(words) > 1 and not words[1].startswith("-") else [program]
    known = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=30).stdout
    for option in options:
        if not re.search(rf"(?<![\w-]){option}(?![\w-])", known):
            sys.exit(f"{unit.name}: {' '.join(map(str, command))} has no {option}")


def main():
    units, programs = pathlib.Path(sys.argv[1]), {path.name: path for path in map(pathlib.Path, sys.argv[2:])}
    found = sorted(units.glob("*.service"))
    lines = {unit: re.search(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)[1] for unit in found}
    if not found or {unit.stem for unit in found} - programs.keys():
        sys.exit(f"units {[unit.name for unit in found]}, programs {list(programs)}")
    for unit, line in lines.items():
        check_options(unit, line, programs[pathlib.Path(line.split()[0]).name])
    if not shutil.which("systemd-analyze"):
        print("skipped: systemd-analyze is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        for unit in found:
            copy = pathlib.Path(folder) / unit.name
            copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE))
            checked = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True)
            complaints = [line for line in checked.stderr.splitlines() if unit.name in line]
            if complaints:
                sys.exit("\n".join(complaints))
    print("the units are good")


if __name__ == "__main__":
    main()
