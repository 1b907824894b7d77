#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead learn, as root: what programs do becomes a profile under which they run and which refuses what they did not do.
load helpers

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
	cd "$WORK"
}
teardown() {
	local name
	for name in "${NAMES[@]}"; do "${BK[@]}" rm -f "$name" >/dev/null 2>&1 || true; done
	common_teardown
}

# learn FILE WORD…: learn WORD… in the host's programs, complete.
learn() {
	"${BK[@]}" learn -o "$1" host -- "${@:2}" >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/out" "$WORK/err"; return 1; }
	[ "$(jq .evidence.complete "$1")" = true ] || { cat "$WORK/err"; return 1; }
}
# has FILE RULE ENTRY: the rule (files.read) has the entry, in a list or as a key.
has() {
	jq -e --arg entry "$3" ".rules.$2 | if type == \"array\" then map(tostring) else keys end | index(\$entry)" "$1" >/dev/null
}
# The helper alone holds the programs in the kernel: with it they go.
no_programs_of() { [ ! -d "/proc/$1" ]; }
interrupted() { # another signal, until it has ended
	kill -INT "$1" 2>/dev/null && return 1
	return 0
}

@test "learn python3: under the profile it works, run after run; what it did not do is refused" {
	program='
import json, socket, subprocess, tempfile, threading
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
with tempfile.NamedTemporaryFile() as file: file.write(b"x")
subprocess.run(["uname"], check=True)
server = socket.create_server(("127.0.0.1", 8081)); client = socket.create_connection(("127.0.0.1", 8081))
open("/proc/self/status").read()
print("done")'
	learn p.json python3 -c "$program"
	for run in 1 2 3; do
		run "${BK[@]}" run --profile p.json host python3 -c "$program"
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *done ]]
	done
	run "${BK[@]}" run --profile p.json host python3 -c '
import os, socket
for what in lambda: open("/etc/passwd"), lambda: os.symlink("a", "/tmp/b"), lambda: socket.create_server(("127.0.0.1", 8082)), \
	lambda: socket.socket(socket.AF_NETLINK), lambda: os.execv("/usr/bin/id", ["id"]):
	try:
		what()
		print("allowed")
	except OSError as e:
		print(e.strerror)'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *allowed* ]]
	[ "${#lines[@]}" -eq 5 ]
	leftovers
}

@test "learn sqlite3 and a shell with a compiler: files that are made, removed and executed" {
	learn sql.json sqlite3 /tmp/x.db 'create table t(a); insert into t values(1); delete from t; vacuum; select 7;'
	run "${BK[@]}" run --profile sql.json host sqlite3 /tmp/x.db 'create table t(a); insert into t values(1); delete from t; vacuum; select 7;'
	[ "$output" = 7 ]
	run "${BK[@]}" run --profile sql.json host sqlite3 /tmp/x.db '.shell id'
	[[ $output != *uid=* ]]
	command -v gcc >/dev/null || return 0
	program='cd /tmp && echo "int main(){return 7;}" >a.c && gcc a.c && ./a.out'
	run "${BK[@]}" learn -o gcc.json host -- sh -c "$program"
	[ "$status" -eq 7 ]
	run "${BK[@]}" run --profile gcc.json host sh -c "$program"
	echo "$output"
	[ "$status" -eq 7 ]
}

@test "learn: what is made, truncated and read in one run is there in the next, beside files that are removed" {
	program='cd /tmp; : >other; rm other; n=0
		until echo "PONG $n" >pong 2>&1 && grep -q 2 pong; do n=$((n + 1)); done
		mkdir -p d/e; echo text >d/e/f; cat d/e/f pong'
	learn m.json sh -ec "$program"
	[ "$(jq .evidence.verified m.json)" = true ]
	has m.json files.write '/tmp/*'
	run "${BK[@]}" run --profile m.json host sh -ec "$program"
	echo "$output"
	[ "$output" = $'text\nPONG 2' ]
}

