# SPDX-License-Identifier: Apache-2.0
# engines: what the tests with real engines share. Each file of tests has one engine of its own, with every directory below
# $BASE; what is the machine's is neither read nor changed. Images are a busybox root, made here: no registry is asked.
#
#   engine_base             makes $BASE and exports it; in setup_file
#   busybox_root DIR        a root with every applet
#   box_archive NAME        an image of that root, named localhost/NAME, as `docker save` writes it: prints the file's name
#   contrib FILE            a file of contrib/ that names the runtime under test instead of the installed one
#   terminal COMMAND        runs it as bash's command on a terminal, which knows exported functions
#   background PIDFILE CMD  starts a daemon, its output to PIDFILE.log
#   end PIDFILE             ends it by its pid, and waits until it is gone
#   podman_begin            engine_base, the snippet as podman's configuration, and an image localhost/box; in setup_file
#   pm ARGS…                podman, with that
#   background_box ARGS…    a container of it that stays, named $name
#   status_is WORD          what that container is now
#   start_dockerd           a dockerd with $BASE/daemon.json; without bridge and packet filter: the machine's network is left as it is
#   end_dockerd             removes its containers and ends it, and $BASE with it
#   d ARGS…                 docker, of that daemon
#   reaches_more PID BUNDLE ID  what a foreign runtime installed is what our compiler makes of its config, and more than our default
#   nothing_left            no mount, cgroup or process of this engine is left

load ../runtime/helpers

engine_base() {
	export BASE
	BASE=$(mktemp -d /tmp/bke.XXXXXX)
	export RUNTIME=$BASE/bin/bulkhead-oci
	install -D -m 0755 "$OCI" "$RUNTIME"
	chmod 0755 "$BASE" "$BASE/bin"
}

busybox_root() {
	local name
	mkdir -p "$1"/{bin,proc,dev,sys,tmp,etc,var,run,root}
	cp "$(command -v busybox)" "$1/bin/busybox"
	for name in $(busybox --list); do
		[ "$name" = busybox ] || ln -sf busybox "$1/bin/$name"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nadm:x:3:4:adm:/:/bin/sh\n' > "$1/etc/passwd"
	printf 'root:x:0:\nadm:x:4:\n' > "$1/etc/group"
	chmod 1777 "$1/tmp"
}

# One layer, and the least that an image says of itself.
box_archive() {
	local work=$BASE/archive-$1 id
	[ -d "$BASE/box" ] || busybox_root "$BASE/box"
	mkdir -p "$work"
	tar -C "$BASE/box" -c . > "$work/layer.tar"
	id=sha256:$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)
	jq -n --arg id "$id" '{architecture: "amd64", os: "linux", created: "2000-01-01T00:00:00Z",
		config: {Cmd: ["sleep", "1000"], Env: ["PATH=/bin"]}, rootfs: {type: "layers", diff_ids: [$id]},
		history: [{created: "2000-01-01T00:00:00Z"}]}' > "$work/config.json"
	jq -n --arg name "localhost/$1:latest" '[{Config: "config.json", RepoTags: [$name], Layers: ["layer.tar"]}]' \
		> "$work/manifest.json"
	tar -C "$work" -cf "$BASE/$1.tar" manifest.json config.json layer.tar
	echo "$BASE/$1.tar"
}

contrib() {
	sed "s|\"/usr/local/bin/bulkhead-oci\"\(, \"/usr/bin/bulkhead-oci\"\)*|\"$RUNTIME\"|" "$ROOT_OF_TREE/contrib/$1"
}

terminal() { SHELL=/bin/bash script --quiet --return --command "$1" /dev/null; }

background() {
	local pid_file=$1
	shift
	setsid "$@" >"$pid_file.log" 2>&1 3>&- 4>&- </dev/null &
	echo $! > "$pid_file"
	disown
}

ended() { ! kill -0 "$1" 2>/dev/null || [ "$(awk '/^State/ {print $2}' "/proc/$1/status" 2>/dev/null)" = Z ]; }

