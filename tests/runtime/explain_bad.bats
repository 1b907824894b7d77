#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead explain and what is watched: containers that die meanwhile, floods, arguments that lead nowhere, processes that change
# their filters and namespaces between two refusals. No crash, no wrong answer, nothing left attached.

load helpers

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
}
teardown() { common_teardown; }

explained() {
	RECORDS=$WORK/records
	"$BULKHEAD" explain --json -- "$@" > "$RECORDS.all" 2> "$WORK/err" || true
	grep '^{' "$RECORDS.all" > "$RECORDS" || true
}
helper_of() { pgrep -P "$1" -x bulkhead-observ; }
no_child() { ! pgrep -P "$1" >/dev/null; }

@test "explain: a container that dies while it is attached to is told of, or was too quick; nothing stays" {
	for delay in 0 0.01 0.03 0.06 0.1 0.2; do
		"${BK[@]}" run -d --name one host sh -c "sleep $delay; hostname x" >/dev/null
		run timeout 60 "${BK[@]}" explain one
		echo "$delay: $status: $output"
		[ "$status" -eq 0 ] || { [ "$status" -eq 125 ] && [[ $output == *'container "one"'*"try"* || $output == *"there is no process"* ]]; }
		"${BK[@]}" rm -f one >/dev/null
	done
	sleep 0.3 &
	run timeout 60 "$BULKHEAD" explain $!
	[ "$status" -eq 0 ] || [ "$status" -eq 125 ]
}

@test "explain: a flood of refusals is counted, not told one by one, and its program runs to the end" {
	run timeout 120 "$BULKHEAD" explain -- python3 -c '
import os
paths = ["/sys/none%d" % i for i in range(60000)]
for path in paths:
    try: os.mkdir(path)
    except OSError: pass
for path in paths[:100] * 1000:
    try: os.mkdir(path)
    except OSError: pass
print("done")'
	[ "$status" -eq 0 ]
	[[ $output == *done* ]]
	[[ $output =~ ([0-9]+)\ refusals\ seen ]]
	((BASH_REMATCH[1] >= 160000))
	[[ $output =~ ([0-9]+)\ repeated ]]
	[[ $output =~ ([0-9]+)\ over\ the\ rate ]]
	[ "${#output}" -lt 100000 ]
}

@test "explain: arguments that point nowhere, at the end of memory and into the kernel" {
	program='
import ctypes, mmap, struct
c = ctypes.CDLL(None, use_errno=True)
edge = mmap.mmap(-1, 8192)
at = ctypes.addressof(ctypes.c_char.from_buffer(edge))
c.mprotect(ctypes.c_void_p(at + 4096), 4096, 0)
edge[4094:4096] = b"/x"
socket = c.socket(2, 1, 0)
for word in (0, 1, 2**64 - 1, 0xffffffff81000000, at + 4094, at + 4096):
    pointer = ctypes.c_void_p(word)
    c.syscall(165, pointer, pointer, pointer, ctypes.c_ulong(2**64 - 1), pointer)
    c.syscall(161, pointer)
    c.syscall(310, 1, pointer, pointer, pointer)
print("done")'
	explained "${BK[@]}" run host python3 -c "$program"
	grep -q done "$RECORDS.all"
	[ "$(jq -rs '[.[] | select(.command == "python3" and .call == "mount")] | length' "$RECORDS")" -ge 5 ]
	[ "$(jq -rs '[.[] | select(.command == "python3" and .call == "mount") | .cause | startswith("seccomp-")] | all' "$RECORDS")" = true ]
	[ "$(jq -rs '[.[] | select(.command == "python3" and (.call | IN("mount", "chroot", "process_vm_readv"))) | .certainty] | unique |
		join(" ")' "$RECORDS")" = certain ]
}

@test "explain: filters that are added between two refusals, each answer by the right one" {
	explained python3 -c '
import ctypes, struct
c = ctypes.CDLL(None, use_errno=True)
c.prctl(38, 1, 0, 0, 0)
def load(number, error):
    code = b"".join(struct.pack("HBBI", *one) for one in
        [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | error), (0x06, 0, 0, 0x7fff0000)])
    buffer = ctypes.create_string_buffer(code)
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 4, ctypes.addressof(buffer)))
    assert c.prctl(22, 2, program, 0, 0) == 0
