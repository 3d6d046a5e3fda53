#!/usr/bin/env python3
"""Asks `on_air now --json` what is on at hundreds of instants, and works each answer out anew.

    now_oracle.py ON_AIR SAMPLE_GUIDE            the guide that ships with the example
    now_oracle.py ON_AIR DATA_FOLDER/xmltv       every *.xml in it
    now_oracle.py ON_AIR DATA_FOLDER/ffplayout   every *.json in it

Nothing here is shared with the program: XML is read by xml.etree, zones by zoneinfo, frames by
fractions, and what is on the air follows from its definition by looking at every programme. Exits 77,
which ctest calls skipped, when the folder is not there; 1 when an answer differs.

Instants: both sides of boundaries, random ones, and in a guide that covers it the night of 29 March
2026 in Europe/Dublin, minute by minute. None of the guides spans a leap second.
"""

import concurrent.futures
import datetime
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
OFFSET_NAMES = {"": 0, "Z": 0, "UTC": 0, "GMT": 0, "BST": 60, "CET": 60, "CEST": 120}


def nanoseconds(aware):
    return (aware - EPOCH) // datetime.timedelta(seconds=1) * SECOND


def xmltv_time(text):
    fields, offset = re.fullmatch(r"(\d+)\s*(.*)", text).groups()
    numbers = [int(fields[:4])] + [int(fields[i:i + 2]) for i in range(4, len(fields), 2)]
    numbers += [1, 1, 0, 0, 0][len(numbers) - 1:]
    if offset in OFFSET_NAMES:
        minutes = OFFSET_NAMES[offset]
    else:
        sign, hours, minutes = re.fullmatch(r"([+-])(\d\d):?(\d\d)", offset).groups()
        minutes = int(sign + "1") * (int(hours) * 60 + int(minutes))
    naive = datetime.datetime(*numbers, tzinfo=datetime.timezone.utc)
    return nanoseconds(naive - datetime.timedelta(minutes=minutes))


def read_xmltv(path):
    """{channel: [(start, stop or None, title)]}, in order."""
    root = ElementTree.parse(path).getroot()
    channels = {channel.get("id"): [] for channel in root.findall("channel")}
    for programme in root.findall("programme"):
        stop = programme.get("stop")
        channels.setdefault(programme.get("channel"), []).append(
            (xmltv_time(programme.get("start")), stop and xmltv_time(stop), programme.findtext("title") or ""))
    return channels


def read_ffplayout(path, zone, day_start):
    playlist = json.loads(path.read_text(encoding="utf-8"), parse_float=Fraction, parse_int=Fraction)
    hour, minute = map(int, day_start.split(":"))
    day = datetime.datetime.strptime(playlist["date"], "%Y-%m-%d")
    at = nanoseconds(day.replace(hour=hour, minute=minute, tzinfo=zone))
    clips = []
    for clip in playlist["program"]:
        length = round(clip["out"] * SECOND) - round(clip["in"] * SECOND)
        clips.append((at, at + length, clip.get("title", clip["source"])))
        at += length
    return {playlist["channel"]: clips}


def with_stops(listing):
    starts = sorted({start for start, _, _ in listing})
    following = dict(zip(starts, starts[1:]))
    return [(start, following.get(start) if stop is None else stop, title) for start, stop, title in listing]


class Channel:
    def __init__(self, listing):
        self.listing = with_stops(listing)
        self.boundaries = sorted({t for start, stop, _ in self.listing for t in (start, stop) if t is not None})

    def on(self, at):
        """The programme that started last of those that hold `at`; of equals, the one listed last."""
        best = None
        for programme in self.listing:
            start, stop, _ = programme
            if start <= at and (stop is None or at < stop) and (best is None or start >= best[0]):
                best = programme
        return best

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


def instants(channels, seed):
    boundaries = sorted({t for channel in channels.values() for t in channel.boundaries})
    low, high = boundaries[0], boundaries[-1]
    chance = random.Random(seed)
    chosen = {at * SECOND for at in NIGHT if low < NIGHT[0] * SECOND and NIGHT[-1] * SECOND < high}
    night = len(chosen)
    for boundary in chance.sample(boundaries, min(len(boundaries), (INSTANTS - night) // 6)) + [low, high]:
        chosen.update((boundary - 1, boundary, boundary + 1))
    while len(chosen) < INSTANTS:
        chosen.add(chance.randrange(low - 3600 * SECOND, high + 3600 * SECOND, chance.choice((1, 10**6, SECOND))))
    return sorted(chosen)


def check(on_air, path, zone_name, day_start, rate_text, rate):
    zone = zoneinfo.ZoneInfo(zone_name)
    listings = read_ffplayout(path, zone, day_start) if path.suffix == ".json" else read_xmltv(path)
    channels = {name: Channel(listing) for name, listing in listings.items()}
    differences = []

    def ask(at):
        command = [on_air, "now", "--guide", path, "--at", utc_text(at), "--zone", zone_name, "--rate", rate_text,
                   "--day-start", day_start, "--json"]
        result = subprocess.run(command, capture_output=True, encoding="utf-8")
        if result.returncode != 0 or result.stderr:
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

    moments = instants(channels, str(path.name))
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
    files = sorted([*source.glob("*.xml"), *source.glob("*.json")]) if source.is_dir() else [source]
    if not files:
        sys.exit(f"{source} holds no guide")
    walls = [("Europe/Dublin", "06:00", "25", Fraction(25)),
             ("America/New_York", "05:30", "29.97", Fraction(30000, 1001)),
             ("Europe/London", "06:00", "60000/1001", Fraction(60000, 1001))]
    differences = []
    for number, path in enumerate(files):
        differences += check(on_air, path, *walls[number % len(walls)])
    print("\n".join(differences[:20]))
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