@test "learn nginx: it serves under the profile" {
	command -v nginx >/dev/null || skip "nginx is not installed"
	cat >nginx.conf <<-'END'
		user root; daemon off; error_log stderr; pid /tmp/pid; events {}
		http { access_log off; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f;
			uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s; server { listen 127.0.0.1:8088; root /srv; } }
	END
	mkdir srv
	echo served >srv/index.html
	program='nginx -p /tmp -c /etc/n.conf & for i in $(seq 100); do curl -s http://127.0.0.1:8088/ && break; sleep 0.1; done
		kill -QUIT $!; wait $!'
	with=(-v "$WORK/nginx.conf:/etc/n.conf:ro" -v "$WORK/srv:/srv:ro" host)
	run "${BK[@]}" learn -o n.json "${with[@]}" -- bash -c "$program"
	echo "$output"
	[[ $output == *served* ]]
	has n.json network.listen 8088
	has n.json signals SIGQUIT
	run "${BK[@]}" run --profile n.json "${with[@]}" bash -c "$program"
	echo "$output"
	[[ $output == *served* ]]
}

@test "learn: nothing of the runtime is in it, and what the program did is, with its arguments" {
	learn true.json true
	for call in mount umount2 pivot_root unshare setns clone3 sethostname fchownat mkdirat seccomp; do
		run ! jq -e --arg call "$call" '.rules.syscalls.names | index($call)' true.json
	done
	[ "$(jq -c '[.rules.files.execute, .rules.files.write, .rules.capabilities, .rules.namespaces]' true.json)" = \
		'[["/usr/bin/true"],[],{},[]]' ]
	learn p.json python3 -c '
import ctypes, fcntl, os, resource, signal, socket
c = ctypes.CDLL(None)
c.prctl(29, 50000); c.personality(0)
fcntl.fcntl(os.pipe()[0], fcntl.F_GETPIPE_SZ)
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.sendto(b"x", ("::1", 5353)); socket.socket(socket.AF_UNIX).bind("/tmp/socket")
resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096))
signal.signal(signal.SIGUSR1, signal.SIG_IGN); os.kill(os.getpid(), signal.SIGUSR1)
open("/dev/zero").close(); open("/sys/devices/system/cpu/cpu0/uevent").close(); open("/proc/%d/comm" % os.getpid()).close()'
	has p.json syscalls.prctl 0x1d
	has p.json syscalls.personality 0x0
	has p.json syscalls.fcntl 0x408
	[ "$(jq -r '.rules.syscalls.fcntl["0x408"]' p.json)" = F_GETPIPE_SZ ]
	has p.json syscalls.socket 0xa:0x2
	has p.json syscalls.setsockopt 0x1:0x2
	has p.json network.connect 5353
	has p.json signals SIGUSR1
	has p.json devices /dev/zero
	has p.json sys '/sys/devices/system/cpu/cpu*/uevent'
	has p.json proc /proc/self/comm
	has p.json files.write /tmp/socket
	[ "$(jq '.rules.limits.RLIMIT_CORE' p.json)" = 4096 ]
	[ "$(jq '.rules.limits.memory > 10000000' p.json)" = true ]
	leftovers
}

@test "learn: capabilities with the call that needs them, and not those that the kernel only asks about" {
	run "${BK[@]}" learn -o c.json --cap-add ALL host -- sh -c 'chown 1:1 /tmp; hostname other; ls -l /proc/self/fd/ >/dev/null'
	echo "$output"
	[ "$(jq -c '.rules.capabilities' c.json)" = '{"CAP_CHOWN":"fchownat","CAP_SYS_ADMIN":"sethostname"}' ]
	run "${BK[@]}" learn -o c.json --cap-add ALL host -- sh -c 'cat /etc/passwd; seq 1000 | sort -R | head -n 1'
	[ "$(jq -c '.rules.capabilities' c.json)" = '{}' ]
	# A namespace of the program's own gives power that the container has not.
	run "${BK[@]}" learn -o c.json --security-opt seccomp=unconfined host -- unshare -Ur hostname other
	[ "$(jq -c '.rules.capabilities' c.json)" = '{}' ]
}

