#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead run: the built-in init, and its absence.

load helpers

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
}
teardown() { common_teardown; }

# waiter SIGNAL STATUS COMMAND: for python3 -c: runs the shell command, then waits for the signal and ends with the status.
# A shell in its loop may take the trap for a part of what it reads just then (bash does, once in a hundred times).
waiter() {
	printf '%s\n' 'import os, signal, sys' "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIG$1])" "os.system('$3')" \
		"signal.sigwait([signal.SIG$1])" "sys.exit($2)"
}

@test "init: the first process is init, and the program its child; --init=false leaves it out" {
	run "${BK[@]}" run host sh -c 'cat /proc/1/comm; echo $PPID'
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf 'bulkhead-init\n1')" ]
	run "${BK[@]}" run --init=false host sh -c 'echo $$'
	[ "$output" = 1 ]
	leftovers
}

@test "init: it reaps what is left behind" {
	# The grandchild is an orphan at once; afterwards no process is a zombie.
	run "${BK[@]}" run host bash -c '
		( : & : & : & )
		for ((end = SECONDS + 10; SECONDS < end;)); do
			grep -qs "^State:.Z" /proc/[0-9]*/status || exit 0
			read -r -t 0.01 < <(:) || true
		done
		exit 1'
	[ "$status" -eq 0 ]
}

@test "init: a signal reaches the program, and its status comes back" {
	mkfifo "$WORK/ready"
	"${BK[@]}" run --name "$ID_PREFIX" host python3 -c "$(waiter TERM 42 echo)" > "$WORK/ready" &
	pid=$!
	read -r < "$WORK/ready"
	"${BK[@]}" kill -s TERM "$ID_PREFIX"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 42 ]
	leftovers
}

@test "init: a signal that ends the program gives 128 + n" {
	run "${BK[@]}" run host sh -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
	leftovers
}

@test "init: nothing of the caller's command line, environment or memory is in it, root or not" {
	local user=() who secret=SECRET_$RANDOM$RANDOM
	cp "$BULKHEAD" "$WORK/bulkhead"
	chmod 755 "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$WORK" "$WORK/bulkhead"
	mkdir -m 777 "$WORK/user"
	cat > "$WORK/look.py" <<-'END'
		import re, sys
		end = sys.argv[1].encode()
		print(open("/proc/1/cmdline", "rb").read().rstrip(b"\0").decode())
		try:
		    maps = open("/proc/1/maps").read()
		except PermissionError:
		    sys.exit(0)
		with open("/proc/1/mem", "rb") as mem:
		    for line in maps.splitlines():
		        at = re.match(r"(\w+)-(\w+) r", line)
		        if not at or "[v" in line:
		            continue
		        mem.seek(int(at[1], 16))
		        # The word is put together here, so that the argument list does not hold it.
		        if re.search(b"SECRET[_-]" + end, mem.read(int(at[2], 16) - int(at[1], 16))):
		            sys.exit("found in " + line)
		print("searched")
	END
	for who in root user; do
		[ "$who" = root ] || user=(setpriv --reuid 65533 --regid 65533 --clear-groups)
		run --separate-stderr "${user[@]}" env "CALLER=$secret" "$WORK/bulkhead" --root "$WORK/$who/state" run --hostname \
			"${secret//_/-}" -v "$WORK/look.py:/tmp/look.py:ro" host python3 /tmp/look.py "${secret#SECRET_}"
		echo "$output"
		[ "$status" -eq 0 ]
		[ "${lines[0]}" = bulkhead-init ]
	done
	[ "${lines[1]}" = searched ]
}

@test "init: the program leads its session and is in the foreground of its terminal; Ctrl-C reaches it" {
	cat > "$WORK/terminal.sh" <<-'END'
		set -- $(ps -o pid=,sid=,pgid=,tpgid= -p $$)
		[ "$1" = "$2" ] && [ "$1" = "$3" ] && [ "$1" = "$4" ] || exit 8
		[ "$(ps -o tty= -p 1 | tr -d " ")" = "?" ] || exit 9
	END
	printf 'exec python3 -c "%s"\n' "$(waiter INT 42 'echo ready')" >> "$WORK/terminal.sh"
	run python3 - "$BULKHEAD" "$STATE" "$WORK/terminal.sh" <<-'END'
		import os, pty, sys
		program, state, script = sys.argv[1:]
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(program, [program, "--root", state, "run", "-t", "-v", script + ":/tmp/t.sh:ro", "host", "bash", "/tmp/t.sh"])
		text = b""
		try:
		    while b"ready" not in text:
		        text += os.read(fd, 4096)
		    os.write(fd, b"\x03")
		    while os.read(fd, 4096):
		        pass
		except OSError:
		    pass
		print(text.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	echo "$output"
	[ "$status" -eq 42 ]
}

@test "init: stop and exec find the program's end and its namespaces" {
	"${BK[@]}" run -d --name "$ID_PREFIX" host python3 -c "$(waiter TERM 43 'touch /tmp/ready')"
	wait_for 10 "${BK[@]}" exec "$ID_PREFIX" test -e /tmp/ready
	run "${BK[@]}" top "$ID_PREFIX"
	assert_says bulkhead-init python3
	"${BK[@]}" stop "$ID_PREFIX"
	run "${BK[@]}" wait "$ID_PREFIX"
	[ "$output" = 43 ]
	"${BK[@]}" rm -f "$ID_PREFIX"
	leftovers
}

@test "init: plan shows it" {
	run "${BK[@]}" plan host true
	assert_says "stay as the first process"
	run "${BK[@]}" plan --init=false host true
	[[ $output != *"stay as the first process"* ]]
}

@test "init: it has no more power than the program" {
	run "${BK[@]}" run host sh -c 'for p in 1 self; do grep -E "^(Cap|NoNewPrivs|Seccomp:|Uid|Gid)" /proc/$p/status | md5sum; done'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "${lines[1]}" ]
}

@test "init: what execve refuses comes back whole" {
	printf 'no program' > "$WORK/text" && chmod 755 "$WORK/text"
	run -126 "${BK[@]}" run -v "$WORK/text:/tmp/text" host /tmp/text
	assert_says "no program for this machine"
	leftovers
}
