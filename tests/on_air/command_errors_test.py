#!/usr/bin/env python3
"""Runs `on_air join` and `on_air run` on bad input: each prints one line that names the fault, has the
documented exit status, and leaves no new file.

    command_errors_test.py ON_AIR MAKE_CLIPS

Without ffmpeg the cases that need it do not run, and the output says so.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

GUIDE = """<?xml version="1.0" encoding="UTF-8"?>
<tv>
  <channel id="one"><display-name>One</display-name></channel>
  <channel id="empty"/>
  <programme channel="one" start="20260328200000 +0000" stop="20260328210000 +0000"><title>News</title></programme>
</tv>
"""
BACKWARD = GUIDE.replace('stop="20260328210000', 'stop="20260328190000')
AT = "2026-03-28T20:00:05Z"
MUCH_LATER = "2026-03-28T20:30:00Z"

# name, arguments, exit status, text in the line. {d} is a folder with guide.xml, cut.xml, backward.xml,
# text.xml, clip.mp4, not-media.mp4, pipe and the empty folder media/.
JOIN = "join --guide {d}/guide.xml --channel one --media {d}/clip.mp4 --at " + AT + " --output {d}/out.mp4"
RUN = "run --guide {d}/guide.xml --speed max --as-run {d}/log"
ALWAYS = [
    ("join: nothing", "join", 2, "--guide is required"),
    ("join: an unknown option", JOIN + " --loud", 2, "--loud"),
    ("join: at when", JOIN.replace(AT, "yesterday"), 2, "'yesterday'"),
    ("join: no frames", JOIN + " --frames 0", 2, "--frames"),
    ("join: more frames than there are", JOIN + " --frames 9223372036854775807", 2, "--frames"),
    ("join: more frames than can be counted", JOIN + " --frames 99999999999999999999", 2, "--frames"),
    ("join: a field rate", JOIN + " --rate 59.94i", 2, "'59.94i'"),
    ("join: no such guide", JOIN.replace("guide.xml", "none.xml"), 1, "none.xml: "),
    ("join: not a guide", JOIN.replace("guide.xml", "text.xml"), 1, "text.xml"),
    ("join: half a guide", JOIN.replace("guide.xml", "cut.xml"), 1, "cut.xml:"),
    ("join: a stop before its start", JOIN.replace("guide.xml", "backward.xml"), 1, "backward.xml:5: "),
    ("join: zone", JOIN + " --zone Mars/Base", 1, "Invalid timezone 'Mars/Base'"),
    ("join: unknown channel", JOIN.replace("--channel one", "--channel One"), 1, "did you mean 'one'?"),
    ("join: off the air", JOIN.replace(AT, "2026-03-28T21:00:00Z"), 1, "off the air at 2026-03-28T21:00:00Z"),
    ("join: no programme at all", JOIN.replace("--channel one", "--channel empty"), 1, "'empty' is off the air"),
    ("join: no such media", JOIN.replace("clip.mp4", "none.mp4"), 1, "none.mp4: no such file or directory"),
    ("join: media from a pipe", JOIN.replace("clip.mp4", "pipe"), 1, "pipe: is not a regular file"),
    ("join: nothing in the folder", JOIN.replace("clip.mp4", "media"), 1, "'news.mp4' and 'one.mp4'"),
    ("join: output nowhere", JOIN.replace("out.mp4", "none/out.mp4"), 1, "no such directory: {d}/none"),
    ("join: output is a folder", JOIN.replace("out.mp4", "media"), 1, "media: is not a regular file"),
    ("join: onto the media", JOIN.replace("out.mp4", "clip.mp4"), 1, "clip.mp4: is the media itself"),
    ("join: output without a kind", JOIN.replace("out.mp4", "out"), 1, "has no extension that names its format"),
    ("run: nothing", "run", 2, "required"),
    ("run: how fast", RUN.replace("max", "fast"), 2, "'fast'"),
    ("run: no speed", RUN.replace("max", "0"), 2, "'0'"),
    ("run: backward", RUN.replace("max", "-1"), 2, "'-1'"),
    ("run: by whom", RUN.replace("--speed max", "--discipline sundial"), 2, "'sundial'"),
    ("run: simulated time needs no discipline", RUN + " --discipline kernel", 2, "needs the real clock"),
    ("run: to before from", RUN + f" --from {AT} --to {AT}", 2, "--to"),
    ("run: to before the guide", RUN + " --to 2026-01-01T00:00:00Z", 1, "--to is not later than 2026-03-28T20:00:00Z"),
    ("run: no such guide", RUN.replace("guide.xml", "none.xml"), 1, "none.xml: "),
    ("run: half a guide", RUN.replace("guide.xml", "cut.xml"), 1, "cut.xml:"),
    ("run: a stop before its start", RUN.replace("guide.xml", "backward.xml"), 1, "backward.xml:5: "),
    ("run: zone", RUN + " --zone Mars/Base", 1, "Invalid timezone 'Mars/Base'"),
    ("run: day start", RUN + " --day-start 25:00", 2, "'25:00'"),
    ("run: unknown channel", RUN + " --channel tow", 1, "'tow'"),
    ("run: log nowhere", RUN.replace("/log", "/none/log"), 1, "{d}/none/log: No such file or directory"),
    ("run: log is a folder", RUN.replace("/log", "/media"), 1, "{d}/media: Is a directory"),
    ("run: onto the guide", RUN.replace("/log", "/guide.xml"), 1, "guide.xml: is the guide itself"),
    ("run: onto a file that is no log", RUN.replace("/log", "/text.xml"), 1, "text.xml: is not an as-run log"),
    ("run: the disk is full", RUN.replace("{d}/log", "/dev/full"), 1, "/dev/full: No space left on device"),
]
WITH_FFMPEG = [
    ("join: too short", JOIN.replace(AT, MUCH_LATER), 1,
     "clip.mp4: lasts 10.000000 s, too short for a join at 1800.000000 s (frame 45000)"),
    ("join: too short for so many", JOIN + " --frames 126", 1, "too short for a join at 5.000000 s (frame 125) and 126 frames"),
    ("join: not media", JOIN.replace("clip.mp4", "not-media.mp4"), 1, "not-media.mp4: Invalid data found"),
    ("join: a kind that ffmpeg does not know", JOIN.replace("out.mp4", "out.nonsense"), 1, "ffmpeg: "),
]
WITHOUT_PATH = [("join: ffmpeg is missing", JOIN, 1, "ffprobe is not installed")]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    on_air, make_clips = sys.argv[1:]
    on_air = os.path.abspath(on_air)
    failures = []
    with tempfile.TemporaryDirectory(prefix="on_air.") as folder:
        folder = pathlib.Path(folder)
        (folder / "media").mkdir()
        os.mkfifo(folder / "pipe")
        for name, text in (("guide.xml", GUIDE), ("cut.xml", GUIDE[:-20]), ("backward.xml", BACKWARD),
                           ("text.xml", "What is on?\n"), ("not-media.mp4", "not a film\n"), ("clip.mp4", "")):
            (folder / name).write_text(text)
        cases = [(*case, os.environ) for case in ALWAYS]
        cases += [(*case, {**os.environ, "PATH": str(folder / "media")}) for case in WITHOUT_PATH]
        if shutil.which("ffmpeg"):
            subprocess.run([make_clips, folder / "clip.mp4", "--seconds", "10"], check=True, stdout=subprocess.DEVNULL)
            cases += [(*case, os.environ) for case in WITH_FFMPEG]
        else:
            print("ffmpeg is not installed: some cases are left out")
        before = sorted(path.relative_to(folder) for path in folder.rglob("*"))

        for name, arguments, status, says, environment in cases:
            command = [on_air] + [word.format(d=folder) for word in arguments.split()]
            run = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
            says = says.format(d=folder)
            wrong = []
            if run.returncode != status:
                wrong.append(f"exit status {run.returncode}, not {status}")
            if run.stdout:
                wrong.append(f"printed {run.stdout!r}")
            if run.stderr.count("\n") != 1 or not run.stderr.startswith("on_air: ") or says not in run.stderr:
                wrong.append(f"said {run.stderr!r}, expected one line with {says!r}")
            after = sorted(path.relative_to(folder) for path in folder.rglob("*"))
            if after != before:
                wrong.append(f"left {[str(path) for path in after if path not in before]}")
                for path in after:
                    if path not in before:
                        (folder / path).unlink()
            if wrong:
                failures.append(f"{name}: " + "; ".join(wrong))
        print(f"{len(cases)} cases, {len(failures)} failed")

        # A log is not lost to a run that cannot begin.
        (folder / "log").write_text("old\n")
        subprocess.run([on_air, "run", "--guide", folder / "cut.xml", "--speed", "max", "--as-run", folder / "log"],
                       stderr=subprocess.DEVNULL)
        if (folder / "log").read_text() != "old\n":
            failures.append("a run that could not begin emptied the log")

        # Ctrl-C while media is produced: the child ends, and nothing is left.
        if shutil.which("ffmpeg"):
            subprocess.run([make_clips, folder / "long.mp4", "--seconds", "120"], check=True,
                           stdout=subprocess.DEVNULL)
            before = sorted(path.relative_to(folder) for path in folder.rglob("*"))
            process = subprocess.Popen([on_air, "join", "--guide", folder / "guide.xml", "--channel", "one", "--media",
                                        folder / "long.mp4", "--at", AT, "--output", folder / "out.mp4"],
                                       stderr=subprocess.PIPE, encoding="utf-8")
            while process.poll() is None and not list(folder.glob(".on_air.*/*")):
                pass  # until ffmpeg has begun to write
            process.send_signal(signal.SIGINT)
            said = process.communicate()[1]
            if process.returncode != 130 or "interrupted" not in said:
                failures.append(f"interrupted join: exit status {process.returncode}, said {said!r}")
            if sorted(path.relative_to(folder) for path in folder.rglob("*")) != before:
                failures.append("an interrupted join left something behind")
    print("\n".join(failures))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
