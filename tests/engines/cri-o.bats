#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# CRI-O is not in Debian 12. What can be tried of contrib/cri-o/10-bulkhead.conf without it: that it is TOML of tables and
# keys that CRI-O reads, and that Debian's conmon, called as CRI-O calls it for this handler, runs a container.

load engines

setup_file() {
	engine_base
	mkdir -p "$BASE"/{exits,persist,sockets,bundle/rootfs}
	busybox_root "$BASE/bundle/rootfs"
	(cd "$BASE/bundle" && "$RUNTIME" spec)
}

teardown_file() {
	nothing_left
	rm -rf "$BASE"
}

setup() { ID_PREFIX=crio$$x; id=$(new_id); }
teardown() { "$RUNTIME" --root "$BASE/state" delete --force "$id"; }

# The handler, as JSON; it fails at what CRI-O would not take.
handler() {
	contrib cri-o/10-bulkhead.conf | /usr/bin/python3 -c '
import json, sys, tomllib
config = tomllib.load(sys.stdin.buffer)
handler = config["crio"]["runtime"]["runtimes"]["bulkhead"]
assert [list(table) for table in (config, config["crio"], config["crio"]["runtime"])] == [["crio"], ["runtime"], ["runtimes"]]
texts = {"runtime_config_path", "runtime_path", "runtime_type", "runtime_root", "monitor_path", "monitor_cgroup",
         "monitor_exec_cgroup", "container_min_memory"}
for key, value in handler.items():
    assert key in texts and isinstance(value, str), key
assert handler["runtime_type"] in ("oci", "vm", "pod")
assert all(handler[key].startswith("/") for key in ("runtime_path", "runtime_root", "monitor_path"))
print(json.dumps(handler))'
}

@test "CRI-O: the drop-in is TOML of tables, keys and values that CRI-O knows" {
	handler | jq -e --arg runtime "$RUNTIME" '.runtime_path == $runtime and .runtime_type == "oci"'
	# What stands in the file itself is where `make install` puts it.
	grep -qx 'runtime_path = "/usr/local/bin/bulkhead-oci"' "$ROOT_OF_TREE/contrib/cri-o/10-bulkhead.conf"
	[ -x "$(handler | jq -r .monitor_path)" ]
}

@test "CRI-O: conmon, as CRI-O calls it for this handler: create, start, exec, kill, exit status, delete" {
	local bundle=$BASE/bundle oci=("$RUNTIME" --root "$BASE/state")
	jq '.process.terminal = false | .process.args = ["sh", "-c", "echo out; echo err >&2; trap \"exit 7\" TERM; while :; do sleep 0.1; done"]' \
		"$bundle/config.json" > "$BASE/config" && mv "$BASE/config" "$bundle/config.json"
	_OCI_SYNCPIPE=3 _OCI_STARTPIPE=4 "$(handler | jq -r .monitor_path)" -b "$bundle" -c "$id" --exit-dir "$BASE/exits" \
		-l "$bundle/log" --log-level info -n k8s_box -P "$BASE/conmon.pid" -p "$bundle/pidfile" --persist-dir "$BASE/persist" \
		-r "$(handler | jq -r .runtime_path)" --runtime-arg "--root=$BASE/state" --socket-dir-path "$BASE/sockets" -u "$id" \
		3> "$BASE/sync" 4< <(echo start) </dev/null
	wait_for 10 test -s "$BASE/sync"
	[ "$(jq .pid "$BASE/sync")" = "$(cat "$bundle/pidfile")" ]
	"${oci[@]}" start "$id"
	[ "$("${oci[@]}" state "$id" | jq -r '"\(.status) \(.pid)"')" = "running $(cat "$bundle/pidfile")" ]
	wait_for 10 grep -q 'stderr F err' "$bundle/log"
	grep -q 'stdout F out' "$bundle/log"
	jq '.process | .args = ["sh", "-c", "exit 9"]' "$bundle/config.json" > "$BASE/process.json"
	run "${oci[@]}" exec --process "$BASE/process.json" "$id"
	[ "$status" -eq 9 ]
	# CRI-O learns of the end by this file.
	"${oci[@]}" kill "$id" TERM
	wait_for 10 test -s "$BASE/exits/$id"
	[ "$(cat "$BASE/exits/$id")" = 7 ]
	run "${oci[@]}" kill "$id" 9
	assert_fails 1
	assert_says "container not running"
	"${oci[@]}" delete "$id"
	wait_for 10 eval '! kill -0 "$(cat "$BASE/conmon.pid")"'
	[ -z "$(list_cgroups)" ]
}
