#!/usr/bin/env python3
"""Shows that each rule of check_layout.py can fail: one bad file per rule, in a small good repository."""

import pathlib
import tempfile
import unittest

from check_layout import Repository, code


def header(path, body=""):
    guard = path.replace("/", "_").replace(".", "_").upper() + "_"
    return f"#ifndef {guard}\n#define {guard}\n{body}\n#endif\n"


GOOD = {
    "masterclock.h": '#include "masterclock/master_clock.h"',
    "master_clock.h": '#include "masterclock/zones/zone.h"\n#include "masterclock/frames/frame.h"\n'
                      '#include "masterclock/events/event.h"',
    "time/time_points.h": "#include <chrono>",
    "zones/zone.h": '#include "masterclock/time/time_points.h"',

    "frames/frame.h": '#include "masterclock/time/time_points.h"',
    "events/event.h": '#include "absl/status/status.h"\n#include "masterclock/time/time_points.h"',
    "testing/manual.h": '#include "masterclock/time/time_points.h"',
}

# (file, its content, the message of the breach)
LIBRARY_BREACHES = [
    ("time/time_points.h", '#include "masterclock/zones/zone.h"', "time may not include masterclock/zones/zone.h"),
    ("zones/zone.h", '#include "masterclock/frames/frame.h"', "zones may not include masterclock/frames/frame.h"),
    ("zones/zone.h", '#include "masterclock/events/event.h"', "zones may not include masterclock/events/event.h"),
    ("frames/frame.h", '#include "masterclock/zones/zone.h"', "frames may not include masterclock/zones/zone.h"),
    ("frames/frame.h", '#include "masterclock/events/event.h"', "frames may not include masterclock/events/event.h"),
    ("events/event.h", '#include "masterclock/zones/zone.h"', "events may not include masterclock/zones/zone.h"),
    ("events/event.h", '#include "masterclock/frames/frame.h"', "events may not include masterclock/frames/frame.h"),
    ("testing/manual.h", '#include "masterclock/zones/zone.h"', "testing may not include masterclock/zones/zone.h"),
    ("zones/zone.h", '#include "masterclock/master_clock.h"', "zones may not include masterclock/master_clock.h"),
    ("attic/box.h", "", "attic is not in reading_order.txt"),
    ("zones/zone.h", '#include "masterclock/zones/zone.h"', "includes in a circle"),
    ("zones/zone.h", '#include "masterclock/zones/gone.h"', "which does not exist"),
    ("zones/zone.h", '#include "zone_table.h"', "by a path that users do not have"),
    ("zones/lost.h", "", "masterclock.h does not reach it"),
    ("zones/zone.h", "#include <date/tz.h>", "date is for tests only"),
    ("zones/zone.h", "auto t = std::chrono::system_clock::now();", "reads a system clock"),
    ("zones/zone.h", "auto t = std::chrono::steady_clock :: now();", "reads a system clock"),
    ("zones/zone.h", "auto t = Clock::high_resolution_clock::now();", "reads a system clock"),
    ("zones/zone.h", "clock_gettime(CLOCK_REALTIME, &t);", "reads a system clock"),
    ("zones/zone.h", "gettimeofday(&t, nullptr);", "reads a system clock"),
    ("zones/zone.h", "auto t = ::time(nullptr);", "reads a system clock"),
    ("zones/zone.h", "auto t = time(0);", "reads a system clock"),
    ("zones/zone.h", "auto t = std::time(&t);", "reads a system clock"),
    ("zones/zone.h", "auto t = absl::Now();", "reads a system clock"),
    ("zones/zone.h", "auto* t = localtime(&then);", "reads a system clock"),
    ("zones/zone.h", "#include <iostream>", "writes to no stream: <iostream>"),
    ("zones/zone.h", "void f() { std::cerr << 1; }", "writes to no stream: std::cerr"),
    ("zones/zone.h", 'void f() { std::printf("1"); }', "writes to no stream: printf("),
    ("zones/zone.h", 'void f() { fprintf(stream, "1"); }', "writes to no stream: fprintf("),
    ("zones/zone.h", "\n" * 400, "more than 400"),
    ("zones/zone.h", "std::vector<Slot> slots;", "a macro of Qt: slots"),
    ("zones/zone.h", "void emit(int);", "a macro of Qt: emit"),
    ("zones/zone.h", "internal::Table table();", "a public signature names internal: internal::Table table()"),
    ("zones/zone.h", "struct Zone : internal::Base {};", "a public signature names internal: struct Zone : internal::Base"),
    ("zones/zone.h", "class Zone {\n public:\n  void f(const internal::Rules&) const { g(); }\n};",
     "zone.h:5: a public signature names internal: void f(const internal::Rules&) const"),
    ("zones/zone.h", "class A {\n  class B { int b; };\n public:\n  A();\n  internal::C c_;\n};", "names internal: internal::C c_"),
    ("zones/zone.h", "class A {\n public:\n  A() : a_(1), b_{2} {}\n  B b(std::vector<internal::C> = {});\n};",
     "names internal: B b(std::vector<internal::C> = {})"),
    ("zones/zone.h", "using Table = internal::Table;", "a public signature names internal: using Table = internal::Table"),
]

# Names of `internal` that no user sees.
NO_SIGNATURES = [
    "class A {\n public:\n  int f() const { return internal::f(); }\n private:\n  internal::B b_;\n  struct C { internal::B b; };\n};",
    "class A {\n  internal::B b_;\n};",
    "class A {\n public:\n  A(int n) noexcept : b_(internal::make(n)), c_{internal::kC} {}\n  friend class internal::Reader;\n};",
    "inline int f(int n = internal::kMost) { return n; }\nint g() {\n  if (1) { internal::h(); }\n  return 1;\n}",
    "inline void internal::Listeners::add(int listener) { internal::add(listener); }",
]

