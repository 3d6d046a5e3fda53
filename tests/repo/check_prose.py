#!/usr/bin/env python3
"""Counts how the comments and documents read. Exits 1 if a row breaks a rule of plain English.

    check_prose.py PROJECT_FOLDER

  * No banned word. Each hides its noun, or names a known thing anew.
  * At most 2 % of the sentences of a row begin with a noun clause: "What is left", "Whether it fires".
    Questions do not count.
Code blocks do not count, nor do indented examples in comments.
"""

import pathlib
import re
import sys

BANNED = re.compile(
    r"""\b(?: nought | whoever | nobody | somebody | everybody | for\ ever | lived?\ through | lives\ through
        | comes?\ to | held\ against | of\ its\ own | put\ down | told )\b""",
    re.I | re.X)
NOUN_CLAUSE = re.compile(r"(?:What|Whether|How|Who|Whose|Where|When|Which|Whoever)\b")
MOST_NOUN_CLAUSES = 0.02
SHORTEST_SENTENCE = 4  # words; fewer are headings and labels

COMMENT = re.compile(r"\s*(?://+|#(?!\s*(?:include|if|end|define|el|pragma|undef|error))|\*)\s?(.*)")
SUFFIXES = {".h", ".cc", ".c", ".js", ".mjs", ".py", ".sh", ".cmake", ".txt"}
DOCUMENTS = ("README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md")


def comments(text):
    """The text of each run of comment lines."""
    run = []
    for line in [*text.splitlines(), ""]:
        match = COMMENT.match(line)
        trailing = re.search(r"\S\s+// (.*)", line)
        if trailing and not match:
            yield trailing[1]
        if match and not match[1].startswith("  "):
            run.append(match[1])
        elif run:
            yield " ".join(run)
            run = []


def paragraphs(document):
    text = re.sub(r"```.*?```", "", document, flags=re.S)
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n|\n(?=[-*|] )", text))
    return [part.lstrip("-*| ") for part in parts if part]


def sentences(paragraph):
    for sentence in re.split(r"(?<=[.:;!?])\s+(?=[A-Z`])", paragraph):
        if len(re.findall(r"[A-Za-z][A-Za-z'`_]*", sentence)) >= SHORTEST_SENTENCE:
            yield sentence.strip()


def breaches(row, texts):
    """What is wrong with the row: texts is a list of (file, its paragraphs)."""
    count, clauses, found = 0, [], []
    for name, parts in texts:
        for part in parts:
            found += [f"{name}: banned word \"{match[0]}\": {part[max(0, match.start() - 40):match.end() + 20]}"
                      for match in BANNED.finditer(part)]
            for sentence in sentences(part):
                count += 1
                if NOUN_CLAUSE.match(sentence) and not sentence.endswith("?"):
                    clauses.append(f"{name}: {sentence[:100]}")
    if len(clauses) > MOST_NOUN_CLAUSES * count:
        found += [f"{row}: {len(clauses)} of {count} sentences begin with a noun clause", *clauses]
    return found


def rows(root):
    for folder in ("include", "examples", "bench", "tests", "cmake"):
        files = sorted(path for path in (root / folder).rglob("*")
                       if path.is_file() and (path.suffix in SUFFIXES or path.name == "run"))
        pages = sorted(path for path in (root / folder).rglob("*.md") if "data" not in path.parts)
        yield f"pages of {folder}", [(path.relative_to(root).as_posix(), paragraphs(path.read_text(encoding="utf-8")))
                                     for path in pages]
        yield folder, [(path.relative_to(root).as_posix(), list(comments(path.read_text(encoding="utf-8", errors="replace"))))
                       for path in files if "corpus" not in path.parts and "data" not in path.parts]
    for name in DOCUMENTS:
        if (root / name).exists():
            yield name, [(name, paragraphs((root / name).read_text(encoding="utf-8")))]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = [breach for row, texts in rows(pathlib.Path(sys.argv[1])) for breach in breaches(row, texts)]
    print("\n".join(found) if found else "plain English")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
