#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead run --profile: every layer holds, for the program, for what exec adds, and never for more than without it.
load helpers

setup() {
	common_setup
	BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}
	cd "$BATS_TEST_TMPDIR"
	# What usual programs call, without two that the tests look at.
	jq '{version: 1, rules: {syscalls: {names: [.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[] |
		select(. != "mkdir" and . != "mkdirat")] | unique}}}' /usr/share/containers/seccomp.json >calls.json ||
		skip "no list of system calls (golang-github-containers-common)"
	jq '.rules += {capabilities: {"CAP_CHOWN": ""}, proc: ["/proc/self/status"], sys: [], devices: ["/dev/null"],
		files: {read: ["/usr/**", "/lib/**", "/lib64/**", "/etc/ld.so.cache"], write: ["/tmp/out"],
			execute: ["/usr/bin/*"]},
		limits: {pids: 50, RLIMIT_NOFILE: 99}}' calls.json >p.json
}

teardown() {
	[ -z "${NAME:-}" ] || "$BULKHEAD" rm -f "$NAME" >/dev/null 2>&1 || true
	common_teardown
}

@test "files, calls, procfs, sysfs, devices, capabilities and limits: what the profile names works, the rest is refused" {
	run "$BULKHEAD" run --cap-add ALL --profile p.json host /bin/sh -c '
		cat /etc/passwd || echo read
		echo hi >/tmp/out && cat /tmp/out
		mkdir /tmp/made
		ls /sys || echo sys
		cat /dev/zero || echo zero
		echo x >/dev/null || echo null
		cat /proc/kallsyms
		grep -E "^(NoNewPrivs|Seccomp|CapBnd):" /proc/self/status
		ulimit -n'
	echo "$output"
	[[ $output == *'/etc/passwd: Permission denied'*read*hi* ]]
	[[ $output == *"'/tmp/made': Function not implemented"* ]]
	[[ $output == *$'\nsys\n'* && $output == *$'\nzero\n'* ]]
	[[ $output == *'CapBnd:'*0000000000000001* && $output == *'NoNewPrivs:'*1* && $output == *'Seccomp:'*2* ]]
	[ "${lines[-1]}" = 99 ]
	# The same without the profile: each was there to be refused.
	run "$BULKHEAD" run host /bin/sh -c 'cat /etc/passwd && mkdir /tmp/made && ls /sys && head -c1 /dev/zero'
	[ "$status" -eq 0 ]
}

@test "a program that the profile does not name is not executed, and arguments of calls are compared" {
	jq '.rules.files.execute = ["/usr/bin/dash"]' p.json >few.json
	run "$BULKHEAD" run --profile few.json host /bin/sh -c '/usr/bin/true || echo refused'
	[[ $output == *refused* ]]
	jq '.rules.syscalls.socket = {"0x1:0x1": ""}' calls.json >unix.json
	run "$BULKHEAD" run --profile unix.json host python3 -c '
import socket
socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
try:
	socket.socket(socket.AF_INET, socket.SOCK_STREAM)
except OSError as e:
	print(e)'
	[[ $output == *'Function not implemented'* ]]
	[[ $output != *Traceback* ]]
}

@test "TCP ports: bound and connected to only where the profile names them; none at all is no network" {
	jq '.rules.network = {"listen": [7777], "connect": [7777]}' calls.json >ports.json
	run "$BULKHEAD" run --profile ports.json host python3 -c '
import socket
kept = []
for port in 7777, 7778:
	s = socket.socket()
	kept.append(s)
	try:
		s.bind(("127.0.0.1", port))
		s.listen()
		print(port, "bound")
	except OSError as e:
		print(port, e.strerror)
for port in 7777, 7778:
	try:
		socket.create_connection(("127.0.0.1", port))
		print(port, "connected")
	except OSError as e:
		print(port, e.strerror)'
	echo "$output"
	[ "${lines[0]}" = '7777 bound' ]
	[ "${lines[1]}" = '7778 Permission denied' ]
	[ "${lines[2]}" = '7777 connected' ]
	[ "${lines[3]}" = '7778 Permission denied' ]
	jq '.rules.network = {"listen": [], "connect": []}' calls.json >offline.json
	run "$BULKHEAD" run --net host --profile offline.json host readlink /proc/self/ns/net
	[ "$status" -eq 0 ]
	[ "$output" != "$(readlink /proc/self/ns/net)" ]
}

@test "a profile gives nothing: what run alone refuses stays refused" {
	jq '.rules.syscalls.names |= (. + ["mkdir", "mkdirat", "bpf", "mount"] | unique) | .rules.capabilities = {"CAP_SYS_ADMIN": ""}
		| .rules.files.write += ["/usr/**"] | .rules.limits = {"RLIMIT_NOFILE": 99999999}' p.json >more.json
	run "$BULKHEAD" run --ulimit nofile=90 --profile more.json host /bin/sh -c '
		grep CapBnd /proc/self/status; ulimit -n; touch /usr/x; mount -t tmpfs none /tmp'
	echo "$output"
	[[ $output == *0000000000000000* ]]
	[[ $output == *$'\n90\n'* ]]
	[[ $output == *'Read-only file system'* ]]
	[[ $output == *'mount:'* ]]
	[ "$status" -ne 0 ]
}

@test "exec stays below the profile, with and without init" {
	local init
	for init in true false; do
		NAME=$(new_id)
		"$BULKHEAD" run -d --init=$init --name "$NAME" --profile p.json host sleep 60
		run "$BULKHEAD" exec "$NAME" /bin/sh -c 'cat /etc/passwd || echo read; mkdir /tmp/made; ulimit -n
			grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status'
		echo "$output"
		[[ $output == *'/etc/passwd: Permission denied'*read* ]]
		[[ $output == *'Function not implemented'* ]]
		[[ $output == *$'\n99\n'* && $output == *'NoNewPrivs:'*1* && $output == *'Seccomp:'*2* ]]
		"$BULKHEAD" rm -f "$NAME"
	done
	NAME=
}

@test "plan prints the profile's part; a broken one ends the verb before anything is made" {
	run "$BULKHEAD" plan --profile p.json host true
	[[ $output == *'allow reading of /usr and what is below'* ]]
	[[ $output == *'restrict files and ports with Landlock'* ]]
	jq '.rules.files.raed = []' p.json >bad.json
	run "$BULKHEAD" run --profile bad.json host true
	[ "$status" -eq 125 ]
	[[ $output == *'bad.json#/rules/files/raed'* ]]
	run "$BULKHEAD" run --profile none.json host true
	[ "$status" -eq 125 ]
	[[ $output == *none.json* ]]
}
