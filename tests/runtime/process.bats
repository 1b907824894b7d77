#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# process: what the program finds around it that the config says nothing of.

load helpers

setup() { common_setup; b=$(bundle); id=$(new_id); }
teardown() { common_teardown; }

home_of() { # home_of UID: as the program sees it
	edit "$b" ".process.user.uid = $1"
	oci run -b "$b" "$(new_id)"
}

@test "process: HOME comes from the container's passwd file where the config has none" {
	args "$b" sh -c 'echo "$HOME"'
	printf 'root:x:0:0::/the/root:/bin/sh\nbroken:x:12\nother:x:12:0:a:/twelve:/bin/sh\nempty:x:13:0:::\nlast:x:14:0::/fourteen' \
		> "$b/rootfs/etc/passwd"
	[ "$(home_of 0)" = /the/root ]
	[ "$(home_of 12)" = /twelve ]
	[ "$(home_of 13)" = / ]
	[ "$(home_of 14)" = /fourteen ]
	[ "$(home_of 4294967294)" = / ]
	edit "$b" '.process.env += ["HOME=/given"]'
	[ "$(home_of 12)" = /given ]
	leftovers
}

@test "process: exec finds HOME for its own user" {
	printf 'root:x:0:0::/the/root:/bin/sh\nother:x:12:0:a:/twelve:/bin/sh\n' > "$b/rootfs/etc/passwd"
	args "$b" sleep 600
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	[ "$(oci exec "$id" sh -c 'echo "$HOME"')" = /the/root ]
	[ "$(oci exec --user 12 "$id" sh -c 'echo "$HOME"')" = /twelve ]
	oci delete --force "$id"
	leftovers
}

@test "process: a passwd file that is a trap does not stop the start" {
	args "$b" sh -c 'echo "$HOME"'
	rm "$b/rootfs/etc/passwd"
	[ "$(home_of 0)" = / ]
	mkfifo "$b/rootfs/etc/passwd"
	[ "$(home_of 0)" = / ]
	rm "$b/rootfs/etc/passwd"; ln -s passwd "$b/rootfs/etc/passwd"
	[ "$(home_of 0)" = / ]
	rm "$b/rootfs/etc/passwd"; mkdir "$b/rootfs/etc/passwd"
	[ "$(home_of 0)" = / ]
	rmdir "$b/rootfs/etc/passwd"
	# A line longer than any home directory, then a file without an end.
	{ head -c 100000 /dev/zero | tr '\0' a; printf ':x:0:0::/wrong:\nroot:x:0:0::/right:\n'; } > "$b/rootfs/etc/passwd"
	[ "$(home_of 0)" = /right ]
	rm "$b/rootfs/etc/passwd"; truncate -s 1T "$b/rootfs/etc/passwd"
	[ "$(home_of 0)" = / ]
	leftovers
}

# bats test_tags=kernel
@test "process: devices that a user namespace gets from the host are nosuid and noexec" {
	edit "$b" '.linux.namespaces += [{type: "user"}]'
	edit "$b" '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	args "$b" grep ' /dev/[nzfru]' /proc/self/mountinfo
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "${#lines[@]}" -ge 5 ]
	for line in "${lines[@]}"; do
		read -r _ _ _ _ _ options _ <<< "$line"
		[[ ,$options, == *,nosuid,* && ,$options, == *,noexec,* ]] || { echo "$line"; false; }
	done
	leftovers
}

@test "process: an idle I/O priority needs no level, the others do" {
	edit "$b" '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}'
	args "$b" sleep 600
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	[ "$(ionice -p "$(oci state "$id" | jq .pid)")" = idle ]
	oci delete --force "$id"
	edit "$b" '.process.ioPriority = {class: "IOPRIO_CLASS_BE"}'
	run oci run -b "$b" "$id"
	assert_fails 1; assert_says ioPriority priority missing
	leftovers
}

