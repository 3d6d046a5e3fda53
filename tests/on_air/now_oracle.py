#!/usr/bin/env python3
"""Asks `on_air now --json` what is on at hundreds of instants, and works each answer out anew.

    now_oracle.py ON_AIR SAMPLE_GUIDE            the guide that ships with the example
    now_oracle.py ON_AIR DATA_FOLDER/xmltv       every *.xml in it
    now_oracle.py ON_AIR DATA_FOLDER/ffplayout   every *.json in it
    now_oracle.py ON_AIR tests/on_air/guides     one file for each oddity of real guides

Nothing here is shared with the program: XML is read by xml.etree, zones by zoneinfo, frames by
fractions, and what is on the air follows from its definition by looking at every programme. Exits 77,
which ctest calls skipped, when the folder is not there; 1 when an answer differs.

A file may hold "oracle: NAME=VALUE", a further option of `on_air now`, and "warnings: N", the number of
lines that it must print to stderr.

Instants: both sides of boundaries, random ones, and in a guide that covers it the night of 29 March
2026 in Europe/Dublin, minute by minute. None of the guides spans a leap second.
"""

import concurrent.futures
import datetime
import gzip
import json
import pathlib
import random
import re
import subprocess
import sys
import zoneinfo
from fractions import Fraction
from xml.etree import ElementTree

INSTANTS = 500
SECOND = 10**9
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
NIGHT = range(1774737000, 1774760400 + 1, 60)  # 2026-03-28T22:30Z to 2026-03-29T05:00Z
OFFSET_NAMES = {"Z": 0, "UTC": 0, "GMT": 0, "BST": 60, "CET": 60, "CEST": 120, "EDT": -240}


def nanoseconds(aware):
    return (aware - EPOCH) // datetime.timedelta(seconds=1) * SECOND


class Nonsense(Exception):
    """An entry that is to be left out."""


def xmltv_time(text, assumed):
    found = re.fullmatch(r"((?:\d\d){2,7})(?:\s*(?=[+-])|\s+|(?=Z$)|$)(.*)", text.strip())
    if not found:
        raise Nonsense(text)
    fields, offset = found.groups()
    numbers = [int(fields[:4])] + [int(fields[i:i + 2]) for i in range(4, len(fields), 2)]
    numbers += [1, 1, 0, 0, 0][len(numbers) - 1:]
    next_day = numbers[3:] == [24, 0, 0]
    try:
        naive = datetime.datetime(*numbers[:3], *([0, 0, 0] if next_day else numbers[3:]))
    except ValueError:
        raise Nonsense(text) from None
    naive += datetime.timedelta(days=next_day)
    if offset == "":
        # zoneinfo takes the first of a repeated hour, and the offset before a skipped one.
        return nanoseconds(naive.replace(tzinfo=assumed))
    if offset.upper() in OFFSET_NAMES:
        minutes = OFFSET_NAMES[offset.upper()]
    else:
        numeric = re.fullmatch(r"([+-])(\d\d)(?::?([0-5]\d))?", offset)
        if not numeric:
            raise Nonsense(text)
        sign, hours, minutes = numeric.groups()
        minutes = int(sign + "1") * (int(hours) * 60 + int(minutes or 0))
    return nanoseconds(naive.replace(tzinfo=datetime.timezone.utc) - datetime.timedelta(minutes=minutes))


def folded(text):
    return " ".join((text or "").split())


def first_text(element, name):
    """The characters of the first child of that name that has any, without those of its children."""
    texts = (folded((child.text or "") + "".join(inner.tail or "" for inner in child)) for child in element.findall(name))
    return next((text for text in texts if text), "")


