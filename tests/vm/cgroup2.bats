#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cgroup2: on the unified hierarchy the limits arrive in their files, device rules are a BPF program that refuses, the
# container is born inside its cgroup, and nothing of it stays.
load ../runtime/helpers

setup() { common_setup; }
teardown() { common_teardown; }

group_of() { # the directory of a running container's cgroup
	local pid
	pid=$(oci state "$1" | jq .pid)
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")"
}

@test "limits are in the files of the unified hierarchy" {
	path=$(bundle)
	id=$(new_id)
	edit "$path" '.linux.resources = {memory: {limit: 67108864, reservation: 33554432}, pids: {limit: 42},
		cpu: {quota: 50000, period: 100000, shares: 512, cpus: "0"}, unified: {"memory.oom.group": "1"}}'
	args "$path" sleep 1000
	oci run --detach --bundle "$path" "$id"
	group=$(group_of "$id")
	[ "$group" != /sys/fs/cgroup/ ]
	[ "$(cat "$group/memory.max")" = 67108864 ]
	[ "$(cat "$group/memory.low")" = 33554432 ]
	[ "$(cat "$group/pids.max")" = 42 ]
	[ "$(cat "$group/cpu.max")" = "50000 100000" ]
	[ "$(cat "$group/cpuset.cpus")" = 0 ]
	[ "$(cat "$group/memory.oom.group")" = 1 ]
	[ "$(cat "$group/cpu.weight")" -gt 1 ]
	oci delete --force "$id"
	[ ! -e "$group" ]
	leftovers
}

@test "device rules are a program attached to the cgroup, and refuse the opening" {
	path=$(bundle)
	edit "$path" '.linux.resources.devices = [{allow: false, access: "rwm"},
		{allow: true, type: "c", major: 1, minor: 3, access: "rw"}]
		| .linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11, fileMode: 438, uid: 0, gid: 0}]'
	args "$path" sh -c 'head -c 1 /dev/kmsg; echo status $?; echo x >/dev/null && echo null'
	run oci run --bundle "$path" "$(new_id)"
	assert_says "not permitted" "status 1" null
}

@test "the container is in its cgroup from its first instruction, and sees it as the root" {
	path=$(bundle)
	edit "$path" '.linux.namespaces |= (map(select(.type != "cgroup")) + [{type: "cgroup"}])'
	args "$path" cat /proc/self/cgroup
	run oci run --bundle "$path" "$(new_id)"
	[ "$status" -eq 0 ]
	[ "$output" = "0::/" ]
	leftovers
}

@test "pause stops the processes and resume lets them go on" {
	path=$(bundle)
	id=$(new_id)
	args "$path" sleep 1000
	oci run --detach --bundle "$path" "$id"
	group=$(group_of "$id")
	oci pause "$id"
	grep -q 'frozen 1' "$group/cgroup.events"
	[ "$(oci state "$id" | jq -r .status)" = paused ]
	oci resume "$id"
	grep -q 'frozen 0' "$group/cgroup.events"
	oci delete --force "$id"
	leftovers
}

@test "update changes the limits of a running container" {
	path=$(bundle)
	id=$(new_id)
	args "$path" sleep 1000
	oci run --detach --bundle "$path" "$id"
	group=$(group_of "$id")
	echo '{"memory": {"limit": 50331648}, "pids": {"limit": 17}}' | oci update --resources=- "$id"
	[ "$(cat "$group/memory.max")" = 50331648 ]
	[ "$(cat "$group/pids.max")" = 17 ]
	before=$(cd "$group" && cat memory.max memory.low cpu.max cpu.weight cpuset.cpus pids.max)
	run oci update --resources=- "$id" <<< '{"memory": {"limit": 60000000, "reservation": 4096}, "pids": {"limit": 5},
		"cpu": {"shares": 90, "quota": 20000, "cpus": "0-4000"}}'
	assert_fails 1
	assert_says cpuset.cpus /cpu/cpus
	[ "$(cd "$group" && cat memory.max memory.low cpu.max cpu.weight cpuset.cpus pids.max)" = "$before" ]
	oci delete --force "$id"
	leftovers
}

