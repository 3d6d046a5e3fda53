"""Draws the plots of a report with gnuplot, as SVG."""
import math
import re
import shutil
import statistics
import subprocess

import goals as goals_module

OWN, ALL_CORES, PEER = 0x1F5FA8, 0x8DB9E8, 0xA8A8A8

# The names of the peers, by the part of a benchmark's name.
PEERS = {"Absl": "Abseil", "Cctz": "cctz", "Date": "date", "Icu": "ICU", "Boost": "Boost.DateTime", "Libc": "localtime_r",
         "Zoneinfo": "Python's zoneinfo", "System": "clock_gettime", "Chrono": "std::chrono",
         "Asio": "Boost.Asio", "Libuv": "libuv", "Libevent": "libevent", "Multimap": "std::multimap",
         "BtreeMap": "absl::btree_map", "Ltc": "libltc", "Ffmpeg": "FFmpeg",
         "ElementTree": "Python's ElementTree"}

# The questions that a program asks, and the peers' rows.
QUESTIONS = [
    ("time now, UTC", "BM_Clock_NowUtc", "BM_*_NowUtc"),
    ("time now, UTC, TSC source", "BM_Sync_TscNow", ""),
    ("time now, local, by zone", "BM_Clock_NowLocalZone", "BM_*_NowLocalZone"),
    ("time now, local, by name", "BM_Clock_NowLocalName", "BM_*_NowLocalName"),
    ("time now as text", "BM_Clock_NowText", "BM_*_NowText"),
    ("UTC to local", "BM_Zone_ToLocal/random", "BM_*_ToLocal/random"),
    ("local to UTC", "BM_Zone_Resolve/random", "BM_*_Resolve/random"),
    ("zone to zone", "BM_Zone_Convert/random", "BM_*_Convert/random"),
    ("RFC 3339 text", "BM_Text_Rfc3339/near", "BM_*_Rfc3339/near"),
    ("frame number", "BM_FrameIndex_At/1", ""),
    ("timecode now", "BM_Clock_NowTimecode", ""),
    ("join now", "BM_Clock_JoinNow", ""),
    ("timecode of a frame", "BM_Timecode_FromFrame/1", "BM_*_FromFrame/1"),
    ("position in a playlist", "BM_Join_InAList/1000", ""),
    ("schedule and cancel an event", "BM_Clock_ScheduleCancel", "BM_*_ScheduleCancel"),
]

# What fires an event in the rows of lateness.
LATENESS = {"BM_Lateness_Nanosleep": "clock_nanosleep", "BM_Lateness_Dispatcher": "dispatcher, sleeping",
            "BM_Lateness_Hybrid": "dispatcher, spinning",
            "BM_Lateness_HybridFifoTwoHogs": "spinning, SCHED_FIFO, two busy threads",
            "BM_Board_TenThousandClocks": "10,000 running clocks"}

# The rows that time the bare system call.
SYSTEM_CALLS = {"BM_System_NowUtc", "BM_Sync_BareClock"}

# A plot of cost against size: the file, title, axis, and the lines as (label, name with {n} for the size).
COSTS = [
    ("pending.svg", "Cost of an event against pending events, beside Boost.Asio", "pending events",
     [(f"{verb.lower()}, {label}", f"BM_Events_{verb}<{part}>/{{n}}")
      for verb in ("Schedule", "Fire") for label, part in (("masterclock", "Masterclock"), ("Boost.Asio", "Asio"))]
     + [("cancel, masterclock", "BM_Events_Cancel<Masterclock>/{n}"),
        ("reschedule, masterclock", "BM_Events_Reschedule<Masterclock>/{n}")]),
    ("zones.svg", "Cost of a lookup by name against zones in the cache", "zones", [("lookup by name", "BM_Cache_FindAmong/{n}")]),
    ("programmes.svg", "Cost of a question against programmes in the guide", "programmes",
     [("get_playout_plan_now", "BM_Guide_PlanNow/{n}/200"), ("position in a playlist", "BM_Join_InAList/{n}")]),
    ("channels.svg", "Cost against channels", "channels",
     [("get_playout_plan_now", "BM_Guide_PlanNow/100000/{n}"), ("a boundary of every channel", "BM_Channels_Boundary/{n}/producing:0")]),
]


def needed():
    """Patterns of the benchmarks that a plot shows."""
    patterns = [pattern for _, own, peers in QUESTIONS for pattern in (own, own + "/threads:*", peers) if pattern]
    return patterns + [name.replace("{n}", "*") for *_, lines in COSTS for _, name in lines]


