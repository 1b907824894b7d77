#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attempts by what a process inherits and is told: the binary, descriptors, ids, capabilities (threats D4 to D8).

load attacks

setup() { common_setup; make_victim; b=$(bundle); id=$(new_id); }
# Where an attempt came through, the runtime that it overwrote cannot clean up.
teardown() { OCI=${WHOLE_OCI:-$OCI}; common_teardown; }

# runc 2019-5736.
@test "D4: the runtime's binary is not written to, through run" {
	prepare_overwrite
	edit "$b" 'del(.linux.namespaces[] | select(.type == "pid"))'
	args "$b" /proc/self/exe exec --process /fifo x x
	up "$b" "$id"
	overwrite "$b" "$id"
}

@test "D4: the runtime's binary is not written to, through exec" {
	prepare_overwrite
	args "$b" sleep 600
	up "$b" "$id"
	oci exec --detach "$id" /proc/self/exe exec --process /fifo x x < /dev/null > /dev/null 2>&1
	overwrite "$b" "$id"
}

# runc 2016-9962. What may be dumped belongs to the container's root.
@test "D4: a container that waits for start cannot be looked into by its own root" {
	edit "$b" '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings | .annotations = {"org.bulkhead.rootfs.idmap": "true"}'
	chmod 755 "$WORK"
	create "$b" "$id"
	pid=$(oci state "$id" | jq .pid)
	[ "$(stat -c %u "/proc/$pid/fd")" = 0 ]
	run nsenter -t "$pid" -U -S 0 -G 0 ls "/proc/$pid/fd/"
	[ "$status" -ne 0 ]
	run nsenter -t "$pid" -U -S 0 -G 0 readlink "/proc/$pid/exe"
	[ "$status" -ne 0 ]
	oci delete --force "$id"
}

LIST_FDS='for i in $(seq 3 200); do [ ! -e /proc/self/fd/$i ] || echo "$i $(readlink /proc/$$/fd/$i)"; done'

# runc 2024-21626, LXC's attach.
@test "D5: no descriptor of the caller or of the runtime is open inside, in run, start, exec and hooks" {
	edit "$b" '.hooks = {createContainer: [{path: "/bin/sh", args: ["sh", "-c", $s]}], startContainer: [{path: "/bin/sh", args: ["sh", "-c", $t]}]} | .root.readonly = false' \
		--arg s "exec >> $WORK/hook-fds; $LIST_FDS" --arg t "exec >> /hook-fds; $LIST_FDS"
	args "$b" sh -c "$LIST_FDS; exec sleep 600"
	exec 5</etc/shadow 6<"$VICTIM" 7<"$VICTIM/file" 33<"$VICTIM" 150<"$VICTIM"
	oci run --detach -b "$b" "$id" < /dev/null > "$WORK/fds" 2>&1
	[ ! -s "$WORK/fds" ]
	create "$b" "${id}2"
	oci start "${id}2"
	run oci exec "$id" sh -c "$LIST_FDS" 3>&- 4>&-
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	for name in "$id" "${id}2"; do
		for fd in /proc/$(oci state "$name" | jq .pid)/fd/*; do [ "${fd##*/}" -le 2 ]; done
	done
	exec 5<&- 6<&- 7<&- 33<&- 150<&-
	[ -e "$WORK/hook-fds" ]
	[ ! -s "$WORK/hook-fds" ]
	[ -e "$b/rootfs/hook-fds" ]
	[ ! -s "$b/rootfs/hook-fds" ]
}

# Each open has its own O_CLOEXEC. That the descriptor asked for arrives shows that the test looks.
@test "D5: --preserve-fds keeps the caller's descriptors and none of the runtime's between them" {
	args "$b" sh -c "$LIST_FDS"
	run oci run --preserve-fds 100 -b "$b" "$id" 3>&- 4>&- 9<"$VICTIM/file"
	[ "$status" -eq 0 ]
	[[ $output == *"9 $VICTIM/file"* ]] || { echo "$output"; false; }
	run ! grep -E "socket|memfd|cgroup|rootfs|$STATE|bulkhead| /proc| /$" <<<"$output"
}

