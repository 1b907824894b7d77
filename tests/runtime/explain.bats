#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead explain, as root: the causes one by one, and what people meet in containers, with the remedy tried where there is one.

load helpers

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}
CAUSES=$ROOT_OF_TREE/build/native/tests/explain/causes

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
}
teardown() { common_teardown; }

# explained COMMAND…: run it, and put its records into $RECORDS, a line each.
explained() {
	RECORDS=$WORK/records
	"$BULKHEAD" explain --json -- "$@" > "$RECORDS.all" 2> "$WORK/err" || true
	grep '^{' "$RECORDS.all" > "$RECORDS" || true
}
# cause_of CALL: the cause of the last refusal of this call.
cause_of() { jq -rs --arg call "$1" '[.[] | select(.call == $call)] | last | .cause // "none"' "$RECORDS"; }
# A python program that makes one system call by number and ends with its errno.
call_number() {
	echo "import ctypes, sys; c = ctypes.CDLL(None, use_errno=True); r = c.syscall($1); sys.exit(ctypes.get_errno() if r < 0 else 0)"
}
bind_port() { echo "import socket; socket.socket().bind(('127.0.0.1', $1))"; }
# The directories above the test's own, so that another user reaches it.
make_directories_open() {
	local at=$WORK
	while [ "$at" != /tmp ] && [ "$at" != / ]; do
		chmod o+x "$at"
		at=$(dirname "$at")
	done
}
# Of this build: somebody else may watch something at the same time.
no_helper() {
	local pid
	for pid in $(pgrep -x bulkhead-observ); do
		[ "$(readlink "/proc/$pid/exe")" != "$(dirname "$(realpath "$BULKHEAD")")/bulkhead-observe" ] || return 1
	done
}

@test "explain: a case for each cause; 85 % right with tracepoints, and none certain and wrong" {
	run "$ROOT_OF_TREE/tests/explain/score" "$BULKHEAD" "$CAUSES"
	echo "$output"
	echo "# $(tail -n 1 <<<"$output")" >&3
	[ "$status" -eq 0 ]
	[[ $(tail -n 1 <<<"$output") =~ ^score:\ ([0-9]+)\ of\ ([0-9]+)\ right.*,\ ([0-9]+)\ wrong ]]
	((BASH_REMATCH[1] * 100 >= BASH_REMATCH[2] * 85 && BASH_REMATCH[2] >= 45 && BASH_REMATCH[3] == 0))
	[[ $output != *BROKEN* ]]
}

@test "explain: the same without privilege: half of them right, and none certain and wrong" {
	run "$ROOT_OF_TREE/tests/explain/score" "$BULKHEAD" "$CAUSES" --tier rootless
	echo "$output"
	echo "# $(tail -n 1 <<<"$output")" >&3
	[[ $(tail -n 1 <<<"$output") =~ ^score:\ ([0-9]+)\ of\ ([0-9]+)\ right.*,\ ([0-9]+)\ wrong ]]
	((BASH_REMATCH[1] * 100 >= BASH_REMATCH[2] * 50 && BASH_REMATCH[2] >= 45 && BASH_REMATCH[3] == 0))
}

@test "explain: each remedy is true: what it says is done to a container, and the refused call works" {
	run "$ROOT_OF_TREE/tests/explain/remedies" "$BULKHEAD" "$OCI" "$CAUSES"
	echo "$output"
	echo "# $(tail -n 1 <<<"$output")" >&3
	[ "$status" -eq 0 ]
	[[ $(tail -n 1 <<<"$output") =~ ^remedies:\ ([0-9]+)\ of\ ([0-9]+)\ tried\ work,\ 0\ broken ]]
	((BASH_REMATCH[1] >= 50))
}

