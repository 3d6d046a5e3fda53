"""Writes the words of a report: the summary, report.md, and the comparison with an older report.json."""
import json
import statistics

import goals as goals_module
import plots

# A group is busy above any of these bounds.
MOST_SLOWER = 1.25  # the calibration loop, against the best of the run: more than the processor of a quiet virtual
                    # machine drifts, and less than one busy process on the core costs
MOST_OTHERS = 10    # percent of a core that other processes took
MOST_STEAL = 2      # percent of a core that the host took
LEAST_CHANGE = 0.03
LEAST_OF_ONE = 0.10  # of a single value, which shows no spread


class Unreadable(Exception):
    """One line that names the file."""


def busy_groups(result):
    return {name for name, group in result["groups"].items() if group.get("busy")}


def mark_busy(result):
    """Gives each group the reasons why its figures cannot be judged: `busy`, empty on a quiet machine."""
    groups = result["groups"].values()
    best = min((time for group in groups for time in group["calibration_ms"]), default=0)
    for group in groups:
        slower = max(group["calibration_ms"]) / best
        group["slower"] = slower
        group["busy"] = [reason for holds, reason in (
            (slower > MOST_SLOWER, f"the calibration loop was {100 * (slower - 1):.0f} % slower than its best"),
            (group["others_percent"] > MOST_OTHERS, f"other processes took {group['others_percent']:.0f} % of a core"),
            (group["steal_percent"] > MOST_STEAL, f"the host took {group['steal_percent']:.0f} % of a core"),
        ) if holds]


def join(last, result):
    """The last result with the groups of `result` measured again, or `result` alone if the last one is of
    another commit, machine or kind of run."""
    same = all(last["machine"].get(key) == result["machine"][key] for key in result["machine"] if key != "date")
    if not same or last["quick"] != result["quick"] or result["machine"]["commit"].endswith("with changes"):
        return result
    gone = {name for group in result["groups"] for name in last["groups"].get(group, {"rows": []})["rows"]}
    keep = lambda table, names: {name: value for name, value in table.items() if name not in names}
    return result | {
        "groups": last["groups"] | result["groups"],
        "errors": keep(last["errors"], gone | result["groups"].keys() | result["rows"].keys()) | result["errors"],
        "rows": keep(last["rows"], gone) | result["rows"]}


# --- the report ----------------------------------------------------------------------------------


def counts(verdicts):
    judged = [verdict for verdict in verdicts if verdict.judged]
    missed = [verdict for verdict in judged if verdict.missed_by]
    why_not = {}
    for verdict in verdicts:
        if verdict.why_not and verdict.goal.kind != "measure":
            why_not[verdict.why_not] = why_not.get(verdict.why_not, 0) + 1
    return len(judged), missed, why_not


def sentence_of(verdicts):
    judged, missed, why_not = counts(verdicts)
    text = f"{judged - len(missed)} of {judged} judged goals are met." if judged else "No goal was judged."
    if why_not:
        text += " Not judged: " + ", ".join(f"{count} ({why})" for why, count in sorted(why_not.items())) + "."
    return text


def line_of(verdict):
    return f"{verdict.goal.path}: {verdict.text}, goal {verdict.goal.text}, {verdict.word}"


def summary(result, verdicts):
    lines = [sentence_of(verdicts)] + [f"  {line_of(verdict)}" for verdict in counts(verdicts)[1]]
    lines += [f"  {name} ran on a busy machine: {'; '.join(group['busy'])}"
              for name, group in result["groups"].items() if group["busy"]]
    return "\n".join(lines)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def quietness(result):
    groups = result["groups"]
    if not groups:
        return ["Nothing was measured."]
    lines = [f"Other processes took at most {max(g['others_percent'] for g in groups.values()):.1f} % of a core, and the "
             f"host took at most {max(g['steal_percent'] for g in groups.values()):.1f} %. The calibration loop is a fixed "
             f"piece of work before and after each group. It was at most "
             f"{100 * max(g['slower'] - 1 for g in groups.values()):.0f} % slower than its best, so a verdict nearer to its goal may "
             f"differ in another run. The run took {sum(g['seconds'] for g in groups.values()) / 60:.1f} minutes."]
    busy = [f"- {name}: {'; '.join(group['busy'])}." for name, group in groups.items() if group["busy"]]
    return lines + (["", "These groups ran on a busy machine. Their times are shown, but not judged:", "", *busy] if busy else [])


