#!/usr/bin/env python3
"""Runs guides with `on_air run`, and compares the as-run log with an independent calculation.

    run_log_test.py ON_AIR FILE            one guide
    run_log_test.py ON_AIR --data FOLDER   every guide below FOLDER/xmltv and FOLDER/ffplayout, or below
                                           $MASTERCLOCK_DATA where that is set
    run_log_test.py ON_AIR --interrupt     Ctrl-C in the middle

The expected log follows from the definition, as in now_oracle.py: at each instant at which a programme starts
or stops, the programme that is on the air and was not before. Exits 77, which ctest calls skipped, when that
folder does not exist.
"""

import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import zoneinfo

import now_oracle
from now_oracle import SECOND, utc_text

KEYS = ["start", "local_start", "broadcast_date", "channel", "title", "planned_start", "real_start", "lateness_ms",
        "lateness_ns", "planned_duration_seconds", "resumed"]


def three_digits(text, ns):
    """The text of the whole second with the milliseconds of `ns`."""
    return text[:19] + f".{ns % SECOND // 10**6:03}" + text[19:]


def sortable(text):
    """The text of an instant, with nine digits of the fraction."""
    return text[:19] + (text[19:-1] or ".").ljust(10, "0")


def starts(channels, begin, end):
    """[(when, place of the channel, its name, programme, when it ends or None)] in [begin, end)."""
    found = []
    for place, (name, channel) in enumerate(channels.items()):
        previous, last = None, None
        for boundary in channel.boundaries:
            on = channel.on(boundary)
            if on == previous:
                continue
            if last is not None:
                last[4] = boundary
            last = None
            if on is not None:
                last = [boundary, place, name, on, None]
                found.append(last)
            previous = on
    return sorted((start for start in found if begin <= start[0] < end), key=lambda start: start[:2])