@test "explain: an ordinary user's command: a file's mode is a guess that says so, a filter of the sandbox is not" {
	cp "$BULKHEAD" "$WORK/bulkhead"
	chmod 755 "$WORK" "$WORK/bulkhead"
	make_directories_open
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/bulkhead" explain -- cat /etc/shadow
	[ "$status" -eq 1 ]
	[[ $output == *"tier rootless"* ]]
	[[ $output == *"openat("*"/etc/shadow"*"EACCES"*"layer     file mode (a guess"*"/etc/shadow has mode 0640"* ]]
}

@test "explain: low port, in the words of each tool; the remedy makes it work" {
	run "$BULKHEAD" explain -- "${BK[@]}" run host python3 -c "$(bind_port 81)"
	[ "$status" -eq 1 ]
	[[ $output == *"bind("*"127.0.0.1:81"*"EACCES"* ]]
	[[ $output == *"port 81 is below net.ipv4.ip_unprivileged_port_start"* ]]
	[[ $output == *"bulkhead: --cap-add NET_BIND_SERVICE"* ]]
	[[ $output == *"/process/capabilities"*"podman, docker: --cap-add NET_BIND_SERVICE"*"securityContext.capabilities.add"* ]]
	[[ $output == *"tier "* ]]
	"${BK[@]}" run --cap-add NET_BIND_SERVICE host python3 -c "$(bind_port 81)"
	leftovers
}

@test "explain: ping without raw sockets; with NET_RAW it works" {
	program="import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"
	explained "${BK[@]}" run host python3 -c "$program"
	[[ $(cause_of socket) == ping || $(cause_of socket) == seccomp-* ]]
	[ "$(jq -rs '[.[] | select(.call == "socket")] | last | .try.bulkhead // "none"' "$RECORDS")" = "--cap-add NET_RAW" ]
	"${BK[@]}" run --cap-add NET_RAW host python3 -c "$program"
}

@test "explain: chown of an id that is not mapped" {
	explained unshare -Ur sh -c 'touch "$1"; chown 12345 "$1"; true' sh "$WORK/f"
	[ "$(cause_of fchownat)" = id-unmapped ]
	[ "$(jq -rs '[.[] | select(.call == "fchownat")] | last | .because | test("12345")' "$RECORDS")" = true ]
}

@test "explain: a read-only root and /proc/sys; with --writable a root directory can be written" {
	explained "${BK[@]}" run host sh -c 'echo 1 > /etc/new; echo 1 > /proc/sys/kernel/shmmax; sleep 0.3'
	[ "$(jq -rs '[.[] | select(.path == "/etc/new")] | last | .cause' "$RECORDS")" = read-only ]
	[ "$(jq -rs '[.[] | select(.path == "/proc/sys/kernel/shmmax")] | last | .cause' "$RECORDS")" = read-only-path ]
	make_rootfs "$WORK/rootfs"
	explained "${BK[@]}" run "$WORK/rootfs" /bin/sh -c 'echo 1 > /etc/new'
	[ "$(cause_of openat)$(cause_of open)" != nonenone ]
	"${BK[@]}" run --writable "$WORK/rootfs" /bin/sh -c 'echo 1 > /etc/new'
}

@test "explain: clone3, unshare, io_uring, perf, keyctl and ptrace of the default sandbox are refused by its filter" {
	for call in "435, 0, 0" "272, 0x10000000" "425, 1, 0" "298, 0, 0, -1, -1, 0" "250, 0, 0" "101, 16, 1, 0, 0"; do
		explained "${BK[@]}" run host python3 -c "$(call_number "$call")"
		number=${call%%,*}
		name=$(jq -rs '[.[] | select(.command == "python3" and .type == "refusal")] | last | .call' "$RECORDS")
		[[ " clone3 unshare io_uring_setup perf_event_open keyctl ptrace " == *" $name "* ]] || { echo "$number: $name"; false; }
		[[ $(cause_of "$name") == seccomp-* ]]
	done
	[ "$(jq -rs '[.[] | select(.call == "ptrace")] | last | .try["config.json"] | test("/linux/seccomp")' "$RECORDS")" = true ]
}

