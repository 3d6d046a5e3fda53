"""Reads the goals of goals.md, and compares measured rows with them.

A row is one benchmark of the run: its name without run options, and lists of values, one for each repetition:
`ns` for the time, and each counter under its own name.
"""
import fnmatch
import math
import re
import statistics

HEADER = ["path", "benchmark", "against", "goal"]
UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "%": 1, "bytes": 1, "KB": 1e3, "MB": 1e6, "": 1, "×": 1}
COUNTS = {"bytes", "KB", "MB", ""}  # no load changes them
GOAL = re.compile(r"(at most|at least|exactly) ([0-9][0-9,.]*) ?(\S*)$")
SETTINGS = {"All cores", "Quick leaves out", "Repetitions"}


class BadGoals(Exception):
    """One line: the file, the line, and what is wrong with it."""


class Goal:
    def __init__(self, group, path, benchmark, against, goal):
        self.group, self.path, self.against, self.text = group, path, against, goal
        self.slowest = benchmark.startswith("slowest of ")
        name = benchmark.removeprefix("slowest of ")
        self.name, _, self.counter = name.partition(" ")
        self.best = against.startswith("best of ")
        self.peers = against.removeprefix("best of ")
        self.kind, self.bound, self.unit = "measure", None, None
        if goal != "measure":
            match = GOAL.match(goal)
            if not match or match[3] not in UNITS:
                raise ValueError(f'the goal "{goal}" is neither "measure" nor "at most|at least|exactly NUMBER UNIT"')
            self.kind, self.bound, self.unit = match[1], float(match[2].replace(",", "")), match[3]
            if (self.unit == "×") != bool(against):
                raise ValueError('a goal in "×" needs a benchmark to compare with, and no other goal has one')
        if not self.name.startswith("BM_"):
            raise ValueError(f'"{benchmark}" names no benchmark')
        if against and not self.peers.startswith("BM_"):
            raise ValueError(f'"{against}" names no benchmark')


class Group:
    def __init__(self, name):
        self.name, self.goals, self.settings = name, [], {}
        self.about = ""  # the paragraph below the heading

    def patterns(self, setting):
        return [each.strip() for each in self.settings.get(setting, "").split(",") if each.strip()]


class Goals:
    """All groups in order, the library's own parts, parts that do less, and the known causes of misses."""

    def __init__(self):
        self.groups, self.own, self.less, self.causes = {}, set(), set(), {}


def parse(text, file="goals.md"):
    goals, group, columns, fenced = Goals(), None, None, False
    for number, line in enumerate(text.splitlines(), 1):
        def bad(why):
            raise BadGoals(f"{file}:{number}: {why}")

        line = line.strip()
        fenced ^= line.startswith("```")
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        setting, colon, value = line.partition(":")
        if fenced:
            continue
        if line.startswith("## "):
            name, columns = line[3:].strip(), None
            if name in goals.groups:
                bad(f'the group "{name}" stands here twice')
            group = Group(name)
            if name != "causes":
                goals.groups[name] = group
        elif colon and setting in ("Own", "Less"):
            target = goals.own if setting == "Own" else goals.less
            target.update(part.strip() for part in value.split(","))
        elif colon and setting in SETTINGS and group:
            group.settings[setting] = value.strip()
            if setting == "Repetitions" and not re.fullmatch(r"[1-9][0-9]?", value.strip()):
                bad(f'Repetitions is "{value.strip()}", not a number from 1 to 99')
        elif not line.startswith("|") or group is None:
            columns = None
            if line and group:
                group.about = f"{group.about} {line}".strip()
        elif columns is None:
            columns = ["path", "cause"] if group.name == "causes" else HEADER
            if cells != columns:
                bad(f"the columns are {cells}, not {columns}")
        elif set(line) <= set("|-: "):
            continue
        elif len(cells) != len(columns):
            bad(f"{len(cells)} cells instead of {len(columns)}")
        elif group.name == "causes":
            goals.causes[cells[0]] = cells[1]
        else:
            if any(cells[0] == goal.path for each in goals.groups.values() for goal in each.goals):
                bad(f'the path "{cells[0]}" stands here twice')
            try:
                group.goals.append(Goal(group.name, cells[0], *(cell.replace("`", "") for cell in cells[1:])))
            except ValueError as error:
                bad(str(error))
    for path in goals.causes.keys() - {goal.path for each in goals.groups.values() for goal in each.goals}:
        raise BadGoals(f'{file}: the cause for "{path}" has no goal')
    return goals


def plain_name(run_name):
    """The name without the run options: BM_Zone_Now/iterations:8/real_time/threads:2 is BM_Zone_Now/threads:2."""
    return "/".join(part for part in run_name.split("/")
                    if not re.fullmatch(r"(iterations|repeats|min_time|min_warmup_time):.*|(manual|real|process)_time", part))


def part_of(name):
    """The library that a row measures: its template argument, or the first word after BM_."""
    match = re.search(r"<(\w+)", name) or re.match(r"BM_([^_/]+)", name)
    return match[1]


