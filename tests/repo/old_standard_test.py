#!/usr/bin/env python3
"""Compiles each public header as C++17. Exits 1 unless each one states the cause, and nothing else.

    old_standard_test.py HEADER_FOLDER COMPILER OPTION...

The expected output has two errors: the #error of version.h, and the missing include that ends the compilation.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ERROR = re.compile(r"\b(?:fatal )?error: (.*)")


def compile_as_cpp17(compiler, header):
    result = subprocess.run([*compiler, "-std=c++17", "-fsyntax-only", "-x", "c++", "-"],
                            input=f'#include "{header}"\n', capture_output=True, encoding="utf-8")
    errors = ERROR.findall(result.stderr)
    expected = (result.returncode != 0 and len(errors) == 2 and "masterclock requires C++20" in errors[0]
                and "this_compiler_mode_is_not_supported" in errors[1])
    return "" if expected else f"{header} as C++17, exit {result.returncode}:\n{result.stderr}"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:] + [f"-I{sys.argv[1]}"]
    headers = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.h"))]
    public = [header for header in headers if "internal" not in header.split("/")]
    if not public:
        sys.exit(f"{folder} holds no header")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = [text for text in pool.map(lambda header: compile_as_cpp17(compiler, header), public) if text]
    print("\n".join(failures) if failures else f"{len(public)} headers require C++20 in one message")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