@test "explain: setgroups in a rootless namespace, proc over covered proc" {
	explained unshare -Ur python3 -c 'import os; os.setgroups([0])'
	[ "$(cause_of setgroups)" = setgroups-denied ]
}

@test "explain: a filter's ENOSYS and the kernel's are told apart" {
	explained python3 -c "$(call_number 500)"
	[ "$(jq -rs '[.[] | select(.error == "ENOSYS")] | last | .cause' "$RECORDS")" = not-implemented ]
	explained "${BK[@]}" run host python3 -c "$(call_number 500)"
	[[ $(jq -rs '[.[] | select(.error == "ENOSYS" and .command == "python3")] | last | .cause' "$RECORDS") == seccomp-* ]]
}

# last CALL FILTER: of the last refusal of this call.
last() { jq -rs --arg call "$1" "[.[] | select(.call == \$call)] | last | $2" "$RECORDS"; }

@test "explain: the rule of the container's config by its JSON pointer, with the argument; of any runtime's container" {
	path=$(bundle)
	edit "$path" '.process.args = ["/bin/sh", "-c", "hostname x; unshare -u true; unshare -i true; mount -t tmpfs x /tmp; sleep 0.2"]
		| .ociVersion = "1.0.2" | .process.terminal = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		architectures: ["SCMP_ARCH_X86_64"], syscalls: [
		{names: ["keyctl", "sethostname"], action: "SCMP_ACT_ERRNO", errnoRet: 38},
		{names: ["unshare"], action: "SCMP_ACT_ERRNO", errnoRet: 13,
			args: [{index: 0, value: 67108864, valueTwo: 67108864, op: "SCMP_CMP_MASKED_EQ"}]},
		{names: ["unshare"], action: "SCMP_ACT_ERRNO", errnoRet: 1,
			args: [{index: 0, value: 134217728, valueTwo: 134217728, op: "SCMP_CMP_MASKED_EQ"}]}]}'
	for runtime in "$OCI" crun runc; do
		command -v "$runtime" || continue
		beside_v2 "$runtime" --root "$STATE" run -b "$path" "$(new_id)"
		jq -c "select(.call)" "$RECORDS" | cut -c 1-400 | tail -n 4; cat "$WORK/err"
		[ "$(last sethostname '"\(.cause) \(.rule) \(.error)"')" = "seccomp-rule #/linux/seccomp/syscalls/0 ENOSYS" ]
		[[ $(last sethostname .config) == */config.json ]]
		[ "$(jq -rs '[.[] | select(.call == "unshare") | .rule] | join(" ")' "$RECORDS")" = \
			"#/linux/seccomp/syscalls/1 #/linux/seccomp/syscalls/2" ]
		[[ $(last unshare .because) == *"argument 0 & 0x8000000 == 0x8000000, and here argument 0 is 0x8000000"* ]]
		[ "$(last mount '.rule // "none"')" = none ]
	done
}