def expected_line(start, zone, day_start):
    when, _, name, (own_start, _, title), end = start
    hour, minute = map(int, day_start.split(":"))
    wall = (now_oracle.EPOCH + datetime.timedelta(seconds=when // SECOND)).astimezone(zone).replace(tzinfo=None)
    return {
        "start": three_digits(utc_text(when // SECOND * SECOND), when),
        "local_start": three_digits(now_oracle.local_text(when // SECOND * SECOND, zone), when),
        "broadcast_date": str((wall - datetime.timedelta(hours=hour, minutes=minute)).date()),
        "channel": name,
        "title": title,
        "planned_start": utc_text(when),
        "real_start": utc_text(when),
        "lateness_ms": 0,
        "lateness_ns": 0,
        "planned_duration_seconds": None if end is None else (end - when) / SECOND,
        "resumed": when != own_start,
    }


def listings_of(path, zone, day_start):
    if path.suffix == ".json":
        return now_oracle.read_ffplayout(path, zone, day_start, 0)
    return now_oracle.read_xmltv(path, zoneinfo.ZoneInfo("UTC"), 0)


def compare(on_air, path, zone_name, day_start, span=None, speed="max", only=None):
    zone = zoneinfo.ZoneInfo(zone_name)
    listings = listings_of(path, zone, day_start)
    channels = {name: now_oracle.Channel(listing) for name, listing in listings.items()}
    begin, end = span or (-2**63, 2**63)
    wanted = [expected_line(start, zone, day_start) for start in starts(channels, begin, end)
              if only is None or start[2] == only]
    with tempfile.TemporaryDirectory(prefix="on_air.") as folder:
        log = pathlib.Path(folder) / "log"
        command = [on_air, "run", "--guide", path, "--speed", speed, "--as-run", log, "--zone", zone_name,
                   "--day-start", day_start]
        if span:
            command += ["--from", utc_text(begin), "--to", utc_text(end)]
        if only:
            command += ["--channel", only]
        run = subprocess.run(command, capture_output=True, encoding="utf-8")
        what = f"{path.name} {zone_name} {span and ' to '.join(map(utc_text, span)) or 'all of it'} at {speed}"
        if run.returncode != 0 or run.stderr:
            return [f"{what}: exit status {run.returncode}: {run.stderr}"]
        text = log.read_text(encoding="utf-8")
    if run.stdout != f"{len(wanted)} programme starts in {log}\n":
        return [f"{what}: printed {run.stdout!r}, expected {len(wanted)}"]
    given = [json.loads(line) for line in text.splitlines()]
    in_order = sorted(given, key=lambda line: sortable(line["planned_start"]))  # stable
    if given != in_order:
        return [f"{what}: the log is not in order"]
    places = {name: place for place, name in enumerate(channels)}  # boundaries at one instant come in any order
    given.sort(key=lambda line: (sortable(line["planned_start"]), places[line["channel"]]))
    print(f"{what}: {len(given)} lines, {len(wanted)} expected")
    differences = [f"{what}, line {n + 1}: {one}\n  expected {want}"
                   for n, (one, want) in enumerate(zip(given, wanted)) if one != want or list(one) != KEYS]
    if len(given) != len(wanted):
        differences.append(f"{what}: {len(given)} lines, expected {len(wanted)}")
    return differences[:5]


def whole_lines(text):
    return text == "" or (text.endswith("\n") and all(json.loads(line)["start"] for line in text.splitlines()))


def interrupt(on_air):
    """Ctrl-C, SIGTERM, and the terminal gone, once the first line is there: exit status 130, and whole lines."""
    failures = []
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    stamp = lambda minutes: (now + datetime.timedelta(minutes=minutes)).strftime("%Y%m%d%H%M%S +0000")
    guide = '<tv><channel id="one"/>' + "".join(
        f'<programme channel="one" start="{stamp(n)}" stop="{stamp(n + 1)}"><title>{n}</title></programme>'
        for n in range(-5, 600)) + "</tv>"
    with tempfile.TemporaryDirectory(prefix="on_air.") as folder:
        folder = pathlib.Path(folder)
        (folder / "guide.xml").write_text(guide)
        begin = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        cases = [("simulated", signal.SIGINT, ["--speed", "1", "--from", begin], 1),
                 ("simulated", signal.SIGTERM, ["--speed", "600", "--from", begin], 3),
                 ("simulated", signal.SIGHUP, ["--speed", "600", "--from", begin], 1),
                 ("real", signal.SIGINT, ["--speed", "1"], 0)]
        for name, number, arguments, lines in cases:
            log = folder / f"log.{name}"
            log.unlink(missing_ok=True)
            process = subprocess.Popen([on_air, "run", "--guide", folder / "guide.xml", "--as-run", log, *arguments],
                                       stderr=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
            while process.poll() is None and (not log.exists() or log.read_text().count("\n") < lines):
                pass
            process.send_signal(number)
            out, said = process.communicate(timeout=60)
            if process.returncode != 130 or not said.startswith("on_air: interrupted; ") or out:
                failures.append(f"{name}, {number}: exit status {process.returncode}, said {said!r}, printed {out!r}")
            if not whole_lines(log.read_text()):
                failures.append(f"{name}, {number}: the log is torn: {log.read_text()!r}")
        # The run ends after `--to`; programmes that begin then are not part of it.
        begin = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        stamps = [begin + datetime.timedelta(seconds=n) for n in range(8)]
        (folder / "seconds.xml").write_text("<tv>" + "".join(
            f'<programme channel="one" start="{at:%Y%m%d%H%M%S}"><title/></programme>' for at in stamps) + "</tv>")
        log = folder / "log.to"
        end = stamps[3].strftime("%Y-%m-%dT%H:%M:%SZ")
        run = subprocess.run([on_air, "run", "--guide", folder / "seconds.xml", "--as-run", log, "--to", end],
                             capture_output=True, encoding="utf-8")
        logged = [json.loads(line)["planned_start"] for line in log.read_text().splitlines()]
        if run.returncode != 0 or any(planned >= end for planned in logged):
            failures.append(f"real, to {end}: exit status {run.returncode}, {run.stderr!r}, logged {logged}")
        # The real clock appends to the log, and removes an incomplete last line.
        log = folder / "log.real"
        log.write_text('{"start":"old"}\n{"start":"2026-03-')
        process = subprocess.Popen([on_air, "run", "--guide", folder / "guide.xml", "--as-run", log],
                                   stderr=subprocess.PIPE, encoding="utf-8")
        while process.poll() is None and log.read_text() != '{"start":"old"}\n':
            pass
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        if process.returncode != 130 or not log.read_text().startswith('{"start":"old"}\n'):
            failures.append(f"the real clock's log was not added to: {log.read_text()!r}")
    return failures


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    on_air = sys.argv[1]
    if sys.argv[2] == "--interrupt":
        failures = interrupt(on_air)
    else:
        files = [pathlib.Path(sys.argv[-1])]
        if sys.argv[2] == "--data":
            data = pathlib.Path(os.environ.get("MASTERCLOCK_DATA") or sys.argv[-1])
            files = sorted([*data.glob("xmltv/*.xml"), *data.glob("ffplayout/*.json")])
            if not files:
                print(f"skipped: no guides in {data} (set MASTERCLOCK_DATA to the folder with xmltv/ and ffplayout/)")
                sys.exit(77)
        failures = []
        for path in files:
            failures += compare(on_air, path, "UTC", "06:00")
            failures += compare(on_air, path, "Europe/Dublin", "05:30")
            listings = listings_of(path, zoneinfo.ZoneInfo("UTC"), "06:00")
            boundaries = sorted({start for listing in listings.values() for start, *_ in listing})
            # From one boundary, which counts, to another, which does not. Then at a pace.
            span = (boundaries[len(boundaries) // 3], boundaries[2 * len(boundaries) // 3])
            failures += compare(on_air, path, "America/New_York", "06:00", span)
            failures += compare(on_air, path, "UTC", "06:00", (span[0] + 1, span[0] + 3600 * SECOND), "100000",
                                next(iter(listings)))
    print("\n".join(failures[:20]))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