def gnuplot(path, script):
    """Runs a script that draws into `path`."""
    height = re.search(r"^# height (\d+)", script, re.M)
    head = (f'set terminal svg size 900,{height[1] if height else 420} noenhanced font "sans-serif,13" background "white"\n'
            f'set output "{path}"\nset border 3\nset tics nomirror\nset grid x y lc rgb "#dddddd"\n')
    subprocess.run(["gnuplot"], input=head + script, text=True, check=True, stderr=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)


def quoted(text):
    return '"' + text.replace("\\", "").replace("`", "").replace('"', "'") + '"'


def bars(path, title, axis, blocks, from_zero=False, mark=None):
    """Horizontal bars on a logarithmic axis, or on one that begins at zero. A dotted line marks a value.
    A block is (heading, [(label, value, colour, text)])."""
    rows, tics, y = [], [], 0
    for heading, items in blocks:
        for index, (label, value, colour, text) in enumerate(items):
            rows.append(f"{y} {value:.6g} {colour} {quoted(text)}")
            tics.append(f"{quoted(f'{heading}   {label}' if heading and index == 0 else label)} {y}")
            y += 1
        y += 0.6
    values = [value for _, items in blocks for _, value, *_ in items]
    low = 0 if from_zero else 10 ** math.floor(math.log10(min(values)) - 0.3)
    high = 1.7 * max(values) if from_zero else 6 * max(values)
    newline = "\n"
    gnuplot(path, f"""# height {int(110 + 21 * y)}
$bars << END
{newline.join(rows)}
END
set title {quoted(title)}
set xlabel {quoted(axis)}
{'' if from_zero else 'set logscale x'}
{'' if from_zero else f'set format x "{"%g" if max(values) < 1e4 else "%.0s%c"}"'}
set xrange [{low}:{high}]
set yrange [{y - 0.4}:-0.8]
set ytics scale 0 ({", ".join(tics)})
unset key
set grid noytics
{f'set arrow from {mark}, graph 0 to {mark}, graph 1 nohead lc rgb "#666666" dt 2' if mark else ''}
plot $bars using 2:1:({low}):2:($1-0.42):($1+0.42):3 with boxxyerror fs solid noborder lc rgb variable, \\
     $bars using 2:1:4 with labels left offset 0.6,0
""")


