#!/usr/bin/env python3
"""Runs a program and compares its output with the output that its opening comment shows.

    check_opening_comment.py [--longest LINES] SOURCE PROGRAM

The opening comment, of C++ or of C, shows the output as indented lines. In them, <text> stands for any text.
"""

import argparse
import difflib
import pathlib
import re
import subprocess
import sys

def shown_output(source):
    """The indented lines of the opening comment."""
    lines = []
    for line in source.splitlines():
        if not line.startswith(("//", "/*", " *")) or line == " */":
            break
        if line.startswith(("//   ", " *   ")):
            lines.append(line[len("//   "):])
    return lines


def agrees(shown, printed):
    """True when `printed` is `shown`, with any text in place of each <text>."""
    parts = re.split(r"<[^>]*>", shown)
    return re.fullmatch(".+".join(map(re.escape, parts)), printed) is not None


def differences(shown, printed):
    if len(shown) == len(printed) and all(map(agrees, shown, printed)):
        return []
    return list(difflib.unified_diff(shown, printed, "shown", "printed", lineterm=""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--longest", type=int, default=59, help="the most lines of the source (59)")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("program")
    given = parser.parse_args()
    source = given.source.read_text(encoding="utf-8")
    length = len(source.splitlines())
    if length > given.longest:
        sys.exit(f"{given.source} has {length} lines, expected at most {given.longest}")
    shown = shown_output(source)
    if not shown:
        sys.exit(f"{given.source} shows no output in its opening comment")
    result = subprocess.run([given.program], capture_output=True, encoding="utf-8", timeout=60)
    found = differences(shown, (result.stdout + result.stderr).splitlines())
    print("\n".join(found) if found else f"{len(shown)} lines shown and printed")
    sys.exit(bool(found) or result.returncode)


if __name__ == "__main__":
    main()