# runc 2024-21626.
@test "D5: a working directory that is a descriptor, in run and exec" {
	args "$b" ls -a .
	exec 8<"$VICTIM" 15<"$VICTIM"
	ln -s /proc/self/fd/8 "$b/rootfs/by-link"
	for cwd in /by-link /proc/self/cwd $(seq -f /proc/self/fd/%g 3 20); do
		edit "$b" '.process.cwd = $c' --arg c "$cwd"
		run oci run --preserve-fds 20 -b "$b" "$(new_id)"
		[ "$status" -ne 0 ] || { echo "$cwd: $output"; false; }
	done
	edit "$b" '.process.cwd = "/"'
	args "$b" sleep 600
	up "$b" "$id"
	for cwd in /by-link /proc/self/cwd /proc/1/cwd $(seq -f /proc/self/fd/%g 3 20); do
		run oci exec --cwd "$cwd" "$id" ls -a .
		[ "$status" -eq 255 ] || { echo "$cwd: $output"; false; }
	done
	exec 8<&- 15<&-
	victim_is_whole
}

# runc's startContainer hooks, whose files the image brings.
@test "D6: a startContainer hook of the image has no more power than the program" {
	cat > "$b/rootfs/hook" <<-'SCRIPT'
		#!/bin/sh
		grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\t\n' > /tmp/seen
	SCRIPT
	chmod 755 "$b/rootfs/hook"; chmod 777 "$b/rootfs/tmp"
	edit "$b" ".hooks.startContainer = [{path: \"/hook\"}] | .root.readonly = false | .linux.seccomp = $ALLOW_ALL |
		.process.user = {uid: 1234, gid: 1234} | .process.capabilities = {} | .process.noNewPrivileges = \$n" --argjson n true
	for privileges in true false; do
		edit "$b" '.process.noNewPrivileges = $n' --argjson n $privileges
		rm -f "$b/rootfs/tmp/seen"
		oci run -b "$b" "$(new_id)"
		seen=$(cat "$b/rootfs/tmp/seen")
		[[ $seen == "Uid:1234123412341234CapEff:0000000000000000CapBnd:0000000000000000NoNewPrivs:"* ]] || { echo "$seen"; false; }
		[[ $seen == *Seccomp:2 ]]
	done
}

# A filter that refuses clone3, as Docker's does, must not stop the hook.
@test "D6: a startContainer hook under a filter without clone3" {
	edit "$b" '.hooks.startContainer = [{path: "/bin/true"}] |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38}]}'
	oci run -b "$b" "$id"
}

# runc 2016-3697, moby 2019-14271. There is no code that looks a name up, and a trace shows it.
@test "D6: the image's passwd, nsswitch and libraries are not looked at for ids" {
	mkdir -p "$b/rootfs/lib"
	printf '1000:x:0:0::/:/bin/sh\nroot:x:77:77::/:/bin/sh\n' > "$b/rootfs/etc/passwd"
	printf '1000:x:0:\n' > "$b/rootfs/etc/group"
	echo "passwd: evil" > "$b/rootfs/etc/nsswitch.conf"
	cp "$b/rootfs/bin/busybox" "$b/rootfs/lib/libnss_evil.so.2"
	edit "$b" '.process.env += ["HOME=/"]'
	strace -f -qq -o "$WORK/trace" -e trace=open,openat,openat2 "$OCI" --root "$STATE" run -b "$b" "$id" < /dev/null
	[ "$(grep -c openat "$WORK/trace")" -gt 5 ]
	run ! grep -E '/passwd|/group"|nss|\.so' "$WORK/trace"
	id=$(new_id)
	args "$b" sleep 600
	up "$b" "$id"
	run oci exec -u 1000:1000 "$id" id -u
	[ "$output" = 1000 ]
	run oci exec -u root "$id" id -u
	[ "$status" -eq 255 ]
}

# systemd-nspawn 2026-40226.
@test "D7: settings that lie beside the image, or in it, change nothing and are not opened" {
	local show='grep -E "^(Uid|Cap|NoNew|Seccomp)" /proc/self/status; cat /proc/self/uid_map; ls /proc/self/ns; ls /dev' name
	args "$b" sh -c "$show"
	cd "$b"
	oci run -b . "$id" > "$WORK/before"
	"$BULKHEAD" --root "$STATE" run ./rootfs sh -c "$show" > "$WORK/before-people"
	printf '[Exec]\nPrivateUsers=no\nCapability=all\nNoNewPrivileges=no\nSystemCallFilter=@default\n' > rootfs.nspawn
	printf '{"process": {"noNewPrivileges": false}, "privileged": true}' > rootfs.json
	for name in .nspawn .json .settings .conf; do
		cp rootfs.nspawn "../bundle$name"
		cp rootfs.nspawn "rootfs/rootfs$name"
		cp rootfs.nspawn "rootfs/$name"
	done
	cp rootfs.json rootfs/config.json
	cp rootfs.json rootfs/profile.json
	strace -f -qq -o "$WORK/trace" -e trace=file "$OCI" --root "$STATE" run -b . "$id" > "$WORK/after" </dev/null
	cmp "$WORK/before" "$WORK/after"
	strace -f -qq -o "$WORK/trace-people" -e trace=file "$BULKHEAD" --root "$STATE" run ./rootfs sh -c "$show" \
		> "$WORK/after-people" </dev/null
	cmp "$WORK/before-people" "$WORK/after-people"
	run ! grep -hE '(rootfs|bundle|/|")(\.nspawn|\.json|\.settings|\.conf)|rootfs/config|/profile.json' "$WORK/trace" "$WORK/trace-people"
	leftovers
}

