#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead abi: what is asked and what is answered. Looks up only; needs no privileges.
bats_require_minimum_version 1.5.0

setup() {
	TREE=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd)
	BULKHEAD=${BULKHEAD:-$TREE/build/bulkhead}
	WORK=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/bk.XXXXXX")
}

teardown() {
	rm -rf "$WORK"
}

abi() {
	"$BULKHEAD" abi "$@"
}

has() {
	[[ $output == *"$1"* ]] || { echo "no \"$1\" in: $output"; false; }
}

json_is() { # FILTER EXPECTED
	local got
	got=$(jq -r "$1" <<<"$output")
	[ "$got" = "$2" ] || { echo "$1 is $got"; false; }
}

@test "a system call in full" {
	run -0 abi mount --arch x86_64
	has "number      165 on x86_64"
	has "char *dev_name, char *dir_name"
	has "since       Linux 1.0"
	has "may need    CAP_SYS_ADMIN"
	has "contained   mount namespace"
	has "sandbox     refused with EPERM; with CAP_SYS_ADMIN allowed"
	has "risk        critical: "
	has "move_mount"
}

@test "architectures" {
	run -0 abi syscall mount --arch arm64
	has "40 on aarch64"
	run -0 abi syscall mount --arch all
	has "165 on x86_64"
	has "40 on riscv64"
	run -0 abi syscall 40 --arch aarch64
	has "mount  system call"
	run -0 abi open --arch arm64
	has "none on aarch64"
	has "no such call on aarch64"
	run -125 abi mount --arch vax
	has "x86_64, i386"
}

@test "a number means something in each kind" {
	run -0 abi 9 --json
	json_is '[.entries[] | select(.kind == "signal").name] | join(" ")' SIGKILL
	json_is '[.entries[] | select(.kind == "errno").name] | join(" ")' EBADF
	json_is 'any(.entries[]; .kind == "syscall")' true
	run -0 abi ioctl 0x5412
	has TIOCSTI
	run -0 abi errno 38
	has "Function not implemented"
}

@test "names without their prefix, in any case, and the kernel's own" {
	run -0 abi signal kill
	has "SIGKILL  signal"
	run -0 abi capability sys_admin
	has "CAP_SYS_ADMIN  capability"
	run -0 abi SYS_openat
	has "openat  system call"
	run -0 abi sys_openat
	has "openat  system call"
	run -0 abi __x64_sys_openat
	has "openat  system call"
	run -0 abi newuname
	has "uname  system call"
}

@test "real-time signals, by number and as kill(1) writes them" {
	for signal in 40 64 SIGRTMIN+3 RTMAX-1 SIG35; do
		run -0 abi signal "$signal"
		has "SIGRTMIN  signal"
	done
	run -1 abi signal 65
	has 'no signal has the number "65"'
}

@test "errors as the kernel returns them" {
	run -0 abi errno -- -13
	has "EACCES  error number"
	run -125 abi errno -13
	has "put -- before it: -- -13"
}

@test "words find calls" {
	run -0 abi raw socket
	has "SOCK_RAW"
	has "socket "
	run -0 abi clock
	has clock_settime
	has settimeofday
	run -0 abi load kernel module
	has finit_module
}

@test "patterns, and a kind alone" {
	run -0 abi syscall 'io_uring_*'
	[ "$(grep -c io_uring_ <<<"$output")" -eq 3 ]
	run -0 abi capability
	[ "$(grep -c CAP_ <<<"$output")" -eq 41 ]
	run -0 abi
	has sysctl
	run -0 abi --json
	json_is 'keys | length' 17
}

@test "files: what the sandbox does with them" {
	run -0 abi /proc/kcore
	has "sandbox     masked"
	run -0 abi /proc/1/exe
	has /proc/PID/exe
	run -0 abi sysctl kernel.core_pattern
	has "sandbox     read-only"
	has critical
}

@test "all of it is JSON, each kind has entries, each call a risk" {
	run -0 abi '*' --json
	json_is '[.entries[].kind] | unique | length' 17
	json_is '[.entries[] | select(.kind == "syscall" and .risk == null)] | length' 0
	json_is '[.entries[] | select(.kind | IN("procfs", "sysfs", "sysctl"))] | length >= 120' true
	json_is '[.entries[] | select(.kind == "syscall") | .sandbox.standing] | unique | join(" ")' \
		"absent allowed arguments refused"
	json_is 'all(.entries[]; (.risk == null or .risk == "low") == (.reason == null))' true
}

@test "the default profile: refused, allowed, by arguments" {
	run -0 abi syscall mount --json
	json_is '.entries[0].sandbox.action' "SCMP_ACT_ERRNO(EPERM)"
	run -0 abi syscall getpid --json
	json_is '.entries[0].sandbox.standing' allowed
	run -0 abi socket --json
	json_is '.entries[0].sandbox.standing' arguments
	json_is '[.entries[0].sandbox.conditions[] | select(.action == "SCMP_ACT_ALLOW")] | length' 4
}

