#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# update: all of the new limits or none, in the cgroup and in the saved config.

load helpers

setup() {
	common_setup
	b=$(bundle); args "$b" sleep 600; id=$(new_id)
	edit "$b" '.linux.resources.memory = {limit: 134217728, swap: 134217728} | .linux.resources.pids = {limit: 50}'
}
teardown() { common_teardown; }

up() { oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }

# The value of a limit, whichever version of cgroups has it.
limit() { # limit V1-CONTROLLER V1-FILE V2-FILE
	cat "/sys/fs/cgroup/$1/$id/$2" 2>/dev/null || cat "/sys/fs/cgroup/$id/$3"
}
memory() { limit memory memory.limit_in_bytes memory.max; }
pids() { limit pids pids.max pids.max; }
shares() { limit cpu cpu.shares cpu.weight; }
saved() { jq -c ".linux.resources$1" "$STATE/$id/config.json"; }

# bats test_tags=kernel
@test "update: the saved config follows, and keeps what was not given" {
	edit "$b" '.annotations.mine = "stays" | .linux.resources.hugepageLimits = []'
	# By hand: jq rounds numbers.
	sed -i '1s/{/{"unknown": {"n": 18446744073709551615, "f": 1.50},/' "$b/config.json"
	up
	echo '{"memory": {"limit": 67108864, "reservation": 0, "checkBeforeUpdate": true}, "cpu": {"shares": 512}}' |
		oci update -r - "$id"
	[ "$(memory)" = 67108864 ]
	[ "$(saved .memory)" = '{"limit":67108864,"swap":134217728}' ]
	[ "$(saved .cpu.shares)" = 512 ]
	[ "$(saved .pids.limit)" = 50 ]
	[ "$(saved .devices)" = "$(jq -c .linux.resources.devices "$b/config.json")" ]
	[ "$(jq -r .annotations.mine "$STATE/$id/config.json")" = stays ]
	grep -q '"n":18446744073709551615,"f":1.50' "$STATE/$id/config.json"
	oci update --pids-limit 20 "$id"
	[ "$(saved .memory.limit)" = 67108864 ]
	[ "$(saved .pids.limit)" = 20 ]
	oci exec "$id" true
	oci delete --force "$id"
	leftovers
}

# bats test_tags=kernel
@test "update: no limit of memory leaves none of memory and swap together, in the cgroup and in the saved config" {
	up
	oci update --memory -1 "$id"
	[ "$(memory)" = max ] || [ "$(memory)" -gt $((1 << 60)) ]
	[ "$(saved .memory)" = '{"limit":-1}' ]
	local both
	both=$(limit memory memory.memsw.limit_in_bytes memory.swap.max) # no file: this kernel accounts no swap
	[ -z "$both" ] || [ "$both" = max ] || [ "$both" -gt $((1 << 60)) ] || { echo "$both"; false; }
	# What is given beside it holds.
	oci update --memory 64m --memory-swap 128m "$id"
	[ "$(saved .memory)" = '{"limit":67108864,"swap":134217728}' ]
	oci delete --force "$id"
	leftovers
}

# bats test_tags=kernel
@test "update: what was written before a refused value is put back" {
	up
	local before file
	before="$(memory) $(pids) $(shares)"
	cp "$STATE/$id/config.json" "$WORK/before.json"
	# Memory and shares are written first, then the kernel refuses the CPUs.
	run oci update --memory 64m --memory-swap 64m --cpu-shares 77 --pids-limit 9 --cpuset-cpus 0-900 "$id"
	assert_fails 1
	assert_says cpuset.cpus /cpu/cpus
	[ "$(memory) $(pids) $(shares)" = "$before" ] || { echo "$(memory) $(pids) $(shares) instead of $before"; false; }
	cmp "$STATE/$id/config.json" "$WORK/before.json"
	# And upwards, where memory and swap bound each other the other way round.
	run oci update --memory 256m --memory-swap 512m --cpu-shares 77 --cpuset-cpus 0-900 "$id"
	assert_fails 1
	[ "$(memory) $(pids) $(shares)" = "$before" ] || { echo "$(memory) $(pids) $(shares) instead of $before"; false; }
	cmp "$STATE/$id/config.json" "$WORK/before.json"
	oci delete --force "$id"
	leftovers
}

@test "update: limits by device are put back one by one" {
	local disk
	disk=$(lsblk --nodeps --noheadings --output MAJ:MIN 2>/dev/null | tr -d ' ' | head -n 1)
	[ -n "$disk" ] || skip "this machine has no block device"
	rate() { limit blkio blkio.throttle.read_bps_device io.max; }
	local device="\"major\": ${disk%:*}, \"minor\": ${disk#*:}"
	up
	oci update -r - "$id" <<< "{\"blockIO\": {\"throttleReadBpsDevice\": [{$device, \"rate\": 1048576}]}}"
	local before
	before=$(rate)
	[[ $before == *1048576* ]]
	run oci update -r - "$id" <<< "{\"blockIO\": {\"throttleReadBpsDevice\": [{$device, \"rate\": 2097152},
		{\"major\": 4095, \"minor\": 7, \"rate\": 5}]}}"
	assert_fails 1
	assert_says /blockIO/throttleReadBpsDevice/1 'no block device'
	[ "$(rate)" = "$before" ]
	[ "$(saved '.blockIO.throttleReadBpsDevice | length')" = 1 ]
	oci delete --force "$id"
	leftovers
}

@test "update: a state that cannot be written leaves the limits as they were" {
	up
	local before
	before="$(memory) $(pids)"
	# A directory in the place of the file that is written beside config.json.
	mkdir "$STATE/$id/config.json.new"
	run oci update --memory 64m --memory-swap 64m --pids-limit 9 "$id"
	assert_fails 1
	assert_says 'config.json'
	[ "$(memory) $(pids)" = "$before" ]
	rmdir "$STATE/$id/config.json.new"
	oci delete --force "$id"
	leftovers
}

@test "update: limits that make no sense with those that stay are refused before anything is written" {
	up
	local before
	before="$(memory) $(pids)"
	run oci update --pids-limit 9 --blkio-weight 5 "$id"
	assert_fails 1
	assert_says '/blockIO/weight'
	[ "$(memory) $(pids)" = "$before" ]
	oci delete --force "$id"
	leftovers
}
