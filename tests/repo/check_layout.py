#!/usr/bin/env python3
"""Keeps the house in order: prints one line a breach, and exits 1 if there was any.

    check_layout.py PROJECT_FOLDER

What it holds the tree to:
  * rooms include one another only as reading_order.txt says, and no header includes itself by a circle;
  * masterclock.h reaches every header that is meant for users, the fakes of testing/ aside;
  * date/tz.h is included in zones/internal/date_tz.h alone, and no public header speaks `date::`;
  * one file reads the system's clocks, and one the time stamp counter;
  * the library writes to no stream;
  * a test that sleeps says in its file's name that it is about real time (real_..._test.cc);
  * a header carries its include guard and stays within 400 lines.
Comments and string literals do not count. check_layout_test.py shows that each rule can fail.
"""

import pathlib
import re
import sys

LIBRARY = "include/masterclock/"
READS_CLOCKS = {LIBRARY + "time/system_time_source.h", LIBRARY + "sync/internal/tsc_counter.h"}
INCLUDES_DATE_TZ = LIBRARY + "zones/internal/date_tz.h"
LONGEST_HEADER = 400
# version.h includes this missing file so that one error ends a compilation below C++20.
STOPS_OLD_COMPILERS = "masterclock/this_compiler_mode_is_not_supported"

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)"
      | "(?:\\.|[^"\\\n])*"
      | (?P<number>\b[0-9][0-9a-zA-Z_.']*)
      | '(?:\\.|[^'\\\n])+'""",
    re.S | re.X)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)

CLOCK = re.compile(
    r"""\b\w*_clock\s*::\s*now\b | \bclock_gettime\b | \bclock_getres\b | \bgettimeofday\b
      | \btimespec_get\b | \bftime\b | \blocaltime(?:_r)?\s*\( | \b_?rdtscp?\b
      | (?<![\w.>:])(?:std\s*::\s*|::\s*)?time\s*\(\s*(?:0|NULL|nullptr|&\s*\w+)\s*\)
      | \bstd\s*::\s*(?:time|clock)\s*\( | \babsl\s*::\s*(?:Now|GetCurrentTimeNanos)\b
      | \bcurrent_zone\b""",
    re.X)
STREAM = re.compile(
    r"""\bstd\s*::\s*w?(?:cout|cerr|clog)\b | (?<!\w)v?f?printf\s*\( | (?<!\w)(?:f?puts|f?putc|putchar)\s*\(
      | \bperror\s*\( | \bv?syslog\s*\( | \bstd\s*::\s*ofstream\b | \bSTD(?:OUT|ERR)_FILENO\b
      | \bfwrite\s*\( | \b(?:stdout|stderr)\b""",
    re.X)
