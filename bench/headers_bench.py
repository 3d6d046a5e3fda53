#!/usr/bin/env python3
"""Measures the price of the headers, and prints the JSON form of Google Benchmark.

    bench/headers_bench.py

BM_Header_Compile/NAME         processor time of `c++ -fsyntax-only` for a program of one include, and its
                               preprocessed lines without blank ones; NAME is a public header, or a peer
BM_Program_LocalTime/LINKED    a program that prints one local time: the time of its compilation with -O2, its
                               bytes stripped, and its system calls from start to end, by strace; Abseil is linked
                               `shared`, as CMake does it on Debian, or `static`
BM_Program_AllZones            a program that compiles every zone: the same time, and its resident bytes

With BENCH_QUICK=1 in the environment only the two whole headers and Boost.Asio are compiled.
"""
import concurrent.futures
import functools
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"
COMPILE = [os.environ.get("CXX", "c++"), "-std=c++20", f"-I{INCLUDE}"]
PEERS = ("chrono", "date/tz.h", "absl/time/time.h", "absl/status/statusor.h", "boost/asio.hpp")
WHOLE = ("masterclock/master_clock.h", "masterclock/masterclock.h")
ABSEIL = ("absl_status", "absl_statusor", "absl_strings")


class Failed(Exception):
    pass


def run(*command, text=""):
    """The output of a command, and the milliseconds of processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        child = subprocess.run([str(part) for part in command], input=text, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, check=False)
    except FileNotFoundError as error:
        raise Failed(f"{command[0]} is not installed") from error
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise Failed(f"{command[0]} failed: {child.stderr.strip()[-300:]}")
    return child.stdout, 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def row(name, measure):
    """A row of what `measure` returns: milliseconds, and counters."""
    head = {"name": name, "run_name": name, "run_type": "iteration", "time_unit": "ms"}
    try:
        took, counters = measure()
    except Failed as error:
        return head | {"error_occurred": True, "error_message": str(error)}
    return head | {"real_time": took, "cpu_time": took} | counters


def public_headers():
    for path in sorted(INCLUDE.rglob("*.h")):
        if "internal" not in path.parts:
            yield path.relative_to(INCLUDE).as_posix()


@functools.cache
def lines_of(header):
    lines, _ = run(*COMPILE, "-E", "-P", "-x", "c++", "-", text=f"#include <{header}>\n")
    return sum(1 for line in lines.splitlines() if line.strip())


def compile_header(header):
    _, took = run(*COMPILE, "-fsyntax-only", "-x", "c++", "-", text=f"#include <{header}>\n")
    return took, {"lines": lines_of(header)}


def header_row(header):
    name = header.removeprefix("masterclock/").rpartition(".")[0] or header
    return row(f"BM_Header_Compile/{name}", lambda: compile_header(header))


def header_rows(quick):
    """One row for each header. Whole headers and peers are compiled in turn three times, so that a change of the load
    meets all of them; the best time counts. The other headers have no goal, and are compiled once, on all cores."""
    headers = ["absl/status/statusor.h", "boost/asio.hpp", *WHOLE] if quick else [*PEERS, *WHOLE]
    best = {}
    for header in headers * (1 if quick else 3):
        now = header_row(header)
        best[header] = min(best.get(header, now), now, key=lambda each: each.get("cpu_time", 0))
    if quick:
        return list(best.values())
    others = [header for header in public_headers() if header not in headers]
    with concurrent.futures.ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return [*best.values(), *pool.map(header_row, others)]


def libraries(linked):
    """The linker's options. The static ones leave the C and C++ libraries shared."""
    out, _ = run("pkg-config", "--libs", *(["--static"] if linked == "static" else []), *ABSEIL)
    wanted = [option for option in out.split() if option.startswith("-labsl")]
    return ["-Wl,-Bstatic", *wanted, "-Wl,-Bdynamic"] if linked == "static" else wanted


def system_calls(program, folder):
    trace = folder / "trace"
    run("strace", "-f", "-o", trace, program)
    return sum(1 for line in trace.read_text(encoding="utf-8").splitlines() if "(" in line and " resumed>" not in line)


def build_program(source, linked, folder):
    program = folder / source
    _, took = run(*COMPILE, "-O2", "-DNDEBUG", "-s", ROOT / "bench" / "programs" / f"{source}.cc", "-o", program,
                  *libraries(linked), "-pthread")
    return program, took


def local_time(linked, folder):
    program, took = build_program("one_local_time", linked, folder)
    return took, {"bytes": program.stat().st_size, "system_calls": system_calls(program, folder)}


def all_zones(folder):
    program, took = build_program("all_zones", "shared", folder)
    return took, {"bytes": int(run(program)[0])}


def main():
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    rows = header_rows(os.environ.get("BENCH_QUICK") == "1")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rows += [row("BM_Program_LocalTime/shared", lambda: local_time("shared", folder)),
                 row("BM_Program_LocalTime/static", lambda: local_time("static", folder)),
                 row("BM_Program_AllZones", lambda: all_zones(folder))]
    print(json.dumps({"benchmarks": rows}, indent=1))


if __name__ == "__main__":
    main()
