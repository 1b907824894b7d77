#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# torture: each system call of the runtime is made to fail, one after another, and the runtime is killed at each: an error
# leaves no trace, and delete --force removes what a killed runtime left. close(2) is left out: it never fails to close.

load helpers

setup() {
	command -v strace >/dev/null || skip "strace is not installed here"
	common_setup
	b=$(bundle); args "$b" sleep 600
	edit "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
}
teardown() { [ -z "${WORK:-}" ] || common_teardown; }

# Each call of `create` after it has become its sealed copy, as "NAME COUNT".
points() {
	strace -o "$WORK/trace" "$OCI" --root "$STATE" create -b "$b" "$ID_PREFIX" </dev/null >/dev/null 2>&1
	oci delete --force "$ID_PREFIX"
	sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' "$WORK/trace" | awk '{count[$1]++} sealed {print $1, count[$1]} /^execveat/ {sealed = 1}' |
		grep -Ev '^(close|exit_group|arch_prctl|set_tid_address|brk|prctl|readlink|munmap) '
}

# create with one call tampered with; 0 when it says that it has succeeded
tampered() { # tampered ID CALL COUNT WHAT
	timeout -s KILL 20 strace -o "$WORK/trace" -e "inject=$2:$4:when=$3" \
		"$OCI" --root "$STATE" create -b "$b" "$1" </dev/null >"$WORK/out" 2>&1
}

nothing_left() { # nothing_left ID WHAT
	[ ! -e "$STATE/$1" ] || { echo "$2: state left"; return 1; }
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "*$1")" ] || { echo "$2: cgroup left"; return 1; }
}

@test "torture: each call of create fails" {
	points > "$WORK/points"
	[ "$(wc -l < "$WORK/points")" -gt 100 ]
	failed=0
	while read -r call count; do
		id=$(new_id)
		if ! tampered "$id" "$call" "$count" error=EIO; then
			failed=$((failed + 1))
			nothing_left "$id" "$call $count"
			[ -s "$WORK/out" ] || { echo "$call $count: no message"; return 1; }
		fi
		oci delete --force "$id" 2>/dev/null
	done < "$WORK/points"
	[ $failed -gt 50 ]
	leftovers
}

@test "torture: the runtime is killed at each call of create" {
	points > "$WORK/points"
	while read -r call count; do
		id=$(new_id)
		tampered "$id" "$call" "$count" signal=KILL || true
		oci delete --force "$id" 2>/dev/null
		nothing_left "$id" "$call $count"
	done < "$WORK/points"
	leftovers
}

# Directories in all hierarchies that are not the container's: of the path itself, or of the one above it.
foreign_cgroups() { # foreign_cgroups mkdir|rmdir PATH
	local root
	for root in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do
		[ ! -e "$root" ] || [ -e "$WORK/$1-$2-${root//\//-}" ] || "$1" "${root%/*}/$2" || return 1
		: > "$WORK/$1-$2-${root//\//-}"
	done
}

@test "torture: a runtime killed while it makes cgroups: delete --force leaves those that were there before" {
	local below point
	# What it does from the first record on: each directory, each record, the clone.
	points | grep -E '^(mkdir|mkdirat|rename|renameat|clone3|write|sendmsg) ' > "$WORK/points"
	[ "$(grep -c '^mkdir' "$WORK/points")" -gt 1 ]
	for below in "" /below; do
		while read -r call count; do
			id=$(new_id)
			edit "$b" '.linux.cgroupsPath = $path' --arg path "/foreign-$id$below"
			foreign_cgroups mkdir "foreign-$id"
			tampered "$id" "$call" "$count" signal=KILL || true
			oci delete --force "$id" 2>/dev/null
			# A process that was killed may still be leaving.
			wait_for 5 foreign_cgroups rmdir "foreign-$id" || { echo "killed at $call $count, path /foreign-ID$below"; return 1; }
		done < "$WORK/points"
	done
	leftovers
}
