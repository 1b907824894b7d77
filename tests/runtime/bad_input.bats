#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bad input: each gives a clear error and the right exit status, and leaves no mount, cgroup, process or state behind.

load helpers

setup() { common_setup; }
teardown() { common_teardown; }

refuse() { # refuse BUNDLE WORD…: run fails with 1, says the words, leaves nothing
	local path=$1
	shift
	run --separate-stderr oci run -b "$path" "$(new_id)"
	assert_fails 1
	assert_says "$@"
	leftovers
}

@test "bad input: what stands for all in a rule about devices denies, and never grants" {
	b=$(bundle); edit "$b" '.linux.resources.devices = [{allow: false, type: "c", major: 1, minor: 11, access: "rwa"}]'
	oci run -b "$b" "$(new_id)"
	edit "$b" '.linux.resources.devices[0].allow = true'
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "/linux/resources/devices/0/access" "the letters r, w and m"
	leftovers
}

@test "bad input: a user without a group is root alone" {
	b=$(bundle); edit "$b" 'del(.process.user.gid)'; args "$b" id -g
	run oci run -b "$b" "$(new_id)"
	[ "$output" = 0 ]
	edit "$b" '.process.user.uid = 5'
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "process.user.gid is required"
	leftovers
}

@test "bad input: no config.json" {
	b=$(bundle); rm "$b/config.json"
	refuse "$b" config.json "No such file"
}

@test "bad input: a bundle that does not exist" {
	refuse "$WORK/nowhere" "$WORK/nowhere" "--bundle names"
}

@test "bad input: a config cut short" {
	b=$(bundle); size=$(stat -c %s "$b/config.json")
	truncate -s $((size / 2)) "$b/config.json"
	refuse "$b" config.json line
}

@test "bad input: an empty config" {
	b=$(bundle); : > "$b/config.json"
	refuse "$b" config.json
}

@test "bad input: a config of 100 MiB" {
	b=$(bundle); truncate -s 104857600 "$b/config.json"
	refuse "$b" config.json MiB
}

@test "bad input: a config nested deeply" {
	b=$(bundle)
	{ head -c 100000 /dev/zero | tr '\0' '['; head -c 100000 /dev/zero | tr '\0' ']'; } > "$b/config.json"
	refuse "$b" config.json deep
}

@test "bad input: a value of the wrong type" {
	b=$(bundle); edit "$b" '.process.cwd = 7'
	refuse "$b" "config.json#/process/cwd" string
}

@test "bad input: a duplicate key" {
	b=$(bundle); sed -i '0,/{/s//{"ociVersion":"1.0.0",/' "$b/config.json"
	refuse "$b" ociVersion
}

@test "bad input: a namespace listed twice" {
	b=$(bundle); edit "$b" '.linux.namespaces += [{"type":"pid"}]'
	refuse "$b" "/linux/namespaces/" pid
}

@test "bad input: an unknown namespace names the nearest" {
	b=$(bundle); edit "$b" '.linux.namespaces += [{"type":"netwrok"}]'
	refuse "$b" netwrok network
}

@test "bad input: a namespace path of another type" {
	b=$(bundle); edit "$b" '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/uts"'
	refuse "$b" "/proc/self/ns/uts" network
}

@test "bad input: an id that is a path" {
	b=$(bundle)
	for id in ../x a/b .. . '' 'a b' "$(printf 'a\nb')"; do
		run --separate-stderr oci run -b "$b" "$id"
		assert_fails 1
	done
	run ! ls "$WORK/x" "$STATE/../x"
	leftovers
}

@test "bad input: a rootfs that is a file" {
	b=$(bundle); rm -rf "$b/rootfs"; : > "$b/rootfs"
	refuse "$b" rootfs "/root"
}

@test "bad input: no rootfs" {
	b=$(bundle); rm -rf "$b/rootfs"
	refuse "$b" rootfs "/root"
}

@test "bad input: a mount on a symlink that leads out stays inside" {
	b=$(bundle); victim=$WORK/victim
	mkdir "$victim"
	ln -s "$victim" "$b/rootfs/out"
	ln -s ../../../../../../../../../../../..$victim "$b/rootfs/up"
	edit "$b" '.root.readonly = false | .mounts += [
		{"destination":"/out/a","type":"tmpfs","source":"tmpfs"},
		{"destination":"/up/b","type":"tmpfs","source":"tmpfs"}]'
	run oci run -b "$b" "$(new_id)"
	[ -z "$(ls -A "$victim")" ]
	leftovers
}

@test "bad input: a mount source that does not exist" {
	b=$(bundle); edit "$b" '.mounts += [{"destination":"/mnt","type":"bind","source":"/no/such/thing","options":["rbind"]}]'
	refuse "$b" /no/such/thing "/mounts/"
}

