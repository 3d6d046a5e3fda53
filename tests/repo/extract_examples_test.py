#!/usr/bin/env python3
"""Shows which examples extract_examples.py finds, and the code that it makes of them."""

import pathlib
import unittest

from extract_examples import document_blocks, examples, header_examples, is_program, unit

HEADER = """\
// A clock.
//
// ## Example
//
//   using namespace masterclock;
//   if (true) {
//     assert(1 + 1 == 2);
//   }
//
// And on with the prose.
class Clock {
  // ## Example
  //
  //   assert(false);
  void f();
};
"""


class ExtractExamples(unittest.TestCase):
    def test_finds_each_block_and_keeps_its_indentation(self):
        self.assertEqual(list(header_examples(HEADER)), [
            (3, "using namespace masterclock;\nif (true) {\n  assert(1 + 1 == 2);\n}"),
            (12, "assert(false);")])

    def test_refuses_an_example_without_code(self):
        with self.assertRaises(SystemExit):
            list(header_examples("// ## Example\n//\n// None.\n"))

    def test_an_example_is_named_by_its_file_and_line(self):
        self.assertEqual([where for where, _ in examples(pathlib.Path("/p/include/a/b.h"), HEADER)],
                         ["a/b.h:3", "a/b.h:12"])

    def test_statements_become_a_body_and_templates_stay_outside(self):
        self.assertIn("void run() {\nassert(true);\n}", unit([("a.h:1", "assert(true);")]))
        self.assertIn("void run() {\nclass A {};\nA a;\n}", unit([("a.h:1", "class A {};\nA a;")]))
        self.assertIn("// Any\ntemplate <class T>\nclass A {};\nvoid run() {}",
                      unit([("a.h:1", "// Any\ntemplate <class T>\nclass A {};")]))
        self.assertIn("#include <map>\n\nnamespace a_h_1 {", unit([("a.h:1", "#include <map>\nf();")]))

    def test_documents(self):
        blocks = list(document_blocks("# T\n\n```cpp\nint main() {}\n```\n\n```text\nout\n```\n"))
        self.assertEqual(blocks, [(3, "cpp", "int main() {}\n"), (7, "text", "out\n")])
        self.assertTrue(is_program(blocks[0][2]))


if __name__ == "__main__":
    unittest.main()
