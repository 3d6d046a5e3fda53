#!/usr/bin/env python3
"""Runs a program and compares its output with the output that its opening comment shows.

    check_opening_comment.py SOURCE PROGRAM

The opening comment, of C++ or of C, shows the output as indented lines. In them, <text> stands for any text.
"""

import difflib
import pathlib
import re
import subprocess
import sys

LONGEST = 60  # lines of a program


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
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    length = len(source.splitlines())
    if length >= LONGEST:
        sys.exit(f"{sys.argv[1]} has {length} lines, expected fewer than {LONGEST}")
    shown = shown_output(source)
    if not shown:
        sys.exit(f"{sys.argv[1]} shows no output in its opening comment")
    result = subprocess.run([sys.argv[2]], capture_output=True, encoding="utf-8", timeout=60)
    found = differences(shown, (result.stdout + result.stderr).splitlines())
    print("\n".join(found) if found else f"{len(shown)} lines shown and printed")
    sys.exit(bool(found) or result.returncode)


if __name__ == "__main__":
    main()
