#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Detached containers and their monitor: log, record, restart, and the verbs for people.

load helpers

setup() { people_setup; }
teardown() { people_teardown; }

field() { "${BK[@]}" inspect "$1" | jq -r ".[0].$2"; }
is() { [ "$(field "$1" "$2")" = "$3" ]; }
log_has() { "${BK[@]}" logs "$1" 2>&1 | grep -q -- "$2"; }

# bats test_tags=kernel
@test "run -d: log of both streams, exit status, rm" {
	run --separate-stderr "${BK[@]}" run -d --name "$C" host sh -c 'echo out; echo err >&2; exit 3'
	[ "$status" -eq 0 ]
	[ "$output" = "$C" ]
	run "${BK[@]}" wait "$C"
	[ "$output" = 3 ]
	run --separate-stderr "${BK[@]}" logs "$C"
	[ "$output" = out ]
	[ "$stderr" = err ]
	is "$C" status exited
	is "$C" exitStatus 3
	"${BK[@]}" rm "$C"
	leftovers
}

@test "run -d: a state root that is relative to the current directory" {
	mkdir "$WORK/here"
	cd "$WORK/here"
	run "$BULKHEAD" --root state run -d --name "$C" host sleep 600
	[ "$output" = "$C" ]
	"$BULKHEAD" --root "$WORK/here/state" exec "$C" true
	"$BULKHEAD" --root ../here/state rm -f "$C"
	leftovers
}

@test "run -d: statuses 127 and 125, and nothing is left" {
	run -127 "${BK[@]}" run -d --name "$C" host no-such-program
	leftovers
	# Its name could not be told.
	status=0
	"${BK[@]}" run -d --name "$C" host true > /dev/full 2> "$WORK/err" || status=$?
	[ "$status" -eq 125 ]
	grep -q "No space left" "$WORK/err"
	"${BK[@]}" rm -f "$C"
	status=0
	"$BULKHEAD" --version > /dev/full 2> "$WORK/err" || status=$?
	[ "$status" -eq 125 ]
	"${BK[@]}" run -d --name "$C" host sleep 1000
	run --separate-stderr "${BK[@]}" run -d --name "$C" host true
	assert_fails 125
	assert_says "already exists" "$C" "rm $C"
	is "$C" status running
}

@test "run --rm=false: log, exit status and labels stay; the streams and signals are the caller's meanwhile" {
	run --separate-stderr "${BK[@]}" run --rm=false --label a=b --name "$C" host sh -c 'cat; echo err >&2; exit 4' <<< given
	[ "$status" -eq 4 ]
	[ "$output" = given ]
	[ "$stderr" = err ]
	[ "$("${BK[@]}" wait "$C")" = 4 ]
	[ "$("${BK[@]}" logs "$C" 2>/dev/null)" = given ]
	is "$C" labels.a b
	"${BK[@]}" rm "$C"
	"${BK[@]}" run --rm=false --name "$C" host sh -c 'trap "exit 9" TERM; touch /tmp/ready; while :; do sleep 0.1; done' &
	local pid=$!
	wait_for 10 "${BK[@]}" exec "$C" test -e /tmp/ready
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 9 ]
	is "$C" exitStatus 9
	run --separate-stderr "${BK[@]}" run --rm=maybe host true
	assert_fails 125
	assert_says true false try
	# Without it nothing is left.
	run "${BK[@]}" run --name "$C" host true
	assert_fails 125
	"${BK[@]}" rm "$C"
	"${BK[@]}" run --name "$C" host true
	leftovers
}

@test "two containers of one name below different roots: the cgroup is told, in words of this program" {
	mkdir -m 700 "$WORK/other"
	"${BK[@]}" run -d --name "$C" host sleep 1000
	run --separate-stderr "$BULKHEAD" --root "$WORK/other" run --name "$C" host true
	assert_fails 125
	assert_says cgroup "/$C" "another --name"
	run --separate-stderr "${BK[@]}" exec -w /none "$C" true
	assert_fails 125
	assert_says "asked by  --workdir" "another --workdir"
	run -127 --separate-stderr "${BK[@]}" run host no-such-program
	assert_says "--env PATH="
}

