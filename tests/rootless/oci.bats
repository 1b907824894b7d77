#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead-oci as engines of ordinary users call it: inside a user namespace that they have made.

load ../runtime/helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "rootless: in the engine's user namespace, device rules alone need no cgroup" {
	b=$(bundle); id=$(new_id)
	edit "$b" '.linux.resources = {devices: [{allow: false, access: "rwm"}]} | del(.linux.cgroupsPath)
		| del(.process.rlimits) | (.mounts[].options // empty) -= ["gid=5"]'
	args "$b" echo inside
	run unshare --user --map-root-user --mount "$OCI" --root "$STATE" run -b "$b" "$id"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[[ $output == *inside ]]
	edit "$b" '.linux.resources.pids.limit = 10'
	run unshare --user --map-root-user --mount "$OCI" --root "$STATE" run -b "$b" "$id"
	assert_fails 1
	assert_says "cgroup"
	leftovers
}

hold() { # hold OPTIONS…: a process in a user namespace of this user's own
	unshare --user --net --ipc --uts --fork --kill-child "$@" sleep 600 3>&- &
	UNSHARE=$!
	wait_for 10 eval 'HOLDER=$(pgrep -P $UNSHARE sleep)'
	HOLDER=$(pgrep -P "$UNSHARE" sleep)
}

join() {
	local pair
	for pair; do
		edit "$b" '.linux.namespaces |= map(select(.type != $t)) + [{type: $t, path: $p}]' \
			--arg t "${pair%:*}" --arg p "/proc/$HOLDER/ns/${pair#*:}"
	done
}

@test "rootless: a user namespace of one's own is joined, with its network, and exec follows" {
	b=$(bundle); id=$(new_id)
	hold --map-root-user
	edit "$b" 'del(.linux.resources, .linux.cgroupsPath, .process.rlimits)'
	join user:user network:net
	args "$b" sleep 600
	run oci run --detach -b "$b" "$id"
	assert_fails 1
	assert_says 'does not map group 5' '/options/'
	edit "$b" '(.mounts[].options // empty) -= ["gid=5"]'
	oci run --detach -b "$b" "$id" </dev/null >/dev/null
	run oci exec "$id" sh -c 'readlink /proc/self/ns/user; readlink /proc/self/ns/net; id -u'
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "${lines[0]}" = "$(readlink "/proc/$HOLDER/ns/user")" ]
	[ "${lines[1]}" = "$(readlink "/proc/$HOLDER/ns/net")" ]
	[ "${lines[2]}" = 0 ]
	oci delete --force "$id"
	kill "$UNSHARE"
	leftovers
}

@test "rootless: the user namespace above is not ours to enter" {
	b=$(bundle); id=$(new_id)
	edit "$b" 'del(.linux.resources, .linux.cgroupsPath, .process.rlimits) |
		(.mounts[].options // empty) -= ["gid=5"]'
	# From one below, its own parent: there is no way up.
	HOLDER=$$
	join user:user
	run unshare --user --map-root-user --mount "$OCI" --root "$STATE" run -b "$b" "$id"
	assert_fails 1
	assert_says 'the user namespace' 'config.json#/linux/namespaces' 'because' 'try'
	leftovers
}

@test "rootless: a link in the place of the default state root is not followed" {
	mkdir -m 1777 "$WORK/shared"
	mkdir -m 700 "$WORK/mine"
	ln -s ../mine "$WORK/shared/bulkhead-oci"
	export XDG_RUNTIME_DIR=$WORK/shared
	run "$OCI" list
	assert_fails 1
	assert_says "$WORK/shared/bulkhead-oci is not safe" 'symbolic link' XDG_RUNTIME_DIR
	b=$(bundle)
	edit "$b" 'del(.linux.resources, .linux.cgroupsPath, .process.rlimits) | (.mounts[].options // empty) -= ["gid=5"]
		| .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}]
		| .linux.gidMappings = [{containerID: 0, hostID: $gid, size: 1}]' --argjson uid "$(id -u)" --argjson gid "$(id -g)"
	run "$OCI" run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says 'symbolic link'
	[ -z "$(ls -A "$WORK/mine")" ]
	# Nor one that leads nowhere.
	rmdir "$WORK/mine"
	run "$OCI" run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says 'symbolic link'
	[ ! -e "$WORK/mine" ]
	rm "$WORK/shared/bulkhead-oci"
	run "$OCI" run -b "$b" "$(new_id)"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "$(stat -c %a "$WORK/shared/bulkhead-oci")" = 1700 ]
	leftovers
}
