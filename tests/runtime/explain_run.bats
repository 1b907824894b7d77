#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead run --explain, and what stays of it for bulkhead explain --last.

load helpers

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
}
teardown() { common_teardown; }

# Of this build: somebody else may watch something at the same time.
no_helper() {
	local pid
	for pid in $(pgrep -x bulkhead-observ); do
		[ "$(readlink "/proc/$pid/exe")" != "$(dirname "$(realpath "$BULKHEAD")")/bulkhead-observe" ] || return 1
	done
}
# What is kept is no state of a container.
nothing_but_records() {
	rm -rf "$STATE/@explain"
	[ -z "$(ls -A "$STATE")" ]
	[ -z "$(list_cgroups)" ]
}

@test "run --explain: streams and exit status are the program's; who refused and what allows it stands on standard error" {
	run --separate-stderr "${BK[@]}" run --explain --name one host python3 -c '
import socket, sys
print(sys.stdin.read())
try: socket.socket().bind(("127.0.0.1", 81))
except PermissionError: sys.exit(41)' <<< typed
	[ "$status" -eq 41 ]
	[ "$output" = typed ]
	[[ $stderr == *"bind("*"127.0.0.1:81"*"layer     capability"*"bulkhead: --cap-add NET_BIND_SERVICE"* ]]
	[[ $stderr != *"memfd:bulkhead"* ]]
	wait_for 20 no_helper
	nothing_but_records
}

@test "run --explain: by the bare name, as the shell finds it, the helper of the same build is found" {
	PATH=$(dirname "$BULKHEAD"):$PATH run bulkhead --root "$STATE" run --explain host cat /etc/hostname
	[[ $output == *'refusals seen'* ]]
}

@test "run --explain --profile: what the profile's filter refuses is the profile's, and an entry there allows it" {
	cd "$WORK"
	"${BK[@]}" learn --no-verify -o p.json host -- python3 -c 'import socket'
	program='
import socket
try: socket.socket(socket.AF_INET, socket.SOCK_STREAM)
except OSError as e: print(e)'
	run "${BK[@]}" run --explain --profile p.json host python3 -c "$program"
	echo "$output"
	[[ $output == *'socket('*'containment profile'*'bulkhead: --profile FILE, with socket in its rules'* ]]
	[[ $output != *'--security-opt seccomp=FILE'* ]]
	jq '.rules.syscalls.names += ["socket"]' p.json >q.json
	run "${BK[@]}" run --explain --profile q.json host python3 -c "$program"
	[[ $output != *'socket('* ]]
}

@test "run --explain --profile: what Landlock refuses is certainly the profile's, with the rule and the entry that allow it" {
	cd "$WORK"
	local program='
import os, socket, time
b = socket.socket()
s = socket.socket()
for what in lambda: open("/etc/mtab"), lambda: open("/etc/passwd"), lambda: open("/tmp/new", "w"), lambda: os.mkdir("/tmp/dir"), \
	lambda: os.execv("/bin/uname", ["uname"]), lambda: b.bind(("127.0.0.1", 8123)), \
	lambda: s.connect(("127.0.0.1", 8124)):
	try: what()
	except OSError as e: print(e)
while True:
	try: open("/proc/version")
	except OSError: time.sleep(0.1)'
	"${BK[@]}" learn --no-verify -o p.json host -- python3 -c 'import os, socket
open("/etc/group"); a = socket.create_server(("127.0.0.1", 8100)); socket.create_connection(("127.0.0.1", 8100))'
	jq 'del(.rules.syscalls)' p.json >files.json
	"${BK[@]}" run -d --explain --name one --profile files.json host python3 -c "$program"
	# The last that is refused; its sockets are open until they were looked at.
	wait_for 20 grep -q /proc/version "$STATE/@explain/one"
	run "${BK[@]}" explain --last one
	"${BK[@]}" rm -f one
	echo "$output"
	for entry in '/etc/passwd in its rules.files.read' '/tmp/new in its rules.files.write' '/tmp/dir in its rules.files.write' \
		'/usr/bin/uname in its rules.files.execute' '8123 in its rules.network.listen' '8124 in its rules.network.connect' \
		'/version in its rules.proc'; do
		[[ $output == *"--profile FILE, with "*"$entry"* ]]
	done
	[[ $output == *'layer     Landlock'* && $output != *'guess'* ]]
	# What modes refuse is theirs, and what the profile names is not its doing.
	run "${BK[@]}" run --explain --profile files.json --user 1000 host cat /etc/shadow
	[[ $output != *'in its rules'* ]]
}

