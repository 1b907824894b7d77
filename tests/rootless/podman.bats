#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Debian's podman as an ordinary user, with bulkhead-oci by contrib/podman/bulkhead.conf. On cgroup v1 podman 4.3 gives such
# a user no cgroup: --memory, --pids-limit, pause, stats and update are refused by podman itself there.

load ../engines/engines

setup_file() { podman_begin; }

teardown_file() {
	pm rm --all --force --time 0 >/dev/null
	end_pause
	nothing_left
	# What its containers made belongs to ids that only a user namespace has.
	unshare --user --map-root-user --map-auto rm -rf "$BASE"
}

# The process that keeps podman's user namespace from one command to the next. It passes over SIGTERM, as podman knows.
end_pause() {
	local file
	while read -r file; do kill -KILL "$(tr -dc 0-9 < "$file")"; done < <(find "$BASE" "$XDG_RUNTIME_DIR" -name pause.pid 2>/dev/null)
}

setup() {
	name=c$BATS_TEST_NUMBER
}

teardown() {
	pm rm --force --ignore --time 0 "$name" >/dev/null
}

@test "rootless podman: the snippet makes it podman's runtime" {
	[ "$(id -u)" -ne 0 ]
	[ "$(pm info --format '{{.Host.OCIRuntime.Name}} {{.Host.Security.Rootless}}')" = "bulkhead-oci true" ]
}

@test "rootless podman: output, input, exit statuses" {
	[ "$(pm run --rm localhost/box echo hello)" = hello ]
	[ "$(echo typed | pm run --rm -i localhost/box cat)" = typed ]
	run pm run --rm localhost/box sh -c 'exit 42'
	[ "$status" -eq 42 ]
	run -127 pm run --rm localhost/box no-such-program
	assert_says no-such-program
}

@test "rootless podman: a terminal" {
	background_box
	export -f pm
	printf 'tty\nexit 3\n' > "$BASE/typed"
	run terminal "pm exec -it $name sh" < "$BASE/typed"
	[ "$status" -eq 3 ]
	assert_says /dev/pts/
}

@test "rootless podman: exec, kill, stop, start, logs" {
	pm run --detach --name "$name" --stop-signal KILL localhost/box sh -c 'echo said; exec sleep 1000'
	run pm exec "$name" sh -c 'exit 9'
	[ "$status" -eq 9 ]
	wait_for 10 prints said pm logs "$name"
	pm stop "$name"
	status_is exited
	pm start "$name"
	pm kill "$name"
	[ "$(pm wait "$name")" = 137 ]
}

@test "rootless podman: --userns=keep-id, a user, a map" {
	[ "$(pm run --rm --userns keep-id localhost/box id -u)" = "$(id -u)" ]
	[ "$(pm run --rm --user 3:4 localhost/box id -u)" = 3 ]
	[ "$(pm run --rm --uidmap 0:1:5000 localhost/box awk '{print $3}' /proc/self/uid_map)" = 5000 ]
}

@test "rootless podman: volumes, --read-only, tmpfs" {
	mkdir -p "$BASE/shared"
	echo given > "$BASE/shared/file"
	[ "$(pm run --rm -v "$BASE/shared:/s:ro" localhost/box cat /s/file)" = given ]
	pm run --rm -v "$BASE/shared:/s" localhost/box sh -c 'echo back > /s/back'
	[ "$(stat -c %u "$BASE/shared/back")" = "$(id -u)" ]
	run pm run --rm --read-only localhost/box touch /new
	[ "$status" -ne 0 ]
	assert_says Read-only
	pm run --rm --tmpfs /t:size=1m localhost/box grep -q ' /t tmpfs .*size=1024k' /proc/mounts
}

@test "rootless podman: capabilities, seccomp, no new privileges" {
	[ "$(pm run --rm --cap-drop all localhost/box awk '/^CapEff/ {print $2}' /proc/self/status)" = 0000000000000000 ]
	pm run --rm --cap-add SYS_ADMIN --security-opt seccomp=unconfined localhost/box mount -t tmpfs none /tmp
	pm run --rm --security-opt no-new-privileges localhost/box grep -q 'NoNewPrivs:.*1' /proc/self/status
	pm run --rm localhost/box grep -q 'Seccomp:.*2' /proc/self/status
}

@test "rootless podman: build with RUN steps, and run what was built" {
	mkdir -p "$BASE/context"
	printf 'FROM localhost/box\nRUN echo built > /built && id -u > /who\nCMD ["cat", "/built", "/who"]\n' \
		> "$BASE/context/Containerfile"
	pm build --runtime "$RUNTIME" --isolation oci --network none --tag localhost/built "$BASE/context"
	[ "$(pm run --rm localhost/built | tr '\n' ' ')" = "built 0 " ]
}

@test "rootless podman: a pod" {
	tar -C "$BASE/box" -c . | pm import -q --change 'CMD ["sleep","1000"]' - localhost/pause
	pm pod create --name "pod$name" --network none --infra-image localhost/pause --infra-command 'sleep 1000'
	pm run --detach --pod "pod$name" --name "$name" localhost/box sleep 1000
	[ "$(pm run --rm --pod "pod$name" localhost/box readlink /proc/self/ns/ipc)" = \
		"$(pm exec "$name" readlink /proc/self/ns/ipc)" ]
	pm pod stop --time 0 "pod$name"
	pm pod rm --force "pod$name"
}

@test "rootless podman: play kube, and down again" {
	mkdir -p "$BASE/kube"
	sed "s|@DIR@|$BASE/kube|" "$BATS_TEST_DIRNAME/../engines/pod.yaml" > "$BASE/pod.yaml"
	pm play kube --network none "$BASE/pod.yaml"
	wait_for 20 grep -q 'from the manifest' "$BASE/kube/out"
	[ "$(pm exec sail-reader cat /shared/out)" = "from the manifest" ]
	pm play kube --down "$BASE/pod.yaml"
	[ -z "$(pm ps --all --quiet)" ]
}

@test "rootless podman: health checks, --userns=auto, --security-opt seccomp=" {
	background_box --health-cmd 'test -e /tmp/well' --health-interval disable
	run pm healthcheck run "$name"
	[ "$status" -ne 0 ]
	pm exec "$name" touch /tmp/well
	pm healthcheck run "$name"
	[ "$(pm run --rm --userns auto:size=2000 localhost/box awk '{print $1, $3}' /proc/self/uid_map)" = "0 2000" ]
	printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}' \
		> "$BASE/seccomp.json"
	run pm run --rm --security-opt "seccomp=$BASE/seccomp.json" localhost/box mkdir /new
	[ "$status" -ne 0 ]
	assert_says "not implemented"
}
