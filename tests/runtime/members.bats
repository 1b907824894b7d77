#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# members: parts of the runtime-spec that few configs have: devices of the host's network, CPUs of an exec, classes of
# cache and bandwidth, scheduling; and callers that do not answer.

load helpers

setup() { common_setup; b=$(bundle); id=$(new_id); link=bk$((RANDOM % 9000 + 1000)); }
teardown() { ip link del "${link}a" 2>/dev/null || true; common_teardown; }

# A pair of devices; the namespace of a container that has ended may hold one for a moment longer.
make_link() {
	ip link add "${link}a" type veth peer name "${link}b"
	ip address add 10.77.88.99/24 dev "${link}a"
	ip -6 address add fd77:88::99/64 dev "${link}a" nodad 2>/dev/null || true
	ip link set "${link}a" mtu 1333 up
}
has_inside() { # has_inside PATTERN: what `ip address` says of the container's network
	grep -q -- "$1" "$WORK/inside" || { cat "$WORK/inside"; return 1; }
}
start() { oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }

@test "net devices: moved, renamed, up, with their addresses and their MTU" {
	make_link
	args "$b" sleep 600
	edit "$b" ".linux.netDevices = {\"${link}a\": {name: \"eth7\"}}"
	start
	pid=$(oci state "$id" | jq .pid)
	nsenter -t "$pid" -n ip address > "$WORK/inside"
	has_inside ' eth7@.*UP.* mtu 1333 '
	has_inside 'inet 10.77.88.99/24 '
	[ ! -e /proc/sys/net/ipv6 ] || has_inside 'inet6 fd77:88::99/64 '
	run ! ip link show "${link}a"
	oci delete --force "$id"
	leftovers
}

# bats test_tags=kernel
@test "net devices: into a user namespace, and into a joined namespace" {
	make_link
	args "$b" sleep 600
	chmod 711 "$WORK"
	edit "$b" ".linux.netDevices = {\"${link}a\": {}} | .linux.namespaces += [{type: \"user\"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings"
	start
	nsenter -t "$(oci state "$id" | jq .pid)" -n ip address > "$WORK/inside"
	has_inside " ${link}a@.*UP"
	oci delete --force "$id"
	wait_for 10 eval "! ip link show ${link}b"
	make_link
	unshare -n sleep 600 & holder=$!
	wait_for 5 eval "[ \"\$(readlink /proc/$holder/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	edit "$b" 'del(.linux.uidMappings, .linux.gidMappings)
		| .linux.namespaces |= map(select(.type != "user") | if .type == "network" then .path = $path else . end)' \
		--arg path "/proc/$holder/ns/net"
	id=$(new_id)
	start
	nsenter -t $holder -n ip address > "$WORK/inside"
	kill $holder
	has_inside 'inet 10.77.88.99/24 '
	oci delete --force "$id"
	leftovers
}

@test "net devices: a name that is missing, and one that is taken" {
	edit "$b" '.linux.netDevices = {"nosuchdev0": {}}'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says nosuchdev0 "/linux/netDevices/nosuchdev0"
	make_link
	edit "$b" ".linux.netDevices = {\"${link}a\": {name: \"lo\"}}"
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says "has a lo already" "/linux/netDevices/${link}a"
	ip address show "${link}a" | grep -q 10.77.88.99/24
	leftovers
}

