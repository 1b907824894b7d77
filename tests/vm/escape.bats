#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# escape: attempts that would harm the host if they came through, or that need a host set up for them. tests/escape has
# the others, and the list of what each was seen to fail without.

load ../escape/attacks

setup() {
	common_setup
	make_victim
	b=$(bundle)
	id=$(new_id)
	CORE=$(cat /proc/sys/kernel/core_pattern)
}

teardown() {
	echo "$CORE" > /proc/sys/kernel/core_pattern
	echo 0 > /proc/sys/fs/suid_dumpable
	common_teardown
}

core_is_whole() {
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$CORE" ] && return
	echo "the host was reached: core_pattern is $(cat /proc/sys/kernel/core_pattern)"
	return 1
}

# CRI-O 2022-0811.
@test "D7: core_pattern of the host by a smuggled key or value" {
	local key
	for key in kernel.core_pattern kernel/core_pattern net.ipv4/../../kernel/core_pattern net/../kernel/core_pattern \
		kernel.shm_rmid_forced/../core_pattern /kernel/core_pattern net//../kernel/core_pattern; do
		edit "$b" '.linux.sysctl = {($k): "|/bin/owned"}' --arg k "$key"
		run oci run -b "$b" "$(new_id)"
		core_is_whole
		assert_fails 1
	done
	edit "$b" '.linux.sysctl = {"kernel.shm_rmid_forced": "1\nkernel.core_pattern=|/bin/owned"}'
	run oci run -b "$b" "$(new_id)"
	core_is_whole
	assert_fails 1
	leftovers
}

# Root of the host, without a user namespace, and with the right to write where root may.
@test "D2: what the kernel obeys is out of reach of a container's root" {
	edit "$b" '.process.capabilities = {bounding: $c, effective: $c, permitted: $c}' --argjson c '["CAP_DAC_OVERRIDE"]'
	args "$b" sh -c 'echo "|/bin/owned" > /proc/sys/kernel/core_pattern; echo owned > /proc/sys/kernel/hostname
		echo m > /proc/sysrq-trigger; echo > /sys/kernel/uevent_helper; cat /proc/kcore /proc/keys; echo tried'
	run oci run -b "$b" "$id"
	core_is_whole
	[ "$(hostname)" = vm ]
	[[ $output == *tried* ]]
	run ! grep -E "[0-9a-f]+ I--" <<<"$output"
	leftovers
}

# The disk that the temporary files of the machine lie on, its memory, and its log.
@test "D3: device nodes that the image brings read nothing of the host" {
	local disk
	disk=$(stat -c '%d' "$WORK")
	mknod "$b/rootfs/disk" b $((disk / 256)) $((disk % 256))
	mknod "$b/rootfs/memory" c 1 1
	mknod "$b/rootfs/log" c 1 11
	args "$b" sh -c 'for file in disk memory log; do dd if=/$file of=/dev/null bs=512 count=1 2>/dev/null && echo "$file was read"; done; echo tried'
	run oci run -b "$b" "$id"
	[ "$output" = tried ] || { echo "$output"; false; }
	leftovers
}

# runc 2019-16884. The files of a false /proc take whatever is written, and say nothing else when they are read.
@test "D2: a fake /proc of the image swallows no AppArmor label" {
	edit "$b" '.process.apparmorProfile = "bulkhead-vm" | del(.mounts[] | select(.destination == "/proc" or .destination == "/sys")) |
		.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .root.readonly = false'
	mkdir -p "$b/rootfs/proc/self/attr/apparmor"
	for file in exec current apparmor/exec; do echo "bulkhead-vm (enforce)" > "$b/rootfs/proc/self/attr/$file"; done
	args "$b" sleep 600
	up "$b" "$id"
	[ "$(cat "/proc/$(oci state "$id" | jq .pid)/attr/current")" = "bulkhead-vm (enforce)" ]
	oci delete --force "$id"
	leftovers
}

# runc 2016-9962, with a host that lets processes be dumped that have changed their ids.
@test "D4: fs.suid_dumpable opens no container that waits for start" {
	echo 1 > /proc/sys/fs/suid_dumpable
	edit "$b" '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings | .annotations = {"org.bulkhead.rootfs.idmap": "true"}'
	chmod 755 "$WORK"
	create "$b" "$id"
	pid=$(oci state "$id" | jq .pid)
	[ "$(stat -c %u "/proc/$pid/fd")" = 0 ]
	run nsenter -t "$pid" -U -S 0 -G 0 ls "/proc/$pid/fd/"
	[ "$status" -ne 0 ]
	oci delete --force "$id"
	leftovers
}

@test "D14: a fork bomb and a full /tmp stay in their container" {
	local free
	run timeout 60 "$BULKHEAD" --root "$STATE" run --pids-limit 40 host sh -c \
		'(for n in $(seq 200); do sleep 20 & done) 2>/dev/null; set -- /proc/[0-9]*; echo there are $#'
	[ "${output##*there are }" -le 40 ] || { echo "$output"; false; }
	free=$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)
	run timeout 120 "$BULKHEAD" --root "$STATE" run --memory 64m host sh -c 'dd if=/dev/zero of=/tmp/large bs=1M count=300 2>&1'
	[ "$status" -ne 0 ]
	[ $((free - $(awk '/^MemAvailable/ {print $2}' /proc/meminfo))) -lt 100000 ]
	leftovers
}

# runc 2019-5736: who may write to the runtime anyway, and is root of the container, too.
@test "D4: a user's own runtime is not written to by that user's container" {
	prepare_overwrite
	OCI=$WORK/as-user
	printf '#!/bin/bash\nexec setpriv --reuid 1000 --regid 1000 --clear-groups %s/runtime "$@"\n' "$WORK" > "$OCI"
	chmod 755 "$OCI"
	rm "$b/config.json"
	chown -R 1000:1000 "$WORK"
	chmod 711 "$WORK" "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	(cd "$b" && "$OCI" spec --rootless)
	edit "$b" '.process.terminal = false | .root.readonly = false'
	args "$b" sleep 600
	up "$b" "$id"
	oci exec --detach "$id" /proc/self/exe exec --process /fifo x x < /dev/null > /dev/null 2>&1
	overwrite "$b" "$id"
	leftovers
}
