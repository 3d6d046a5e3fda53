#!/usr/bin/env python3
"""Shows that check_shown_output.py finds what is shown, and that it can fail."""

import unittest

from check_shown_output import differences, shown_commands, shown_program

DOCUMENT = """\
```console
$ examples/run on_air now --guide 'a guide.xml' \\
    --json
line one
line two
$ examples/run on_air
$ tests/run
100% tests passed
```

```cpp
int main() {}
```

```text
12:00
```
"""


class CheckShownOutput(unittest.TestCase):
    def test_finds_commands_with_their_output(self):
        self.assertEqual(shown_commands(DOCUMENT, "examples/run on_air"),
                         [(["now", "--guide", "a guide.xml", "--json"], "line one\nline two")])

    def test_finds_each_command_of_a_session(self):
        self.assertEqual(shown_commands(DOCUMENT, "examples/run on_air", session=True)[1], ([], ""))

    def test_finds_the_output_of_the_program(self):
        self.assertEqual(shown_program(DOCUMENT), [([], "12:00\n")])

    def test_can_fail(self):
        self.assertEqual(list(differences([(["on the air"], "on the air\n")], "echo", ".")), [])
        self.assertIn("-off the air", "".join(differences([(["on the air"], "off the air\n")], "echo", ".")))


if __name__ == "__main__":
    unittest.main()
