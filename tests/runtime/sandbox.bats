#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead run and bulkhead plan, as root: safe before any option is given.

load helpers

setup() {
	common_setup
	# The state of `bulkhead` lives in a root of the test's own.
	BK=("$BULKHEAD" --root "$STATE")
}
teardown() { common_teardown; }

running() { [ "$(oci state "$1" | jq -r .status)" = running ]; }

@test "run host: the program's output and exit status come back" {
	run "${BK[@]}" run host sh -c 'echo hello; exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = hello ]
	leftovers
}

@test "run, plan, exec: a \"--\" behind the source or the name is none of the command's words" {
	[ "$("${BK[@]}" run host -- echo -- --name)" = "-- --name" ]
	[ "$("${BK[@]}" run -- host echo --name)" = --name ]
	run -127 "${BK[@]}" run host -- -- true
	"${BK[@]}" plan host -- true | grep -q 'execute true'
	local id
	id=$(new_id)
	"${BK[@]}" run -d --name "$id" host -- sleep 1000
	[ "$("${BK[@]}" exec "$id" -- echo -n)" = "" ]
	"${BK[@]}" inspect "$id" | jq -e '.[0].command == ["sleep", "1000"]'
	"${BK[@]}" rm -f "$id"
	leftovers
}

@test "run host: a signal gives 128 + n" {
	"${BK[@]}" run --name "$ID_PREFIX" host sleep 1000 &
	pid=$!
	wait_for 20 running "$ID_PREFIX"
	oci kill "$ID_PREFIX" KILL
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 137 ]
	leftovers
}

@test "run: 125 for our own failure, 127 for a missing program, 126 for one that cannot be executed" {
	run "${BK[@]}" run --memory lots host true
	[ "$status" -eq 125 ]
	run -127 "${BK[@]}" run host nothing-of-this-name
	[ "$status" -eq 127 ]
	run "${BK[@]}" run host /etc/passwd
	[ "$status" -eq 126 ]
	leftovers
}

# bats test_tags=kernel
@test "run host: no capability, no_new_privs, a filter, ids that own no host file" {
	run "${BK[@]}" run host sh -c 'grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status; cat /proc/self/uid_map'
	[ "$status" -eq 0 ]
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		[[ $output == *"$set:"*0000000000000000* ]]
	done
	[[ $output =~ NoNewPrivs:[[:space:]]1 ]]
	[[ $output =~ Seccomp:[[:space:]]2 ]]
	first=$(awk '$1 == 0 { print $2 }' <<<"$(tail -1 <<<"$output")")
	[ "$first" -ge 65536 ]
}

# bats test_tags=kernel
@test "run host: every namespace is new" {
	outside=$(for ns in user pid net mnt ipc uts cgroup time; do readlink /proc/self/ns/$ns; done | sort)
	inside=$("${BK[@]}" run host sh -c 'for ns in user pid net mnt ipc uts cgroup time; do readlink /proc/self/ns/$ns; done' | sort)
	[ "$(wc -l <<<"$inside")" -eq 8 ]
	[ -z "$(comm -12 <(echo "$outside") <(echo "$inside"))" ]
}

@test "run host: files of /etc with a version in their name, whichever it is" {
	cp -a /etc "$WORK/etc"
	mkdir -p "$WORK"/etc/{python3.99,java-99-openjdk,javascript}
	run unshare -m sh -c 'mount --bind "$0" /etc && exec "$@"' "$WORK/etc" "${BK[@]}" run host \
		sh -c 'cd /etc && ls -d java* python*'
	[ "$status" -eq 0 ]
	assert_says java-99-openjdk python3.99
	[[ $output != *javascript* ]]
}

