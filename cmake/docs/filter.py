#!/usr/bin/env python3
"""Prints a header for Doxygen, which reads `///` comments only; or a page. A page of rooms/ gets its headers.

    filter.py HEADER.h | PAGE.md | COOKBOOK.dox

  * A page gets the sections of DESIGN.md that it names in brackets; the cookbook gets its programs.
  * Comments of declarations become documentation; comments of statements do not.
  * The opening comment documents the file, and the first class without a comment.
  * Indented text is shown as it is. `Threads:`, `Cost:` and their like begin a paragraph.
  * Namespaces `internal` and of the version, and private members, are left out.
"""
import pathlib
import re
import sys

LABEL = re.compile(r"(Threads|Cost|Errors|Source|Status|Units|Memory|Guarantees|Satisfied by): ")
CLASS = re.compile(r"(template <[^>]*>\s*)?(class|struct)\b(?!.*;\s*$)")
SCOPE = re.compile(r"\b(namespace|class|struct|enum|union|extern)\b")


def prose(comment):
    """The lines of a comment, in Markdown."""
    lines, code, item = [], False, 0
    for line in comment + [""]:
        indent = len(line) - len(line.lstrip())
        starts_item = re.match(r"\s*(-|\d+\.) ", line)
        if code and line.strip() and indent < 2:
            lines.insert(len(lines) - (not lines[-1].strip()), "```")
            code = False
        if not code and indent >= 2 and not starts_item and not item and not (lines and lines[-1].strip()):
            example = any(done == "## Example" for done in lines)
            lines.append("```cpp" if example else "```")
            code = True
        if code:
            lines.append(line)
            continue
        if line.strip():
            item = indent + 2 if starts_item else item if indent >= item else 0
        text = line[min(indent, 2):] if item else line
        text = re.sub(r"`[^`]*`|[<>#@\\&%]", lambda mark: mark[0] if mark[0][0] == "`" else "\\" + mark[0], text)
        text = re.sub(r"^\\#\\# ", "## ", text)
        if LABEL.match(text) and lines and lines[-1].strip():
            lines.append("")
        lines.append(text)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines + ["```"] if code else lines


def documentation(indent, comment):
    return [f"{indent}///{' ' if line else ''}{line}".rstrip() for line in prose(comment)]


def print_page(page):
    """A page as it is. Below that of a room, each public header with its first sentence."""
    design = page.parents[2] / "DESIGN.md"
    for line in page.read_text(encoding="utf-8").splitlines():
        section = re.fullmatch(r"\[([^]]*)\]", line)
        if not section:
            print(line)
            continue
        text = design.read_text(encoding="utf-8").split(f"\n### {section[1]}\n")[1]
        print(f"\n## {section[1]}\n" + re.split(r"\n##+ ", text)[0])
    if page.parent.name != "rooms":
        return
    include = page.parents[3] / "include" / "masterclock"
    headers = sorted(path for path in (include / page.stem).rglob("*.h") if "internal" not in path.parts)
    if page.stem == "clock":
        headers.insert(0, include / "master_clock.h")
    if headers:
        print("## Headers\n")
    for header in headers:
        text = header.read_text(encoding="utf-8").split("\n//\n")[0].split("\n#")[0]
        sentence = re.split(r"(?<=\.)\s", re.sub(r"^// ?", "", text, flags=re.MULTILINE).replace("\n", " "))[0]
        name = f"{page.stem}/io.h" if header.name == "io.h" else header.name  # there is one io.h a room
        print(f"- {name}: {' '.join(prose([sentence]))}")


def programs_with(header):
    """The first programs that include a header, or use what it is named after: a line with links, or nothing."""
    root = next((folder for folder in header.parents if folder.name == "include"), None)
    if root is None:
        return []
    include = re.escape(f'#include "{header.relative_to(root)}"')
    camel = "".join(part.capitalize() for part in header.stem.split("_"))
    shown = re.compile(rf"{include}|\bmasterclock::({camel}\b|{header.stem}\()")
    found = [path.name for path in sorted((root.parent / "examples" / "basics").glob("*.cc"))
             if shown.search(path.read_text(encoding="utf-8"))]
    return ["", "Programs: " + ", ".join(f"@ref {name}" for name in found)] if found else []


def print_cookbook(page):
    """The page, with a link to each program; and the pages of the programs."""
    programs = {path.name: path.read_text(encoding="utf-8").split("\n")[0].removeprefix("// ")
                for path in sorted((page.parents[2] / "examples" / "basics").glob("*.cc"))}
    print("/**", page.read_text(encoding="utf-8"))
    print("".join(f"- @ref {name} \"{name}\": {text}\n" for name, text in programs.items()), "*/")
    for name, text in programs.items():
        print(f"/** @example {name}\n{text} */")


def print_header(header):
    source = header.read_text(encoding="utf-8").split("\n")
    comment, indent, out, opening = [], "", [], None
    scopes = []  # True for a scope of declarations
    described = False
    end = None  # the line that ends a part which is left out
    for line in source:
        whole = re.match(r"( *)// ?(.*)$", line)
        if whole and not (comment and whole[1] != indent):
            indent = whole[1]
            comment.append(whole[2])
            continue
        declares = all(scopes)
        if comment:
            if opening is None:
                opening = comment
                out += ["/// @file"] + documentation("", opening)
                out += [f"/// {line}".rstrip() for line in programs_with(header)]
            elif declares and line.strip() and not line.startswith("#"):
                out += documentation(indent, comment)
            elif declares:
                out += [f"{indent}//"]
        elif opening and not described and declares and CLASS.match(line):
            out += documentation("", opening)
            described = True
        comment = []
        code = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])\'', '""', line)
        trailing = re.match(r"(.*\S)  // (.*)$", line)
        code = re.sub(r"//.*", "", code)
        if trailing and declares and not line.lstrip().startswith(("#", "}")):
            line = f"{trailing[1]}  ///< {' '.join(prose([trailing[2]]))}"
        member = re.match(r"inline .*\binternal::\w+::", line)  # its class is left out
        if member or re.match(r"namespace internal \{", line):
            out.append("/// @cond")
            end = "}" if member else "}  // namespace internal"
        line = re.sub(r"namespace masterclock::inline v\w+", "namespace masterclock", line)
        out.append(line)
        if line == end:
            out.append("/// @endcond")
            end = None
        for brace in re.findall(r"[{}]", code):
            if brace == "}":
                scopes.pop()
            else:
                scopes.append(bool(SCOPE.search(code)) and "(" not in code.split("{")[0])
    print("\n".join(out))


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    if path.suffix == ".dox":
        print_cookbook(path)
    elif path.suffix == ".md":
        print_page(path)
    else:
        print_header(path)


if __name__ == "__main__":
    main()
