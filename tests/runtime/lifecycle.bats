#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# life cycle: create, start, state, kill, delete, run: what engines call, in the words that they look for.

load helpers

setup() { common_setup; }
teardown() { common_teardown; }

status_of() { oci state "$1" | jq -r .status; }
is() { [ "$(status_of "$1")" = "$2" ]; }
has_processes() { [ "$(oci ps --format json "$1" | jq length)" -eq "$2" ]; }
ended() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

created() { # created BUNDLE ID [OPTIONS]: detached from the test's output
	local path=$1 id=$2
	shift 2
	oci create -b "$path" "$@" "$id" </dev/null >"$WORK/$id.out" 2>"$WORK/$id.err" || { cat "$WORK/$id.err"; return 1; }
}

# bats test_tags=kernel
@test "life cycle: run gives the program's output and status, and leaves nothing" {
	b=$(bundle); args "$b" sh -c 'echo out; echo err >&2; exit 7'
	run --separate-stderr oci run -b "$b" "$(new_id)"
	[ "$status" -eq 7 ]
	[ "$output" = out ]
	[ "$stderr" = err ]
	leftovers
}

@test "life cycle: run gives 128 + n when a signal ends the program" {
	b=$(bundle); args "$b" sh -c 'kill -KILL $$'
	edit "$b" '.linux.namespaces |= map(select(.type != "pid"))'
	run oci run -b "$b" "$(new_id)"
	[ "$status" -eq 137 ]
	leftovers
}

# bats test_tags=kernel
@test "life cycle: create, start, state, kill, delete" {
	b=$(bundle); args "$b" sh -c 'trap "exit 3" TERM; while :; do sleep 1 & wait; done'; id=$(new_id)
	created "$b" "$id" --pid-file "$WORK/pid"
	is "$id" created
	[ "$(cat "$WORK/pid")" = "$(oci state "$id" | jq .pid)" ]
	oci start "$id"
	is "$id" running
	oci state "$id" | jq -e '.ociVersion and .bundle == $b and .rootfs == $b + "/rootfs" and .id == $id and .owner' \
		--arg b "$b" --arg id "$id"
	oci state "$id" | jq -r .created | grep -E '^[0-9-]{10}T[0-9:]{8}\.[0-9]{9}Z$'
	oci kill "$id" KILL
	wait_for 5 is "$id" stopped
	[ "$(oci state "$id" | jq .pid)" = 0 ]
	oci delete "$id"
	leftovers
}

@test "life cycle: the pid file has digits alone and replaces an empty one" {
	b=$(bundle); args "$b" sleep 60; id=$(new_id)
	: > "$WORK/pid"
	created "$b" "$id" --pid-file "$WORK/pid"
	[ "$(stat -c %s "$WORK/pid")" = "$(printf %s "$(cat "$WORK/pid")" | wc -c)" ]
	[[ $(cat "$WORK/pid") =~ ^[0-9]+$ ]]
	[ -z "$(ls -A "$WORK" | grep '^\.pid')" ]
	oci delete --force "$id"
	leftovers
}

@test "life cycle: a pid file or a state root that cannot be written is told with a remedy" {
	b=$(bundle)
	run --separate-stderr oci run --pid-file "$WORK/none/pid" -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "$WORK/none/pid" "asked by --pid-file" "; try: "
	run --separate-stderr "$OCI" --root /proc/none run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says /proc/none "try: " --root
	leftovers
}

@test "life cycle: the pid file replaces no device, pipe or link" {
	b=$(bundle)
	mkfifo "$WORK/pipe"; mknod "$WORK/full" c 1 7; ln -s nowhere "$WORK/link"
	for name in pipe full link; do
		run oci run -b "$b" --pid-file "$WORK/$name" "$(new_id)"
		assert_fails 1
		assert_says "not a regular file"
	done
	[ -p "$WORK/pipe" ]
	[ -c "$WORK/full" ]
	[ -L "$WORK/link" ]
	leftovers
}

