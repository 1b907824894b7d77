#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# machine: the machine is what the other tests of this folder take it for.

bats_require_minimum_version 1.5.0

@test "cgroup v2 alone, with all controllers handed down" {
	run ! grep -q ' cgroup ' /proc/mounts
	for controller in cpu cpuset memory pids io hugetlb; do
		grep -qw "$controller" /sys/fs/cgroup/cgroup.subtree_control
	done
}

@test "AppArmor is active and holds the profile" {
	[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ]
	grep -q '^bulkhead-vm (enforce)' /sys/kernel/security/apparmor/profiles
}

@test "pivot_root works here" {
	unshare -m sh -ec 'mount -t tmpfs t /mnt; mkdir /mnt/old; cd /mnt; busybox pivot_root . old; ls /old/init'
}

@test "the modules are loaded" {
	grep -qw overlay /proc/filesystems
}

@test "temporary files are on a file system that takes id mappings" {
	grep -q '^/dev/loop0 /tmp ext4 ' /proc/mounts
}

@test "features claims what the tests of this machine use" {
	"$BULKHEAD_OCI" features | jq -e '.linux | .apparmor.enabled and .cgroup.v2 and .cgroup.systemd and .cgroup.systemdUser and
		.mountExtensions.idmap.enabled and .seccomp.enabled'
	# Labels of SELinux are this kernel's to refuse, and the runtime's to know.
	"$BULKHEAD_OCI" features | jq -e .linux.selinux.enabled
}