def lines(path, title, xlabel, ylabel, series, log=True):
    """Lines with points. A series is (label, [(x, y)])."""
    blocks = "\n".join(f"$line{i} << END\n" + "\n".join(f"{x} {y:.6g}" for x, y in points) + "\nEND"
                       for i, (_, points) in enumerate(series))
    curves = ", ".join(f"$line{i} with linespoints lw 2 pt 7 ps 0.6 title {quoted(label)}"
                     for i, (label, _) in enumerate(series))
    if log:
        steps = [step * 10 ** power for power in range(10) for step in (1, 2, 5)]
        times = ", ".join(f'"{step / 10 ** (power // 3 * 3):g} {unit}" {step}' for step in steps
                          for power in [len(str(step)) - 1] for unit in [("ns", "µs", "ms", "s")[power // 3]])
    gnuplot(path, f"""# height {max(420, 110 + 21 * len(series))}
{blocks}
set title {quoted(title)}
set xlabel {quoted(xlabel)}
set ylabel {quoted(ylabel)}
{f'set logscale xy; set format x "%.0s%c"; set ytics ({times})' if log else 'set yrange [0:*]; set xtics 1'}
set key outside right
plot {curves}{'' if log else ', x with lines lc rgb "#666666" dt 2 title "in proportion"'}
""")


def peer_name(row_name):
    if row_name in SYSTEM_CALLS:
        return "clock_gettime"
    if row_name.endswith("/threads:1"):
        return "one thread"
    return LATENESS.get(row_name) or PEERS.get(goals_module.part_of(row_name), f"`{row_name}`")


def per_second(rows, name):
    return statistics.median(rows[name]["per_second"])


def by_threads(rows, name):
    """[(threads, row name)] of the rows NAME/threads:N."""
    found = [(int(each.rpartition(":")[2]), each) for each in goals_module.matching(name + "/threads:*", rows)]
    return sorted(found)


def draw_queries(goals, rows, folder):
    blocks = []
    for question, own, peers in QUESTIONS:
        threads = by_threads(rows, own)
        single = own if own in rows else next((name for count, name in threads if count == 1), None)
        if single is None:
            continue
        items = [("masterclock", per_second(rows, single), OWN, goals_module.rate_text(per_second(rows, single)))]
        if threads and threads[-1][0] > 1:
            count, name = threads[-1]
            rate = per_second(rows, name)
            items.append((f"{count} threads", rate, ALL_CORES, goals_module.rate_text(rate)))
        others = [name for name in goals_module.matching(peers, rows)
                  if name != own and goals_module.part_of(name) not in goals.own and "/threads:" not in name]
        for name in sorted(others, key=lambda each: -per_second(rows, each)):
            items.append((peer_name(name), per_second(rows, name), PEER, goals_module.rate_text(per_second(rows, name))))
        blocks.append((question, items))
    if blocks:
        bars(folder / "queries.svg", "Queries a second", "queries a second, logarithmic", blocks)
        yield ("queries.svg", "queries a second",
               "Queries a second for each question that a program asks. Dark: one thread. Light: all threads. Grey: peers.")


def draw_ratios(goals, result, folder):
    verdicts = [verdict for verdict in goals_module.judge_all(goals, result["rows"], set())
                if verdict.peer and verdict.value]
    def bar(verdict, value, text):
        path = verdict.goal.path.removesuffix(", beside peers")
        return (path, value, OWN, f"{goals_module.rounded(value)} × {text}")

    def speed(verdict):
        return verdict.value if verdict.goal.kind == "at least" else 1 / verdict.value

    system = [bar(verdict, verdict.value, f"({verdict.goal.text})") for verdict in verdicts
              if verdict.peer in SYSTEM_CALLS]
    peers = [bar(verdict, speed(verdict), f"({peer_name(verdict.peer)})") for verdict in verdicts if verdict.goal.best]
    if system:
        bars(folder / "system_call.svg", "Cost relative to clock_gettime", "times clock_gettime", [("", system)], from_zero=True, mark=1)
        yield ("system_call.svg", "cost relative to clock_gettime", "A reading of the clock, relative to the bare system call. In brackets: the goal.")
    if peers:
        bars(folder / "best_peer.svg", "Speed relative to the best peer", "times as fast as the best peer", [("", peers)], mark=1)
        yield ("best_peer.svg", "speed relative to the best peer", "The speed relative to the best peer that does the same work.")


def draw_threads(rows, folder):
    series = []
    for question, name, _ in QUESTIONS:
        counted = by_threads(rows, name)
        if counted and counted[0][0] > 1 and name in rows:
            counted.insert(0, (1, name))
        if len(counted) > 1:
            one = per_second(rows, counted[0][1])
            series.append((question, [(count, per_second(rows, each) / one) for count, each in counted]))
    if series:
        lines(folder / "threads.svg", "Scaling with threads", "threads", "times the rate of one thread", series, log=False)
        yield ("threads.svg", "scaling with threads", "The rate of all threads together, relative to one thread. Dashed: in proportion to the threads.")


def draw_costs(rows, folder):
    for file, title, axis, wanted in COSTS:
        series = []
        for label, pattern in wanted:
            before, after = pattern.split("{n}")
            points = [(int(name[len(before):len(name) - len(after)]), statistics.median(rows[name]["ns"])) for name in rows
                      if name.startswith(before) and name.endswith(after) and name[len(before):len(name) - len(after)].isdigit()]
            if len(points) > 1:
                series.append((label, sorted(points)))
        if series:
            lines(folder / file, title, axis, "time", series)
            yield (file, title.lower(), f"{title}.")


def draw_lateness(rows, folder):
    """Shares of events by lateness, from the counters le_1us, le_2us, ...: the number of events at most so late."""
    blocks = []
    for name in (each for each in LATENESS if each in rows):
        steps = sorted((int(match[1]), statistics.median(values)) for counter, values in rows[name].items()
                       if (match := re.fullmatch(r"le_(\d+)us", counter)))
        items = []
        for (above, before), (us, count) in zip([(0, 0)] + steps, steps):
            if count > before:
                share = 100 * (count - before) / steps[-1][1]
                items.append((f"{above:,} to {us:,} µs", share, OWN, f"{share:.1f} %"))
        if items:
            blocks.append((LATENESS[name], items))
    if blocks:
        bars(folder / "lateness.svg", "Dispatch lateness", "percent of the events", blocks, from_zero=True)
        yield ("lateness.svg", "dispatch lateness", "How late events fire: the share of events in each range of lateness.")


def draw(goals, result, folder):
    """Draws every plot for which the run has rows. Returns [(file, title, sentence)]."""
    shutil.rmtree(folder, ignore_errors=True)
    if not shutil.which("gnuplot"):
        return []
    folder.mkdir(parents=True)
    rows, drawn = result["rows"], []
    for plot in (draw_queries(goals, rows, folder), draw_ratios(goals, result, folder), draw_threads(rows, folder),
                 draw_costs(rows, folder), draw_lateness(rows, folder)):
        try:
            drawn += plot
        except subprocess.CalledProcessError as error:
            result["errors"]["gnuplot"] = f"exit status {error.returncode}"
    return drawn
