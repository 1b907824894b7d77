#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# invocations: the command lines of each caller, word for word as its own source builds them.

load helpers

setup() { common_setup; b=$(bundle); id=$(new_id); args "$b" sleep 600; P=$WORK/pid; }
teardown() { kill ${consoles:-} ${pidfds:-} 2>/dev/null || true; common_teardown; }

is() { [ "$("$OCI" --root "$STATE" state "$id" | jq -r .status)" = "$1" ]; }

@test "invocations: containerd's shim (go-runc)" {
	runc() { "$OCI" --root "$STATE" --log "$b/log.json" --log-format json "$@"; }
	runc create --bundle "$b" --pid-file "$P" --no-new-keyring "$id" </dev/null >/dev/null 2>&1
	[[ $(cat "$P") =~ ^[0-9]+$ ]]
	runc state "$id" | jq -e '.status == "created" and .id and .pid and .bundle and .rootfs and .created and .owner'
	runc start "$id"
	jq '.process | .args = ["sh", "-c", "exit 0"]' "$b/config.json" > "$WORK/process.json"
	runc exec --process "$WORK/process.json" --detach --pid-file "$WORK/exec.pid" "$id" </dev/null >/dev/null 2>&1
	[ -s "$WORK/exec.pid" ]
	runc ps --format json "$id" | jq -e 'type == "array" and (map(type == "number") | all)'
	runc ps --format table "$id" -o pid,args | grep -q 'sleep 600'
	runc list --format=json | jq -e "map(.id) | index(\"$id\") != null"
	runc events --stats "$id" | jq -e '.type == "stats" and .id and .data.cpu and .data.memory and .data.pids'
	echo '{"pids": {"limit": 99}}' | runc update --resources=- "$id"
	runc pause "$id"
	runc resume "$id"
	runc kill --all "$id" 15
	runc kill "$id" 9
	wait_for 5 is stopped
	run runc kill "$id" 9
	assert_fails 1
	jq -es '.[-1] | .level == "error" and (.msg | contains("container not running")) and (.time | fromdate? // true)' "$b/log.json"
	runc delete "$id"
	runc delete --force "$id"
	"$OCI" features | jq -e .ociVersionMax >/dev/null
	"$OCI" --version | grep -q '^bulkhead-oci version '
	leftovers
}

@test "invocations: conmon and podman" {
	"$OCI" --root "$STATE" --log-format=json --log "$WORK/log" create --bundle "$b" --pid-file "$P" --no-pivot --no-new-keyring --preserve-fds 0 "$id" </dev/null >/dev/null 2>&1
	XDG_RUNTIME_DIR=$WORK "$OCI" --root "$STATE" start "$id"
	jq '.process | .args = ["true"]' "$b/config.json" > "$WORK/process.json"
	oci exec --pid-file "$WORK/exec.pid" --process "$WORK/process.json" --detach "$id" </dev/null >/dev/null 2>&1
	echo '{"memory": {"limit": 134217728}}' > "$WORK/resources.json"
	oci update --resources="$WORK/resources.json" "$id"
	oci kill "$id" 15
	oci kill --all "$id" 9
	wait_for 5 is stopped
	oci delete --force "$id"
	oci --cgroup-manager disabled run -b "$b" -d "$id" </dev/null >/dev/null 2>&1
	oci delete --force "$id"
	leftovers
}

@test "invocations: CRI-O and conmon-rs" {
	: > "$P"
	"$OCI" --root="$STATE" --root="$STATE" create --bundle "$b" --pid-file "$P" "$id" </dev/null >/dev/null 2>&1
	[ -s "$P" ]
	oci start "$id"
	oci exec -d --pid-file="$WORK/exec.pid" "$id" true </dev/null >/dev/null 2>&1
	jq '.process | .args = ["sh", "-c", "exit 7"]' "$b/config.json" > "$WORK/process.json"
	run oci exec --process "$WORK/process.json" "$id"
	[ "$status" -eq 7 ]
	echo '{"cpu": {"shares": 512}}' | oci update --resources - "$id"
	oci kill "$id" SIGTERM
	oci kill -a "$id" 9
	wait_for 5 is stopped
	oci delete --force "$id"
	leftovers
}

@test "invocations: BuildKit and buildah" {
	args "$b" sh -c 'exit 5'
	run oci run --bundle "$b" --keep "$id" </dev/null
	[ "$status" -eq 5 ]
	is stopped
	oci delete "$id"
	args "$b" sleep 600
	oci create --bundle "$b" --pid-file "$b/pid" --no-new-keyring "$id" </dev/null >/dev/null 2>&1
	oci start "$id"
	oci kill "$id"
	oci kill "$id" KILL
	wait_for 5 is stopped
	oci delete "$id"
	leftovers
}