# personality first allowed, then EPERM, EACCES, ENOSYS of a later filter; others in between
for error in (1, 13, 38):
    load(135, error)
    c.syscall(135, error)
    load(160, 1)
    c.syscall(160, 0)'
	jq -c 'select(.call == "personality") | [.error, .because]' "$RECORDS"
	# The lowest value of the same action wins when several filters answer with an error: the one that was loaded last.
	[ "$(jq -rs '[.[] | select(.call == "personality") | .error] | join(" ")' "$RECORDS")" = "EPERM EACCES ENOSYS" ]
	[ "$(jq -rs '[.[] | select(.call == "personality") | .cause] | unique | join(" ")' "$RECORDS")" = seccomp-rule ]
	[[ $(jq -rs '[.[] | select(.call == "personality")] | last | .because') == *"seccomp filter 1 of 5"* ]] < "$RECORDS"
}

@test "explain: namespaces and roots that change between two refusals" {
	mkdir -p "$WORK/inner"
	explained unshare -m sh -c 'mkdir /proc/one; mount -t tmpfs -o ro x "$1"; mkdir "$1/two"
		unshare -m sh -c "umount $1; mount -t tmpfs x $1; mkdir $1/three; mount -o remount,ro $1; mkdir $1/four; sleep 0.3"; sleep 0.3' sh "$WORK/inner"
	jq -c 'select(.call == "mkdir") | [.path, .error, .cause, .certainty]' "$RECORDS"
	[ "$(jq -rs '[.[] | select(.call == "mkdir" and .error == "EROFS") | "\(.path | split("/") | last) \(.cause)"] | join(" ")' "$RECORDS")" = \
		"two read-only four read-only" ]
}

@test "explain: helper or reader that is killed: the workload goes on, nothing stays" {
	"$BULKHEAD" explain -- sh -c 'sleep 1; echo alive' > "$WORK/out" 2> "$WORK/err" &
	explain=$!
	wait_for 30 pgrep -P "$explain" -x sh
	kill -KILL "$(helper_of "$explain")"
	wait "$explain" || true
	wait_for 20 grep -q alive "$WORK/out"
	wait_for 20 no_child "$explain"
}

@test "explain: words that name nothing, and a directory that looks like a cgroup, get an answer" {
	mkdir "$WORK/looks"
	echo 1 > "$WORK/looks/cgroup.procs"
	for word in "$WORK/looks" "$WORK/../none" /sys/fs/cgroup/none "$(printf 'a\nb')" "" 0 4194303 99999999999 deadbeefdeadbeef; do
		run timeout 20 "$BULKHEAD" explain "$word"
		echo "$word: $status: $output"
		[ "$status" -eq 125 ]
		[[ $output == *"is no cgroup"*try* || $output == *"there is no "*try* || $output == *"takes a number"*try* ]]
		[[ ${lines[0]} == "bulkhead: "* ]]
	done
	id=$(new_id)
	"${BK[@]}" run -d --name "$id" host true >/dev/null
	"${BK[@]}" wait "$id" >/dev/null
	run "${BK[@]}" explain "$id"
	[ "$status" -eq 125 ]
	[[ $output == *"container \"$id\" does not run"*"try"*"explain --last $id"* ]]
	"${BK[@]}" rm "$id" >/dev/null
}

@test "explain: what cannot be printed is an error; a reader that goes away ends it, and nothing stays" {
	for options in "--json" "--follow"; do
		# shellcheck disable=SC2086
		run "$BULKHEAD" explain $options -- sh -c 'mkdir /sys/none; exit 3'
		[ "$status" -eq 3 ]
		# shellcheck disable=SC2086
		run bash -c '"$@" > /dev/full' bash "$BULKHEAD" explain $options -- sh -c 'mkdir /sys/none; echo alive >&2
			exit 3'
		echo "$output"
		[ "$status" -eq 125 ]
		[[ $output == *alive*"cannot print what was seen: No space left on device"* ]]
	done
	id=$(new_id)
	"${BK[@]}" run -d --name "$id" host sh -c 'while :; do hostname x; sleep 0.05; done' >/dev/null
	"${BK[@]}" explain --follow "$id" 2> "$WORK/err" | head -n 1 > "$WORK/first"
	grep -q sethostname "$WORK/first"
	[ "$("${BK[@]}" inspect "$id" | jq -r '.[0].status')" = running ]
	helper_gone() { ! pgrep -f -- "--mount=$(stat -Lc %i "/proc/$("${BK[@]}" inspect "$id" | jq '.[0].pid')/ns/mnt")" >/dev/null; }
	wait_for 20 helper_gone
	"${BK[@]}" rm -f "$id" >/dev/null
}