@test "labels: of two with one name the later counts; what has ended is told in words of this program" {
	"${BK[@]}" run -d --label a=1 --label ab=2 --label a=3 --name "$C" host true
	"${BK[@]}" wait "$C"
	[ "$("${BK[@]}" inspect "$C" | grep -c '"a":')" = 1 ]
	is "$C" labels.a 3
	is "$C" labels.ab 2
	local long
	long=$(printf 'n%.0s' $(seq 400))
	"${BK[@]}" run -d --label "$long=x" --name "$C-long" host true
	"${BK[@]}" inspect "$C-long" | jq -e --arg name "$long" '.[0].labels == {($name): "x"}'
	run --separate-stderr "${BK[@]}" kill "$C"
	assert_fails 1
	assert_says "bulkhead ls"
	run --separate-stderr "${BK[@]}" exec "$C" true
	assert_fails 125
	assert_says "bulkhead rm"
}

@test "the monitor is contained" {
	"${BK[@]}" run -d --name "$C" host sleep 1000
	local status_file=/proc/$(field "$C" monitorPid)/status
	grep -Eq '^CapEff:\s*0000000000000000$' "$status_file"
	grep -Eq '^NoNewPrivs:\s*1$' "$status_file"
	grep -Eq '^Seccomp:\s*2$' "$status_file"
}

# bats test_tags=kernel
@test "stop: the signal, then KILL; ls and the record agree" {
	"${BK[@]}" run -d --name "$C" host sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for 10 log_has "$C" ready
	"${BK[@]}" stop "$C"
	is "$C" exitStatus 9
	[ -z "$("${BK[@]}" ls -q)" ]
	[ "$("${BK[@]}" ls -aq)" = "$C" ]
	"${BK[@]}" rm "$C"
	"${BK[@]}" run -d --name "$C" host sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for 10 log_has "$C" ready
	"${BK[@]}" stop -t 0 "$C"
	is "$C" exitStatus 137
}

# bats test_tags=kernel
@test "kill -9 of the monitor: still confined and running, the state is true, stop and rm work" {
	"${BK[@]}" run -d --name "$C" host sleep 1000
	local pid=$(field "$C" pid)
	kill -9 "$(field "$C" monitorPid)"
	wait_for 10 is "$C" monitored false
	is "$C" status running
	grep -Eq '^Seccomp:\s*2$' "/proc/$pid/status"
	"${BK[@]}" ls | grep -q unmonitored
	"${BK[@]}" exec "$C" true
	"${BK[@]}" stop -t 0 "$C"
	is "$C" status exited
	is "$C" exitStatus null
	run --separate-stderr "${BK[@]}" wait "$C"
	assert_fails 1
	assert_says "not known"
	"${BK[@]}" rm "$C"
	leftovers
}

@test "rm refuses what runs, -f does not; the nearest name is told; -f of nothing is content" {
	"${BK[@]}" run -d --name "$C" host sleep 1000
	run --separate-stderr "${BK[@]}" rm "$C"
	assert_fails 1
	run --separate-stderr "${BK[@]}" inspect "${C}x"
	assert_fails 1
	assert_says "$C, or"
	"${BK[@]}" rm -f "$C"
	"${BK[@]}" rm -f "$C"
	leftovers
}

@test "--rm takes it away at its end" {
	"${BK[@]}" run -d --rm --name "$C" host true
	wait_for 10 leftovers
}

@test "--restart on-failure:2 begins three times; always goes on until stop" {
	"${BK[@]}" run -d --restart on-failure:2 --name "$C" host sh -c 'echo begun; exit 4'
	wait_for 20 is "$C" restarts 2
	"${BK[@]}" wait "$C"
	wait_for 10 is "$C" status exited
	[ "$("${BK[@]}" logs "$C" | grep -c begun)" -eq 3 ]
	is "$C" exitStatus 4
	"${BK[@]}" rm "$C"
	"${BK[@]}" run -d --restart always --name "$C" host sh -c 'sleep 0.2'
	wait_for 20 is "$C" restarts 2
	"${BK[@]}" stop -t 0 "$C"
	wait_for 10 is "$C" status exited
	"${BK[@]}" rm -f "$C"
	wait_for 10 leftovers
}

