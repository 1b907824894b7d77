#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# protect: the program runs from a copy that no container can write to (threats D4).

load helpers

setup() { common_setup; b=$(bundle); args "$b" sleep 600; id=$(new_id); }
teardown() { common_teardown; }

is_running() { [ "$(oci state "$id" 2>/dev/null | jq -r .status)" = running ]; }

@test "protect: run works from a sealed copy in memory" {
	"$OCI" --root "$STATE" run -b "$b" "$id" & runtime=$!
	wait_for 5 is_running
	[[ $(readlink "/proc/$runtime/exe") == /memfd:* ]]
	# What a container could keep of it (CVE-2019-5736), written to when nobody executes it any more.
	exec 9< "/proc/$runtime/exe"
	oci delete --force "$id"
	wait $runtime || true
	run bash -c 'printf x 1<> /proc/self/fd/9'
	exec 9<&-
	assert_says "Operation not permitted"
	leftovers
}

@test "protect: where copies in memory may not be executed, a read-only mount is" {
	[ -e /proc/sys/vm/memfd_noexec ] || skip "this kernel has no vm.memfd_noexec"
	cat > "$WORK/inner" <<-SCRIPT
		echo 2 > /proc/sys/vm/memfd_noexec || exit 9
		"$OCI" --root "$STATE" run -b "$b" "$id" 2> "$WORK/err" & runtime=\$!
		until [ "\$("$OCI" --root "$STATE" state "$id" 2>/dev/null | jq -r .status)" = running ]; do :; done
		readlink /proc/\$runtime/exe > "$WORK/exe"
		exec 9< /proc/\$runtime/exe
		"$OCI" --root "$STATE" delete --force "$id"
		wait \$runtime
		status=\$?
		(printf x 1<> /proc/self/fd/9) 2> "$WORK/refused" || echo refused >> "$WORK/exe"
		exit \$status
	SCRIPT
	# The setting belongs to a pid namespace, and can only be raised in it.
	run timeout -s KILL 20 unshare --pid --fork --mount-proc bash "$WORK/inner"
	[ "$status" -eq 137 ]
	[[ $(head -n 1 "$WORK/exe") != /memfd:* ]]
	grep -qx refused "$WORK/exe"
	grep -q "Read-only" "$WORK/refused"
	[ ! -s "$WORK/err" ]
	leftovers
}

@test "protect: state, list and kill do without the copy" {
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	for verb in "state $id" list "kill $id 0"; do
		strace -o "$WORK/trace" -e trace=memfd_create,execveat "$OCI" --root "$STATE" $verb >/dev/null
		run ! grep -E 'memfd_create|execveat' "$WORK/trace"
	done
	oci delete --force "$id"
	leftovers
}

@test "protect: --no-pivot leaves no whole /proc or /sys in the mount namespace that would allow a new one" {
	local before
	before=$(grep -c . /proc/self/mountinfo)
	args "$b" busybox unshare -mrpf sh -c 'mkdir -p /tmp/p; mount -t proc none /tmp/p && cat /tmp/p/version'
	edit "$b" '.root.readonly = false | .process.capabilities |= map_values(. + ["CAP_SETFCAP"])'
	run oci run --no-pivot -b "$b" "$id"
	[ "$status" -ne 0 ]
	[[ $output == *"mount:"*"ermission denied"* || $output == *"mount:"*"not permitted"* ]]
	# It can be used otherwise, and the host has kept its own.
	args "$b" sh -c 'test -d /proc/1 && ls / && ls /proc/self/fd'
	run oci run --no-pivot -b "$b" "$id"
	[ "$status" -eq 0 ]
	[ "$(grep -c . /proc/self/mountinfo)" -eq "$before" ]
	[ -e /proc/self ]
	[ -d /sys/kernel ]
	leftovers
}