@test "process: after the filter the program is all that is left to execute" {
	edit "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1,
		syscalls: [{names: ["execve", "sendmsg", "exit_group"], action: "SCMP_ACT_ALLOW"}]}'
	for privileges in true false; do
		edit "$b" ".process.noNewPrivileges = $privileges"
		status=0
		output=$(oci run -b "$b" "$(new_id)" 2>&1) || status=$?
		[ $privileges = true ] || break
		# Started, as far as it comes without any call.
		[ "$status" -ne 1 ] || { echo "$output"; false; }
	done
	# Here it is loaded before the ids change.
	assert_fails 1
	assert_says "/linux/seccomp" "the system call filter answers" noNewPrivileges
	leftovers
}

@test "process: a filter that knows no new system calls, with and without no_new_privs" {
	mkdir -p "$b/rootfs/work"
	edit "$b" '.process.cwd = "/work" | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["openat2", "faccessat2", "close_range", "statx", "clone3", "open_tree", "mount_setattr"],
		 action: "SCMP_ACT_ERRNO"}]}'
	args "$b" sh -c 'pwd; grep Seccomp: /proc/self/status'
	for privileges in true false; do
		edit "$b" ".process.noNewPrivileges = $privileges"
		for user in 0 1000; do
			edit "$b" ".process.user.uid = $user"
			run oci run -b "$b" "$(new_id)"
			[ "$status" -eq 0 ] || { echo "$output"; false; }
			[ "${lines[0]}" = /work ]
			[[ ${lines[1]} =~ Seccomp:[[:space:]]2 ]]
		done
	done
	# A directory that the user may not search is entered, and gives no more than its name.
	chmod 700 "$b/rootfs/work"; echo inside > "$b/rootfs/work/file"
	args "$b" sh -c 'echo $PWD; readlink /proc/self/cwd; cat file; cat ./file; ls'
	run oci run -b "$b" "$(new_id)"
	[ "${lines[1]}" = /work ] || { echo "$output"; false; }
	[ "$(grep -c "ermission denied" <<< "$output")" -ge 3 ]
	[[ $output != *inside* ]]
	edit "$b" '.process.user.uid = 0'
	args "$b" sleep 600
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	[ "$(oci exec "$id" pwd)" = /work ]
	oci delete --force "$id"
	leftovers
}

# create and start by a process that gets the orphans, as a shim does: PR_SET_CHILD_SUBREAPER.
AS_SHIM='import ctypes, subprocess, sys
program, option, root, bundle, name = sys.argv[1:]
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
subprocess.run([program, option, root, "create", "-b", bundle, name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
               check=True)
sys.exit(subprocess.run([program, option, root, "start", name]).returncode)'

@test "process: a filter that kills for the runtime's own last calls is named, not taken for the program's end" {
	local nnp
	for nnp in true false; do
		b=$(bundle "nnp-$nnp"); id=$(new_id)
		edit "$b" '.process.noNewPrivileges = $nnp | .linux.seccomp = {defaultAction: "SCMP_ACT_KILL_PROCESS",
			syscalls: [{names: ["exit_group"], action: "SCMP_ACT_ALLOW"}]}' --argjson nnp $nnp
		run oci run --pid-file "$WORK/pid" -b "$b" "$id"
		assert_fails 1
		assert_says 'killed by its seccomp filter before it executed its program' 'config.json#/linux/seccomp' \
			'in the stage' 'execve' SCMP_ACT_ERRNO
		[ ! -e "$WORK/pid" ]
		# Its parent is an engine's shim then, which takes its status later.
		run /usr/bin/python3 -c "$AS_SHIM" "$OCI" --root "$STATE" "$b" "$id"
		assert_fails 1
		assert_says 'before it executed its program' 'config.json#/linux/seccomp' 'seccomp filter' 'execve'
		oci delete "$id"
	done
	# A program that is killed so is the program's business: 128 + SIGSYS.
	edit "$b" '.process.noNewPrivileges = true | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["exit_group"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	run oci run -b "$b" "$(new_id)"
	[ "$status" -eq 159 ]
	leftovers
}

