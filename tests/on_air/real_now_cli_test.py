#!/usr/bin/env python3
"""What `on_air now` prints: one clear line for what is wrong, and what a terminal gets.

    now_cli_test.py ON_AIR SAMPLE_FOLDER
"""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

ON_AIR, SAMPLE = "", pathlib.Path()
GOOD = '<tv>\n<channel id="one"/>\n<programme channel="one" start="2026"><title>É</title></programme>\n</tv>\n'
PLAYLIST = '{"channel": "C", "date": "2026-03-29", "program": [{"in": 0, "out": %s, "source": "a"}]}'

# name, the guide's text (None: no such file), further arguments, exit status, what stderr says
BAD = [
    ("no such file", None, [], 1, "FILE: cannot be read: No such file or directory"),
    ("an empty file", "", [], 1, "FILE:1: the file is empty"),
    ("not XML", "\nhello\n", [], 1, r"FILE:2: not XML and not JSON: expected '<' or '{', found 'hello\\x0a'"),
    ("another XML", "<rss/>", [], 1, "FILE:1: not XMLTV: the element is <rss>, not <tv>"),
    ("truncated XML", GOOD[:-10], [], 1, "FILE:3: truncated XML: it ends before </tv>"),
    ("truncated in a tag", GOOD[:60], [], 1, "FILE:3: truncated XML: it ends before </tv>"),
    ("a stop before its start", '<tv>\n\n<programme channel="a" start="2026" stop="2025"/></tv>', [], 1,
     "FILE:3: <programme> stop '2025' is before its start '2026'"),
    ("a bad time", '<tv>\n<programme channel="a" start="20260230"/></tv>', [], 1,
     "FILE:2: <programme> start: Invalid XMLTV time '20260230': no such day in this month"),
    ("no start", '<tv>\n<programme channel="a"/></tv>', [], 1, "FILE:2: <programme> has no start"),
    ("no channel", '<tv>\n<programme start="2026"/></tv>', [], 1, "FILE:2: <programme> has no channel"),
    ("not JSON", '{"channel": }', [], 1, "FILE:1: not JSON: unexpected '}'"),
    ("truncated JSON", '{"channel":\n "C"', [], 1, "FILE:2: truncated JSON: it ends too early"),
    ("a wrong type", PLAYLIST % '"1"', [], 1, "FILE:1: program[0].out: expected seconds, found string"),
    ("out before in", PLAYLIST % "-1", [], 1, "FILE:1: program[0].out: -1 is not a time in a clip"),
    ("an unknown zone", GOOD, ["--zone", "Mars/Base"], 1, "Invalid timezone 'Mars/Base'"),
    ("a zone that is a path", GOOD, ["--zone", "../../etc/passwd"], 1, "Invalid timezone '../../etc/passwd'"),
    ("an unknown channel", GOOD, ["--channel", "two"], 1, "Unknown channel 'two'; the guide has 'one'"),
    ("a channel misspelt", GOOD, ["--channel", "onee"], 1, "Unknown channel 'onee'; did you mean 'one'?"),
    ("one known, one not", GOOD, ["--json", "--channel", "one", "--channel", "two"], 1, "Unknown channel 'two'"),
    ("a time that is none", GOOD, ["--at", "2026-02-29T00:00:00Z"], 2,
     "--at: Invalid RFC 3339 time '2026-02-29T00:00:00Z': no such day in this month"),
    ("a time of the wall that is none", GOOD, ["--at", "2026-03-29T24:00"], 2, "--at: Invalid RFC 3339 time"),
    ("a rate that is none", GOOD, ["--rate", "fast"], 2, "--rate: Invalid frame rate 'fast'"),
    ("a field rate", GOOD, ["--rate", "59.94i"], 2, "--rate: Invalid frame rate '59.94i': counts fields"),
    ("a zero rate", GOOD, ["--rate", "0"], 2, "--rate: Invalid frame rate '0'"),
    ("a day start that is none", GOOD, ["--day-start", "24:00"], 2, "--day-start: Invalid day start '24:00'"),
    ("an unknown option", GOOD, ["--verbose"], 2, "--verbose"),
    ("an option without its value", GOOD, ["--at"], 2, "--at"),
    ("a word too many", GOOD, ["word"], 2, "word"),
]


