#!/usr/bin/env python3
"""Turns the examples of a header or a document into a test.

    extract_examples.py HEADER.h OUTPUT.cc     the `## Example` blocks of its comments
    extract_examples.py DOCUMENT.md OUTPUT.cc  its ```cpp blocks that are not whole programs
    extract_examples.py --program DOCUMENT.md OUTPUT.cc   its one ```cpp block that has a main()

A header's OUTPUT.cc includes the header first and twice, so that compiling it also shows that the header
compiles alone. An example becomes a function's body, or stands at namespace scope when it begins with what a
function cannot hold (template, concept, namespace); its own #include lines go to the top.
"""

import pathlib
import re
import sys

PREAMBLE = """
#include <cassert>
#include <chrono>
#include "masterclock/masterclock.h"
#include "masterclock/testing/manual_time_source.h"
#include "example_runner.h"
"""


def header_examples(text):
    """(line, code) of each indented block that follows `## Example` in a run of // comments."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not re.fullmatch(r"\s*// ## Example", line):
            continue
        block = []
        for following in lines[number + 1:]:
            comment = re.fullmatch(r"\s*//(?: ?)(.*)", following)
            if not comment or (comment[1].strip() and not comment[1].startswith("  ")):
                break
            block.append(comment[1][2:])
        if not any(part.strip() for part in block):
            raise SystemExit(f"line {number + 1}: an example without code")
        yield number + 1, "\n".join(block).strip("\n")


def document_blocks(text):
    """(line, language, code) of each fenced block."""
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, match.start()) + 1, match[1], match[2]


def is_program(block):
    return bool(re.search(r"^int main\(", block, re.M))


def unit(name, header, examples):
    out = []
    if header:
        out += [f'#include "{header}"', f'#include "{header}"  // its guard holds', ""]
    if examples:
        out += PREAMBLE.strip().splitlines()
    for _, block in examples:
        out += re.findall(r"^#include .*$", block, re.M)
    for line, block in examples:
        block = re.sub(r"^#include .*\n", "", block, flags=re.M)
        place = re.sub(r"\W", "_", f"{name}_line_{line}")
        at_namespace_scope = re.match(r"(//.*\n|\s)*(template|concept|namespace)\b", block)
        out += ["", f"namespace {place} {{"]
        out += [block, "void run() {}"] if at_namespace_scope else ["void run() {", block, "}"]
        out += [f'const ExampleRunner registered("{name}:{line}", run);', f"}}  // namespace {place}"]
    return "\n".join(out) + "\n"


def main():
    mode = sys.argv.pop(1) if sys.argv[1:2] == ["--program"] else None
    source, output = map(pathlib.Path, sys.argv[1:])
    text = source.read_text(encoding="utf-8")
    if mode is None and source.suffix == ".h":
        name = source.as_posix().split("/include/")[-1]
        result = unit(name, name, list(header_examples(text)))
    elif mode is None:
        result = unit(source.name, None, [(line, block) for line, language, block in document_blocks(text)
                                          if language == "cpp" and not is_program(block)])
    else:
        programs = [block for _, language, block in document_blocks(text) if language == "cpp" and is_program(block)]
        if len(programs) != 1:
            raise SystemExit(f"{source}: expected one whole program in a ```cpp block, found {len(programs)}")
        result = programs[0]
    if not output.exists() or output.read_text(encoding="utf-8") != result:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(result, encoding="utf-8")
    else:
        output.touch()


if __name__ == "__main__":
    main()
