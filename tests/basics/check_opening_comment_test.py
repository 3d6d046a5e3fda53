#!/usr/bin/env python3
"""Shows that check_opening_comment.py finds the shown output, and that it can fail."""

import unittest

from check_opening_comment import differences, shown_output

SOURCE = """\
// Prints the time.
//
//   12:00
//     and <a number> more
//
// More prose.
#include <iostream>
//   not part of the comment
"""

C_SOURCE = """\
/* Prints the time.
 *
 *   12:00
 *     and <a number> more
 */
 *   not part of the comment
"""


class CheckOpeningComment(unittest.TestCase):
    def test_finds_the_indented_lines(self):
        self.assertEqual(shown_output(SOURCE), ["12:00", "  and <a number> more"])
        self.assertEqual(shown_output(C_SOURCE), ["12:00", "  and <a number> more"])

    def test_compares_each_line(self):
        shown = ["12:00", "and <a number> more"]
        self.assertEqual(differences(shown, ["12:00", "and 12 more"]), [])
        for printed in (["12:01", "and 12 more"], ["12:00", "and  more"], ["12:00"],
                        ["12:00", "and 12 more", ""], ["12:00", "and 12 more."]):
            self.assertTrue(differences(shown, printed), printed)

    def test_takes_other_characters_as_they_are(self):
        self.assertTrue(differences(["a.c (+)"], ["abc (+)"]))
        self.assertEqual(differences(["a.c (+)"], ["a.c (+)"]), [])


if __name__ == "__main__":
    unittest.main()
