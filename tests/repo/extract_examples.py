#!/usr/bin/env python3
"""Turns the examples of headers and documents into one translation unit of a test program.

    extract_examples.py OUTPUT.cc SOURCE...               the `## Example` blocks of headers, and the ```cpp
                                                          blocks of documents that are not whole programs
    extract_examples.py --program OUTPUT.cc DOCUMENT.md   the one ```cpp block that has a main()

An example becomes the body of a function. An example that begins with template, concept or namespace stands
at namespace scope. Its #include lines move to the top.
"""

import pathlib
import re
import sys

PREAMBLE = """\
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


def examples(path, text):
    """(file:line, code) of each example of a header or a document."""
    found = header_examples(text) if path.suffix == ".h" else (
        (line, block) for line, language, block in document_blocks(text)
        if language == "cpp" and not is_program(block))
    name = path.as_posix().split("/include/")[-1] if path.suffix == ".h" else path.name
    return [(f"{name}:{line}", block) for line, block in found]


def unit(found):
    out = PREAMBLE.splitlines()
    for _, block in found:
        out += re.findall(r"^#include .*$", block, re.M)
    for where, block in found:
        block = re.sub(r"^#include .*\n", "", block, flags=re.M)
        place = re.sub(r"\W", "_", where)
        at_namespace_scope = re.match(r"(//.*\n|\s)*(template|concept|namespace)\b", block)
        out += ["", f"namespace {place} {{"]
        out += [block, "void run() {}"] if at_namespace_scope else ["void run() {", block, "}"]
        out += [f'const ExampleRunner registered("{where}", run);', f"}}  // namespace {place}"]
    return "\n".join(out) + "\n"


def program(path, text):
    programs = [block for _, language, block in document_blocks(text)
                if language == "cpp" and is_program(block)]
    if len(programs) != 1:
        raise SystemExit(f"{path}: expected one whole program in a ```cpp block, found {len(programs)}")
    return programs[0]


def main():
    whole = sys.argv[1:2] == ["--program"]
    output, *sources = map(pathlib.Path, sys.argv[1 + whole:])
    texts = [(path, path.read_text(encoding="utf-8")) for path in sources]
    result = program(*texts[0]) if whole else unit([one for path, text in texts for one in examples(path, text)])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(result, encoding="utf-8")


if __name__ == "__main__":
    main()