@test "life cycle: the sentences of wrong states" {
	b=$(bundle); args "$b" sleep 60; id=$(new_id)
	created "$b" "$id"
	run oci delete "$id"; assert_fails 1; assert_says "cannot delete container $id that is not stopped: created"
	is "$id" created
	run oci create -b "$b" "$id"; assert_fails 1; assert_says "container with given ID already exists"
	oci start "$id"
	run oci start "$id"; assert_fails 1; assert_says "cannot start an already running container"
	run oci delete "$id"; assert_fails 1; assert_says "cannot delete container $id that is not stopped: running"
	oci kill "$id" 9
	wait_for 5 is "$id" stopped
	run oci start "$id"; assert_fails 1; assert_says "cannot start a container that has stopped"
	run oci kill "$id"; assert_fails 1; assert_says "container not running"
	oci kill --all "$id" 9
	run oci exec "$id" true; assert_fails 255; assert_says "cannot exec in a stopped container"
	run oci pause "$id"; assert_fails 1; assert_says "container not running"
	run oci resume "$id"; assert_fails 1; assert_says "not paused"
	oci delete "$id"
	for verb in state start kill delete pause resume ps; do
		run oci $verb "$id"; assert_fails 1; assert_says "container does not exist"
	done
	oci delete --force "$id"
	leftovers
}

@test "life cycle: a created container can be killed" {
	b=$(bundle); args "$b" sleep 60; id=$(new_id)
	created "$b" "$id"
	oci kill "$id" KILL
	wait_for 5 is "$id" stopped
	oci delete "$id"
	leftovers
}

@test "life cycle: a program that is missing is told by create, with its place" {
	b=$(bundle); id=$(new_id)
	for program in /no/such no-such /bin/true/no; do
		args "$b" "$program"
		run created "$b" "$id"
		assert_fails 1; assert_says "$program" "config.json#/process/args"
		[[ $output == *"no such file or directory"* || $output == *"executable file not found in"* ]]
		leftovers
	done
}

@test "life cycle: a limit that cannot be granted is told by create, with its place" {
	b=$(bundle); id=$(new_id)
	edit "$b" '.process.rlimits = [{"type":"RLIMIT_CORE","hard":0,"soft":0},{"type":"RLIMIT_NOFILE","hard":99999999999,"soft":9}]'
	run created "$b" "$id"
	assert_fails 1; assert_says nofile "config.json#/process/rlimits/1" because
	leftovers
}

@test "life cycle: a program that cannot be executed any more is told by start, with its place" {
	b=$(bundle); cp "$b/rootfs/bin/busybox" "$b/rootfs/bin/mine"; args "$b" /bin/mine; id=$(new_id)
	created "$b" "$id"
	rm "$b/rootfs/bin/mine"
	run oci start "$id"
	assert_fails 1; assert_says "/bin/mine" "no such file or directory" "config.json#/process/args"
	wait_for 5 is "$id" stopped
	oci delete "$id"
	leftovers
}

@test "life cycle: what only the working directory or the user can find is not missed by create" {
	b=$(bundle); mkdir -p "$b/rootfs/work"; cp "$b/rootfs/bin/busybox" "$b/rootfs/work/sleep"; id=$(new_id)
	edit "$b" '.process.cwd = "/work" | .process.env = ["PATH=.:/bin"]'
	args "$b" ./sleep 0; oci run -b "$b" "$id"
	args "$b" sleep 0; rm "$b/rootfs/bin/sleep"; oci run -b "$b" "$id"
	created "$b" "$id"; oci start "$id"; oci delete --force "$id"
	leftovers
}

@test "life cycle: without a process, create succeeds and start does not" {
	b=$(bundle); edit "$b" 'del(.process)'; id=$(new_id)
	created "$b" "$id"
	is "$id" created
	run oci start "$id"; assert_fails 1; assert_says "config.json#/process"
	oci delete --force "$id"
	leftovers
}

@test "life cycle: changes of config.json after create do not matter" {
	b=$(bundle); args "$b" sh -c 'echo first > /tmp/said; sleep 60'; edit "$b" '.root.readonly = false'; id=$(new_id)
	created "$b" "$id"
	echo '{' > "$b/config.json"
	oci start "$id"
	wait_for 5 test -s "$b/rootfs/tmp/said"
	is "$id" running
	oci exec "$id" true
	oci delete --force "$id"
	leftovers
}