@test "run host: secrets and sockets are not there" {
	for path in /etc/shadow /etc/gshadow /etc/sudoers /etc/ssh /etc/ssl/private /root/.ssh /run/docker.sock \
		/var/run/dbus /var/lib /home/*; do
		run "${BK[@]}" run host sh -c "ls -d $path"
		[ "$status" -ne 0 ] || { echo "$path is there: $output"; false; }
	done
	run "${BK[@]}" run host sh -c 'find / -xdev -type s 2>/dev/null; ls -A /home /root /run /srv /mnt /opt'
	[[ $output != *"/run/"* ]]
	run "${BK[@]}" run host sh -c 'for d in /home /root /run /srv /mnt /opt; do ls -A $d; done'
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "run host: the root is read-only and /tmp is not" {
	run "${BK[@]}" run host sh -c 'echo x > /x'
	[ "$status" -ne 0 ]
	run "${BK[@]}" run host sh -c 'echo x > /usr/x'
	[ "$status" -ne 0 ]
	run "${BK[@]}" run host sh -c 'echo x > /tmp/x && cat /tmp/x'
	[ "$output" = x ]
	[ ! -e /tmp/x ]
}

# bats test_tags=kernel
@test "run host: loopback is up, and there is no other device" {
	run "${BK[@]}" run host sh -c 'cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d " "; cat /sys/class/net/lo/flags'
	[ "${lines[0]}" = lo ]
	[ "${lines[1]}" = 0x9 ]
}

# bats test_tags=kernel
@test "run host: limits are on" {
	run "${BK[@]}" run --pids-limit 20 host bash -c 'for i in $(seq 40); do sleep 100 & done 2>&1; echo; kill $(jobs -p)'
	[[ $output == *"Resource temporarily unavailable"* ]]
}

# bats test_tags=kernel
@test "run host: what the filter denies is EPERM, and clone3 and unknown calls are ENOSYS" {
	run "${BK[@]}" run host python3 -c '
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    ctypes.set_errno(0)
    libc.syscall(*args)
    return errno.errorcode.get(ctypes.get_errno(), "0")
print(call(165, 0, 0, 0, 0, 0), call(272, 0x10000000), call(321, 0, 0, 0), call(435, 0, 0), call(999))
print(call(16, 0, 0x5412, 0), call(16, 0, 0x100005412, 0), call(16, 0, 0x541c, 0), call(41, 38, 5, 0))
'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "EPERM EPERM EPERM ENOSYS ENOSYS" ]
	[ "${lines[1]}" = "EPERM EPERM EPERM EAFNOSUPPORT" ]
}

@test "run host: the current directory only on request" {
	mkdir "$WORK/project" && echo data > "$WORK/project/file"
	cd "$WORK/project"
	run "${BK[@]}" run host cat "$WORK/project/file"
	[ "$status" -ne 0 ]
	run "${BK[@]}" run --cwd host cat file
	[ "$output" = data ]
	run "${BK[@]}" run --cwd host sh -c 'echo more >> file'
	[ "$status" -ne 0 ]
}

@test "run DIR: a root directory, with files that belong to the container" {
	b=$(bundle)
	run "${BK[@]}" run "$b/rootfs" /bin/sh -c 'id -u; stat -c %u /bin/busybox'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = 0 ]
	leftovers
}

@test "run DIR --writable: a directory that is below is removed and made anew" {
	[ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -1)" = 6.6 ] ||
		skip "a tmpfs before Linux 6.6 has no user attributes, by which an overlay remembers what is removed"
	b=$(bundle)
	mkdir -p "$b/rootfs/etc/deep/er"
	run "${BK[@]}" run --writable "$b/rootfs" sh -c 'rm -r /etc/deep; mkdir /etc/deep; ls /etc/deep'
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ -d "$b/rootfs/etc/deep/er" ]
}

# bats test_tags=kernel
@test "run DIR --writable: changes are thrown away; =keep writes to the directory" {
	b=$(bundle)
	echo old > "$b/rootfs/etc/file"; chmod 666 "$b/rootfs/etc/file"
	run "${BK[@]}" run --writable "$b/rootfs" sh -c \
		'echo new > /etc/file; cat /etc/file; touch /made; stat -c "%u %a" /etc/file /'
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf 'new\n0 666\n0 755')" ]
	[ "$(cat "$b/rootfs/etc/file")" = old ]
	[ ! -e "$b/rootfs/made" ]
	# What it takes is the container's memory.
	run "${BK[@]}" run --writable --memory 32m "$b/rootfs" sh -c 'dd if=/dev/zero of=/etc/large bs=1M count=100'
	[ "$status" -ne 0 ]
	# Who joins it later sees the layer, and neither the directory nor, below that, the host's root.
	"${BK[@]}" run -d --name "$ID_PREFIX" --writable "$b/rootfs" sleep 1000
	"${BK[@]}" exec "$ID_PREFIX" touch /made
	"${BK[@]}" exec "$ID_PREFIX" cat /proc/self/mountinfo | awk '$5 == "/"' > "$WORK/roots"
	[ "$(wc -l < "$WORK/roots")" = 1 ]
	grep -q ' - overlay ' "$WORK/roots"
	"${BK[@]}" rm -f "$ID_PREFIX"
	[ ! -e "$b/rootfs/made" ]
	"${BK[@]}" run --writable=keep "$b/rootfs" touch /kept
	[ "$(stat -c %u "$b/rootfs/kept")" = 0 ]
	run "${BK[@]}" run --writable=keep host true
	assert_fails 125
	assert_says --writable=keep host try
	run "${BK[@]}" plan --writable "$b/rootfs" true
	assert_says "a layer in memory" org.bulkhead.rootfs.layer
	leftovers
}

@test "run: options of Docker's kind" {
	b=$(bundle); mkdir "$WORK/data"; echo v > "$WORK/data/v"; chmod -R a+rX "$WORK"
	run "${BK[@]}" run -e COLOUR=blue --hostname deck -w /tmp -v "$WORK/data:/data:ro" --tmpfs /scratch \
		"$b/rootfs" sh -c 'echo $COLOUR; hostname; pwd; cat /data/v; echo s > /scratch/s && cat /scratch/s'
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf 'blue\ndeck\n/tmp\nv\ns')" ]
}

@test "run: an image reference is refused with the way out" {
	run "${BK[@]}" run debian true
	[ "$status" -eq 125 ]
	assert_says image ./debian
}

@test "run: the host's root as a directory is refused" {
	run "${BK[@]}" run / true
	[ "$status" -eq 125 ]
	assert_says host
}

@test "plan: prints every layer, touches nothing" {
	run "${BK[@]}" plan host true
	[ "$status" -eq 0 ]
	assert_says "system call filter" capabilities pivot_root memory
	leftovers
	run "${BK[@]}" plan --json host true
	jq -e '.operations | length > 20' <<<"$output"
}

@test "seccomp: the flag of a listener's wait is accepted without a listener, in run and exec" {
	b=$(bundle); id=$(new_id)
	edit "$b" '.process.args = ["sleep", "60"] | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	run oci exec "$id" mkdir /dev/shm/x
	[ "$status" -eq 1 ]
	assert_says "not permitted"
	oci delete --force "$id"
	leftovers
}

# bats test_tags=kernel
@test "seccomp: a listener, with each flag that features calls supported" {
	b=$(bundle)
	for flag in $("$OCI" features | jq -r '.linux.seccomp.supportedFlags[]'); do
		rm -f "$WORK/listener"
		mkfifo "$WORK/ready"
		# It takes the descriptor and closes it: the call then fails with ENOSYS.
		/usr/bin/python3 -c '
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(sys.argv[1])
listener.listen(1)
open(sys.argv[2], "w").close()
listener.accept()[0].recvmsg(65536)' "$WORK/listener" "$WORK/ready" 3>&- &
		listener=$!
		cat "$WORK/ready"; rm "$WORK/ready"
		edit "$b" '.process.args = ["mkdir", "/dev/shm/x"] | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
			flags: [$flag], listenerPath: $path, syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}' \
			--arg flag "$flag" --arg path "$WORK/listener"
		run oci run -b "$b" "$(new_id)"
		kill "$listener" 2>/dev/null || true; wait "$listener" || true
		[ "$status" -eq 1 ]
		assert_says "not implemented"
	done
	leftovers
}
