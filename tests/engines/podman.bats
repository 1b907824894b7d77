#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Debian's podman, rootful, with bulkhead-oci by contrib/podman/bulkhead.conf.

load engines

setup_file() { podman_begin; }

teardown_file() {
	pm rm --all --force --time 0 >/dev/null
	pm pod rm --all --force >/dev/null
	nothing_left
	rm -rf "$BASE"
}

setup() {
	name=c$BATS_TEST_NUMBER
}

teardown() {
	pm rm --force --ignore --time 0 "$name" >/dev/null
}

@test "the snippet makes it podman's runtime" {
	[ "$(pm info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}')" = "bulkhead-oci $RUNTIME" ]
}

@test "run: output, input, exit statuses" {
	[ "$(pm run --rm localhost/box echo hello)" = hello ]
	[ "$(echo typed | pm run --rm -i localhost/box cat)" = typed ]
	run pm run --rm localhost/box sh -c 'exit 42'
	[ "$status" -eq 42 ]
}

@test "the surface of podman's default, with crun, read from outside: more than that of bulkhead run" {
	# crun takes no machine that has both kinds of cgroups: it sees those of version 1 alone.
	export -f pm
	unshare --mount bash -c 'mountpoint -q /sys/fs/cgroup/unified && umount /sys/fs/cgroup/unified
		pm --runtime crun run --detach --name "$1" localhost/box sleep 1000' run "$name"
	reaches_more "$(pm inspect --format '{{.State.Pid}}' "$name")" \
		"$(dirname "$(pm inspect --format '{{.OCIConfigPath}}' "$name")")" "$(pm inspect --format '{{.ID}}' "$name")"
}

@test "run: a program that is not there is 127, one that cannot be executed 126" {
	run -127 pm run --rm localhost/box no-such-program
	assert_says no-such-program
	run pm run --rm localhost/box /etc/passwd
	[ "$status" -eq 126 ]
}

@test "run: user, directory, environment, host name" {
	[ "$(pm run --rm --user 3:4 localhost/box id -u)" = 3 ]
	[ "$(pm run --rm --user adm localhost/box sh -c 'id -u; id -g' | tr '\n' ' ')" = "3 4 " ]
	[ "$(pm run --rm --workdir /tmp localhost/box pwd)" = /tmp ]
	[ "$(pm run --rm --env A=b localhost/box sh -c 'echo $A')" = b ]
	[ "$(pm run --rm --hostname harbour localhost/box hostname)" = harbour ]
}

@test "a terminal: exec -it and run -it, what is typed, the size, the status" {
	background_box
	printf 'tty\nexit 3\n' > "$BASE/typed"
	export -f pm
	run terminal "pm exec -it $name sh" < "$BASE/typed"
	[ "$status" -eq 3 ]
	assert_says /dev/pts/
	run terminal "stty rows 33 cols 77; pm run --rm -it localhost/box sh -c 'until stty size | grep \
		\"33 77\"; do :; done'"
	[ "$status" -eq 0 ]
}

@test "exec: statuses, another user, detached, and the absence of a program" {
	background_box
	run pm exec "$name" sh -c 'exit 9'
	[ "$status" -eq 9 ]
	[ "$(pm exec --user 3 "$name" id -u)" = 3 ]
	pm exec --detach "$name" touch /tmp/there
	wait_for 10 pm exec "$name" test -e /tmp/there
	run -127 pm exec "$name" no-such-program
}

