#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attempts against what is around a container: terminal, sockets, the filter, hooks, cgroups (threats D9 to D14).

load attacks

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
	b=$(bundle)
	id=$(new_id)
}
teardown() { common_teardown; }

# calls NUMBER ARGUMENT… …: the errno of each call, inside `bulkhead run`
CALLS='
import ctypes, errno, sys
libc = ctypes.CDLL(None, use_errno=True)
for line in sys.argv[1:]:
    ctypes.set_errno(0)
    result = libc.syscall(*[ctypes.c_ulong(int(word, 0)) for word in line.split()])
    print(errno.errorcode.get(ctypes.get_errno(), "0") if result == -1 else "done")
'
calls() { run "${BK[@]}" run host python3 -c "$CALLS" "$@"; [ "$status" -eq 0 ] || { echo "$output"; false; }; }

# flatpak 2019-10063 and 2023-28100, snapd 2019-7303, bubblewrap 2017-5226.
@test "D9: TIOCSTI and TIOCLINUX, with high bits too" {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers of the calls are x86_64's"
	calls "16 0 0x5412 0" "16 0 0x100005412 0" "16 0 0xffffffff00005412 0" "16 0 0x8000000000005412 0" \
		"16 0 0x541c 0" "16 0 0x10000541c 0" "16 0 0xffffffff0000541c 0" "16 0 0x5413 0"
	[ "$(printf '%s\n' "${lines[@]:0:7}" | sort -u)" = EPERM ] || { echo "$output"; false; }
	# The neighbour is allowed: it is the rule that refuses.
	[ "${lines[7]}" != EPERM ]
}

@test "D9: the caller's terminal is not the container's" {
	args "$b" sh -c 'cat /proc/self/stat; : > /dev/tty'
	run script -qec "$OCI --root $STATE run -b $b $id < /dev/null" /dev/null
	# A session of its own: fields 6 (session) and 7 (terminal).
	[[ $output =~ \)\ [A-Z]\ [0-9]+\ [0-9]+\ [01]\ 0\  ]] || { echo "$output"; false; }
	[[ $output == *"No such device"* ]]
}

# containerd 2020-15257.
@test "D10: start.sock obeys its owner alone, and survives rubbish" {
	cat > "$WORK/client" <<-'SCRIPT'
		import array, os, socket, struct, sys
		os.chdir(sys.argv[1])
		if sys.argv[2] != "0": os.setgroups([]); os.setresuid(*[int(sys.argv[2])] * 3)
		go = struct.pack("<IIII", 0x424b4831, 3, 0, 1) + bytes(8 + 40 + 320 + 200 + 400 + 400)
		fds = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 9))]
		messages = {"go": (go, []), "short": (go[:-1], []), "long": (go + b"x" * 100000, []), "fds": (go, fds),
			"magic": (b"x" + go[1:], []), "number": (go[:12] + b"\2" + go[13:], []), "nothing": (b"", [])}
		for name in sys.argv[3:]:
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		    s.settimeout(5)
		    s.connect("start.sock")
		    try: s.sendmsg([messages[name][0]], messages[name][1]); s.recv(1)
		    except (BrokenPipeError, ConnectionResetError): pass
	SCRIPT
	args "$b" sleep 600
	create "$b" "$id"
	[ "$(stat -c %a "$STATE/$id")" = 700 ]
	chmod 711 "$STATE/$id"; chmod 777 "$STATE/$id/start.sock"
	/usr/bin/python3 "$WORK/client" "$STATE/$id" 65534 go go
	/usr/bin/python3 "$WORK/client" "$STATE/$id" 0 short long fds magic number nothing
	pid=$(oci state "$id" | jq .pid)
	[[ $(readlink "/proc/$pid/exe") == /memfd:* ]]
	# The message is a good one: its owner starts the container with it.
	/usr/bin/python3 "$WORK/client" "$STATE/$id" 0 go
	wait_for 5 grep -q busybox "/proc/$pid/maps"
}

@test "D10: nothing of a container's state can be read or written by others, and no socket is abstract" {
	before=$(grep -o '@.*' /proc/net/unix | sort)
	(umask 0; create "$b" "$id")
	[ "$(grep -o '@.*' /proc/net/unix | sort)" = "$before" ]
	[ -z "$(find "$STATE" -mindepth 1 -maxdepth 1 -perm /077)" ]
	[ -z "$(find "$STATE/$id" -type f -perm /077)" ]
	chmod 777 "$STATE"
	run oci state "$id"
	assert_fails 1
	assert_says "not safe"
	chmod 700 "$STATE"
}