@test "learn: a program of 32 bits: its calls with their arguments, also behind socketcall and ipc, and what no filter compares is said" {
	gcc -m32 -nostdlib -static -fno-stack-protector -fno-pie -o compat "$BATS_TEST_DIRNAME/compat.c"
	local with=(--security-opt seccomp=unconfined -v "$WORK/compat:/compat:ro" host) tier
	run "${BK[@]}" run "${with[@]}" /compat
	[ "$status" -ne 126 ] || skip "this kernel runs no programs of 32 bits"
	for tier in tracepoints rootless ptrace; do
		"${BK[@]}" learn --tier "$tier" -o c.json "${with[@]}" -- /compat >out 2>err || { cat out err; false; }
		jq -c . c.json
		[ "$(jq -c '[.evidence.complete, .evidence.verified, .rules.syscalls.architectures]' c.json)" = '[true,true,["i386"]]' ]
		[ "$(jq -c '.rules.syscalls | [.fcntl, .ipc, .personality, .setsockopt, (.socket | keys), .socketcall]' c.json)" = \
			'[{"0x408":"F_GETPIPE_SZ"},{"0xd":"msgget"},{"0xffffffff":""},{"0x1:0x2":"SO_REUSEADDR"},["0x2:0x1","0xa:0x2"],'\
'{"0x1":"socket","0x2":"bind","0x4":"listen","0xe":"setsockopt"}]' ]
		[ "$(jq -c '.rules | [.signals, .files.read, .files.write, .network.listen, .limits.RLIMIT_CORE]' c.json)" = \
			'[["SIGUSR1"],["/etc/passwd"],["/tmp/made"],[8099],4096]' ]
		has c.json syscalls.prctl 0x1d
		has c.json syscalls.ioctl 0x5413
		jq -e '.evidence.notes | map(select(startswith("socketcall, by the 32-bit entry"))) | length == 1' c.json
		run -0 "${BK[@]}" run --profile c.json "${with[@]}" /compat more
		[ "$output" = $'in memory: socketcall\ndone' ]
	done
	# Neither the options nor a profile that does not name the architecture let it run.
	jq 'del(.rules.syscalls.architectures)' c.json >native.json
	run -159 "${BK[@]}" run --profile native.json "${with[@]}" /compat
	run -159 "${BK[@]}" run --profile c.json -v "$WORK/compat:/compat:ro" host /compat
	# Which learning and explaining say.
	run -159 "${BK[@]}" learn --no-verify -o d.json -v "$WORK/compat:/compat:ro" host -- /compat
	[[ $output == *'not complete: a filter of the sandbox ended the program'*'32 bits'* ]]
	[ "$(jq .evidence.complete d.json)" = false ]
	run "${BK[@]}" run --explain -v "$WORK/compat:/compat:ro" host /compat
	[[ $output == *'does not list the architecture i386'* ]]
	run "${BK[@]}" run --explain --profile native.json "${with[@]}" /compat
	echo "$output"
	[[ $output == *'the containment profile of the container does not list the architecture i386'* ]]
	rm -r "$STATE/@explain"
	leftovers
}

@test "learn: several runs are merged, and --json is for scripts" {
	learn a.json cat /etc/passwd
	"${BK[@]}" learn -o b.json --merge a.json --json host -- cat /etc/group >out.json 2>err
	[ "$(tail -n 1 out.json | jq -c '[.profile, .complete, .missing, .lost]')" = '["b.json",true,[],0]' ]
	[ "$(tail -n 1 out.json | jq '.counts["syscalls.names"] > 20 and .calls > 20')" = true ]
	has b.json files.read /etc/passwd
	has b.json files.read /etc/group
	[ "$(jq .evidence.runs b.json)" = 2 ]
	"${BK[@]}" run --profile b.json host cat /etc/passwd /etc/group >/dev/null
	# Not a terminal: no live view. Without -o the profile is on standard output.
	run ! grep -q $'\r' err
	"${BK[@]}" learn host -- true | jq -e '.rules.files.execute == ["/usr/bin/true"]' >/dev/null
}

