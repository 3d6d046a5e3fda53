#!/usr/bin/env python3
"""Installs the C library into an empty folder, and builds and runs a program with it by pkg-config.

    installed_test.py CMAKE BUILD CC PROGRAM.c
"""
import os
import pathlib
import subprocess
import sys
import tempfile


def main():
    cmake, build, compiler, program = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        prefix = pathlib.Path(name) / "prefix"
        subprocess.run([cmake, "--install", build, "--component", "c_abi", "--prefix", prefix], check=True)
        found = sorted(path.name for path in prefix.rglob("*") if not path.is_dir())
        library, = prefix.rglob("libmasterclock_c.so.1")
        if found != ["libmasterclock_c.so", "libmasterclock_c.so.1", "masterclock_c.h", "masterclock_c.pc"]:
            sys.exit(f"installed: {found}")
        environment = {**os.environ, "PKG_CONFIG_PATH": str(library.parent / "pkgconfig"),
                       "LD_LIBRARY_PATH": str(library.parent)}
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "masterclock_c"], env=environment, check=True,
                               capture_output=True, text=True).stdout.split()
        hello = pathlib.Path(name) / "hello"
        subprocess.run([compiler, "-std=c99", program, "-o", hello, *flags], check=True)
        subprocess.run([hello], env=environment, check=True)


if __name__ == "__main__":
    main()
