#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Debian's podman as a user without privilege on cgroup v2, under systemd: what podman itself refuses such a user on v1.
# The cgroups are the user's own manager's, to whom systemd has delegated them.

load ../engines/engines

setup_file() {
	engine_base
	mkdir -p "$BASE"/{root,run,tmp,home} /run/user/1000
	{
		contrib podman/bulkhead.conf | sed '/^\[engine\]/a cgroup_manager = "systemd"\nevents_logger = "file"'
		printf '\n[containers]\nnetns = "none"\nlog_driver = "k8s-file"\n'
	} > "$BASE/containers.conf"
	printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$BASE/root" "$BASE/run" > "$BASE/storage.conf"
	busybox_root "$BASE/box"
	chown -R 1000:1000 /run/user/1000 "$BASE"/{root,run,tmp,home,box}
	systemctl start manager@1000.service
	wait_for 10 test -S /run/user/1000/systemd/private
	as_user systemctl --user start dbus.socket
	# For the podman that a timer starts.
	as_user systemctl --user import-environment HOME TMPDIR CONTAINERS_CONF CONTAINERS_STORAGE_CONF
	export MANAGER=/sys/fs/cgroup$(systemctl show --value -p ControlGroup manager@1000.service)
	export SESSION=$MANAGER/session
	mkdir "$SESSION"
	chown -R 1000:1000 "$SESSION"
	tar -C "$BASE/box" -c . | pm import -q - localhost/box
}

teardown_file() {
	pm pod rm --all --force --time 0 >/dev/null
	pm rm --all --force --time 0 >/dev/null
	# The process that keeps podman's user namespace from one command to the next; it passes over SIGTERM.
	while read -r file; do kill -KILL "$(tr -dc 0-9 < "$file")"; done < <(find "$BASE" /run/user/1000 -name pause.pid)
	nothing_left
	rmdir "$SESSION"
	[ -z "$(find "$MANAGER" -name 'libpod-*' -not -name 'libpod-conmon*')" ]
	systemctl stop manager@1000.service
	rm -rf "$BASE"
}

setup() {
	name=c$BATS_TEST_NUMBER
}

as_user() {
	(
		cd /
		exec setpriv --reuid 1000 --regid 1000 --clear-groups env -u NOTIFY_SOCKET HOME="$BASE/home" TMPDIR="$BASE/tmp" \
			XDG_RUNTIME_DIR=/run/user/1000 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus \
			CONTAINERS_CONF="$BASE/containers.conf" CONTAINERS_STORAGE_CONF="$BASE/storage.conf" "$@"
	)
}

# From a cgroup inside the delegated one, as a terminal of a desktop has it.
pm() {
	(
		echo "$BASHPID" > "$SESSION/cgroup.procs"
		as_user podman "$@" 3>&- 4>&-
	)
}

# A container that stays, named $name; $group: its cgroup, as the host sees it.
background_box() {
	pm run --detach --name "$name" --pidfile "$BASE/tmp/$name.pid" "$@" localhost/box sleep 1000
	group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(cat "$BASE/tmp/$name.pid")/cgroup")
}

@test "podman as a user: systemd is the cgroup manager, on v2, and the runtime is ours" {
	[ "$(pm info --format '{{.Host.OCIRuntime.Name}} {{.Host.Security.Rootless}} {{.Host.CgroupsVersion}}')" = \
		"bulkhead-oci true v2" ]
	[ "$(pm info --format '{{.Host.CgroupManager}}')" = systemd ]
}

@test "podman as a user: limits in a scope of the user's manager; update, stats, pause, unpause; nothing is left" {
	background_box --memory 64m --pids-limit 44 --cpus 0.5
	[[ $group == "$MANAGER"/user.slice/libpod-*.scope* ]]
	[ "$(cd "$group" && cat memory.max pids.max cpu.max)" = $'67108864\n44\n50000 100000' ]
	run pm stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' "$name"
	[[ $output == *" / 67.11MB 1" ]] || { echo "$output"; false; }
	pm update --memory 96m --cpus 0.25 "$name"
	[ "$(cd "$group" && cat memory.max cpu.max)" = $'100663296\n25000 100000' ]
	pm pause "$name"
	grep -q 'frozen 1' "$group/cgroup.events"
	pm unpause "$name"
	grep -q 'frozen 0' "$group/cgroup.events"
	pm rm --force --time 0 "$name"
	[ ! -e "$group" ]
}

@test "podman as a user: a hungry process and one that forks stay in their limits" {
	run pm run --rm --memory 32m --memory-swap 32m --pids-limit 8 --tmpfs /t localhost/box sh -c \
		'(dd if=/dev/zero of=/t/large bs=1M count=64); echo "dd $?"; for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; echo never'
	[ "$status" -ne 0 ]
	assert_says "dd 137" fork
	[[ $output != *never* ]]
}

@test "podman as a user: a pod with limits is a slice of its own" {
	pm pod create --name "pod$name" --network none --memory 128m --cpus 0.5 --infra-image localhost/box \
		--infra-command 'sleep 1000'
	background_box --pod "pod$name"
	[[ $group == "$MANAGER"/user.slice/user-libpod_pod_*.slice/libpod-*.scope* ]]
	slice=${group%.slice/*}.slice
	[ "$(cat "$slice/memory.max" "$slice/cpu.max")" = $'134217728\n50000 100000' ]
	pm pod pause "pod$name"
	grep -q 'frozen 1' "$group/cgroup.events"
	pm pod unpause "pod$name"
	pm pod rm --force --time 0 "pod$name"
	[ ! -e "$slice" ]
}

@test "podman as a user: the health check is run by systemd's timer" {
	mkdir "$BASE/tmp/shared"
	chown 1000:1000 "$BASE/tmp/shared"
	background_box --volume "$BASE/tmp/shared:/s" --health-cmd 'touch /s/checked' --health-interval 1h
	wait_for 20 test -e "$BASE/tmp/shared/checked"
	wait_for 10 eval '[ "$(pm inspect --format "{{.State.Health.Status}}" "$name")" = healthy ]'
}

@test "podman as a user: without systemd's driver, and without cgroups" {
	[ "$(pm --cgroup-manager cgroupfs run --rm localhost/box echo hello)" = hello ]
	[ "$(pm run --rm --cgroups disabled localhost/box echo hello)" = hello ]
}