@test "learn: what is executed in the container from outside meanwhile is in the profile, and its runtime's calls are not" {
	"${BK[@]}" learn --no-verify --name learned -o e.json host -- sh -c 'touch /tmp/up; until [ -e /tmp/done ]; do sleep 0.05; done' \
		2>err &
	local learn=$!
	NAMES+=(learned)
	wait_for 20 "${BK[@]}" exec learned test -e /tmp/up
	"${BK[@]}" exec learned sh -c 'uname -r; readlink /etc/mtab || :; cat /etc/shells'
	"${BK[@]}" exec learned touch /tmp/done
	wait "$learn"
	has e.json files.execute /usr/bin/uname
	has e.json files.read /etc/shells
	for call in setns unshare mount capset setresuid seccomp; do
		run ! jq -e --arg call "$call" '.rules.syscalls.names | index($call)' e.json
	done
	leftovers
}

@test "learn: names that /etc/hosts has for an address that is connected to" {
	printf '127.0.0.7 db.example store # no.example\n127.0.0.8 other.example\n' >hosts
	"${BK[@]}" learn --no-verify -v "$WORK/hosts:/etc/hosts:ro" -o h.json host -- python3 -c '
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("store", 5300))'
	[ "$(jq -c '[.rules.network.connect, .rules.network.names]' h.json)" = '[[5300],["db.example","store"]]' ]
}

