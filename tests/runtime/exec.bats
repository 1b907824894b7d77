#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: a further process is in the container and as confined as it, never less.

load helpers

setup() {
	common_setup
	b=$(bundle); args "$b" sleep 600; id=$(new_id)
}
teardown() { common_teardown; }

up() { oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }

process() { # process FILTER: a process.json from the config's
	jq ".process | $1" "$b/config.json" > "$WORK/process.json"
}

# A line of /proc/self/status of the container's first process and of an exec'd one.
own_line() { oci exec "$id" grep "^$1:" /proc/self/status; }
init_line() { grep "^$1:" "/proc/$(oci state "$id" | jq .pid)/status"; }

# bats test_tags=kernel
@test "exec: output, status, signal" {
	up
	run --separate-stderr oci exec "$id" sh -c 'echo out; echo err >&2; exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = out ]
	[ "$stderr" = err ]
	run oci exec "$id" sh -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
	oci delete --force "$id"
	leftovers
}

@test "exec: a program that cannot be executed gives 255 and no pid file" {
	up
	run oci exec --pid-file "$WORK/pid" "$id" /no/such
	assert_fails 255
	assert_says "no such file or directory"
	[ ! -e "$WORK/pid" ]
	run oci exec --pid-file "$WORK/pid" "$id" nosuchprogram
	assert_fails 255
	assert_says "executable file not found in"
	[ ! -e "$WORK/pid" ]
}

@test "exec: a command with options of its own" {
	up
	run oci exec "$id" ls -d /proc
	[ "$status" -eq 0 ]
	[ "$output" = /proc ]
	run oci exec --cwd /proc "$id" pwd
	[ "$output" = /proc ]
}

@test "exec: the environment of the container, with additions" {
	edit "$b" '.process.env += ["KEPT=1", "CHANGED=no"]'
	up
	run oci exec -e CHANGED=yes --env NEW="a b" "$id" env
	[[ $output == *KEPT=1* ]]
	[[ $output == *CHANGED=yes* ]]
	[[ $output != *CHANGED=no* ]]
	[[ $output == *"NEW=a b"* ]]
	run oci exec -e =x "$id" true
	assert_fails 255
	SECRET_OF_HOST=1 run oci exec "$id" env
	[[ $output != *SECRET_OF_HOST* ]]
}

@test "exec: numeric users, never names" {
	up
	run oci exec --user 1000:1001 -g 7 -g 8 "$id" id
	[ "$status" -eq 0 ]
	[[ $output == "uid=1000 gid=1001 groups="*7*8* ]]
	run oci exec --user 12 "$id" id -u
	[ "$output" = 12 ]
	echo '1x:x:0:0::/:/bin/sh' >> "$b/rootfs/etc/passwd"
	for user in root 1x "" -1 4294967295 4294967296 1:x 0x0 ' 1'; do
		run oci exec --user "$user" "$id" id
		assert_fails 255
	done
	assert_says "names are not looked up"
}

@test "exec: never more capabilities than the container" {
	up
	for line in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs; do
		[ "$(own_line $line)" = "$(init_line $line)" ]
	done
	run oci exec --cap CAP_SYS_ADMIN "$id" true
	assert_fails 255
	assert_says CAP_SYS_ADMIN
	process '.args = ["true"] | .capabilities.bounding += ["CAP_SYS_PTRACE"]'
	run oci exec --process "$WORK/process.json" "$id"
	assert_fails 255
	assert_says CAP_SYS_PTRACE "process.json#/capabilities"
	run oci exec --cap CAP_NOT_ONE "$id" true
	assert_fails 255
}

@test "exec: the container's no_new_privs cannot be taken off" {
	edit "$b" '.process.noNewPrivileges = true'
	up
	process '.args = ["grep", "NoNewPrivs", "/proc/self/status"] | .noNewPrivileges = false'
	run oci exec --process "$WORK/process.json" "$id"
	[ "$status" -eq 0 ]
	[[ $output == *1 ]]
}

# bats test_tags=kernel
@test "exec: the container's seccomp filter, and no other" {
	edit "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
	up
	[ "$(own_line Seccomp)" = "$(init_line Seccomp)" ]
	[ "$(own_line Seccomp_filters)" = "$(init_line Seccomp_filters)" ]
	run oci exec "$id" mkdir /tmp/x
	[ "$status" -ne 0 ]
	assert_says "not supported"
	# Whoever damages the saved filter gets nothing executed, not a process without one.
	printf 'x' >> "$STATE/$id/filter.bpf"
	run oci exec "$id" true
	assert_fails 255
	rm "$STATE/$id/filter.bpf"
	run oci exec "$id" true
	assert_fails 255
}

@test "exec: the limits of the container are ceilings" {
	edit "$b" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]'
	up
	run oci exec "$id" sh -c 'ulimit -n; ulimit -Hn'
	[ "$output" = "100
200" ]
	process '.args = ["true"] | .rlimits = [{type: "RLIMIT_NOFILE", soft: 300, hard: 300}]'
	run oci exec --process "$WORK/process.json" "$id"
	assert_fails 255
}

