#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mandates: what the runtime-spec asks for and runtimes commonly miss, as far as no other file of tests holds it
# (docs/conformance.md has the table).

load helpers

setup() { common_setup; b=$(bundle); id=$(new_id); }
teardown() { common_teardown; }

@test "mandate 4: hook paths are the runtime's for createContainer, the container's for startContainer" {
	printf '#!/bin/sh\necho host >> %s/who\n' "$WORK" > "$WORK/hook"; chmod +x "$WORK/hook"
	edit "$b" '.root.readonly = false | .hooks = {createContainer: [{path: $path}]}' --arg path "$WORK/hook"
	oci run -b "$b" "$id"
	[ "$(cat "$WORK/who")" = host ]
	edit "$b" '.hooks = {startContainer: [{path: $path}]}' --arg path "$WORK/hook"
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "/hooks/startContainer/0"
	leftovers
}

@test "mandate 7: unknown properties and annotations are ignored, at every level" {
	edit "$b" '.nosuch = {a: 1} | .process.nosuch = [] | .linux.nosuch = "x" | .linux.resources.nosuch = {b: 2} | .root.nosuch = 1
		| .annotations = {"com.example.nosuch": "yes"} | .mounts[0].nosuch = true | .linux.resources.memory.nosuch = 4'
	oci run -b "$b" "$id"
	leftovers
}

@test "mandate 8: delete removes neither a joined namespace nor its mount" {
	unshare -n sleep 600 & holder=$!
	wait_for 5 eval "[ \"\$(readlink /proc/$holder/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	touch "$WORK/netns"; mount --bind "/proc/$holder/ns/net" "$WORK/netns"; kill $holder
	edit "$b" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)' --arg path "$WORK/netns"
	args "$b" sleep 600
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	oci delete --force "$id"
	nsenter --net="$WORK/netns" true
	umount "$WORK/netns"
	leftovers
}

@test "mandate 10: without oomScoreAdj the score is the caller's; consoleSize without a terminal is ignored" {
	edit "$b" 'del(.process.oomScoreAdj) | .process.consoleSize = {height: 70000, width: "wide"} | .process.terminal = false'
	args "$b" cat /proc/self/oom_score_adj
	echo 321 > "/proc/$BASHPID/oom_score_adj"
	[ "$(oci run -b "$b" "$id")" = 321 ]
	leftovers
}

@test "mandate 11: a device file that is there and another one is refused; links in /dev only to what exists" {
	edit "$b" '.root.readonly = false | .mounts |= map(select(.destination | startswith("/dev") | not))'
	mkdir -p "$b/rootfs/dev"
	mknod "$b/rootfs/dev/zero" c 1 3
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says /dev/zero
	leftovers
	rm "$b/rootfs/dev/zero"
	touch "$b/rootfs/dev/zero"
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says /dev/zero
	leftovers
	rm -rf "$b/rootfs/dev"; mkdir "$b/rootfs/dev"
	args "$b" sh -c 'test -L /dev/fd && test -c /dev/zero'
	oci run -b "$b" "$(new_id)"
	edit "$b" '.mounts |= map(select(.type != "proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	rm -rf "$b/rootfs/dev"; mkdir "$b/rootfs/dev"
	args "$b" sh -c 'test ! -L /dev/fd && test ! -L /dev/stdout && test -c /dev/null'
	oci run -b "$b" "$(new_id)"
	leftovers
}

# bats test_tags=kernel
@test "mandate 12: unified with a controller that is missing is an error, and names it" {
	edit "$b" '.linux.resources.unified = {"nosuch.max": "1"}'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says nosuch "/linux/resources/unified"
	leftovers
}

# What a seccomp agent does: takes connections, each with one message; prints them as lines of JSON, and says whether the
# connection was closed behind it.
agent() { # agent SOCKET COUNT
	/usr/bin/python3 - "$1" "$2" <<-'PYTHON'
	import array, json, os, socket, sys
	listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
	listener.bind(sys.argv[1])
	listener.listen(4)
	for _ in range(int(sys.argv[2])):
	    connection, _ = listener.accept()
	    data, control, flags, _ = connection.recvmsg(65536, socket.CMSG_SPACE(16))
	    fds = array.array("i", control[0][2])
	    state = json.loads(data)
	    state["got"] = [os.readlink(f"/proc/self/fd/{fd}") for fd in fds]
	    state["closed"] = connection.recv(1) == b""
	    print(json.dumps(state), flush=True)
	    for fd in fds:
	        os.close(fd)
	PYTHON
}

@test "seccomp: a call that no profile can name does not exist, where the default error is the usual one" {
	printf '#include <errno.h>\n#include <unistd.h>\nint main(void) { return syscall(1000) ? errno : 0; }\n' > "$WORK/call.c"
	gcc -static -o "$b/rootfs/call" "$WORK/call.c"
	args "$b" /call
	edit "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", syscalls: [{action: "SCMP_ACT_ALLOW",
		names: ["execve", "brk", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "readlinkat",
			"getrandom", "mprotect", "exit_group", "newfstatat"]}]}'
	run oci run -b "$b" "$id"
	[ "$status" -eq 38 ]
	# Another error than EPERM is somebody's wish.
	edit "$b" '.linux.seccomp.defaultErrnoRet = 6'
	run oci run -b "$b" "$(new_id)"
	[ "$status" -eq 6 ]
	leftovers
}