@test "bad input: a file system that does not exist" {
	b=$(bundle); edit "$b" '.mounts += [{"destination":"/tmp","type":"nosuchfs","source":"x"}]'
	refuse "$b" nosuchfs "/mounts/"
}

@test "bad input: an option that the file system does not take" {
	b=$(bundle); edit "$b" '.mounts += [{"destination":"/tmp","type":"tmpfs","source":"x","options":["size=lots"]}]'
	refuse "$b" size "/mounts/"
}

@test "bad input: a program that does not exist" {
	b=$(bundle); args "$b" /bin/nothing
	refuse "$b" /bin/nothing "o such file or directory"
}

@test "bad input: a program that is not in PATH" {
	b=$(bundle); args "$b" nothing
	refuse "$b" nothing 'executable file not found in $PATH'
}

@test "bad input: a program that is not executable" {
	b=$(bundle); echo hello > "$b/rootfs/bin/plain"; chmod 644 "$b/rootfs/bin/plain"; args "$b" /bin/plain
	refuse "$b" /bin/plain "ermission denied"
}

@test "bad input: a script whose interpreter is missing says which" {
	b=$(bundle); printf '#!/bin/python9\n' > "$b/rootfs/bin/script"; chmod 755 "$b/rootfs/bin/script"; args "$b" /bin/script
	refuse "$b" /bin/script /bin/python9
}

@test "bad input: a file of no executable format" {
	b=$(bundle); printf 'nothing\n' > "$b/rootfs/bin/odd"; chmod 755 "$b/rootfs/bin/odd"; args "$b" /bin/odd
	refuse "$b" /bin/odd
}

@test "bad input: a directory as the program" {
	b=$(bundle); args "$b" /bin
	refuse "$b" /bin "it is a directory" "name a program in it"
}

@test "bad input: a working directory that is a file" {
	b=$(bundle); edit "$b" '.process.cwd = "/bin/busybox"'
	refuse "$b" /bin/busybox "/process/cwd"
}

@test "bad input: an rlimit that cannot be granted is not lowered" {
	b=$(bundle); edit "$b" '.process.rlimits = [{"type":"RLIMIT_NOFILE","hard":99999999999,"soft":99999999999}]'
	refuse "$b" nofile "/process/rlimits/0"
}

@test "bad input: a soft limit above the hard one" {
	b=$(bundle); edit "$b" '.process.rlimits = [{"type":"RLIMIT_NOFILE","hard":10,"soft":20}]'
	refuse "$b" "/process/rlimits/0"
}

@test "bad input: an unknown capability warns and does not fail" {
	b=$(bundle); edit "$b" '.process.capabilities.bounding += ["CAP_TELEPORT"]'
	run --separate-stderr oci run -b "$b" "$(new_id)"
	[ "$status" -eq 0 ]
	[[ $stderr == *CAP_TELEPORT* ]]
	edit "$b" '.process.capabilities.bounding = ["cap_kill"]'
	run --separate-stderr oci run -b "$b" "$(new_id)"
	[ "$status" -eq 0 ]
	assert_says "cap_kill is not granted" "the nearest is CAP_KILL"
	leftovers
}

@test "bad input: an unknown seccomp action, operator and architecture" {
	b=$(bundle)
	edit "$b" '.linux.seccomp = {"defaultAction":"SCMP_ACT_MAYBE"}'
	refuse "$b" SCMP_ACT_MAYBE "/linux/seccomp/defaultAction"
	edit "$b" '.linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_PDP11"]}'
	refuse "$b" SCMP_ARCH_PDP11
	edit "$b" '.linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getpid"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_XX"}]}]}'
	refuse "$b" SCMP_CMP_XX
}

@test "bad input: a misspelled system call in a list of what is refused" {
	b=$(bundle)
	edit "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "munt"],
		action: "SCMP_ACT_ERRNO"}]}'
	run --separate-stderr oci run -b "$b" "$(new_id)"
	[ "$status" -eq 0 ]
	assert_says "no system call is called munt" "the nearest is mount" "#/linux/seccomp/syscalls/0/names/1"
	edit "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", syscalls: [{names: ["a_newer_call"],
		action: "SCMP_ACT_ALLOW"}]}'
	run --separate-stderr oci run -b "$b" "$(new_id)"
	[[ $stderr != *a_newer_call* ]]
	leftovers
}

