#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What users report of containers of Docker, under Debian's dockerd with its runc: bulkhead explain, told the container's id, finds
# who refused it, and what it names in Docker's words makes it work.

load engines

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}
CAUSES=${CAUSES:-$ROOT_OF_TREE/build/native/tests/explain/causes}

setup_file() {
	engine_base
	mkdir "$BASE/fuse"
	echo below > "$BASE/fuse/f"
	busybox_root "$BASE/box"
	cp "$CAUSES" "$BASE/box/bin/causes"
	# Programs of this machine run in it, where its /usr is mounted.
	ln -s usr/lib "$BASE/box/lib"
	ln -s usr/lib64 "$BASE/box/lib64"
	echo '{}' > "$BASE/daemon.json"
	start_dockerd
	d load --input "$(box_archive box)"
}

teardown_file() { end_dockerd; }

# refused CALL CAUSE WORDS [FLAGS…] -- COMMAND…: in a container that explain is attached to by the id that Docker prints.
refused() {
	local call=$1 cause=$2 words=$3 id explain flags=()
	shift 3
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	shift
	id=$(d run --detach --network none "${flags[@]}" localhost/box sleep 1000)
	"$BULKHEAD" explain --json "${id:0:12}" > "$BASE/records" 2> "$BASE/errors" 3>&- 4>&- &
	explain=$!
	wait_for 60 grep -q "^explain: watching ${id:0:12}" "$BASE/errors"
	d exec "$id" "$@" || true
	kill -INT "$explain"
	wait "$explain"
	d rm --force "$id" >/dev/null
	RECORD=$(jq -cs --arg call "$call" '[.[] | select(.call == $call and .type == "refusal" and .command != "runc")] | last' \
		"$BASE/records")
	echo "$call: $(jq -r '"\(.error) \(.cause) (\(.certainty)): \(.because) | \(.try["podman, docker"])"' <<<"$RECORD")"
	tail -n 2 "$BASE/errors"
	[[ $(jq -r .cause <<<"$RECORD") =~ ^($cause)$ ]]
	[ "$(jq -r .certainty <<<"$RECORD")" = certain ]
	[[ $(jq -r '.try["podman, docker"]' <<<"$RECORD") == *"$words"* ]]
}
works() {
	local flags=()
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	shift
	d run --rm --network none "${flags[@]}" localhost/box "$@"
}

@test "docker: a mount, which its own filter allows to whom it gives the capability" {
	refused mount 'seccomp-(default|argument)' "--cap-add SYS_ADMIN, where the filter is the engine's own" -- mount -t tmpfs x /tmp
	[[ $(jq -r .config <<<"$RECORD") == */config.json ]]
	[[ $(jq -r .rule <<<"$RECORD") == "#/linux/seccomp/"* ]]
	works --cap-add SYS_ADMIN -- mount -t tmpfs x /tmp
}

@test "docker: a low port" {
	local bind=(env CAUSES_MODE=call CAUSES_DIR=/tmp causes cap-low-port)
	refused bind low-port "--sysctl net.ipv4.ip_unprivileged_port_start=81" --cap-drop ALL \
		--sysctl net.ipv4.ip_unprivileged_port_start=1024 -- "${bind[@]}"
	works --cap-drop ALL --cap-add NET_BIND_SERVICE --sysctl net.ipv4.ip_unprivileged_port_start=1024 -- "${bind[@]}"
	works --cap-drop ALL --sysctl net.ipv4.ip_unprivileged_port_start=81 -- "${bind[@]}"
}

@test "docker: a write below /proc/sys" {
	refused openat read-only-path "--sysctl NAME=VALUE" -- sh -c 'echo 1 > /proc/sys/kernel/shm_rmid_forced'
	[ "$(works --sysctl kernel.shm_rmid_forced=1 -- cat /proc/sys/kernel/shm_rmid_forced)" = 1 ]
}

FUSE='fuse-overlayfs -f -o lowerdir=/l,upperdir=/u,workdir=/w /m & pid=$!
	i=0; until [ -e /m/f ] || ! kill -0 $pid || [ $((i += 1)) -gt 100 ]; do sleep 0.1; done
	echo new > /m/g && cat /m/f /u/g; status=$?; umount /m; exit $status'
@test "docker: a fuse mount: its device, then the mount; with both a real one works" {
	[ -c /dev/fuse ] || skip "this kernel has no /dev/fuse"
	local box=(-v /usr:/usr:ro -v "$BASE/fuse:/l:ro" --tmpfs /u --tmpfs /w --tmpfs /m -e PATH=/bin:/usr/bin)
	refused openat device-cgroup "--device /dev/fuse" -- sh -c 'mknod /dev/fuse c 10 229; cat /dev/fuse'
	refused mount 'seccomp-(default|argument)' "--cap-add SYS_ADMIN" --device /dev/fuse "${box[@]}" -- sh -c "$FUSE"
	[ "$(works --device /dev/fuse --cap-add SYS_ADMIN "${box[@]}" -- sh -c "$FUSE" | tr '\n' ' ')" = "below new " ]
}