@test "life cycle: signals by name, by number, in any spelling" {
	b=$(bundle); edit "$b" '.root.readonly = false'; id=$(new_id)
	args "$b" sh -c 'for s in HUP USR1 USR2 TERM; do trap "echo $s >> /tmp/got" $s; done; : > /tmp/got; while :; do sleep 1 & wait $!; done'
	created "$b" "$id"
	oci start "$id"
	wait_for 5 test -e "$b/rootfs/tmp/got"
	oci kill "$id" SIGHUP; wait_for 5 grep -q HUP "$b/rootfs/tmp/got"
	oci kill "$id" usr1; wait_for 5 grep -q USR1 "$b/rootfs/tmp/got"
	oci kill "$id" 12; wait_for 5 grep -q USR2 "$b/rootfs/tmp/got"
	oci kill "$id"; wait_for 5 grep -q TERM "$b/rootfs/tmp/got"
	run oci kill "$id" TERMM; assert_fails 1; assert_says "unknown signal" TERM
	run oci kill "$id" 65; assert_fails 1
	run oci kill "$id" 9x; assert_fails 1
	oci kill -a "$id" KILL
	wait_for 5 is "$id" stopped
	oci delete "$id"
	leftovers
}

# bats test_tags=kernel
@test "life cycle: kill --all reaches the processes beside the first" {
	b=$(bundle); args "$b" sh -c 'sleep 60 & sleep 60; true'; id=$(new_id)
	edit "$b" '.linux.namespaces |= map(select(.type != "pid"))'
	created "$b" "$id"; oci start "$id"
	wait_for 5 eval '[ "$(oci ps --format json "$id" | jq length)" = 3 ]'
	pids=$(oci ps --format json "$id" | jq -r '.[]')
	oci kill --all "$id" 9
	for pid in $pids; do wait_for 5 eval "! kill -0 $pid"; done
	oci delete "$id"
	leftovers
}

@test "life cycle: the foreground forwards signals" {
	b=$(bundle); args "$b" sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 1 & wait $!; done'; id=$(new_id)
	"$OCI" --root "$STATE" run -b "$b" "$id" > "$WORK/out" &
	runtime=$!
	wait_for 5 grep -q ready "$WORK/out"
	kill -TERM $runtime
	status=0; wait $runtime || status=$?
	[ "$status" -eq 9 ]
	leftovers
}

@test "life cycle: run --detach, --keep" {
	b=$(bundle); args "$b" sleep 60; id=$(new_id)
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	is "$id" running
	oci delete --force "$id"
	args "$b" true
	oci run --keep -b "$b" "$id"
	is "$id" stopped
	oci delete "$id"
	leftovers
}

# bats test_tags=kernel
@test "life cycle: pause and resume" {
	b=$(bundle); args "$b" sleep 60; id=$(new_id)
	created "$b" "$id"; oci start "$id"
	oci pause "$id"
	is "$id" paused
	run oci exec "$id" true; assert_fails 255; assert_says "paused"
	run oci pause "$id"; assert_fails 1
	oci resume "$id"
	is "$id" running
	oci exec "$id" true
	oci pause "$id"
	oci delete --force "$id"
	leftovers
}

# bats test_tags=kernel
@test "life cycle: a paused container dies of KILL" {
	b=$(bundle); args "$b" sleep 60; id=$(new_id)
	created "$b" "$id"; oci start "$id"
	oci pause "$id"
	oci kill "$id" KILL
	wait_for 5 is "$id" stopped
	oci delete "$id"
	leftovers
}

@test "life cycle: two creates of one id at once: one wins" {
	b=$(bundle); args "$b" sleep 60; id=$(new_id)
	oci create -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/1" & one=$!
	oci create -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/2" & two=$!
	first=0; second=0
	wait $one || first=$?
	wait $two || second=$?
	[ $((first + second)) -eq 1 ]
	grep -q "already exists" "$WORK/1" "$WORK/2"
	is "$id" created
	oci delete --force "$id"
	leftovers
}