@test "--restart unless-stopped is always: it goes on by itself, and never again after a person has ended it" {
	local policy how
	for policy in always unless-stopped; do
		for how in "stop -t 0" "kill" "kill -s TERM"; do
			"${BK[@]}" run -d --restart $policy --name "$C" host sleep 1000
			# Not by a verb: so may the kernel, when memory is gone.
			kill -9 "$(field "$C" pid)"
			wait_for 10 is "$C" restarts 1
			wait_for 10 is "$C" status running
			"${BK[@]}" $how "$C"
			wait_for 10 is "$C" status exited
			is "$C" restarts 1
			"${BK[@]}" rm "$C"
		done
	done
	wait_for 10 leftovers
}

@test "the log is rotated by size and count, logs reads all of it and its tail" {
	"${BK[@]}" run -d --log-size 4k --log-files 2 --name "$C" host sh -c 'seq 1 1000'
	"${BK[@]}" wait "$C"
	[ "$(ls "$STATE/$C" | grep -c '^log.json')" -eq 2 ]
	[ "$(stat -c %s "$STATE/$C/log.json")" -le 4096 ]
	[ "$("${BK[@]}" logs --tail 2 "$C" | tr '\n' ' ')" = "999 1000 " ]
	jq -e . "$STATE/$C/log.json" >/dev/null
}

@test "logs -f goes on until the end, -t shows the time" {
	"${BK[@]}" run -d --name "$C" host sh -c 'for i in 1 2 3 4; do echo $i; sleep 0.2; done'
	run timeout 60 "${BK[@]}" logs -f "$C"
	[ "$status" -eq 0 ]
	[ "$(echo $output)" = "1 2 3 4" ]
	"${BK[@]}" logs -t "$C" | head -n 1 | grep -Eq '^[0-9]{4}-[0-9-]+T[0-9:.]+Z 1$'
	local third
	third=$("${BK[@]}" logs -t "$C" | sed -n '3s/Z .*//p')
	[ "$(echo $("${BK[@]}" logs --until "$third" "$C"))" = "1 2 3" ]
	[ "$(echo $("${BK[@]}" logs --since "$third" "$C"))" = "3 4" ]
	[ -z "$("${BK[@]}" logs --until 1d "$C")" ]
	run --separate-stderr "${BK[@]}" logs --until yesterday "$C"
	assert_fails 1
	assert_says "--until" try
}

@test "a full disk does not hold the container up, and its end is recorded" {
	mkdir "$WORK/small"
	mount -t tmpfs -o size=128k tmpfs "$WORK/small"
	local bk=("$BULKHEAD" --root "$WORK/small/state")
	"${bk[@]}" run -d --name "$C" host sh -c 'seq 1 100000; exit 5'
	run "${bk[@]}" wait "$C"
	local printed=$output full ended
	full=$(df --output=avail "$WORK/small" | tail -1)
	ended=$("${bk[@]}" inspect "$C" | jq '.[0].exitStatus')
	"${bk[@]}" rm -f "$C"
	umount "$WORK/small"
	[ "$printed" = 5 ]
	[ "$full" -eq 0 ]
	[ "$ended" = 5 ]
	leftovers
}

@test "a state root without room: an error that says so, and nothing is left" {
	mkdir "$WORK/small"
	mount -t tmpfs -o size=64k tmpfs "$WORK/small"
	mkdir -m 700 "$WORK/small/state"
	head -c 1m /dev/zero > "$WORK/small/filler" 2>/dev/null || true
	run --separate-stderr "$BULKHEAD" --root "$WORK/small/state" run -d --name "$C" host true
	local left
	left=$(ls -A "$WORK/small/state")
	umount "$WORK/small"
	assert_fails 125
	assert_says "No space left on device"
	[ -z "$left" ]
	leftovers
}

