#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers at real terminals: tmux types, and shows what a person would see.

load ../runtime/helpers

setup() {
	command -v tmux >/dev/null || skip "tmux is missing"
	people_setup
	export TMUX_TMPDIR=$WORK
	tm -f /dev/null new-session -d -x 80 -y 24 "env PS1='outside> ' sh"
	screen_has 'outside>'
}
teardown() {
	command -v tmux >/dev/null || return 0
	tm kill-server 2>/dev/null || true
	people_teardown
}

tm() { env -u TMUX tmux -L bulkhead "$@"; }
type_line() { tm send-keys -l -- "$1" && tm send-keys Enter; }
on_screen() { tm capture-pane -p | grep -q -- "$1"; }
screen_has() { wait_for 15 on_screen "$1" || { tm capture-pane -p; return 1; }; }
field() { "${BK[@]}" inspect "$1" | jq -r ".[0].$2"; }
is() { [ "$(field "$1" "$2")" = "$3" ]; }
is_gone() { ! "${BK[@]}" inspect "$1" 2>/dev/null; }

begin() { # begin: an interactive shell in a container
	type_line "${BK[*]} run -it --name $C -e PS1='inside> ' host sh"
	screen_has '^inside>'
}

@test "run -it: a terminal, job control, the exit status, the terminal as before" {
	begin
	type_line 'test -t 0 && echo yes-tty; stty size'
	screen_has '^yes-tty'
	screen_has '^24 80'
	# Not before it has the terminal: what comes earlier is the shell's, which ignores it.
	local nap="sleep $((100000 + $$))"
	type_line "$nap"
	wait_for 20 pgrep -xf "$nap"
	tm send-keys C-c
	type_line 'echo after-$((1+1))'
	screen_has '^after-2'
	type_line 'exit 5'
	screen_has '^outside>'
	type_line 'echo status-$?; stty -a | grep -o "[-]*icanon"'
	screen_has '^status-5'
	screen_has '^icanon'
	wait_for 10 is_gone "$C"
}

@test "resize reaches the container" {
	begin
	tm resize-window -x 100 -y 30
	wait_for 10 eval 'tm send-keys "stty size" Enter; on_screen "^30 100"'
}

@test "detach, attach again, and leave it running" {
	begin
	type_line 'A=kept'
	tm send-keys C-p C-q
	screen_has '^outside>'
	is "$C" status running
	tm send-keys -R
	type_line "clear; ${BK[*]} attach $C"
	tm send-keys Enter
	screen_has '^inside>'
	type_line 'echo $A-value'
	screen_has '^kept-value'
	type_line exit
	wait_for 10 is_gone "$C"
}

@test "control-z stops the program inside, not the container" {
	type_line "${BK[*]} run -it --name $C host bash --norc"
	screen_has 'bash'
	type_line 'sleep 1000'
	# It is in the foreground of its terminal before it is what it is called.
	wait_for 15 eval '"${BK[@]}" top "$C" | grep -q "sleep 1000"'
	tm send-keys C-z
	screen_has 'Stopped'
	type_line 'jobs | wc -l; kill %1; echo going-on'
	screen_has '^going-on'
	is "$C" status running
}

@test "vi edits a file, less shows one" {
	command -v vi >/dev/null || skip "no vi on this machine"
	command -v less >/dev/null || skip "no less on this machine"
	begin
	type_line 'vi /tmp/file'
	screen_has '^~'
	tm send-keys i
	tm send-keys -l 'written in vi'
	tm send-keys Escape
	type_line ':wq'
	# What is typed before it has left the screen is lost.
	wait_for 10 eval '! on_screen "^~"'
	type_line 'cat /tmp/file; seq 200 > /tmp/long; less /tmp/long'
	screen_has '^20$'
	tm send-keys G
	screen_has '^200$'
	tm send-keys q
	wait_for 10 eval '! on_screen "^200$"'
	type_line 'clear; cat /tmp/file'
	screen_has '^written in vi'
}

@test "top shows the container's processes, less goes through a file, both fit a new size" {
	begin
	type_line top
	screen_has 'PID USER'
	screen_has 'bulkhea+'
	tm resize-window -x 100 -y 12
	wait_for 10 eval '[ "$(tm capture-pane -p | wc -l)" -eq 12 ] && on_screen "PID USER"'
	tm send-keys q
	screen_has '^inside>'
	type_line 'clear; seq 100 | less'
	screen_has '^11$'
	tm send-keys Space
	screen_has '^22$'
	tm send-keys q
	type_line 'clear; exit 3'
	screen_has '^outside>'
}

@test "Ctrl-C ends a foreground run without a terminal of its own" {
	type_line "${BK[*]} run --name $C host sh -c 'trap \"echo caught; exit 7\" INT; echo ready; while :; do sleep 0.1; done'"
	screen_has '^ready'
	tm send-keys C-c
	screen_has 'caught$'
	type_line 'echo status-$?'
	screen_has '^status-7'
}

@test "Ctrl-Z stops a foreground run and what it runs; fg goes on" {
	type_line "set -m; ${BK[*]} run --name $C host sh -c 'while :; do echo tick; sleep 0.1; done'"
	screen_has '^tick'
	tm send-keys C-z
	screen_has 'Stopped'
	program_is() { [[ $(ps -o stat= -p "$("${BK[@]}" top --json "$C" | jq '.[] | select(.command | startswith("sh -c")).pid')") == $1* ]]; }
	wait_for 10 program_is T
	type_line 'clear; fg'
	screen_has '^tick'
	program_is S || program_is R
	tm send-keys C-c
	type_line 'clear; echo still-$((1+1))'
	screen_has '^still-2'
}

@test "a terminal that vanishes leaves the container running, to be attached again" {
	begin
	tm kill-server
	wait_for 10 eval '! pgrep -f "run -it --name $C" | grep -qv "^$(field "$C" monitorPid)$\|^$(jq .keeper "$STATE/$C/monitor.json")$"'
	is "$C" status running
	is "$C" monitored true
	"${BK[@]}" exec "$C" true
}
