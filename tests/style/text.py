#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""text.py [--tree DIR]: what can be told from the text of the files alone, as TAP.

Sizes (a file over 600 lines and a function over 60 are named, over 700 and 100 they fail), the licence line, tabs and
line ends in C, and words that have no place in a repository.
"""
import argparse
import os
import re
import subprocess

from tap import TREE, Tap, files_below, read_text

FILE_LINES = (600, 700)
FUNCTION_LINES = (60, 100)
COLUMNS = 130
UNLICENSED = (".md", ".json", ".tsv", ".golden", ".txt", ".inc", ".editorconfig", ".clang-format", ".gitignore")
UNLICENSED_FOLDERS = ("tests/fuzz/corpus/", "tests/golden/", "man/")
# Left-over notes to oneself, and paths of one person's machine.
WORDS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b|(?<![\w./])/wo" r"rk/|/tmp/h" r"k\b")


def tracked(tree):
    """The files that are in the repository or would be; in a tree without one, all but what was built."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=tree, capture_output=True, text=True,
                            check=False)
    paths = listed.stdout.splitlines() if listed.returncode == 0 else files_below(tree, "", "")
    return [path for path in sorted(set(paths))
            if os.path.isfile(os.path.join(tree, path)) and not path.startswith("build/")]


def functions(text):
    """(name, lines) of each function: kernel style puts its braces alone at the start of a line."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            head = start - 1
            while head > 0 and lines[head].startswith(("\t", " ")):
                head -= 1
            name = re.search(r"(\w+)\(", lines[head])
            yield (name.group(1) if name else lines[head]), number - start + 1
            start = None


def sizes(tree, paths, limit):
    for path in paths:
        if path.startswith("src/") and path.endswith((".c", ".h")):
            text = read_text(tree, path)
            if text.count("\n") > FILE_LINES[limit]:
                yield f"{path} has {text.count(chr(10))} lines"
            for name, length in functions(text):
                if length > FUNCTION_LINES[limit]:
                    yield f"{path}: {name}() has {length} lines"


def licences(tree, paths):
    for path in paths:
        if path == "LICENSE" or path.endswith(UNLICENSED) or path.startswith(UNLICENSED_FOLDERS):
            continue
        head = read_text(tree, path).split("\n")[:3]
        if not any("SPDX-License-Identifier: " in line for line in head):
            yield f"{path} has no SPDX-License-Identifier in its first lines"


def layout(tree, paths):
    for path in paths:
        if not path.endswith((".c", ".h")):
            continue
        text = read_text(tree, path)
        if text and not text.endswith("\n"):
            yield f"{path} does not end in a newline"
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip():
                yield f"{path}:{number}: blanks at the end"
            if re.match(r"\t* {8}", line):
                yield f"{path}:{number}: indented with blanks"
            if len(line.expandtabs(8)) > COLUMNS:
                yield f"{path}:{number}: {len(line.expandtabs(8))} columns"


def words(tree, paths):
    for path in paths:
        for number, line in enumerate(read_text(tree, path).splitlines(), 1):
            found = WORDS.search(line)
            if found:
                yield f"{path}:{number}: {found.group(0)}"


def assertions(tree, paths):
    """errexit passes over a command behind "!" and over all but the last of a list with "&&"."""
    for path in paths:
        if not path.endswith((".bats", ".bash")):
            continue
        for number, line in enumerate(read_text(tree, path).splitlines(), 1):
            if re.match(r"\s*! ", line):
                yield f"{path}:{number}: \"!\" never fails a test; write run !"
            if re.match(r"\s*\[.* && \[(?!.*(?:\|\||return))", line):
                yield f"{path}:{number}: a list with && fails a test by its last command alone; write two lines"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", default=TREE)
    tree = parser.parse_args().tree
    paths = tracked(tree)
    tap = Tap()
    tap.check(f"no file over {FILE_LINES[1]} lines, no function over {FUNCTION_LINES[1]}", sizes(tree, paths, 1))
    for offence in sizes(tree, paths, 0):
        tap.note(f"long: {offence}")
    tap.check("each file names its licence", licences(tree, paths))
    tap.check("tabs, line ends and columns", layout(tree, paths))
    tap.check("no notes to oneself, no paths of one machine", words(tree, paths))
    tap.check("no assertion that cannot fail", assertions(tree, paths))
    tap.end()


if __name__ == "__main__":
    main()
