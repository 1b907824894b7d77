# SPDX-License-Identifier: Apache-2.0
"""bundles: the containers that are measured: a busybox root and one config for each kind, and the floor's filter.

The seccomp profile is the one that Docker and podman use by default, as Debian ships it, with the rules that apply to a
container without further capabilities on this architecture.
"""
import copy
import ctypes
import json
import os
import shutil
import struct

PROFILE = "/usr/share/containers/seccomp.json"
CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
NAMESPACES = ["pid", "network", "ipc", "uts", "mount"]
APPLETS = ["true", "sh", "sleep", "cat", "ls"]
QUIET = ["nosuid", "noexec", "nodev"]
MANY = 100


def mount(destination, kind, source, *options):
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def plain_config(rootfs):
    """A container as engines make it by default, without a filter."""
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False, "user": {"uid": 0, "gid": 0}, "args": ["/bin/true"], "cwd": "/",
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}], "noNewPrivileges": True,
        },
        "root": {"path": rootfs, "readonly": True},
        "hostname": "bench",
        "mounts": [
            mount("/proc", "proc", "proc"),
            mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
                  "gid=5"),
            mount("/dev/shm", "tmpfs", "shm", *QUIET, "mode=1777", "size=65536k"),
            mount("/dev/mqueue", "mqueue", "mqueue", *QUIET),
            mount("/sys", "sysfs", "sysfs", *QUIET, "ro"),
            mount("/sys/fs/cgroup", "cgroup", "cgroup", *QUIET, "relatime", "ro"),
        ],
        "linux": {
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": kind} for kind in NAMESPACES],
            "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                            "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
                            "/proc/scsi"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }


def applies(rule):
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    held = set(CAPABILITIES)
    if includes.get("arches") and "amd64" not in includes["arches"]:
        return False
    if "amd64" in (excludes.get("arches") or []):
        return False
    return set(includes.get("caps") or []) <= held and not set(excludes.get("caps") or []) & held


def seccomp():
    with open(PROFILE, encoding="utf-8") as file:
        profile = json.load(file)
    rules = []
    for rule in filter(applies, profile["syscalls"]):
        kept = {"names": rule["names"], "action": rule["action"]}
        if rule["action"] == "SCMP_ACT_ERRNO" and rule.get("errnoRet") is not None:
            kept["errnoRet"] = rule["errnoRet"]
        if rule.get("args"):
            kept["args"] = rule["args"]
        rules.append(kept)
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": profile.get("defaultErrnoRet", 38),
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": rules}


def with_user_namespace(config):
    config["linux"]["namespaces"].append({"type": "user"})
    for kind in ("uidMappings", "gidMappings"):
        config["linux"][kind] = [{"containerID": 0, "hostID": 100000, "size": 65536}]


def make_rootfs(path, files=0):
    """A busybox root; `files` more of them, for what depends on their number."""
    for folder in ("bin", "proc", "dev", "sys", "tmp", "etc", "mnt"):
        os.makedirs(f"{path}/{folder}")
    for number in range(MANY):
        os.mkdir(f"{path}/mnt/{number}")
    shutil.copy(shutil.which("busybox"), f"{path}/bin/busybox")
    for applet in APPLETS:
        os.symlink("busybox", f"{path}/bin/{applet}")
    for number in range(files):
        if number % 1000 == 0:
            folder = f"{path}/files/{number // 1000}"
            os.makedirs(folder)
        with open(f"{folder}/{number}", "x", encoding="utf-8"):
            pass


def write_bundle(folder, name, config):
    os.makedirs(f"{folder}/{name}")
    with open(f"{folder}/{name}/config.json", "w", encoding="utf-8") as file:
        json.dump(config, file, indent=1)


def make(folder):
    """Write all bundles and filter.bpf below folder."""
    make_rootfs(f"{folder}/rootfs")
    make_rootfs(f"{folder}/few", 10)
    make_rootfs(f"{folder}/many", 100000)
    default = plain_config(f"{folder}/rootfs")
    write_bundle(folder, "plain", default)
    default["linux"]["seccomp"] = seccomp()
    write_bundle(folder, "default", default)

    waiting = copy.deepcopy(default)
    waiting["process"]["args"] = ["/bin/sleep", "1000"]
    write_bundle(folder, "waiting", waiting)

    user = copy.deepcopy(default)
    with_user_namespace(user)
    write_bundle(folder, "user", user)

    time = copy.deepcopy(default)
    time["linux"]["namespaces"].append({"type": "time"})
    time["linux"]["timeOffsets"] = {"monotonic": {"secs": 1000, "nanosecs": 0}}
    write_bundle(folder, "time", time)

    many = copy.deepcopy(default)
    os.makedirs(f"{folder}/shared")
    many["mounts"] += [mount(f"/mnt/{number}", "bind", f"{folder}/shared", "bind", "ro", *QUIET)
                       for number in range(MANY)]
    write_bundle(folder, "mounts", many)

    for name in ("few", "many"):
        idmapped = copy.deepcopy(user)
        idmapped["root"]["path"] = f"{folder}/{name}"
        idmapped["annotations"] = {"org.bulkhead.rootfs.idmap": "true"}
        write_bundle(folder, f"idmapped-{name}", idmapped)
    write_filter(f"{folder}/filter.bpf", default["linux"]["seccomp"])


