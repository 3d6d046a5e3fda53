#!/usr/bin/env python3
"""Checks the layout of the repository. Prints one line per breach, and exits 1 if there is one.

    check_layout.py PROJECT_FOLDER

  * Rooms include one another as reading_order.txt says, and no header includes itself by a circle.
  * masterclock.h reaches every header for users, but not the fakes of testing/.
  * A public signature names nothing of `internal`.
  * The library does not use date: it is an oracle of the tests.
  * One file reads the system's clocks, and one the time stamp counter.
  * The library writes to no stream, and uses no identifier that Qt defines as a macro.
  * A test that sleeps has `real` in its file name.
  * A header has its include guard and its version namespace, and at most 400 lines.
  * version.h, CMakeLists.txt, vcpkg.json, conanfile.py and CHANGELOG.md state one version.

Comments and string literals do not count. check_layout_test.py shows that each rule can fail.
"""

import pathlib
import re
import sys

LIBRARY = "include/masterclock/"
READS_CLOCKS = {LIBRARY + "time/system_time_source.h", LIBRARY + "sync/internal/tsc_counter.h"}
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
QT_MACRO = re.compile(r"\b(?:slots|signals|emit|foreach|forever|Q_[A-Z_]+)\b")
SLEEP = re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep)\b|(?<![\w.])sleep\s*\(")
PYTHON_SLEEP = re.compile(r"\btime\.sleep\b|\bfrom time import\b.*\bsleep\b")


def code(text):
    """The text with comments and literals blanked, line for line."""
    def blank(match):
        if match["number"]:
            return match[0]
        return ("" if match["comment"] else '""') + "\n" * match[0].count("\n")
    return TOKEN.sub(blank, text)


ACCESS = re.compile(r"(public|protected|private)\s*:(?!:)")


def signatures(text):
    """(position, text) of each declaration that users see: no function bodies, nothing private."""
    text = re.sub(r"^[ \t]*#[^\n]*", lambda match: " " * len(match[0]), text, flags=re.M)
    found, scopes, begin, parentheses, i = [], [], 0, 0, 0  # scopes: [kind, access] of each open brace

    def declare(end):
        if not any(kind == "body" or access == "private" for kind, access in scopes):
            found.append((begin, text[begin:end]))

    while i < len(text):
        in_body = bool(scopes) and scopes[-1][0] == "body"
        if text[i] in "()":
            parentheses += 1 if text[i] == "(" else -1
        elif text[i] == "{":
            statement = text[begin:i]
            kind = re.search(r"\b(class|struct|union)\b(?![^<]*>)[^()]*$", statement)
            if in_body or parentheses:
                scopes.append(["body", ""])
            elif re.search(r"\bnamespace\b", statement):
                scopes.append(["namespace", ""])
                begin = i + 1
            elif kind:
                declare(i)
                scopes.append(["class", "private" if kind[1] == "class" else "public"])
                begin = i + 1
            else:
                declare(i)
                scopes.append(["body", ""])
        elif text[i] == "}":
            if scopes:
                scopes.pop()
            if not parentheses and not (scopes and scopes[-1][0] == "body"):
                begin = i + 1
        elif text[i] == ";" and not parentheses and not in_body:
            declare(i)
            begin = i + 1
        elif scopes and scopes[-1][0] == "class" and not text[begin:i].strip():
            if match := ACCESS.match(text, i):
                scopes[-1][1] = match[1]
                i = begin = match.end()
                continue
        i += 1
    return found


def names_internal(signature):
    """Whether the signature names `internal`. Default arguments and member initialisers are no part of it."""
    signature = re.sub(r"\)(\s*(const|noexcept|override|final|&+))*\s*:(?!:).*", ")", signature, flags=re.S)
    signature = re.sub(r"(?<=[(,])[^(),=]*=[^=,)]*internal::[^,)]*|\binternal::(?:\w+::)+\w+\(", "", signature)
    return "internal::" in signature and not re.match(r"\s*(template\s*<[^>]*>\s*)?friend\b", signature)


class Repository:
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
                            PYTHON_SLEEP if python else SLEEP, "sleeps, but its file name lacks `real`")
        self.versions(headers)
        return self.breaches

    def versions(self, headers):
        """One version, in CMakeLists.txt, version.h and the namespace of every header."""
        cmake = self.root / "CMakeLists.txt"
        version_h = headers.get(LIBRARY + "version.h", "")
        if not cmake.exists():
            return
        stated = re.search(r"project\([^)]*VERSION (\d+)\.(\d+)\.(\d+)", cmake.read_text(encoding="utf-8"))
        major, minor, patch = map(int, stated.groups())
        for line in (f"#define MASTERCLOCK_VERSION {major * 10000 + minor * 100 + patch}",
                     f'#define MASTERCLOCK_VERSION_STRING "{major}.{minor}.{patch}"'):
            if not re.search(rf"^{re.escape(line)}$", version_h, re.M):
                self.breaches.append(f"{LIBRARY}version.h: CMakeLists.txt requires {line}")
        for path in ("vcpkg.json", "conanfile.py", "CHANGELOG.md"):
            package = self.root / path
            if package.exists() and f"{major}.{minor}.{patch}" not in package.read_text(encoding="utf-8"):
                self.breaches.append(f"{path}: does not name the version {major}.{minor}.{patch}")
        other_namespace = re.compile(rf"\bnamespace masterclock\b(?!::inline v{major}_{minor}\b)")
        for path, text in headers.items():
            self.forbid(path, code(text), other_namespace, f"not the version namespace v{major}_{minor}")

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
            if name.strip("<>") in STREAM_HEADERS:
                self.say(path, position, text, f"the library writes to no stream: {name}")
            if name.startswith("<date/"):
                self.say(path, position, text, "date is for tests only")
        self.forbid(path, stripped, STREAM, "the library writes to no stream")
        self.forbid(path, stripped, QT_MACRO, "a macro of Qt")
        if "/internal/" not in path:
            for position, signature in signatures(stripped):
                if names_internal(signature):
                    start = position + len(signature) - len(signature.lstrip())
                    self.say(path, start, stripped, f"a public signature names internal: {' '.join(signature.split())[:80]}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    breaches = Repository(sys.argv[1]).check()
    print("\n".join(breaches) if breaches else "the layout is in order")
    sys.exit(bool(breaches))


if __name__ == "__main__":
    main()