@test "closed standard input, 10000 arguments, a variable with newlines" {
	"${BK[@]}" run -d --name "$C" host sh -c 'echo here' <&-
	"${BK[@]}" wait "$C"
	log_has "$C" here
	"${BK[@]}" rm "$C"
	"${BK[@]}" run -d --name "$C" -e "TWO=a
b" host sh -c 'echo $#; echo "$TWO"' x $(seq 10000)
	"${BK[@]}" wait "$C"
	[ "$("${BK[@]}" logs "$C" | tr '\n' ' ')" = "10000 a b " ]
	"${BK[@]}" ls -a | tail -n 1 | grep -q "$C"
}

@test "attach without a terminal: standard input in, its end, the exit status out" {
	"${BK[@]}" run -di --name "$C" host sh -c 'read line; echo "got $line"; cat; exit 6'
	run "${BK[@]}" attach "$C" < <(printf 'one\ntwo\n')
	[ "$status" -eq 6 ]
	[ "$output" = "got one
two" ]
}

@test "exec: its own environment, directory, input and status; a foreground run is in ls" {
	"$BULKHEAD" --root "$STATE" run --name "$C" host sleep 1000 &
	local pid=$!
	wait_for 10 is "$C" status running
	"${BK[@]}" ls | grep -q foreground
	run "${BK[@]}" exec -e A=b -w /tmp "$C" sh -c 'pwd; echo $A; cat; exit 8' <<< ignored
	[ "$status" -eq 8 ]
	[ "$output" = "/tmp
b" ]
	[ "$("${BK[@]}" exec -i "$C" cat <<< given)" = given ]
	run -127 "${BK[@]}" exec "$C" no-such-program
	"${BK[@]}" exec -d "$C" touch /tmp/made
	wait_for 10 "${BK[@]}" exec "$C" test -e /tmp/made
	run --separate-stderr "${BK[@]}" stop --signal 0 "$C"
	assert_fails 1
	assert_says "stops nothing" try
	is "$C" status running
	"${BK[@]}" kill "$C"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 137 ]
}

# bats test_tags=kernel
@test "stats and top, for people and for scripts" {
	"${BK[@]}" run -d --name "$C" host sleep 1000
	"${BK[@]}" stats | grep -Eq "^$C +[0-9]+\.[0-9][0-9] s +[0-9]+\.[0-9] [KM]iB +[0-9]+\.[0-9] [MGT]iB +2$"
	[ "$("${BK[@]}" stats --json "$C" | jq -r .id)" = "$C" ]
	"${BK[@]}" top "$C" | grep -q 'sleep 1000'
	"${BK[@]}" top --json "$C" | jq -e 'any(.[]; .command == "sleep 1000" and .pid > 1)'
}

# bats test_tags=kernel
@test "pause, resume, unpause" {
	"${BK[@]}" run -d --name "$C" host sh -c 'while :; do echo; sleep 0.01; done'
	"${BK[@]}" pause "$C"
	is "$C" status paused
	run --separate-stderr "${BK[@]}" exec "$C" true
	assert_fails 125
	assert_says paused "bulkhead resume"
	run --separate-stderr "${BK[@]}" pause "$C"
	assert_fails 1
	"${BK[@]}" unpause "$C"
	is "$C" status running
	run --separate-stderr "${BK[@]}" resume "$C"
	assert_fails 1
	"${BK[@]}" exec "$C" true
	"${BK[@]}" pause "$C"
	"${BK[@]}" cp "$C:/etc/passwd" "$WORK/copied"
	"${BK[@]}" rm -f "$C"
	leftovers
}

@test "exec --user: names of the container's own files, which may be hostile" {
	make_rootfs "$WORK/root"
	printf 'root:x:0:0::/:/bin/sh\nmate:x:41:42::/home:/bin/sh\n' > "$WORK/root/etc/passwd"
	printf 'crew:x:43:\n' > "$WORK/root/etc/group"
	"${BK[@]}" run -d --writable --name "$C" "$WORK/root" sleep 1000
	[ "$("${BK[@]}" exec -u mate "$C" sh -c 'id -u; id -g' | tr '\n' ' ')" = "41 42 " ]
	[ "$("${BK[@]}" exec -u mate:crew "$C" id -g)" = 43 ]
	[ "$("${BK[@]}" exec -u 5 "$C" sh -c 'id -u; id -g' | tr '\n' ' ')" = "5 5 " ]
	run --separate-stderr "${BK[@]}" exec -u nobody-here "$C" true
	assert_fails 125
	assert_says /etc/passwd try
	printf 'spy:x:1:1::/:/bin/sh\n' > "$WORK/passwd"
	"${BK[@]}" exec "$C" ln -sf "$WORK/passwd" /etc/passwd
	run "${BK[@]}" exec -u spy "$C" id -u
	[ "$status" -eq 125 ]
	"${BK[@]}" exec "$C" sh -c 'rm /etc/passwd; mknod /etc/passwd p'
	run timeout 10 "${BK[@]}" exec -u mate "$C" id -u
	[ "$status" -eq 125 ]
}

@test "--json of logs and wait" {
	"${BK[@]}" run -d --name "$C" host sh -c 'echo out; echo err >&2; exit 3'
	"${BK[@]}" wait --json "$C" | jq -e --arg name "$C" '. == [{name: $name, exitStatus: 3}]'
	[ "$("${BK[@]}" logs --json "$C" | jq -r 'select(.stream == "stderr").log')" = err ]
	[ "$("${BK[@]}" logs --json --tail 1 "$C" | wc -l)" = 1 ]
}

# bats test_tags=kernel
@test "out of memory is told" {
	[ -e /sys/fs/cgroup/memory ] || [ -e /sys/fs/cgroup/memory.stat ] || skip "no memory controller here"
	"${BK[@]}" run -d --memory 16m --name "$C" host python3 -c 'x = bytearray(300 << 20); print(len(x))'
	run "${BK[@]}" wait "$C"
	is "$C" outOfMemory true
}

@test "prune removes those that have ended alone" {
	local other
	other=$(new_id)
	"${BK[@]}" run -d --name "$C" host true
	"${BK[@]}" run -d --name "$other" host sleep 1000
	"${BK[@]}" wait "$C"
	[ "$("${BK[@]}" prune)" = "$C" ]
	[ "$("${BK[@]}" ls -aq)" = "$other" ]
}

@test "contradictions are refused with a remedy" {
	local words
	for words in "--restart always host true" "-d --rm --restart always host true" "-d --restart sometimes host true" \
		"--label a=b host true" "--log-size 1m host true" "--log-files 2 host true" \
		"--name -x host true" "-t host true" "-d --log-size 1 host true" "-d --log-files 9 host true"; do
		run --separate-stderr "${BK[@]}" run $words < /dev/null
		assert_fails 125
		assert_says try
	done
	leftovers
}

@test "warnings reach the one who runs it" {
	run --separate-stderr "${BK[@]}" run --cap-add SYS_ADMIN host true
	[ "$status" -eq 0 ]
	[[ $stderr == "bulkhead: warning: --cap-add SYS_ADMIN"* ]]
	leftovers
}

@test "help: exit statuses are told, and are those that come" {
	local verb
	for verb in run exec attach cp ls ps inspect logs stats top wait stop kill pause resume unpause rm prune plan abi \
		profile surface; do
		"${BK[@]}" "$verb" --help > "$WORK/help"
		grep -q '^Exit statuses:' "$WORK/help" || { echo "$verb tells none"; return 1; }
		grep -q '^Examples:' "$WORK/help" || { echo "$verb has no examples"; return 1; }
	done
	"${BK[@]}" --help | grep -Eq '^  128 \+ n +signal n ended'
	run "${BK[@]}" exec no-such-container true
	[ "$status" -eq 125 ]
	run "${BK[@]}" attach no-such-container
	[ "$status" -eq 125 ]
	for verb in inspect logs top wait stop kill rm; do
		run "${BK[@]}" "$verb" no-such-container
		[ "$status" -eq 1 ] || { echo "$verb: $status"; return 1; }
	done
	run "${BK[@]}" rnu host true
	[ "$status" -eq 125 ]
	assert_says 'bulkhead run'
}
