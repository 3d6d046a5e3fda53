#!/usr/bin/env python3
"""Counts the instructions of each hot path, and compares them with the committed table.

    instruction_counts.py HOT_PATHS TABLE           exits 1 if a path has more than 5 % more instructions
    instruction_counts.py --write HOT_PATHS TABLE   writes the table anew

HOT_PATHS is the program of hot_paths.cc. It runs under `valgrind --tool=callgrind`, so the load of the machine
changes no count. The tunables below hide the processor's own instructions from the C library, so that it
takes the same memcpy on every x86-64 processor. The counts belong to g++ 12 -O2 and the C library of Debian 12.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LIMIT = 0.05
SKIPPED = 77  # SKIP_RETURN_CODE of the test
HIDDEN = ("AVX", "AVX2", "AVX512F", "AVX512VL", "AVX512BW", "AVX_Fast_Unaligned_Load", "BMI1", "BMI2", "ERMS", "FSRM",
          "LZCNT", "MOVBE", "POPCNT", "RTM", "SSSE3", "SSE4_1", "SSE4_2")
HEADING = """\
# Instructions per call of each hot path: x86-64, g++ 12 -O2. The loop of the guard costs one to three of them.
# A build writes the table anew: cmake --build build/default --target write_instruction_counts
"""


def counted(program):
    """{path: instructions per call}, in the order of the program."""
    with tempfile.TemporaryDirectory() as folder:
        profile = pathlib.Path(folder) / "profile"
        environment = os.environ | {"LD_BIND_NOW": "1", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=" +
                                    ",".join("-" + name for name in HIDDEN)}
        run = subprocess.run(
            ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", "--combine-dumps=yes",
             f"--callgrind-out-file={profile}", program],
            env=environment, stdout=subprocess.PIPE, text=True, check=False)
        if run.returncode:
            sys.exit(f"instruction_counts: {program} failed")
        return per_call(run.stdout, profile.read_text(encoding="utf-8"))


def per_call(output, profile):
    """From the lines `path TAB calls TAB allocations` of the program, and the dumps of callgrind."""
    calls = {path: int(count) for path, count, _ in (line.split("\t") for line in output.splitlines())}
    totals = {}
    for part in re.split(r"^part: ", profile, flags=re.M)[1:]:
        path = re.search(r"^desc: Trigger: Client Request: (.*)$", part, re.M)
        total = re.search(r"^(?:totals|summary): (\d+)", part, re.M)
        if path and total:
            totals[path[1]] = int(total[1])
    if calls.keys() - totals.keys():
        sys.exit("instruction_counts: callgrind did not count " + ", ".join(sorted(calls.keys() - totals.keys())))
    return {path: totals[path] / count for path, count in calls.items()}


def read_table(text):
    rows = (line.rsplit(None, 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {path: float(count) for path, count in rows}


def write_table(counts):
    return HEADING + "".join(f"{path:<30}{count:>10.1f}\n" for path, count in counts.items())


def compare(table, counts):
    """The lines of the report, and whether the counts are acceptable."""
    lines, good, fell = [f"{'path':<30}{'committed':>10}{'now':>10}  change"], True, False
    for path in table | counts:
        old, new = table.get(path), counts.get(path)
        if old is None or new is None:
            good = False
            lines.append(f"{path:<30}" + ("  is not in the table" if old is None else "  is in the table only"))
            continue
        change = new / old - 1
        verdict = ""
        if new > old * (1 + LIMIT):
            good, verdict = False, "  more than 5 % more"
        elif new < old * (1 - LIMIT):
            fell, verdict = True, "  more than 5 % fewer"
        lines.append(f"{path:<30}{old:>10.1f}{new:>10.1f}{change:>+8.1%}{verdict}")
    if not good or fell:
        lines.append("To write the table anew: cmake --build build/default --target write_instruction_counts")
    return lines, good


def main():
    arguments = sys.argv[1:]
    write = arguments[:1] == ["--write"]
    if len(arguments) != 2 + write:
        sys.exit(__doc__)
    program, table = arguments[-2], pathlib.Path(arguments[-1])
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        sys.exit(SKIPPED)
    counts = counted(program)
    if write:
        table.write_text(write_table(counts), encoding="utf-8")
        return
    lines, good = compare(read_table(table.read_text(encoding="utf-8")), counts)
    print("\n".join(lines))
    sys.exit(not good)


if __name__ == "__main__":
    main()
