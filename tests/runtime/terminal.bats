#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# terminals: one of the container's own, on /dev/console, relayed in the foreground or handed over a socket.

load helpers

setup() { common_setup; b=$(bundle); edit "$b" '.process.terminal = true'; id=$(new_id); }
teardown() { common_teardown; }

# in_terminal COMMAND: run it with a terminal as its standard streams; prints what appeared there
in_terminal() { script -qec "$1" /dev/null </dev/null | tr -d '\r'; }

@test "terminal: the foreground relays it" {
	args "$b" sh -c 'test -t 0 && test -t 1 && test -t 2 && tty && echo yes'
	run in_terminal "$OCI --root $STATE run -b $b $id"
	[[ $output == */dev/pts/0*yes* ]]
	leftovers
}

@test "terminal: the program's status, and much output to its last byte" {
	args "$b" sh -c 'seq 1 20000; exit 5'
	run bash -c "script -qec '$OCI --root $STATE run -b $b $id' /dev/null </dev/null | tr -d '\r' | tail -n 1; exit \${PIPESTATUS[0]}"
	[ "$status" -eq 5 ]
	[ "$output" = 20000 ]
	leftovers
}

@test "terminal: the caller's is restored" {
	args "$b" true
	run in_terminal "stty -a | grep -o ' -*icanon'; $OCI --root $STATE run -b $b $id; stty -a | grep -o ' -*icanon'"
	# script(1) may put the echo of its own end of input before a line.
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} == *" icanon" ]]
	[[ ${lines[1]} == *" icanon" ]]
}

@test "terminal: the window's size comes from the caller" {
	args "$b" stty size
	run in_terminal "stty rows 33 cols 77; $OCI --root $STATE run -b $b $id"
	[[ $output == *"33 77"* ]]
}

@test "terminal: without one of the caller's" {
	args "$b" sh -c 'test -t 0 && echo yes'
	run oci run -b "$b" "$id" </dev/null
	[ "$status" -eq 0 ]
	[[ $output == *yes* ]]
	leftovers
}

@test "terminal: create needs someone to hold it" {
	run oci create -b "$b" "$id"
	assert_fails 1
	assert_says console-socket "/process/terminal"
	run oci run --detach -b "$b" "$id"
	assert_fails 1
	edit "$b" '.process.terminal = false'
	run oci create --console-socket "$WORK/none" -b "$b" "$id"
	assert_fails 1
	leftovers
}

# Receives one message with one descriptor, as engines do; prints the text, and what comes out of the terminal.
receiver() { # receiver SOCKET
	/usr/bin/python3 - "$1" <<-'PYTHON'
	import array, os, socket, sys
	listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
	listener.bind(sys.argv[1])
	listener.listen(1)
	connection, _ = listener.accept()
	data, control, flags, _ = connection.recvmsg(4096, socket.CMSG_LEN(4))
	assert len(control) == 1 and len(control[0][2]) == 4 and not flags & socket.MSG_CTRUNC
	fd = array.array("i", control[0][2])[0]
	print("name", data.decode(), "tty" if os.isatty(fd) else "none", flush=True)
	assert connection.recv(10) == b""
	text = b""
	while True:
	    try:
	        part = os.read(fd, 100)
	    except OSError:
	        break
	    if not part:
	        break
	    text += part
	print("text", text.decode().strip(), flush=True)
	PYTHON
}

@test "terminal: handed over the console socket" {
	args "$b" sh -c 'test -t 0 && echo spoken'
	receiver "$WORK/console" > "$WORK/received" & receiver=$!
	wait_for 5 test -S "$WORK/console"
	oci create --console-socket "$WORK/console" -b "$b" "$id" </dev/null
	oci start "$id"
	wait $receiver
	grep -qx "name /dev/pts/0 tty" "$WORK/received"
	grep -qx "text spoken" "$WORK/received"
	oci delete --force "$id"
	leftovers
}

@test "terminal: a console socket whose path is long" {
	deep=$WORK/$(printf 'd%.0s' $(seq 1 120)); mkdir "$deep"
	args "$b" sh -c 'echo spoken'
	(cd "$deep" && receiver console > "$WORK/received") & receiver=$!
	wait_for 5 test -S "$deep/console"
	oci run --detach --console-socket "$deep/console" -b "$b" "$id" </dev/null
	wait $receiver
	grep -qx "text spoken" "$WORK/received"
}

@test "terminal: exec has one of its own" {
	edit "$b" '.process.terminal = false'; args "$b" sleep 600
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	run in_terminal "$OCI --root $STATE exec --tty $id sh -c 'tty; test -t 1 && echo yes'"
	[[ $output == */dev/pts/*yes* ]]
	run in_terminal "$OCI --root $STATE exec $id sh -c 'test -t 1 && echo inherited'"
	[[ $output == *inherited* ]]
	oci delete --force "$id"
	leftovers
}

@test "terminal: a pidfd over its socket" {
	edit "$b" '.process.terminal = false'
	/usr/bin/python3 - "$WORK/pidfd" > "$WORK/received" <<-'PYTHON' &
	import array, os, signal, socket, sys
	listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
	listener.bind(sys.argv[1])
	listener.listen(1)
	connection, _ = listener.accept()
	data, control, flags, _ = connection.recvmsg(4096, socket.CMSG_LEN(4))
	fd = array.array("i", control[0][2])[0]
	signal.pidfd_send_signal(fd, signal.SIGKILL)
	print(bool(data))
	PYTHON
	receiver=$!
	wait_for 5 test -S "$WORK/pidfd"
	args "$b" sleep 600
	run oci run --pidfd-socket "$WORK/pidfd" -b "$b" "$id"
	wait $receiver
	[ "$(cat "$WORK/received")" = True ]
	[ "$status" -eq 137 ]
	leftovers
}

@test "terminal: lines that go to a pipe or a file end as the program ended them" {
	args "$b" printf 'one\ntwo\n'
	oci run -b "$b" "$id" </dev/null > "$WORK/out"
	[ "$(od -An -c "$WORK/out" | tr -d ' \n')" = 'one\ntwo\n' ]
	args "$b" sleep 600
	edit "$b" '.process.terminal = false'
	oci run --detach -b "$b" "$id" </dev/null >/dev/null
	oci exec --tty "$id" printf 'three\n' </dev/null > "$WORK/out"
	[ "$(od -An -c "$WORK/out" | tr -d ' \n')" = 'three\n' ]
	oci delete --force "$id"
	leftovers
}
