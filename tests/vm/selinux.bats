#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# selinux: Debian's policy, enforcing: labels of processes and of mounts arrive and are obeyed, and one that the policy does
# not know, or refuses, stops the start.
load ../escape/attacks

PROCESS=system_u:system_r:container_t:s0:c1,c2
FILES=system_u:object_r:container_file_t:s0:c1,c2

setup() {
	common_setup
	make_victim
	b=$(bundle)
	id=$(new_id)
	edit "$b" '.process.selinuxLabel = $p | .linux.mountLabel = $f | .root.readonly = false' --arg p "$PROCESS" --arg f "$FILES"
	chcon -R "$FILES" "$b/rootfs"
}
teardown() { common_teardown; }

label_of() { tr -d '\0' < "/proc/$(oci state "$1" | jq .pid)/attr/current"; }

@test "selinux: the policy is Debian's and enforced" {
	[ "$(cat /sys/fs/selinux/enforce)" = 1 ]
	grep -q SELINUXTYPE=default /etc/selinux/config
	[ "$(tr -d '\0' < /proc/self/attr/current)" = system_u:system_r:kernel_t:s0 ]
	[ "$(stat -c %C /usr/bin/bash)" = system_u:object_r:shell_exec_t:s0 ]
}

@test "selinux: the process's label arrives, in run, start and exec" {
	args "$b" cat /proc/self/attr/current
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ]
	[ "$(tr -d '\0' <<<"$output")" = "$PROCESS" ]
	args "$b" sleep 600
	create "$b" "$id"
	oci start "$id"
	wait_for 5 eval '[ "$(label_of "$id")" = "$PROCESS" ]'
	run oci exec "$id" cat /proc/self/attr/current
	[ "$(tr -d '\0' <<<"$output")" = "$PROCESS" ]
	oci delete --force "$id"
	leftovers
}

@test "selinux: the label is obeyed: files of another type, or with another's categories, are out of reach" {
	for name in own other-type other-container; do echo "text of $name" > "$b/rootfs/$name"; done
	chcon "$FILES" "$b/rootfs/own"
	chcon system_u:object_r:shadow_t:s0 "$b/rootfs/other-type"
	chcon system_u:object_r:container_file_t:s0:c3,c4 "$b/rootfs/other-container"
	args "$b" sh -c 'cat /own /other-type /other-container; echo x > /made'
	run oci run -b "$b" "$id"
	[[ $output == *"text of own"* ]]
	[[ $output == *"/other-type': Permission denied"* || $output == *"/other-type: Permission denied"* ]] || { echo "$output"; false; }
	[[ $output != *"text of other"* ]]
	[ "$(stat -c %C "$b/rootfs/made")" = "$FILES" ]
	leftovers
}

@test "selinux: the label of mounts arrives on what is mounted" {
	args "$b" sh -c 'touch /dev/shm/made; sleep 600'
	up "$b" "$id"
	root=/proc/$(oci state "$id" | jq .pid)/root
	wait_for 5 [ -e "$root/dev/shm/made" ]
	for file in dev dev/null dev/shm dev/shm/made dev/pts; do
		[ "$(stat -c %C "$root/$file")" = "$FILES" ] || { echo "$file: $(stat -c %C "$root/$file")"; false; }
	done
	oci delete --force "$id"
	leftovers
}

@test "selinux: a terminal under a label" {
	args "$b" sh -c 'stat -c "%n is there" /dev/console; tty; cat /proc/self/attr/current'
	edit "$b" '.process.terminal = true'
	run script -qec "$OCI --root $STATE run -b $b $id" /dev/null
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[[ $output == *"/dev/console is there"*/dev/pts/0*"$PROCESS"* ]] || { echo "$output"; false; }
	leftovers
}

@test "selinux: exec asks for no other label" {
	args "$b" sleep 600
	up "$b" "$id"
	run oci exec --process-label system_u:system_r:kernel_t:s0 "$id" true
	assert_fails 255
	assert_says kernel_t "$PROCESS"
	oci delete --force "$id"
	leftovers
}

@test "selinux: a label that the policy does not know stops the start" {
	edit "$b" '.process.selinuxLabel = "system_u:system_r:no_such_t:s0"'
	for verb in run create; do
		run --separate-stderr oci $verb -b "$b" "$(new_id)" </dev/null
		assert_fails 1
		assert_says no_such_t /process/selinuxLabel policy
	done
	leftovers
	edit "$b" '.process.selinuxLabel = $p | .linux.mountLabel = "system_u:object_r:no_such_t:s0"' --arg p "$PROCESS"
	run --separate-stderr oci run -b "$b" "$id"
	assert_fails 1
	assert_says no_such_t /linux/mountLabel
	leftovers
}

# The policy has no transition to it, or none by a program of this type.
@test "selinux: a label that the policy refuses stops the start" {
	edit "$b" '.process.selinuxLabel = "system_u:system_r:svirt_t:s0"'
	run --separate-stderr oci run -b "$b" "$id"
	assert_fails 1
	assert_says SELinux svirt_t
	leftovers
	edit "$b" '.process.selinuxLabel = $p' --arg p "$PROCESS"
	chcon -h system_u:object_r:shadow_t:s0 "$b/rootfs/bin/busybox"
	run --separate-stderr oci run -b "$b" "$id"
	assert_fails 1
	assert_says SELinux container_t
	leftovers
}

# runc 2019-16884 and 2019-19921.
@test "selinux: a fake /proc of the image swallows no label" {
	edit "$b" 'del(.mounts[] | select(.destination == "/proc" or .destination == "/sys")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	mkdir -p "$b/rootfs/proc/self/attr"
	for file in exec current; do echo "$PROCESS" > "$b/rootfs/proc/self/attr/$file"; done
	chcon -R "$FILES" "$b/rootfs/proc"
	args "$b" sleep 600
	up "$b" "$id"
	[ "$(label_of "$id")" = "$PROCESS" ]
	oci delete --force "$id"
	leftovers
}

@test "selinux: bulkhead run's --security-opt label" {
	run "$BULKHEAD" --root "$STATE" run --security-opt label=type:container_t --security-opt label=level:s0:c1,c2 \
		--security-opt label=user:system_u "$b/rootfs" cat /proc/self/attr/current
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "$(tr -d '\0' <<<"$output")" = "$PROCESS" ]
	leftovers
}
