# SPDX-License-Identifier: Apache-2.0
"""tap: what the checks of this folder share: one TAP line a rule, with each offence as a comment below it."""
import os
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, name, offences):
        self.count += 1
        offences = list(offences)
        self.failed += bool(offences)
        print(f"{'not ok' if offences else 'ok'} {self.count} - {name}")
        for offence in offences:
            print(f"# {offence}")

    def note(self, text):
        print(f"# {text}")

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)


def files_below(tree, folder, endings):
    for path, folders, names in os.walk(os.path.join(tree, folder)):
        folders.sort()
        for name in sorted(names):
            if name.endswith(endings):
                yield os.path.relpath(os.path.join(path, name), tree)


def read_text(tree, path):
    with open(os.path.join(tree, path), encoding="utf-8", errors="replace") as file:
        return file.read()
