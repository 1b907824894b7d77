#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# checkpoint: what is told where criu cannot, and that the container goes on then. What criu can is tried in the virtual
# machine (tests/vm/checkpoint.bats).

load helpers

setup() { common_setup; b=$(bundle); id=$(new_id); args "$b" sleep 600; }
teardown() { common_teardown; }

start() { oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }

@test "checkpoint: the reason of a refusal, and the container goes on" {
	start
	if [ -x /usr/sbin/criu ]; then
		# It may write a log where it stands, as a configuration of the host has it.
		if (cd "$WORK" && /usr/sbin/criu check) >/dev/null 2>&1; then skip "criu works on this kernel"; fi
		run oci checkpoint --image-path "$WORK/image" "$id"
		assert_fails 1
		assert_says "it says:" "$WORK/image/dump.log" "criu check"
	else
		run oci checkpoint --image-path "$WORK/image" "$id"
		assert_fails 1
		assert_says /usr/sbin/criu "is missing" "package criu"
	fi
	[ "$(oci state "$id" | jq -r .status)" = running ]
	oci delete --force "$id"
	leftovers
}

@test "restore: what cannot be brought back leaves nothing" {
	mkdir "$WORK/image"
	run oci restore --image-path "$WORK/image" --work-path "$WORK/work" --bundle "$b" -no-subreaper --detach "$id"
	assert_fails 1
	assert_says criu
	leftovers
}

@test "checkpoint: states and options that are wrong" {
	run oci checkpoint "$id"
	assert_fails 1
	assert_says "does not exist"
	oci create -b "$b" "$id" </dev/null >/dev/null 2>&1
	run oci checkpoint "$id"
	assert_fails 1
	assert_says "container not running"
	oci delete --force "$id"
	[ -x /usr/sbin/criu ] || return 0
	start
	cd "$WORK"
	run oci checkpoint --manage-cgroups-mode all "$id"
	assert_fails 1
	assert_says '"all"'
	run oci checkpoint --page-server here "$id"
	assert_fails 1
	assert_says ADDRESS:PORT
	run oci checkpoint --empty-ns user "$id"
	assert_fails 1
	assert_says "network"
	oci delete --force "$id"
	leftovers
}
