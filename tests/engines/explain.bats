#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What users report of containers that are refused something, under Debian's podman with its crun and runc: bulkhead explain
# finds who refused it, and what it names in podman's words makes it work.

load engines

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}
CAUSES=${CAUSES:-$ROOT_OF_TREE/build/native/tests/explain/causes}
PROFILE=/usr/share/containers/seccomp.json

setup_file() {
	engine_base
	export CONTAINERS_CONF=$BASE/containers.conf
	podman_conf > "$CONTAINERS_CONF"
	mkdir -p "$BASE"/{root,run,tmp,data}
	busybox_root "$BASE/box"
	cp "$CAUSES" "$BASE/box/bin/causes"
	# Programs of this machine run in it, where its /usr is mounted.
	ln -s usr/lib "$BASE/box/lib"
	ln -s usr/lib64 "$BASE/box/lib64"
	# A program that becomes root, and what only root may read.
	install -m 4755 "$CAUSES" "$BASE/box/bin/raised"
	install -D -m 600 /dev/null "$BASE/box/only/secret"
	tar -C "$BASE/box" -c . | pm import -q - localhost/box
	mkdir "$BASE/fuse"
	echo below > "$BASE/fuse/f"
	echo text > "$BASE/data/f"
	chown 1234:1234 "$BASE/data/f"
	chmod 600 "$BASE/data/f"
	jq '.syscalls = [{names: ["io_uring_setup", "perf_event_open", "keyctl", "ptrace"], action: "SCMP_ACT_ALLOW", args: []}]
		+ .syscalls' "$PROFILE" > "$BASE/wide.json"
	jq 'def drop: .syscalls |= (map(.names -= ["clone3", "ptrace", "keyctl"]) | map(select(.names | length > 0)));
		drop | .defaultErrnoRet = 1 | .defaultErrno = "EPERM"' "$PROFILE" > "$BASE/old.json"
}

teardown_file() {
	pm rm --all --force --time 0 >/dev/null
	nothing_left
	rm -rf "$BASE"
}

# What this machine asks for: no systemd, no journal, limits that a root without CAP_SYS_RESOURCE may set.
podman_conf() {
	printf '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n[containers]\nnetns = "none"\nlog_driver = "k8s-file"\n'
	printf 'default_ulimits = ["nofile=%s:%s", "nproc=4096:4096"]\n' "$(ulimit -Hn)" "$(ulimit -Hn)"
}

pm() {
	local podman=(podman --root "$BASE/root" --runroot "$BASE/run" --tmpdir "$BASE/tmp" --storage-driver vfs "$@")
	# Debian's crun refuses hosts whose cgroup2 stands beside version 1.
	if mountpoint -q /sys/fs/cgroup/unified; then
		podman=(unshare -m sh -c 'umount /sys/fs/cgroup/unified; exec "$@"' sh "${podman[@]}")
	fi
	"${WRAP[@]}" "${podman[@]}" 3>&- 4>&-
}

# With -i, and so a pipe as standard input: crun gives what stands there to the container's root, be it the host's /dev/null.
# refused CALL CAUSE WORDS [FLAGS…] -- COMMAND…: it is refused, for this reason, and podman's remedy has these words.
refused() {
	local call=$1 cause=$2 words=$3 record WRAP=("$BULKHEAD" explain --json --)
	shift 3
	local flags=()
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	shift
	pm --runtime "$RUNTIME_NAME" run --rm -i "${flags[@]}" localhost/box "$@" > "$BASE/records" 2> "$BASE/errors" || true
	record=$(grep '^{' "$BASE/records" | jq -cs --arg call "$call" --arg runtime "$RUNTIME_NAME" '[.[] | select(.call == $call
		and .type == "refusal" and ([.command] | inside(["podman", "conmon", $runtime]) | not))] | last')
	echo "$RUNTIME_NAME: $call: $(jq -r '"\(.error) \(.cause) (\(.certainty)): \(.because)"' <<<"$record")"
	tail -n 2 "$BASE/errors"
	[[ $(jq -r .cause <<<"$record") =~ ^($cause)$ ]]
	[ "$(jq -r .certainty <<<"$record")" = certain ]
	[[ $(jq -r '.try["podman, docker"]' <<<"$record") == *"$words"* ]]
	RECORD=$record
}
# works [FLAGS…] -- COMMAND…
works() {
	local flags=()
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	shift
	pm --runtime "$RUNTIME_NAME" run --rm -i "${flags[@]}" localhost/box "$@"
}
with_each_runtime() { # COMMAND: with crun, and with runc
	for RUNTIME_NAME in crun runc; do "$@"; done
}
setup() { RUNTIME_NAME=crun WRAP=(); }

