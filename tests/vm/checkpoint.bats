#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# checkpoint: containers saved and brought back by Debian's criu, on Debian's kernel.

load ../runtime/helpers

setup() {
	[ -x /usr/sbin/criu ] || skip "criu is not installed"
	common_setup
	b=$(bundle)
	id=$(new_id)
	# The host's network: saving a network namespace needs iptables, which this machine has not.
	edit "$b" '.root.readonly = false | .linux.namespaces |= map(select(.type != "network" and .type != "cgroup"))
		| .mounts |= map(select(.type != "sysfs" and .type != "cgroup"))'
	args "$b" sh -c 'i=0; while :; do i=$((i + 1)); echo $i > /count; sleep 0.2; done'
}
teardown() { [ -z "${WORK:-}" ] || common_teardown; }

start() { oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }
counted() { [ "$(cat "$b/rootfs/count")" -gt "$1" ]; }
save() { oci checkpoint --image-path "$WORK/image" --work-path "$WORK/work" "$@" "$id"; }
bring_back() { oci restore --image-path "$WORK/image" --work-path "$WORK/work" --bundle "$b" --detach "$@" </dev/null >/dev/null 2>"$WORK/err" ||
	{ cat "$WORK/err"; tail -40 "$WORK/work/restore.log"; return 1; }; }

@test "checkpoint: saved, gone, and back where it was" {
	start
	wait_for 10 counted 3
	save
	run oci state "$id"
	assert_fails 1
	[ -z "$(list_cgroups)" ]
	before=$(cat "$b/rootfs/count")
	bring_back --pid-file "$WORK/pid" "$id"
	[ "$(oci state "$id" | jq -r .status)" = running ]
	[ "$(cat "$WORK/pid")" = "$(oci state "$id" | jq .pid)" ]
	wait_for 10 counted $((before + 2))
	[ "$(cat "$b/rootfs/count")" -lt $((before + 1000)) ]
	# In its own cgroup, and with its own namespaces.
	grep -q "/$id$" "/proc/$(cat "$WORK/pid")/cgroup"
	[ "$(readlink "/proc/$(cat "$WORK/pid")/ns/pid")" != "$(readlink /proc/self/ns/pid)" ]
	[ "$(oci exec "$id" cat /count)" -gt "$before" ]
	oci kill "$id" KILL
	wait_for 10 eval '[ "$(oci state "$id" | jq -r .status)" = stopped ]'
	oci delete "$id"
	leftovers
}

@test "checkpoint: --leave-running, said twice, and --pre-dump with --parent-path" {
	start
	wait_for 10 counted 1
	oci checkpoint --image-path "$WORK/parent" --work-path "$WORK/work" --pre-dump "$id"
	[ "$(oci state "$id" | jq -r .status)" = running ]
	save --parent-path ../parent --leave-running --leave-running --tcp-established --file-locks --manage-cgroups-mode=ignore
	[ "$(oci state "$id" | jq -r .status)" = running ]
	[ -s "$WORK/image/descriptors.json" ]
	oci delete --force "$id"
	bring_back "$id"
	[ "$(oci state "$id" | jq -r .status)" = running ]
	oci delete --force "$id"
	leftovers
}

@test "checkpoint: bind mounts come from the new bundle, and limits hold" {
	mkdir "$WORK/volume"; echo first > "$WORK/volume/file"
	edit "$b" '.mounts += [{destination: "/volume", type: "bind", source: $source, options: ["rbind"]}]
		| .linux.resources.pids.limit = 50' --arg source "$WORK/volume"
	start
	wait_for 10 counted 1
	save
	mkdir "$WORK/other"; echo second > "$WORK/other/file"
	edit "$b" '.mounts[-1].source = $source | .linux.resources.pids.limit = 60' --arg source "$WORK/other"
	bring_back "$id"
	[ "$(oci exec "$id" cat /volume/file)" = second ]
	[ "$(cat "/sys/fs/cgroup/$id/pids.max")" = 60 ]
	oci delete --force "$id"
	leftovers
}

@test "checkpoint: what cannot be saved or brought back is told, and leaves nothing" {
	run oci checkpoint --image-path "$WORK/image" "$id"
	assert_fails 1
	assert_says "does not exist"
	mkdir "$WORK/image"
	run oci restore --image-path "$WORK/image" --bundle "$b" "$id"
	assert_fails 1
	assert_says "criu cannot restore" "restore.log"
	leftovers
	start
	run oci checkpoint --image-path /proc/nowhere "$id"
	assert_fails 1
	assert_says /proc/nowhere
	[ "$(oci state "$id" | jq -r .status)" = running ]
	oci delete --force "$id"
	edit "$b" '.process.terminal = true'
	run oci restore --image-path "$WORK/image" --bundle "$b" --detach "$id"
	assert_fails 1
	assert_says "/process/terminal"
	leftovers
}
