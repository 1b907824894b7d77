#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""profile_schema.py BULKHEAD SCHEMA PROFILE COUNT: change a profile at random, so many times, and compare what the tool and
the published schema say of it. The schema may take what only the tool knows: names of system calls, signals, capabilities.
Prints each other difference; the exit status is 1 when there is one."""
import copy
import json
import random
import re
import subprocess
import sys

import jsonschema

VALUES = [
    None, True, 0, -1, 1.5, 65535, 65536, 1e300, 2 ** 63, 2 ** 64 - 1, 2 ** 64, "", "x", "/", "/etc", "/etc/", "/a/../b", "/a//b",
    "//", "/.", "/..a", "/proc/", "/proc/x", "/proc/.", "/dev/", "/dev/a/..", "/sys/a/b", "/sysa", "SIGTERM", "SIG32", "SIGFOO",
    "CAP_CHOWN", "CAP_FOO", "CHOWN", "read", "0x1", "0x01", "0xG", "0x1:0x2", "0x1:0x12", "0xff", "0x100", "0x1ffffffff",
    "RLIMIT_NOFILE", "memory", "pid", "network", [], {}, ["a"], {"a": 1}, "/" + "a" * 4094, "/" + "a" * 4095, "*.example",
    "a" * 254, "new\nline", "/new\nline", "é",
]


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, path + (key,))


def change(profile):
    path = random.choice([p for p in places(profile) if p])
    above = profile
    for key in path[:-1]:
        above = above[key]
    value, target = random.choice(VALUES), above[path[-1]]
    way = random.choice(("set", "remove", "add", "rename"))
    if way == "set":
        above[path[-1]] = value
    elif way == "remove":
        del above[path[-1]]
    elif way == "add" and isinstance(target, list):
        target.append(value)
    elif way == "add" and isinstance(target, dict) and isinstance(value, str):
        target[value] = random.choice(list(target.values()) or [1])
    elif isinstance(above, dict) and isinstance(value, str):
        above[value] = above.pop(path[-1])


def main():
    tool, schema, profile, count = sys.argv[1:]
    with open(schema) as file:
        validator = jsonschema.Draft202012Validator(json.load(file))
    with open(profile) as file:
        whole = json.load(file)
    random.seed(7)
    taken = refused = differ = 0
    for _ in range(int(count)):
        changed = copy.deepcopy(whole)
        for _ in range(random.choice((1, 1, 2))):
            change(changed)
        answer = subprocess.run([tool, "profile", "check", "/dev/stdin"], input=json.dumps(changed), text=True,
                                capture_output=True)
        faults = [str(fault.message)[:200] for fault in validator.iter_errors(changed)]
        taken += answer.returncode == 0
        refused += answer.returncode != 0
        only_names = all(re.search("must be the name of|must be memory, pids", line)
                         for line in answer.stderr.splitlines() if line.startswith("bulkhead: "))
        if (answer.returncode == 0) == bool(faults) and not (answer.returncode and only_names):
            differ += 1
            print(f"tool: {answer.stderr or 'taken'}schema: {faults or 'taken'}")
    print(f"{taken} taken, {refused} refused")
    return 1 if differ or not taken or not refused else 0


sys.exit(main())