mount_proc() {
	local open=(--security-opt seccomp=unconfined --cap-add SYS_ADMIN)
	refused mount proc-covered "unmask=ALL" "${open[@]}" -- unshare -Urmpf mount -t proc proc /proc
	works "${open[@]}" --security-opt unmask=ALL -- unshare -Urmpf mount -t proc proc /proc
}
@test "a procfs in a nested container: the outer one's masks are in the way" { with_each_runtime mount_proc; }

@test "setgroups where the groups were mapped without privilege; with a range of them it works" {
	local open=(--security-opt seccomp=unconfined --cap-add SYS_ADMIN)
	refused setgroups setgroups-denied "/etc/subgid" "${open[@]}" -- unshare -Ur causes syscall 116 0 0
	works --uidmap 0:100000:1000 --gidmap 0:100000:1000 -- causes syscall 116 0 0
}

ping_raw() {
	refused socket ping "--cap-add NET_RAW" --cap-drop ALL -- causes syscall 41 2 3 1
	works --cap-drop ALL --cap-add NET_RAW -- causes syscall 41 2 3 1
	works --cap-drop ALL --sysctl net.ipv4.ping_group_range="0 2147483647" -- causes syscall 41 2 2 1
}
@test "ping without raw sockets" { with_each_runtime ping_raw; }

low_port() {
	local bind=(env CAUSES_MODE=call CAUSES_DIR=/tmp causes cap-low-port)
	refused bind low-port "--sysctl net.ipv4.ip_unprivileged_port_start=81" --cap-drop ALL -- "${bind[@]}"
	works --cap-drop ALL --cap-add NET_BIND_SERVICE -- "${bind[@]}"
	works --cap-drop ALL --sysctl net.ipv4.ip_unprivileged_port_start=81 -- "${bind[@]}"
}
@test "a low port" { with_each_runtime low_port; }

# Engines give capabilities to root: another user has those that are added by name from podman, and from Docker none.
low_port_user() {
	local bind=(env CAUSES_MODE=call CAUSES_DIR=/tmp causes cap-low-port)
	refused bind low-port "--cap-add NET_BIND_SERVICE (in Docker for root alone), or --sysctl" --user 1000 -- "${bind[@]}"
	works --user 1000 --cap-add NET_BIND_SERVICE -- "${bind[@]}"
	works --user 1000 --sysctl net.ipv4.ip_unprivileged_port_start=81 -- "${bind[@]}"
}
@test "a low port, as another user than root" { with_each_runtime low_port_user; }

set_id() {
	local read=(env CAUSES_MODE=call CAUSES_INSIDE=1 CAUSES_DIR=/only raised no-new-privs)
	refused openat no-new-privs "without --security-opt no-new-privileges" --user 1000 --security-opt no-new-privileges -- "${read[@]}"
	works --user 1000 -- "${read[@]}"
}
@test "a set-id program under no_new_privs" { with_each_runtime set_id; }

clone3_old() {
	local call=(env CAUSES_MODE=call CAUSES_DIR=/tmp causes seccomp-clone3)
	refused clone3 'seccomp-(default|rule)' "--security-opt seccomp=FILE" --security-opt seccomp="$BASE/old.json" -- "${call[@]}"
	[ "$(jq -r .error <<<"$RECORD")" = EPERM ]
	[[ $(jq -r .rule <<<"$RECORD") == "#/linux/seccomp/"* ]]
	works --security-opt seccomp="$PROFILE" -- "${call[@]}"
}
@test "clone3 under a profile that is older than it: EPERM, where the kernel's own no is ENOSYS" {
	with_each_runtime clone3_old
	RUNTIME_NAME=crun WRAP=("$BULKHEAD" explain --json --)
	works --security-opt seccomp=unconfined -- causes syscall 500 > "$BASE/records" 2>/dev/null || true
	[ "$(grep '^{' "$BASE/records" | jq -rs '[.[] | select(.error == "ENOSYS" and .command == "causes")] | last | .cause')" = \
		not-implemented ]
}

