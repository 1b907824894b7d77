#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attempts by paths: a hostile image, and a sibling with a shared volume (threats D1, D2, D3).

load attacks

setup() { common_setup; make_victim; b=$(bundle); id=$(new_id); }
# /made is there when an attempt has come through.
teardown() { rmdir /made 2>/dev/null || true; common_teardown; }

# runc 2026-41579, crun 2026-47766.
@test "D1: an image whose /dev is a symlink to a directory of the host" {
	local plain without='del(.mounts[] | select(.destination | startswith("/dev")))'
	plain=$(bundle plain)
	edit "$plain" "$without"
	for link in "$VICTIM" "../../../../../../../../../../../..$VICTIM" /proc/self/cwd; do
		rm -rf "$b/rootfs/dev"
		ln -s "$link" "$b/rootfs/dev"
		# Without mounts there the nodes themselves are made where the link leads, which must be inside.
		rm -rf "$plain/rootfs/dev"
		ln -s "$link" "$plain/rootfs/dev"
		run oci run -b "$plain" "$(new_id)"
		victim_is_whole
		run oci run -b "$b" "$(new_id)"
		victim_is_whole
		assert_fails 1
		assert_says /dev "symbolic link"
	done
	leftovers
}

# crun 2019-18837, LXC 2015-1335, runc 2024-45310.
@test "D1: mount targets through links out of the root make nothing on the host" {
	ln -s "$VICTIM" "$b/rootfs/out"
	ln -s "../../../../../../../../../..$VICTIM/new" "$b/rootfs/dangling"
	mkdir "$WORK/source"; echo inside > "$WORK/source/file"
	mount_in "$b" "$WORK/source" /out
	mount_in "$b" "$WORK/source" /out/deep/er
	mount_in "$b" "$WORK/source/file" /dangling
	mount_in "$b" "$WORK/source" /out/../../../../../../../../../../made
	args "$b" cat /out/file /made/file
	edit "$b" '.root.readonly = false'
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "$output" = "inside
inside" ]
	victim_is_whole
	[ ! -e /made ]
	leftovers
}

# runc 2021-30465, 2019-19921.
@test "D1: a sibling swaps a mount target for a link while it is mounted on" {
	local volume=$WORK/volume sibling=$WORK/sibling deadline
	mkdir "$volume" "$WORK/source"; echo inside > "$WORK/source/file"
	bundle sibling >/dev/null
	mount_in "$sibling" "$volume" /volume
	mount_in "$b" "$volume" /volume
	for n in 1 2 3 4; do mount_in "$b" "$WORK/source" "/volume/x/made$n"; done
	args "$sibling" sh -c "cd /volume; while :; do mkdir -p d/x; mv d/x x; rm -rf x; ln -s $VICTIM x; mv x l; rm -f x l; done"
	up "$sibling" "$(new_id)"
	deadline=$((SECONDS + (${BULKHEAD_LONG:-0} ? 120 : 5)))
	while [ $SECONDS -lt $deadline ]; do
		oci run -b "$b" "$(new_id)" >/dev/null 2>&1 </dev/null || true
		victim_is_whole
	done
}

# runc 2019-19921, 2023-27561, 2023-28642: the link is turned after the mount, and the masks lie on a decoy.
@test "D2: /proc and /sys that are symlinks into a shared volume" {
	mkdir -p "$WORK/volume/decoy"
	for name in proc sys; do
		rmdir "$b/rootfs/$name"
		ln -s /volume/decoy "$b/rootfs/$name"
		mount_in "$b" "$WORK/volume" /volume
		edit "$b" '.mounts |= [last] + .[:-1]'
		run oci run -b "$b" "$(new_id)"
		assert_fails 1
		assert_says "/$name" "symbolic link"
		rm "$b/rootfs/$name"; mkdir "$b/rootfs/$name"
	done
	leftovers
}

