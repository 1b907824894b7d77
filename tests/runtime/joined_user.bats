#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A user namespace that exists is joined by its path, alone and with others: whose ids, whose power, which refusals.

load helpers

setup() {
	common_setup
	b=$(bundle); id=$(new_id)
	HOLDER=
}

teardown() {
	[ -z "$HOLDER" ] || kill "$HOLDER" 2>/dev/null || true
	common_teardown
}

# hold MAP…: a process with namespaces of its own, whose user namespace has these lines as uid_map and gid_map.
hold() {
	local map
	map=$(printf '%s\n' "$@")
	unshare --user --net --ipc --uts --mount --cgroup sleep 600 3>&- &
	HOLDER=$!
	wait_for 10 eval '[ "$(readlink /proc/$HOLDER/ns/user)" != "$(readlink /proc/self/ns/user)" ]'
	[ -z "$map" ] || { echo "$map" > "/proc/$HOLDER/gid_map" && echo "$map" > "/proc/$HOLDER/uid_map"; }
	wait_for 10 grep -q sleep "/proc/$HOLDER/comm"
	chmod 755 "$WORK" "$b" "$b/rootfs" "$(dirname "$WORK")"
}

join() { # join KIND:FILE…: these namespaces are the holder's
	local pair
	for pair; do
		edit "$b" '.linux.namespaces |= map(select(.type != $t)) + [{type: $t, path: $p}]' \
			--arg t "${pair%:*}" --arg p "/proc/$HOLDER/ns/${pair#*:}"
	done
}

@test "joined user namespace: alone" {
	hold '0 100000 65536'
	join user:user
	args "$b" sh -c 'readlink /proc/self/ns/user; id -u; touch /tmp/mine; stat -c %u /tmp/mine; grep CapEff /proc/self/status'
	edit "$b" '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "${lines[0]}" = "$(readlink "/proc/$HOLDER/ns/user")" ]
	[ "${lines[1]}" = 0 ]
	[ "${lines[2]}" = 0 ]
	[[ ${lines[3]} != *0000000000000000 ]]
	leftovers
}

# bats test_tags=kernel
@test "joined user namespace: with network, ipc, uts and cgroup namespaces of the same" {
	hold '0 100000 65536'
	join user:user network:net ipc:ipc uts:uts cgroup:cgroup
	edit "$b" 'del(.hostname)'
	args "$b" sh -c 'for n in user net ipc uts cgroup; do readlink /proc/self/ns/$n; done'
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "$output" = "$(for n in user net ipc uts cgroup; do readlink "/proc/$HOLDER/ns/$n"; done)" ]
	leftovers
}

# bats test_tags=kernel
@test "joined user namespace: create, start, exec" {
	hold '0 100000 65536'
	join user:user network:net
	args "$b" sleep 600
	oci create -b "$b" "$id" </dev/null >/dev/null
	[ "$(awk '$1 == "Uid:" {print $2}' "/proc/$(oci state "$id" | jq .pid)/status")" = 100000 ]
	oci start "$id"
	run oci exec --user 7:8 "$id" sh -c 'readlink /proc/self/ns/user; id -u; id -g'
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "${lines[0]}" = "$(readlink "/proc/$HOLDER/ns/user")" ]
	[ "${lines[1]}" = 7 ]
	[ "${lines[2]}" = 8 ]
	oci delete --force "$id"
	leftovers
}

@test "joined user namespace: mappings of the config must be the namespace's own" {
	hold '0 100000 65536'
	join user:user
	local maps='[{containerID: 0, hostID: 100000, size: 65536}]'
	edit "$b" ".linux.uidMappings = $maps | .linux.gidMappings = $maps"
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	edit "$b" '.linux.gidMappings[0].size = 1000'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'config.json#/linux/gidMappings' 'mappings'
	edit "$b" '.linux.uidMappings[0].hostID = 0'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'config.json#/linux/uidMappings'
	leftovers
}

@test "joined user namespace: ids that it does not map have their place" {
	hold '0 100000 5'
	join user:user
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'devpts' 'gid=5' 'does not map group 5' '/options/'
	edit "$b" '(.mounts[].options // empty) -= ["gid=5"]'
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	edit "$b" '.process.user = {uid: 4, gid: 5}'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'config.json#/process/user/gid' 'group 5'
	edit "$b" '.process.user = {uid: 9, gid: 0}'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'config.json#/process/user/uid' 'user 9'
	edit "$b" '.process.user = {uid: 0, gid: 0, additionalGids: [1, 1000]}'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'config.json#/process/user/additionalGids' 'group 1000'
	leftovers
}

@test "joined user namespace: one that was never mapped" {
	hold
	join user:user
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'has no ids' 'uid_map'
	leftovers
}

# bats test_tags=kernel
@test "joined user namespace: the rootfs shown with its ids" {
	hold '0 100000 65536'
	join user:user
	edit "$b" '.annotations["org.bulkhead.rootfs.idmap"] = "true"'
	args "$b" stat -c %u /bin/busybox
	run oci run -b "$b" "$id"
	if [ "$status" -ne 0 ] && [[ $output == *"id-mapped"* || $output == *idmap* ]]; then
		skip "the file system of $WORK cannot be id-mapped"
	fi
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "$output" = 0 ]
	leftovers
}

@test "joined user namespace: one that the caller may not enter says whose it is" {
	hold '0 100000 65536'
	touch "$WORK/ns"
	mount --bind "/proc/$HOLDER/ns/user" "$WORK/ns"
	edit "$b" '.linux.namespaces += [{type: "user", path: $p}]' --arg p "$WORK/ns"
	local dir=$WORK
	until [ "$dir" = / ] || [ "$dir" = /tmp ]; do chmod a+x "$dir"; dir=$(dirname "$dir"); done
	install -d -o 65533 -m 700 "$WORK/other"
	cp "$OCI" "$WORK/other/oci"
	chown 65533 "$WORK/other/oci"
	run setpriv --reuid 65533 --regid 65533 --clear-groups "$WORK/other/oci" --root "$WORK/other/state" run -b "$b" "$id"
	umount "$WORK/ns"
	assert_fails 1
	assert_says 'cannot join the user namespace' 'config.json#/linux/namespaces' 'made by user 0' 'user 65533'
	leftovers
}
