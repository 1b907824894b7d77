#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead learn of an ordinary user: a supervisor of system calls watches, and the profile is one to run under.
load ../runtime/helpers

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
	cd "$WORK"
}
teardown() {
	common_teardown
}

@test "rootless: learned without privilege, a program runs under its profile, and what it did not do is refused" {
	program='
import json, os, signal, socket, subprocess, sys, tempfile, threading
s = socket.socket()
s.bind(("127.0.0.1", 7803))
s.listen()
socket.create_connection(("127.0.0.1", 7803))
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
with tempfile.NamedTemporaryFile() as file:
	file.write(b"x")
os.mkdir("/tmp/d")
open("/tmp/d/a", "w").close()
os.rename("/tmp/d/a", "/tmp/d/b")
os.unlink("/tmp/d/b")
os.rmdir("/tmp/d")
open("/tmp/script", "w").write("#!/bin/sh\nexit 0\n")
os.chmod("/tmp/script", 0o700)
subprocess.run(["/tmp/script"], check=True)
if os.fork() == 0:
	signal.signal(signal.SIGUSR1, signal.SIG_DFL)
	os.kill(os.getpid(), signal.SIGUSR1)
os.wait()
print(open("/proc/self/comm").read().strip(), flush=True)
if len(sys.argv) > 1:
	for attempt in (lambda: open("/etc/services"), lambda: os.kill(os.getpid(), signal.SIGUSR2),
	                lambda: socket.socket().bind(("127.0.0.1", 7804)), lambda: subprocess.run(["/usr/bin/id"])):
		try:
			attempt()
			print("done")
		except OSError as e:
			print("refused")'
	run --separate-stderr "${BK[@]}" learn -o p.json host -- python3 -c "$program"
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$output" = python3 ]
	[[ $stderr == *'tier rootless (it needs no privilege)'*' 0 events lost'* ]]
	jq -e '.evidence | .complete and .verified and (.notes[0] == "seen with tier rootless") and (.notes[1] | test("io_uring"))' p.json
	jq -e '.rules | .network == {"listen": [7803], "connect": [7803]} and .signals == ["SIGUSR1"] and .namespaces == [] and
		.capabilities == {} and .proc == ["/proc/self/comm"] and (.syscalls.names | length < 130)' p.json
	jq -e '.rules.files.execute | index("/tmp/*")' p.json
	for i in 1 2 3; do
		run --separate-stderr "${BK[@]}" run --profile p.json host python3 -c "$program"
		echo "$stderr"
		[ "$status" -eq 0 ]
		[ "$output" = python3 ]
	done
	run --separate-stderr "${BK[@]}" run --profile p.json host python3 -c "$program" more
	echo "$output"
	[ "${lines[1]}" = refused ]
	[ "${lines[2]}" = refused ]
	[ "${lines[4]}" = refused ]
	leftovers
}

@test "rootless: traced, what was refused is not in the profile; threads, children, jobs that stop and signals go their way" {
	run --separate-stderr timeout 60 "${BK[@]}" learn --tier ptrace -o t.json host -- python3 -c '
import os, signal, subprocess, sys, threading
for attempt in lambda: os.mkdir("/usr/refused"), lambda: open("/etc/none"):
	try:
		attempt()
	except OSError:
		pass
threads = [threading.Thread(target=lambda n=n: open("/tmp/made%d" % n, "w").close()) for n in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
child = subprocess.Popen(["sleep", "100"])
child.send_signal(signal.SIGSTOP)
assert os.WIFSTOPPED(os.waitpid(child.pid, os.WUNTRACED)[1])
child.send_signal(signal.SIGCONT)
child.send_signal(signal.SIGTERM)
assert child.wait() == -15
print("done", flush=True)
os.kill(os.getpid(), signal.SIGKILL)'
	echo "$stderr"
	[ "$status" -eq 137 ]
	[ "$output" = done ]
	[[ $stderr == *'tier rootless (traced, it needs no privilege)'* ]]
	jq -e '.evidence | .complete and .verified and (.notes[1] | test("what is done"))' t.json
	jq -e '.rules | .signals == ["SIGCONT", "SIGKILL", "SIGSTOP", "SIGTERM"] and
		(.files.write == ["/tmp/made0", "/tmp/made1", "/tmp/made2", "/tmp/made3"]) and
		(.files.execute | index("/usr/bin/sleep"))' t.json
	leftovers
}

@test "rootless: learn of what is not there writes nothing; two runs are merged; a signal ends the program" {
	run -127 "${BK[@]}" learn -o none.json host -- nosuch
	[ ! -e none.json ]
	"${BK[@]}" learn -o a.json host -- cat /etc/passwd >/dev/null
	"${BK[@]}" learn -o a.json --merge a.json host -- ls /etc >/dev/null
	jq -e '.evidence.runs == 2 and (.rules.files.execute | index("/usr/bin/cat") and index("/usr/bin/ls"))' a.json
	"${BK[@]}" learn -o b.json host -- sh -c 'trap "exit 9" TERM; mkfifo /tmp/f; echo ready; while :; do :; done' >out 2>err &
	pid=$!
	wait_for 10 grep -q ready out
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	cat err
	[ "$status" -eq 9 ]
	jq -e '.evidence.complete and (.rules.files.write | index("/tmp/f"))' b.json
	leftovers
}

@test "rootless: the memory of a program that ends at once is its own, not the machine's" {
	local attempt
	for attempt in 1 2 3 4 5 6 7 8; do
		"${BK[@]}" learn --no-verify -o m.json host -- true
		[ "$(jq '.rules.limits.memory // 0' m.json)" -lt 1000000000 ]
	done
}