PROGRAM_BREACHES = [
    ("examples/on_air/main.cc", "auto t = std::chrono::system_clock::now();", "reads a system clock"),
    ("tests/zones/zone_test.cc", "std::this_thread::sleep_for(1s);", "its file name lacks `real`"),
    ("tests/zones/b_test.cc", "TEST(Real, A) {\n  usleep(1);\n}", "b_test.cc:2: sleeps, but its file name lacks `real`"),
    ("tests/zones/oracle.py", "time." + "sleep(1)", "its file name lacks `real`"),
]

FINE = [
    ("include/masterclock/time/system_time_source.h",
     header("masterclock/time/system_time_source.h", "clock_gettime(CLOCK_REALTIME, &now);")),
    ("examples/on_air/main.cc", "// system_clock::now() is not asked here\nauto t = clock.now_utc();\n"
     'const char* help = "time(nullptr)"; auto n = 1\'000; run_time(0); std::cout << n;'),
    ("tests/events/real_dispatcher_test.cc", "std::this_thread::sleep_for(1ms);  // real time"),
]


class CheckLayout(unittest.TestCase):
    def breaches(self, extra_files):
        with tempfile.TemporaryDirectory() as root:
            files = {f"include/masterclock/{p}": header(f"masterclock/{p}", body) for p, body in GOOD.items()}
            for path, text in {**files, **extra_files}.items():
                target = pathlib.Path(root) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            return Repository(root).check()

    def test_a_good_repository_has_no_breach(self):
        system = "include/masterclock/time/system_time_source.h"
        files = dict(FINE)
        files["include/masterclock/masterclock.h"] = header(
            "masterclock/masterclock.h",
            f'#include "masterclock/master_clock.h"\n#include "{system.removeprefix("include/")}"')
        self.assertEqual(self.breaches(files), [])

    def test_each_rule_of_the_library_can_fail(self):
        for path, body, expected in LIBRARY_BREACHES:
            with self.subTest(path=path, body=body[:60]):
                text = header(f"masterclock/{path}", body)
                found = self.breaches({f"include/masterclock/{path}": text})
                self.assertTrue(any(expected in breach for breach in found), found)

    def test_bodies_and_private_members_are_no_signatures(self):
        for body in NO_SIGNATURES:
            with self.subTest(body=body):
                text = header("masterclock/zones/zone.h", GOOD["zones/zone.h"] + "\n" + body)
                self.assertEqual(self.breaches({"include/masterclock/zones/zone.h": text}), [])

    def test_versions_agree(self):
        version_h = header("masterclock/version.h", '#define MASTERCLOCK_VERSION 10203\n#define MASTERCLOCK_VERSION_STRING "1.2.3"')
        files = {"CMakeLists.txt": "project(masterclock VERSION 1.2.3 LANGUAGES CXX)", "include/masterclock/version.h": version_h,
                 "vcpkg.json": '{"version": "1.2.3"}'}
        good = {f"include/masterclock/{path}": header(f"masterclock/{path}", body + "\nnamespace masterclock::inline v1_2 {}")
                for path, body in GOOD.items()}
        good["include/masterclock/masterclock.h"] = header(
            "masterclock/masterclock.h", GOOD["masterclock.h"] + '\n#include "masterclock/version.h"')
        self.assertEqual(self.breaches({**good, **files}), [])
        files["CMakeLists.txt"] = "project(masterclock VERSION 1.3.0 LANGUAGES CXX)"
        found = self.breaches({**good, **files})
        self.assertIn("include/masterclock/version.h: CMakeLists.txt requires #define MASTERCLOCK_VERSION 10300", found)
        self.assertIn("vcpkg.json: does not name the version 1.3.0", found)
        self.assertIn("include/masterclock/zones/zone.h:4: not the version namespace v1_3: namespace masterclock", found)

    def test_each_rule_of_the_programs_can_fail(self):
        for path, text, expected in PROGRAM_BREACHES:
            with self.subTest(path=path):
                found = self.breaches({path: text})
                self.assertEqual(len(found), 1, found)
                self.assertIn(expected, found[0])

    def test_a_circle_of_two_is_named(self):
        found = self.breaches({
            "include/masterclock/zones/zone.h": header("masterclock/zones/zone.h", '#include "masterclock/zones/b.h"'),
            "include/masterclock/zones/b.h": header("masterclock/zones/b.h", '#include "masterclock/zones/zone.h"'),
        })
        self.assertTrue(any("zones/b.h > include/masterclock/zones/zone.h" in breach or
                            "zones/zone.h > include/masterclock/zones/b.h" in breach for breach in found), found)

    def test_a_wrong_guard_is_named(self):
        found = self.breaches({"include/masterclock/zones/zone.h": header("zone.h", GOOD["zones/zone.h"])})
        self.assertEqual(found, ["include/masterclock/zones/zone.h: its include guard is not MASTERCLOCK_ZONES_ZONE_H_"])

    def test_a_breach_says_where(self):
        found = self.breaches({"examples/a.cc": "int a;\n/* one\ntwo */ auto t = std::chrono::system_clock::now();\n"})
        self.assertEqual(found, ["examples/a.cc:3: reads a system clock: system_clock::now"])

    def test_only_code_counts(self):
        self.assertEqual(code("a // b\nc /* d\n e */ f"), "a \nc \n f")
        self.assertEqual(code('x = "time(0)"; y = \'"\'; z = 1\'000; R"(q"q)"'), 'x = ""; y = ""; z = 1\'000; ""')


if __name__ == "__main__":
    unittest.main()