# runc 2021-43784: a list grows until its length no longer fits, and what is left of it says something else.
@test "D11: id maps that are longer than one write are refused whole" {
	# Cut at 4,095 bytes the last line would give one id instead of ten, and all after it none.
	local maps='[{containerID: 0, hostID: 100000, size: 65536}, {containerID: 70000, hostID: 20, size: 10}] + [range(300)
		| {containerID: (1000000 + 10 * .), hostID: (2000000000 + 10 * .), size: 10}]'
	path=$b
	until [ "$path" = / ]; do [ -k "$path" ] || chmod a+x "$path"; path=$(dirname "$path"); done
	args "$b" cat /proc/self/uid_map
	edit "$b" ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = $maps | .linux.gidMappings = .linux.uidMappings[:1]"
	[ "$(jq -r '.linux.uidMappings[] | "\(.containerID) \(.hostID) \(.size)"' "$b/config.json" | head -c 4095 | tail -n 1)" = \
		"1001840 2000001840 1" ]
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says "cannot map the ids" "4096 bytes"
	# As many as fit are what was asked for.
	edit "$b" '.linux.uidMappings |= .[:186]'
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" = 186 ]
	[ "$(awk '{print $3}' <<<"${lines[-1]}")" = 10 ]
	# And by name: a path of a namespace that is longer than any length of two bytes.
	edit "$b" '.linux.namespaces |= map(if .type == "uts" then .path = "/proc/self/ns/uts" + "/" * 65536 else . end)'
	run oci run -b "$b" "$id"
	assert_fails 1
	leftovers
}

# The like of it.
@test "D11: numbers that a narrower field would cut" {
	for filter in '.process.user.uid = 4294967296' '.process.user.additionalGids = [4294967295]' '.process.user.umask = 65536' \
		'.process.terminal = true | .process.consoleSize = {height: 65537, width: 1}' '.process.oomScoreAdj = 4294967297' \
		'.linux.devices = [{type: "c", path: "/dev/x", major: 4294967297, minor: 3}]' '.linux.uidMappings = [{containerID: 0, hostID: 1, size: 4294967297}]'; do
		edit "$b" "$filter"
		run oci run -b "$b" "$(new_id)"
		assert_fails 1
		edit "$b" 'del(.process.consoleSize, .linux.devices, .linux.uidMappings, .process.oomScoreAdj) | .process.terminal = false | .process.user = {uid: 0, gid: 0}'
	done
	oci run -b "$b" "$(new_id)"
}

# flatpak 2021-41133; kernel 2022-0185 and 2024-1086.
@test "D12: new namespaces, the mount calls old and new, and the kernel's large surfaces" {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers of the calls are x86_64's"
	# unshare and setns; clone with NEWUSER and NEWNS; mount … mount_setattr; ptrace, bpf, perf, userfaultfd, io_uring, keys, kexec
	calls "272 0x10000000" "272 0x20000" "308 0 0" "56 0x10000011 0 0 0 0" "56 0x20011 0 0 0 0" "165 0 0 0 0 0" "166 0 0" \
		"155 0 0" "428 -1 0 0" "429 0 0 0 0 0" "430 0 0" "431 0 0 0 0 0" "432 0 0 0" "442 0 0 0 0 0" "101 0 0 0 0" "321 0 0 0" \
		"298 0 0 0 0 0" "323 0" "425 1 0" "248 0 0 0 0 0" "250 0 0" "246 0 0 0 0" "175 0 0 0" "304 0 0 0" "438 0 0 0"
	[ "$(sort -u <<<"$output")" = EPERM ] || { echo "$output"; false; }
	calls "435 0 0" "999"
	[ "$(sort -u <<<"$output")" = ENOSYS ] || { echo "$output"; false; }
	# The x32 entry ends the program.
	run "${BK[@]}" run host python3 -c "$CALLS" "0x40000027"
	[ "$status" -eq 159 ] || { echo "$status $output"; false; }
}

@test "D12: address families, in socket and in socketpair" {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers of the calls are x86_64's"
	for family in 3 17 21 29 30 38 40 41 44 0x100000026; do list+=("41 $family 5 0" "53 $family 5 0 0"); done
	calls "${list[@]}" "53 2 1 0 0"
	[ "$(sort -u <<<"$output")" = EAFNOSUPPORT ] || { echo "$output"; false; }
}

@test "D12: unshare(1) makes no user namespace, for root in the sandbox neither" {
	run "${BK[@]}" run host unshare -Ur true
	[ "$status" -ne 0 ]
	run "${BK[@]}" run --cap-add SYS_ADMIN host unshare -U true
	[ "$status" -ne 0 ]
}

# NVIDIA 2025-23266, podman 2026-57231.
@test "D13: LD_PRELOAD of the image reaches no hook, nor does the caller's environment" {
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		edit "$b" '.hooks[$k] = [{path: "/bin/sh", args: ["sh", "-c", $s], env: ["OWN=1"]}]' --arg k $kind --arg s "env | grep -v -E '^(OWN=1|PATH=.*|PWD=.*|SHLVL=.*|_=.*|OLDPWD=.*)$' >> $WORK/env-$kind; : > $WORK/ran-$kind"
	done
	mount_in "$b" "$WORK" "$WORK"
	# PATH, PWD and the like are a shell's own.
	edit "$b" '.process.env += ["LD_PRELOAD=/evil.so", "LD_LIBRARY_PATH=/", "BASH_ENV=/evil"]'
	CALLERS=secret oci run -b "$b" "$id"
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		[ -e "$WORK/ran-$kind" ]
		[ ! -s "$WORK/env-$kind" ] || { echo "$kind: $(cat "$WORK/env-$kind")"; false; }
	done
}

