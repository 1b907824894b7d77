#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hooks: when each runs, what it is given, and what its failure does (runtime-spec, runtime.md, "Lifecycle").

load helpers

setup() { common_setup; b=$(bundle); edit "$b" '.root.readonly = false'; id=$(new_id); }
teardown() { common_teardown; }

# hook KIND SCRIPT [FILTER]: a shell script on the host
hook() {
	edit "$b" ".hooks.$1 += [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \$script]}] ${3:-}" --arg script "$2"
}

create() { oci create -b "$b" "$id" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }
is() { [ "$(oci state "$id" | jq -r .status)" = "$1" ]; }

@test "hooks: their order" {
	for kind in prestart createRuntime poststart poststop; do hook $kind "echo $kind >> $WORK/order"; done
	hook createContainer "echo createContainer >> $WORK/order"
	hook startContainer "echo startContainer >> /order"
	args "$b" sh -c 'echo program >> /order'
	mkdir -p "$WORK"; : > "$b/rootfs/order"
	create
	[ "$(cat "$WORK/order")" = "prestart
createRuntime
createContainer" ]
	[ ! -s "$b/rootfs/order" ]
	oci start "$id"
	wait_for 5 is stopped
	[ "$(cat "$b/rootfs/order")" = "startContainer
program" ]
	oci delete "$id"
	[ "$(tail -n 2 "$WORK/order")" = "poststart
poststop" ]
	leftovers
}

@test "hooks: run does all of them" {
	for kind in prestart createRuntime createContainer poststart poststop; do hook $kind "echo $kind >> $WORK/order"; done
	oci run -b "$b" "$id"
	[ "$(wc -l < "$WORK/order")" = 5 ]
	leftovers
}

@test "hooks: the state on standard input, the bundle as directory, an environment of their own" {
	hook createRuntime "cat > $WORK/seen; pwd > $WORK/pwd; env > $WORK/env" '| .hooks.createRuntime[-1].env = ["A=b"]'
	args "$b" sleep 60
	SECRET=1 create
	jq -e '.id == $id and .status == "creating" and .pid > 0 and .bundle == $b' --arg id "$id" --arg b "$b" "$WORK/seen"
	[ "$(jq .pid "$WORK/seen")" = "$(oci state "$id" | jq .pid)" ]
	[ "$(cat "$WORK/pwd")" = "$b" ]
	grep -q '^A=b$' "$WORK/env"
	run ! grep SECRET "$WORK/env"
	oci delete --force "$id"
	leftovers
}

@test "hooks: nothing of the runtime's is open in them" {
	hook createRuntime "ls -l /proc/self/fd > $WORK/fds"
	oci run -b "$b" "$id"
	# 0, 1, 2, and the directory that ls reads.
	[ "$(grep -c -- '->' "$WORK/fds")" -le 4 ]
	run ! grep -E 'socket|rootfs|cgroup' "$WORK/fds"
}

@test "hooks: createRuntime sees the namespaces of the container by its pid" {
	hook createRuntime 'pid=$(sed "s/.*\"pid\":\([0-9]*\).*/\1/"); readlink /proc/$pid/ns/net > '"$WORK/ns"
	oci run -b "$b" "$id"
	[ -s "$WORK/ns" ]
	[ "$(cat "$WORK/ns")" != "$(readlink /proc/self/ns/net)" ]
}

@test "hooks: a failure before start takes everything back and runs poststop" {
	for kind in prestart createRuntime createContainer; do
		edit "$b" 'del(.hooks)'
		hook $kind 'echo cannot do it >&2; exit 3'
		hook poststop "echo poststop > $WORK/stop"
		rm -f "$WORK/stop"
		run --separate-stderr oci run -b "$b" "$(new_id)"
		assert_fails 1
		assert_says "/hooks/$kind/0" "cannot do it" 3
		[ -e "$WORK/stop" ]
		leftovers
	done
}

@test "hooks: startContainer's failure is told by start" {
	hook startContainer 'echo not today >&2; exit 4'
	create
	run oci start "$id"
	assert_fails 1
	assert_says "not today"
	oci delete --force "$id"
	leftovers
}

@test "hooks: poststart's failure stops and removes the container" {
	hook poststart 'exit 5'
	hook poststop "echo poststop > $WORK/stop"
	args "$b" sleep 60
	create
	run oci start "$id"
	assert_fails 1
	assert_says poststart 5
	[ -e "$WORK/stop" ]
	run oci state "$id"
	assert_says "does not exist"
	leftovers
}

@test "hooks: poststop's failure is a warning, and the next one runs" {
	hook poststop 'exit 6'
	hook poststop "echo second > $WORK/stop"
	run --separate-stderr oci run -b "$b" "$id"
	[ "$status" -eq 0 ]
	[[ $stderr == *poststop*6* ]]
	[ -e "$WORK/stop" ]
	leftovers
}

@test "hooks: one that outlives its timeout is killed" {
	hook createRuntime 'exec sleep 600' '| .hooks.createRuntime[-1].timeout = 1'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says "/hooks/createRuntime/0" second
	leftovers
}

@test "hooks: one that does not exist, and one that does not read its input" {
	hook createRuntime 'exec <&-; exit 0'
	edit "$b" '.annotations.large = ("x" * 200000)'
	oci run -b "$b" "$id"
	edit "$b" '.hooks.createRuntime = [{path: "/no/such/hook"}]'
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "/no/such/hook" "such file"
	leftovers
}

@test "hooks: in the container they see its first process under its own pid, behind a gate too" {
	hook createContainer "cat > $WORK/inside.json"
	oci run -b "$b" "$id"
	[ "$(jq .pid "$WORK/inside.json")" = 1 ]
	edit "$b" '.linux.namespaces += [{"type":"time"}, {"type":"user"}] | .linux.timeOffsets = {"boottime":{"secs":7}} |
		.linux.uidMappings = [{"containerID":0,"hostID":0,"size":65536}] | .linux.gidMappings = .linux.uidMappings'
	oci run -b "$b" "$id"
	[ "$(jq .pid "$WORK/inside.json")" = 1 ]
	leftovers
}

@test "hooks: createContainer runs in the container's tree, which it sees under root.path" {
	mkdir "$WORK/host"; echo seen > "$WORK/host/file"; mkdir -p "$b/rootfs/mnt"
	edit "$b" '.mounts += [{destination: "/mnt", type: "bind", source: $dir, options: ["rbind", "ro"]}]' --arg dir "$WORK/host"
	hook createContainer "pwd > $WORK/pwd; cat mnt/file > $WORK/file; ls -d $b/rootfs/proc/self > $WORK/proc
		echo from-hook > written"
	args "$b" cat /written /mnt/file
	for users in no yes; do
		if [ $users = yes ]; then
			# Its root is no one on the host: it can only search what anyone can.
			path=$b
			until [ "$path" = / ]; do [ -k "$path" ] || chmod a+x "$path"; path=$(dirname "$path"); done
			chmod 777 "$WORK" "$b/rootfs"; rm -f "$WORK"/{pwd,file,proc} "$b/rootfs/written"
			edit "$b" '.linux.namespaces += [{type: "user"}]
				| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
				| .linux.gidMappings = .linux.uidMappings'
		fi
		run oci run -b "$b" "$(new_id)"
		[ "$status" -eq 0 ] || { echo "$output"; false; }
		[ "$output" = "from-hook
seen" ]
		[ "$(cat "$WORK/pwd")" = "$b/rootfs" ]
		[ "$(cat "$WORK/file")" = seen ]
		[ "$(cat "$WORK/proc")" = "$b/rootfs/proc/self" ]
	done
	# Nothing of it stays: the host is not to be seen from the container.
	args "$b" sh -c 'grep -c "^[^ ]* [^ ]* [^ ]* [^ ]* / " /proc/self/mountinfo; ls -d /rootfs'
	run oci run -b "$b" "$(new_id)"
	[ "${lines[0]}" = 1 ] || { echo "$output"; false; }
	[[ ${lines[1]} == *"No such file"* ]]
	leftovers
}

@test "hooks: createRuntime enters the mount namespace by the pid, and finds the container's tree under root.path" {
	echo given > "$WORK/given"; touch "$b/rootfs/late"
	hook createRuntime "pid=\$(sed 's/.*\"pid\":\([0-9]*\).*/\1/'); exec nsenter -m -t \$pid mount --bind $WORK/given $b/rootfs/late"
	args "$b" sh -c 'cat /late; ls -d /rootfs; grep -c "^[^ ]* [^ ]* [^ ]* [^ ]* / " /proc/self/mountinfo'
	for users in no yes; do
		if [ $users = yes ]; then
			path=$b
			until [ "$path" = / ]; do [ -k "$path" ] || chmod a+x "$path"; path=$(dirname "$path"); done
			edit "$b" '.linux.namespaces += [{type: "user"}]
				| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
				| .linux.gidMappings = .linux.uidMappings'
		fi
		run oci run -b "$b" "$(new_id)"
		[ "${lines[0]}" = given ] || { echo "$output"; false; }
		# It is back on "/" when the program runs.
		[[ ${lines[1]} == *"No such file"* ]]
		[ "${lines[2]}" = 1 ]
	done
	[ ! -s "$b/rootfs/late" ]
	# Where the user namespace's root may not go, hooks run all the same.
	chmod 700 "$b"
	edit "$b" 'del(.hooks)'
	hook createRuntime "touch $WORK/ran"
	args "$b" true
	run oci run -b "$b" "$(new_id)"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ -e "$WORK/ran" ]
	leftovers
}

@test "hooks: startContainer without an environment of its own has the program's" {
	edit "$b" '.process.env = ["PATH=/bin", "ONE=1"] |
		.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "env > /seen"]}]'
	: > "$b/rootfs/seen"
	SECRET=1 oci run -b "$b" "$id"
	[ "$(grep -v ^PWD= "$b/rootfs/seen" | grep -v ^SHLVL= | sort)" = "HOME=/
ONE=1
PATH=/bin" ]
	leftovers
}

@test "hooks: a failure names the kind and the place in the words that callers know" {
	for kind in prestart createRuntime createContainer startContainer poststart; do
		edit "$b" ".hooks = {$kind: [{path: \"/bin/true\"}, {path: \"/bin/false\"}]}"
		run oci run -b "$b" "$id"
		assert_fails 1
		assert_says "error running $kind hook #1: hook /bin/false failed with exit status 1" "/hooks/$kind/1"
	done
	leftovers
}

@test "hooks: prestart is told that the container is created, createRuntime that it is being created" {
	hook prestart "cat > $WORK/prestart"
	hook createRuntime "cat > $WORK/createRuntime"
	oci run -b "$b" "$id"
	[ "$(jq -r .status "$WORK/prestart")" = created ]
	[ "$(jq -r .status "$WORK/createRuntime")" = creating ]
	leftovers
}