def read_xmltv(path, assumed, shift):
    """{channel: [(start, stop or None, title, (clump index, clump count))]}."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        root = ElementTree.parse(file).getroot()
    channels = {channel.get("id").strip(): [] for channel in root.findall("channel") if channel.get("id") is not None}
    for programme in root.findall("programme"):
        try:
            if programme.get("start") is None or programme.get("channel") is None:
                raise Nonsense
            start = xmltv_time(programme.get("start"), assumed) + shift
            stop = programme.get("stop")
            stop = stop if stop is None else xmltv_time(stop, assumed) + shift
            if stop is not None and stop < start:
                raise Nonsense
        except Nonsense:
            continue
        clump = re.fullmatch(r"(\d+)/(\d+)", programme.get("clumpidx", "0/1").strip())
        clump = tuple(map(int, clump.groups())) if clump else (0, 1)
        if clump[0] >= clump[1]:
            clump = (0, 1)
        channels.setdefault(programme.get("channel").strip(), []).append(
            (start, stop, first_text(programme, "title"), clump))
    return channels


def read_ffplayout(path, zone, day_start, shift):
    playlist = json.loads(path.read_text(encoding="utf-8"), parse_float=Fraction, parse_int=Fraction)
    hour, minute = map(int, day_start.split(":"))
    day = datetime.datetime.strptime(playlist["date"], "%Y-%m-%d")
    at = nanoseconds(day.replace(hour=hour, minute=minute, tzinfo=zone)) + shift
    clips = []
    for clip in playlist["program"]:
        numbers = [clip.get("in"), clip.get("out")]
        readable = all(isinstance(number, Fraction) and number >= 0 for number in numbers)
        if readable:
            length = max(0, round(numbers[1] * SECOND) - round(numbers[0] * SECOND))
        else:
            length = round(clip["duration"] * SECOND) if isinstance(clip.get("duration"), Fraction) else 0
        texts = [clip.get("title"), clip.get("source", 0)]
        if readable and numbers[0] <= numbers[1] and all(text is None or isinstance(text, str) for text in texts):
            clips.append((at, at + length, folded(texts[0]) or folded(texts[1]), (0, 1)))
        at += length
    return {playlist.get("channel", "Channel 1").strip(): clips}


def timeline(listing):
    """[(start, stop or None, title)]: stops filled in, clumps in parts."""
    starts = sorted({start for start, *_ in listing})
    following = dict(zip(starts, starts[1:]))
    clump_stops = {}
    for start, stop, _, (_, count) in listing:
        if count > 1 and stop is not None:
            clump_stops[start, count] = max(stop, clump_stops.get((start, count), stop))
    whole = set()
    for start, stop, title, clump in listing:
        if stop is None:
            stop = clump_stops.get((start, clump[1]), following.get(start))
        if stop is None or stop > start:
            whole.add((start, stop, title, clump))
    result = {(start, stop, title) for start, stop, title, clump in whole if clump[1] == 1}
    slots = {}
    for start, stop, title, (index, count) in whole:
        if count > 1:
            slots.setdefault((start, stop, count), []).append((index, title))
    for (start, stop, _), members in slots.items():
        members.sort()
        if stop is None:
            result.add((start, None, members[0][1]))
            continue
        edges = [start + (stop - start) * i // len(members) for i in range(len(members) + 1)]
        result.update((a, b, title) for a, b, (_, title) in zip(edges, edges[1:], members))
    return sorted(result, key=lambda programme: programme[0])


class Channel:
    def __init__(self, listing):
        self.listing = timeline(listing)
        self.boundaries = sorted({t for start, stop, _ in self.listing for t in (start, stop) if t is not None})

    def on(self, at):
        """Of the programmes that hold `at`, the one with the latest start; then the earliest stop, then the
        least title."""
        holding = [programme for programme in self.listing
                   if programme[0] <= at and (programme[1] is None or at < programme[1])]
        return min(holding, default=None, key=lambda programme: (
            -programme[0], float("inf") if programme[1] is None else programme[1], programme[2].encode()))

    def changes(self, at):
        """(when, what is on from then), as often as that differs from what was on before."""
        before = self.on(at)
        for boundary in self.boundaries:
            if boundary > at:
                after = self.on(boundary)
                if after != before:
                    yield boundary, after
                before = after


def fraction_digits(ns):
    digits = f"{ns % SECOND:09}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return "." + digits if digits else ""


def utc_text(ns):
    whole = EPOCH + datetime.timedelta(seconds=ns // SECOND)
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + fraction_digits(ns) + "Z"


def local_text(ns, zone):
    whole = (EPOCH + datetime.timedelta(seconds=ns // SECOND)).astimezone(zone)
    text = whole.isoformat()
    return text[:19] + fraction_digits(ns) + text[19:]


def expected(name, channel, at, zone, day_start, rate):
    hour, minute = map(int, day_start.split(":"))
    wall = (EPOCH + datetime.timedelta(seconds=at // SECOND)).astimezone(zone).replace(tzinfo=None)
    answer = dict.fromkeys(["title", "start", "stop", "offset_seconds", "remaining_seconds", "frame",
                            "local_start", "next_title", "next_start"])
    answer.update(channel=name, state="off_air",
                  broadcast_date=str((wall - datetime.timedelta(hours=hour, minutes=minute)).date()))
    on = channel.on(at)
    changes = channel.changes(at)
    first = next(changes, None)
    if on:
        start, _, title = on
        offset = Fraction(at - start, SECOND)
        answer.update(state="on_air", title=title, start=utc_text(start), local_start=local_text(start, zone),
                      offset_seconds=offset, frame=offset * rate // 1)
        if first:
            answer.update(stop=utc_text(first[0]), remaining_seconds=Fraction(first[0] - at, SECOND))
    while first and not first[1]:
        first = next(changes, None)
    if first:
        answer.update(next_title=first[1][2], next_start=utc_text(first[0]))
    return answer


def instants(channels, seed, count):
    boundaries = sorted({t for channel in channels.values() for t in channel.boundaries})
    low, high = boundaries[0], boundaries[-1]
    chance = random.Random(seed)
    covered = low < NIGHT[0] * SECOND and NIGHT[-1] * SECOND < high
    night = min(len(NIGHT), count * 4 // 5) if covered else 0
    chosen = {at * SECOND for at in chance.sample(NIGHT, night)}
    for boundary in chance.sample(boundaries, min(len(boundaries), (count - night) // 6)) + [low, high]:
        chosen.update((boundary - 1, boundary, boundary + 1))
    while len(chosen) < count:
        chosen.add(chance.randrange(low - 3600 * SECOND, high + 3600 * SECOND, chance.choice((1, 10**6, SECOND))))
    return sorted(chosen)


def remarks_of(path):
    """The further option that the file asks for, and the lines that it makes the program print to stderr."""
    head = path.read_bytes()[:2000].decode("utf-8", "replace") if path.suffix in (".xml", ".json") else ""
    option = re.search(r"oracle: ([a-z-]+)=(\S+)", head)
    warnings = re.search(r"warnings: (\d+)", head)
    return option.groups() if option else ("", ""), int(warnings.group(1)) if warnings else 0


def check(on_air, path, zone_name, day_start, rate_text, rate, count):
    zone = zoneinfo.ZoneInfo(zone_name)
    (option, value), warnings = remarks_of(path)
    assumed = zoneinfo.ZoneInfo(value if option == "assume-zone" else "UTC")
    shift = int(value.removesuffix("s")) * SECOND if option == "shift" else 0
    options = [f"--{option}={value}"] if option else []
    listings = (read_ffplayout(path, zone, day_start, shift) if path.suffix == ".json"
                else read_xmltv(path, assumed, shift))
    channels = {name: Channel(listing) for name, listing in listings.items()}
    differences = []

    def ask(at):
        command = [on_air, "now", "--guide", path, "--at", utc_text(at), "--zone", zone_name, "--rate", rate_text,
                   "--day-start", day_start, "--json", *options]
        result = subprocess.run(command, capture_output=True, encoding="utf-8")
        if result.returncode != 0 or len(result.stderr.splitlines()) != warnings:
            return f"exit {result.returncode}: {result.stderr}"
        given = [json.loads(line, parse_float=Fraction, parse_int=Fraction) for line in result.stdout.splitlines()]
        wanted = [expected(name, channel, at, zone, day_start, rate) for name, channel in channels.items()]
        if [answer["channel"] for answer in given] != [answer["channel"] for answer in wanted]:
            return "the channels differ"
        for answer, want in zip(given, wanted):
            for key, value in want.items():
                if key not in answer or answer[key] != value:
                    return f"{want['channel']}: {key} is {answer.get(key)!r}, expected {value!r}"
        return None

    moments = instants(channels, str(path.name), count)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for at, difference in zip(moments, pool.map(ask, moments)):
            if difference:
                differences.append(f"{path.name} at {utc_text(at)}: {difference}")
    print(f"{path.name}: {len(channels)} channels at {len(moments)} instants, {len(differences)} differ")
    return differences


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    on_air, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    if not source.exists():
        print(f"skipped: {source} is not there (set MASTERCLOCK_DATA to the folder with xmltv/ and ffplayout/)")
        sys.exit(77)
    files = sorted([*source.glob("*.xml"), *source.glob("*.gz"), *source.glob("*.json")]) if source.is_dir() else [source]
    if not files:
        sys.exit(f"{source} holds no guide")
    walls = [("Europe/Dublin", "06:00", "25", Fraction(25)),
             ("America/New_York", "05:30", "29.97", Fraction(30000, 1001)),
             ("Europe/London", "06:00", "60000/1001", Fraction(60000, 1001))]
    differences = []
    for number, path in enumerate(files):
        differences += check(on_air, path, *walls[number % len(walls)], INSTANTS if path.stat().st_size > 5000 else 60)
    print("\n".join(differences[:20]))
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
