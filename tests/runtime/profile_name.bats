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