@test "life cycle: delete --force while it is being created or started" {
	b=$(bundle); args "$b" sleep 60
	for i in 1 2 3 4 5; do
		id=$(new_id)
		(oci create -b "$b" "$id" </dev/null >/dev/null 2>&1 && oci start "$id" >/dev/null 2>&1) & other=$!
		oci delete --force "$id"
		wait $other || true
		oci delete --force "$id"
	done
	leftovers
}

@test "life cycle: delete --force of what a runtime waits for: both remove it, none complains" {
	b=$(bundle); args "$b" sleep 60
	for i in 1 2 3 4 5 6 7 8; do
		id=$(new_id)
		"$OCI" --root "$STATE" run -b "$b" "$id" 2> "$WORK/err" & runtime=$!
		wait_for 5 is "$id" running
		oci delete --force "$id"
		status=0; wait $runtime || status=$?
		[ "$status" -eq 137 ]
		[ ! -s "$WORK/err" ]
	done
	leftovers
}

# bats test_tags=kernel
@test "life cycle: a runtime killed while it runs leaves what delete --force removes" {
	b=$(bundle); args "$b" sleep 60; id=$(new_id)
	"$OCI" --root "$STATE" run -b "$b" "$id" & runtime=$!
	wait_for 5 is "$id" running
	kill -9 $runtime
	wait $runtime || true
	oci delete --force "$id"
	leftovers
}

@test "life cycle: a runtime killed at any moment of create leaves what delete --force removes" {
	b=$(bundle); args "$b" sleep 60
	for step in 1 2 3 4 5 6 7 8; do
		id=$(new_id)
		"$OCI" --root "$STATE" create -b "$b" "$id" </dev/null >/dev/null 2>&1 & runtime=$!
		# Each time a little later: the steps are its own, not a clock's.
		for i in $(seq $((step * 3))); do [ -e "$STATE/$id" ] || :; done
		kill -9 $runtime 2>/dev/null || true
		wait $runtime 2>/dev/null || true
		oci delete --force "$id"
	done
	leftovers
}