@test "constants: what the default profile says to a call with them" {
	run -0 abi ioctl TIOCSTI
	has "sandbox     ioctl refused with EPERM"
	run -0 abi ioctl TIOCGWINSZ
	has "sandbox     ioctl allowed"
	run -0 abi clone NEWUSER
	has "sandbox     clone refused with EPERM"
	run -0 abi socket AF_INET
	has "sandbox     socket allowed"
	run -0 abi socket AF_VSOCK --json
	json_is '.entries[0].sandbox' refused
	run -0 abi bpf BPF_PROG_LOAD --json
	json_is '.entries[0].sandbox' refused
}

@test "a profile of Docker's format" {
	local profile=/usr/share/containers/seccomp.json
	[ -e "$profile" ] || skip "golang-github-containers-common is not installed"
	run -0 abi syscall bpf --profile "$profile" --json
	json_is .profile "$profile"
	json_is '.entries[0].profile.standing' refused
	json_is '.entries[0].podman' CAP_SYS_ADMIN
	json_is '.entries[0].profile.with.CAP_SYS_ADMIN' allowed
	run -0 abi syscall read --profile "$profile"
	has "profile     allowed (by $profile#/syscalls/"
	run -0 abi syscall personality --profile "$profile"
	has "argument 0 == 8"
	# What is told at build time is what the file says now, for every call: the table was made of it.
	run -0 abi syscall --profile "$profile" --json
	json_is '[.entries[] | select(.profile.standing == "allowed" and .podman != "allow")] | length' 0
}

@test "an OCI config" {
	echo '{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
		{"names":["mount"],"action":"SCMP_ACT_KILL_PROCESS"},
		{"names":["ioctl"],"action":"SCMP_ACT_ERRNO","args":[
			{"index":1,"value":4294967295,"valueTwo":21522,"op":"SCMP_CMP_MASKED_EQ"}]}]}}}' >"$WORK/config.json"
	run -0 abi syscall mount --profile "$WORK/config.json"
	has "profile     ends the process (by $WORK/config.json#/linux/seccomp/syscalls/0)"
	run -0 abi syscall ioctl --profile "$WORK/config.json"
	has "profile     refused with EPERM when argument 1 & 0xffffffff == 0x5412; otherwise allowed"
	run -0 abi ioctl TIOCSTI --profile "$WORK/config.json"
	has "profile     ioctl refused with EPERM"
	run -0 abi ioctl TCGETS --profile "$WORK/config.json"
	has "profile     ioctl allowed"
	echo '{"linux":{}}' >"$WORK/config.json"
	run -0 abi syscall mount --profile "$WORK/config.json"
	has "profile     allowed: the config has no linux.seccomp"
}

@test "nothing found: exit status 1 and the nearest names" {
	run -1 abi opennat
	has 'nothing is called "opennat"'
	has "try       openat"
	run -1 abi errno 4711
	has 'no error number has the number "4711"'
	run -1 abi syscall 1073741989
	has "try       --arch x32"
	run -1 abi syscal mount
	has "try       syscall mount"
	run -1 abi ''
	has 'nothing is called ""'
	run -1 abi 'zz*'
	has 'nothing matches "zz*"'
	run -1 abi opennat --json
	json_is '.entries | length' 0
	json_is '.nearest[0]' openat
}

@test "bad input" {
	run -125 abi --nonsense
	has "unknown option"
	run -125 abi mount --profile "$WORK/none.json"
	has "No such file or directory"
	has "check the path"
	run -125 abi mount --profile /
	has "Is a directory"
	echo '{"defaultAction":' >"$WORK/bad.json"
	run -125 abi mount --profile "$WORK/bad.json"
	has "bad.json"
	echo '{}' >"$WORK/bad.json"
	run -125 abi mount --profile "$WORK/bad.json"
	has "is no seccomp profile"
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO",
		"args":[{"index":7,"value":0,"op":"SCMP_CMP_EQ"}]}]}' >"$WORK/bad.json"
	run -125 abi mount --profile "$WORK/bad.json"
	has "bad.json#/syscalls/0/args/0/index"
	run -125 abi mount --unknown
	has "exclude each other"
}

@test "calls that this kernel has and the tables lack" {
	run -0 abi --unknown --json
	if [ "$(jq -r .readable <<<"$output")" = true ]; then
		json_is '.unknown | type' array
	else
		json_is '.unknown | length' 0
	fi
	run -0 abi syscall
	[[ $output == *"that is not listed"* || $output == *"that are not listed"* ]]
}

@test "help names what there is" {
	run -0 abi --help
	has "--profile"
	has "raw socket"
	for kind in syscall ioctl prctl fcntl signal capability sockopt socket bpf keyctl ptrace clone mount procfs sysfs \
		sysctl errno; do
		has "$kind"
	done
}