@test "chown of an id that is not mapped" {
	refused chown id-unmapped "--uidmap" --uidmap 0:100000:1000 --gidmap 0:100000:1000 -- chown 5000 /tmp
	works --uidmap 0:100000:65536 --gidmap 0:100000:65536 -- chown 5000 /tmp
}

proc_sys() {
	refused openat read-only-path "--sysctl NAME=VALUE" -- sh -c 'echo 1 > /proc/sys/kernel/shm_rmid_forced'
	[ "$(works --sysctl kernel.shm_rmid_forced=1 -- cat /proc/sys/kernel/shm_rmid_forced)" = 1 ]
}
@test "a write below /proc/sys" { with_each_runtime proc_sys; }

# A process of another user, which root without the capability may not trace.
ATTACH='su -s /bin/sh adm -c "exec sleep 100" & pid=$!; until grep -q "^Uid:.3" /proc/$pid/status && grep -q sleep /proc/$pid/comm
	do :; done; causes syscall 101 16 $pid 0 0; status=$?; kill -KILL $pid; exit $status'
tracing() {
	refused ptrace 'capability|yama' "--cap-add SYS_PTRACE" -- sh -c "$ATTACH"
	works --cap-add SYS_PTRACE -- sh -c "$ATTACH"
	refused ptrace seccomp-default "--security-opt seccomp=FILE" --security-opt seccomp="$BASE/old.json" -- \
		causes syscall 101 16 1 0 0
	works --security-opt seccomp="$BASE/wide.json" --cap-add SYS_PTRACE -- sh -c "$ATTACH"
}
@test "ptrace: of another user's process, and under a profile that leaves it out" { with_each_runtime tracing; }

wide_open() {
	for call in "io_uring_setup 425 1 0" "perf_event_open 298 0 0 -1 -1 0" "keyctl 250 0 0"; do
		read -r name numbers <<<"$call"
		# shellcheck disable=SC2086
		refused "$name" 'seccomp-(default|rule)' "--security-opt seccomp=FILE" --security-opt seccomp="$BASE/old.json" -- \
			causes syscall $numbers
		[[ $(jq -r .config <<<"$RECORD") == */config.json ]]
		# shellcheck disable=SC2086
		works --security-opt seccomp="$BASE/wide.json" -- causes syscall $numbers
	done
}
@test "io_uring, perf and keyctl: refused by the profile, with the place of its rule" { with_each_runtime wide_open; }

# fuse-overlayfs of this machine, as a program of the image, mounts and its files are read and written.
FUSE='fuse-overlayfs -f -o lowerdir=/l,upperdir=/u,workdir=/w /m & pid=$!
	i=0; until [ -e /m/f ] || ! kill -0 $pid || [ $((i += 1)) -gt 100 ]; do sleep 0.1; done
	echo new > /m/g && cat /m/f /u/g; status=$?; umount /m; exit $status'
fuse() {
	local box=(-v /usr:/usr:ro -v "$BASE/fuse:/l:ro" --tmpfs /u --tmpfs /w --tmpfs /m -e PATH=/bin:/usr/bin)
	refused openat device-cgroup "--device /dev/fuse" --cap-add MKNOD -- sh -c 'mknod /dev/fuse c 10 229; cat /dev/fuse'
	works --device /dev/fuse -- sh -c 'exec 3<>/dev/fuse'
	refused mount 'seccomp-(default|rule)|capability' "--cap-add SYS_ADMIN" --device /dev/fuse "${box[@]}" -- sh -c "$FUSE"
	[ "$(works --device /dev/fuse --cap-add SYS_ADMIN "${box[@]}" -- sh -c "$FUSE" | tr '\n' ' ')" = "below new " ]
}
@test "a fuse mount: its device, and the mount; with both a real one works" {
	[ -c /dev/fuse ] || skip "this kernel has no /dev/fuse"
	with_each_runtime fuse
}

other_uid() {
	refused openat dac "--user UID:GID" -v "$BASE/data:/data" --user 1000 -- cat /data/f
	[[ $(jq -r .because <<<"$RECORD") == *"/data/f has mode 0600 and owner 1234:1234; the process is 1000:"* ]]
	[ "$(works -v "$BASE/data:/data" --user 1234 -- cat /data/f)" = text ]
}
@test "a file from the host that belongs to another uid" { with_each_runtime other_uid; }
