# SPDX-License-Identifier: Apache-2.0
"""selinux: the disk of the machine that boots with SELinux, for tests/vm/run.

Debian's policy is compiled from its packages together with tests/vm/container.cil, a small root file system is labelled by
it, and both become one ext4 image below build/vm. It is made again when a package of which something is in it has another
version, or when what makes it changes; the programs and tests are not in it. Nothing is installed on this host.
"""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ("selinux-policy-default", "policycoreutils")
COMMANDS = """bash bats jq grep sed find xargs diff cmp awk pgrep ps mount umount unshare nsenter setpriv prlimit flock
findmnt script timeout strace mke2fs truncate""".split()
CONFIG = "SELINUX=enforcing\nSELINUXTYPE=default\n"


def candidate(package):
    for command in (["true"], ["apt-get", "-q", "update"]):
        subprocess.run(command, stdout=sys.stderr, check=True)
        text = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=False).stdout
        found = re.search(r"Candidate: (\d\S*)", text)
        if found:
            return found[1]
    raise SystemExit(f"vm: apt knows no {package}")


def digest():
    """Of the versions of all packages that files are taken from, and of what makes the image."""
    paths = [os.path.realpath(shutil.which(command)) for command in COMMANDS if shutil.which(command)]
    owners = subprocess.run(["dpkg", "-S", *paths], capture_output=True, text=True, check=False).stdout
    names = sorted({line.split(":")[0] for line in owners.splitlines()} | {"libc6", "busybox-static", "coreutils"})
    versions = subprocess.run(["dpkg-query", "-W", *names], capture_output=True, text=True, check=False).stdout
    state = hashlib.sha256(versions.encode())
    for package in PACKAGES:
        state.update(f"{package} {candidate(package)}\n".encode())
    for path in (os.path.abspath(__file__), f"{HERE}/container.cil"):
        with open(path, "rb") as file:
            state.update(file.read())
    return state.hexdigest()[:16]


def fetch(folder):
    """The packages, unpacked."""
    os.makedirs(folder)
    options = ["-q", "-o", "APT::Sandbox::User=root"]
    subprocess.run(["apt-get", *options, "download", *PACKAGES], cwd=folder, stdout=sys.stderr, check=True)
    for package in glob.glob(f"{folder}/*.deb"):
        subprocess.run(["dpkg", "-x", package, f"{folder}/root"], check=True)


def compile_policy(folder):
    """All modules of Debian's package, as its installation would do it, and ours."""
    modules = f"{folder}/root/usr/share/selinux/default"
    cil = [f"{HERE}/container.cil"]
    with open(f"{modules}/.modules", encoding="utf-8") as file:
        names = ["base"] + [name for name in file.read().split() if name != "base"]
    for name in names:
        packed = subprocess.run(["bzip2", "-dc", f"{modules}/{name}.pp.bz2"], capture_output=True, check=True).stdout
        with open(f"{folder}/module.pp", "wb") as file:
            file.write(packed)
        subprocess.run([f"{folder}/root/usr/libexec/selinux/hll/pp", f"{folder}/module.pp", f"{folder}/{name}.cil"], check=True)
        cil.append(f"{folder}/{name}.cil")
    subprocess.run(["secilc", "-c", "33", "-o", f"{folder}/policy.33", "-f", f"{folder}/file_contexts", *cil], check=True)


def fill(root, folder):
    """What bats and the tests need, the policy, and what loads it."""
    for command in COMMANDS:
        path = shutil.which(command)
        if path:
            root.add(path)
            root.add(os.path.realpath(path))
    root.add_package("coreutils")
    for path in ("/usr/lib/bats-core", "/usr/libexec/bats-core", "/usr/lib/locale/C.utf8"):
        root.add(path)
    root.add(shutil.which("busybox"), "/usr/bin/busybox")
    root.add_applets()
    shutil.copytree(f"{folder}/root/etc/selinux/default", f"{root.path}/etc/selinux/default")
    os.makedirs(f"{root.path}/etc/selinux/default/policy", exist_ok=True)
    shutil.copy(f"{folder}/policy.33", f"{root.path}/etc/selinux/default/policy/policy.33")
    shutil.copy(f"{folder}/file_contexts", f"{root.path}/etc/selinux/default/contexts/files/file_contexts")
    root.write("etc/selinux/config", CONFIG)
    root.add(f"{folder}/root/sbin/load_policy", "/usr/sbin/load_policy")
    root.write_users()
    for name in ("mnt", "build", "tests"):
        os.makedirs(f"{root.path}/{name}", exist_ok=True)


def make_image(base, make_root):
    """The path of the image below base; make_root(path) is tests/vm/run's way to begin a root file system."""
    image = f"{base}/selinux-{digest()}.ext4"
    if os.path.exists(image):
        return image
    folder = f"{base}/selinux.new"
    for old in [folder] + glob.glob(f"{base}/selinux-*.ext4"):
        shutil.rmtree(old, ignore_errors=True)
        if os.path.exists(old):
            os.unlink(old)
    fetch(folder)
    compile_policy(folder)
    root = make_root(f"{folder}/image")
    fill(root, folder)
    contexts = f"{root.path}/etc/selinux/default/contexts/files/file_contexts"
    subprocess.run([f"{folder}/root/sbin/setfiles", "-F", "-r", root.path, contexts, root.path], check=True)
    subprocess.run(["truncate", "-s", "400M", f"{folder}/disk"], check=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root.path, f"{folder}/disk"], check=True)
    os.rename(f"{folder}/disk", image)
    shutil.rmtree(folder)
    return image
