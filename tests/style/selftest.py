#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""selftest.py: each check of this folder reports the offence that it is there for; as TAP.

For each rule a small tree is made that breaks it, and the check must name the file.
"""
import os
import shutil
import subprocess
import tempfile

from tap import Tap

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
# check, {file: text}, what its output must say
BROKEN = [
    ("layers.py", {"src/base/low.c": '#include "kernel/mount.h"\n', "src/kernel/mount.h": ""},
     "src/base/low.c includes kernel/mount.h: base may not"),
    ("layers.py", {"src/core/plan/plan.c": '#include "kernel/mount.h"\n', "src/kernel/mount.h": ""},
     "src/core/plan/plan.c includes kernel/mount.h: core/plan may not"),
    ("layers.py", {"src/core/child/child.c": '#include "base/arena.h"\n', "src/base/arena.h": ""},
     "src/core/child/child.c includes base/arena.h: core/child may not"),
    ("layers.py", {"src/cmd/bulkhead/run.c": '#include "core/child/child.h"\n', "src/core/child/child.h": ""},
     "src/cmd/bulkhead/run.c includes core/child/child.h: cmd/bulkhead may not"),
    ("layers.py", {"src/elsewhere/new.c": ""}, "src/elsewhere/new.c: its folder has no rule"),
    ("layers.py", {"src/base/low.c": '#include "low.h"\n', "src/base/low.h": ""},
     'src/base/low.c includes "low.h": no such file below src/'),
    ("layers.py", {"src/base/low.c": "#include <base/low.h>\n", "src/base/low.h": ""},
     "src/base/low.c includes <base/low.h>: ours are quoted"),
    ("layers.py", {"src/core/plan/plan.c": '#define WHERE "kernel/mount.h"\n#include WHERE\n', "src/kernel/mount.h": ""},
     "src/core/plan/plan.c: #include WHERE: no header is named there"),
    ("layers.py", {"src/core/engine/run.c": "#include <sys/mount.h>\n"},
     "src/core/engine/run.c includes <sys/mount.h>, which belongs to kernel"),
    ("layers.py", {"src/core/filter/filter.c": "# include <seccomp.h>\n"},
     "src/core/filter/filter.c includes <seccomp.h>, which belongs to nothing"),
    ("layers.py", {"tests/style/layers.txt": "folder base : core/oci\nfolder core/oci : base\n"},
     "base may include core/oci, which stands above it: a circle"),
    ("layers.py", {"src/base/a.h": '#include "base/b.h"\n', "src/base/b.h": '#include "base/a.h"\n'},
     "base/a.h → base/b.h → base/a.h"),
    ("headers.py", {"src/base/needs.h": "size_t size_of_it(void);\n"}, "src/base/needs.h: "),
    ("text.py", {"src/base/long.c": SPDX + "/* */\n" * 701}, "src/base/long.c has 702 lines"),
    ("text.py", {"src/base/long.c": SPDX + "int base_long(void)\n{\n" + "\t;\n" * 99 + "}\n"},
     "src/base/long.c: base_long() has 101 lines"),
    ("text.py", {"src/base/free.c": "int x;\n"}, "src/base/free.c has no SPDX-License-Identifier"),
    ("text.py", {"tools/script": "#!/bin/sh\n"}, "tools/script has no SPDX-License-Identifier"),
    ("text.py", {"src/base/blank.c": SPDX + "int x; \n"}, "src/base/blank.c:2: blanks at the end"),
    ("text.py", {"src/base/blank.c": SPDX + "        int x;\n"}, "src/base/blank.c:2: indented with blanks"),
    ("text.py", {"src/base/wide.c": SPDX + "/*" + "x" * 140 + "*/\n"}, "src/base/wide.c:2: 144 columns"),
    ("text.py", {"tests/vm/a.bats": SPDX + "\t! true\n"}, "tests/vm/a.bats:2: \"!\" never fails"),
    ("text.py", {"tests/vm/a.bats": SPDX + "\t[ a = b ] && [ c = c ]\n"}, "tests/vm/a.bats:2: a list with &&"),
    ("references.py", {"docs/conformance.md": '| 1. x | runtime/a "one that is gone" |\n',
                       "tests/runtime/a.bats": '@test "one that is there" {\n'},
     'docs/conformance.md: no test of runtime/a is named "one that is gone"'),
    ("references.py", {"docs/conformance.md": "golden/config/bad/gone\n"}, "golden/config/bad/gone, which is not below tests/"),
    ("references.py", {"docs/conformance.md": '| 1. x | runtime/a "one" |\n', "tests/runtime/a.bats": '@test "one" {\n'},
     "docs/conformance.md: mandate 2 names no test"),
    ("text.py", {"README.md": "TO" + "DO: write it\n"}, "README.md:1: TO" + "DO"),
]


def make_tree(files):
    tree = tempfile.mkdtemp(prefix="bulkhead-style-")
    os.makedirs(f"{tree}/tests/style")
    os.makedirs(f"{tree}/build/native/libcore.a.p")
    shutil.copy(f"{HERE}/layers.txt", f"{tree}/tests/style/layers.txt")
    for path, text in files.items():
        os.makedirs(os.path.dirname(f"{tree}/{path}"), exist_ok=True)
        with open(f"{tree}/{path}", "w", encoding="utf-8") as file:
            file.write(text)
    return tree


def says(check, tree, expected):
    options = ["--tree", tree] + ([] if check in ("text.py", "references.py") else ["--build", f"{tree}/build"])
    done = subprocess.run([f"{HERE}/{check}", *options], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode == 0 or not any(expected in line for line in lines if line.startswith("#")):
        yield f"expected: {expected}"
        yield from lines + done.stderr.splitlines()


def compile_to(path, text, *options):
    subprocess.run(["gcc", *options, "-x", "c", "-", "-o", path], input=text, text=True, check=True)


def check_objects(tap):
    """What is read from built files: the child's symbols, through another object, and a program's libraries."""
    tree = make_tree({"src/core/plan/c.c": ""})
    objects = f"{tree}/build/native/libcore.a.p"
    try:
        compile_to(f"{objects}/src_core_child_a.c.o", "int b(void); int a(void) { return b(); }", "-c")
        compile_to(f"{objects}/src_base_b.c.o", "#include <stdlib.h>\nint b(void) { return !malloc(9); }", "-c", "-O0")
        tap.check("layers.py finds malloc behind the child",
                  says("layers.py", tree, "src_base_b.c.o refers to malloc (reached from src_core_child_a.c.o)"))
        compile_to(f"{objects}/src_core_plan_c.c.o", "int d(void); int c(void) { return d(); }", "-c")
        compile_to(f"{objects}/src_base_d.c.o", "extern long syscall(long, ...); int d(void) { return syscall(39) > 0; }", "-c")
        tap.check("layers.py finds a system call behind what is pure",
                  says("layers.py", tree, "src_base_d.c.o refers to syscall (reached from src_core_plan_c.c.o)"))
        tap.check("layers.py finds a function that is public for nobody",
                  says("layers.py", tree, "src_core_plan_c.c.o: nothing outside of it uses c"))
        compile_to(f"{tree}/build/bulkhead-oci", "int main(void) { return 0; }")
        tap.check("layers.py finds a dynamic bulkhead-oci", says("layers.py", tree, "bulkhead-oci has an interpreter"))
        compile_to(f"{tree}/build/native/bulkhead-unpack", "int main(void) { return 0; }", "-Wl,--no-as-needed", "-lm")
        tap.check("layers.py finds a library too many", says("layers.py", tree, "bulkhead-unpack loads libm.so.6"))
        compile_to(f"{tree}/build/bulkhead", "int main(void) { return 0; }", "-Wl,-z,execstack,-z,norelro")
        tap.check("layers.py finds an executable stack", says("layers.py", tree, "bulkhead has an executable stack"))
        os.makedirs(f"{tree}/build/native/src/insight/bpf")
        compile_to(f"{tree}/build/native/src/insight/bpf/observe.bpf.o", "int on_capable(void) { return 0; }\n"
                   "void b(void); void on_sys_exit(void) { " + "b();" * 40 + " }", "-c")
        tap.check("layers.py finds long code at every system call", says("layers.py", tree, "on_sys_exit has "))
        tap.check("layers.py finds that code at a system call is gone", says("layers.py", tree, "after_capable is not there"))
    finally:
        shutil.rmtree(tree)


def main():
    tap = Tap()
    for check, files, expected in BROKEN:
        tree = make_tree(files)
        try:
            tap.check(f"{check}: {expected}", says(check, tree, expected))
        finally:
            shutil.rmtree(tree)
    check_objects(tap)
    tap.end()


if __name__ == "__main__":
    main()