# runc 2019-16884, 2025-52881.
@test "D2: a fake /proc of the image swallows no write" {
	edit "$b" 'del(.mounts[] | select(.destination == "/proc" or .destination == "/sys")) |
		.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .root.readonly = false |
		.process.oomScoreAdj = 345 | .linux.sysctl = {"kernel.shm_rmid_forced": "1"}'
	mkdir -p "$b/rootfs/proc/self/attr" "$b/rootfs/proc/sys/kernel"
	for file in self/oom_score_adj self/status self/attr/exec sys/kernel/shm_rmid_forced; do echo fake > "$b/rootfs/proc/$file"; done
	args "$b" sleep 600
	up "$b" "$id"
	pid=$(oci state "$id" | jq .pid)
	[ "$(cat "/proc/$pid/oom_score_adj")" = 345 ]
	[ "$(nsenter -t "$pid" -i cat /proc/sys/kernel/shm_rmid_forced)" = 1 ]
	[ "$(cat "$b"/rootfs/proc/self/* 2>/dev/null "$b/rootfs/proc/sys/kernel/shm_rmid_forced" | sort -u)" = fake ]
	oci delete --force "$id"
	leftovers
}

# runc 2025-31133.
@test "D3: the image's /dev/null is a symlink, and files are masked" {
	rm -rf "$b/rootfs/dev"; mkdir "$b/rootfs/dev"
	ln -s "$VICTIM/file" "$b/rootfs/dev/null"
	echo secret > "$b/rootfs/secret"
	edit "$b" '.linux.maskedPaths = ["/secret"]'
	args "$b" sh -c 'cat /secret; stat -c %t:%T /secret /dev/null'
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "$output" = "1:3
1:3" ]
	# Without a tmpfs on /dev the image's own is there, and its link leads to what a mask would then show.
	echo decoy > "$b/rootfs/decoy"; ln -sf /decoy "$b/rootfs/dev/null"
	edit "$b" 'del(.mounts[] | select(.destination | startswith("/dev")))'
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says /dev/null "something else"
	victim_is_whole
	leftovers
}

@test "D3: a masked path behind a symlink of the image" {
	mkdir "$b/rootfs/etc/real"; echo secret > "$b/rootfs/etc/real/secret"
	ln -s /etc/real/secret "$b/rootfs/link"
	edit "$b" '.linux.maskedPaths = ["/link"]'
	args "$b" cat /etc/real/secret
	run oci run -b "$b" "$id"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ -z "$output" ]
}

@test "D3: a mount of the config does not lie over a mask" {
	mkdir "$WORK/source"; echo secret > "$WORK/source/file"
	mount_in "$b" "$WORK/source" /covered
	edit "$b" '.linux.maskedPaths = ["/covered/file"] | .linux.readonlyPaths = ["/covered"]'
	args "$b" sh -c 'cat /covered/file; echo x > /covered/new'
	run oci run -b "$b" "$id"
	[ "$status" -ne 0 ]
	assert_says "Read-only"
	[[ $output != *secret* ]]
	[ ! -e "$WORK/source/new" ]
}

# runc 2025-52565.
@test "D3: a console on a link, and a terminal from a false devpts" {
	local fake=$WORK/pts
	mkdir "$fake"; mknod "$fake/ptmx" c 5 2
	rm -rf "$b/rootfs/dev"; mkdir "$b/rootfs/dev"
	ln -s "$VICTIM/file" "$b/rootfs/dev/console"
	edit "$b" '.process.terminal = true | .mounts |= map(select(.destination != "/dev"))'
	args "$b" sh -c '[ "$(stat -c %t /dev/console)" = "$(stat -c %t /dev/pts/0)" ] && echo it is ours; cat /proc/interrupts /proc/keys'
	run script -qec "$OCI --root $STATE run -b $b $(new_id)" /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *"it is ours"* && $output != *0:* ]]
	victim_is_whole
	edit "$b" '(.mounts[] | select(.destination == "/dev/pts")) = {destination: "/dev/pts", type: "bind", source: $s, options: ["bind"]}' --arg s "$fake"
	run script -qec "$OCI --root $STATE run -b $b $(new_id)" /dev/null
	[ "$status" -ne 0 ]
	assert_says devpts
	leftovers
}

