#!/usr/bin/env python3
"""Runs the programs and commands of a document, and compares their output with the output in the document.

    check_shown_output.py DOCUMENT.md program PROGRAM       the ```text block after a whole program
    check_shown_output.py DOCUMENT.md "examples/run on_air" PROGRAM
                                                            each `$ examples/run on_air ...` of its ```console
                                                            blocks, with PROGRAM in place of these two words
    check_shown_output.py --session DOCUMENT.md event_store PROGRAM  the same as one session

A command runs in the present folder; a command without output in the document does not run. The commands of a
session run all, in their order, in an empty folder.
"""

import difflib
import pathlib
import shlex
import subprocess
import sys
import tempfile

from extract_examples import document_blocks, is_program


def shown_program(text):
    """[(command words, output)] of the whole program in a ```cpp block, run without arguments."""
    blocks = list(document_blocks(text))
    return [([], blocks[i + 1][2]) for i, (_, language, block) in enumerate(blocks[:-1])
            if language == "cpp" and is_program(block) and blocks[i + 1][1] == "text"]


def shown_commands(text, name, session=False):
    """[(arguments, output)] of each command of that name that is shown with its output; in a session of each."""
    found, names = [], name.split()
    for _, language, block in document_blocks(text):
        if language != "console":
            continue
        for part in ("\n" + block).split("\n$ ")[1:]:
            while part.partition("\n")[0].endswith("\\"):
                part = part.replace("\\\n", " ", 1)
            command, _, output = part.partition("\n")
            words = shlex.split(command)
            if words[:len(names)] == names and (session or output.strip()):
                found.append((words[len(names):], output))
    return found


def differences(shown, program, folder):
    for arguments, expected in shown:
        result = subprocess.run([program, *arguments], cwd=folder, capture_output=True, encoding="utf-8")
        printed = result.stdout + result.stderr
        if printed.rstrip("\n") != expected.rstrip("\n"):
            yield "\n".join(difflib.unified_diff(
                expected.splitlines(), printed.splitlines(), "shown", "printed", lineterm=""))


def main():
    session = sys.argv[1:2] == ["--session"]
    if session:
        del sys.argv[1]
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    document, name, program = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    text = document.read_text(encoding="utf-8")
    shown = shown_program(text) if name == "program" else shown_commands(text, name, session)
    if not shown:
        sys.exit(f"{document.name} shows no output of {name}")
    with tempfile.TemporaryDirectory() as folder:
        found = list(differences(shown, str(pathlib.Path(program).resolve()), folder if session else "."))
    print("\n".join(found) if found else f"{len(shown)} shown, {len(shown)} printed alike")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