# bats test_tags=kernel
@test "exec: all namespaces and the cgroup of the container" {
	up
	init=$(oci state "$id" | jq .pid)
	for ns in pid net ipc uts mnt cgroup; do
		[ "$(oci exec "$id" readlink /proc/self/ns/$ns)" = "$(readlink "/proc/$init/ns/$ns")" ]
	done
	oci exec --detach --pid-file "$WORK/pid" "$id" sleep 600 </dev/null >/dev/null 2>&1
	[ "$(cat "/proc/$(cat "$WORK/pid")/cgroup")" = "$(cat "/proc/$init/cgroup")" ]
	oci ps --format json "$id" | jq -e 'length == 2'
	oci delete --force "$id"
	leftovers
}

@test "exec: a process.json" {
	up
	process '.args = ["sh", "-c", "id -u; pwd; echo $A"] | .user = {uid: 5, gid: 6} | .cwd = "/proc" | .env += ["A=b"]'
	run oci exec --process "$WORK/process.json" "$id"
	[ "$output" = "5
/proc
b" ]
	process '.args = 7'
	run oci exec --process "$WORK/process.json" "$id"
	assert_fails 255
	assert_says "process.json#/args"
}

@test "exec: nothing of the runtime's is open in the process" {
	up
	run oci exec "$id" sh -c 'for fd in /proc/self/fd/*; do readlink "$fd"; done | grep -c .'
	# 0, 1, 2, and what readlink's own glob had open.
	[ "$output" -le 4 ]
	exec 7< /dev/null
	run oci exec "$id" test -e /proc/self/fd/7
	[ "$status" -eq 1 ]
	run oci exec --preserve-fds 5 "$id" test -e /proc/self/fd/7
	[ "$status" -eq 0 ]
	exec 7<&-
}

# bats test_tags=kernel
@test "exec: in a container with a user namespace" {
	edit "$b" '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	chmod 755 "$WORK" "$b" "$b/rootfs" "$(dirname "$WORK")"
	up
	run oci exec "$id" sh -c 'id -u; cat /proc/self/uid_map'
	[ "$status" -eq 0 ]
	[[ $output == 0* ]]
	[[ $output == *100000* ]]
	for line in CapPrm CapEff CapBnd; do
		[ "$(own_line $line)" = "$(init_line $line)" ]
	done
	oci delete --force "$id"
	leftovers
}

@test "exec: killed runtime takes a process that is not yet executed with it" {
	up
	"$OCI" --root "$STATE" exec "$id" sleep 600 & runtime=$!
	wait_for 5 eval '[ "$(oci ps --format json "$id" | jq length)" = 2 ]'
	kill -9 $runtime
	wait $runtime || true
	oci delete --force "$id"
	leftovers
}

@test "exec: --detach needs a console socket for a terminal" {
	up
	run oci exec --detach --tty "$id" true
	assert_fails 255
	assert_says console-socket
}

# bats test_tags=kernel
@test "exec: joins the sub-cgroup of cgroup2 into which the container's first process has moved" {
	local group
	# A controller that only cgroup2 has here, so that the container has a cgroup there.
	edit "$b" '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 0}]'
	up
	group=$(awk -F: '$1 == 0 {print $3}' "/proc/$(oci state "$id" | jq .pid)/cgroup")
	[[ $group == *"$id" ]] || { oci delete --force "$id"; skip "there is no cgroup2 with the hugetlb controller"; }
	group=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)$group
	mkdir "$group/inner" "$group/other"
	oci state "$id" | jq .pid > "$group/inner/cgroup.procs"
	echo +hugetlb > "$group/cgroup.subtree_control"
	run oci exec "$id" grep ^0:: /proc/self/cgroup
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	oci exec --detach --pid-file "$WORK/pid" "$id" sleep 600 </dev/null >/dev/null
	[[ $(cat "/proc/$(cat "$WORK/pid")/cgroup") == *"$id/inner"* ]]
	# One that is given is taken.
	oci exec --detach --cgroup /other --pid-file "$WORK/pid" "$id" sleep 600 </dev/null >/dev/null
	[[ $(cat "/proc/$(cat "$WORK/pid")/cgroup") == *"$id/other"* ]]
	# Outside of the container's own it is not followed: the container's own is tried, which the kernel refuses here.
	mkdir "${group%/*}/$id-outside"
	oci state "$id" | jq .pid > "${group%/*}/$id-outside/cgroup.procs"
	run oci exec "$id" true
	assert_fails 255
	assert_says 'shares out controllers' '--cgroup'
	oci state "$id" | jq .pid > "$group/inner/cgroup.procs"
	oci delete --force "$id"
	rmdir "${group%/*}/$id-outside"
	leftovers
}