@test "explain: a default that refuses, and rules that allow a call only with other arguments" {
	path=$(bundle)
	allowed=$(jq '[.syscalls[] | select(.action == "SCMP_ACT_ALLOW" and (.args // []) == [] and ((.includes // {}) == {} or .includes.arches)) | .names[]]
		- ["unshare", "sethostname"]' /usr/share/containers/seccomp.json)
	edit "$path" '.process.args = ["/bin/sh", "-c", "unshare -u true; hostname x; sleep 0.2"] | .process.terminal = false
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", syscalls: [{names: '"$allowed"', action: "SCMP_ACT_ALLOW"},
		{names: ["unshare"], action: "SCMP_ACT_ALLOW",
			args: [{index: 0, value: 67108864, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ"}]}]}'
	explained "$OCI" --root "$STATE" run -b "$path" "$(new_id)"
	cat "$WORK/err"
	[ "$(last sethostname '"\(.cause) \(.rule)"')" = "seccomp-default #/linux/seccomp/defaultAction" ]
	[ "$(last unshare .cause)" = seccomp-argument ]
	[[ $(last unshare .because) == *"allows it only where argument 0 & 0x4000000 == 0, and here argument 0 is 0x4000000"* ]]
}

# beside_v2 COMMAND…: Debian's crun refuses hosts whose cgroup2 stands beside version 1.
beside_v2() {
	if mountpoint -q /sys/fs/cgroup/unified; then
		explained unshare -m sh -c 'umount /sys/fs/cgroup/unified; exec "$@"' sh "$@"
	else
		explained "$@"
	fi
}

@test "explain: a container of crun: host name, mount, read-only root" {
	command -v crun >/dev/null || skip "crun is not installed"
	path=$(bundle)
	edit "$path" '.process.args = ["/bin/sh", "-c", "hostname new; mount -t tmpfs x /tmp; mknod /tmp/n c 1 3; sleep 0.2"]
		| .ociVersion = "1.0.2" | del(.linux.seccomp) | .process.capabilities = {} | .process.terminal = false'
	beside_v2 crun --root "$WORK/crun" run -b "$path" "$(new_id)"
	[ "$(cause_of sethostname)" = capability ]
	[ "$(cause_of mount)" = capability ]
	[ "$(cause_of mknodat)" = read-only ]
	[ "$(jq -rs '[.[] | select(.call == "mount")] | last | .try["podman, docker"]' "$RECORDS")" = "--cap-add SYS_ADMIN" ]
}

@test "explain: podman with its own profile: mount, a sysctl; with --cap-add the host name changes" {
	command -v podman >/dev/null || skip "podman is not installed"
	make_rootfs "$WORK/rootfs"
	podman=(podman --root "$WORK/podman" --runroot "$WORK/podman-run" run --rm --network none
		--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)
	beside_v2 "${podman[@]}" --rootfs "$WORK/rootfs" /bin/sh -c 'hostname new; mount -t tmpfs x /tmp
		echo 1 > /proc/sys/kernel/shmmax; sleep 0.3'
	[ -s "$RECORDS" ]
	grep -q '"command":"hostname"' "$RECORDS" || skip "podman does not run a container here: $(tail -n 1 "$WORK/err")"
	[[ $(cause_of sethostname) == capability || $(cause_of sethostname) == seccomp-* ]]
	[[ $(cause_of mount) == capability || $(cause_of mount) == seccomp-* ]]
	[ "$(jq -rs '[.[] | select(.path == "/proc/sys/kernel/shmmax")] | last | .cause' "$RECORDS")" = read-only-path ]
	[ "$(jq -rs '[.[] | select(.path == "/proc/sys/kernel/shmmax")] | last | .try["podman, docker"] | test("--sysctl")' \
		"$RECORDS")" = true ]
	beside_v2 "${podman[@]}" --cap-add SYS_ADMIN --rootfs "$WORK/rootfs" /bin/sh -c 'hostname new && echo changed'
	grep -q changed "$RECORDS.all"
}

@test "explain: memory that runs out, and why a program cannot be executed" {
	explained "${BK[@]}" run -m 48m host python3 -c 'x = bytearray(200 << 20)'
	[ "$(jq -rs '[.[] | select(.type == "kill")] | last | .cause' "$RECORDS")" = oom ]
	make_rootfs "$WORK/rootfs"
	printf '#!/usr/bin/perl6\n' > "$WORK/rootfs/script"
	chmod 755 "$WORK/rootfs/script"
	run "$BULKHEAD" explain -- "${BK[@]}" run "$WORK/rootfs" /bin/sh -c '/script; sleep 0.5'
	[[ $output == *"/script is a script, and the interpreter in its first line, /usr/bin/perl6, does not exist"* ]]
}

# kills: what is said to have ended processes, "cause signal" each.
kills() { jq -rs '[.[] | select(.type == "kill") | "\(.cause) \(.signal)"] | join(", ")' "$RECORDS"; }

@test "explain: a limit ends a process: of processor time, as a warning and for good, and of the size of a file; with more it works" {
	busy='i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done'
	explained "${BK[@]}" run --ulimit cpu=1 host sh -c 'while :; do :; done'
	[ "$(kills)" = "rlimit-cpu 9" ]
	[ "$(jq -rs '[.[] | select(.type == "kill")] | last | .try.bulkhead' "$RECORDS")" = "--ulimit cpu=SECONDS" ]
	explained "${BK[@]}" run --ulimit cpu=1:20 host sh -c 'while :; do :; done'
	[ "$(kills)" = "rlimit-cpu 24" ]
	"${BK[@]}" run --ulimit cpu=60 host sh -c "$busy"
	explained "${BK[@]}" run --ulimit fsize=1000 host sh -c 'head -c 5000 /dev/zero > /tmp/f; sleep 0.2'
	[ "$(kills)" = "rlimit-fsize 25" ]
	[ "$(jq -rs '[.[] | select(.type == "refusal" and .error == "EFBIG")] | last | .cause' "$RECORDS")" = rlimit-fsize ]
	"${BK[@]}" run --ulimit fsize=5000 host sh -c 'head -c 5000 /dev/zero > /tmp/f'
}

@test "explain: a signal of a limit that somebody sends, or that is caught, has ended nothing" {
	for signal in XCPU XFSZ KILL; do
		explained bash -c "ulimit -t 100; ulimit -f 1000; kill -$signal \$\$"
		[ "$(kills)" = "" ]
	done
	explained bash -c 'trap "caught=1" XCPU; ulimit -St 1; until [ "$caught" ]; do :; done'
	[ "$(kills)" = "" ]
	explained bash -c 'trap "" XFSZ; ulimit -f 1; head -c 5000 /dev/zero > "$1"' bash "$WORK/f"
	[ "$(kills)" = "" ]
	[ "$(jq -rs '[.[] | select(.error == "EFBIG")] | last | .cause' "$RECORDS")" = rlimit-fsize ]
}

@test "explain: processor time that is used up, without privilege" {
	run "$BULKHEAD" explain --tier rootless --json -- bash -c 'ulimit -St 1; while :; do :; done'
	[[ $output == *'"cause":"rlimit-cpu"'*'"signal":24'* ]]
	run "$BULKHEAD" explain --tier rootless --json -- bash -c 'ulimit -St 100; kill -XCPU $$'
	[[ $output != *'"cause":"rlimit-cpu"'* ]]
}

@test "explain: attaches to a running container by name, pid and cgroup, and sees what happens from then on" {
	id=$(new_id)
	"${BK[@]}" run -d --name "$id" host sh -c 'while :; do hostname x; sleep 0.1; done' >/dev/null 2>&1
	pid=$("${BK[@]}" inspect "$id" | jq '.[0].pid')
	cgroup=$(awk -F: '$2 == "pids" { print "/sys/fs/cgroup/pids" $3 } $1 == 0 { v2 = "/sys/fs/cgroup" $3 }
		END { if (v2) print v2 }' "/proc/$pid/cgroup" | head -n 1)
	for word in "$id" "$pid" "$cgroup"; do
		"${BK[@]}" explain --follow "$word" > "$WORK/out" 2> "$WORK/err" &
		explain=$!
		wait_for 20 grep -q sethostname "$WORK/out"
		kill -INT "$explain"
		wait "$explain"
		grep -q 'layer     seccomp' "$WORK/out" || { cat "$WORK/out" "$WORK/err"; false; }
		grep -q 'refusals seen' "$WORK/err"
	done
	"${BK[@]}" rm -f "$id" >/dev/null
	wait_for 20 no_helper
	rm -rf "$STATE/@explain"
	leftovers
}

@test "explain: thousands of refusals a second neither stall the program nor are printed one by one" {
	run "$BULKHEAD" explain -- python3 -c '
import os
for i in range(40000):
    try: os.mkdir("/sys/none%d" % (i % 9000))
    except OSError: pass
for i in range(4000):
    try: os.setxattr("/proc/version", "user.x%d" % i, b"1")
    except OSError: pass
print("done")'
	[ "$status" -eq 0 ]
	[[ $output == *done* ]]
	[ "${#output}" -lt 100000 ]
}

@test "explain: when it is killed, nothing stays attached" {
	"$BULKHEAD" explain -- sleep 100 2>/dev/null &
	explain=$!
	wait_for 20 pgrep -x bulkhead-observ
	wait_for 20 pgrep -P "$explain" -x sleep
	child=$(pgrep -P "$explain" -x sleep)
	kill -KILL "$explain"
	wait "$explain" || true
	wait_for 20 no_helper
	kill "$child"
}

@test "explain: what makes a container is told only where nothing in it was refused; nothing refused is said" {
	run "$BULKHEAD" explain -- sh -c 'mkdir /sys/outside; unshare -m sh -c "mkdir /sys/inside; exit 3"'
	[ "$status" -eq 3 ]
	[[ $output == *'mkdir("/sys/inside"'* && $output != *'mkdir("/sys/outside"'* && $output == *"not shown (--all)"* ]]
	run "$BULKHEAD" explain --all -- sh -c 'mkdir /sys/outside; unshare -m sh -c "mkdir /sys/inside; exit 3"'
	[[ $output == *'mkdir("/sys/inside"'* && $output == *'mkdir("/sys/outside"'* ]]
	run "$BULKHEAD" explain -- sh -c 'unshare -m true; mkdir /sys/outside'
	[[ $output == *'mkdir("/sys/outside"'* && $output != *"no call was refused"* ]]
	program="import select, sys; e = select.epoll(); f = open('/etc/passwd')
try: e.register(f.fileno())
except OSError: sys.exit(5)"
	run "$BULKHEAD" explain -- /usr/bin/python3 -c "$program"
	[ "$status" -eq 5 ]
	[[ $output != *epoll_ctl* && $output == *"explain: no call was refused that matters here"* ]]
	run "$BULKHEAD" explain --all -- /usr/bin/python3 -c "$program"
	[[ $output == *"epoll_ctl("*"EPERM"*"epoll takes none"* ]]
}

@test "explain: netlink: the call works, and its answer is the refusal; with the capability the link is there" {
	run "$BULKHEAD" explain -- unshare -n setpriv --bounding-set=-net_admin --inh-caps=-net_admin ip link set lo up
	[ "$status" -ne 0 ]
	[[ $output == *"ip["*"sendmsg("*"EPERM"*"netlink"*"CAP_NET_ADMIN"*"podman, docker: --cap-add NET_ADMIN"* ]]
	# Lists are shorter without it, and no refusal.
	run "$BULKHEAD" explain --all -- unshare -n setpriv --bounding-set=-net_admin --inh-caps=-net_admin ip route show
	[ "$status" -eq 0 ]
	[[ $output != *"by netlink"* ]]
	unshare -n ip link set lo up
}

@test "explain: the exit status is the command's; bad words get an answer" {
	run "$BULKHEAD" explain -- sh -c 'exit 42'
	[ "$status" -eq 42 ]
	run -127 "$BULKHEAD" explain -- no-such-program-here
	[ "$status" -eq 127 ]
	run "$BULKHEAD" explain 4194303
	[ "$status" -eq 125 ]
	[[ $output == *"there is no process"*try* ]]
	run "$BULKHEAD" explain no-such-container
	[ "$status" -eq 125 ]
	[[ $output == *"there is no container"*try* ]]
	run "$BULKHEAD" explain /etc
	[ "$status" -eq 125 ]
	[[ $output == *"is no cgroup"* ]]
	run "$BULKHEAD" explain
	[ "$status" -eq 125 ]
	run "$BULKHEAD" explain --tier deepest 1
	[[ $output == *"unknown tier"* ]]
	wait_for 20 no_helper
}
