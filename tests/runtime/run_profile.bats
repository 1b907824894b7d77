#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead run --profile: every layer holds, for the program, for what exec adds, and never for more than without it.
load helpers

setup() {
	common_setup
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

# The ABI of this kernel's Landlock (landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION).
landlock_abi() {
	/usr/bin/python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1))'
}

teardown() {
	[ -z "${NAME:-}" ] || "$BULKHEAD" rm -f "$NAME" >/dev/null 2>&1 || true
	common_teardown
}

# bats test_tags=kernel
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
	[[ $output == *'/etc/passwd'*'Permission denied'*read*hi* ]]
	[[ $output == *"'/tmp/made': Function not implemented"* ]]
	[[ $output == *$'\nsys\n'* && $output == *$'\nzero\n'* ]]
	[[ $output == *'CapBnd:'*0000000000000001* && $output == *'NoNewPrivs:'*1* && $output == *'Seccomp:'*2* ]]
	[ "${lines[-1]}" = 99 ]
	# The same without the profile: each was there to be refused.
	run "$BULKHEAD" run host /bin/sh -c 'cat /etc/passwd && mkdir /tmp/made && ls /sys && head -c1 /dev/zero'
	[ "$status" -eq 0 ]
}

# bats test_tags=kernel
@test "devices alone, and limits of the cgroup: what is not named is out of reach, and so is more memory" {
	echo '{"version": 1, "rules": {"devices": ["/dev/null", "/dev/urandom"], "limits": {"memory": 50000000, "pids": 20}}}' >d.json
	run "$BULKHEAD" run --profile d.json host /bin/sh -c '
		head -c1 /dev/zero | wc -c
		head -c1 /dev/urandom | wc -c
		echo x >/dev/null && echo null
		python3 -c "bytearray(200000000)"
		echo $?
		i=0; while [ $i -lt 30 ]; do sleep 5 & i=$((i + 1)); done'
	echo "$output"
	mapfile -t lines < <(grep -v '^bulkhead: warning' <<<"$output") # a kernel may lack an ABI of Landlock
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = 1 ]
	[ "${lines[2]}" = null ]
	[[ $output == *$'\n137\n'* && ${lines[-1]} == *fork* ]]
	[ "$("$BULKHEAD" run host /bin/sh -c 'head -c1 /dev/zero | wc -c')" = 1 ]
}

@test "a program that the profile does not name is not executed, and arguments of calls are compared" {
	jq --arg sh "$(realpath /bin/sh)" '.rules.files.execute = [$sh]' p.json >few.json
	run "$BULKHEAD" run --profile few.json host /bin/sh -c '/usr/bin/true || echo refused'
	[[ $output == *refused* ]]
	# It may be executed though nothing else may be read: it needs no rule for reading itself and its loader.
	jq '.rules.files |= (.read = ["/usr/lib/**", "/etc/ld.so.cache"] | .execute = ["/usr/bin/true"])' p.json >true.json
	"$BULKHEAD" run --profile true.json host true
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

# bats test_tags=kernel
@test "a program that the profile does not name: the reason is the profile, with and without its list of calls" {
	local filter
	for filter in . 'del(.rules.syscalls)' '.rules.syscalls.names -= ["newfstatat", "stat", "statx", "fstatat64", "stat64"]'; do
		jq "$filter | .rules.files.execute = [\"/usr/bin/sh\"]" p.json >other.json
		run -126 "$BULKHEAD" run --profile other.json host /usr/bin/env true
		echo "$output"
		[[ $output == *'permission denied'*'the containment profile does not let it'*rules.files.execute* ]]
	done
	# What other reasons there are is said as without a profile.
	run -126 "$BULKHEAD" run --profile p.json host /usr
	[[ $output == *'it is a directory'* ]]
}

# bats test_tags=kernel
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
	if [ "$(landlock_abi)" -ge 4 ]; then
		[ "$output" = $'7777 bound\n7778 Permission denied\n7777 connected\n7778 Permission denied' ]
	else
		# What the kernel cannot hold is told, and the rest is held.
		[[ $output == *'does not restrict TCP ports: that needs ABI 4'* ]]
		[[ $output == *$'7777 bound\n7778 bound\n7777 connected\n7778 connected' ]]
	fi
	jq '.rules.network = {"listen": [], "connect": []}' calls.json >offline.json
	run "$BULKHEAD" run --net host --profile offline.json host readlink /proc/self/ns/net
	[ "$status" -eq 0 ]
	[ "$output" != "$(readlink /proc/self/ns/net)" ]
}

