#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts: what a bind mount shows, and when /dev becomes read-only.

load helpers

setup() { common_setup; b=$(bundle); id=$(new_id); }
teardown() { common_teardown; }

bind() { # bind SOURCE DESTINATION OPTIONS [MORE]: one more mount, the last
	edit "$b" '.mounts += [{type: "bind", source: $source, destination: $to, options: ($options | split(","))} '"${4:-}"']' \
		--arg source "$1" --arg to "$2" --arg options "$3"
}

in_user_namespace() {
	local path=$b
	until [ "$path" = / ]; do [ -k "$path" ] || chmod a+x "$path"; path=$(dirname "$path"); done
	chown -R 100000:100000 "$b/rootfs"
	edit "$b" '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
}

@test "mounts: a source below the container's own root is what earlier mounts have put there" {
	mkdir -p "$WORK/tree/deep" "$b/rootfs/mnt" "$b/rootfs/again"
	echo mounted > "$WORK/tree/deep/file"; echo image > "$b/rootfs/mnt/file"
	bind "$WORK/tree" /mnt rbind
	bind "$b/rootfs/mnt/deep" /again rbind
	# A destination may be spelled as the host sees it, and both count from the bundle where they are relative.
	bind rootfs/mnt/deep "$b/rootfs/third" rbind
	args "$b" cat /again/file /third/file
	for users in no yes; do
		[ $users = no ] || in_user_namespace
		run oci run -b "$b" "$(new_id)"
		[ "$output" = $'mounted\nmounted' ] || { echo "$output"; false; }
	done
	leftovers
}

@test "mounts: ids of a source below the container's own root are mapped, by the runtime where the child may not" {
	mkdir -p "$WORK/tree" "$b/rootfs/mnt" "$b/rootfs/again"
	touch "$WORK/tree/file"; chown 7:7 "$WORK/tree/file"
	bind "$WORK/tree" /mnt rbind
	bind "$b/rootfs/mnt" /again rbind '+ {uidMappings: [{containerID: 0, hostID: 100000, size: 65536}],
		gidMappings: [{containerID: 0, hostID: 100000, size: 65536}]}'
	args "$b" stat -c %u /again/file
	run oci run -b "$b" "$(new_id)"
	[ "$output" = 100007 ] || { echo "$output"; false; }
	in_user_namespace
	run oci run -b "$b" "$(new_id)"
	[ "$output" = 7 ] || { echo "$output"; false; }
	leftovers
}

@test "mounts: a link of the image does not lead a source below the root to the host, and \"..\" is no way round" {
	mkdir -p "$b/rootfs/inside" "$b/rootfs/to"
	echo host > "$WORK/secret"; ln -s "$WORK" "$b/rootfs/inside/link"; ln -s "../../../../../../../../../../../$WORK" "$b/rootfs/inside/up"
	for link in link up; do
		edit "$b" '.mounts |= map(select(.destination != "/to"))'
		bind "$b/rootfs/inside/$link" /to rbind
		run oci run -b "$b" "$(new_id)"
		assert_fails 1
		assert_says "in the container's own root" "/mounts/"
	done
	# This one is the host's in so many words.
	edit "$b" '.mounts |= map(select(.destination != "/to"))'
	bind "$b/rootfs/../rootfs/inside" /to rbind; ln -s x "$b/rootfs/inside/here"
	args "$b" readlink /to/here
	run oci run -b "$b" "$(new_id)"
	[ "$output" = x ] || { echo "$output"; false; }
	leftovers
}

@test "mounts: a read-only /dev has its console, and is read-only" {
	edit "$b" '.mounts |= map(if .destination == "/dev" then .options += ["ro"] else . end) | .process.terminal = true'
	args "$b" sh -c 'test -c /dev/console && tty && ! touch /dev/x && grep " /dev tmpfs ro" /proc/mounts'
	run script -qec "$OCI --root $STATE run -b $b $id" /dev/null
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	assert_says /dev/pts/0 "Read-only file system" "/dev tmpfs ro"
	leftovers
}

# The options of the mount at /mnt that the container sees.
flags_of() { # flags_of OPTIONS [COMMAND…]
	edit "$b" 'del(.mounts[] | select(.destination == "/mnt"))'
	bind "$WORK/held" /mnt "$1"
	run "${@:2}" "$OCI" --root "$STATE" run -b "$b" "$(new_id)"
}

@test "mounts: what the host restricts stays so until an option says otherwise; where it is locked, that is an error" {
	mkdir "$WORK/held"
	mount -t tmpfs none "$WORK/held"
	mount -o remount,bind,ro,nosuid,nodev,noexec,noatime "$WORK/held"
	args "$b" grep " /mnt " /proc/self/mounts
	flags_of bind,ro
	assert_says "ro,nosuid,nodev,noexec,noatime"
	flags_of bind,rw,suid,dev,exec,relatime
	assert_says "/mnt tmpfs rw,relatime"
	flags_of bind,nosuid,rw
	assert_says "/mnt tmpfs rw,nosuid,nodev,noexec,noatime"
	# In a mount namespace of a user namespace none can be taken off.
	edit "$b" "$(cat <<-'FILTER'
		.linux.namespaces -= [{type: "network"}] | .mounts |= map(select(.destination | IN("/sys", "/sys/fs/cgroup") | not)
		| if .destination == "/dev/pts" then .options -= ["gid=5"] else . end) | del(.linux.resources)
	FILTER
	)"
	flags_of bind,ro unshare --user --map-root-user --mount
	assert_says "ro,nosuid,nodev,noexec,noatime"
	flags_of bind,rw,exec unshare --user --map-root-user --mount
	umount "$WORK/held"
	assert_fails 1
	assert_says "not ro,not noexec" "a user namespace may not take off" "findmnt"
	leftovers
}

@test "mounts: without a mount namespace the tree is the container's alone, in the runtime's namespace, and ends with it" {
	local own
	own=$(readlink /proc/self/ns/mnt)
	edit "$b" '.linux.namespaces -= [{type: "mount"}]'
	bind "$WORK" /mnt rbind,ro
	args "$b" sleep 100
	oci run --detach -b "$b" "$id" < /dev/null > "$WORK/out" 2>&1 || { cat "$WORK/out"; false; }
	[ "$(readlink "/proc/$(oci state "$id" | jq .pid)/ns/mnt")" = "$own" ]
	run ! grep -F "$WORK" /proc/self/mountinfo
	# What the config asks for holds: mounts, masks, a read-only root; a further process has the same.
	run oci exec "$id" sh -c 'ls -d /mnt/state; stat -c %t,%T /dev/null; wc -c < /proc/timer_list; touch /x || echo it is read-only'
	assert_says /mnt/state 1,3 "it is read-only"
	[ "${lines[2]}" = 0 ]
	run script -qec "$OCI --root $STATE exec --tty $id tty" /dev/null
	assert_says /dev/pts/0
	run oci checkpoint "$id"
	assert_fails 1
	assert_says "no mount namespace" "criu finds mounts by their namespace"
	oci delete --force "$id"
	edit "$b" 'del(.mounts[] | select(.destination == "/mnt"))'
	bind "$WORK" /mnt rbind,rslave
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "can only be private" "/mounts/"
	leftovers
}
