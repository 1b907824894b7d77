#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead as an ordinary user: no setuid program, no daemon.

load ../runtime/helpers

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
}
teardown() { common_teardown; }

@test "the tests run as an ordinary user" {
	[ "$(id -u)" -ne 0 ]
}

@test "rootless: run host true" {
	run "${BK[@]}" run host true
	[ "$status" -eq 0 ]
}

@test "rootless: the same id inside, and nothing of the host's secrets" {
	run --separate-stderr "${BK[@]}" run host sh -c 'id -u; cat /etc/shadow'
	[ "$status" -ne 0 ]
	[ "${lines[0]}" = "$(id -u)" ]
}

@test "rootless: no capability, no_new_privs, a filter" {
	run --separate-stderr "${BK[@]}" run host grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp:)' /proc/self/status
	[ "$status" -eq 0 ]
	[[ $output =~ CapEff:[[:space:]]0000000000000000 ]]
	[[ $output =~ CapBnd:[[:space:]]0000000000000000 ]]
	[[ $output =~ NoNewPrivs:[[:space:]]1 ]]
	[[ $output =~ Seccomp:[[:space:]]2 ]]
}

@test "rootless: the home directory is not there" {
	echo secret > "$HOME/secret" 2>/dev/null || HOME=$WORK
	run --separate-stderr "${BK[@]}" run host sh -c "ls -A /home; cat $HOME/secret"
	[ "$status" -ne 0 ]
	[ -z "$output" ]
}

@test "rootless: a root directory of one's own" {
	make_rootfs "$WORK/rootfs"
	run --separate-stderr "${BK[@]}" run "$WORK/rootfs" /bin/sh -c 'echo inside; ls /bin/busybox'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = inside ]
}

@test "rootless: the current directory, writable on request" {
	mkdir "$WORK/project"
	cd "$WORK/project"
	run --separate-stderr "${BK[@]}" run --cwd=rw host sh -c 'echo new > file'
	[ "$status" -eq 0 ]
	[ "$(cat file)" = new ]
	[ "$(stat -c %u file)" = "$(id -u)" ]
}

@test "rootless: bulkhead-oci with its own rootless spec" {
	mkdir "$WORK/b"
	make_rootfs "$WORK/b/rootfs"
	(cd "$WORK/b" && "$OCI" spec --rootless)
	edit "$WORK/b" '.process.terminal = false'
	args "$WORK/b" id -u
	run --separate-stderr oci run -b "$WORK/b" "$(new_id)"
	[ "$status" -eq 0 ]
	[ "$output" = 0 ]
}

@test "rootless: limits asked for where no cgroup is delegated are an error" {
	[ ! -w /sys/fs/cgroup/memory/cgroup.procs ] && [ ! -w /sys/fs/cgroup/cgroup.procs ] || skip "a cgroup is delegated to this user"
	run --separate-stderr "${BK[@]}" run --memory 64m host true
	[ "$status" -eq 125 ]
	assert_says delegat "asked by  --memory"
	[[ $output$stderr != *linux.resources* ]]
	# The defaults are left out, with one warning.
	run --separate-stderr "${BK[@]}" run host echo ran
	[ "$status" -eq 0 ]
	[ "$output" = ran ]
	[ "$(grep -c warning <<<"$stderr")" = 1 ]
	[[ $stderr == *delegated* ]]
}

@test "rootless: the options of Docker's users" {
	run "${BK[@]}" run --user 7:8 --ulimit nofile=99 --tmpfs /t:size=1m --shm-size 2m --hostname harbour host \
		sh -c 'id -u; ulimit -n; hostname; grep -c -e " /t tmpfs .*size=1024k" -e " /dev/shm tmpfs .*size=2048k" /proc/mounts'
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "${lines[*]: -4}" = "7 99 harbour 2" ]
	mkdir "$WORK/shared"
	"${BK[@]}" run -v "$WORK/shared:/s" host sh -c 'echo back > /s/back'
	[ "$(stat -c %u "$WORK/shared/back")" = "$(id -u)" ]
	run "${BK[@]}" run --userns=none --user 7 host true
	[ "$status" -eq 125 ]
	assert_says --userns=none root
	run "${BK[@]}" run --device /dev/zero host head -c 1 /dev/zero
	[ "$status" -eq 0 ] || assert_says /dev/zero
}

@test "rootless: ids of /etc/subuid where they make a difference, the caller's own for the command" {
	make_rootfs "$WORK/rootfs"
	local first
	first=$(awk -F: -v name="$(id -un)" '$1 == name {print $2}' /etc/subuid)
	[ -n "$first" ]
	# Programs of the host have no use for them.
	[ "$("${BK[@]}" run host sh -c 'wc -l < /proc/self/uid_map' 2>/dev/null)" = 1 ]
	run --separate-stderr "${BK[@]}" run "$WORK/rootfs" sh -c 'id -u; cat /proc/self/uid_map'
	[ "${lines[0]}" = "$(id -u)" ]
	[ "$(awk -v id="$(id -u)" 'NF == 3 && $1 == id {print $2}' <<<"$output")" = "$(id -u)" ]
	[ "$(awk 'NF == 3 && $1 == 0 {print $2}' <<<"$output")" = "$first" ]
	# Root inside is the caller, with another owner beside it.
	run --separate-stderr "${BK[@]}" run --user 0 --cap-add CHOWN --writable=keep "$WORK/rootfs" \
		sh -c 'id -u; echo x > /etc/file; chown 33 /etc/file; stat -c %u /etc/file'
	echo "$output" "$stderr"
	[ "$output" = $'0\n33' ]
	[ "$(stat -c %u "$WORK/rootfs/etc/file")" = $((first + 32)) ]
	run --separate-stderr "${BK[@]}" run --user 0 --cap-add CHOWN --writable=keep "$WORK/rootfs" chown 0 /etc/file
	[ "$status" -eq 0 ]
}

@test "rootless: --writable is thrown away" {
	make_rootfs "$WORK/rootfs"
	run --separate-stderr "${BK[@]}" run --writable "$WORK/rootfs" sh -c 'echo new > /etc/new; rm /etc/passwd; cat /etc/new; ls /etc'
	[ "$output" = $'new\nnew' ]
	[ -e "$WORK/rootfs/etc/passwd" ]
	[ ! -e "$WORK/rootfs/etc/new" ]
}

@test "rootless: without a session the state is in /tmp, and nobody else may have made that" {
	local place=/tmp/bulkhead-$(id -u)
	[ ! -e "/run/user/$(id -u)" ] || skip "this user has a session"
	[ ! -e "$place" ]
	run env -u XDG_RUNTIME_DIR "$BULKHEAD" run host echo ran
	[ "$status" -eq 0 ]
	[ "$(stat -c '%a %u' "$place")" = "1700 $(id -u)" ]
	rmdir "$place"
	mkdir "$WORK/elsewhere"
	ln -s "$WORK/elsewhere" "$place"
	run --separate-stderr env -u XDG_RUNTIME_DIR "$BULKHEAD" run host echo ran
	rm "$place"
	[ "$status" -eq 125 ]
	assert_says "$place" "symbolic link"
	mkdir -m 777 "$place"
	run --separate-stderr env -u XDG_RUNTIME_DIR "$BULKHEAD" run host echo ran
	rmdir "$place"
	[ "$status" -eq 125 ]
	assert_says "$place"
}
