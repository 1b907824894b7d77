#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# apparmor: the label of process.apparmorProfile is on the container's program, holds there and in exec, and a profile that
# the kernel does not hold stops the start.
load ../runtime/helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "the label arrives and is enforced" {
	path=$(bundle)
	edit "$path" '.process.apparmorProfile = "bulkhead-vm" | .root.readonly = false'
	mkdir -p "$path/rootfs/tmp/denied"
	args "$path" sh -c 'cat /proc/self/attr/current; touch /tmp/allowed && echo one; touch /tmp/denied/x || echo two'
	run oci run --bundle "$path" "$(new_id)"
	[ "$status" -eq 0 ]
	assert_says "bulkhead-vm (enforce)" one two
	leftovers
}

@test "without one the program is unconfined" {
	path=$(bundle)
	edit "$path" 'del(.process.apparmorProfile)'
	args "$path" cat /proc/self/attr/current
	run oci run --bundle "$path" "$(new_id)"
	[ "$status" -eq 0 ]
	assert_says unconfined
}

@test "exec runs under the container's label" {
	path=$(bundle)
	id=$(new_id)
	edit "$path" '.process.apparmorProfile = "bulkhead-vm"'
	args "$path" sleep 1000
	oci run --detach --bundle "$path" "$id"
	run oci exec "$id" cat /proc/self/attr/current
	[ "$status" -eq 0 ]
	assert_says "bulkhead-vm (enforce)"
	oci delete --force "$id"
	leftovers
}

@test "a profile that is not loaded stops the start, and is named" {
	path=$(bundle)
	edit "$path" '.process.apparmorProfile = "no-such-profile"'
	for verb in run create; do
		run --separate-stderr oci $verb --bundle "$path" "$(new_id)"
		assert_fails 1
		assert_says no-such-profile
	done
	leftovers
}
