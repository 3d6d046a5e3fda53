#!/usr/bin/env python3
"""Guides of the field as on_air meets them, one test for each kind of trouble, its siblings in a table.

    guide_cases_test.py ON_AIR
"""

import gzip
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ON_AIR = ""
SANITIZED = False  # slower, and with address space for its shadow
NOON = "2026-03-28T12:00:00Z"


def programme(channel="a", start="20260328110000", stop="20260328130000", title="Noon Show", more=""):
    return f'<programme start="{start}" stop="{stop}" channel="{channel}"{more}><title>{title}</title></programme>\n'


def tv(*parts, head=""):
    return head + "<tv>\n" + "".join(parts) + "</tv>\n"


def clip(**fields):
    return {"in": 0, "out": 10.0, "duration": 10.0, "source": "a.mp4", **fields}


def playlist(*clips, **fields):
    return json.dumps({"channel": "Test", "date": "2026-03-28", "program": clips, **fields})


class Guides(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run_now(self, *arguments, **options):
        return subprocess.run([ON_AIR, "now", *map(str, arguments)], capture_output=True, **options)

    def answers(self, guide, *arguments, at=NOON, warnings=0, name="guide.xml"):
        """{channel: answer} of a guide that is read, with so many lines on stderr."""
        path = guide if isinstance(guide, pathlib.Path) else self.write(name, guide)
        result = self.run_now("--guide", path, "--at", at, "--json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), warnings, result.stderr)
        self.stderr = result.stderr.decode()
        return {answer["channel"]: answer for answer in map(json.loads, result.stdout.splitlines())}

    def refusal(self, guide, *arguments, at=NOON, name="guide.xml", status=1):
        """The one line of a guide that is refused, its path being FILE."""
        path = guide if isinstance(guide, pathlib.Path) else self.write(name, guide)
        result = self.run_now("--guide", path, "--at", at, "--json", *arguments)
        self.assertEqual((result.returncode, result.stdout), (status, b""), result.stderr)
        line = result.stderr.decode()
        self.assertRegex(line, r"\Aon_air: [^\n]+\n\Z")
        return line.removeprefix("on_air: ").rstrip("\n").replace(str(path), "FILE")

    # 01: one bad entry removed the whole guide.
    def test_01_one_bad_stop(self):
        guide = tv('<channel id="one"><display-name>One</display-name></channel>\n',
                   '<channel id="two"><display-name>Two</display-name></channel>\n',
                   programme("one", "20260430015000 +0200", "20260430023500 +0200", "Late Film"),
                   programme("one", "20260502032700 +0200", "20260430063000 +0200", "Night Loop"),
                   programme("two", "20260430010000 +0200", "20260430050000 +0200", "Concert"))
        for arguments in ((), ("--channel", "two")):
            answers = self.answers(guide, *arguments, at="2026-04-30T00:00:00Z", warnings=1)
            self.assertEqual((answers["two"]["title"], answers["two"]["start"]), ("Concert", "2026-04-29T23:00:00Z"))
            self.assertIn("guide.xml:5: <programme> stop '20260430063000 +0200' is before its start", self.stderr)
        answers = self.answers(guide, at="2026-04-30T00:00:00Z", warnings=1)
        self.assertEqual((answers["one"]["title"], answers["one"]["start"]), ("Late Film", "2026-04-29T23:50:00Z"))
        self.assertEqual(self.refusal(guide, "--strict"),
                         "FILE:5: <programme> stop '20260430063000 +0200' is before its start '20260502032700 +0200'")

    def test_01_siblings(self):
        bad = {
            "no start": ('<programme channel="a"/>', "has no start"),
            "no channel": ('<programme start="2026"/>', "has no channel"),
            "a channel without an id": ("<channel/>", "<channel> has no id"),
            "a start of words": (programme(start="soon"), "start: Invalid XMLTV time 'soon'"),
            "an empty stop": (programme(stop=""), "stop: Invalid XMLTV time ''"),
            "a day that there is not": (programme(start="20260230"), "no such day in this month"),
            "an hour that there is not": (programme(stop="20260328250000"), "no such hour"),
            "a time past all times": (programme(stop="99991231235959"), "outside 1677-09-21 to 2262-04-11"),
            "an offset of no country": (programme(start="20260328110000 XYZ"), "no such offset: 'XYZ'"),
            "a very long title": (programme(title="x" * 70_000), "has a name of more than 64 KiB"),
        }
        for name, (entry, reason) in bad.items():
            with self.subTest(name):
                guide = tv(programme(), entry, "\n", programme("b"), '<channel id="c"/>')
                answers = self.answers(guide, warnings=1)
                self.assertEqual([answer["title"] for answer in answers.values()], [None, "Noon Show", "Noon Show"])
                self.assertIn("guide.xml:3: ", self.stderr)
                self.assertIn(reason, self.stderr)
                self.assertIn(reason, self.refusal(guide, "--strict"))

    def test_01_more_than_half(self):
        bad = programme(stop="2025") + "\n"
        self.answers(tv(programme(), bad), warnings=1)
        self.assertEqual(self.refusal(tv(programme(), bad, bad)),
                         "FILE:3: <programme> stop '2025' is before its start '20260328110000'; no sense in 2 of 3 "
                         "entries")
        many = tv(*[programme()] * 60, *[bad] * 50)
        self.answers(many, warnings=21)
        self.assertIn("30 more of these", self.stderr)

    # 02: a time of another format was said to have a wrong offset.
    def test_02_iso_times(self):
        for text in ("2026-01-15 20:00:00 +0100", "2026-01-15T20:00:00Z", "2026-01-15T20:00:00+01:00", "2026-01-15",
                     "20260115T200000Z", "20260115T200000+0100", "20260115 200000 +0100", "2026/01/15 20:00",
                     "15.01.2026 20:00", "1768503600", "1768503600000", "8:00 PM", "2026-03"):
            with self.subTest(text):
                line = self.refusal(tv(programme(start=text)))
                self.assertNotIn("offset", line)
                if text != "1768503600":
                    self.assertIn("expected YYYYMMDDhhmmss or its leading fields", line)

    # 03: a compressed guide, and standard input.
    def test_03_gzip(self):
        plain = tv(programme()).encode()
        packed = gzip.compress(plain)
        for name in ("guide.xml.gz", "guide.xml", "epg"):
            self.assertEqual(self.answers(packed, name=name)["a"]["title"], "Noon Show")
        self.assertEqual(self.answers(packed + gzip.compress(b"\n"))["a"]["title"], "Noon Show")
        self.assertEqual(self.answers(gzip.compress(playlist(clip(out=86400)).encode()))["Test"]["title"], "a.mp4")
        for name, content, reason in (
                ("cut off", packed[:-10], "FILE: truncated gzip: it ends too early"),
                ("damaged", packed[:-6] + b"zzzzzz", "FILE: damaged gzip: incorrect data check"),
                ("twice", gzip.compress(packed), "FILE: compressed with gzip; unpack it first"),
                ("xz", b"\xfd7zXZ\0\0\4", "FILE: compressed with xz; unpack it first"),
                ("zip", b"PK\3\4\x14\0", "FILE: compressed with zip; unpack it first"),
                ("zstd", b"\x28\xb5\x2f\xfd\4", "FILE: compressed with zstd; unpack it first"),
                ("bzip2", b"BZh91AY&SY", "FILE: compressed with bzip2; unpack it first"),
                ("cut off inside", gzip.compress(plain[:-4]), "FILE:3: truncated XML: it ends before </tv>")):
            with self.subTest(name):
                self.assertEqual(self.refusal(content), reason)

    def test_03_standard_input(self):
        plain = tv(programme()).encode()
        for content in (plain, gzip.compress(plain)):
            result = self.run_now("--guide", "-", "--at", NOON, "--json", input=content)
            self.assertEqual(json.loads(result.stdout)["title"], "Noon Show", result.stderr)
        for content, reason in ((b"", "standard input:1: the file is empty"),
                                (plain[:-3], "standard input:3: truncated XML: it ends before </tv>"),
                                (gzip.compress(plain)[:20], "standard input: truncated gzip: it ends too early")):
            result = self.run_now("--guide", "-", input=content)
            self.assertEqual((result.returncode, result.stderr.decode()), (1, f"on_air: {reason}\n"))

    # 04 and 05: fields of ffplayout that may be absent or null.
    def test_04_ffplayout_null_source(self):
        guide = playlist(clip(), clip(out=20.0, source=None, category=None), clip(out=30.0, source="b.mp4"))
        answer = self.answers(guide, at="2026-03-28T06:00:35Z", name="pl.json")["Test"]
        self.assertEqual((answer["title"], answer["start"], answer["offset_seconds"]),
                         ("b.mp4", "2026-03-28T06:00:30Z", 5))

    def test_05_ffplayout_no_channel(self):
        guide = json.loads(playlist(clip(), clip(out=30.0, source="b.mp4")))
        del guide["channel"]
        answer = self.answers(json.dumps(guide), at="2026-03-28T06:00:35Z")["Channel 1"]
        self.assertEqual((answer["title"], answer["start"], answer["offset_seconds"]),
                         ("b.mp4", "2026-03-28T06:00:10Z", 25))

    def test_04_and_05_siblings(self):
        for name, fields in {
                "a null title": {"title": None}, "an empty title": {"title": ""}, "null texts": {"category": None,
                "audio": None}, "texts": {"category": "ad", "audio": "a.wav", "custom_filter": "x"},
                "no category": {}, "a whole number": {"out": 10}, "an unknown field": {"more": [1, {"in": "x"}]},
                "another duration": {"duration": 99}}.items():
            with self.subTest(name):
                guide = playlist(clip(**fields), clip(source="b.mp4"))
                self.assertEqual(self.answers(guide, at="2026-03-28T06:00:05Z")["Test"]["title"], "a.mp4")
                self.assertEqual(self.answers(guide, at="2026-03-28T06:00:15Z")["Test"]["title"], "b.mp4")
        # ffplayout refuses these fields: the clip is left out, and keeps its time.
        for name, fields in {"no source": {"source": 7}, "text for a number": {"in": "0"}, "a null": {"out": None},
                             "a title that is none": {"title": 7}}.items():
            with self.subTest(name):
                guide = playlist(clip(), clip(**fields), clip(source="b.mp4"))
                answer = self.answers(guide, at="2026-03-28T06:00:25Z", warnings=1)["Test"]
                self.assertEqual((answer["title"], answer["offset_seconds"]), ("b.mp4", 5))
                self.assertIn(":1: program[1].", self.stderr)
                self.assertIn("program[1].", self.refusal(guide, "--strict"))

    # 07: white space around a title.
    def test_07_title_whitespace(self):
        guide = tv('<channel id="a"><display-name>\n      Channel  A\n    </display-name></channel>',
                   programme(title="\n      Morning\tNews\n    "))
        answer = self.answers(guide)["a"]
        self.assertEqual((answer["title"], answer["display_name"]), ("Morning News", "Channel A"))
        table = self.run_now("--guide", self.folder / "guide.xml", "--at", NOON).stdout.decode()
        self.assertIn("Channel A  Morning News", table)
        answer = self.answers(playlist(clip(out=86400, title=" Morning \n News ")))["Test"]
        self.assertEqual(answer["title"], "Morning News")

    # 09: the order of lines in the file decided what is on.
    def test_09_clump_order(self):
        weather = programme(title="Weather", more=' clumpidx="1/2"')
        news = programme(title="News", more=' clumpidx="0/2"')
        for guide in (tv(weather, news), tv(news, weather)):
            self.assertEqual(self.answers(guide, at="2026-03-28T11:59:59Z")["a"]["title"], "News")
            answer = self.answers(guide)["a"]
            self.assertEqual((answer["title"], answer["start"], answer["stop"]),
                             ("Weather", "2026-03-28T12:00:00Z", "2026-03-28T13:00:00Z"))

    def test_09_siblings(self):
        for name, first, second, expected in (
                ("the shorter of one start", programme(title="Short", stop="20260328113000"), programme(),
                 ["Short", "Noon Show"]),
                ("of one slot", programme(title="B"), programme(title="A"), ["A", "A"]),
                ("without a stop", programme(title="Short", stop="20260328113000"),
                 '<programme start="20260328110000" channel="a"><title>Noon Show</title></programme>',
                 ["Short", "Noon Show"])):
            for guide in (tv(first, second), tv(second, first)):
                with self.subTest(name):
                    titles = [self.answers(guide, at=f"2026-03-28T11:{minute}:00Z")["a"]["title"]
                              for minute in ("15", "45")]
                    self.assertEqual(titles, expected)

    # 16: a zone that is misspelt, and a system without zones.
    def test_16_zones(self):
        self.write("guide.xml", tv(programme()))
        guide = self.folder / "guide.xml"
        for name, meant in {"Europe/Dublim": "Europe/Dublin", "europe/dublin": "Europe/Dublin",
                            "EUROPE/DUBLIN": "Europe/Dublin", "dublin": "Europe/Dublin", "Dubln": "Europe/Dublin",
                            "new york": "America/New_York", "America/New York": "America/New_York",
                            "Los_Angeles": "America/Los_Angeles", "utc": "UTC", "Asia/Calcuta": "Asia/Calcutta"}.items():
            for option in ("--zone", "--assume-zone"):
                with self.subTest(name):
                    self.assertEqual(self.refusal(guide, option, name),
                                     f"Invalid timezone '{name}': did you mean {meant}?")
        self.assertEqual(self.refusal(guide, "--zone", "Mars/Base"), "Invalid timezone 'Mars/Base'")

    def test_16_no_tzdata(self):
        self.write("guide.xml", tv(programme()))
        (self.folder / "empty").mkdir()
        script = 'mount --bind "$1" /usr/share/zoneinfo && shift && exec "$@"'
        def without_zones(*arguments):
            return subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", self.folder / "empty", ON_AIR, "now",
                                   "--guide", self.folder / "guide.xml", "--at", NOON, "--json", *arguments],
                                  capture_output=True, encoding="utf-8")
        if not shutil.which("unshare") or subprocess.run(
                ["unshare", "-rm", "sh", "-c", 'mount --bind "$1" /usr/share/zoneinfo', "sh", self.folder / "empty"],
                stderr=subprocess.DEVNULL).returncode:
            self.skipTest("a mount of its own is not allowed here")
        result = without_zones("--zone", "Europe/Amsterdam")
        self.assertEqual((result.returncode, result.stderr),
                         (1, "on_air: Invalid timezone 'Europe/Amsterdam': there is no time zone database in "
                             "/usr/share/zoneinfo (install tzdata)\n"))
        self.assertEqual(json.loads(without_zones().stdout)["title"], "Noon Show")  # UTC needs none

    # 20: the entities that a document declares.
    def test_20_internal_entity(self):
        head = '<?xml version="1.0"?><!DOCTYPE tv [<!ENTITY st "Star Show"><!ENTITY t "&st;: Two">]>\n'
        for title, expected in {"&st;: One": "Star Show: One", "&t;": "Star Show: Two", "&amp;st;": "&st;",
                                "<![CDATA[&st;]]>": "&st;", "&#38;st;": "&st;"}.items():
            with self.subTest(title):
                self.assertEqual(self.answers(tv(programme(title=title), head=head))["a"]["title"], expected)
        self.assertIn("Star Show", self.answers(tv(programme("&st;"), head=head)))
        # Not well-formed, but clear: taken literally, with a warning.
        for title, expected in {"A&nbsp;B": "A&nbsp;B", "AT&T": "AT&T", "A < B": "A < B"}.items():
            with self.subTest(title):
                self.assertEqual(self.answers(tv(programme(title=title)), warnings=1)["a"]["title"], expected)
                self.assertIn("guide.xml:2: not well-formed XML: ", self.stderr)
                self.assertIn("FILE:2: not well-formed XML: ", self.refusal(tv(programme(title=title)), "--strict"))
        for name, guide in {"tags crossed": "<tv><channel id='a'></tv></channel>", "no quotes": "<tv><channel id=a/></tv>",
                            "an end too many": "<tv></tv></tv>"}.items():
            with self.subTest(name):
                self.assertIn("FILE:1: not well-formed XML: ", self.refusal(guide))

    # 6: what XMLTV's own library accepts.
    def test_offsets_as_grabbers_write_them(self):
        for text in ("20260328130000 +01", "20260328130000+01", "20260328130000 +0100", "20260328130000 +01:00",
                     "20260328130000 +0100 ", " 20260328130000 +0100", "20260328120000 Z", "20260328120000 z",
                     "20260328120000 UTC", "20260328120000 GMT", "20260328120000 gmt", "20260328120000", "202603281200",
                     "2026032812", "2026032812 +00", "20260328130000 CET", "20260328130000 BST", "20260328080000 EDT",
                     "20260328090000 -03", "20260328090000 -0300", "20260328070000 EST", "20260328140000 B",
                     "20260328130000 GMT+1", "20260328120000 -0000"):
            with self.subTest(text):
                self.assertEqual(self.answers(tv(programme(start=text, stop="20260329")))["a"]["start"],
                                 "2026-03-28T12:00:00Z")

    # 7: options.
    def test_assume_zone(self):
        guide = tv(programme(start="20260701120000", stop="20260701130000 +0100"))
        for arguments, start in (((), "2026-07-01T12:00:00Z"),
                                 (("--assume-zone", "Europe/Dublin"), "2026-07-01T11:00:00Z"),
                                 (("--assume-zone", "America/New_York"), "2026-07-01T16:00:00Z")):
            answers = self.run_now("--guide", self.write("guide.xml", guide.replace("13", "23")), "--at",
                                   "2026-07-01T16:00:00Z", "--json", *arguments)
            self.assertEqual(json.loads(answers.stdout)["start"], start, answers.stderr)

    def test_shift(self):
        for shift, start in {"90s": "2026-03-28T11:01:30Z", "1h": "2026-03-28T12:00:00Z", "-1h30m": "2026-03-28T09:30:00Z",
                             "PT15M": "2026-03-28T11:15:00Z", "-250ms": "2026-03-28T10:59:59.750Z"}.items():
            with self.subTest(shift):
                guide = tv(programme(stop="20260328150000"))
                self.assertEqual(self.answers(guide, f"--shift={shift}")["a"]["start"], start)
        self.assertIn("--shift", self.refusal(tv(programme()), "--shift=soon", status=2))

    def test_several_guides(self):
        one = self.write("one.xml", tv('<channel id="a"><display-name>Ay</display-name></channel>', programme()))
        two = self.write("two.json", playlist(clip(out=86400)))
        answers = self.answers(one, "--guide", two)
        self.assertEqual({name: answer["title"] for name, answer in answers.items()},
                         {"a": "Noon Show", "Test": "a.mp4"})

    def test_at_as_a_local_time(self):
        guide = tv(programme(start="20260101", stop="20270101"))
        for at, offset in {"2026-07-01T12:00": 11, "2026-07-01 12:00:00": 11, "2026-10-25T01:30": 0.5,
                           "2026-03-29T01:30": 1.5}.items():
            answer = self.answers(guide, "--zone", "Europe/Dublin", at=at)["a"]
            self.assertEqual(answer["offset_seconds"] % 86400, offset * 3600, at)

    def test_day_start(self):
        for day_start in ("6:00", "06:00", "6:00:00"):
            self.answers(tv(programme()), "--day-start", day_start)

    def test_a_folder_of_playlists(self):
        folder = self.folder / "playlists"
        for day, source in (("2026-03-28", "sat.mp4"), ("2026-03-29", "sun.mp4")):
            self.write(f"playlists/{day[:4]}/{day[5:7]}/{day}.json",
                       json.dumps({"date": day, "program": [clip(out=86400, source=source)]}))
        for at, title in {"2026-03-28T06:00:00Z": "sat.mp4", "2026-03-29T00:00:00Z": "sat.mp4",
                          "2026-03-29T05:59:59Z": "sat.mp4", "2026-03-29T06:00:00Z": "sun.mp4",
                          "2026-03-28T05:00:00Z": None}.items():
            self.assertEqual(self.answers(folder, at=at)["Channel 1"]["title"], title, at)
        self.assertEqual(self.answers(folder, at=NOON)["Channel 1"]["next_title"], "sun.mp4")
        self.assertEqual(self.refusal(folder, at="2026-05-01T12:00:00Z"),
                         "FILE: cannot be read: Is a directory without a playlist for 2026-05-01, "
                         "2026/05/2026-05-01.json")
        log = self.folder / "log"
        subprocess.run([ON_AIR, "run", "--guide", folder, "--speed", "max", "--as-run", log], check=True,
                       stdout=subprocess.DEVNULL)
        self.assertEqual([json.loads(line)["title"] for line in log.read_text().splitlines()], ["sat.mp4", "sun.mp4"])

    # 11: the ends of time. A span of more than 292 years does not fit in nanoseconds.
    FIRST, LAST = "1677-09-21T00:12:43.145224192Z", "2262-04-11T23:47:16.854775807Z"
    ALL_TIME = tv(programme("one", "00010101 +0000", "00020101", "Year 1"),
                  programme("one", "16770921001244", "17000101", "First"),
                  programme("one", "17000101", "17000101010000", "1700"),
                  programme("one", "20260328110000", "20260328130000", "Now"),
                  programme("one", "22620411230000", "22620411234716", "Last hour"),
                  '<programme channel="one" start="22620411234716"><title>Last second</title></programme>\n',
                  programme("two", "16770921141244 +1400", "22620411094716 -1400", "All time"),
                  programme("two", "99991231235959", "99991231235959 -1200", "9999"),
                  '<programme channel="three" start="20260328110000"><title>Open</title></programme>\n')
    AIRED = [("First", "1677-09-21T00:12:44Z"), ("All time", "1677-09-21T00:12:44Z"), ("1700", "1700-01-01T00:00:00Z"),
             ("Now", "2026-03-28T11:00:00Z"), ("Open", "2026-03-28T11:00:00Z"), ("Last hour", "2262-04-11T23:00:00Z"),
             ("Last second", "2262-04-11T23:47:16Z")]

    def test_11_now_at_the_ends_of_time(self):
        for at, titles in {self.FIRST: (None, None, None), "1677-09-21T00:12:44Z": ("First", "All time", None),
                           "1700-01-01T00:59:59.999999999Z": ("1700", "All time", None),
                           NOON: ("Now", "All time", "Open"), "2262-04-11T23:47:15Z": ("Last hour", "All time", "Open"),
                           self.LAST: ("Last second", None, "Open"),
                           "1677-09-21T00:12:44+00:00": ("First", "All time", None),
                           "2262-04-12T13:47:16+14:00": ("Last second", None, "Open")}.items():
            for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Africa/Monrovia"):
                for day_start in ("0:00", "23:59:59"):
                    answers = self.answers(self.ALL_TIME, "--zone", zone, "--day-start", day_start, at=at, warnings=2)
                    self.assertEqual(tuple(answers[c]["title"] for c in ("one", "two", "three")), titles, (at, zone))
                    self.assertTrue(all(answer["offset_seconds"] is None or answer["offset_seconds"] >= 0
                                        for answer in answers.values()))

    def test_11_times_outside_the_range(self):
        for at in ("0001-01-01T00:00:00Z", "1677-09-21T00:12:43Z", "1677-09-21T00:12:43", "2262-04-11T23:47:17",
                   "2262-04-11T23:47:16.854775808Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59",
                   "0000-01-01T00:00:00+23:59", "9999-12-31T23:59"):
            line = self.refusal(self.ALL_TIME, at=at, status=2)
            self.assertIn(f"'{at}': outside 1677-09-21 to 2262-04-11", line)
        for at, zone in (("2262-04-11T23:47:16", "America/Los_Angeles"), ("1677-09-21T00:12:44", "Asia/Tokyo")):
            self.assertIn("outside 1677-09-21 to 2262-04-11", self.refusal(self.ALL_TIME, "--zone", zone, at=at))
        for shift in ("2562047h47m16.854775807s", "-2562047h47m16.854775808s"):
            self.assertIn("outside 1677-09-21 to 2262-04-11", self.refusal(self.ALL_TIME, f"--shift={shift}"))
        self.assertIn("'2562048h'", self.refusal(self.ALL_TIME, "--shift=2562048h", status=2))

    def test_11_a_run_from_the_first_instant_to_the_last(self):
        guide, log = self.write("guide.xml", self.ALL_TIME), self.folder / "log"
        begin = time.monotonic()
        for arguments in ((), ("--from", self.FIRST), ("--from", self.FIRST, "--to", self.LAST),
                          ("--zone", "Pacific/Kiritimati", "--day-start", "23:59:59")):
            result = subprocess.run([ON_AIR, "run", "--guide", guide, "--speed", "max", "--as-run", log, *arguments],
                                    capture_output=True, timeout=100)
            self.assertEqual(result.returncode, 0, result.stderr)
            lines = [json.loads(line) for line in log.read_text().splitlines()]
            self.assertEqual(sorted((line["title"], line["planned_start"]) for line in lines), sorted(self.AIRED))
            self.assertEqual([line["planned_start"] for line in lines], [start for _, start in self.AIRED])
            self.assertTrue(all(line["lateness_ns"] == 0 for line in lines))
        self.assertLess(time.monotonic() - begin, 60 if SANITIZED else 20)

    def test_11_a_paced_run_does_not_jump_over_centuries(self):
        run = subprocess.Popen([ON_AIR, "run", "--guide", self.write("guide.xml", self.ALL_TIME), "--speed", "1000000",
                                "--from", self.FIRST, "--as-run", "/dev/stdout"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        titles = [json.loads(run.stdout.readline())["title"] for _ in range(2)]
        run.send_signal(signal.SIGINT)
        rest, said = run.communicate(timeout=100)
        self.assertEqual((sorted(titles), rest, run.returncode), (["All time", "First"], b"", 130), said)

    # 22: what input says does not steer the terminal.
    def test_escape_sequences(self):
        for text in ("\x1b[2J", "\x9b2J", "\x07", "\u202e"):
            path = self.folder / f"{text}.xml"
            path.write_text(tv(programme(f"c{text}".replace("\x1b", "").replace("\x07", ""), title="T"),
                               programme(start="soon")), encoding="utf-8")
            result = self.run_now("--guide", path, "--at", NOON)
            for stream in (result.stdout, result.stderr):
                self.assertNotIn(text, stream.decode())
            self.assertNotIn(text, self.run_now("--guide", str(path) + "2").stderr.decode())

    # 24: limits.
    def test_a_huge_attribute_costs_little(self):
        def measured(size, limit):
            path = self.folder / "huge.xml"
            with open(path, "wb") as file:
                file.write(b'<tv x="')
                for _ in range(size):
                    file.write(b"x" * (1 << 20))
                file.write(b'"><channel id="a"/></tv>')
            def cap():
                resource.setrlimit(resource.RLIMIT_AS, (limit << 20, limit << 20))
            begin = time.monotonic()
            result = self.run_now("--guide", path, "--json", preexec_fn=None if SANITIZED else cap)
            self.assertLess(time.monotonic() - begin, 100 if SANITIZED else 10)
            path.unlink()
            return result.returncode, result.stderr.decode().replace(str(path), "FILE")
        self.assertEqual(measured(300, 100),
                         (1, "on_air: FILE: larger than 256 MiB, the most that a guide may have\n"))
        self.assertEqual(measured(200, 300), (1, "on_air: FILE:1: a tag or a comment of more than 64 MiB\n"))
        self.assertEqual(measured(60, 600), (0, ""))

    def test_a_bomb_of_gzip_costs_little(self):
        bomb = gzip.compress(b"<tv>" + b" " * (300 << 20), 1)
        self.assertEqual(self.refusal(bomb), "FILE: larger than 256 MiB, the most that a guide may have")

    def test_many_channels(self):
        for count, most in ((10_000, 10), (100_000, 60)):
            guide = tv(*(programme(f"channel-{i}") for i in range(count)))
            begin = time.monotonic()
            self.assertEqual(len(self.answers(guide)), count)
            self.assertLess(time.monotonic() - begin, 10 * most if SANITIZED else most)

    def test_entities_that_grow(self):
        laughs = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 16))
        begin = time.monotonic()
        self.assertIn("expands to more text than a guide may have",
                      self.refusal(tv(programme(title="&a15;"), head=f"<!DOCTYPE tv [{laughs}]>")))
        self.assertIn("refers to itself", self.refusal(tv(programme(title="&a;"),
                                                          head='<!DOCTYPE tv [<!ENTITY a "&a;">]>')))
        self.assertLess(time.monotonic() - begin, 10)

    def test_a_zero_character_in_a_path(self):
        media = self.write("a.mp4", "")
        guide = playlist(clip(out=86400, source=f"{media}\0.txt"), clip(source="b.mp4"))
        self.answers(guide, warnings=1)
        self.assertIn("a zero character in", self.stderr)
        self.assertIn("a zero character in", self.refusal(playlist(channel="a\0b")))


if __name__ == "__main__":
    ON_AIR = os.path.abspath(sys.argv[1])
    SANITIZED = b"__asan_init" in pathlib.Path(ON_AIR).read_bytes() or b"__tsan_init" in pathlib.Path(ON_AIR).read_bytes()
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