STREAM_HEADERS = {"iostream", "ostream", "syncstream", "print", "syslog.h"}
SLEEP = re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep)\b|(?<![\w.])sleep\s*\(")
PYTHON_SLEEP = re.compile(r"\btime\.sleep\b|\bfrom time import\b.*\bsleep\b")


def code(text):
    """The text with comments and literals blanked, line for line."""
    def blank(match):
        if match["number"]:
            return match[0]
        return ("" if match["comment"] else '""') + "\n" * match[0].count("\n")
    return TOKEN.sub(blank, text)


class House:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.breaches = []

    def say(self, path, position, text, what):
        line = text.count("\n", 0, position) + 1
        self.breaches.append(f"{path}:{line}: {what}")

    def sources(self, folder, suffixes):
        for path in sorted((self.root / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(self.root).as_posix(), path.read_text(encoding="utf-8")

    def forbid(self, path, text, pattern, what):
        for match in pattern.finditer(text):
            self.say(path, match.start(), text, f"{what}: {' '.join(match[0].split())}")

    def check(self):
        headers = dict(self.sources(LIBRARY, {".h"}))
        self.rooms(headers)
        self.circles(headers)
        self.everything(headers)
        for path, text in headers.items():
            self.header(path, text)
        for folder in ("include", "examples"):
            for path, text in self.sources(folder, {".h", ".cc", ".cpp"}):
                if path not in READS_CLOCKS:
                    self.forbid(path, code(text), CLOCK, "reads a system clock")
        for path, text in self.sources("tests", {".h", ".cc", ".cpp", ".py"}):
            if "real" not in pathlib.PurePosixPath(path).name:
                python = path.endswith(".py")
                self.forbid(path, text if python else code(text),
                            PYTHON_SLEEP if python else SLEEP, "sleeps, and its name does not say real")
        return self.breaches

    def includes(self, path, text):
        """(position, the included path or <name>) of each include; comments do not count."""
        for match in INCLUDE.finditer(TOKEN.sub(lambda m: "\n" * m[0].count("\n") if m["comment"] else m[0], text)):
            yield match.start(2), match[2] if match[1] == '"' else f"<{match[2]}>"

    def rooms(self, headers):
        may = {}
        for line in (pathlib.Path(__file__).parent / "reading_order.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                room, names = line.split(":")
                names = list(may) if names.split() == ["*"] else names.split()
                for name in names:
                    if name not in may:
                        self.breaches.append(f"reading_order.txt: {room} includes {name}, which is not above it")
                may[room] = {room, *names}
        for path, text in headers.items():
            room = path.removeprefix(LIBRARY).split("/")[0]
            if room not in may:
                self.breaches.append(f"{path}: {room} is not in reading_order.txt")
                continue
            for position, name in self.includes(path, text):
                if name.startswith("masterclock/"):
                    if "include/" + name not in headers and name != STOPS_OLD_COMPILERS:
                        self.say(path, position, text, f"includes {name}, which does not exist")
                    elif name != STOPS_OLD_COMPILERS and name.split("/")[1] not in may[room]:
                        self.say(path, position, text, f"{room} may not include {name}")
                elif not name.startswith(("<", "absl/")):
                    self.say(path, position, text, f"includes {name} by a path that users do not have")

    def graph(self, headers):
        return {path: ["include/" + name for _, name in self.includes(path, text)
                       if "include/" + name in headers] for path, text in headers.items()}

    def circles(self, headers):
        graph, finished = self.graph(headers), set()

        def visit(path, trail):
            if path in trail:
                circle = trail[trail.index(path):] + [path]
                self.breaches.append("includes in a circle: " + " > ".join(circle))
            elif path not in finished:
                for name in graph[path]:
                    visit(name, trail + [path])
                finished.add(path)
        for path in graph:
            visit(path, [])

    def everything(self, headers):
        top = LIBRARY + "masterclock.h"
        if top not in headers:
            return
        graph, reached, ahead = self.graph(headers), set(), [top]
        while ahead:
            path = ahead.pop()
            if path not in reached:
                reached.add(path)
                ahead += graph[path]
        for path in headers:
            if path not in reached and not path.startswith(LIBRARY + "testing/"):
                self.breaches.append(f"{path}: masterclock.h does not reach it")

    def header(self, path, text):
        stripped = code(text)
        guard = re.sub(r"\W", "_", path.removeprefix("include/")).upper() + "_"
        if not re.search(rf"^#ifndef {guard}\n#define {guard}\n", text, re.M):
            self.breaches.append(f"{path}: its include guard is not {guard}")
        length = text.count("\n")
        if length > LONGEST_HEADER:
            self.breaches.append(f"{path}: {length} lines, more than {LONGEST_HEADER}")
        for position, name in self.includes(path, text):
            if name == "<date/tz.h>" and path != INCLUDES_DATE_TZ:
                self.say(path, position, text, "date/tz.h is included in zones/internal/date_tz.h alone")
            if name.strip("<>") in STREAM_HEADERS:
                self.say(path, position, text, f"the library writes to no stream: {name}")
        if not path.startswith(LIBRARY + "zones/internal/"):
            self.forbid(path, stripped, re.compile(r"\bdate\s*::"), "date:: in a public header")
        self.forbid(path, stripped, STREAM, "the library writes to no stream")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    breaches = House(sys.argv[1]).check()
    print("\n".join(breaches) if breaches else "the house is in order")
    sys.exit(bool(breaches))


if __name__ == "__main__":
    main()