@test "the memory limit is enforced" {
	path=$(bundle)
	edit "$path" '.linux.resources.memory = {limit: 16777216, swap: 16777216}
		| .mounts += [{destination: "/big", type: "tmpfs", source: "tmpfs", options: ["size=64m"]}]'
	args "$path" sh -c 'dd if=/dev/zero of=/big/file bs=1M count=48; echo "dd $?"'
	run oci run --bundle "$path" "$(new_id)"
	[[ $output != *"dd 0"* ]]
	[[ $status -eq 137 || $output == *"dd 137"* ]]
	leftovers
}

@test "events tell lack of memory, and pressure" {
	path=$(bundle)
	id=$(new_id)
	edit "$path" '.linux.resources.memory = {limit: 16777216, swap: 16777216}
		| .mounts += [{destination: "/big", type: "tmpfs", source: "tmpfs", options: ["size=64m"]}]'
	args "$path" sh -c 'until [ -e /big/go ]; do sleep 0.1; done; exec dd if=/dev/zero of=/big/file bs=1M count=48'
	oci run --detach --bundle "$path" "$id"
	if [ -e "$(group_of "$id")/memory.pressure" ]; then
		oci events --stats "$id" | jq -e '.data.memory.psi.some.avg10 >= 0 and .data.cpu.psi.some.total >= 0'
	fi
	oci events --interval=1h "$id" > "$WORK/events" & events=$!
	wait_for 10 grep -q '"stats"' "$WORK/events"
	oci exec "$id" touch /big/go
	wait $events
	jq -e --arg id "$id" 'select(.type == "oom") | .id == $id' "$WORK/events"
	oci delete --force "$id"
	leftovers
}

@test "exec follows the first process into a sub-cgroup" {
	path=$(bundle)
	id=$(new_id)
	args "$path" sleep 1000
	oci run --detach --bundle "$path" "$id"
	group=$(group_of "$id")
	mkdir "$group/inner"
	oci state "$id" | jq .pid > "$group/inner/cgroup.procs"
	echo +memory > "$group/cgroup.subtree_control"
	oci exec --detach --pid-file "$WORK/pid" "$id" sleep 1000
	[[ $(cat "/proc/$(cat "$WORK/pid")/cgroup") == *"/inner" ]]
	oci delete --force "$id"
	leftovers
}

@test "delete --force kills whole trees by cgroup.kill" {
	path=$(bundle)
	id=$(new_id)
	args "$path" sh -c 'sleep 1000 & sleep 1000 & wait'
	oci run --detach --bundle "$path" "$id"
	group=$(group_of "$id")
	oci delete --force "$id"
	[ ! -e "$group" ]
	leftovers
}

# A user's session on a host with systemd looks like this: the cgroup where she is holds processes, and is not hers.
@test "cgroup2: without delegation a user's default limits are left out with one warning; those asked for are an error" {
	cp "${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}" "$WORK/bulkhead"
	chmod 755 "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$WORK" "$WORK/bulkhead"
	mkdir -m 777 "$WORK/user"
	mkdir "/sys/fs/cgroup/$ID_PREFIX"
	as_user=(bash -c 'echo $$ > "/sys/fs/cgroup/$0/cgroup.procs" && exec setpriv --reuid 65533 --regid 65533 --clear-groups "$@"'
		"$ID_PREFIX" "$WORK/bulkhead" --root "$WORK/user/state" run)
	run --separate-stderr "${as_user[@]}" host echo ran
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[ "$output" = ran ]
	[ "$(grep -c 'warning' <<<"$stderr")" = 1 ]
	run "${as_user[@]}" --memory 64m host echo ran
	echo "$output"
	[ "$status" -eq 125 ]
	assert_says '--memory' delegated
	rmdir "/sys/fs/cgroup/$ID_PREFIX"
}
