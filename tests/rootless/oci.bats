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
