#!/usr/bin/env python3
"""Copies the headers with another name of the version namespace, as if they were another version.

    copy_as_version.py HEADER_FOLDER OUTPUT_FOLDER NAMESPACE
"""

import pathlib
import re
import sys


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    headers, output, name = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    for path in headers.rglob("*.h"):
        target = output / path.relative_to(headers)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        target.write_text(re.sub(r"(?<=inline )v\d+_\d+\b", name, text), encoding="utf-8")


if __name__ == "__main__":
    main()