@test "process: a filter that refuses even to end: what cannot be executed ends all the same" {
	local calls form
	printf 'no program\n' > "$b/rootfs/bin/garbage"; chmod +x "$b/rootfs/bin/garbage"
	for calls in '["execve", "sendmsg"]' '["execve"]' '[]'; do
		for form in '["/bin/nosuch"]' '["/bin/garbage"]'; do
			edit "$b" '.process.args = $form | .linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", syscalls:
				(if $calls == [] then [] else [{names: $calls, action: "SCMP_ACT_ALLOW"}] end)}' \
				--argjson form "$form" --argjson calls "$calls"
			run timeout -k 1 20 "$OCI" --root "$STATE" run -b "$b" "$(new_id)"
			[ "$status" -ne 124 ] && [ "$status" -ne 137 ] || { echo "$calls $form: never ended"; false; }
			assert_fails 1
		done
		[ "$calls" != '[]' ] || assert_says config.json#/linux/seccomp sendmsg exit_group
	done
	edit "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["exit", "exit_group"], action: "SCMP_ACT_ERRNO"}]}'
	args "$b" sleep 600
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	run timeout -k 1 20 "$OCI" --root "$STATE" exec "$id" /bin/garbage
	[ "$status" -ne 124 ]
	[ "$status" -ne 137 ]
	assert_says /bin/garbage
	oci delete --force "$id"
	leftovers
}

# As sd_listen_fds(3) passes them: LISTEN_PID is the very process, which therefore executes the runtime.
activated() { # activated COUNT ARGS…: with descriptors 3 and 4 as the caller has them
	local count=$1
	shift
	LISTEN_FDS=$count sh -c 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"' sh "$OCI" --root "$STATE" "$@"
}

