#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# systemd: the systemd cgroup driver, with the real one as process 1: what the scope is given, and what is left of it.

load ../runtime/helpers

setup() {
	common_setup
	b=$(bundle)
	id=$(new_id)
	args "$b" sleep 600
	unset XDG_RUNTIME_DIR
}
teardown() { common_teardown; }

by_systemd() { oci --systemd-cgroup "$@"; }
start() { by_systemd run --detach -b "$b" "${1:-$id}" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }
show() { systemctl show --value -p "$1" "$2"; }
cgroup_of() { sed -n 's/^0:://p' "/proc/$(oci state "$1" | jq .pid)/cgroup"; }
gone() { [ "$(show LoadState "$1")" = not-found ] || [ "$(show ActiveState "$1")" = inactive ]; }

@test "systemd: process 1 is systemd" {
	[ "$(cat /proc/1/comm)" = systemd ]
	[ -S /run/systemd/private ]
}

@test "systemd: the container is the one process of a delegated scope" {
	start
	unit=bulkhead-$id.scope
	[ "$(show ActiveState "$unit")" = active ]
	[ "$(show Delegate "$unit")" = yes ]
	[ "$(cgroup_of "$id")" = "/system.slice/$unit" ]
	[ "$(show ControlGroup "$unit")" = "/system.slice/$unit" ]
	[ "$(cat "/sys/fs/cgroup/system.slice/$unit/cgroup.procs" | wc -l)" = 1 ]
	[ "$(oci ps --format json "$id" | jq length)" = 1 ]
	# The driver is in the state: engines delete without --systemd-cgroup.
	oci delete --force "$id"
	gone "$unit"
	[ ! -e "/sys/fs/cgroup/system.slice/$unit" ]
	leftovers
}

@test "systemd: SLICE:PREFIX:NAME, nested slices made on the way" {
	edit "$b" '.linux.cgroupsPath = "bulkhead-some-test.slice:pre:" + $id' --arg id "$id"
	start
	[ "$(cgroup_of "$id")" = "/bulkhead.slice/bulkhead-some.slice/bulkhead-some-test.slice/pre-$id.scope" ]
	oci delete --force "$id"
	gone "pre-$id.scope"
	edit "$b" '.linux.cgroupsPath = "::" + $id' --arg id "$id"
	start
	[ "$(cgroup_of "$id")" = "/system.slice/$id.scope" ]
	oci delete --force "$id"
	leftovers
}

@test "systemd: names that are none" {
	for path in /plain/path a:b a:b:c:d "-x.slice:a:$id" "a--b.slice:a:$id" "no:a:$id" "system.slice:a:"; do
		edit "$b" '.linux.cgroupsPath = $path' --arg path "$path"
		run by_systemd run -b "$b" "$id"
		assert_fails 1
		assert_says "/linux/cgroupsPath"
	done
	edit "$b" '.linux.cgroupsPath = "system.slice:a+b:c d"'
	run by_systemd run -b "$b" "$id"
	assert_fails 1
	assert_says "systemd says"
	leftovers
}

@test "systemd: limits are properties of the unit and numbers in the files" {
	edit "$b" '.linux.resources = {memory: {limit: 67108864, swap: 67108864, reservation: 33554432}, pids: {limit: 77},
		cpu: {shares: 512, quota: 50000, period: 100000, cpus: "0", mems: "0"}}'
	start
	unit=bulkhead-$id.scope files=/sys/fs/cgroup/system.slice/bulkhead-$id.scope
	[ "$(show MemoryMax "$unit")" = 67108864 ]
	[ "$(show MemoryLow "$unit")" = 33554432 ]
	[ "$(show MemorySwapMax "$unit")" = 0 ]
	[ "$(show TasksMax "$unit")" = 77 ]
	[ "$(show CPUQuotaPerSecUSec "$unit")" = 500ms ]
	[ "$(show AllowedCPUs "$unit")" = 0 ]
	[ "$(show AllowedMemoryNodes "$unit")" = 0 ]
	[ "$(cat $files/memory.max)" = 67108864 ]
	[ "$(cat $files/memory.low)" = 33554432 ]
	[ "$(cat $files/pids.max)" = 77 ]
	[ "$(cat $files/cpu.max)" = "50000 100000" ]
	[ "$(cat $files/cpu.weight)" = "$(show CPUWeight "$unit")" ]
	# systemd writes them anew whenever it likes.
	systemctl daemon-reload
	[ "$(cat $files/memory.max)" = 67108864 ]
	[ "$(cat $files/cpu.max)" = "50000 100000" ]
	oci update --memory 134217728 --pids-limit 55 "$id"
	[ "$(show MemoryMax "$unit")" = 134217728 ]
	[ "$(show TasksMax "$unit")" = 55 ]
	[ "$(cat $files/memory.max)" = 134217728 ]
	# What the kernel refuses, systemd does not hear of.
	run oci update --memory 67108864 --pids-limit 44 --cpuset-cpus 0-4000 "$id"
	assert_fails 1
	assert_says /cpu/cpus
	[ "$(show MemoryMax "$unit")" = 134217728 ]
	[ "$(show TasksMax "$unit")" = 55 ]
	[ "$(cat $files/memory.max)" = 134217728 ]
	[ "$(cat $files/pids.max)" = 55 ]
	oci delete --force "$id"
	leftovers
}