# crun 2026-30892, containerd 2024-40635 and 2026-46680.
@test "D7: exec -u with odd numbers" {
	args "$b" sleep 600
	up "$b" "$id"
	for user in 4294967295 4294967296 18446744073709551616 -1 +1 1x "1 " " 1" 0x0 root "" : 1: :1 1:root 1:-1 1:4294967295 1:2:3 1e0 ٣; do
		run oci exec -u "$user" "$id" id -u
		[ "$status" -eq 255 ] || { echo "'$user' ran: $output"; false; }
	done
	for user in 1 1000 4294967294; do
		run oci exec -u "$user:$user" "$id" sh -c 'id -u; id -g'
		[ "$output" = "$user"$'\n'"$user" ]
	done
	for groups in -1 4294967295 wheel; do
		run oci exec -g "$groups" "$id" id
		[ "$status" -eq 255 ]
	done
}

# CRI-O 2022-0811. (printk_ratelimit_burst is the host's; it is written as it stands.)
@test "D7: sysctls that smuggle" {
	local burst key
	burst=$(cat /proc/sys/kernel/printk_ratelimit_burst)
	for key in kernel.printk_ratelimit_burst kernel/printk_ratelimit_burst net.ipv4/../../kernel/printk_ratelimit_burst \
		net/../kernel/printk_ratelimit_burst net.../kernel/printk_ratelimit_burst net//../kernel/printk_ratelimit_burst \
		kernel.shm_rmid_forced/../printk_ratelimit_burst /kernel/printk_ratelimit_burst net.ipv4.ip_forward+kernel.printk_ratelimit_burst \
		'net.ipv4.ip_forward = 1\nkernel.printk_ratelimit_burst' ""; do
		edit "$b" '.linux.sysctl = {($k): $v}' --arg k "$key" --arg v "$burst"
		run oci run -b "$b" "$(new_id)"
		assert_fails 1
		assert_says sysctl
	done
	edit "$b" '.linux.sysctl = {"net.ipv4.ip_forward": "1\nkernel.printk_ratelimit_burst=1"}'
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "control character"
	# Namespaces of the host's own, by path.
	edit "$b" '.linux.sysctl = {"net.ipv4.conf.all.forwarding": "0"} | (.linux.namespaces[] | select(.type == "network")).path = "/proc/1/ns/net"'
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says network
	leftovers
}

# CRI-O 2024-3154. Nothing reads an annotation that is not listed.
@test "D7: annotations that other programs obey change nothing" {
	args "$b" grep -E '^(Cap|Seccomp|NoNew)' /proc/self/status
	plain=$(oci run -b "$b" "$(new_id)")
	edit "$b" '.annotations = {"run.oci.keep_original_groups": "1", "run.oci.hooks.stdout": $f, "run.oci.systemd.subgroup": "../x",
		"run.oci.seccomp.receiver": $f, "org.systemd.property.ExecStartPre": "[(\"/bin/touch\", [\"touch\", \"x\"], false)]",
		"org.bulkhead.hooks": $f, "module.wasm.image/variant": "compat"} | .hooks.createRuntime = [{path: "/bin/true"}]' --arg f "$WORK/injected"
	[ "$(oci run -b "$b" "$(new_id)")" = "$plain" ]
	[ ! -e "$WORK/injected" ]
}

# runc 2022-29162, crun 2022-27650, moby 2022-24769.
@test "D8: the inheritable set is empty in run and exec, whatever the caller has" {
	edit "$b" 'del(.process.capabilities.inheritable, .process.capabilities.ambient)'
	args "$b" sleep 600
	setpriv --inh-caps +net_raw,+chown "$OCI" --root "$STATE" run --detach -b "$b" "$id" < /dev/null > /dev/null 2>&1
	grep -q 'CapInh:.0000000000000000' "/proc/$(oci state "$id" | jq .pid)/status"
	run setpriv --inh-caps +net_raw,+chown "$OCI" --root "$STATE" exec "$id" grep -E 'CapInh|CapAmb' /proc/self/status
	[[ $output == *CapInh:*0000000000000000*CapAmb:*0000000000000000* ]]
	run oci exec --cap CAP_NET_RAW "$id" grep CapInh /proc/self/status
	[[ $status -ne 0 || $output == *0000000000000000 ]]
}

