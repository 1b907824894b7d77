# SPDX-License-Identifier: Apache-2.0
"""podman: what Debian's podman and a user's bus need in the virtual machine, for tests/vm/run and tests/vm/podman.bats."""
import os
import shutil

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = ("podman", "conmon", "catatonit", "dbus-daemon")
FILES = ("/etc/containers/policy.json", "/usr/share/containers/containers.conf", "/usr/share/dbus-1/session.conf",
         "/usr/libexec/podman/catatonit")


def add_podman(root):
    """Into root, a Root of tests/vm/run. What this host lacks the tests then name."""
    for program in PROGRAMS:
        path = shutil.which(program)
        if path:
            root.add(path)
    for path in FILES:
        if os.path.exists(path):
            root.add(path)
    root.add(f"{TREE}/contrib/podman/bulkhead.conf", "/contrib/podman/bulkhead.conf")