# In the background: takes one descriptor a time, as shim and conmon do: what was said of it, and what it is.
takes() { # takes SOCKET COUNT
	exec /usr/bin/python3 - "$1" "$2" <<-'PYTHON'
	import os, socket, sys
	listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
	listener.bind(sys.argv[1])
	listener.listen(4)
	open(sys.argv[1] + ".ready", "w").close()
	for _ in range(int(sys.argv[2])):
	    connection, _ = listener.accept()
	    data, fds, flags, _ = socket.recv_fds(connection, 4096, 1)
	    assert len(fds) == 1 and 0 < len(data) < 4096 and not flags & socket.MSG_CTRUNC
	    print("tty" if os.isatty(fds[0]) else os.readlink(f"/proc/self/fd/{fds[0]}"), flush=True)
	PYTHON
}

@test "invocations: sockets for terminals and pidfds in create and exec, as the shim and conmon-rs give them" {
	edit "$b" '.process.terminal = true'
	# It waits for a fourth: whoever closes a terminal ends what runs on it.
	takes "$WORK/console" 4 > "$WORK/consoles" & consoles=$!
	takes "$WORK/pidfd" 2 > "$WORK/pidfds" & pidfds=$!
	wait_for 5 test -e "$WORK/console.ready" -a -e "$WORK/pidfd.ready"
	oci create --bundle "$b" --pid-file "$P" --console-socket "$WORK/console" --pidfd-socket "$WORK/pidfd" --no-pivot --detach \
		"$id" </dev/null
	oci start "$id"
	# No --tty: the terminal is in process.json.
	jq '.process | .args = ["sleep", "600"]' "$b/config.json" > "$WORK/process.json"
	oci exec --process "$WORK/process.json" --console-socket "$WORK/console" --pidfd-socket "$WORK/pidfd" --detach \
		--pid-file "$WORK/exec.pid" "$id" </dev/null
	oci exec -d --console-socket="$WORK/console" --tty --pid-file="$WORK/exec2.pid" "$id" sleep 600 </dev/null
	wait $pidfds
	wait_for 5 eval '[ "$(wc -l < "$WORK/consoles")" = 3 ]'
	[ "$(tr '\n' ' ' < "$WORK/consoles")" = "tty tty tty " ]
	[ "$(grep -c pidfd "$WORK/pidfds")" = 2 ]
	[ "$(oci ps --format json "$id" | jq -c sort)" = \
		"$(for file in "$P" "$WORK/exec.pid" "$WORK/exec2.pid"; do cat "$file"; echo; done | jq -sc sort)" ]
	oci delete --force "$id"
	kill $consoles
	leftovers
}

@test "invocations: BuildKit with --no-pivot; conmon-rs says everything twice" {
	oci run --bundle "$b" --no-pivot --keep "$id" </dev/null >/dev/null 2>"$WORK/err" & running=$!
	wait_for 5 is running
	oci kill "$id" 9
	run wait $running
	is stopped
	oci delete "$id"
	"$OCI" --root="$STATE" --systemd-cgroup --root="$STATE" --systemd-cgroup list -q
	"$OCI" --root "$STATE" --debug --log "$WORK/log" --log-format json --systemd-cgroup --rootless=false list -q
	leftovers
}

@test "invocations: checkpoint and restore, with every option that callers give" {
	mkdir "$WORK/image" "$WORK/parent"
	local options=(--image-path "$WORK/image" --work-path "$WORK/work" --parent-path ../parent --tcp-established --ext-unix-sk
		--shell-job --file-locks --manage-cgroups-mode ignore --empty-ns network --lazy-pages --status-fd 3)
	run oci checkpoint "${options[@]}" --page-server 127.0.0.1:9 --leave-running --leave-running --pre-dump "$id" 3>"$WORK/status"
	assert_fails 1
	assert_says "container does not exist"
	# That far it comes with options that it knows.
	run oci restore "${options[@]}" --detach --pid-file "$P" --no-pivot -no-subreaper --lsm-profile=selinux:a_u:a_r:a_t:s0 \
		--lsm-mount-context= --bundle "$b" "$id" 3>"$WORK/status"
	assert_fails 1
	assert_says criu
	[[ $output != *option* ]]
	leftovers
}

@test "invocations: --systemd-cgroup and another cgroup manager contradict each other, in either order" {
	local words
	for words in "--systemd-cgroup --cgroup-manager=cgroupfs" "--cgroup-manager cgroupfs --systemd-cgroup"; do
		# shellcheck disable=SC2086 # words
		run oci $words list
		assert_fails 1
		assert_says --systemd-cgroup --cgroup-manager "contradict each other" try
	done
	# Twice the same, or none at all, is no contradiction.
	oci --systemd-cgroup --cgroup-manager=systemd list
	oci --systemd-cgroup --cgroup-manager=disabled list
}

@test "invocations: events at an interval, ended with the container" {
	oci run -d -b "$b" "$id" </dev/null >/dev/null 2>&1
	oci events --interval=1s "$id" > "$WORK/events" & events=$!
	wait_for 10 test -s "$WORK/events"
	jq -es '.[0].type == "stats"' "$WORK/events"
	oci delete --force "$id"
	wait_for 10 eval "! kill -0 $events"
	leftovers
}
