#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a program in the default sandbox must not reach: secrets of the host and of its user, and sockets behind which somebody
# with more power listens. All of them are real: files and listening sockets that the test makes, and the host's own. The
# rootless suite runs this file too.

load ../runtime/helpers

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
	secret=secret-of-$ID_PREFIX
	HOMES=$(getent passwd "$(id -u)" | cut -d : -f 6)
	for place in "$HOMES" /tmp /var/tmp; do
		mkdir -p "$place/$ID_PREFIX/.ssh" "$place/$ID_PREFIX/.aws"
		echo "$secret" > "$place/$ID_PREFIX/.ssh/id_ed25519"
		echo "$secret" > "$place/$ID_PREFIX/.aws/credentials"
	done
	# Where agents, buses and engines have theirs; an abstract one, which has no file, last.
	python3 - "/tmp/$ID_PREFIX/agent" "/var/tmp/$ID_PREFIX/bus" "$HOMES/$ID_PREFIX/engine" "@$ID_PREFIX" 3>&- <<-'END' &
		import signal, socket, sys
		kept = [socket.socket(socket.AF_UNIX) for path in sys.argv[1:]]
		for one, path in zip(kept, sys.argv[1:]):
		    one.bind("\0" + path[1:] if path[0] == "@" else path)
		    one.listen()
		signal.pause()
	END
	LISTENER=$!
	wait_for 10 listening
}

teardown() {
	kill "$LISTENER"
	for place in "$HOMES" /tmp /var/tmp; do rm -rf "${place:?}/$ID_PREFIX"; done
	common_teardown
}

listening() { grep -q "@$ID_PREFIX" /proc/net/unix; }

@test "run host: files that hold secrets cannot be read" {
	for file in /etc/shadow /etc/gshadow /etc/sudoers "$HOMES/$ID_PREFIX/.ssh/id_ed25519" "$HOMES/$ID_PREFIX/.aws/credentials"; do
		run "${BK[@]}" run host cat "$file"
		[ "$status" -ne 0 ] || { echo "$file can be read"; false; }
	done
	run "${BK[@]}" run host sh -c 'cat /etc/ssh/ssh_host_*_key'
	[ "$status" -ne 0 ]
}

@test "run host: the secrets stand nowhere" {
	# The words are there, outside.
	grep -rqs "$secret" "/tmp/$ID_PREFIX"
	run --separate-stderr "${BK[@]}" run host grep -rs --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr "$secret" /
	[ "$status" -ne 0 ]
	[ -z "$output" ]
}

@test "run host: no socket of the host is there, by file or by abstract name" {
	[ -S "/tmp/$ID_PREFIX/agent" ]
	run --separate-stderr "${BK[@]}" run host sh -c 'find / -path /proc -prune -o -type s -print 2>/dev/null'
	[ -z "$output" ]
	run "${BK[@]}" run host cat /proc/net/unix
	[ "$status" -ne 0 ] || [[ $output != *$ID_PREFIX* ]]
	run "${BK[@]}" run host python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('\\0$ID_PREFIX')"
	[ "$status" -ne 0 ]
	assert_says ConnectionRefused
}

@test "run host: with the current directory shown, what stands beside it is not" {
	mkdir "$WORK/project" "$WORK/other"
	echo "$secret" > "$WORK/other/file"
	echo shown > "$WORK/project/file"
	cd "$WORK/project"
	[ "$("${BK[@]}" run --cwd host cat file)" = shown ]
	run "${BK[@]}" run --cwd host cat ../other/file
	[ "$status" -ne 0 ]
	run "${BK[@]}" run --cwd host touch file
	[ "$status" -ne 0 ]
	# Root's sandbox has ids that own nothing of the host, not even this.
	chmod 0777 .
	"${BK[@]}" run --cwd=rw host sh -c 'echo written > new'
	[ "$(cat new)" = written ]
}
