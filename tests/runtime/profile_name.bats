#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead-oci: profiles by name, from a directory of the administrator's.
load helpers

setup() {
	common_setup
	PROFILES=$WORK/profiles
	mkdir -m 755 "$PROFILES"
	echo '{"version": 1, "rules": {"limits": {"RLIMIT_NOFILE": 111}}}' >"$PROFILES/web.json"
	echo '{"version": 1, "rules": {"limits": {"RLIMIT_NOFILE": 222}}}' >"$PROFILES/db.json"
	path=$(bundle)
	args "$path" /bin/sh -c 'ulimit -n'
}

teardown() {
	common_teardown
}


go() {
	run "$OCI" --root "$STATE" --profiles "$PROFILES" run --bundle "$path" "$(new_id)"
	echo "$output"
}

@test "an annotation chooses a profile; without one there is none" {
	edit "$path" '.annotations = {"org.bulkhead.profile": "web"} | .process.rlimits = []'
	go
	[ "$output" = 111 ]
	edit "$path" '.annotations = {}'
	go
	[ "$status" -eq 0 ]
	[ "$output" != 111 ]
}

@test "a name that is not there, not allowed, or no name refuses the start; so does a broken profile" {
	local name
	echo '{"allow": ["db"]}' >"$PROFILES/index.json"
	echo '{"version": 1}' >"$PROFILES/db.json"
	for name in nobody web index .. ../profiles/web /etc/passwd '' .web db; do
		edit "$path" '.annotations = {"org.bulkhead.profile": $name}' --arg name "$name"
		go
		[ "$status" -eq 1 ]
		[[ $output == *profile* ]]
	done
	[[ $output == *"$PROFILES/db.json"* ]]
	rm -r "$PROFILES"
	edit "$path" '.annotations = {"org.bulkhead.profile": "web"}'
	go
	[ "$status" -eq 1 ]
	[[ $output == *'no profiles on this machine'* ]]
}

@test "the administrator's default holds without an annotation; a digest says something only where it is trusted" {
	local digest=sha256:0123
	jq -n --arg d "$digest" '{allow: ["web"], default: "db", digests: {($d): "web"}}' >"$PROFILES/index.json"
	edit "$path" '.process.rlimits = [] | .annotations = {}'
	go
	[ "$output" = 222 ]
	edit "$path" '.annotations = {"org.bulkhead.image.digest": $d}' --arg d "$digest"
	go
	[ "$output" = 222 ]
	jq '.trustDigest = true' "$PROFILES/index.json" >"$WORK/new" && cp "$WORK/new" "$PROFILES/index.json"
	go
	[ "$output" = 111 ]
	echo '{"alow": []}' >"$PROFILES/index.json"
	go
	[ "$status" -eq 1 ]
	[[ $output == *alow* ]]
}

@test "what somebody else may write or has is not taken, and only root says where profiles are" {
	edit "$path" '.annotations = {"org.bulkhead.profile": "web"} | .process.rlimits = []'
	chmod 664 "$PROFILES/web.json"
	go
	[ "$status" -eq 1 ]
	[[ $output == *'mode 0664'* ]]
	chmod 644 "$PROFILES/web.json"
	chown 1000 "$PROFILES/web.json"
	go
	[[ $output == *'uid 1000'* ]]
	chown 0 "$PROFILES/web.json"
	chmod 777 "$PROFILES"
	go
	[[ $output == *'mode 0777'* ]]
	chmod 755 "$PROFILES"
	mv "$PROFILES/web.json" "$WORK/elsewhere.json"
	ln -s "$WORK/elsewhere.json" "$PROFILES/web.json"
	go
	[ "$status" -eq 1 ]
	rm "$PROFILES/web.json"
	mv "$WORK/elsewhere.json" "$PROFILES/web.json"
	go
	[ "$output" = 111 ]
	run unshare --user --map-root-user "$OCI" --root "$WORK/other" --profiles "$PROFILES" run --bundle "$path" "$(new_id)"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *'only for root of the host'* ]]
}

