#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers of other engines under bulkhead learn --attach, by the name that they have there.

load engines

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}

setup_file() {
	engine_base
	export CONTAINERS_CONF=$BASE/containers.conf
	printf '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "bulkhead-oci"\n' > "$CONTAINERS_CONF"
	printf '[engine.runtimes]\nbulkhead-oci = ["%s"]\n[containers]\nnetns = "none"\nlog_driver = "k8s-file"\n' "$RUNTIME" \
		>> "$CONTAINERS_CONF"
	printf 'default_ulimits = ["nofile=%s:%s", "nproc=4096:4096"]\n' "$(ulimit -Hn)" "$(ulimit -Hn)" >> "$CONTAINERS_CONF"
	mkdir -p "$BASE"/{store,run,tmp}
	busybox_root "$BASE/box"
	tar -C "$BASE/box" -c . | pm import -q - localhost/box
	echo '{}' > "$BASE/daemon.json"
	start_dockerd
	d load --input "$(box_archive box)"
}

teardown_file() {
	pm rm --all --force --time 0 >/dev/null
	end_dockerd
}

pm() {
	podman --root "$BASE/store" --runroot "$BASE/run" --tmpdir "$BASE/tmp" --storage-driver vfs "$@" 3>&- 4>&-
}

LOOP='while :; do cat /etc/group >/dev/null; sleep 0.1; done'

# attached NAME: the profile of the container of this name, of which something was seen.
attached() {
	local attempt
	for attempt in 1 2 3 4 5; do
		"$BULKHEAD" learn --attach "$1" --for 1s -o "$BASE/p.json"
		if jq -e '.rules.files.read | index("/etc/group")' "$BASE/p.json"; then return 0; fi
	done
	return 1
}

@test "podman: by its name and its short id, with the digest of its image; a name that two have is not guessed" {
	local id
	id=$(pm run --detach --name harbour localhost/box sh -c "$LOOP")
	for word in harbour "${id:0:12}"; do
		attached "$word"
		[ "$(jq -r .subject.digest "$BASE/p.json")" = "$(pm image inspect --format '{{.Digest}}' localhost/box)" ]
		"$BULKHEAD" profile check "$BASE/p.json"
	done
	run -0 "$BULKHEAD" surface --json harbour
	[ "$(jq -r .subject <<<"$output")" = harbour ]
	d run --detach --name harbour --network none localhost/box sleep 1000
	run -125 "$BULKHEAD" learn --attach harbour --for 1s
	[[ $output == *'more than one container is called "harbour"'*"${id:0:12}"* ]]
	d rm --force harbour
	pm stop --time 0 harbour
	run -125 "$BULKHEAD" learn --attach harbour --for 1s
	[[ $output == *'there is no container "harbour"'*'podman ps'* ]]
}

@test "docker: by its name, with the id of its image; one that has stopped is told as that" {
	d run --detach --name quay --network none localhost/box sh -c "$LOOP"
	attached quay
	[ "$(jq -r .subject.digest "$BASE/p.json")" = "$(d image inspect --format '{{.Id}}' localhost/box)" ]
	"$BULKHEAD" profile check "$BASE/p.json"
	d kill quay
	run -125 "$BULKHEAD" explain quay
	[[ $output == *'container "quay" does not run'*'docker start quay'* ]]
}

@test "export --to seccomp: podman with both runtimes and docker load it, and hold their containers to it" {
	local engine
	jq '{version: 1, rules: {syscalls: {names: ([.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[] |
		select(. != "mkdir" and . != "mkdirat")] | unique), architectures: ["i386"], socket: {"0x1:0x1": "AF_UNIX"}}}}' \
		/usr/share/containers/seccomp.json > "$BASE/box.json"
	"$BULKHEAD" profile export --to seccomp "$BASE/box.json" > "$BASE/box.seccomp"
	# crun takes no machine that has both kinds of cgroups: it sees those of version 1 alone.
	crun_pm() { unshare --mount bash -c 'umount /sys/fs/cgroup/unified 2>/dev/null; pm --runtime crun "$@"' run "$@"; }
	export -f pm
	for engine in pm crun_pm d; do
		run "$engine" run --rm --network none --security-opt "seccomp=$BASE/box.seccomp" localhost/box \
			sh -c 'echo begun; mkdir /tmp/x; nc -l -p 80'
		echo "$engine: $output"
		[[ $output == *begun*'/tmp/x'*': Function not implemented'*'nc: socket: '* ]]
	done
}

@test "what calls itself conmon in a container names no other" {
	local id other
	id=$(pm run --detach --name pier localhost/box sleep 1000)
	printf 'echo conmon >/proc/self/comm\necho here\nsleep 1000\n' > "$BASE/liar"
	other=$(pm run --detach --volume "$BASE/liar:/liar:ro" localhost/box sh /liar -n wharf -c "$id")
	wait_for 20 says_here "$other"
	run -125 "$BULKHEAD" learn --attach wharf --for 1s
	[[ $output == *'there is no container "wharf"'* ]]
}
says_here() { pm logs "$1" | grep -q here; }