@test "net devices: they go back as they were when the container cannot be made" {
	make_link
	edit "$b" ".linux.netDevices = {\"${link}a\": {name: \"eth7\"}}
		| .hooks.createRuntime = [{path: \"/bin/false\"}]"
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says createRuntime
	ip address show "${link}a" > "$WORK/inside"
	has_inside 'UP.* mtu 1333 '
	has_inside 'inet 10.77.88.99/24 '
	[ ! -e /proc/sys/net/ipv6 ] || has_inside 'inet6 fd77:88::99/64 '
	leftovers
}

@test "exec: on the CPUs of execCPUAffinity, and the container's first process on all" {
	[ "$(nproc)" -gt 1 ] || skip "this machine has one CPU"
	args "$b" sleep 600
	edit "$b" '.process.execCPUAffinity = {initial: "0", final: "1"}'
	start
	grep -q '^Cpus_allowed_list:.*-' "/proc/$(oci state "$id" | jq .pid)/status"
	[ "$(oci exec "$id" grep Cpus_allowed_list /proc/self/status | cut -f2)" = 1 ]
	jq '.process | .args = ["grep", "Cpus_allowed_list", "/proc/self/status"] | .execCPUAffinity = {initial: "0"}' \
		"$b/config.json" > "$WORK/process.json"
	[[ $(oci exec --process "$WORK/process.json" "$id" | cut -f2) == 0-* ]]
	jq '.execCPUAffinity = {final: "4000"}' "$WORK/process.json" > "$WORK/other.json"
	run oci exec --process "$WORK/other.json" "$id"
	assert_fails 255
	assert_says "/execCPUAffinity" online
	oci delete --force "$id"
	leftovers
}

# bats test_tags=kernel
@test "intelRdt: without resctrl the refusal says what is missing" {
	[ "$(stat -f -c %t /sys/fs/resctrl 2>/dev/null)" != 7655821 ] || skip "resctrl is mounted here"
	edit "$b" '.linux.intelRdt = {closID: "guaranteed", schemata: ["L3:0=f"]}'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says /sys/fs/resctrl "/linux/intelRdt"
	leftovers
}

@test "process: scheduler, I/O priority, personality and memory policy arrive" {
	args "$b" sh -c 'cut -d" " -f19 /proc/self/stat; cat /proc/self/personality 2>/dev/null; cat /proc/self/numa_maps; sleep 600'
	edit "$b" '.process.scheduler = {policy: "SCHED_BATCH", nice: 7} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}
		| .linux.personality = {domain: "LINUX32"}'
	[ -e /proc/self/numa_maps ] && edit "$b" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
	oci run --detach -b "$b" "$id" </dev/null >"$WORK/out" 2>&1
	pid=$(oci state "$id" | jq .pid)
	chrt -p "$pid" | grep -q SCHED_BATCH
	ionice -p "$pid" | grep -q 'best-effort: prio 6'
	nsenter -t "$pid" -m -r uname -m > "$WORK/machine" 2>/dev/null || true
	wait_for 5 grep -qx 7 "$WORK/out"
	[ ! -e "/proc/$pid/personality" ] || grep -q 8 "/proc/$pid/personality"
	[ ! -e /proc/self/numa_maps ] || wait_for 5 grep -q 'bind:0' "$WORK/out"
	oci delete --force "$id"
	leftovers
}

@test "a session keyring of its own, or with --no-new-keyring the caller's" {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers of the calls are x86_64's"
	edit "$b" 'del(.linux.seccomp) | .mounts += [{type: "bind", source: "/usr", destination: "/usr", options: ["rbind", "ro"]}]'
	ln -s usr/lib usr/lib64 "$b/rootfs/"
	# keyctl(KEYCTL_SEARCH) in the session keyring
	args "$b" /usr/bin/python3 -c \
		"import ctypes; print('found' if ctypes.CDLL(None).syscall(250, 10, -3, b'user', b'$id', 0) > 0 else 'nothing')"
	# keyctl(KEYCTL_JOIN_SESSION_KEYRING), add_key; then what follows
	cat > "$WORK/with-key" <<-'SCRIPT'
		import ctypes, os, sys
		libc = ctypes.CDLL(None)
		assert libc.syscall(250, 1, None) > 0
		assert libc.syscall(248, b"user", sys.argv[1].encode(), b"x", 1, -3) > 0
		os.execv(sys.argv[2], sys.argv[2:])
	SCRIPT
	run /usr/bin/python3 "$WORK/with-key" "$id" "$OCI" --root "$STATE" run -b "$b" "$id"
	[ "$output" = nothing ]
	run /usr/bin/python3 "$WORK/with-key" "$id" "$OCI" --root "$STATE" run --no-new-keyring -b "$b" "$id"
	[ "$output" = found ]
}

@test "preserve-fds: the caller's descriptors arrive, in their order" {
	args "$b" sh -c 'cat <&3; cat <&4; test ! -e /proc/self/fd/5 || echo more'
	[ "$(oci run --preserve-fds 2 -b "$b" "$id" 3< <(echo three) 4< <(echo four) 5</dev/null)" = "three
four" ]
	leftovers
}

@test "a hook that floods its output keeps its timeout" {
	edit "$b" '.hooks.createRuntime = [{path: "/usr/bin/yes", timeout: 1}]'
	run timeout 60 "$OCI" --root "$STATE" run -b "$b" "$id"
	assert_fails 1
	assert_says "/hooks/createRuntime/0" second
	edit "$b" '.hooks = {createContainer: [{path: "/bin/sh", args: ["sh", "-c", "yes long lines | head -c 50000000; exit 3"]}]}'
	run timeout 60 "$OCI" --root "$STATE" run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "exit status 3"
	[ ${#output} -lt 2000 ]
	leftovers
}

# A socket whose queue is full, and who never takes anything out of it; or, with `takes`, who takes what comes, reads what
# `reads` says of it, and never answers.
mute_listener() { # mute_listener SOCKET [takes [reads]]
	/usr/bin/python3 - "$@" <<-'PYTHON' &
	import signal, socket, sys
	listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
	listener.bind(sys.argv[1])
	listener.listen(0)
	waiting = []
	for _ in range(0 if "takes" in sys.argv else 2):
	    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
	    client.setblocking(False)
	    try:
	        client.connect(sys.argv[1])
	    except BlockingIOError:
	        break
	    waiting.append(client)
	open(sys.argv[1] + ".full", "w").close()
	while "takes" in sys.argv:
	    waiting.append(listener.accept()[0])
	    if "reads" in sys.argv:
	        waiting.append(socket.recv_fds(waiting[-1], 65536, 1))
	signal.pause()
	PYTHON
	mute+=($!)
	wait_for 5 test -e "$1.full"
}

@test "sockets: not there" {
	edit "$b" '.process.terminal = true'
	run oci create --console-socket "$WORK/none" -b "$b" "$id"
	assert_fails 1
	assert_says "$WORK/none" "something must listen"
	edit "$b" '.process.terminal = false'
	run oci create --pidfd-socket "$WORK/none" -b "$b" "$id"
	assert_fails 1
	assert_says "$WORK/none"
	leftovers
	edit "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $p,
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}' --arg p "$WORK/none"
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says "$WORK/none"
	leftovers
}

@test "sockets: whoever listens stays mute: each is told in time, and nothing is left" {
	local name mute=()
	args "$b" sleep 600
	cp -a "$b" "$WORK/console"; edit "$WORK/console" '.process.terminal = true'
	cp -a "$b" "$WORK/filter"
	edit "$WORK/filter" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $p,
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}' --arg p "$WORK/filter.sock"
	cp -a "$WORK/filter" "$WORK/call"
	edit "$WORK/call" '.linux.seccomp |= (.listenerPath = $p | .syscalls[0].names = ["execve"])' --arg p "$WORK/call.sock"
	for name in pidfd console filter; do mute_listener "$WORK/$name.sock"; done
	mute_listener "$WORK/call.sock" takes reads
	mute_listener "$WORK/deaf.sock" takes
	# A terminal that nobody reads from: no reply is awaited.
	oci create --console-socket "$WORK/deaf.sock" -b "$WORK/console" "${id}deaf" </dev/null
	oci delete --force "${id}deaf"
	oci create -b "$WORK/filter" "${id}filter" </dev/null >/dev/null 2>&1
	oci create -b "$WORK/call" "${id}call" </dev/null >/dev/null 2>&1
	# All of them wait at one time.
	waits=(
		"pidfd|create --pidfd-socket $WORK/pidfd.sock -b $b ${id}pidfd|within 10 seconds"
		"console|create --console-socket $WORK/console.sock -b $WORK/console ${id}console|within 10 seconds"
		"filter|start ${id}filter|within 10 seconds"
		"run|run -b $WORK/filter ${id}run|within 10 seconds"
		"call|start ${id}call|for 10 seconds"
	)
	for wait in "${waits[@]}"; do
		IFS='|' read -r name command words <<<"$wait"
		(status=0; timeout -s KILL 60 "$OCI" --root "$STATE" $command </dev/null >/dev/null 2>"$WORK/$name.err" || status=$?
			echo "$status" > "$WORK/$name.status") &
	done
	wait $(jobs -p | grep -v -x -F "$(printf '%s\n' "${mute[@]}")")
	kill "${mute[@]}"
	for wait in "${waits[@]}"; do
		IFS='|' read -r name command words <<<"$wait"
		status=$(cat "$WORK/$name.status") output=$(cat "$WORK/$name.err")
		assert_fails 1
		assert_says .sock "$words"
	done
	# Of a filter that nobody answers for, nothing runs.
	for name in filter call; do
		[ "$(oci state "$id$name" | jq -r .status)" = stopped ]
		oci delete "$id$name"
	done
	leftovers
}
