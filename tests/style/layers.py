#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""layers.py [--tree DIR] [--build DIR]: check the rules of layers.txt, as TAP.

Who includes whom, who owns which foreign header, that neither folders nor headers stand in a circle, that nothing the
child runs allocates or prints, that what is called pure asks nothing of the system, that no function is public for nobody,
what each program loads, and that what the kernel runs at every system call is short.
"""
import argparse
import glob
import os
import re
import subprocess

from tap import TREE, Tap, files_below, read_text

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
HIDDEN_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include(?![ \t]*["<]).*$', re.MULTILINE)


class Rules:
    def __init__(self, path):
        self.folders, self.foreign, self.programs = {}, {}, {}
        self.never, self.pure, self.pure_never, self.short = [], [], [], []
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = line.split("#")[0].split()
                if not words:
                    continue
                kind, rest = words[0], words[1:]
                if kind == "folder":
                    self.folders[rest[0]] = rest[2:]
                elif kind == "foreign":
                    self.foreign[rest[0]] = rest[1:]
                elif kind == "program":
                    self.programs[rest[0]] = rest[2:]
                elif kind == "short":
                    self.short.append((rest[0], int(rest[1]), rest[2:]))
                elif kind == "child-never":
                    self.never += rest
                elif kind == "pure":
                    self.pure += rest
                elif kind == "pure-never":
                    self.pure_never += rest
                else:
                    raise SystemExit(f"{path}:{number}: unknown rule {kind}")

    def folder_of(self, path):
        """The folder of the rules that a path below src/ belongs to: the longest that matches."""
        fitting = [name for name in self.folders if path.startswith(name + "/")]
        return max(fitting, key=len, default=None)

    def may_include(self, folder, header):
        owner = self.folder_of(header)
        return owner == folder or owner in self.folders[folder] or header in self.folders[folder]

    def foreign_owners(self, header):
        for name, owners in self.foreign.items():
            if header == name or (name.endswith("/") and header.startswith(name)):
                return owners
        return None



def is_in(symbol, names):
    return any(symbol == name or (name.endswith("*") and symbol.startswith(name[:-1])) for name in names)


def includes_of(tree):
    """{path below src/: [(quoted, header)]} of all C files there."""
    found = {}
    for path in files_below(tree, "src", (".c", ".h")):
        matches = INCLUDE.findall(read_text(tree, path))
        found[path[len("src/"):]] = [(quote == '"', header) for quote, header in matches]
    return found


def check_folders(rules, includes):
    for path, headers in includes.items():
        folder = rules.folder_of(path)
        if folder is None:
            yield f"src/{path}: its folder has no rule in layers.txt"
            continue
        for quoted, header in headers:
            if quoted and rules.folder_of(header) and not rules.may_include(folder, header):
                yield f"src/{path} includes {header}: {folder} may not"


def check_paths(tree, build, rules, includes):
    """Our own headers are named from src/ on, by a name that can be read; a quoted name is never somebody else's."""
    for path in includes:
        for line in HIDDEN_INCLUDE.findall(read_text(tree, f"src/{path}")):
            yield f"src/{path}: {line.strip()}: no header is named there"
    for path, headers in includes.items():
        for quoted, header in headers:
            known = any(os.path.exists(f"{place}/src/{header}") for place in (tree, f"{build}/native"))
            if quoted and (rules.folder_of(header) is None or not known):
                yield f'src/{path} includes "{header}": no such file below src/'
            if not quoted and known:
                yield f"src/{path} includes <{header}>: ours are quoted"


def check_foreign(rules, includes):
    for path, headers in includes.items():
        folder = rules.folder_of(path) or ""
        for quoted, header in headers:
            owners = None if quoted else rules.foreign_owners(header)
            if owners is not None and not any(folder == own or folder.startswith(own + "/") for own in owners):
                yield f"src/{path} includes <{header}>, which belongs to {', '.join(owners)}"


def check_rule_order(rules):
    seen = []
    for folder, allowed in rules.folders.items():
        for other in allowed:
            owner = other if other in rules.folders else rules.folder_of(other)
            if owner is None:
                yield f"layers.txt: {folder} names {other}, which has no rule"
            elif owner not in seen:
                yield f"layers.txt: {folder} may include {other}, which stands above it: a circle"
        seen.append(folder)


def check_circles(includes):
    """No header includes itself through others."""
    graph = {path: [header for quoted, header in headers if quoted] for path, headers in includes.items()}
    done, trail = set(), []

    def visit(path):
        if path in trail:
            return [" → ".join(trail[trail.index(path):] + [path])]
        if path in done or path not in graph:
            return []
        trail.append(path)
        offences = [offence for header in graph[path] for offence in visit(header)]
        trail.pop()
        done.add(path)
        return offences

    for path in graph:
        yield from visit(path)


