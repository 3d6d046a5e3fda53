#!/usr/bin/env python3
"""Shows that check_headers.py finds a header that needs another one, and a header without a guard."""

import pathlib
import tempfile
import unittest

from check_headers import check

HEADERS = {
    "good.h": "#ifndef GOOD_H_\n#define GOOD_H_\n#include <string>\nstruct Good { std::string text; };\n#endif\n",
    "needs_another.h": "#ifndef NEEDS_H_\n#define NEEDS_H_\nstruct Needs { Good good; };\n#endif\n",
    "unguarded.h": "struct Twice {};\n",
}


class CheckHeaders(unittest.TestCase):
    def check(self, *names):
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                pathlib.Path(folder, name).write_text(HEADERS[name])
            return check(pathlib.Path(folder), ["c++", "-std=c++20", f"-I{folder}"])

    def test_a_complete_header_passes(self):
        self.assertEqual(self.check("good.h"), [])

    def test_other_headers_are_named(self):
        found = self.check("good.h", "needs_another.h", "unguarded.h")
        self.assertEqual([message.split()[0] for message in found], ["needs_another.h", "unguarded.h"])

    def test_an_empty_folder_is_a_failure(self):
        self.assertEqual(len(self.check()), 1)


if __name__ == "__main__":
    unittest.main()
