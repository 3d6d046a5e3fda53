#!/usr/bin/env python3
"""Joins a clip at fifty points with `on_air join`, and reads the frame numbers in the pictures.

    join_exact_test.py ON_AIR MAKE_CLIPS RATE KIND [CODEC]     e.g. 30000/1001 ts mpeg2video

The first frame must be the one that is on, by rational arithmetic, in mp4 and in MPEG-TS. Some points
are the first nanosecond of a frame, or the last before it. A few joins take more frames: these must be
consecutive and complete, and the sound as long. Exits 77, which ctest calls skipped, when ffmpeg is not installed.
"""

import concurrent.futures
import datetime
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction

import frame_number

JOINS, RUNNING_ON, FRAMES = 50, 4, 12
SECONDS = 25
SECOND = 10**9
START = datetime.datetime(2026, 3, 28, 23, 15, tzinfo=datetime.timezone.utc)
GUIDE = """<tv><channel id="one"/>
<programme channel="one" start="20260328231500 +0000" stop="20260329070000 +0100"><title>Clip</title></programme></tv>
"""


def moment(offset):
    """The instant so many nanoseconds after the programme's start, as the command line takes it."""
    whole = START + datetime.timedelta(seconds=offset // SECOND)
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + f".{offset % SECOND:09}Z"


def offsets(rate, frames, chance):
    first = lambda index: -(-index * SECOND // rate)  # of a frame, in whole nanoseconds: the ceiling
    chosen = [0, first(1) - 1, first(1), first(frames - 1), first(250), first(250) - 1, first(251)]
    while len(chosen) < JOINS:
        index = chance.randrange(frames - FRAMES)
        chosen.append(chance.choice((first(index), first(index + 1) - 1, chance.randrange(first(frames - FRAMES)))))
    return chosen


def main():
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    on_air, make_clips, rate_text, kind = sys.argv[1:5]
    codec = sys.argv[5] if len(sys.argv) == 6 else "libx264"
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        print("skipped: ffmpeg is not installed")
        sys.exit(77)
    rate = Fraction(rate_text)
    failures = []
    with tempfile.TemporaryDirectory(prefix="on_air.") as folder:
        folder = pathlib.Path(folder)
        (folder / "guide.xml").write_text(GUIDE)
        clip = folder / f"clip.{kind}"
        subprocess.run([make_clips, clip, "--rate", rate_text, "--seconds", str(SECONDS), "--codec", codec],
                       check=True, stdout=subprocess.DEVNULL)
        all_numbers = frame_number.numbers(clip)
        if all_numbers != list(range(len(all_numbers))):
            sys.exit("the clip itself does not count its frames")
        chosen = offsets(rate, len(all_numbers), random.Random(f"{rate_text} {kind} {codec}"))
        wanted = [offset * rate // SECOND for offset in chosen]

        def join(number, output, *more):
            command = [on_air, "join", "--guide", folder / "guide.xml", "--channel", "one", "--media", clip,
                       "--at", moment(chosen[number]), "--output", output, *more]
            return subprocess.run(command, capture_output=True, encoding="utf-8")

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(lambda n: join(n, folder / f"{n:03}.png"), range(JOINS)))
        for number, run in enumerate(runs):
            if run.returncode != 0 or run.stderr:
                failures.append(f"at {moment(chosen[number])}: exit {run.returncode}: {run.stderr}")
        if not failures:
            shown = frame_number.numbers(folder / "%03d.png")
            off = [one - want for one, want in zip(shown, wanted)]
            print(f"{clip.name} at {rate_text}, {codec}: {len(shown)} joins, off by", {n: off.count(n) for n in set(off)})
            failures += [f"at {moment(chosen[n])}: frame {shown[n]}, expected {wanted[n]}"
                         for n in range(JOINS) if off[n]]
            if len(shown) != JOINS:
                failures.append(f"{len(shown)} pictures for {JOINS} joins")

        for number in range(JOINS - RUNNING_ON, JOINS):
            output = folder / f"on.{number}.{('mp4', 'ts')[number % 2]}"
            run = join(number, output, "--frames", str(FRAMES))
            if run.returncode != 0:
                failures.append(f"{output.name}: {run.stderr}")
                continue
            shown = frame_number.numbers(output)
            if shown != list(range(wanted[number], wanted[number] + FRAMES)):
                failures.append(f"{output.name}: frames {shown}, expected {FRAMES} from {wanted[number]} on")
            samples = subprocess.check_output(["ffmpeg", "-nostdin", "-v", "error", "-i", output, "-map", "0:a:0",
                                               "-ac", "1", "-ar", "48000", "-f", "s16le", "-"])
            sound = Fraction(len(samples) // 2, 48000)
            if abs(sound - FRAMES / rate) > Fraction(1024 * 3, 48000):  # AAC comes in blocks of 1024
                failures.append(f"{output.name}: {float(sound)} s of sound to {float(FRAMES / rate)} s of pictures")

        left = sorted(path.name for path in folder.iterdir() if path.name.startswith("."))
        if left:
            failures.append(f"left behind: {left}")
    print("\n".join(failures[:20]))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
