#!/usr/bin/env python3
"""Runs on_air where its readers are slow or leave, where its disk is full, and where it is killed.

    real_failures_test.py ON_AIR MAKE_CLIPS

Each program must end soon, with the documented exit status and a log of whole lines. Without
ffmpeg the cases that need it do not run, and the output says so.
"""

import datetime
import json
import os
import pathlib
import pty
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOON = 20  # seconds; within one second on a machine that is not busy
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def stamp(minutes):
    return (NOW + datetime.timedelta(minutes=minutes)).strftime("%Y%m%d%H%M%S +0000")


def guide_of(minutes, channel="one", title="News"):
    """Programmes of a minute each, from five minutes ago."""
    return f"<tv><channel id='{channel}'/>" + "".join(
        f"<programme channel='{channel}' start='{stamp(n)}' stop='{stamp(n + 1)}'><title>{title} {n}</title></programme>"
        for n in range(-5, minutes)) + "</tv>"


def whole_lines(text):
    return not text or (text.endswith("\n") and all(json.loads(line) for line in text.splitlines()))


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


def blocks_signals(process):
    """Whether the process has reached the part in which Ctrl-C is a request to stop."""
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("SigBlk:"):
            return int(line.split()[1], 16) >> (signal.SIGINT - 1) & 1 == 1
    return False