# containerd 2023-25173.
@test "D8: the caller's supplementary groups do not come along" {
	args "$b" sleep 600
	setpriv --groups 4242,0 "$OCI" --root "$STATE" run --detach -b "$b" "$id" < /dev/null > /dev/null 2>&1
	run ! grep -E '^Groups:.*4242' "/proc/$(oci state "$id" | jq .pid)/status"
	run setpriv --groups 4242,0 "$OCI" --root "$STATE" exec "$id" id -G
	[ "$output" = 0 ]
	run oci exec -g 7 -g 9 -g 7 "$id" grep Groups /proc/self/status
	[[ $output == *"7 7 9"* ]]
}

# A filter that says yes to setgroups and does nothing.
@test "D8: a filter that fakes the change of groups ends the container" {
	edit "$b" '.process.noNewPrivileges = false | .process.user.additionalGids = [4711] |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["setgroups"], action: "SCMP_ACT_ERRNO", errnoRet: 0}]}'
	run oci run -b "$b" "$id"
	assert_fails 1
	assert_says groups
	leftovers
}

@test "D8: securebits under which a program keeps its capabilities are not passed on" {
	run setpriv --securebits +no_setuid_fixup "$OCI" --root "$STATE" run -b "$b" "$id"
	assert_fails 1
	assert_says securebits
	leftovers
}

@test "D8: no key of the caller is in reach, in run and exec" {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers of the calls are x86_64's"
	with_usr "$b"
	edit "$b" 'del(.linux.seccomp)'
	# keyctl(KEYCTL_JOIN_SESSION_KEYRING), add_key; then what follows
	cat > "$WORK/with-key" <<-'SCRIPT'
		import ctypes, os, sys
		libc = ctypes.CDLL(None)
		assert libc.syscall(250, 1, None) > 0
		assert libc.syscall(248, b"user", b"bulkhead-canary", b"x", 1, -3) > 0
		os.execv(sys.argv[1], sys.argv[1:])
	SCRIPT
	# keyctl(KEYCTL_SEARCH) in the session keyring
	local search='import ctypes; print("found" if ctypes.CDLL(None).syscall(250, 10, -3, b"user", b"bulkhead-canary", 0) > 0 else "nothing")'
	[ "$(/usr/bin/python3 "$WORK/with-key" /usr/bin/python3 -c "$search")" = found ]
	args "$b" /usr/bin/python3 -c "$search"
	run /usr/bin/python3 "$WORK/with-key" "$OCI" --root "$STATE" run -b "$b" "$(new_id)"
	[ "$output" = nothing ]
	args "$b" sleep 600
	up "$b" "$id"
	run /usr/bin/python3 "$WORK/with-key" "$OCI" --root "$STATE" exec "$id" /usr/bin/python3 -c "$search"
	[ "$output" = nothing ]
}

@test "D8: exec with a saved filter that is missing or damaged does not run" {
	edit "$b" ".linux.seccomp = $ALLOW_ALL"
	args "$b" sleep 600
	up "$b" "$id"
	cp "$STATE/$id/filter.bpf" "$WORK/filter"
	run oci exec "$id" grep Seccomp: /proc/self/status
	[[ $output == *2 ]]
	for damage in 'rm $f' ': > $f' 'head -c 12 $WORK/filter > $f' 'head -c 8 $WORK/filter > $f' \
		'rm $f; ln -s $WORK/filter $f' 'rm $f; mkdir $f' 'head -c 4096 /dev/zero > $f'; do
		f=$STATE/$id/filter.bpf
		eval "$damage"
		run oci exec "$id" grep Seccomp: /proc/self/status
		[ "$status" -eq 255 ] || { echo "$damage: $output"; false; }
		rm -rf "$f"; cp "$WORK/filter" "$f"
	done
}

@test "D8: exec asks for no lower OOM score than the container's" {
	edit "$b" '.process.oomScoreAdj = 500'
	args "$b" sleep 600
	up "$b" "$id"
	jq '.process | .args = ["cat", "/proc/self/oom_score_adj"] | .oomScoreAdj = -500' "$b/config.json" > "$WORK/process.json"
	run oci exec --process "$WORK/process.json" "$id"
	assert_fails 255
	assert_says OOM
	run oci exec "$id" cat /proc/self/oom_score_adj
	[ "$output" = 500 ]
}