@test "D1: the root of the host is out of reach" {
	edit "$b" '.root.readonly = false | .process.capabilities = {bounding: ["CAP_SYS_CHROOT"], effective: ["CAP_SYS_CHROOT"], permitted: ["CAP_SYS_CHROOT"]}'
	# The way out of a chroot: a second one, with the working directory left above it.
	args "$b" sh -c "mkdir -p /x; cd /; chroot /x true 2>/dev/null; cd ../../../../../..; ls .$VICTIM /proc/1/root$VICTIM /proc/self/cwd/../..$VICTIM"
	run oci run -b "$b" "$id"
	[ "$status" -ne 0 ]
	[[ $output != *untouched* && $output != *$'\n'file* ]]
	run oci run --no-pivot -b "$b" "$(new_id)"
	[[ $output != *$'\n'file* ]]
}

# bubblewrap 2026-87766: what an earlier container could write leads the next one's mounts astray before it starts.
@test "D1: a directory above a mount's target that an earlier container has made a link to the host" {
	mkdir "$WORK/source"; echo inside > "$WORK/source/file"
	edit "$b" '.root.readonly = false'
	args "$b" sh -c "mkdir -p /srv/app && rm -r /srv/app && ln -s $VICTIM /srv/app && ln -s ../../../../../../../../..$VICTIM /srv/far"
	oci run -b "$b" "$id"
	[ "$(readlink "$b/rootfs/srv/app")" = "$VICTIM" ]
	mount_in "$b" "$WORK/source" /srv/app/data
	mount_in "$b" "$WORK/source/file" /srv/far/one
	edit "$b" '.mounts += [{destination: "/srv/app/tmp", type: "tmpfs", source: "tmpfs"}]'
	args "$b" sh -c "cat /srv/app/data/file /srv/far/one; cat /srv/app/file"
	run oci run -b "$b" "$(new_id)"
	victim_is_whole
	[ "${lines[0]} ${lines[1]}" = "inside inside" ]
	[[ ${lines[2]} == *"No such file"* ]]
	# For people: a directory as the source, and a volume.
	run "$BULKHEAD" --root "$STATE" run -v "$WORK/source:/srv/app/data" --tmpfs /srv/far/tmp "$b/rootfs" cat /srv/app/data/file
	echo "$output"
	victim_is_whole
	[ "$output" = inside ]
	leftovers
}

# The namespace is one of the test's own, so that mounts that are left in it, or an attempt that comes through, end with it.
@test "D1: without a mount namespace no path leads to the host, and nothing is mounted there" {
	local all='["CAP_SYS_CHROOT", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE"]'
	edit "$b" '.root.readonly = false | .linux.namespaces -= [{type: "mount"}] | .process.capabilities = {bounding: $c, effective: $c, permitted: $c}' \
		--argjson c "$all"
	# Up from a working directory that a second chroot has left outside; and by what /proc names of this very process.
	args "$b" sh -c "mkdir -p /x; cd /; chroot /x /bin/true 2>/dev/null; cd ../../../../../..; cat .$VICTIM/file /proc/self/root$VICTIM/file \
		/proc/self/cwd/../..$VICTIM/file $VICTIM/file; umount -l / /proc; touch $VICTIM/new /proc/sysrq-trigger; cat /proc/timer_list; echo done"
	cat > "$WORK/inside" <<-END
		sort /proc/self/mountinfo > "$WORK/before"
		"$OCI" --root "$STATE" run -b "$b" "$id" < /dev/null
		sort /proc/self/mountinfo | diff "$WORK/before" - || echo the host was reached
	END
	run unshare --mount --propagation private sh "$WORK/inside"
	echo "$output"
	assert_says done
	[[ $output != *untouched* && $output != *"host was reached"* ]]
	victim_is_whole
	leftovers
}