# The floor's filter: for each architecture a binary search over ranges of call numbers with an equal verdict. Made here and not
# by the compiler under test, so that the floor does not move with it.

ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, EQUAL, AT_LEAST, JUMP, RETURN, AND = 0x20, 0x15, 0x35, 0x05, 0x06, 0x54
ARCHITECTURES = (0xC000003E, 0x40000003)  # x86_64, i386
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
X32_BIT = 0x40000000


def verdicts(policy, architecture):
    """{number: action, or [(args, action)…] where arguments decide}."""
    resolve = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name_arch
    found = {}
    for rule in policy["syscalls"]:
        action = ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else ERRNO | rule.get("errnoRet", 1)
        for name in rule["names"]:
            number = resolve(ctypes.c_uint32(architecture), name.encode())
            if number < 0:
                continue
            if not rule.get("args"):
                found[number] = action
            elif isinstance(found.setdefault(number, []), list):
                found[number].append((rule["args"], action))
    return found


def ranges_of(found, default):
    """[(first number, verdict)…], neighbours with the same verdict joined."""
    ranges = []
    for number in range(max(found) + 2):
        verdict = found.get(number, default)
        if not ranges or ranges[-1][1] != verdict:
            ranges.append((number, verdict))
    return ranges


class Code:
    """Instructions with labels, resolved at the end."""

    def __init__(self):
        self.lines, self.places, self.labels = [], {}, 0

    def label(self):
        self.labels += 1
        return self.labels

    def place(self, label):
        self.places[label] = len(self.lines)

    def add(self, code, value, yes=None, no=None):
        self.lines.append((code, value, yes, no))

    def test(self, code, value, no):
        """Go on when it holds, to `no` when it does not."""
        following = self.label()
        self.add(code, value, following, no)
        self.place(following)

    def pack(self):
        packed = b""
        for here, (code, value, yes, no) in enumerate(self.lines):
            jumps = [self.places[label] - here - 1 if label else 0 for label in (yes, no)]
            packed += struct.pack("<HBBI", code, *jumps, value)
        return packed


def add_condition(code, argument, no):
    low, high = argument["value"] & 0xFFFFFFFF, argument["value"] >> 32
    offset = ARGUMENTS + 8 * argument["index"]
    operator = argument["op"]
    if operator == "SCMP_CMP_MASKED_EQ":
        wanted = argument.get("valueTwo", 0)
        for place, mask, value in ((offset + 4, high, wanted >> 32), (offset, low, wanted & 0xFFFFFFFF)):
            if mask:
                code.add(LOAD, place)
                code.add(AND, mask)
                code.test(EQUAL, value, no)
    elif operator == "SCMP_CMP_EQ":
        code.add(LOAD, offset + 4)
        code.test(EQUAL, high, no)
        code.add(LOAD, offset)
        code.test(EQUAL, low, no)
    elif operator == "SCMP_CMP_NE":
        different, low_half = code.label(), code.label()
        code.add(LOAD, offset + 4)
        code.add(EQUAL, high, low_half, different)
        code.place(low_half)
        code.add(LOAD, offset)
        code.add(EQUAL, low, no, different)
        code.place(different)
    else:
        raise SystemExit(f"bundles: the profile compares by {operator}, which the floor's filter does not know")


def add_leaf(code, verdict, default):
    if isinstance(verdict, int):
        code.add(RETURN, verdict)
        return
    for arguments, action in verdict:
        no = code.label()
        for argument in arguments:
            add_condition(code, argument, no)
        code.add(RETURN, action)
        code.place(no)
    code.add(RETURN, default)


def add_search(code, ranges, default):
    if len(ranges) == 1:
        add_leaf(code, ranges[0][1], default)
        return
    middle = len(ranges) // 2
    upper, lower = code.label(), code.label()
    code.add(AT_LEAST, ranges[middle][0], upper, lower)
    code.place(lower)
    add_search(code, ranges[:middle], default)
    code.place(upper)
    add_search(code, ranges[middle:], default)


def write_filter(path, policy):
    default = ERRNO | policy["defaultErrnoRet"]
    parts = []
    for architecture in ARCHITECTURES:
        code = Code()
        code.add(LOAD, NUMBER)
        if architecture == ARCHITECTURES[0]:
            native, x32 = code.label(), code.label()
            code.add(AT_LEAST, X32_BIT, x32, native)
            code.place(x32)
            code.add(RETURN, default)
            code.place(native)
        add_search(code, ranges_of(verdicts(policy, architecture), default), default)
        parts.append(code.pack())
    # Per architecture: is it this one? else jump over its part.
    program = struct.pack("<HBBI", LOAD, 0, 0, ARCHITECTURE)
    for architecture, part in zip(ARCHITECTURES, parts):
        program += struct.pack("<HBBI", EQUAL, 1, 0, architecture)
        program += struct.pack("<HBBI", JUMP, 0, 0, len(part) // 8) + part
    program += struct.pack("<HBBI", RETURN, 0, 0, KILL)
    with open(path, "wb") as file:
        file.write(program)