# The whole way: sd_notify(3) of systemd's own client, the runtime, conmon, podman, and who listens as systemd does.
@test "run --sdnotify=container: the program's own READY=1 comes through, and podman waits for it" {
	local heard=$BASE/heard listener
	mkfifo "$BASE/go"
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("listening", flush=True)
while True: print(s.recv(4096).decode().replace("\n", " "), flush=True)' "$BASE/notify" > "$heard" 3>&- 4>&- &
	listener=$!
	wait_for 5 grep -q listening "$heard"
	NOTIFY_SOCKET=$BASE/notify pm run --detach --sdnotify=container --name "$name" -v /usr:/usr:ro -v /usr/lib:/lib:ro \
		-v /usr/lib64:/lib64:ro -v "$BASE/go:/go" localhost/box sh -c 'cat /go; /usr/bin/systemd-notify --ready; sleep 1000' \
		> "$BASE/started" 2>&1 &
	echo > "$BASE/go"
	wait_for 20 grep -q READY=1 "$heard"
	wait $!
	status_is running
	kill "$listener"
	[ "$(grep -c READY=1 "$heard")" = 1 ]
	rm "$BASE/go" "$BASE/notify"
}

@test "stop, kill, start again, wait" {
	background_box --stop-signal TERM
	pm kill --signal USR1 "$name"
	status_is running
	pm stop --time 0 "$name"
	status_is exited
	pm start "$name"
	status_is running
	pm kill "$name"
	[ "$(pm wait "$name")" = 137 ]
}

@test "logs keep both outputs" {
	pm run --name "$name" localhost/box sh -c 'echo out; echo err >&2'
	wait_for 10 prints out pm logs "$name"
	[ "$(pm logs "$name" 2>&1 | sort | tr '\n' ' ')" = "err out " ]
}

@test "pause and unpause" {
	background_box
	pm pause "$name"
	status_is paused
	run pm exec "$name" true
	[ "$status" -ne 0 ]
	pm unpause "$name"
	status_is running
	pm exec "$name" true
}

@test "limits: memory, pids, and update of them" {
	background_box --memory 64m --pids-limit 20
	[ "$(pm exec "$name" cat /sys/fs/cgroup/memory/memory.limit_in_bytes)" = 67108864 ]
	[ "$(pm exec "$name" cat /sys/fs/cgroup/pids/pids.max)" = 20 ]
	run pm update --memory 96m "$name"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(pm exec "$name" cat /sys/fs/cgroup/memory/memory.limit_in_bytes)" = 100663296 ]
}

cgroup_of() { # cgroup_of CONTROLLER: where the container named $name is in it, on this machine
	local pid
	pid=$(pm inspect --format '{{.State.Pid}}' "$name")
	echo "/sys/fs/cgroup/$1$(awk -F : -v of="$1" '$2 == of {print $3}' "/proc/$pid/cgroup")"
}

@test "pids-limit holds a fork bomb, and kill ends all of it" {
	local group
	background_box --pids-limit 16
	group=$(cgroup_of pids)
	pm exec --detach "$name" sh -c 'bomb() { bomb | bomb & }; while :; do bomb; done'
	wait_for 20 grep -q '^max [1-9]' "$group/pids.events"
	[ "$(cat "$group/pids.max")" = 16 ]
	[ "$(cat "$group/pids.current")" -le 16 ]
	pm kill "$name"
	[ "$(pm wait "$name")" = 137 ]
	wait_for 10 test ! -e "$group"
}

@test "stats, top, inspect" {
	background_box
	[ "$(pm stats --no-stream --format '{{.PIDs}}' "$name")" = 1 ]
	pm stats --no-stream --format '{{.MemUsage}}' "$name" | grep -q B
	pm top "$name" | grep -q 'sleep 1000'
	[ "$(pm inspect --format '{{.OCIRuntime}}' "$name")" = bulkhead-oci ]
}

@test "health checks" {
	pm run --detach --name "$name" --health-cmd 'test -e /tmp/well' --health-interval disable localhost/box sleep 1000
	run pm healthcheck run "$name"
	[ "$status" -ne 0 ]
	pm exec "$name" touch /tmp/well
	pm healthcheck run "$name"
}

