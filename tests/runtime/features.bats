#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# features: each claim is tried: a config that uses it is taken, and what is not claimed is refused (features.md of the
# runtime-spec: "no more and no less").

load helpers

setup() { common_setup; b=$(bundle); features=$("$OCI" features); }
teardown() { common_teardown; }

claims() { jq -r "$1 | .[]" <<< "$features"; }
takes() { # takes NAME FILTER [jq arguments]: the config as this filter changes it runs
	cp "$b/config.json" "$WORK/before"
	edit "$b" "$2" "${@:3}"
	run oci run -b "$b" "$(new_id)" </dev/null
	cp "$WORK/before" "$b/config.json"
	[ "$status" -eq 0 ] || { echo "$1 is claimed: $output"; return 1; }
}
refuses() { # refuses WORD FILTER
	cp "$b/config.json" "$WORK/before"
	edit "$b" "$2"
	run oci run -b "$b" "$(new_id)" </dev/null
	cp "$WORK/before" "$b/config.json"
	[ "$status" -eq 1 ] && [[ $output == *"$1"* ]] || { echo "$1 is not claimed: status $status, $output"; return 1; }
}

@test "features: namespaces" {
	for name in $(claims .linux.namespaces); do
		[ "$name" = user ] && maps='| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' || maps=
		chmod 711 "$WORK"
		takes "$name" ".linux.namespaces += [{type: \$name}] | .linux.namespaces |= unique_by(.type) $maps" --arg name "$name"
	done
	refuses '"nosuch"' '.linux.namespaces += [{type: "nosuch"}]'
	leftovers
}

@test "features: mount options, on a tmpfs or a bind mount" {
	mkdir "$WORK/source"
	# Where the test's own directory lies on a file system that takes no id mappings, a tmpfs does (since Linux 6.3).
	mount -t tmpfs tmpfs "$WORK/source"
	takes idmap '.mounts += [{destination: "/tmp", type: "none", source: $source, options: ["rbind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 1, size: 1}], gidMappings: [{containerID: 0, hostID: 1, size: 1}]}]' \
		--arg source "$WORK/source" >/dev/null || { umount "$WORK/source"; mount --bind "$b" "$WORK/source"; }
	for option in $(claims .mountOptions); do
		case $option in
		bind | rbind | *nofollow* | *symlink* | remount) kind='{type: "none", source: $source, options: ["rbind", $option]}' ;;
		idmap | ridmap) kind='{type: "none", source: $source, options: ["rbind", $option],
			uidMappings: [{containerID: 0, hostID: 100000, size: 65536}], gidMappings: [{containerID: 0, hostID: 100000, size: 65536}]}' ;;
		*) kind='{type: "tmpfs", source: "tmpfs", options: [$option]}' ;;
		esac
		[ "$option" = remount ] && kind='{destination: "/dev", type: "none", options: [$option]}'
		takes "$option" ".mounts += [{destination: \"/tmp\"} + $kind]" --arg option "$option" --arg source "$WORK/source" ||
			{ umount "$WORK/source"; return 1; }
	done
	umount "$WORK/source"
	refuses nosuchoption '.mounts += [{destination: "/tmp", type: "none", source: "/tmp", options: ["rbind", "nosuchoption"]}]'
	leftovers
}

@test "features: capabilities, by name" {
	names=$(jq -c .linux.capabilities <<< "$features")
	edit "$b" '.process.capabilities.bounding += $names | .process.capabilities.bounding |= unique' --argjson names "$names"
	run oci run -b "$b" "$(new_id)" </dev/null
	[[ $output != *unknown* && $output != *"does not know"* ]]
	edit "$b" '.process.capabilities.bounding = ["CAP_NO_SUCH"]'
	run oci run -b "$b" "$(new_id)" </dev/null
	[ "$status" -eq 0 ]
	[[ $output == *CAP_NO_SUCH* ]]
	leftovers
}

