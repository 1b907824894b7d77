#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""man.py [--tree DIR]: the manual pages that the build makes, as TAP: mandoc has nothing to say against them, and the page
of a verb names the same options as its --help.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess

from tap import TREE, Tap

# Pages that this system lacks are no fault of ours.
IGNORED = re.compile(r"lacks .* entry|referenced manual not found")


def lint(page):
    if not shutil.which("mandoc"):
        return ["mandoc is not installed"]
    found = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True, check=False)
    return [line for line in (found.stdout + found.stderr).splitlines() if not IGNORED.search(line)]


def options_of_page(page):
    """--name of each .It Fl -name; those of the synopsis alone do not count."""
    return set(re.findall(r"^\.It (?:Fl \w , )?Fl -([a-z-]+)", open(page, encoding="utf-8").read(), re.M))


def options_of_help(program, verb):
    text = subprocess.run([program, verb, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^ +(?:-\w, +)?--([a-z-]+)", text, re.M))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", default=TREE)
    tree = parser.parse_args().tree
    tap = Tap()
    for page in sorted(glob.glob(os.path.join(tree, "build/native/src/cmd/document/*.[1-9]"))):
        name = os.path.basename(page)
        tap.check(f"{name}: mandoc accepts it", lint(page))
        verb = re.fullmatch(r"(bulkhead(?:-oci)?)-([a-z]+)\.1", name)
        program = os.path.join(tree, "build", verb.group(1)) if verb else ""
        if verb and verb.group(2) != "oci" and os.path.exists(program):
            told, listed = options_of_page(page), options_of_help(program, verb.group(2))
            tap.check(f"{name}: the same options as its help",
                      [f"{name}: --{option} is not in both" for option in sorted(told ^ listed)])
    tap.end()


if __name__ == "__main__":
    main()