@test "volumes, bind mounts, tmpfs" {
	mkdir -p "$BASE/shared"
	echo given > "$BASE/shared/file"
	[ "$(pm run --rm -v "$BASE/shared:/s:ro" localhost/box cat /s/file)" = given ]
	run pm run --rm -v "$BASE/shared:/s:ro" localhost/box touch /s/new
	[ "$status" -ne 0 ]
	pm run --rm -v "data$name:/d" localhost/box sh -c 'echo kept > /d/f'
	[ "$(pm run --rm -v "data$name:/d" localhost/box cat /d/f)" = kept ]
	pm volume rm "data$name"
	pm run --rm --tmpfs /t:size=1m localhost/box grep -q ' /t tmpfs .*size=1024k' /proc/mounts
}

# --userns=auto takes ids from the line "containers" of /etc/subuid: there is one in a mount namespace of the command's own.
with_ids_for_auto() {
	printf 'containers:2000000:200000\n' > "$BASE/subids"
	unshare --mount sh -c 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec "$@"' - \
		"$BASE/subids" "$@"
}

@test "user namespaces: given maps, and auto" {
	[ "$(pm run --rm --uidmap 0:200000:5000 localhost/box cat /proc/self/uid_map | tr -s ' ')" = " 0 200000 5000" ]
	[ "$(pm run --rm --uidmap 0:200000:5000 --gidmap 0:300000:5000 localhost/box stat -c %u:%g /bin)" = 0:0 ]
	with_ids_for_auto podman --root "$BASE/root" --runroot "$BASE/run" --tmpdir "$BASE/tmp" --storage-driver vfs \
		run --rm --userns=auto localhost/box awk '$1 == 0 && $2 >= 2000000 {ok = 1} END {exit !ok}' /proc/self/uid_map 3>&-
}

@test "--read-only" {
	run pm run --rm --read-only localhost/box touch /new
	[ "$status" -ne 0 ]
	assert_says "Read-only"
	pm run --rm --read-only localhost/box touch /tmp/new
}

@test "capabilities: dropped, added, none" {
	run pm run --rm localhost/box mount -t tmpfs none /tmp
	[ "$status" -ne 0 ]
	pm run --rm --cap-add SYS_ADMIN --security-opt seccomp=unconfined localhost/box mount -t tmpfs none /tmp
	[ "$(pm run --rm --cap-drop all localhost/box awk '/^CapEff/ {print $2}' /proc/self/status)" = 0000000000000000 ]
}

@test "seccomp: a profile of one's own, and no new privileges" {
	printf '%s' '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":88}]}' \
		> "$BASE/seccomp.json"
	run pm run --rm --security-opt seccomp="$BASE/seccomp.json" localhost/box mkdir /tmp/x
	[ "$status" -ne 0 ]
	assert_says "Socket operation on non-socket"
	pm run --rm --security-opt no-new-privileges localhost/box grep -q 'NoNewPrivs:.*1' /proc/self/status
	pm run --rm localhost/box grep -q 'Seccomp:.*2' /proc/self/status
}

@test "devices, ulimits, namespaces of the host" {
	pm run --rm --device /dev/null:/dev/nothing localhost/box test -c /dev/nothing
	[ "$(pm run --rm --ulimit nofile=99:99 --ulimit nproc=4096:4096 localhost/box sh -c 'ulimit -n')" = 99 ]
	[ "$(pm run --rm --uts host localhost/box hostname)" = "$(hostname)" ]
	[ "$(pm run --rm --pid host localhost/box readlink /proc/self/ns/pid)" = "$(readlink /proc/self/ns/pid)" ]
}

@test "pods share what they should" {
	tar -C "$BASE/box" -c . | pm import -q --change 'CMD ["sleep","1000"]' - localhost/pause
	pm pod create --name "pod$name" --network none --infra-image localhost/pause --infra-command 'sleep 1000'
	pm run --detach --pod "pod$name" --name "$name" localhost/box sleep 1000
	[ "$(pm run --rm --pod "pod$name" localhost/box readlink /proc/self/ns/ipc)" = "$(pm exec "$name" readlink /proc/self/ns/ipc)" ]
	pm pod pause "pod$name"
	status_is paused
	pm pod unpause "pod$name"
	pm pod stop --time 0 "pod$name"
	pm pod rm --force "pod$name"
}