def matching(pattern, names):
    pattern = pattern.replace("[", "[[]")
    return [name for name in names if fnmatch.fnmatchcase(name, pattern)]


def peers_of(goal, goals, names):
    if not goal.best:
        return matching(goal.peers, names)
    return [name for name in matching(goal.peers, names) if part_of(name) not in goals.own | goals.less]


def median(row, counter):
    values = row.get(counter or "ns")
    return statistics.median(values) if values else None


class Verdict:
    """value is in the unit of the goal: a ratio for "×", else nanoseconds, bytes, percent or a count.
    own and other are the two values of a ratio."""

    def __init__(self, goal, value=None, peer=None, missed_by=None, why_not=None, own=None, other=None):
        self.goal, self.value, self.peer, self.missed_by, self.why_not = goal, value, peer, missed_by, why_not
        self.own, self.other = own, other

    @property
    def judged(self):
        return self.goal.kind != "measure" and self.why_not is None

    @property
    def word(self):
        if self.goal.kind == "measure" and self.value is not None:
            return "measured, busy" if self.why_not else "measured"
        if self.why_not:
            return f"not judged: {self.why_not}"
        if not self.missed_by:
            return "met"
        if math.isinf(self.missed_by):
            return f"missed by {self.value:g}"
        percent = round(100 * self.missed_by, 1)
        return f"missed by {percent:.0f} %" if percent >= 10 else f"missed by {percent:.1f} %"

    @property
    def text(self):
        """The value, with a fourth digit where three would hide a miss."""
        near = self.missed_by and self.missed_by < 0.01
        return "" if self.value is None else with_unit(self.value, self.goal, 4 if near else 3)


def judge(goal, goals, rows, busy):
    """Compares one goal with the rows: {name: {"ns": [..], counter: [..]}}. `busy` marks the goal's group."""
    names = matching(goal.name, rows)
    names = [name for name in names if median(rows[name], goal.counter) is not None]
    if not names:
        return Verdict(goal, why_not="not measured")
    choose = max if goal.slowest else min
    name = choose(names, key=lambda each: median(rows[each], goal.counter))
    value, peer = median(rows[name], goal.counter), None
    own, other = value, None
    if goal.against:
        peers = [each for each in peers_of(goal, goals, rows) if median(rows[each], goal.counter)]
        if not peers:
            return Verdict(goal, why_not="no peer was measured")
        # A rate is a speed, and any other value is a cost.
        rate = goal.counter == "items_per_second"
        peer = (max if rate else min)(peers, key=lambda each: median(rows[each], goal.counter))
        other = median(rows[peer], goal.counter)
        faster = value / other if rate else other / value if value else math.inf
        value = faster if goal.kind == "at least" else 1 / faster
    if busy and goal.unit not in COUNTS:
        return Verdict(goal, value, peer, None, "busy", own, other)
    if goal.kind == "measure":
        return Verdict(goal, value, peer, None, None, own, other)
    bound = goal.bound * UNITS[goal.unit]
    if goal.kind == "at least":
        missed = 1 - value / bound if value < bound else 0
    elif value <= bound and (goal.kind == "at most" or value == bound):
        missed = 0
    else:
        missed = abs(value / bound - 1) if bound else math.inf
    return Verdict(goal, value, peer, missed, None, own, other)


def judge_all(goals, rows, busy_groups):
    return [judge(goal, goals, rows, group.name in busy_groups)
            for group in goals.groups.values() for goal in group.goals]


def rounded(number, digits=3):
    if number == 0:
        return "0"
    digits = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    return f"{number:,.{digits}f}" if digits < 6 else f"{number:.2e}"


def with_unit(value, goal, digits=3):
    """The value as a person reads it: in the unit of the goal, or a fitting one if the goal has none."""
    unit = goal.unit
    if unit is None:
        unit = unit_of(goal.counter)
    if goal.against:
        return f"{rounded(value, digits)} ×"
    return scaled(value, unit, digits)


def scaled(value, unit, digits=3):
    """A number with a fitting unit of the same family: 12,345 ns is 12.3 µs."""
    for family in (("s", "ms", "µs", "ns"), ("MB", "KB", "bytes")):
        if unit in family:
            unit = next((each for each in family if abs(value) >= UNITS[each]), family[-1])
    return f"{rounded(value / UNITS[unit], digits)} {unit}".strip()


def rate_text(rate):
    for bound, unit in ((1e9, " billion"), (1e6, " million"), (1e3, " thousand")):
        if rate >= bound:
            return f"{rounded(rate / bound)}{unit}"
    return rounded(rate)


def in_its_unit(value, counter):
    """A value of a row as a person reads it."""
    return f"{rate_text(value)} a second" if counter == "items_per_second" else scaled(value, unit_of(counter))


def unit_of(counter):
    if not counter or re.fullmatch(r"ns|p\d+|max|.*_ns", counter):
        return "ns"
    return {"core_percent": "%", "bytes": "bytes"}.get(counter, "")