# bats test_tags=kernel
@test "signals: only those that the profile names are sent, with and without a list of calls" {
	local list
	cat >signals.py <<-'END'
		import os, signal, ctypes
		libc = ctypes.CDLL(None, use_errno=True)
		child = os.fork()
		if child == 0:
		    signal.pause()
		def attempt(word, *call):
		    print(word, "sent" if libc.syscall(*call) == 0 else os.strerror(ctypes.get_errno()))
		attempt("ask", 62, child, 0)
		attempt("cont", 62, child, int(signal.SIGCONT))
		attempt("hup", 62, child, int(signal.SIGHUP))
		attempt("tgkill", 234, child, child, int(signal.SIGHUP))
		attempt("pidfd", 424, os.pidfd_open(child), int(signal.SIGHUP), 0, 0)
		attempt("term", 62, child, int(signal.SIGTERM))
		print("ended by", os.WTERMSIG(os.waitpid(child, 0)[1]))
	END
	for list in calls.json none.json; do
		echo '{"version": 1, "rules": {}}' >none.json
		jq '.rules.signals = ["SIGCONT", "SIGTERM"]' $list >signals.json
		run "$BULKHEAD" run --profile signals.json -v "$PWD/signals.py:/signals.py:ro" host python3 /signals.py
		echo "$output"
		[ "$output" = $'ask sent\ncont sent\nhup Function not implemented\ntgkill Function not implemented
pidfd Function not implemented\nterm sent\nended by 15' ]
	done
}

@test "namespaces: only those that the profile names are made, and threads and processes go on being made" {
	local list
	cat >namespaces.py <<-'END'
		import ctypes, os, threading
		libc = ctypes.CDLL(None, use_errno=True)
		thread = threading.Thread(target=lambda: print("thread"))
		thread.start()
		thread.join()
		print("process", os.waitpid(os.spawnlp(os.P_NOWAIT, "true", "true"), 0)[1])
		for word, flag in ("uts", 0x4000000), ("net", 0x40000000), ("both", 0x44000000):
		    if os.fork() == 0:
		        done = libc.unshare(flag) == 0
		        print(word, "made" if done else os.strerror(ctypes.get_errno()), flush=True)
		        os._exit(0)
		    os.wait()
		# clone with a stack of its own is not wanted: a child in the caller's, as fork(2) makes it
		for word, flag in ("clone uts", 0x4000000), ("clone net", 0x40000000):
		    pid = libc.syscall(56, flag | 17, 0, 0, 0, 0)
		    if pid == 0:
		        os._exit(0)
		    print(word, "made" if pid > 0 else os.strerror(ctypes.get_errno()), flush=True)
	END
	for list in calls.json none.json; do
		echo '{"version": 1, "rules": {}}' >none.json
		jq '.rules.namespaces = ["uts"]' $list >namespaces.json
		run "$BULKHEAD" run --cap-add SYS_ADMIN --security-opt seccomp=unconfined --profile namespaces.json \
			-v "$PWD/namespaces.py:/n.py:ro" host python3 -u /n.py
		echo "$output"
		[ "${output#*program, even in a user namespace$'\n'}" = $'thread\nprocess 0\nuts made\nnet Function not implemented\nboth Function not implemented
clone uts made\nclone net Function not implemented' ]
	done
}

@test "the network of the host: its abstract sockets are out of reach where the profile restricts connections" {
	[ "$(landlock_abi)" -ge 6 ] || skip "this kernel's Landlock has no scopes (ABI 6)"
	jq '.rules.network = {"connect": [1]}' calls.json >connect.json
	cat >abstract.py <<-'END'
		import socket, sys
		other = socket.socket(socket.AF_UNIX)
		try:
		    other.connect("\0" + sys.argv[1])
		    print("connected")
		except OSError as e:
		    print(e.strerror)
		own = socket.socket(socket.AF_UNIX)
		own.bind("\0" + sys.argv[1] + ".own")
		own.listen()
		socket.socket(socket.AF_UNIX).connect("\0" + sys.argv[1] + ".own")
		print("own")
	END
	run python3 - "$BULKHEAD" "$PWD" <<-'END'
		import socket, subprocess, sys
		listener = socket.socket(socket.AF_UNIX)
		name = "bulkhead-test-%d" % listener.fileno() + sys.argv[2]
		listener.bind("\0" + name)
		listener.listen()
		for profile in ("calls.json", "connect.json"):
		    subprocess.run([sys.argv[1], "run", "--net", "host", "--profile", profile, "-v",
		        sys.argv[2] + "/abstract.py:/a.py:ro", "host", "python3", "/a.py", name], check=True)
	END
	echo "$output"
	[ "$output" = $'connected\nown\nOperation not permitted\nown' ]
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
		[[ $output == *'/etc/passwd'*'Permission denied'*read* ]]
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