# bats test_tags=kernel
@test "exec: limits that the config does not have are the first process's, not the caller's" {
	edit "$b" 'del(.process.rlimits)'
	( ulimit -S -n 200; ulimit -H -n 300; up )
	[ "$(oci exec "$id" sh -c 'ulimit -S -n; ulimit -H -n' | tr '\n' ' ')" = "200 300 " ]
	process '.args = ["sh", "-c", "ulimit -n"] | .rlimits = [{type: "RLIMIT_NOFILE", soft: 250, hard: 250}]'
	[ "$(oci exec -p "$WORK/process.json" "$id")" = 250 ]
	process '.args = ["true"] | .rlimits = [{type: "RLIMIT_NOFILE", soft: 250, hard: 301}]'
	run oci exec -p "$WORK/process.json" "$id"
	assert_fails 255
	assert_says 'process.json#/rlimits/0' '300'
	# The caller's own are not exceeded either.
	[ "$(ulimit -n 150; oci exec "$id" sh -c 'ulimit -S -n; ulimit -H -n' | tr '\n' ' ')" = "150 150 " ]
	oci delete --force "$id"
	leftovers
}

@test "exec: --cgroup goes below the container's, for all controllers or for some" {
	local pids=/sys/fs/cgroup/pids memory=/sys/fs/cgroup/memory own
	[ -d "$pids" ] && [ -d "$memory" ] || skip "there are no v1 hierarchies here"
	b=$(bundle); args "$b" sleep 600; id=$(new_id)
	edit "$b" '.linux.cgroupsPath = $path' --arg path "/below-$id"
	oci run --detach -b "$b" "$id" </dev/null >/dev/null
	own=/below-$id
	mkdir "$pids$own/sub" "$memory$own/sub" "$memory$own/only"
	of() { grep -E ":([a-z,]*,)?$1(,[a-z,]*)?:" "/proc/$(cat "$WORK/pid")/cgroup" | cut -d: -f3; }
	oci exec --detach --pid-file "$WORK/pid" --cgroup pids,memory:sub "$id" sleep 600 </dev/null >/dev/null
	[ "$(of pids)" = "$own/sub" ]
	[ "$(of memory)" = "$own/sub" ]
	[ "$(of freezer)" = "$own" ]
	oci exec --detach --pid-file "$WORK/pid" --cgroup /only "$id" sleep 600 </dev/null >/dev/null
	[ "$(of memory)" = "$own/only" ]
	# Never outside of the container's.
	[ "$(of pids)" = "$own" ]
	oci exec --detach --pid-file "$WORK/pid" --cgroup pids:/sub --cgroup memory:/only "$id" sleep 600 </dev/null >/dev/null
	[ "$(of pids)" = "$own/sub" ]
	[ "$(of memory)" = "$own/only" ]
	run oci exec --cgroup .. "$id" true
	assert_fails 255; assert_says '.. is not a sub cgroup path'
	run oci exec --cgroup nowhere "$id" true
	assert_fails 255; assert_says "error adding pid to" "/nowhere/cgroup.procs: no such file or directory"
	run oci exec --cgroup pids:only "$id" true
	assert_fails 255; assert_says "/only/cgroup.procs: no such file or directory"
	run oci exec --cgroup whatever:/ "$id" true
	assert_fails 255; assert_says 'unknown controller whatever'
	oci delete --force "$id"
	leftovers
}

@test "exec: a process.json without a user runs as the container's" {
	b=$(bundle); args "$b" sleep 600; id=$(new_id)
	edit "$b" '.process.user = {uid: 7, gid: 8, additionalGids: [9]}'
	oci run --detach -b "$b" "$id" </dev/null >/dev/null
	echo '{"args": ["id"], "cwd": "/", "env": ["PATH=/bin"]}' > "$WORK/process.json"
	run oci exec --process "$WORK/process.json" "$id"
	[ "$status" -eq 0 ]
	[[ $output == "uid=7 gid=8 groups=8"* || $output == "uid=7 gid=8 groups=9"* ]]
	oci delete --force "$id"
	leftovers
}

@test "exec: of a container that ends meanwhile it is told that it does not run, not that memory is short" {
	edit "$b" '.linux.resources.memory.limit = 67108864'
	up
	# The new process stops where it closes what it must not hand on; the container's end is then its own.
	strace -f -o "$WORK/trace" -e inject=close_range:signal=STOP "$OCI" --root "$STATE" exec "$id" true \
		</dev/null >"$WORK/out" 2>&1 & exec_pid=$!
	wait_for 10 grep -q 'stopped by SIGSTOP' "$WORK/trace"
	oci kill "$id" KILL
	status=0; wait "$exec_pid" || status=$?
	output=$(cat "$WORK/out")
	assert_fails 255
	assert_says "container not running" "$id is stopped"
	[[ $output != *memory* ]]
	oci delete --force "$id"
	leftovers
}