# bats test_tags=kernel
@test "life cycle: delete leaves a cgroup that was there before" {
	b=$(bundle); args "$b" true; id=$(new_id)
	for root in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do
		[ -e "$root" ] && mkdir -p "${root%/*}/own-$id"
	done
	edit "$b" '.linux.cgroupsPath = "/own-" + $id' --arg id "$id"
	oci run -b "$b" "$id"
	found=0
	for dir in /sys/fs/cgroup/own-"$id" /sys/fs/cgroup/*/own-"$id"; do
		[ -d "$dir" ] && found=$((found + 1)) && rmdir "$dir"
	done
	[ $found -gt 0 ]
	leftovers
}

@test "life cycle: without cgroupsPath the cgroup has the id as its name, and one of somebody else's is not taken" {
	b=$(bundle); args "$b" sleep 60; id=$(new_id)
	oci run --detach -b "$b" "$id" < /dev/null > /dev/null
	grep -q ":/$id\$" "/proc/$(oci state "$id" | jq .pid)/cgroup"
	oci delete --force "$id"
	edit "$b" '.linux.resources.pids.limit = 5'
	for theirs in /sys/fs/cgroup/pids /sys/fs/cgroup; do
		[ ! -e "$theirs/cgroup.procs" ] || break
	done
	mkdir "$theirs/$id"
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says "the cgroup $theirs/$id exists already" "choose another id"
	[[ $(cat "$theirs/$id/pids.max" 2>/dev/null || echo max) = max ]]
	rmdir "$theirs/$id"
	leftovers
}

@test "life cycle: beside version 1 a container does not stay in a cgroup2 of its caller's" {
	local unified=/sys/fs/cgroup/unified caller
	[ -d "$unified" ] || skip "no cgroup2 beside version 1 here"
	b=$(bundle); args "$b" sleep 60; id=$(new_id); caller=$unified/caller-$id
	mkdir "$caller"
	sh -c 'echo $$ > "$0/cgroup.procs"; exec "$@"' "$caller" "$OCI" --root "$STATE" run --detach -b "$b" "$id" < /dev/null > /dev/null
	[ "$(grep ^0: "/proc/$(oci state "$id" | jq .pid)/cgroup")" = "0::/$id" ]
	# A further process is put beside the first one, and what has ended leaves nothing there.
	oci exec --detach --pid-file "$WORK/pid" "$id" sleep 60 < /dev/null > /dev/null
	[ "$(grep ^0: "/proc/$(cat "$WORK/pid")/cgroup")" = "0::/$id" ]
	oci delete --force "$id"
	[ ! -e "$unified/$id" ]
	rmdir "$caller"
	leftovers
}

@test "life cycle: works with an empty environment" {
	b=$(bundle); args "$b" echo works; id=$(new_id)
	run env -i "$OCI" --root "$STATE" run -b "$b" "$id"
	[ "$status" -eq 0 ]
	[ "$output" = works ]
	leftovers
}

@test "life cycle: delete --force of a process that someone else's freezer holds says so at once" {
	local freezer=/sys/fs/cgroup/freezer began
	[ -d "$freezer" ] || skip "there is no v1 freezer here"
	b=$(bundle); args "$b" sleep 600; id=$(new_id)
	oci run --detach -b "$b" "$id" </dev/null >/dev/null
	mkdir -p "$freezer/other-$id/below"
	oci state "$id" | jq .pid > "$freezer/other-$id/below/cgroup.procs"
	echo FROZEN > "$freezer/other-$id/freezer.state"
	run oci delete --force "$id"
	assert_fails 1
	assert_says 'frozen' "$freezer/other-$id is frozen" "echo THAWED > $freezer/other-$id/freezer.state"
	[[ $output != *"network file system"* ]]
	echo THAWED > "$freezer/other-$id/freezer.state"
	oci delete --force "$id"
	wait_for 5 rmdir "$freezer/other-$id/below"
	rmdir "$freezer/other-$id"
	leftovers
}

@test "life cycle: a cgroup that is frozen already is refused, and stays" {
	local freezer=/sys/fs/cgroup/freezer
	[ -d "$freezer" ] || skip "there is no v1 freezer here"
	b=$(bundle); id=$(new_id)
	edit "$b" '.linux.cgroupsPath = $path' --arg path "/cold-$id"
	mkdir "$freezer/cold-$id"
	echo FROZEN > "$freezer/cold-$id/freezer.state"
	run timeout 20 "$OCI" --root "$STATE" create -b "$b" "$id"
	assert_fails 1
	assert_says "container's cgroup unexpectedly frozen" "$freezer/cold-$id" /linux/cgroupsPath
	rmdir "$freezer/cold-$id"
	leftovers
}

# bats test_tags=kernel
@test "life cycle: KILL reaches all in a shared pid namespace, also when the first process has ended" {
	local left
	b=$(bundle); edit "$b" '.linux.namespaces -= [{type: "pid"}]'
	args "$b" sh -c 'sleep 600 & sleep 600 & wait'
	for first in alive gone; do
		id=$(new_id)
		oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
		wait_for 5 has_processes "$id" 3
		left=$(oci ps --format json "$id" | jq '.[]')
		if [ "$first" = gone ]; then
			kill -9 "$(oci state "$id" | jq .pid)"
			wait_for 5 is "$id" stopped
		fi
		oci kill "$id" KILL
		for pid in $left; do wait_for 5 ended "$pid"; done
		run oci kill "$id" KILL
		assert_fails 1
		oci delete "$id"
	done
	leftovers
}

@test "life cycle: a created container ends when it is asked to" {
	for signal in TERM INT HUP QUIT; do
		b=$(bundle "b$signal"); id=$(new_id)
		oci create -b "$b" "$id" </dev/null >/dev/null 2>&1
		oci kill "$id" $signal
		wait_for 5 is "$id" stopped
		oci delete "$id"
	done
	leftovers
}