end() {
	local pid
	[ -s "$1" ] || return 0
	pid=$(cat "$1")
	kill "$pid" 2>/dev/null || return 0
	wait_for 20 ended "$pid" || { kill -KILL "$pid"; return 1; }
}

# The snippet, and what this machine asks for: no systemd, no journal, limits that a root without CAP_SYS_RESOURCE may set.
podman_conf() {
	contrib podman/bulkhead.conf | sed '/^\[engine\]/a cgroup_manager = "cgroupfs"\nevents_logger = "file"'
	printf '\n[containers]\nnetns = "none"\nlog_driver = "k8s-file"\n'
	printf 'default_ulimits = ["nofile=%s:%s", "nproc=4096:4096"]\n' "$(ulimit -Hn)" "$(ulimit -Hn)"
}

# podman refuses a runroot of over 50 characters, which $BASE has not.
podman_begin() {
	engine_base
	export CONTAINERS_CONF=$BASE/containers.conf
	podman_conf > "$CONTAINERS_CONF"
	mkdir -p "$BASE"/{root,run,tmp}
	busybox_root "$BASE/box"
	tar -C "$BASE/box" -c . | pm import -q - localhost/box
}

pm() {
	podman --root "$BASE/root" --runroot "$BASE/run" --tmpdir "$BASE/tmp" --storage-driver vfs "$@" 3>&- 4>&-
}

background_box() {
	pm run --detach --name "$name" "$@" localhost/box sleep 1000
}

status_is() { [ "$(pm inspect --format '{{.State.Status}}' "$name")" = "$1" ]; }
prints() { "${@:2}" | grep -q -- "$1"; }

start_dockerd() {
	mkdir -p "$BASE/config"
	background "$BASE/dockerd.pid" dockerd --config-file "$BASE/daemon.json" --data-root "$BASE/root" \
		--exec-root "$BASE/exec" --pidfile "$BASE/docker.pid" --host "unix://$BASE/docker.sock" --bridge none \
		--iptables=false --ip6tables=false --ip-masq=false --storage-driver vfs
	wait_for 60 d version || { cat "$BASE/dockerd.pid.log"; false; }
}

end_dockerd() {
	d ps --all --quiet | xargs -r env DOCKER_HOST="unix://$BASE/docker.sock" docker rm --force >/dev/null
	end "$BASE/dockerd.pid"
	# dockerd does not wait for the shims of what it has just removed.
	wait_for 20 nothing_left
	rm -rf "$BASE"
}

d() { DOCKER_BUILDKIT=0 DOCKER_CONFIG=$BASE/config docker --host "unix://$BASE/docker.sock" "$@" 3>&- 4>&-; }

# ID too: by it the container is found.
reaches_more() {
	local bulkhead=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead} calls='.sets | {syscalls, ioctl, prctl, fcntl, socketFamilies, namespaces}'
	"$bulkhead" surface --json "$1" > "$BASE/running.json"
	cmp <(jq "$calls" "$BASE/running.json") <("$bulkhead" surface --json "${3:0:12}" | jq "$calls")
	"$bulkhead" surface --json "$2" > "$BASE/planned.json"
	cmp <(jq "$calls" "$BASE/running.json") <(jq "$calls" "$BASE/planned.json")
	"$bulkhead" surface --json --diff sandbox "$1" > "$BASE/diff.json"
	jq -e '[.sets[("syscalls", "ioctl", "prctl", "fcntl", "socketFamilies")] | .a < .b] | all' "$BASE/diff.json"
}

# What names $BASE among the mounts, and among the command lines of processes but this one's.
nothing_left() {
	local mounts processes
	mounts=$(awk '{print $5}' /proc/self/mountinfo | grep -F "$BASE/" | grep -v -e "/shm$" -e "/root/overlay$" || true)
	[ -z "$mounts" ] || { echo "mounts left: $mounts"; return 1; }
	processes=$(pgrep -af -- "$BASE/" | grep -v -e bats -e pgrep || true)
	[ -z "$processes" ] || { echo "processes left: $processes"; return 1; }
}
