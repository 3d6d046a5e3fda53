#!/usr/bin/env python3
"""Times the commands of on_air from start to end, and Python's ElementTree, on a guide of 40 MB.

usage: commands_bench.py [--on-air build/bench/examples/on_air/on_air]

An operator types `on_air now`. A viewer's join starts with the command and ends with the first picture. The answers of
ElementTree and of on_air are compared before a time counts.
"""
import argparse
import datetime as dt
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN = dt.datetime(2026, 3, 23, tzinfo=dt.timezone.utc)
CHANNELS, EACH = 200, 1_240
LENGTH = dt.timedelta(days=7) // EACH // dt.timedelta(seconds=1) * dt.timedelta(seconds=1)
AT = BEGIN + dt.timedelta(days=3, seconds=7)
PASSES = 5


def xmltv_time(index):
    return (BEGIN + index * LENGTH).strftime("%Y%m%d%H%M%S +0000")


def write_guide(path):
    times = [xmltv_time(index) for index in range(EACH + 1)]
    with open(path, "w", encoding="utf-8") as guide:
        guide.write('<?xml version="1.0" encoding="UTF-8"?>\n<tv generator-info-name="bench">\n')
        for channel in range(CHANNELS):
            guide.write(f'  <channel id="channel-{channel}.ie">\n    <display-name>Channel {channel}</display-name>\n'
                        '  </channel>\n')
        for channel in range(CHANNELS):
            for index in range(EACH):
                guide.write(f'  <programme start="{times[index]}" stop="{times[index + 1]}" '
                            f'channel="channel-{channel}.ie">\n'
                            f'    <title>The Lighthouse Keepers, Part {index + 1}</title>\n  </programme>\n')
        guide.write("</tv>\n")


def run(command):
    """Returns the output, the time in ns and the greatest resident memory in bytes of a program."""
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter_ns()
        pid = os.posix_spawn(command[0], command, os.environ,
                             file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), 1)])
        _, status, usage = os.wait4(pid, 0)
        passed = time.perf_counter_ns() - begin
        if status:
            sys.exit(f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}")
        output.seek(0)
        return output.read().decode(), passed, usage.ru_maxrss * 1024


def titles_by_element_tree(path):
    """Returns the title on each channel at AT, as a program with ElementTree finds it."""
    at = AT.strftime("%Y%m%d%H%M%S +0000")  # all times have this form, and so their order
    on_air = {}
    for _, element in ElementTree.iterparse(path):
        if element.tag == "programme":
            if element.get("start") <= at < element.get("stop"):
                on_air[element.get("channel")] = element.findtext("title")
            element.clear()
    return on_air


def rows_of(name, passes, **counters):
    return {"name": name, "run_name": name, "run_type": "iteration", "iterations": len(passes), "threads": 1,
            "real_time": statistics.median(passes), "cpu_time": statistics.median(passes), "time_unit": "ns",
            "best_ns": min(passes)} | counters


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--on-air", default=ROOT / "build/bench/examples/on_air/on_air", help="the program")
    on_air = str(parser.parse_args().on_air)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        guide, clip, picture = (os.path.join(folder, name) for name in ("guide.xml", "clip.mp4", "first.png"))
        write_guide(guide)
        at = AT.strftime("%Y-%m-%dT%H:%M:%SZ")
        now = [on_air, "now", "--guide", guide, "--at", at, "--json"]
        answers = [run(now) for _ in range(PASSES)]
        begin = time.perf_counter_ns()
        expected = titles_by_element_tree(guide)
        tree = time.perf_counter_ns() - begin
        lines = [json.loads(line) for line in answers[0][0].splitlines()]
        if {line["channel"]: line["title"] for line in lines} != expected:
            sys.exit("on_air and ElementTree differ")
        rows.append(rows_of("BM_OnAir_Now/40", [passed for _, passed, _ in answers],
                            bytes=max(memory for _, _, memory in answers)))
        rows.append(rows_of("BM_ElementTree_Now/40", [tree]))
        sample = ROOT / "examples/on_air/sample"
        small = [on_air, "now", "--guide", str(sample / "guide.xml"), "--at", "2026-03-29T00:59:50Z", "--json"]
        rows.append(rows_of("BM_OnAir_Now/sample", [run(small)[1] for _ in range(PASSES)]))
        if subprocess.run([sample / "make_clips", clip], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            join = [on_air, "join", "--guide", str(sample / "guide.xml"), "--channel", "lantern-film", "--media", clip,
                    "--at", "2026-03-29T00:10:21.5Z", "--output", picture]
            rows.append(rows_of("BM_OnAir_Join/picture", [run(join)[1] for _ in range(PASSES)]))
    json.dump({"context": {"executable": __file__}, "benchmarks": rows}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