@test "play kube: a manifest with a volume, a command and an environment, and down again" {
	mkdir -p "$BASE/kube"
	sed "s|@DIR@|$BASE/kube|" "$BATS_TEST_DIRNAME/pod.yaml" > "$BASE/pod.yaml"
	pm play kube --network none "$BASE/pod.yaml"
	wait_for 20 grep -q 'from the manifest' "$BASE/kube/out"
	[ "$(pm exec sail-reader cat /shared/out)" = "from the manifest" ]
	pm play kube --down "$BASE/pod.yaml"
	[ -z "$(pm ps --all --quiet)" ]
}

@test "build with RUN steps, and run what was built" {
	mkdir -p "$BASE/context"
	cp -a "$BASE/box" "$BASE/context/root"
	cat > "$BASE/context/Containerfile" <<-'END'
		FROM scratch
		COPY root /
		RUN echo built > /built && id -u > /who
		RUN ["/bin/sh", "-c", "cat /built /who > /both"]
		CMD ["cat", "/both"]
	END
	pm build --runtime "$RUNTIME" --isolation oci --network none --tag localhost/built "$BASE/context"
	[ "$(pm run --rm localhost/built | tr '\n' ' ')" = "built 0 " ]
}

@test "commit, cp, diff" {
	background_box
	pm exec "$name" touch /marked
	echo copied > "$BASE/copied"
	pm cp "$BASE/copied" "$name:/copied"
	[ "$(pm exec "$name" cat /copied)" = copied ]
	pm diff "$name" | grep -q '^A /marked'
	pm commit -q "$name" localhost/marked
	pm run --rm localhost/marked test -e /marked
}

@test "twenty containers at once, and nothing is left" {
	local i pids=()
	for i in $(seq 20); do
		pm run --rm localhost/box sh -c "exit $i" &
		pids+=($!)
	done
	for i in $(seq 20); do
		wait "${pids[i - 1]}" && return 1 || [ $? -eq "$i" ]
	done
	[ -z "$(pm ps --all --quiet)" ]
}

@test "a profile by name: it takes away and gives nothing; a name that is not there refuses the start" {
	local profiles=$BASE/profiles
	mkdir -p "$profiles"
	chmod 755 "$profiles"
	jq '{version: 1, rules: {syscalls: {names: [.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[] |
		select(. != "mkdir" and . != "mkdirat")] | unique}, capabilities: {"CAP_CHOWN": "", "CAP_SYS_ADMIN": ""},
		files: {read: ["/etc/**", "/bin/**"]}, limits: {RLIMIT_NOFILE: 500}}}' \
		/usr/share/containers/seccomp.json > "$profiles/web.json"
	profiled() { pm --runtime-flag "profiles=$profiles" run --name "$name" --annotation "org.bulkhead.profile=$1" "${@:2}"; }
	run profiled web --detach localhost/box sleep 1000
	[ "$status" -eq 0 ]
	run pm --runtime-flag "profiles=$profiles" exec "$name" sh -c 'cat /etc/passwd; ls /root; mkdir /tmp/x; ulimit -Hn
		grep -E "CapBnd" /proc/self/status'
	echo "$output"
	[[ $output == *adm:x:3* ]]
	[[ $output == *"'/root': Permission denied"* ]]
	[[ $output == *'Function not implemented'* ]]
	[[ $output == *$'\n500\n'* ]]
	[[ $output == *'CapBnd:'*0000000000000001* ]]
	pm rm --force --time 0 "$name"
	run profiled nobody localhost/box true
	[ "$status" -ne 0 ]
	[[ $output == *'there is no such profile'* ]]
}