@test "process: sockets of sd_listen_fds arrive, before those to preserve, and the program is told" {
	b=$(bundle); id=$(new_id)
	edit "$b" '.process.env += ["LISTEN_FDS=77", "LISTEN_PID=77"]'
	args "$b" sh -c 'echo $LISTEN_FDS $LISTEN_PID $$; cat <&3; cat <&4; [ -e /proc/self/fd/5 ] || echo end'
	run activated 1 run --preserve-fds 1 -b "$b" "$id" 3< <(echo three) 4< <(echo four) 5</dev/null
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "$output" = "1 1 1
three
four
end" ]
	# With create and start, and of another process.
	args "$b" sh -c 'echo $LISTEN_FDS; cat <&3'
	activated 2 create -b "$b" "$id" 3< <(echo three) 4</dev/null </dev/null >"$WORK/out"
	oci start "$id"
	wait_for 5 grep -q three "$WORK/out"
	[ "$(head -n 1 "$WORK/out")" = 2 ]
	oci delete --force "$id"
	args "$b" sh -c 'echo $LISTEN_FDS; [ -e /proc/self/fd/3 ] || echo none'
	run env LISTEN_PID=2 LISTEN_FDS=1 "$OCI" --root "$STATE" run -b "$b" "$id" 3</dev/null
	[ "$output" = "77
none" ]
	# As engines say it.
	args "$b" sh -c 'echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; cat <&3'
	for pid in LISTEN_PID=1 UNUSED=1; do
		run env "$pid" LISTEN_FDS=1 LISTEN_FDNAMES=web "$OCI" --root "$STATE" run -b "$b" "$id" 3< <(echo three)
		[ "$output" = "1 1 web
three" ]
	done
	run activated 2 run -b "$b" "$id" 3</dev/null 4<&-
	assert_fails 1
	assert_says 'descriptor 4 is not open' LISTEN_FDS
	leftovers
}

# Who waits for a program to be ready: each message is a line of FILE.
listener() { # listener ADDRESS FILE
	/usr/bin/python3 - "$1" > "$2" 2>/dev/null <<-'PYTHON' &
	import socket, sys
	listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	listener.bind(sys.argv[1].replace("@", "\0"))
	print("listening", flush=True)
	while True:
	    print(repr(listener.recv(4096).decode()), flush=True)
	PYTHON
	listener=$!
	wait_for 5 grep -q listening "$2"
}

@test "process: NOTIFY_SOCKET: the program says that it is ready, start, run and the foreground pass that on and nothing else" {
	local say address
	# busybox has nothing that sends datagrams over such sockets.
	edit "$b" '.root.readonly = false | .mounts += [{type: "bind", source: "/usr", destination: "/usr", options: ["rbind", "ro"]}]
		| .process.user = {uid: 1234, gid: 1234} | .process.env += ["PATH=/usr/bin:/bin"]'
	ln -s usr/lib "$b/rootfs/lib"; ln -s usr/lib64 "$b/rootfs/lib64"
	say='import os, socket, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(os.environ["NOTIFY_SOCKET"])
[s.send(m) for m in (b"STATUS=soon\nMAINPID=1", b"READY=10", b"STATUS=now\nREADY=1\nFDSTORE=1")]; '
	args "$b" python3 -c "${say}time.sleep(600)"
	for address in "$WORK/notify" "@bulkhead-$id"; do
		listener "$address" "$WORK/heard"
		NOTIFY_SOCKET=$address oci create -b "$b" "$id" </dev/null >/dev/null 2>&1
		NOTIFY_SOCKET=$address oci start "$id"
		wait_for 5 grep -q READY "$WORK/heard"
		oci delete --force "$id"
		NOTIFY_SOCKET=$address oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
		wait_for 5 eval '[ "$(grep -c READY "$WORK/heard")" = 2 ]'
		oci delete --force "$id"
		kill "$listener"
		[ "$(tr '\n' ' ' < "$WORK/heard")" = "listening 'READY=1' 'READY=1' " ]
	done
	leftovers
	listener "$WORK/again" "$WORK/heard"
	args "$b" python3 -c "${say}exit(3)"
	run env NOTIFY_SOCKET="$WORK/again" "$OCI" --root "$STATE" run -b "$b" "$id"
	[ "$status" -eq 3 ]
	wait_for 5 grep -q READY "$WORK/heard"
	kill "$listener"
	# One that ends without a word does not keep `start` waiting; nobody who listens is a warning.
	args "$b" true
	NOTIFY_SOCKET=$WORK/again oci run --detach -b "$b" "$id" </dev/null >/dev/null
	oci delete --force "$id"
	args "$b" python3 -c "${say}exit(0)"
	run env NOTIFY_SOCKET="$WORK/nobody" "$OCI" --root "$STATE" run -b "$b" "$id"
	[ "$status" -eq 0 ]
	assert_says "warning" "$WORK/nobody"
	# An engine that passes messages on itself has said where; and what is no address is told.
	edit "$b" '.process.env += ["NOTIFY_SOCKET=/engine"]'
	args "$b" sh -c 'echo $NOTIFY_SOCKET; grep -c /run/notify /proc/self/mounts'
	NOTIFY_SOCKET=$WORK/again run oci run -b "$b" "$id"
	[ "$output" = $'/engine\n0' ]
	edit "$b" '.process.env -= ["NOTIFY_SOCKET=/engine"]'
	NOTIFY_SOCKET=vsock:2:1234 run oci run -b "$b" "$id"
	assert_says vsock:2:1234 "passed over"
	leftovers
}

@test "process: a working directory that the image lacks is made inside it, wherever its links lead" {
	local outside=$WORK/outside link
	mkdir "$outside"
	for link in "$outside" "../../../../../../../../../../../..$outside" /proc/self/cwd; do
		b=$(bundle "b$RANDOM"); id=$(new_id)
		ln -s "$link" "$b/rootfs/link"
		edit "$b" '.process.cwd = "/link/a/b" | .root.readonly = true'
		args "$b" pwd
		run oci run -b "$b" "$id"
		[ -z "$(ls -A "$outside")" ] || { echo "made outside by $link"; false; }
		if [[ $link == /proc/* ]]; then
			assert_fails 1
			continue
		fi
		[ "$status" -eq 0 ] || { echo "$output"; false; }
		[ "$output" = "$outside/a/b" ]
		[ "$(stat -c '%u %a' "$b/rootfs$outside/a/b")" = "0 755" ]
	done
	leftovers
}

@test "process: each variable once, with its last value; an empty HOME is none" {
	b=$(bundle); id=$(new_id); args "$b" env
	edit "$b" '.process.env = ["ONE=1", "PATH=/bin", "HOME=/there", "ONE=2", "HOME="]'
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ]
	[ "$(sort <<<"$output")" = "HOME=/
ONE=2
PATH=/bin" ]
	leftovers
}

@test "process: on all CPUs of its cgroup, whatever the runtime is bound to" {
	local all
	[ "$(nproc)" -gt 1 ] || skip "this machine has one CPU"
	all=$(grep Cpus_allowed_list /proc/self/status)
	b=$(bundle); id=$(new_id); args "$b" grep Cpus_allowed_list /proc/self/status
	run taskset -c 0 "$OCI" --root "$STATE" run -b "$b" "$id"
	[ "$output" = "$all" ]
	args "$b" sleep 600
	oci run --detach -b "$b" "$id" </dev/null >/dev/null
	run taskset -c 0 "$OCI" --root "$STATE" exec "$id" grep Cpus_allowed_list /proc/self/status
	[ "$output" = "$all" ]
	oci delete --force "$id"
	leftovers
}

@test "process: a user namespace without mappings has the host's ids, and a warning says so" {
	b=$(bundle); id=$(new_id); args "$b" cat /proc/self/uid_map /proc/self/gid_map
	edit "$b" '.linux.namespaces += [{type: "user"}]'
	run --separate-stderr oci run -b "$b" "$id"
	[ "$status" -eq 0 ]
	[ "$(awk '{print $1, $2, $3}' <<<"$output" | sort -u)" = "0 0 4294967295" ]
	[[ $stderr == *"each id in it is the host's of the same number"* ]]
	edit "$b" '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1}]'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'linux.gidMappings is required'
	leftovers
}

@test "process: times that SCHED_DEADLINE cannot keep are told one by one" {
	b=$(bundle); id=$(new_id)
	refused() { # refused TIMES TEXT
		edit "$b" '.process.scheduler = {policy: "SCHED_DEADLINE"} + $times' --argjson times "$1"
		run oci run -b "$b" "$id"
		assert_fails 1
		assert_says "$2" /process/scheduler
	}
	refused '{"deadline": 9, "period": 9}' 'requires `runtime`'
	refused '{"runtime": 2000, "period": 9}' 'requires `deadline`'
	refused '{"runtime": 0, "deadline": 9}' 'runtime must be greater than 0'
	refused '{"runtime": 9, "deadline": 9}' 'runtime 9 must be between 1024 and 9223372036854775807'
	refused '{"runtime": 3000, "deadline": 2000}' 'runtime (3000) must be <= deadline (2000)'
	refused '{"runtime": 2000, "deadline": 3000, "period": 2500}' 'deadline (3000) must be <= period (2500)'
	leftovers
}

@test "process: a sysctl that gives another name than the config does is refused" {
	b=$(bundle); id=$(new_id); args "$b" cat /proc/sys/kernel/domainname
	edit "$b" '.domainname = "one" | .linux.sysctl["kernel.domainname"] = "other"'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'domainname is "one", and the sysctl kernel.domainname is "other"' /domainname
	edit "$b" '.linux.sysctl["kernel.domainname"] = "one"'
	run oci run -b "$b" "$id"
	[ "$output" = one ]
	leftovers
}

@test "process: data for a file system has no effect on a bind mount, and a misspelled word is an error" {
	b=$(bundle); id=$(new_id); args "$b" true
	edit "$b" '.mounts += [{destination: "/mnt", source: "/etc", type: "bind", options: ["bind", "mode=755", "ro"]}]'
	run --separate-stderr oci run -b "$b" "$id"
	[ "$status" -eq 0 ]
	[[ $stderr == *"mount /mnt: mode=755 has no effect on a bind mount"* ]]
	edit "$b" '.mounts[-1].options += ["nosiud"]'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says 'the unknown option nosiud'
	leftovers
}

@test "process: v1 shows device rules with the accesses that they give" {
	local devices=/sys/fs/cgroup/devices
	[ -d "$devices" ] || skip "there is no v1 hierarchy of devices here"
	b=$(bundle); id=$(new_id); args "$b" sleep 600
	edit "$b" '.linux.cgroupsPath = "/dev-\($id)" | .linux.resources.devices = [{allow: false, access: "rwm"},
		{allow: true, type: "c", major: 10, minor: 229, access: "rwm"},
		{allow: true, type: "b", major: 8, minor: 20, access: "rw"}]' --arg id "$id"
	oci run --detach -b "$b" "$id" </dev/null >/dev/null
	grep -qx 'c 10:229 rwm' "$devices/dev-$id/devices.list"
	grep -qx 'b 8:20 rw' "$devices/dev-$id/devices.list"
	oci delete --force "$id"
	leftovers
}