# bats test_tags=kernel
@test "mandate 13: the seccomp listener gets the container's state, its metadata and one descriptor, once a filter" {
	edit "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $path, listenerMetadata: "some: data",
		syscalls: [{names: ["acct"], action: "SCMP_ACT_NOTIFY"}]}' --arg path "$WORK/agent"
	args "$b" sleep 600
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says "$WORK/agent"
	leftovers
	agent "$WORK/agent" 2 > "$WORK/received" & agent=$!
	wait_for 5 test -S "$WORK/agent"
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/err"
	oci exec "$id" true
	wait $agent
	jq -es '.[0] | .fds == ["seccompFd"] and .closed and .metadata == "some: data" and (.got | length == 1)
		and (.got[0] | contains("seccomp notify")) and .ociVersion and .state.id == $id and .state.pid == .pid
		and (.state.status | IN("creating", "created")) and .state.bundle == $bundle' \
		--arg id "$id" --arg bundle "$b" "$WORK/received"
	jq -es '.[1] | .state.status == "running" and .pid != .state.pid' "$WORK/received"
	oci delete --force "$id"
	leftovers
}

@test "mandate 16: a relative destination is taken as from the root" {
	mkdir "$WORK/source"; echo here > "$WORK/source/file"
	edit "$b" '.root.readonly = false | .mounts += [{destination: "srv/data", type: "none", source: $source, options: ["rbind"]}]' --arg source "$WORK/source"
	args "$b" cat /srv/data/file
	[ "$(cd / && oci run -b "$b" "$id")" = here ]
	leftovers
}

@test "a created container without a process is told by start, and poststop runs" {
	edit "$b" "del(.process) | .hooks.poststop = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo stop >> $WORK/order\"]}]"
	oci create -b "$b" "$id" </dev/null >/dev/null 2>&1
	run oci start "$id"
	assert_fails 1
	assert_says "/process"
	oci delete --force "$id"
	[ "$(cat "$WORK/order")" = stop ]
	leftovers
}

@test "a pid file on a full disk" {
	mkdir "$WORK/full"
	mount -t tmpfs -o size=4k tmpfs "$WORK/full"
	dd if=/dev/zero of="$WORK/full/fill" bs=4096 count=1 2>/dev/null
	args "$b" sleep 600
	run oci create --pid-file "$WORK/full/pid" -b "$b" "$id" </dev/null
	left=$(ls -A "$WORK/full")
	umount "$WORK/full"
	assert_fails 1
	assert_says "$WORK/full/pid" "No space left"
	[ "$left" = fill ]
	leftovers
}

@test "a state file cut short, and one of a future version" {
	args "$b" sleep 600
	for change in 'head -c 100' 'jq -c ".version = 99"'; do
		id=$(new_id)
		oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
		pid=$(oci state "$id" | jq .pid)
		cp "$STATE/$id/state.json" "$WORK/whole"
		eval "$change" < "$WORK/whole" > "$STATE/$id/state.json"
		run oci state "$id"
		assert_fails 1
		assert_says state.json "delete --force"
		oci list >/dev/null
		cp "$WORK/whole" "$STATE/$id/state.json"
		oci delete --force "$id"
		# Ended, if not yet waited for by whoever that falls to.
		[ ! -e "/proc/$pid" ] || grep -q ') Z ' "/proc/$pid/stat"
	done
	leftovers
}

@test "the systemd helper alone, and where no systemd answers" {
	helper=${BULKHEAD_SYSTEMD:-$ROOT_OF_TREE/build/native/bulkhead-systemd}
	[ -x "$helper" ] || helper=/usr/local/libexec/bulkhead/bulkhead-systemd
	[ -x "$helper" ] || skip "bulkhead-systemd is not built (libsystemd-dev)"
	run "$helper" </dev/null
	[ "$status" -eq 2 ]
	assert_says "helper of bulkhead-oci"
	# A request of the right size for a user's manager that is not there; then one that is cut short.
	run /usr/bin/python3 - "$helper" "$WORK" <<-'PYTHON'
	import socket, struct, subprocess, sys
	def ask(request):
	    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	    process = subprocess.Popen([sys.argv[1]], stdin=theirs, env={})
	    theirs.close()
	    ours.send(request)
	    return ours.recv(65536), process.wait()
	PROPERTY = 40 + 4 + 4 + 8 + 1024
	head = struct.pack("<IIiI128s256s256s300s", 0x424b5331, 3, 0, 0, sys.argv[2].encode(), b"x.scope", b"", b"")
	size = len(head) + -len(head) % 8 + 16 * PROPERTY
	answer, status = ask(head.ljust(size, b"\0"))
	print(status, answer[8:48].split(b"\0")[0].decode(), answer[48:348].split(b"\0")[0].decode())
	answer, status = ask(head)
	print(status, len(answer))
	PYTHON
	[ "${lines[0]%% nobody*}" = "0 connect" ]
	[[ ${lines[0]} == *"$WORK"* ]]
	[ "${lines[1]}" = "3 0" ]
}