def verdict_row(verdict):
    goal = verdict.goal
    value = verdict.text
    against = ""
    if verdict.peer:
        value += f" ({goals_module.in_its_unit(verdict.own, goal.counter)})"
        against = f"{plots.peer_name(verdict.peer)}: {goals_module.in_its_unit(verdict.other, goal.counter)}"
    word = f"**{verdict.word}**" if verdict.missed_by and verdict.judged else verdict.word
    return [goal.path, value, goal.text, against, word]


def lateness_rows(rows):
    """The rows that state percentiles: nanoseconds of lateness, or of another wait."""
    for name, row in sorted(rows.items()):
        if "p50" in row and "p99" in row:
            yield [plots.LATENESS.get(name, f"`{name}`")] + [
                goals_module.scaled(statistics.median(row[each]), "ns") if each in row else ""
                for each in ("p50", "p90", "p99", "max")] + [
                goals_module.scaled(statistics.median(row["core_percent"]), "%") if "core_percent" in row else ""]


def write_up(goals, result, verdicts, drawn):
    """The whole report. `drawn` lists the plots: (file, title, one sentence)."""
    about = result["machine"]
    lines = ["# masterclock beside its peers and the hardware", "",
             "masterclock is a C++ library that answers a broadcaster's questions about time, and fires events on time. "
             "This report compares it with the bare system call and with other libraries, its peers, in the same run.", "",
             f"**{sentence_of(verdicts)}** Each figure is the median of interleaved repetitions."
             + (" This was a quick run: fewer repetitions, and not the benchmarks that take long." if result["quick"] else ""), ""]
    lines += table(["machine", ""], [
        ["processor", f"{about['processor']}, {about['cores']} cores, governor {about['governor']}, "
                      f"virtual machine: {about['virtual']}"],
        ["system", f"Linux {about['kernel']}, {about['compiler']}"],
        ["commit", f"{about['commit']}, measured {about['date']}"]])
    lines += ["", *quietness(result)]
    left_out = [f"- {line}" for line in result["missing_peers"]]
    reasons = {}
    for name, why in sorted(result["errors"].items()):
        reasons.setdefault(why, []).append(name)
    left_out += [f"- {', '.join(names)}: {why}" for why, names in reasons.items()]
    lines += ["", "Left out:", "", *left_out] if left_out else ["", "No peer and no benchmark was left out."]
    missed = counts(verdicts)[1]
    if missed:
        lines += ["", "## Missed goals", ""]
        lines += [f"- {line_of(verdict)}. {goals.causes.get(verdict.goal.path, 'No profile was taken.')}" for verdict in missed]
    drawn = [[sentence, "", f"![{title}](results/{file})", ""] for file, title, sentence in drawn]
    lines += ["", "## Queries a second", ""]
    lines += drawn[0] if drawn else ["No plot was drawn: gnuplot is missing, or the run has no rows for a plot.", ""]
    lines += ["## Goals", "",
              "\"×\" is the cost relative to the column *against*. With \"at least\" it says how many times faster the library "
              "is. \"Measure\" sets no bound.", ""]
    for group in goals.groups.values():
        of_group = [verdict_row(verdict) for verdict in verdicts if verdict.goal.group == group.name]
        if of_group:
            lines += [f"### {group.name}", "", *([group.about, ""] if group.about else []), *table(["path", "measured", "goal", "against", "verdict"], of_group), ""]
    if drawn[1:]:
        lines += ["## Plots", "", *(line for plot in drawn[1:] for line in plot)]
    late = list(lateness_rows(result["rows"]))
    if late:
        lines += ["## Percentiles", "", *table(["benchmark", "p50", "p90", "p99", "max", "of a core"], late), ""]
    return "\n".join(lines).rstrip() + "\n"


