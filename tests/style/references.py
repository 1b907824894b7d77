#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""references.py [--tree TREE]: the tests that docs/conformance.md names are there, and each mandate names one; as TAP.

A test is named as FILE "WORDS", FILE being below tests/ and without its ending: for bats a test's name holds the words, for
unit tests they are a function. What lies below golden/ is named by its path alone.
"""
import argparse
import os
import re

from tap import TREE, Tap, read_text

PAGE = "docs/conformance.md"
NAMED = re.compile(r'\b((?:runtime|escape|engines|rootless|vm|unit)/\w+)((?:,? (?:and )?"[^"]+")*)')
GOLDEN = re.compile(r"\bgolden/[\w/-]+")
MANDATE = re.compile(r"\| (\d+)\. ")
MANDATES = 16


def tests_of(tree, path):
    """The names of a file's tests; None when there is no such file."""
    for file, pattern in ((f"tests/{path}.bats", r'^@test "(.*)" \{$'), (f"tests/{path}.c", r"cmocka_unit_test\w*\((\w+)")):
        if os.path.exists(os.path.join(tree, file)):
            return re.findall(pattern, read_text(tree, file), re.MULTILINE)
    return None


def missing(tree, text):
    for path, quoted in NAMED.findall(text):
        names = tests_of(tree, path)
        if names is None:
            yield f"{PAGE} names {path}, which is not below tests/"
            continue
        for words in re.findall(r'"([^"]+)"', quoted):
            if not any(words in name for name in names):
                yield f"{PAGE}: no test of {path} is named \"{words}\""
    for path in GOLDEN.findall(text):
        if not any(os.path.exists(os.path.join(tree, f"tests/{path}{ending}")) for ending in ("", ".json")):
            yield f"{PAGE} names {path}, which is not below tests/"


def untested(text):
    """A mandate whose row names no test, or that has no row."""
    rows = {int(row.group(1)): line for line in text.splitlines() if (row := MANDATE.match(line))}
    for number in range(1, MANDATES + 1):
        if not NAMED.search(rows.get(number, "")):
            yield f"{PAGE}: mandate {number} names no test"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", default=TREE)
    tree = parser.parse_args().tree
    text = read_text(tree, PAGE)
    tap = Tap()
    tap.check("the tests that docs/conformance.md names are there", missing(tree, text))
    tap.check("each mandate of the runtime-spec names a test", untested(text))
    tap.end()


if __name__ == "__main__":
    main()
