#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead profile: its actions at the command line.
load helpers

setup() {
	common_setup
	BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}
	cat >"$BATS_TEST_TMPDIR/a.json" <<-'END'
		{"version": 1, "rules": {"syscalls": {"names": ["read", "prctl"], "prctl": {"0x10": "PR_GET_NAME"}},
		 "files": {"read": ["/etc/**", "/etc/passwd"]}}}
	END
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	common_teardown
}

@test "profile check names every fault with its place, and exits with 1" {
	echo '{"version": 1, "rules": {"signals": ["TERM"], "files": {"raed": []}}}' >bad.json
	run "$BULKHEAD" profile check bad.json
	[ "$status" -eq 1 ]
	[[ $output == *'bad.json#/rules/signals/0'* ]]
	[[ $output == *'bad.json#/rules/files/raed'* ]]
	[[ $output == *'read'* ]]
	run "$BULKHEAD" profile check a.json
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run "$BULKHEAD" profile check none.json
	[ "$status" -eq 125 ]
}

@test "profile diff: 0 and nothing for the same, 1 and each difference otherwise" {
	jq '.rules.syscalls.names += ["write"]' a.json >b.json
	run "$BULKHEAD" profile diff a.json a.json
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run "$BULKHEAD" profile diff a.json b.json
	[ "$status" -eq 1 ]
	[ "$output" = "+ rules.syscalls.names write" ]
	run "$BULKHEAD" profile diff --json a.json b.json
	[ "$status" -eq 1 ]
	[ "$(jq -r '.[0].entry' <<<"$output")" = write ]
}

@test "profile merge is canonical, minimize drops what a glob allows, show tells the rest" {
	"$BULKHEAD" profile merge a.json a.json >merged.json
	"$BULKHEAD" profile merge merged.json | cmp - merged.json
	[ "$("$BULKHEAD" profile minimize a.json | jq -c .rules.files.read)" = '["/etc/**"]' ]
	run "$BULKHEAD" profile show a.json
	[[ $output == *'0x10  (PR_GET_NAME)'* ]]
	[[ $output == *'rules.signals: not restricted'* ]]
}

@test "profile export --to seccomp: arguments are compared, and what cannot be expressed is told" {
	"$BULKHEAD" profile export --to seccomp a.json 2>warnings >filter.json
	grep -q 'cannot express rules.files.read' warnings
	jq -e '.syscalls[1].args[0].valueTwo == 16' filter.json
}

@test "the published schema takes what the tool writes, and refuses what the tool refuses" {
	local schema=$ROOT_OF_TREE/data/profile.schema.json full=$ROOT_OF_TREE/tests/runtime/profile_full.json change
	check_schema() {
		/usr/bin/python3 - "$schema" "$1" <<-'END'
			import json, sys
			import jsonschema
			schema = json.load(open(sys.argv[1]))
			jsonschema.Draft202012Validator.check_schema(schema)
			jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
		END
	}
	/usr/bin/python3 -c 'import jsonschema' || skip "python3-jsonschema is not installed"
	"$BULKHEAD" profile merge "$full" >written.json
	check_schema written.json
	[ "$("$BULKHEAD" profile show written.json | grep -c 'not restricted')" -eq 0 ]
	for change in '.version = 2' '.rules.files.raed = []' '.rules.signals = ["TERM"]' '.rules.network.listen = [65536]' \
		'.rules.syscalls.ioctl = {"TCGETS": ""}' '.rules.capabilities = {"CHOWN": ""}' '.rules.proc = ["/etc"]' \
		'.rules.limits = {"memory": -1}' '.evidence.lost = 1' '.subject.digest = "md5:0"' '.rules.namespaces = ["net"]'; do
		jq "$change" written.json >bad.json
		echo "$change"
		run ! "$BULKHEAD" profile check bad.json
		run ! check_schema bad.json
	done
}

@test "the published schema and the tool agree on profiles that are changed at random, but for names that only the tool knows" {
	/usr/bin/python3 -c 'import jsonschema' || skip "python3-jsonschema is not installed"
	"$BULKHEAD" profile merge "$ROOT_OF_TREE/tests/runtime/profile_full.json" >written.json
	run "$ROOT_OF_TREE/tests/runtime/profile_schema.py" "$BULKHEAD" "$ROOT_OF_TREE/data/profile.schema.json" written.json \
		"$([ -n "${BULKHEAD_LONG:-}" ] && echo 5000 || echo 400)"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "profile: an action and a format that are not there are named, with those that are" {
	run -125 "$BULKHEAD" profile shwo p.json
	[[ $output == *'unknown action "shwo"'*'minimize and show'* ]]
	run -125 "$BULKHEAD" profile
	[[ $output == *'an action is missing'* ]]
	run -125 "$BULKHEAD" profile export --to yaml "$ROOT_OF_TREE/tests/runtime/profile_full.json"
	[[ $output == *'unknown format "yaml"'*kubernetes* ]]
}
