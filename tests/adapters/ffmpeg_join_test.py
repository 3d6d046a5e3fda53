#!/usr/bin/env python3
"""Joins clips at many instants with ffmpeg_join, and compares with the number that is burned into the picture.

    ffmpeg_join_test.py FFMPEG_JOIN MAKE_CLIPS
"""
import datetime
import fractions
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "on_air"))
from frame_number import number_of  # noqa: E402

SECONDS = 20
RATES = {"25": fractions.Fraction(25), "30000/1001": fractions.Fraction(30000, 1001)}
START = datetime.datetime(2026, 11, 27, 20, tzinfo=datetime.timezone.utc)


def text(nanoseconds):
    """START and so many nanoseconds, in RFC 3339."""
    at = START + datetime.timedelta(seconds=nanoseconds // 10**9)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 10**9:09}Z"


def burned_in(path):
    header, picture = path.read_bytes().split(b"\n", 1)
    if header != b"P5 320 180 255":
        sys.exit(f"unexpected header {header}")
    return number_of(picture)


def join(program, clip, offset, output):
    return subprocess.run([program, clip, text(0), text(offset), output], capture_output=True, text=True)


def check_other_pictures(program, folder, output):
    """A picture that is held, samples of ten bits, and a cover instead of pictures."""
    source = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4"]
    held, deep, cover = folder / "held.mp4", folder / "deep.mkv", folder / "cover.mp4"
    encoder = ["-c:v", "mpeg4", "-q:v", "1"]
    subprocess.run([*source, *encoder, "-vf", "select='not(between(n,30,60))'", "-vsync", "vfr", held], check=True)
    pictures = set()
    for offset in (29 * 40, 45 * 40, 60 * 40, 61 * 40):  # frame 29 stays until 61 begins
        ended = join(program, held, offset * 10**6, output)
        if (ended.returncode, ended.stdout) != (0, f"frame {offset // 40}\n"):
            sys.exit(f"held at {offset} ms: {ended}")
        pictures.add(output.read_bytes())
    if len(pictures) != 2:
        sys.exit(f"{len(pictures)} pictures of a held and a next one")
    subprocess.run([*source, "-c:v", "ffv1", "-pix_fmt", "yuv420p10le", deep], check=True)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=4", *source[4:], "-map", "0", "-map", "1",
                    "-frames:v", "1", "-c:v", "mjpeg", "-disposition:v", "attached_pic", cover], check=True)
    for clip, error in ((deep, "FILE has no gray of 8 bits"),
                        (cover, "FILE has no pictures that can be decoded")):
        ended = join(program, clip, 10**9, output)
        if (ended.returncode, ended.stderr) != (1, f"ffmpeg_join: {error}\n"):
            sys.exit(f"{clip.name}: {ended}")


def main():
    program, make_clips = sys.argv[1:]
    random.seed(1)
    joined = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        output = folder / "picture.pgm"
        for rate, exact in RATES.items():
            for kind in ("mp4", "ts"):
                clip = folder / f"clip.{kind}"
                subprocess.run([make_clips, clip, "--seconds", str(SECONDS), "--rate", rate, "--gop", "60"],
                               check=True)
                first = {-(-k * 10**9 // exact) for k in (1, 59, 60, 61)}  # first nanoseconds of frames
                offsets = [0, *(int(n) for n in first), *(int(n) - 1 for n in first),
                           *(random.randrange((SECONDS - 1) * 10**9) for _ in range(6))]
                for offset in offsets:
                    expected = int(offset * exact // 10**9)
                    ended = join(program, clip, offset, output)
                    found = burned_in(output) if ended.returncode == 0 else ended.stderr
                    if ended.stdout != f"frame {expected}\n" or found != expected:
                        sys.exit(f"{rate} {kind} at {offset} ns: expected {expected}, found {ended.stdout} {found}")
                    joined += 1
                ended = join(program, clip, (SECONDS + 5) * 10**9, output)
                if (ended.returncode, ended.stderr) != (1, "ffmpeg_join: FILE has no such frame\n"):
                    sys.exit(f"after the end: {ended}")
        check_other_pictures(program, folder, output)
        (folder / "empty").touch()
        for clip, error in ((folder / "missing.mp4", "cannot read FILE"), (folder / "empty", "cannot read FILE")):
            ended = join(program, clip, 0, output)
            if (ended.returncode, ended.stderr) != (1, f"ffmpeg_join: {error}\n"):
                sys.exit(f"{clip.name}: {ended}")
    print(f"{joined} joins show the expected frame")


if __name__ == "__main__":
    main()