# --- the comparison ------------------------------------------------------------------------------


def read_old(path):
    try:
        with open(path, encoding="utf-8") as file:
            old = json.load(file)
        for row in old["rows"].values():
            for values in row.values():
                statistics.median(values)
        busy_groups(old)
        [drift_of(group, group) for group in old["groups"].values()]
        [name for group in old["groups"].values() for name in group["rows"]]
        old["machine"]["processor"] + old["machine"]["commit"]
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError, statistics.StatisticsError) as error:
        what = " ".join(str(error).split())
        raise Unreadable(f"{path}: is no report.json of bench/run: {type(error).__name__}: {what[:100]}") from None
    return old


def spread(values):
    """The distance of the quartiles: how far repetitions of the same code lie apart."""
    if len(values) < 2:
        return 0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return high - low


def drift_of(old, new):
    """How far the speeds of the processor lie apart while a group ran in two runs: a share of the calibration loop."""
    both = old["calibration_ms"], new["calibration_ms"]
    return max(max(one) / min(other) for one, other in (both, both[::-1])) - 1


def beyond_noise(old, new, drift=0):
    """Returns true if two lists of repetitions differ by more than both spreads together, by more than 3 %, and by more
    than the drift of the processor."""
    before, after = statistics.median(old), statistics.median(new)
    least = max(drift, LEAST_OF_ONE if min(len(old), len(new)) == 1 else LEAST_CHANGE)
    return abs(after - before) > max(spread(old) + spread(new), least * abs(before))


def describe(name, counter, old, new):
    before, after = statistics.median(old), statistics.median(new)
    unit = goals_module.unit_of(counter)
    change = "from zero" if before == 0 else f"{100 * abs(after / before - 1):.0f} % " + (
        ("slower" if after > before else "faster") if unit == "ns" else ("more" if after > before else "less"))
    label = name if counter == "ns" else f"{name} {counter}"
    return f"  {label}: {goals_module.scaled(before, unit)} -> {goals_module.scaled(after, unit)}, {change}"


def compare(goals, old, new):
    """Returns the changes beyond the noise. Times, and the counters that a goal judges, are compared."""
    lines = [f"Compared with {old['machine']['commit']}:"]
    if old["machine"]["processor"] != new["machine"]["processor"]:
        lines.append(f"  the other machine was {old['machine']['processor']}: a difference may not be one of the code")
    busy = (busy_groups(old) | busy_groups(new)) & old["groups"].keys() & new["groups"].keys()
    skipped = {name for result in (old, new) for group in busy
               for name in result["groups"][group]["rows"]}
    counters = {"ns"} | {goal.counter for group in goals.groups.values() for goal in group.goals if goal.counter}
    drifts = {name: drift_of(old["groups"][group], new["groups"][group])
              for group in old["groups"].keys() & new["groups"].keys() for name in new["groups"][group]["rows"]}
    changed = same = 0
    for name in sorted(old["rows"].keys() & new["rows"].keys() - skipped):
        for counter in sorted(counters & old["rows"][name].keys() & new["rows"][name].keys()):
            pair = old["rows"][name][counter], new["rows"][name][counter]
            if beyond_noise(*pair, drifts.get(name, 0) if goals_module.unit_of(counter) == "ns" else 0):
                changed += 1
                lines.append(describe(name, counter, *pair))
            else:
                same += 1
    lines.append(f"  {changed} values changed beyond the noise, {same} did not.")
    lines += [f"  {group} is not compared: it ran on a busy machine." for group in sorted(busy)]
    for one, other, word in ((old, new, "gone"), (new, old, "new")):
        shared = {name for group in one["groups"].keys() & other["groups"].keys() for name in one["groups"][group]["rows"]}
        alone = sorted(shared - other["rows"].keys() - skipped)
        if alone:
            lines.append(f"  {len(alone)} benchmarks are {word}: {', '.join(alone[:3])}{' ...' if len(alone) > 3 else ''}")
    return "\n".join(lines)