def run(*arguments, **environment):
    env = {**os.environ, **environment}
    return subprocess.run([ON_AIR, *map(str, arguments)], capture_output=True, encoding="utf-8", env=env)


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.guide = pathlib.Path(self.folder.name) / "guide"

    def one_line(self, result, status, says):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Aon_air: [^\n]+\n\Z")
        self.assertIn(says, result.stderr)

    def test_table(self):
        for name, text, arguments, status, says in BAD:
            with self.subTest(name):
                self.guide.unlink(missing_ok=True)
                if text is not None:
                    self.guide.write_text(text, encoding="utf-8")
                result = run("now", "--guide", self.guide, *arguments)
                self.one_line(result, status, says.replace("FILE", str(self.guide)).replace(r"\\", "\\"))

    def test_usage(self):
        self.one_line(run(), 2, "subcommand")
        self.one_line(run("then"), 2, "subcommand")
        self.one_line(run("now"), 2, "--guide")
        self.one_line(run("now", "--guide"), 2, "--guide")

    def test_a_directory(self):
        self.one_line(run("now", "--guide", self.folder.name), 1, "cannot be read: Is a directory")

    def test_a_full_disk(self):
        self.guide.write_text(GOOD, encoding="utf-8")
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "w") as full:
            result = subprocess.run([ON_AIR, "now", "--guide", self.guide], stdout=full, stderr=subprocess.PIPE,
                                    encoding="utf-8")
        self.assertEqual((result.returncode, result.stderr), (1, "on_air: stdout cannot be written: No space left on device\n"))

    def test_wherever_a_file_is_cut(self):
        """Never a crash, always one line: only a whole guide is a guide."""
        whole = (SAMPLE / "guide.xml").read_bytes()
        for size in list(range(0, 400, 37)) + list(range(401, len(whole) - 7, 997)):
            self.guide.write_bytes(whole[:size])
            self.one_line(run("now", "--guide", self.guide), 1, f"{self.guide}:")