@test "learn --attach: by name, pid and cgroup; it ends with --for, with a signal, and when the container vanishes" {
	id=$(new_id)
	NAMES+=("$id")
	"${BK[@]}" run -d --name "$id" host sh -c 'while :; do cat /etc/group >/dev/null; sleep 0.1; done' >/dev/null 2>&1
	pid=$("${BK[@]}" inspect "$id" | jq '.[0].pid')
	cgroup=$(awk -F: '$2 == "pids" { print "/sys/fs/cgroup/pids" $3 } $1 == 0 { v2 = "/sys/fs/cgroup" $3 }
		END { if (v2) print v2 }' "/proc/$pid/cgroup" | head -n 1)
	for word in "$id" "$pid" "$cgroup"; do
		for attempt in 1 2 3 4 5; do
			"${BK[@]}" learn --attach "$word" --for 1s -o at.json 2>err
			cat err
			if has at.json files.read /etc/group; then break; fi
		done
		has at.json files.read /etc/group
		has at.json files.execute /usr/bin/cat
		[ "$(jq .evidence.complete at.json)" = false ]
		grep -q 'not complete: what .* did before' err
	done
	"${BK[@]}" learn --attach "$id" -o sig.json 2>sig.err &
	learn=$!
	wait_for 20 grep -q 'watching' sig.err
	kill -TERM "$learn"
	wait "$learn"
	[ "$(jq .evidence.lost sig.json)" = 0 ]
	"${BK[@]}" learn --attach "$id" -o gone.json 2>gone.err &
	learn=$!
	wait_for 20 grep -q 'watching' gone.err
	helper=$(pgrep -P "$learn" -x bulkhead-observ)
	"${BK[@]}" rm -f "$id" >/dev/null
	wait "$learn"
	has gone.json files.execute /usr/bin/cat || [ "$(jq '.evidence.lost' gone.json)" = 0 ]
	wait_for 20 no_programs_of "$helper"
	leftovers
}

@test "learn: a program that forks thousands of processes, and one that ends at once" {
	count=3000
	[ -z "${BULKHEAD_LONG:-}" ] || count=10000
	learn forks.json python3 -c "
import os
for i in range($count):
	pid = os.fork()
	if pid == 0: os._exit(0)
	os.waitpid(pid, 0)"
	[ "$(jq ".evidence.events > $count" forks.json)" = true ]
	[ "$(jq .evidence.lost forks.json)" = 0 ]
	for run in 1 2 3 4 5; do
		learn "once$run.json" true
		has "once$run.json" files.execute /usr/bin/true
		has "once$run.json" files.read '/usr/lib/x86_64-linux-gnu/*.so*'
	done
	leftovers
}

@test "learn: a program that never ends gets the signal, and is ended by the second; the profile is there" {
	"${BK[@]}" learn -o s.json host -- sh -c 'trap "" INT; echo begun; while :; do sleep 0.1; done' >out 2>err &
	learn=$!
	wait_for 20 grep -q begun out
	helper=$(pgrep -P "$learn" -x bulkhead-observ)
	grep -q '^prog_id:' /proc/"$helper"/fdinfo/*
	wait_for 20 interrupted "$learn"
	wait "$learn" || [ $? -eq 137 ]
	[ "$(jq .evidence.complete s.json)" = true ]
	has s.json files.execute /usr/bin/sleep
	wait_for 20 no_programs_of "$helper"
	# When learn itself is killed nothing stays attached, and the container ends.
	"${BK[@]}" learn -o k.json host -- sh -c 'echo begun; while :; do sleep 0.1; done' >out2 2>err &
	learn=$!
	wait_for 20 grep -q begun out2
	helper=$(pgrep -P "$learn" -x bulkhead-observ)
	kill -KILL "$learn"
	wait "$learn" || true
	wait_for 20 no_programs_of "$helper"
	wait_for 20 leftovers
}

@test "learn: paths with newlines, invalid UTF-8 and pattern characters" {
	learn n.json python3 -c '
import os
for name in b"/tmp/new\nline", b"/tmp/bad\xff", b"/tmp/st*r", b"/tmp/" + b"l" * 250: open(name, "w").close()
os.mkdir("/tmp/d"); os.symlink("/tmp/d", "/tmp/link"); os.mkdir("/tmp/link/made")'
	"${BK[@]}" profile check n.json
	has n.json files.write '/tmp/new?line'
	has n.json files.write '/tmp/bad?'
	has n.json files.write '/tmp/st\*r'
	has n.json files.write "/tmp/$(printf 'l%.0s' $(seq 250))"
	has n.json files.write /tmp/d/made
}

@test "learn: what it is not given, and what is missing, is said" {
	run "${BK[@]}" learn
	[ "$status" -eq 125 ]
	[[ $output == *'a source is missing'*'bulkhead learn host -- COMMAND'* ]]
	run "${BK[@]}" learn host
	[[ $output == *'a command is missing'* ]]
	run "${BK[@]}" learn --attach 1 host true
	[[ $output == *'exclude each other'* ]]
	run "${BK[@]}" learn -d host true
	[[ $output == *'learn --attach'* ]]
	run "${BK[@]}" learn --profile x host true
	[[ $output == *'cannot be learnt'*'--merge'* ]]
	run "${BK[@]}" learn --explain host true
	[[ $output == *'run --explain'* ]]
	run "${BK[@]}" learn --attach none-such
	[ "$status" -eq 125 ]
	[[ $output == *'there is no container "none-such"'* ]]
	run "${BK[@]}" learn --attach $$ --for soon
	[[ $output == *'--for soon is no time'* ]]
	run -127 "${BK[@]}" learn host -- no-such-program
	run "${BK[@]}" learn -o /none/p.json host -- true
	[ "$status" -eq 125 ]
	[[ $output == *'cannot write the profile /none/p.json'* ]]
	run "${BK[@]}" learn --merge none.json host -- true
	[ "$status" -eq 125 ]
	[[ $output == *none.json* ]]
	leftovers
}

@test "learn: a file that cannot be written or merged is told before the program runs" {
	local output_file
	mkdir dir
	for output_file in none/p.json dir /proc/p.json; do
		run "${BK[@]}" learn -o "$output_file" host -- echo it ran
		[ "$status" -eq 125 ]
		[[ $output == *"cannot write the profile $output_file"*'  try '* ]]
		[[ $output != *'it ran'* ]]
	done
	echo text >not.json
	run "${BK[@]}" learn --merge not.json host -- echo it ran
	[ "$status" -eq 125 ]
	[[ $output == *not.json* && $output != *'it ran'* ]]
}

@test "learn -o: a device and a pipe are written to, a link stays one, a file keeps its mode" {
	mknod -m 666 null c 1 3
	"${BK[@]}" learn --no-verify -o null host -- true
	[ -c null ]
	rm null
	mkfifo pipe
	timeout 60 cat pipe >read.json 3>&- &
	"${BK[@]}" learn --no-verify -o pipe host -- true
	wait $!
	"$BULKHEAD" profile check read.json
	echo old >real.json
	chmod 600 real.json
	ln -s real.json link.json
	"${BK[@]}" learn --no-verify -o link.json host -- true
	[ -L link.json ]
	"$BULKHEAD" profile check real.json
	[ "$(stat -c %a real.json)" = 600 ]
	[ -z "$(compgen -G '*.new')" ]
}

@test "learn: one event that is lost makes the profile incomplete, and is told" {
	# The reader stands still until there is no room for more: 16 MiB.
	id=$(new_id)
	"${BK[@]}" learn -o lost.json --name "$id" host -- python3 -c '
import os, time
print("here", flush=True)
while not os.path.exists("/tmp/go"): time.sleep(0.02)
for i in range(70000):
	name = "/tmp/" + "x" * 200 + str(i)
	open(name, "w").close()
	os.unlink(name)
print("over", flush=True)
while os.path.exists("/tmp/go"): time.sleep(0.02)' >out 2>err &
	learn=$!
	wait_for 20 grep -q here out
	helper=$(pgrep -P "$learn" -x bulkhead-observ)
	kill -STOP "$helper"
	"${BK[@]}" exec "$id" touch /tmp/go
	wait_for 60 grep -q over out
	kill -CONT "$helper"
	"${BK[@]}" exec "$id" rm /tmp/go
	wait "$learn"
	cat err
	[ "$(jq -c '[.evidence.complete, (.evidence.lost > 0)]' lost.json)" = '[false,true]' ]
	grep -q 'not complete: .* events found no room' err
	leftovers
}

@test "learn: without permission, and on a kernel that does not describe itself, the error says what is missing" {
	mkdir bin
	cp "$(realpath "$BULKHEAD")" bin/bulkhead
	cp "$(dirname "$(realpath "$BULKHEAD")")/bulkhead-observe" bin/
	local at=$WORK
	while [ "$at" != /tmp ] && [ "$at" != / ]; do
		chmod o+x "$at"
		at=$(dirname "$at")
	done
	run setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "$WORK/bin/bulkhead --root $WORK/none learn --attach \$\$"
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *CAP_BPF*'as root on the host'* ]]
	run unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf; exec "$@"' sh "${BK[@]}" learn --tier tracepoints -o b.json \
		host -- true
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *'does not describe its types'*CONFIG_DEBUG_INFO_BTF* ]]
	[ ! -e b.json ]
	leftovers
}

@test "learn: on a terminal a line shows what there is so far" {
	run script -qec "$BULKHEAD --root $STATE learn -o t.json host -- sleep 1" /dev/null
	[[ $output == *$'\r'*'learn: '*' s, '*' calls ('*' different), files: '*'read'* ]]
	[ "$(jq .evidence.complete t.json)" = true ]
}
