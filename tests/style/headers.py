#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""headers.py [--tree DIR] [--build DIR]: every header of ours compiles alone, with both C libraries; as TAP."""
import argparse
import os
import subprocess

from tap import TREE, Tap, files_below

FLAGS = ["-std=gnu17", "-Ulinux", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c"]


def check(tree, build, command):
    for path in files_below(tree, "src", (".h",)):
        if path.endswith(".bpf.h"):  # for programs that the kernel loads: clang -target bpf alone
            continue
        # As the only include of an empty file: compiling the header itself would warn of its own include guard.
        text = f'#include "{path[len("src/"):]}"\nint nothing;\n'
        includes = ["-I", os.path.join(tree, "src"), "-I", f"{build}/native/src"]
        done = subprocess.run(command + FLAGS + includes + ["-"], input=text, capture_output=True, text=True,
                              check=False)
        if done.returncode:
            yield f"{path}: {' | '.join(done.stderr.strip().splitlines()[:4])}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", default=TREE)
    parser.add_argument("--build", default=TREE + "/build")
    arguments = parser.parse_args()
    tap = Tap()
    tap.check("every header compiles alone with glibc", check(arguments.tree, arguments.build, ["gcc"]))
    tap.check("every header compiles alone with musl", check(
        arguments.tree, arguments.build, ["musl-gcc", "-idirafter", f"{arguments.build}/musl/kernel-headers"]))
    tap.end()


if __name__ == "__main__":
    main()