class GoodInput(unittest.TestCase):
    AT = ["--at", "2026-03-29T00:45:00Z", "--zone", "Europe/Dublin"]

    def now(self, *arguments, **environment):
        result = run("now", "--guide", SAMPLE / "guide.xml", *arguments, **environment)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def terminal(self, columns, **environment):
        """What the program writes to a terminal of so many columns."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
        env.update({"TERM": "xterm", **environment})
        process = subprocess.Popen([ON_AIR, "now", "--guide", SAMPLE / "guide.xml", *self.AT], stdout=slave, env=env)
        os.close(slave)
        written = b""
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # the other end is closed
                chunk = b""
            if not chunk:
                break
            written += chunk
        os.close(master)
        self.assertEqual(process.wait(), 0)
        return written.decode().replace("\r\n", "\n")

    def test_help(self):
        for arguments in (["--help"], ["now", "--help"]):
            result = run(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("now", result.stdout)

    def test_json_has_the_keys_in_order(self):
        keys = ["channel", "state", "title", "start", "stop", "offset_seconds", "remaining_seconds", "frame",
                "local_start", "broadcast_date", "next_title", "next_start"]
        lines = self.now(*self.AT, "--json").splitlines()
        self.assertEqual(len(lines), 4)
        for line in lines:
            self.assertEqual(list(json.loads(line))[:len(keys)], keys)
        owl = json.loads(lines[3])
        self.assertEqual((owl["state"], owl["title"], owl["next_title"]), ("off_air", None, "Otter and Sons"))

    def test_channels_come_as_asked(self):
        lines = self.now("--json", "--channel", "cead-news", "--channel", "harbour-one").splitlines()
        self.assertEqual([json.loads(line)["channel"] for line in lines], ["cead-news", "harbour-one"])

    def test_without_at_the_system_clock_is_read(self):
        open_end = [json.loads(self.now("--json", "--channel", "cead-news"))["offset_seconds"] for _ in range(2)]
        self.assertGreater(open_end[1], open_end[0])

    def test_eighty_columns_when_no_terminal(self):
        env = {"COLUMNS": ""}
        table = self.now(*self.AT, **env)
        self.assertLessEqual(max(map(len, table.splitlines())), 80)
        self.assertEqual(table, self.now(*self.AT, COLUMNS="80"))
        self.assertNotEqual(table, self.now(*self.AT, COLUMNS="160"))
        self.assertNotIn("\x1b", table)

    def test_a_terminal_gets_its_width_and_colours(self):
        wide = self.terminal(150)
        self.assertIn("\x1b[32m", wide)
        self.assertEqual(re.sub(r"\x1b\[\d+m", "", wide), self.now(*self.AT, COLUMNS="150"))
        self.assertEqual(self.terminal(70, NO_COLOR="1"), self.now(*self.AT, COLUMNS="70"))
        self.assertEqual(self.terminal(70, TERM="dumb"), self.now(*self.AT, COLUMNS="70"))
        self.assertEqual(self.terminal(70, NO_COLOR="1", COLUMNS="100"), self.now(*self.AT, COLUMNS="100"))

    def test_the_sample_guide_is_what_its_maker_makes(self):
        made = subprocess.run([SAMPLE / "make_guide", "2026-03-28", "3"], capture_output=True, check=True)
        self.assertEqual(made.stdout, (SAMPLE / "guide.xml").read_bytes())

    def test_a_guide_made_for_these_days_is_on_the_air_now(self):
        with tempfile.NamedTemporaryFile(suffix=".xml") as file:
            subprocess.run([SAMPLE / "make_guide"], stdout=file, check=True)
            lines = run("now", "--guide", file.name, "--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["state"] for line in lines][:3], ["on_air"] * 3)


class Watch(unittest.TestCase):
    """--watch: the answer of each second, the guide as it is on disk, and an end at Ctrl-C."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.guide = pathlib.Path(folder.name) / "guide.xml"
        self.show("First Title")

    def show(self, title):
        fresh = self.guide.with_suffix(".new")
        fresh.write_text(f'<tv><programme channel="one" start="2026" stop="2028"><title>{title}</title></programme></tv>')
        fresh.rename(self.guide)

    def start(self, *arguments, **options):
        process = subprocess.Popen([ON_AIR, "now", "--guide", self.guide, "--at", "2026-03-28T12:00:00Z", "--watch",
                                    *arguments], stderr=subprocess.PIPE, encoding="utf-8", **options)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def interrupt(self, process, sent=signal.SIGINT):
        process.send_signal(sent)
        begin = time.monotonic()
        said = process.stderr.read()
        self.assertEqual(process.wait(), 130)
        self.assertLess(time.monotonic() - begin, 1)
        self.assertTrue(said.endswith("on_air: interrupted\n"), said)

    def test_on_a_terminal(self):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 90, 0, 0))
        process = self.start(stdout=slave, env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"})
        os.close(slave)
        written = ""

        def until(wanted):
            nonlocal written
            end = time.monotonic() + 30
            while wanted not in written:
                self.assertLess(time.monotonic(), end, f"{wanted} in {written!r}")
                if select.select([master], [], [], 1)[0]:
                    written += os.read(master, 65536).decode()
            written = written[written.index(wanted) + len(wanted):]

        until("\x1b[?1049h\x1b[?25l\x1b[HSaturday 28 March 2026, 12:00:00 UTC")
        until("First Title")
        until("12:00:01")
        self.show("Second Title")
        until("Second Title")
        self.guide.write_text("<tv><chan")
        until("truncated XML: it ends before </tv>; the guide before stays")
        until("Second Title")
        self.show("Third Title")
        until("Third Title")
        self.interrupt(process)
        until("\x1b[?25h\x1b[?1049l")
        os.close(master)

    def test_in_a_pipe(self):
        process = self.start("--json", stdout=subprocess.PIPE)
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        offsets = [line["offset_seconds"] for line in lines]
        self.assertTrue(all(0 < b - a < 2 for a, b in zip(offsets, offsets[1:])), offsets)
        self.show("Second Title")
        while json.loads(process.stdout.readline())["title"] != "Second Title":
            pass
        self.interrupt(process, signal.SIGTERM)
        process.stdout.close()

    def test_a_reader_that_reads_nothing(self):
        """A write that waits does not keep Ctrl-C waiting."""
        self.show("x" * 60_000)
        process = self.start("--json", stdout=subprocess.PIPE)
        waiting = lambda: struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, b"    "))[0]
        before = -1
        while waiting() != before or before < 60_000:  # it writes a line each second, until the pipe is full
            before = waiting()
            time.sleep(1.5)
        self.interrupt(process)
        process.stdout.close()

    def test_what_is_wrong_at_the_start(self):
        self.guide.write_text("<rss/>")
        result = run("now", "--guide", self.guide, "--watch")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.show("Title")
        result = run("now", "--guide", self.guide, "--watch", "--channel", "two")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("Unknown channel 'two'", result.stderr)


if __name__ == "__main__":
    ON_AIR, SAMPLE = sys.argv[1], pathlib.Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1])