@test "bad input: uid over range and uid as text" {
	b=$(bundle)
	edit "$b" '.process.user.uid = 4294967296'
	refuse "$b" "/process/user/uid"
	edit "$b" '.process.user.uid = "root"'
	refuse "$b" "/process/user/uid"
	edit "$b" '.process.user.uid = -1'
	refuse "$b" "/process/user/uid"
}

@test "bad input: a sysctl of the host, and one that smuggles" {
	b=$(bundle)
	edit "$b" '.linux.sysctl = {"vm.swappiness":"1"}'
	refuse "$b" vm.swappiness "/linux/sysctl"
	edit "$b" '.linux.sysctl = {"kernel.shmmax":"1\nkernel.core_pattern=x"}'
	refuse "$b" "/linux/sysctl"
}

@test "bad input: an environment entry without a name" {
	b=$(bundle); edit "$b" '.process.env = ["=x"]'
	refuse "$b" "/process/env/0"
}

@test "bad input: a cgroup path that climbs" {
	b=$(bundle); edit "$b" '.linux.cgroupsPath = "/../../x"'
	refuse "$b" "/linux/cgroupsPath"
}

@test "bad input: a limit that the kernel refuses takes the cgroup back" {
	b=$(bundle); edit "$b" '.linux.resources.cpu = {"cpus":"4000-4001"}'
	refuse "$b" cpuset "/linux/resources/cpu"
}

tells() { # FILTER WORD…: the refusal says who asked, why, what to try, and the words
	local path
	rm -rf "$WORK/bundle"
	path=$(bundle)
	edit "$path" "$1"
	shift
	run --separate-stderr oci run -b "$path" "$(new_id)" </dev/null
	assert_fails 1
	assert_says "asked by" because try "$@"
	leftovers
}

@test "bad input: who asked, why, and what to try, whatever the kernel or we refuse" {
	tells '.process.cwd = "/bin/busybox"' "not a directory" "name a directory in process.cwd"
	tells '.root.path = "none"' "no such directory on the host" root.path
	tells '.mounts += [{destination: "/bin/busybox/x", type: "tmpfs", source: "x"}]' "correct \"destination\""
	tells '.hooks = {createRuntime: [{path: "/none"}]}' "correct the hook's path"
	tells '.hooks = {createRuntime: [{path: "/bin/false"}]}' "it said nothing"
	tells '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/none.sock",
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}' listenerPath
	tells '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["execve"], action: "SCMP_ACT_ERRNO"}]}' "config.json#/linux/seccomp" "answers execve"
	tells '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "77"}' "linux.memoryPolicy.nodes"
	tells '(.linux.namespaces[] | select(.type == "uts")).path = "/proc/1/ns/none"' "check the path"
	tells '.mounts += [{destination: "/tmp", type: "ext4", source: "/dev/none"}]' "/dev/none" "check \"source\" and \"options\""
	tells '.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3}, {path: "/dev/x", type: "c", major: 1,
		minor: 5}]' "if it stands there twice" "config.json#/linux/devices/1"
	tells '.linux.resources.memory.limit = 1000' "config.json#/linux/resources/memory/limit" "limit of 1000 bytes"
	tells '.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 9}]' "config.json#/linux/resources/hugepageLimits/0"
}

@test "bad input: a state directory on a full disk" {
	b=$(bundle)
	mkdir "$STATE"
	mount -t tmpfs -o size=4k,nr_inodes=8 full "$STATE"
	head -c 4096 /dev/zero > "$STATE/filler" || true
	chmod 1700 "$STATE"
	run --separate-stderr oci run -b "$b" "$(new_id)"
	rm -f "$STATE/filler"
	left=$(ls -A "$STATE")
	umount "$STATE"
	assert_fails 1
	assert_says "No space left"
	[ -z "$left" ]
	leftovers
}

@test "bad input: an id that is taken" {
	b=$(bundle); args "$b" sleep 1000
	id=$(new_id)
	oci create -b "$b" "$id" >/dev/null 2>&1 </dev/null
	run --separate-stderr oci create -b "$b" "$id"
	assert_fails 1
	assert_says "container with given ID already exists" "$id"
	oci state "$id"
	oci start "$id"
	for wrong in "start $id" "resume $id" "kill $id 99" "kill $id -- -5" "spec -b $WORK/none"; do
		run --separate-stderr oci $wrong
		assert_fails 1
		assert_says try
	done
	oci delete --force "$id"
	leftovers
}

@test "bad input: unknown verbs, options and missing operands" {
	run --separate-stderr oci strat x
	assert_fails 1
	assert_says start
	run --separate-stderr oci run --bundel x y
	assert_fails 1
	assert_says bundle
	run --separate-stderr oci start
	assert_fails 1
	run --separate-stderr oci state nothere
	assert_fails 1
	assert_says "container does not exist"
}