# bats test_tags=kernel
@test "update raises no limit above the profile's, in whichever way it is asked" {
	local id
	echo '{"version": 1, "rules": {"limits": {"memory": 67108864, "pids": 40, "cpuMillis": 500}}}' >"$PROFILES/web.json"
	edit "$path" '.annotations = {"org.bulkhead.profile": "web"} | .process.args = ["sleep", "600"] |
		.linux.resources = {cpu: {period: 100000}}'
	id=$(new_id)
	limit() { cat "/sys/fs/cgroup/$1/$id/$2" 2>/dev/null || cat "/sys/fs/cgroup/$id/$3"; }
	memory() { limit memory memory.limit_in_bytes memory.max; }
	pids() { limit pids pids.max pids.max; }
	cpu() { cat "/sys/fs/cgroup/$id/cpu.max" 2>/dev/null ||
		paste -d ' ' "/sys/fs/cgroup/cpu/$id/cpu.cfs_"{quota,period}_us; }
	"$OCI" --root "$STATE" --profiles "$PROFILES" run --detach --bundle "$path" "$id" </dev/null >/dev/null 2>"$WORK/err"
	[ "$(memory) $(pids) $(cpu)" = '67108864 40 50000 100000' ]
	for change in '{"memory": {"limit": 134217728}, "pids": {"limit": 100}, "cpu": {"quota": 90000, "period": 100000}}' \
		'{"memory": {"limit": -1}, "pids": {"limit": -1}, "cpu": {"quota": -1}}' '{"cpu": {"period": 200000}}'; do
		oci update -r - "$id" <<<"$change"
		echo "$change: $(memory) $(pids) $(cpu)"
		[ "$(memory) $(pids)" = '67108864 40' ]
		[[ $(cpu) == '50000 100000' || $(cpu) == '100000 200000' ]]
	done
	oci update -r - "$id" <<<'{"memory": {"limit": 33554432}, "pids": {"limit": 20}, "cpu": {"quota": 20000, "period": 100000}}'
	[ "$(memory) $(pids) $(cpu)" = '33554432 20 20000 100000' ]
	oci update -r - "$id" <<<'{"cpu": {"shares": 512}}'
	[ "$(memory) $(pids) $(cpu)" = '33554432 20 20000 100000' ]
	oci delete --force "$id"
	leftovers
}

@test "a profile is read from the file that was looked at: no directory, device, pipe or file that is too large" {
	local kind
	edit "$path" '.annotations = {"org.bulkhead.profile": "web"}'
	for kind in "mkdir web.json" "mkfifo web.json" "ln -s /dev/zero web.json" "ln -s db.json web.json" "mknod web.json c 1 5" \
		"truncate -s 17M web.json"; do
		rm -rf "$PROFILES/web.json"
		(cd "$PROFILES" && $kind)
		run timeout 20 "$OCI" --root "$STATE" --profiles "$PROFILES" run --bundle "$path" "$(new_id)"
		echo "$kind: $output"
		[ "$status" -eq 1 ]
		[[ $output == *"$PROFILES/web.json"* ]]
	done
	rm "$PROFILES/web.json"
	mv "$PROFILES" "$WORK/real"
	ln -s "$WORK/real" "$PROFILES"
	go
	[ "$status" -eq 1 ]
	rm "$PROFILES"
	mv "$WORK/real" "$PROFILES"
	leftovers
}

@test "what the profile names beyond the config is not given: capabilities, devices, calls, files, limits" {
	jq -n '{version: 1, rules: {capabilities: {"CAP_SYS_ADMIN": "", "CAP_CHOWN": ""}, devices: ["/dev/mem", "/dev/fuse"],
		files: {read: ["/**"], write: ["/**"], execute: ["/**"]}, limits: {RLIMIT_NOFILE: 1000000}, namespaces: ["user", "mount"],
		proc: ["/proc/**"], sys: ["/sys/**"]}}' >"$PROFILES/web.json"
	edit "$path" '.annotations = {"org.bulkhead.profile": "web"} | .root.readonly = true |
		.process.capabilities = {bounding: ["CAP_CHOWN"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"]} |
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: 64}] | .linux.maskedPaths = ["/proc/kcore"] |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]} |
		.process.args = ["/bin/sh", "-c", "grep CapBnd /proc/self/status; ulimit -n; mkdir /dev/d; echo x >/new; head -c1 /proc/kcore | wc -c
			ls /dev/mem /dev/fuse"]'
	go
	[[ $output == *$'CapBnd:\t0000000000000001'* ]]
	[[ $output == *$'\n64\n'* ]]
	[[ $output == *"'/dev/d': Operation not permitted"* ]]
	[[ $output == *'/new: Read-only file system'* ]]
	[[ $output == *$'\n0\n'* ]]
	[[ $output == *'/dev/mem: No such file'*'/dev/fuse: No such file'* ]]
}

@test "without --profiles the names are those of /etc/bulkhead/profiles" {
	mkdir "$WORK/files"
	mount -t tmpfs none "$WORK/files" && mkdir "$WORK/files"/{upper,work}
	edit "$path" '.annotations = {"org.bulkhead.profile": "web"} | .process.rlimits = []'
	cat >"$WORK/place" <<-END
		mount -t overlay none -o "lowerdir=/etc,upperdir=$WORK/files/upper,workdir=$WORK/files/work" /etc &&
			mkdir -p /etc/bulkhead && cp -r "$PROFILES" /etc/bulkhead/profiles && exec "\$@"
	END
	run unshare -m sh "$WORK/place" "$OCI" --root "$STATE" run --bundle "$path" "$(new_id)"
	umount "$WORK/files"
	echo "$output"
	[ "$output" = 111 ]
	leftovers
}
