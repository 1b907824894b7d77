#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead run --profile FILE --complain: nothing of the profile is enforced, and what it does not allow is told.
load helpers

setup() {
	common_setup
	cd "$WORK"
	echo '{"version": 1, "rules": {"syscalls": {"names": []}, "files": {"read": [], "write": [], "execute": []}, "proc": [],
		"sys": [], "devices": [], "network": {"listen": [], "connect": []}, "signals": [], "namespaces": [],
		"capabilities": {}}}' >none.json
	BK=("$BULKHEAD" --root "$STATE")
}

teardown() {
	common_teardown
}

# The profile in $1, with what the lines of JSON in $2 say that it lacks.
add_complaints() {
	jq -s '.[0] as $profile | .[1:] | reduce .[] as $one ($profile;
		($one.rule | split(".")) as $path |
		if $one.rule | test("listen|connect") then setpath($path; getpath($path) + [$one.entry | tonumber])
		elif $one.rule | test("names$|files|^rules.(proc|sys|devices|signals|namespaces)$")
		then setpath($path; getpath($path) + [$one.entry])
		else setpath($path + [$one.entry]; $one.reason) end)' "$1" "$2"
}

@test "what the profile does not allow works, is told, and the rest of run stays" {
	run --separate-stderr "${BK[@]}" run --profile none.json --complain host sh -c 'cat /etc/passwd >/tmp/x; mkdir /tmp/d
		mv /tmp/x /tmp/d/y && echo works; cat /proc/self/status >/dev/null; touch /usr/x; kill -TERM $$'
	echo "$stderr"
	[ "$status" -eq 143 ]
	[ "$output" = works ]
	for line in 'rules.syscalls.names lacks mkdir' 'rules.files.read lacks /etc/passwd' 'rules.files.write lacks /tmp/x' \
		'rules.files.write lacks /tmp/d/y' 'rules.proc lacks /proc/self/status' 'rules.signals lacks SIGTERM' \
		'rules.devices lacks /dev/null'; do
		grep -qx "complain: $line" <<<"$stderr"
	done
	[[ $stderr == *'Read-only file system'* ]]
	[[ $stderr == *'uses that the profile does not allow; nothing of it was enforced'* ]]
	leftovers
}

@test "what was complained of, put into the profile, is what the program needs: it is silent, and the program runs under it" {
	local program='
import os, signal, socket, threading
s = socket.socket()
s.bind(("127.0.0.1", 7801))
s.listen()
socket.create_connection(("127.0.0.1", 7801))
t = threading.Thread(target=lambda: None)
t.start()
t.join()
open("/tmp/made", "w").write("x")
os.rename("/tmp/made", "/tmp/kept")
r, w = os.pipe()
child = os.fork()
if child == 0:
	os.read(r, 1)
os.kill(child, signal.SIGTERM)
os.wait()
print(open("/tmp/kept").read(), flush=True)'
	run --separate-stderr "${BK[@]}" run --profile none.json --complain=json host python3 -c "$program"
	[ "$output" = x ]
	echo "$stderr" >lacks
	add_complaints none.json lacks >with.json
	jq -e '.rules.signals == ["SIGTERM"] and .rules.network == {"listen": [7801], "connect": [7801]}' with.json
	run --separate-stderr "${BK[@]}" run --profile with.json --complain host python3 -c "$program"
	echo "$stderr"
	[[ $stderr == *'complain: 0 uses'* ]]
	# Enforced, beside the calls that are not watched; libraries are opened through links, and are named by what they are.
	for call in $(sed -n 's/^complain: not watched.*names: //p' <<<"$stderr" | tr -d ,); do echo "\"$call\""; done >unseen
	jq --slurpfile unseen unseen '.rules.syscalls.names |= (. + $unseen | unique)' with.json >whole.json
	run --separate-stderr "${BK[@]}" run --profile whole.json host python3 -c "$program"
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$output" = x ]
}

@test "names that are no text stay on one line; JSON lines can be read; a program that is not there was not watched" {
	run --separate-stderr "${BK[@]}" run --profile none.json --complain host sh -c 'touch "/tmp/$(printf "a\nb\\377")"'
	echo "$stderr"
	[[ $stderr == *'rules.files.write lacks /tmp/a?b'* ]]
	run --separate-stderr "${BK[@]}" run --profile none.json --complain=json host sh -c 'touch "/tmp/$(printf "a\nb")"'
	[ "$(jq -s 'map(select(.rule == "rules.files.write")) | .[0].entry' <<<"$stderr")" = '"/tmp/a\nb"' ]
	run -127 --separate-stderr "${BK[@]}" run --profile none.json --complain host nosuch
	[[ $stderr != *complain:* ]]
	leftovers
}

@test "follow tells at once; a signal is passed on; when bulkhead is killed the program ends, too" {
	local pid
	mkfifo gate
	"${BK[@]}" run -v "$WORK/gate:/gate" --profile none.json --complain=follow host sh -c 'mkdir /tmp/d; read x </gate' \
		2>told &
	pid=$!
	wait_for 10 grep -q 'lacks /tmp/d' told
	echo >gate
	wait $pid
	"${BK[@]}" run --profile none.json --complain=follow host sh -c 'trap "exit 7" TERM; mkdir /tmp/d; while :; do :; done' \
		2>told.2 &
	pid=$!
	wait_for 10 grep -q 'lacks /tmp/d' told.2
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 7 ]
	"${BK[@]}" run --profile none.json --complain=follow host sh -c 'mkdir /tmp/d; exec sleep 1000' 2>told.3 &
	pid=$!
	wait_for 10 grep -q 'execute lacks /usr/bin/sleep' told.3
	kill -KILL $pid
	wait_for 10 leftovers
}

@test "ten thousand calls and a thousand processes are looked at, and none is lost" {
	run --separate-stderr "${BK[@]}" run --profile none.json --complain host sh -c '
		i=0; while [ $i -lt 1000 ]; do (:); i=$((i + 1)); done; mkdir /tmp/last'
	[ "$status" -eq 0 ]
	[[ $stderr == *'files.write lacks /tmp/last'* && $stderr != *INCOMPLETE* ]]
}

@test "mistakes: without a profile, detached, an unknown word, a broken profile" {
	run "${BK[@]}" run --complain host true
	[ "$status" -eq 125 ]
	[[ $output == *--profile* ]]
	run "${BK[@]}" run -d --profile none.json --complain host true
	[ "$status" -eq 125 ]
	[[ $output == *'--detach'* ]]
	run "${BK[@]}" run --profile none.json --complain=yes host true
	[ "$status" -eq 125 ]
	[[ $output == *'--complain=json'* ]]
	echo '{}' >bad.json
	run "${BK[@]}" run --profile bad.json --complain host true
	[ "$status" -eq 125 ]
	[[ $output == *bad.json* ]]
	leftovers
}