def symbols(objects):
    """{object: (defined, undefined)}, of all objects by one nm: there are a thousand."""
    found = {path: (set(), set()) for path in objects}
    if not objects:
        return found
    output = subprocess.run(["nm", "-A", "-P", *objects], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        path, symbol = line.split(": ", 1)
        name, kind = symbol.split()[:2]
        if kind in "Uvw":
            found[path][1].add(name)
        elif kind.isupper():
            found[path][0].add(name)
    return found


def check_reach(objects, beginnings, never):
    """Follow what the objects that begin so need through all objects; none of these may refer to a name of never."""
    definer = {name: path for path, (defined, _) in objects.items() for name in defined}
    waiting = [path for path in objects if os.path.basename(path).startswith(tuple(beginnings))]
    reached = {path: path for path in waiting}
    while waiting:
        path = waiting.pop()
        for name in sorted(objects[path][1]):
            if is_in(name, never):
                yield f"{os.path.basename(path)} refers to {name} (reached from {os.path.basename(reached[path])})"
            other = definer.get(name)
            if other and other not in reached:
                reached[other] = path
                waiting.append(other)


def prefix_of(folder):
    return "src_" + folder.replace("/", "_") + "_"


def check_child(rules, build):
    objects = symbols(sorted(glob.glob(f"{build}/libcore.a.p/*.o")))
    if not any(os.path.basename(path).startswith(prefix_of("core/child")) for path in objects):
        yield f"{build}: no object of core/child was built"
    yield from check_reach(objects, [prefix_of("core/child")], rules.never)


def check_pure(rules, build):
    objects = symbols(sorted(glob.glob(f"{build}/lib*.a.p/*.o")))
    yield from check_reach(objects, [prefix_of(folder) for folder in rules.pure], rules.pure_never)


def check_public(tree, build):
    """A function that other files can call is called by one, be it a test; else it is static, or dead."""
    sources = {path.replace("/", "_") + ".o" for path in files_below(tree, "src", (".c",))}
    objects = symbols(sorted(path for kind in ("native", "musl")
                             for path in glob.glob(f"{build}/{kind}/**/*.o", recursive=True)))
    used = {name for _, undefined in objects.values() for name in undefined}
    for path, (defined, _) in objects.items():
        where = os.path.basename(path)
        # What is left of a file that has gone does not count.
        if where not in sources:
            continue
        for name in sorted(defined - used - {"main"}):
            yield f"{where}: nothing outside of it uses {name}"


def check_program(name, allowed, path):
    """Its interpreter and its libraries, by readelf."""
    if not os.path.exists(path):
        yield f"{path}: not built"
        return
    text = subprocess.run(["readelf", "-ldW", path], check=True, capture_output=True, text=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", text)
    if allowed == ["static"]:
        if re.search(r"^\s*INTERP\b", text, re.MULTILINE):
            yield f"{name} has an interpreter: it is not static"
        allowed = []
    for library in needed:
        if library not in allowed:
            yield f"{name} loads {library}"
    if "GNU_RELRO" not in text:
        yield f"{name} has no read-only relocations"
    if re.search(r"GNU_STACK\s.*RWE", text):
        yield f"{name} has an executable stack"


def check_short(path, most, names):
    """The functions with these names have at most so many instructions of eight bytes."""
    lines = subprocess.run(["nm", "-P", path], check=True, capture_output=True, text=True).stdout.splitlines()
    sizes = {words[0]: int(words[3], 16) // 8 for words in map(str.split, lines) if len(words) == 4}
    found = [name for name in sizes if is_in(name, names)]
    yield from (f"{name} is not there" for name in names if not any(is_in(other, [name]) for other in found))
    yield from (f"{name} has {sizes[name]} instructions, more than {most}" for name in found if sizes[name] > most)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", default=TREE)
    parser.add_argument("--build", default=TREE + "/build")
    arguments = parser.parse_args()
    rules = Rules(os.path.join(arguments.tree, "tests/style/layers.txt"))
    includes = includes_of(arguments.tree)
    tap = Tap()
    tap.check("folders include only what stands below them", check_folders(rules, includes))
    tap.check("our headers are named from src/", check_paths(arguments.tree, arguments.build, rules, includes))
    tap.check("foreign headers stay with their owners", check_foreign(rules, includes))
    tap.check("the rules have no circle", check_rule_order(rules))
    tap.check("no header includes itself", check_circles(includes))
    for kind in ("native", "musl"):
        tap.check(f"the child does not allocate or print ({kind})", check_child(rules, f"{arguments.build}/{kind}"))
    tap.check("what is pure asks nothing of the system", check_pure(rules, f"{arguments.build}/native"))
    tap.check("what is public is used", check_public(arguments.tree, arguments.build))
    for name, allowed in rules.programs.items():
        tap.check(f"what {name} loads", check_program(name, allowed, f"{arguments.build}/{name}"))
    for name, most, functions in rules.short:
        path = f"{arguments.build}/{name}"
        tap.check(f"what is called often is short ({name})",
                  check_short(path, most, functions) if os.path.exists(path) else [f"{path}: not built"])
    tap.end()


if __name__ == "__main__":
    main()