class Cases:
    def __init__(self, on_air, folder):
        self.on_air, self.folder, self.failures, self.longest = on_air, folder, [], (0, "")

    def path(self, name):
        return str(self.folder / name)

    def check(self, condition, what):
        if not condition:
            self.failures.append(what)

    def start(self, *arguments, **options):
        return subprocess.Popen([self.on_air, *arguments], stdin=subprocess.DEVNULL, **options)

    def ends(self, process, statuses, what):
        """Checks that the process ends soon, with one of the statuses. The slowest is reported."""
        begin = time.monotonic()
        try:
            process.wait(SOON)
            self.longest = max(self.longest, (time.monotonic() - begin, what))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.failures.append(f"{what}: does not end")
            return
        self.check(process.returncode in statuses, f"{what}: exit status {process.returncode}, not in {statuses}")

    # case 18
    def reader_leaves(self):
        for name, speed, lines in (("simulated", ["--speed", "max"], 1), ("real", [], 0)):
            process = self.start("run", "--guide", self.path("long.xml"), "--as-run", "/dev/stdout", *speed,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(lines):
                process.stdout.readline()
            time.sleep(0.2)
            process.stdout.close()
            self.ends(process, {1}, f"the reader leaves, {name}")
            said = process.stderr.read().decode()
            self.check(said.startswith("on_air: ") and said.count("\n") == 1, f"the reader leaves, {name}: said {said!r}")
            process.stderr.close()

    def reader_is_slow(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("run", "--guide", self.path("long.xml"), "--as-run", "/dev/stdout", "--speed", "max",
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            wait_until(lambda: blocks_signals(process))
            time.sleep(0.5)  # until the pipe is full
            process.send_signal(number)
            self.ends(process, {130, 1}, f"the reader is slow, {number!r}")
            process.stdout.close()

    def pipe_without_reader(self):
        os.mkfifo(self.path("pipe"))
        process = self.start("run", "--guide", self.path("long.xml"), "--as-run", self.path("pipe"),
                             stderr=subprocess.DEVNULL)
        wait_until(lambda: blocks_signals(process))
        process.send_signal(signal.SIGINT)
        self.ends(process, {130}, "a pipe without a reader")
        process = self.start("now", "--guide", self.path("pipe"), stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        self.ends(process, {-signal.SIGINT}, "a guide from a pipe without a writer")

    def stderr_is_full(self):
        read, write = os.pipe()
        os.set_blocking(write, False)
        try:
            while os.write(write, b"x" * 4096):
                pass
        except BlockingIOError:
            os.set_blocking(write, True)
        process = self.start("run", "--guide", self.path("long.xml"), "--as-run", self.path("log.stderr"),
                             "--discipline", "kernel", stderr=write)
        wait_until(lambda: blocks_signals(process) and (self.folder / "log.stderr").exists())
        process.send_signal(signal.SIGINT)
        self.ends(process, {130}, "stderr is full")
        os.close(read)
        os.close(write)

    def guide_becomes_a_pipe(self):
        guide = self.folder / "becomes.xml"
        guide.write_text(guide_of(30))
        process = self.start("run", "--guide", guide, "--as-run", self.path("log.becomes"), stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
        wait_until(lambda: blocks_signals(process) and (self.folder / "log.becomes").exists())
        os.mkfifo(self.path("other"))
        os.replace(self.path("other"), guide)
        said = process.stderr.readline().decode()
        self.check(said == f"on_air: {guide}: has become a pipe; a guide that changes must be a file\n", said)
        process.send_signal(signal.SIGTERM)
        self.ends(process, {130}, "a guide that became a pipe")
        process.stderr.close()

    def ffmpeg_hangs(self):
        """Programs in place of ffmpeg and ffprobe that read nothing, end never and ignore SIGTERM."""
        tools = self.folder / "tools"
        tools.mkdir()
        (self.folder / "hang.mp4").write_text("x")
        report = ('{"streams":[{"index":0,"codec_type":"video","r_frame_rate":"25/1","time_base":"1/25","start_pts":0,'
                  '"duration_ts":250000}],"format":{"format_name":"mp4"}}')
        hang = "#!/bin/sh\ntrap '' TERM INT HUP\ntouch {}\nwhile :; do sleep 1; done\n"
        commands = {"run": ["--as-run", self.path("log.hang")],
                    "join": ["--channel", "one", "--output", self.path("hang.out.mp4")]}
        for hanging, probe in (("ffprobe", None), ("ffmpeg", f"#!/bin/sh\necho '{report}'\n")):
            for command, more in commands.items():
                mark = self.folder / f"hangs.{hanging}.{command}"
                for name, script in (("ffprobe", probe or hang.format(mark)), ("ffmpeg", hang.format(mark))):
                    (tools / name).write_text(script)
                    (tools / name).chmod(0o755)
                process = self.start(command, "--guide", self.path("long.xml"), "--media", self.path("hang.mp4"), *more,
                                     env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                wait_until(lambda: mark.exists() or process.poll() is not None)
                process.send_signal(signal.SIGINT)
                self.ends(process, {130}, f"{command} while {hanging} hangs")
                process.stderr.close()
        self.check(not list(self.folder.glob(".on_air.*")) and not (self.folder / "hang.out.mp4").exists(),
                   "a join that was interrupted leaves a file")

    def signals_at_random(self):
        """The log is a beginning of the model's, in whole lines, whenever a signal comes and however slow the reader is."""
        model = [f"News {n}" for n in range(-5, 3000)]
        chance = random.Random(18)
        for turn in range(30):
            number = chance.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
            piped = turn % 2 == 0
            log = self.folder / f"log.random.{turn}"
            process = self.start("run", "--guide", self.path("long.xml"), "--speed", chance.choice(("max", "30000")),
                                 "--as-run", "/dev/stdout" if piped else log,
                                 stdout=subprocess.PIPE if piped else subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: process.poll() is not None or blocks_signals(process))
            text = process.stdout.read(chance.randrange(100_000)) if piped and turn % 4 == 0 else b""
            time.sleep(chance.random() / 10)
            process.send_signal(number)
            if piped:
                text += process.stdout.read()
                process.stdout.close()
            self.ends(process, {0, 130}, f"{number!r} at random")
            text = text.decode() if piped else log.read_text() if log.exists() else ""
            # A pipe may be interrupted within a line: its reader has the rest of no line.
            lines = text.splitlines() if text.endswith("\n") or not piped else text.splitlines()[:-1]
            titles = [json.loads(line)["title"] for line in lines]
            self.check(titles == model[:len(titles)], f"{number!r} at random: {titles[-3:]} in turn {turn}")
            self.check(process.returncode == 130 or titles == model, f"{number!r} at random: a log that is not whole")
            self.check(piped or whole_lines(text), f"{number!r} at random: a line that is not whole")

    # case 24
    def stdout_is_unwritable(self):
        """Each command says which file cannot be written, and why."""
        guide = ["--guide", self.path("long.xml")]
        run = ["run", *guide, "--speed", "max", "--as-run"]
        commands = [["--help"], ["now", "--help"], ["now", *guide], ["now", *guide, "--json"],
                    ["now", *guide, "--at", NOW.isoformat()], ["now", *guide, "--watch"],
                    ["now", *guide, "--watch", "--json"], [*run, self.path("log.stdout")], [*run, "/dev/stdout"]]
        terminal, lost_terminal = pty.openpty()
        os.close(terminal)
        here, there = socket.socketpair()
        there.close()
        read, broken = os.pipe()
        os.close(read)
        closed = lambda: os.close(1)
        for name, out, before, reason in (
                ("full", os.open("/dev/full", os.O_WRONLY), None, "No space left on device"),
                ("closed", None, closed, "Bad file descriptor"),
                ("open for reading", os.open("/dev/null", os.O_RDONLY), None, "Bad file descriptor"),
                ("a folder", os.open(self.folder, os.O_RDONLY), None, "Bad file descriptor"),
                ("a terminal that is gone", lost_terminal, None, "Input/output error"),
                ("a broken pipe", broken, None, "Broken pipe"),
                ("a broken connection", os.dup(here.fileno()), None, "Broken pipe")):
            for arguments in commands:
                result = subprocess.run([self.on_air, *arguments], stdin=subprocess.DEVNULL, stdout=out,
                                        stderr=subprocess.PIPE, encoding="utf-8", preexec_fn=before, timeout=SOON)
                what = f"{arguments} to a stdout that is {name}: {result.returncode}, {result.stderr!r}"
                if reason == "Broken pipe" and arguments[0] != "run":  # ends as every filter does
                    self.check((result.returncode, result.stderr) == (-signal.SIGPIPE, ""), what)
                    continue
                lines = [f"on_air: stdout cannot be written: {reason}\n"]
                if arguments[-1] == "/dev/stdout":  # its own descriptor, where the system has one
                    lines = [f"on_air: /dev/stdout: {why}\n" for why in (reason, "No such device or address")]
                    lines += ["on_air: stdout cannot be written: it is closed, or open for reading\n"]
                self.check(result.returncode == 1 and result.stderr in lines, what)
            if out is not None:
                os.close(out)

    def stdin_is_unreadable(self):
        run = subprocess.run([self.on_air, "now", "--guide", "-"], capture_output=True, encoding="utf-8",
                             preexec_fn=lambda: os.close(0), timeout=SOON)
        self.check((run.returncode, run.stdout, run.stderr) ==
                   (1, "", "on_air: standard input: cannot be read: Bad file descriptor\n"), f"a closed stdin: {run}")

    def disk_is_full(self):
        common = ["--guide", self.path("long.xml"), "--speed", "max", "--as-run"]
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        process = self.start("run", *common, self.path("log.limited"), stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, preexec_fn=limit)
        self.ends(process, {1}, "a log beyond RLIMIT_FSIZE")
        self.check("File too large" in process.stderr.read().decode(), "a log beyond RLIMIT_FSIZE: no reason")
        process.stderr.close()
        text = (self.folder / "log.limited").read_text()
        self.check(text and whole_lines(text), f"a log beyond RLIMIT_FSIZE: {text!r}")

    # case 21
    def log_is_another_file(self):
        (self.folder / "notes.txt").write_text("Buy milk.\n")
        for speed in (["--speed", "max"], []):
            process = self.start("run", "--guide", self.path("long.xml"), "--as-run", self.path("notes.txt"), *speed,
                                 stderr=subprocess.DEVNULL)
            self.ends(process, {1}, "a file that is no log")
        self.check((self.folder / "notes.txt").read_text() == "Buy milk.\n", "a file that is no log was changed")

    # case 22
    def escape_sequences(self):
        (self.folder / "escape.xml").write_text(guide_of(5, "&#x9b;31mone", "&#x1b;[2JNews").replace("&#x1b;", ""))
        name = "\x1b]0;owned\x07"
        runs = [["now", "--guide", self.path("escape.xml")],
                ["now", "--guide", self.path(name)],
                ["run", "--guide", self.path("long.xml"), "--speed", "max", "--as-run", self.path("log" + name)],
                ["join", "--guide", self.path("long.xml"), "--channel", "one", "--media", self.path(name),
                 "--output", self.path(name + ".mp4")]]
        for arguments in runs:
            run = subprocess.run([self.on_air, *arguments], capture_output=True, encoding="utf-8")
            printed = run.stdout + run.stderr
            self.check(not any(ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160 for c in printed),
                       f"{arguments[0]} prints control characters: {printed!r}")

    # case 23
    def join_is_killed(self, make_clips):
        subprocess.run([make_clips, self.path("clip.mp4"), "--seconds", "120"], check=True, stdout=subprocess.DEVNULL)
        (self.folder / "film.xml").write_text(guide_of(5).replace("\n", ""))
        out = self.folder / "out"
        out.mkdir()
        arguments = ["join", "--guide", self.path("film.xml"), "--channel", "one", "--media", self.path("clip.mp4"),
                     "--at", NOW.strftime("%Y-%m-%dT%H:%M:05Z"), "--output", str(out / "joined.mp4")]
        process = self.start(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until(lambda: process.poll() is not None or list(out.glob(".on_air.*/*")))  # ffmpeg writes
        left = list(out.glob(".on_air.*"))
        self.check(len(left) == 1, f"a join that is killed: {left}, said {process.stderr.read() if process.poll() is not None else ''}")
        process.kill()
        process.wait()
        process.stderr.close()
        children = lambda: subprocess.run(["pgrep", "-f", str(out)], capture_output=True, encoding="utf-8").stdout
        wait_until(lambda: not children())
        self.check(not children(), f"ffmpeg outlives a join that was killed: {children()}")
        run = subprocess.run([self.on_air, *arguments, "--frames", "5"], capture_output=True, encoding="utf-8")
        self.check(run.returncode == 0, f"the join after it: {run.stderr}")
        self.check([path.name for path in out.iterdir()] == ["joined.mp4"], f"left {list(out.iterdir())}")
        with open("/dev/full", "w") as full:
            run = subprocess.run([self.on_air, *arguments, "--frames", "5"], stdout=full, stderr=subprocess.DEVNULL)
            self.check(run.returncode == 1, "a join to a full stdout")

    def ends_of_children_are_ignored(self):
        """A parent that ignores SIGCHLD hides no failure of ffmpeg."""
        (self.folder / "film.xml").write_text(guide_of(5))
        (self.folder / "not-media.mp4").write_text("not a film")
        run = subprocess.run([self.on_air, "join", "--guide", self.path("film.xml"), "--channel", "one", "--media",
                              self.path("not-media.mp4"), "--output", self.path("none.mp4")], capture_output=True,
                             encoding="utf-8", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.check(run.returncode == 1 and "Invalid data found" in run.stderr, f"SIGCHLD is ignored: {run}")

    def joins_beyond_a_limit(self, make_clips):
        """ffmpeg may end with status 0 when it cannot write the end of a file."""
        (self.folder / "film.xml").write_text(guide_of(5))
        out = self.folder / "limited"
        out.mkdir()
        clip = self.folder / "short.mp4"
        subprocess.run([make_clips, clip, "--seconds", "100"], check=True, stdout=subprocess.DEVNULL)
        for kind in ("mp4", "mov", "mkv", "ts", "png"):
            for frames in ("5", "50"):
                limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
                run = subprocess.run([self.on_air, "join", "--guide", self.path("film.xml"), "--channel", "one",
                                      "--media", clip, "--output", out / f"joined.{kind}", "--frames", frames],
                                     capture_output=True, encoding="utf-8", preexec_fn=limit)
                self.check(run.returncode == 1 and "File too large" in run.stderr and run.stderr.count("\n") == 1,
                           f"{frames} frames of {kind} beyond RLIMIT_FSIZE: {run}")
                self.check(not list(out.iterdir()), f"{kind} beyond RLIMIT_FSIZE left {list(out.iterdir())}")

    # item 9
    def channel_always_shows_something(self, make_clips):
        media, out = self.folder / "media", self.folder / "produced"
        media.mkdir()
        out.mkdir()
        subprocess.run([make_clips, media / "one.mp4", "--seconds", "3"], check=True, stdout=subprocess.DEVNULL)
        begin = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(seconds=2)
        at = lambda seconds: (begin + datetime.timedelta(seconds=seconds)).strftime("%Y%m%d%H%M%S +0000")
        (self.folder / "short.xml").write_text(
            f"<tv><programme channel='one' start='{at(0)}' stop='{at(15)}'><title>A</title></programme>"
            f"<programme channel='one' start='{at(15)}' stop='{at(90)}'><title>B</title></programme></tv>")
        process = self.start("run", "--guide", self.path("short.xml"), "--media", str(media), "--output", str(out),
                             "--as-run", self.path("log.produced"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        log = self.folder / "log.produced"
        lines = lambda: log.read_text().count("\n") if log.exists() else 0
        fillers = lambda: [path for path in out.glob("one-filler-*") if path.stat().st_size > 1000]
        wait_until(lambda: process.poll() is not None or (lines() >= 2 and fillers()))
        process.send_signal(signal.SIGINT)
        self.ends(process, {130}, "a run that produces")
        said = process.stderr.read().decode()
        process.stderr.close()
        kinds = [(line["title"], line.get("filler")) for line in map(json.loads, log.read_text().splitlines())]
        self.check(kinds[:1] == [("A", None)] and {reason for _, reason in kinds} == {None, "the media ended"},
                   f"produced {kinds}, said {said}")
        self.check(fillers(), f"no filler in {list(out.iterdir())}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="on_air.") as folder:
        folder = pathlib.Path(folder)
        (folder / "long.xml").write_text(guide_of(3000))
        cases = Cases(os.path.abspath(sys.argv[1]), folder)
        cases.reader_leaves()
        cases.reader_is_slow()
        cases.pipe_without_reader()
        cases.signals_at_random()
        cases.stderr_is_full()
        cases.guide_becomes_a_pipe()
        cases.ffmpeg_hangs()
        cases.stdout_is_unwritable()
        cases.stdin_is_unreadable()
        cases.disk_is_full()
        cases.log_is_another_file()
        cases.escape_sequences()
        if shutil.which("ffmpeg"):
            cases.ends_of_children_are_ignored()
            cases.join_is_killed(sys.argv[2])
            cases.joins_beyond_a_limit(sys.argv[2])
            cases.channel_always_shows_something(sys.argv[2])
        else:
            print("ffmpeg is not installed: some cases did not run")
        print("\n".join(cases.failures) or "all cases as documented")
        print("the slowest end: {:.2f} s, {}".format(*cases.longest))
        sys.exit(bool(cases.failures))


if __name__ == "__main__":
    main()
