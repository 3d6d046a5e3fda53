#!/usr/bin/env python3
"""Shows that each rule of check_prose.py can fail."""

import unittest

from check_prose import breaches, comments, paragraphs

FINE = ["Returns the number of events.", "Cancels the event, and returns whether it was pending."]


class CheckProse(unittest.TestCase):
    def test_plain_sentences_pass(self):
        self.assertEqual(breaches("include", [("a.h", FINE * 10)]), [])

    def test_a_banned_word_is_named_with_its_file(self):
        for word in ("nought", "Nobody", "for ever", "comes to", "lives through", "of its own", "told"):
            with self.subTest(word=word):
                found = breaches("include", [("a.h", [f"The thread {word} waits here."])])
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith(f'a.h: banned word "{word}"'), found)

    def test_a_part_of_a_longer_word_is_not_banned(self):
        self.assertEqual(breaches("include", [("a.h", ["The untold story becomes too long."])]), [])

    def test_noun_clauses_are_counted_against_all_sentences(self):
        clause = "What is left over waits for the next trigger."
        self.assertEqual(breaches("include", [("a.h", FINE * 49 + [clause])]), [])
        found = breaches("include", [("a.h", FINE * 24 + [clause])])
        self.assertEqual(found, ["include: 1 of 49 sentences begin with a noun clause", f"a.h: {clause}"])

    def test_a_question_is_not_a_noun_clause(self):
        self.assertEqual(breaches("include", [("a.h", ["What time is it now?"])]), [])

    def test_examples_and_code_are_not_prose(self):
        self.assertEqual(list(comments("// One idea.\n//\n//   nobody();\nint nobody;\n  # Another one.\n#include <told>\n")),
                         ["One idea. ", "Another one."])
        self.assertEqual(paragraphs("One.\n\n```cpp\nnobody();\n```\n\n- Two\n  three.\n- Four"), ["One.", "Two three.", "Four"])

    def test_a_comment_behind_code_is_prose(self):
        self.assertEqual(list(comments('int a;  // The number.\nauto b = "http://x";\n')), ["The number."])


if __name__ == "__main__":
    unittest.main()