@test "systemd: exec, pause, resume, kill and stop in the scope" {
	start
	unit=bulkhead-$id.scope
	[[ $(oci exec "$id" cat /proc/self/cgroup) == 0::/* ]]
	oci exec --detach --pid-file "$WORK/pid" "$id" sleep 601
	[ "$(sed -n 's/^0:://p' "/proc/$(cat "$WORK/pid")/cgroup")" = "/system.slice/$unit" ]
	oci pause "$id"
	[ "$(oci state "$id" | jq -r .status)" = paused ]
	oci resume "$id"
	oci kill --all "$id" KILL
	wait_for 5 eval '[ "$(oci state "$id" | jq -r .status)" = stopped ]'
	oci delete "$id"
	gone "$unit"
	leftovers
}

@test "systemd: a cgroup namespace is rooted in the scope, and its mount is its own" {
	jq -e '[.linux.namespaces[].type] | index("cgroup")' "$b/config.json"
	args "$b" sh -c 'cat /proc/self/cgroup; ls /sys/fs/cgroup/cgroup.procs'
	run by_systemd run -b "$b" "$id"
	[ "$output" = "0::/
/sys/fs/cgroup/cgroup.procs" ]
	edit "$b" '.linux.namespaces |= map(select(.type != "cgroup"))'
	run by_systemd run -b "$b" "$(new_id)"
	[[ $output == *"/system.slice/bulkhead-"*"/sys/fs/cgroup/cgroup.procs" ]]
	leftovers
}

@test "systemd: with a user namespace and a joined namespace" {
	chmod 711 "$WORK"
	edit "$b" '.linux.namespaces += [{type: "user"}] | .linux.namespaces |= map(if .type == "network" then .path = "/proc/1/ns/net" else . end)
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
		| .mounts |= map(select(.type != "sysfs" and .type != "cgroup"))'
	start
	[ "$(cgroup_of "$id")" = "/system.slice/bulkhead-$id.scope" ]
	oci delete --force "$id"
	leftovers
}

@test "systemd: what cannot start leaves no unit, and a name is free again at once" {
	edit "$b" '.hooks.createRuntime = [{path: "/bin/false"}]'
	run by_systemd run -b "$b" "$id"
	assert_fails 1
	assert_says createRuntime
	gone "bulkhead-$id.scope"
	leftovers
	edit "$b" 'del(.hooks)'
	args "$b" true
	for turn in 1 2 3; do by_systemd run -b "$b" "$id"; done
	leftovers
}

@test "systemd: two containers of one unit name: the second is refused, the first goes on" {
	edit "$b" '.linux.cgroupsPath = "system.slice:same:" + $id' --arg id "$id"
	start
	run by_systemd run --detach -b "$b" "${id}b" </dev/null
	assert_fails 1
	assert_says "systemd says"
	[ "$(oci state "$id" | jq -r .status)" = running ]
	[ "$(show ActiveState "same-$id.scope")" = active ]
	oci delete --force "$id"
	leftovers
}

@test "systemd: features claims the driver, and not without its helper" {
	oci features | jq -e '.linux.cgroup.systemd and .linux.cgroup.systemdUser'
	mv /usr/local/libexec/bulkhead/bulkhead-systemd "$WORK/"
	run by_systemd run -b "$b" "$id"
	claimed=$("$OCI" features | jq .linux.cgroup.systemd)
	mv "$WORK/bulkhead-systemd" /usr/local/libexec/bulkhead/
	assert_fails 1
	assert_says bulkhead-systemd missing
	[ "$claimed" = false ]
	leftovers
}

# The user 1000 with a manager of that user's own, to whom systemd has delegated a cgroup.
start_user() {
	mkdir -p /run/user/1000 "$WORK/state"
	chown -R 1000:1000 /run/user/1000 "$WORK"
	chmod 711 "$WORK" "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	systemctl start manager@1000.service
	wait_for 10 test -S /run/user/1000/systemd/private
}

as_user() { setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR=/run/user/1000 "$@"; }

# From a cgroup inside the delegated one, as a terminal of a desktop has it.
in_session() { # in_session COMMAND…
	(echo $BASHPID > "$SESSION/cgroup.procs"; as_user "$@")
}

make_session() {
	SESSION=/sys/fs/cgroup$(show ControlGroup manager@1000.service)/session
	mkdir "$SESSION"
	chown -R 1000:1000 "$SESSION"
}

limits_of() { # limits_of PID: memory.max, pids.max, cpu.max
	local group
	group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")
	cat "$group/memory.max" "$group/pids.max" "$group/cpu.max"
}

@test "systemd: bulkhead run as a user, with limits, stats and the ids of /etc/subuid" {
	cp "$BULKHEAD" "$WORK/bulkhead"
	start_user
	make_session
	bk=(in_session "$WORK/bulkhead" --root "$WORK/state")
	# By default: a limit of processes and of memory, and no warning.
	run --separate-stderr "${bk[@]}" run host sh -c 'cat /proc/self/cgroup'
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	run "${bk[@]}" run -d --name limited --memory 64m --pids-limit 44 --cpus 0.5 "$b/rootfs" sleep 600
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	pid=$("${bk[@]}" inspect limited | jq '.[0].pid // .pid')
	[ "$(limits_of "$pid")" = $'67108864\n44\n50000 100000' ]
	# One's own id, and 65,536 more.
	[ "$(awk '{ids += $3} END {print ids}' "/proc/$pid/uid_map")" -gt 60000 ]
	run "${bk[@]}" stats --json limited
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	grep -q 67108864 <<<"$output"
	# Held, and let go, by the freezer of the delegated cgroup; ended while it is held.
	group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	life() { "${bk[@]}" inspect limited | jq -r '.[0].status // .status'; }
	"${bk[@]}" pause limited
	[ "$(life)" = paused ]
	grep -qx 'frozen 1' "$group/cgroup.events"
	run "${bk[@]}" exec limited true
	[ "$status" -eq 125 ]
	assert_says paused "bulkhead resume"
	"${bk[@]}" resume limited
	[ "$(life)" = running ]
	grep -qx 'frozen 0' "$group/cgroup.events"
	"${bk[@]}" exec limited true
	"${bk[@]}" pause limited
	"${bk[@]}" rm -f limited
	# What is above the limit does not come to be.
	run "${bk[@]}" run --memory 32m host sh -c 'dd if=/dev/zero of=/tmp/large bs=1M count=100'
	[ "$status" -ne 0 ]
	# A user without a range has the one id.
	mv /etc/subuid "$WORK/subuid"
	run "${bk[@]}" run --memory 64m "$b/rootfs" cat /proc/self/uid_map
	mv "$WORK/subuid" /etc/subuid
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[[ $output =~ ^\ *1000\ +1000\ +1$ ]] || { echo "$output"; false; }
	rmdir "$SESSION"
	systemctl stop manager@1000.service
	leftovers
}

@test "systemd: bulkhead-oci as a user: pause, update and events in the delegated cgroup" {
	start_user
	make_session
	(cd "$b" && rm config.json && as_user "$OCI" spec --rootless)
	edit "$b" '.process.terminal = false | .linux.resources = {memory: {limit: 67108864}, pids: {limit: 33}}'
	args "$b" sleep 600
	user_oci() { in_session "$OCI" --root "$WORK/state" "$@"; }
	user_oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
	pid=$(user_oci state "$id" | jq .pid)
	[ "$(limits_of "$pid" | head -2)" = $'67108864\n33' ]
	user_oci update --pids-limit 22 "$id"
	[ "$(limits_of "$pid" | sed -n 2p)" = 22 ]
	user_oci pause "$id"
	[ "$(user_oci state "$id" | jq -r .status)" = paused ]
	user_oci resume "$id"
	user_oci events --stats "$id" | jq -e '.data.memory.usage.limit == 67108864 and .data.pids.limit == 22'
	user_oci delete --force "$id"
	rmdir "$SESSION"
	systemctl stop manager@1000.service
	leftovers
}

@test "systemd: a user's own manager" {
	start_user
	(cd "$b" && rm config.json && as_user "$OCI" spec --rootless)
	edit "$b" '.process.terminal = false | .process.args = ["/bin/sleep", "600"] | .linux.resources.pids.limit = 44'
	args "$b" sleep 600
	# From inside the manager's own cgroups, as podman moves itself there.
	own=/sys/fs/cgroup$(show ControlGroup manager@1000.service)/caller
	mkdir "$own"
	(echo $BASHPID > "$own/cgroup.procs"; as_user "$OCI" --root "$STATE" --systemd-cgroup run --detach -b "$b" "$id" \
		</dev/null >/dev/null 2>"$WORK/err") || { cat "$WORK/err"; return 1; }
	rmdir "$own"
	unit=bulkhead-$id.scope
	path=$(sed -n 's/^0:://p' "/proc/$(as_user "$OCI" --root "$STATE" state "$id" | jq .pid)/cgroup")
	[[ $path == */manager@1000.service/user.slice/$unit ]] || { echo "$path"; return 1; }
	[ "$(cat "/sys/fs/cgroup$path/pids.max")" = 44 ]
	[ "$(as_user systemctl --user show --value -p TasksMax "$unit")" = 44 ]
	as_user "$OCI" --root "$STATE" delete --force "$id"
	[ ! -e "/sys/fs/cgroup$path" ]
	run as_user env XDG_RUNTIME_DIR=/nowhere "$OCI" --root "$STATE" --systemd-cgroup run -b "$b" "$id"
	assert_fails 1
	assert_says XDG_RUNTIME_DIR
	systemctl stop manager@1000.service
	leftovers
}