@test "explain --last: the same once more, after the container is gone; as JSON too" {
	"${BK[@]}" run --explain --name one host sh -c 'hostname new; touch /usr/new; exit 3' 2> "$WORK/told" || [ $? -eq 3 ]
	run --separate-stderr "${BK[@]}" explain --last one
	[ "$status" -eq 0 ]
	[ "$output" = "$(sed '/^hostname: \|^touch: \|^explain: /d' "$WORK/told")" ]
	[[ $output == *"sethostname("* && $output == *"openat("*"/usr/new"* ]]
	[[ $stderr == "explain: tier "*"refusals seen"* ]]
	"${BK[@]}" explain --last one --json > "$WORK/json"
	[ "$(jq -rs '[.[] | select(.call == "sethostname")] | last | .rule | startswith("#/linux/seccomp/")' "$WORK/json")" = true ]
	[ "$(jq -rs '[.[] | select(.path == "/usr/new" and .type == "refusal")] | last | "\(.cause) \(.certainty)"' "$WORK/json")" = \
		"read-only certain" ]
	[ "$(stat -c %a "$STATE/@explain/one")" = 600 ]
	nothing_but_records
}

@test "explain --last: a container that was not explained has none, and the answer says so" {
	"${BK[@]}" run --name plain host true
	for name in plain never; do
		run "${BK[@]}" explain --last "$name"
		[ "$status" -eq 125 ]
		[[ $output == *"nothing is recorded of container $name"*"only while it is explained"*"run --explain --name $name"* ]]
	done
	run "${BK[@]}" explain --last ../state.json
	[ "$status" -eq 125 ]
	run "${BK[@]}" explain --last plain 17
	[ "$status" -eq 125 ]
	leftovers
}

@test "run -d --explain: the watcher stays as long as the container, also over a restart, and no longer" {
	"${BK[@]}" run -d --explain --name one --restart on-failure:1 host sh -c 'hostname new; sleep 0.5; exit 3'
	wait_for 20 grep -q sethostname "$STATE/@explain/one"
	run --separate-stderr "${BK[@]}" explain --last one
	[[ $output == *"sethostname("* ]]
	wait_for 60 grep -q '"type":"end"' "$STATE/@explain/one"
	[ "$(grep -c '"type":"exit".*"command":"sh","status":3' "$STATE/@explain/one")" -eq 2 ]
	run --separate-stderr "${BK[@]}" explain --last one
	[[ $output == *"sethostname("* && $stderr == *"refusals seen"* ]]
	wait_for 20 no_helper
	"${BK[@]}" rm one
	nothing_but_records
}

@test "explain CONTAINER is kept as well; what is kept is bounded" {
	"${BK[@]}" run -d --name one host python3 -c '
import os, time
while True:
    for i in range(3000):
        try: os.mkdir("/usr/new%d" % i)
        except OSError: pass
    time.sleep(0.2)'
	"${BK[@]}" explain one > "$WORK/out" 2>&1 &
	explain=$!
	size_over() { [ "$(stat -c %s "$STATE/@explain/one" 2>/dev/null || echo 0)" -gt 250000 ]; }
	wait_for 60 size_over
	kill -INT "$explain"
	wait "$explain"
	"${BK[@]}" rm -f one
	[ "$(stat -c %s "$STATE/@explain/one")" -lt 270000 ]
	run --separate-stderr "${BK[@]}" explain --last one
	[[ $output == *"/usr/new"* && $stderr == *"LOST"* ]]
	wait_for 20 no_helper
	nothing_but_records
}

@test "run --explain: what cannot be explained is an error before anything runs" {
	run "${BK[@]}" run --explain host
	[ "$status" -eq 125 ]
	run -127 "${BK[@]}" run --explain --name one host no-such-program
	[ "$status" -eq 127 ]
	wait_for 20 no_helper
	nothing_but_records
}