# podman 2026-57231.
@test "D13: a variable without a value is not filled from the caller's environment" {
	edit "$b" '.process.env = ["SECRET"]'
	args "$b" env
	SECRET=of-the-host run oci run -b "$b" "$id"
	assert_fails 1
	[[ $output != *of-the-host* ]]
	edit "$b" '.process.env = []'
	SECRET=of-the-host run oci run -b "$b" "$(new_id)"
	[ "$status" -eq 0 ]
	[[ $output != *of-the-host* ]]
}

@test "D13: what a hook writes is not open to everyone" {
	for kind in createRuntime createContainer startContainer; do
		edit "$b" '.hooks[$k] = [{path: "/bin/sh", args: ["sh", "-c", $s]}]' --arg k $kind --arg s ": > $WORK/made-$kind"
	done
	mount_in "$b" "$WORK" "$WORK"
	umask 022
	oci run -b "$b" "$id"
	[ "$(stat -c %a "$WORK"/made-*)" = $'644\n644\n644' ]
}

@test "D13: an id that looks like the place of the pid" {
	edit "$b" '.hooks = {createContainer: [{path: "/bin/sh", args: ["sh", "-c", $s]}]}' --arg s "cat > $WORK/seen"
	oci run -b "$b" 2147483647
	jq -e '.id == "2147483647" and .pid > 0 and .pid < 2147483647' "$WORK/seen"
}

@test "D13: no error carries a terminal's commands" {
	args "$b" $'/bin/\e]0;owned\a\u009b31m\u202e'
	run oci run -b "$b" "$id"
	assert_fails 1
	edit "$b" '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "printf \"\\033[2J\\233x\"; exit 1"]}]'
	first=$output
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "the last it said was"
	said=$first$output
	run ! grep -P '[\x00-\x08\x0b-\x1f\x7f\x9b]' <<<"$said"
	run ! grep $'\u202e' <<<"$said"
}

# runc 2023-25809.
@test "D14: a user namespace without a cgroup namespace cannot write to cgroups" {
	chmod 755 "$WORK"
	edit "$b" '.linux.namespaces |= map(select(.type != "cgroup")) + [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings |
		.annotations = {"org.bulkhead.rootfs.idmap": "true"} | (.mounts[] | select(.type == "cgroup")).options = ["rw"]'
	[ "$(jq '[.mounts[] | select(.type == "cgroup")] | length' "$b/config.json")" = 1 ]
	args "$b" sh -c 'grep " /sys/fs/cgroup" /proc/self/mountinfo | cut -d" " -f6 | cut -d, -f1'
	run --separate-stderr oci run -b "$b" "$id"
	[ "$status" -eq 0 ]
	[ -n "$output" ]
	[ "$(sort -u <<<"$output")" = ro ] || { echo "$output"; false; }
}

@test "D14: by default cgroups are read-only and the container's own are their root" {
	args "$b" sh -c 'grep " /sys/fs/cgroup" /proc/self/mountinfo | cut -d" " -f6 | cut -d, -f1; cut -d: -f3 /proc/self/cgroup'
	run --separate-stderr oci run -b "$b" "$id"
	[ "$(sort -u <<<"$output")" = $'/\nro' ] || { echo "$output"; false; }
}

# kernel 2022-0492. The root of a v1 hierarchy has the file that is looked for.
@test "D14: no release_agent inside, with a writable mount and all capabilities" {
	caps='["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_SYS_CHROOT"]'
	edit "$b" '(.mounts[] | select(.type == "cgroup")).options = ["rw"] |
		.process.capabilities = {bounding: $c, effective: $c, permitted: $c}' --argjson c "$caps"
	args "$b" sh -c 'cd /sys/fs/cgroup && ls */cgroup.procs cgroup.procs; ls release_agent */release_agent'
	run --separate-stderr oci run -b "$b" "$id"
	[[ $output == *cgroup.procs* && $output != *release_agent* ]] || { echo "$output $stderr"; false; }
}

# oci/, the plan and the making of the cgroup each refuse.
@test "D14: cgroup paths that climb, and the root itself" {
	for path in /x/../y / // /. ../x /x/../../y x/..; do
		edit "$b" '.linux.cgroupsPath = $p' --arg p "$path"
		run oci run -b "$b" "$(new_id)"
		assert_fails 1
		assert_says /linux/cgroupsPath
	done
	edit "$b" 'del(.linux.cgroupsPath)'
	args "$b" sleep 600
	up "$b" "$id"
	run oci exec --cgroup ../.. "$id" true
	assert_fails 255
}
