#!/usr/bin/env python3
"""Compiles each header alone, twice in a row, with no code generated. Exits 1 if a compiler complains.

    check_headers.py HEADER_FOLDER COMPILER OPTION...

Include guards and missing includes show in this test only: every other test includes several headers.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys


def compile_alone(compiler, header):
    text = f'#include "{header}"\n' * 2
    result = subprocess.run([*compiler, "-fsyntax-only", "-x", "c++", "-"], input=text,
                            capture_output=True, encoding="utf-8")
    return "" if result.returncode == 0 else f"{header} does not compile alone:\n{result.stderr}"


def check(folder, compiler):
    """The messages of all headers that do not compile."""
    headers = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.h"))]
    if not headers:
        return [f"{folder} holds no header"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [message for message in pool.map(lambda header: compile_alone(compiler, header), headers) if message]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    failures = check(pathlib.Path(sys.argv[1]), sys.argv[2:])
    print("\n".join(failures) if failures else "every header compiles alone")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