@test "features: the filter's actions, operators, architectures and flags" {
	local filter='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"'
	for action in $(claims .linux.seccomp.actions); do
		[ "$action" = SCMP_ACT_NOTIFY ] && continue
		takes "$action" "$filter, syscalls: [{names: [\"acct\"], action: \$action}]}" --arg action "$action"
	done
	for operator in $(claims .linux.seccomp.operators); do
		takes "$operator" "$filter, syscalls: [{names: [\"acct\"], action: \"SCMP_ACT_ERRNO\",
			args: [{index: 0, value: 1, valueTwo: 1, op: \$operator}]}]}" --arg operator "$operator"
	done
	for arch in $(claims .linux.seccomp.archs); do
		takes "$arch" "$filter, architectures: ([\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_AARCH64\", \$arch] | unique)}" --arg arch "$arch"
	done
	for flag in $(claims .linux.seccomp.supportedFlags); do
		takes "$flag" "$filter, flags: [\$flag]}" --arg flag "$flag"
	done
	refuses SCMP_ACT_NOSUCH '.linux.seccomp = {defaultAction: "SCMP_ACT_NOSUCH"}'
	refuses SCMP_CMP_NOSUCH "$filter, syscalls: [{names: [\"acct\"], action: \"SCMP_ACT_ERRNO\", args: [{index: 0, value: 1, op: \"SCMP_CMP_NOSUCH\"}]}]}"
	refuses SCMP_ARCH_NOSUCH "$filter, architectures: [\"SCMP_ARCH_NOSUCH\"]}"
	refuses SECCOMP_FILTER_FLAG_NOSUCH "$filter, flags: [\"SECCOMP_FILTER_FLAG_NOSUCH\"]}"
	leftovers
}

@test "features: hooks of each kind run" {
	for kind in $(claims .hooks); do
		[ "$kind" = startContainer ] && continue
		takes "$kind" ".hooks.$kind = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo $kind >> $WORK/ran\"]}]"
	done
	takes startContainer '.root.readonly = false | .hooks.startContainer = [{path: "/bin/touch", args: ["touch", "/ran"]}]'
	[ -e "$b/rootfs/ran" ]
	[ "$(wc -l < "$WORK/ran")" = 5 ]
	leftovers
}

@test "features: memory policies" {
	[ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA"
	for mode in $(claims .linux.memoryPolicy.modes); do
		case $mode in
		# A name that this kernel does not know yet is taken, and told by the kernel.
		MPOL_WEIGHTED_INTERLEAVE) [ "$(printf "%s\n" 6.9 "$(uname -r)" | sort -V | head -n 1)" = 6.9 ] || continue ; nodes=', nodes: "0"' ;;
		MPOL_DEFAULT | MPOL_LOCAL) nodes= ;;
		*) nodes=', nodes: "0"' ;;
		esac
		takes "$mode" ".linux.memoryPolicy = {mode: \$mode $nodes}" --arg mode "$mode"
	done
	for flag in $(claims .linux.memoryPolicy.flags); do
		takes "$flag" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: [$flag]}' --arg flag "$flag"
	done
	refuses MPOL_NOSUCH '.linux.memoryPolicy = {mode: "MPOL_NOSUCH"}'
	leftovers
}

@test "features: security modules, Intel RDT and network devices are tried, and only this machine's lack is told" {
	for part in apparmor selinux intelRdt netDevices; do jq -e ".linux.$part.enabled" <<< "$features"; done
	jq -e '.linux.intelRdt.schemata and .linux.intelRdt.monitoring' <<< "$features"
	jq -e '.linux.cgroup.v1 and .linux.cgroup.v2 and .linux.mountExtensions.idmap.enabled' <<< "$features"
	[ -e /sys/module/apparmor ] || refuses "AppArmor is not enabled on this kernel" '.process.apparmorProfile = "x"'
	[ -e /sys/fs/selinux ] || refuses "SELinux is not enabled on this kernel" '.process.selinuxLabel = "x"'
	[ -e /sys/fs/resctrl/schemata ] || refuses "no resctrl file system" '.linux.intelRdt = {closID: "x"}'
	refuses "no network device nosuch0" '.linux.netDevices = {nosuch0: {}}'
	leftovers
}

@test "features: systemd's driver is claimed where its helper is installed" {
	if jq -e .linux.cgroup.systemd <<< "$features"; then
		run oci --systemd-cgroup run -b "$b" "$(new_id)" </dev/null
		[[ $output != *"is missing"* ]]
	else
		run oci --systemd-cgroup run -b "$b" "$(new_id)" </dev/null
		assert_fails 1
		assert_says bulkhead-systemd "is missing"
	fi
	leftovers
}
