#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Debian's dockerd with bulkhead-oci as its default runtime, by contrib/docker/daemon.json.

load engines

setup_file() {
	engine_base
	contrib docker/daemon.json > "$BASE/daemon.json"
	start_dockerd
	d load --input "$(box_archive box)"
}

teardown_file() { end_dockerd; }

setup() {
	name=c$BATS_TEST_NUMBER
}

teardown() {
	d rm --force "$name" >/dev/null 2>&1 || true
}

run_box() { d run --rm --network none "$@"; }
background_box() { d run --detach --network none --name "$name" "$@" localhost/box sleep 1000; }
status_is() { [ "$(d inspect --format '{{.State.Status}}' "$name")" = "$1" ]; }

@test "the snippet makes it docker's default runtime" {
	[ "$(d info --format '{{.DefaultRuntime}}')" = bulkhead ]
	[ "$(d info --format '{{(index .Runtimes "bulkhead").Path}}')" = "$RUNTIME" ]
}

@test "run: output, input, exit statuses" {
	[ "$(run_box localhost/box echo hello)" = hello ]
	[ "$(echo typed | run_box -i localhost/box cat)" = typed ]
	run run_box localhost/box sh -c 'exit 42'
	[ "$status" -eq 42 ]
	run -127 run_box localhost/box no-such-program
	assert_says no-such-program
	run run_box localhost/box /etc/passwd
	[ "$status" -eq 126 ]
}

@test "run: user, directory, environment, terminal" {
	[ "$(run_box --user 3:4 localhost/box id -u)" = 3 ]
	[ "$(run_box --workdir /tmp --env A=b localhost/box sh -c 'pwd; echo $A' | tr '\n' ' ')" = "/tmp b " ]
	export -f d run_box
	run terminal "run_box -it localhost/box sh -c 'tty; exit 5'" </dev/null
	[ "$status" -eq 5 ]
	assert_says /dev/pts/0
}

@test "the surface of docker's default, with runc, read from outside: more than that of bulkhead run" {
	background_box --runtime runc
	reaches_more "$(d inspect --format '{{.State.Pid}}' "$name")" \
		"$BASE/exec/containerd/daemon/io.containerd.runtime.v2.task/moby/$(d inspect --format '{{.Id}}' "$name")" \
		"$(d inspect --format '{{.Id}}' "$name")"
}

@test "exec, top, logs, stats, cp" {
	d run --detach --network none --name "$name" localhost/box sh -c 'echo said; echo wrong >&2; exec sleep 1000'
	[ "$(d exec "$name" cat /proc/1/comm)" = sleep ]
	run d exec "$name" sh -c 'exit 9'
	[ "$status" -eq 9 ]
	# `docker exec` makes 126 of this; it does so with runc, too.
	run -126 d exec "$name" no-such-program
	assert_says no-such-program
	d top "$name" | grep -q 'sleep 1000'
	[ "$(d logs "$name" 2>/dev/null)" = said ]
	[ "$(d logs "$name" 2>&1 >/dev/null)" = wrong ]
	[ "$(d stats --no-stream --format '{{.PIDs}}' "$name")" = 1 ]
	echo copied > "$BASE/copied"
	d cp "$BASE/copied" "$name:/copied"
	[ "$(d exec "$name" cat /copied)" = copied ]
}

@test "pause, unpause, kill, start again, stop, wait" {
	background_box --stop-signal KILL
	d pause "$name"
	status_is paused
	d unpause "$name"
	status_is running
	d kill --signal KILL "$name"
	[ "$(d wait "$name")" = 137 ]
	d start "$name"
	status_is running
	d stop "$name"
	status_is exited
}

@test "limits and their update" {
	background_box --memory 64m --pids-limit 20 --cpus 0.5
	local cgroup=/sys/fs/cgroup/memory/docker/$(d inspect --format '{{.Id}}' "$name")
	[ "$(cat "$cgroup/memory.limit_in_bytes")" = 67108864 ]
	[ "$(cat "${cgroup/memory/pids}/pids.max")" = 20 ]
	d update --memory 96m --memory-swap 192m --pids-limit 30 "$name"
	[ "$(cat "$cgroup/memory.limit_in_bytes")" = 100663296 ]
	[ "$(cat "${cgroup/memory/pids}/pids.max")" = 30 ]
}

@test "restart policies, and events of what happened" {
	local since
	since=$(date +%s)
	d run --detach --network none --name "$name" --restart on-failure:2 localhost/box sh -c 'exit 3'
	wait_for 30 gave_up
	[ "$(d inspect --format '{{.State.ExitCode}}' "$name")" = 3 ]
	d events --since "$since" --until "$(($(date +%s) + 1))" --filter "container=$name" --format '{{.Action}}' > "$BASE/events"
	[ "$(grep -cx die "$BASE/events")" = 3 ]
	[ "$(grep -cx start "$BASE/events")" = 3 ]
}
gave_up() { [ "$(d inspect --format '{{.RestartCount}} {{.State.Status}}' "$name")" = "2 exited" ]; }

@test "security: read-only, capabilities, seccomp, no new privileges" {
	run run_box --read-only localhost/box touch /new
	[ "$status" -eq 1 ]
	assert_says Read-only
	[ "$(run_box --cap-drop ALL localhost/box awk '/^CapEff/ {print $2}' /proc/self/status)" = 0000000000000000 ]
	run_box --security-opt no-new-privileges localhost/box grep -q 'NoNewPrivs:.*1' /proc/self/status
	run_box localhost/box grep -q 'Seccomp:.*2' /proc/self/status
	printf '%s' '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":88}]}' \
		> "$BASE/seccomp.json"
	run run_box --security-opt "seccomp=$BASE/seccomp.json" localhost/box mkdir /tmp/x
	[ "$status" -eq 1 ]
	assert_says "Socket operation on non-socket"
}

@test "volumes and tmpfs" {
	mkdir -p "$BASE/shared"
	echo given > "$BASE/shared/file"
	[ "$(run_box -v "$BASE/shared:/s:ro" localhost/box cat /s/file)" = given ]
	run_box -v "kept$name:/d" localhost/box sh -c 'echo kept > /d/f'
	[ "$(run_box -v "kept$name:/d" localhost/box cat /d/f)" = kept ]
	d volume rm "kept$name"
	run_box --tmpfs /t:size=1m localhost/box grep -q ' /t tmpfs .*size=1024k' /proc/mounts
}

@test "health checks" {
	background_box --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1
	wait_for 20 has_health unhealthy
	d exec "$name" touch /tmp/well
	wait_for 20 has_health healthy
}
has_health() { [ "$(d inspect --format '{{.State.Health.Status}}' "$name")" = "$1" ]; }

@test "build with RUN steps, and run what was built" {
	mkdir -p "$BASE/context"
	printf 'FROM localhost/box\nRUN echo built > /built && id -u > /who\nCMD ["cat", "/built", "/who"]\n' > "$BASE/context/Dockerfile"
	d build --network none --tag localhost/built "$BASE/context"
	[ "$(run_box localhost/built | tr '\n' ' ')" = "built 0 " ]
}

@test "twenty containers at once, each with its status, and nothing is left" {
	local i pids=()
	for i in $(seq 20); do
		run_box localhost/box sh -c "exit $i" &
		pids+=($!)
	done
	for i in $(seq 20); do
		wait "${pids[i - 1]}" && return 1 || [ $? -eq "$i" ]
	done
	[ -z "$(d ps --all --quiet)" ]
}
