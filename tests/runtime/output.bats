#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# output: what engines read: logs, lists, statistics, features, the version; and what people see of a mistake.

load helpers

setup() { common_setup; }
teardown() { common_teardown; }

up() { b=$(bundle); args "$b" sleep 600; id=$(new_id); oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1; }

@test "log: a failing call writes exactly one JSON object" {
	b=$(bundle); edit "$b" '.process.args = ["/no/such"] | .process.capabilities.bounding += ["CAP_NOT_YET"]'
	run oci --log "$WORK/log" --log-format json run -b "$b" "$(new_id)"
	assert_fails 1
	[ "$(wc -l < "$WORK/log")" = 1 ]
	jq -e 'keys == ["level", "msg", "time"] and .level == "error"' "$WORK/log"
	jq -r .msg "$WORK/log" | grep -qi "no such file or directory"
	date -d "$(jq -r .time "$WORK/log")" >/dev/null
	# The same on standard error.
	[[ $output == *"no such file or directory"* ]]
}

@test "errors: one line for another program, with the reason and the remedy; lines of their own for people" {
	b=$(bundle); edit "$b" '.process.args = ["/script"]'
	printf '#!/no/such/interpreter\n' > "$b/rootfs/script"; chmod +x "$b/rootfs/script"
	run oci run -b "$b" "$(new_id)"
	assert_fails 1
	[ ${#lines[@]} -eq 1 ]
	# The words that clients know, and what else there is to say.
	assert_says "exec /script: no such file or directory (asked by config.json#/process/args), because " /no/such/interpreter "; try: "
	run script -qec "$OCI --root $STATE run -b $b $(new_id)" /dev/null
	[ ${#lines[@]} -eq 4 ]
	assert_says "  asked by  config.json#/process/args" "  because   " "  try       "
	leftovers
}

@test "log: the file is made early, whatever fails" {
	for command in "nosuchverb" "run" "state $(new_id)" "kill x y z" "run --nonsense x"; do
		rm -f "$WORK/log"
		run oci --log "$WORK/log" --log-format json $command
		[ "$status" -ne 0 ]
		[ "$(jq -s 'length' "$WORK/log")" = 1 ]
	done
	oci --log "$WORK/empty" list
	[ -e "$WORK/empty" ]
	[ ! -s "$WORK/empty" ]
}

@test "log: text, and names that would forge lines" {
	run oci --log "$WORK/log" state $'a\nlevel=error msg=forged'
	assert_fails 1
	[ "$(wc -l < "$WORK/log")" = 1 ]
	grep -q '^time="20.*" level=error msg="' "$WORK/log"
	run oci --log-format xml list
	assert_fails 1
	run oci --log /no/such/dir/log list
	assert_fails 1
	assert_says /no/such/dir/log
}

@test "log: warnings wait for success" {
	b=$(bundle); edit "$b" '.process.capabilities.bounding += ["CAP_NOT_YET"]'
	oci --log "$WORK/log" --log-format json run -b "$b" "$(new_id)"
	jq -e '.level == "warning" and (.msg | test("CAP_NOT_YET.* \\(config.json#/process/capabilities/bounding/[0-9]+\\)$"))' "$WORK/log"
}

@test "log: --debug says what was asked for" {
	oci --debug --log "$WORK/log" --log-format json list -q
	jq -e '.level == "debug" and .msg == "asked: list -q"' "$WORK/log"
	run --separate-stderr oci --debug list -q
	[[ $stderr =~ ^time=\"20[^\"]*Z\"\ level=debug\ msg=\"asked:\ list\ -q\"$ ]] || { echo "$stderr"; false; }
}

@test "log: --debug tells each step, in the words that callers look for" {
	local word
	b=$(bundle); id=$(new_id); args "$b" sleep 600
	edit "$b" '.process.execCPUAffinity = {initial: "0"}'
	oci --debug --log "$WORK/log" run -d -b "$b" "$id" </dev/null >/dev/null 2>&1
	for word in "nsexec container setup" "child process in init()" "init: closing the pipe to signal completion"; do
		grep -q "level=debug msg=\"$word" "$WORK/log" || { cat "$WORK/log"; false; }
	done
	run --separate-stderr oci --debug exec "$id" true
	for word in "nsexec container setup" "nsexec: affinity: 0x1 " "child process in init()" "setns_init: about to exec"; do
		[[ $stderr == *"level=debug msg=\"$word"* ]] || { echo "$stderr"; false; }
	done
	run --separate-stderr oci exec "$id" true
	[ -z "$stderr" ]
	oci delete --force "$id"
	leftovers
}

@test "help: its first lines name the program as it was called, and what it is" {
	ln -s "$OCI" "$WORK/runc"
	run "$WORK/runc" --help
	[ "${lines[0]}" = NAME: ]
	[ "${lines[1]}" = "   runc - Open Container Initiative runtime" ]
	run "$WORK/runc" kill -h
	[[ ${lines[1]} == "   runc kill - "* ]]
	run "$WORK/runc" foo -h
	assert_fails 1
	assert_says "No help topic for 'foo'"
}

@test "ps: the columns of ps -ef, and no process of a stopped container" {
	b=$(bundle); id=$(new_id); args "$b" sleep 600
	oci run -d -b "$b" "$id" </dev/null >/dev/null 2>&1
	run oci ps "$id"
	[[ ${lines[0]} =~ ^UID\ +PID\ +PPID\ +C\ +STIME\ +TTY\ +TIME\ +CMD ]] || { echo "$output"; false; }
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} == root*"sleep 600" ]]
	oci kill "$id" KILL
	wait_for 5 sh -c "'$OCI' --root '$STATE' state $id | grep -q stopped"
	run oci ps "$id"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[ "$(oci ps --format json "$id")" = "[]" ]
	oci delete "$id"
	leftovers
}

@test "exec: --cap of what the container's programs may inherit is of use to another user than root" {
	b=$(bundle); id=$(new_id); args "$b" sleep 600
	edit "$b" '.process.capabilities |= (map_values(["CAP_CHOWN", "CAP_SYSLOG"]) | .inheritable = ["CAP_SYSLOG"] | .effective = [] |
		.permitted = [] | del(.ambient)) | .process.capabilities.bounding = ["CAP_CHOWN", "CAP_SYSLOG"]'
	oci run -d -b "$b" "$id" </dev/null >/dev/null 2>&1
	run oci exec --user 5:5 --cap CAP_SYSLOG --cap CAP_CHOWN "$id" grep -E 'CapEff|CapAmb' /proc/self/status
	# CAP_SYSLOG is 34; CAP_CHOWN, which none may inherit, is lost with the user.
	[[ $output == *CapEff*0000000400000000*CapAmb*0000000400000000* ]] || { echo "$output"; false; }
	run oci exec --cap CAP_KILL "$id" true
	assert_fails 255
	oci delete --force "$id"
	leftovers
}

@test "command line: forms that engines use" {
	up
	oci --rootless false --root="$STATE" -root "$STATE" --debug=false list -q
	oci --rootless=true --cgroup-manager cgroupfs --cgroup-manager=cgroupfs state "$id"
	oci exec --process=/dev/stdin "$id" < <(jq '.process | .args = ["true"]' "$b/config.json")
	# podman asks by these two whether containers can be checkpointed, and how.
	oci checkpoint --help | grep -q image-path
	run oci restore --lsm-mount-context
	assert_fails 1
	assert_says "requires an argument"
}

@test "command line: mistakes get the nearest name" {
	run oci crate x; assert_fails 1; assert_says create
	run oci run --bundel x y; assert_fails 1; assert_says --bundle
	run oci --rooot x list; assert_fails 1; assert_says --root
	run oci kill; assert_fails 1; assert_says CONTAINER
	run oci state one two; assert_fails 1; assert_says two
	run oci; assert_fails 1
	run oci run --help; [ "$status" -eq 0 ]; assert_says --bundle
	run oci --help; [ "$status" -eq 0 ]; assert_says features
}

@test "help: an output that takes nothing is told, not passed over" {
	for words in --help "spec --help" "run --help"; do
		run bash -c '"$0" $1 >/dev/full' "$OCI" "$words"
		assert_fails 1
		assert_says "standard output"
	done
}

@test "version: the lines that engines parse" {
	run "$OCI" --version
	[ "$status" -eq 0 ]
	[[ ${lines[0]} =~ ^bulkhead-oci\ version\ [0-9]+\.[0-9]+\.[0-9]+ ]]
	[[ ${lines[1]} =~ ^commit:\ . ]]
	[ "${lines[2]}" = "spec: 1.3.0" ]
	[ "$("$OCI" -v)" = "$output" ]
}

@test "features: valid JSON, and what engines look for" {
	run "$OCI" features
	[ "$status" -eq 0 ]
	jq -e '.ociVersionMin and .ociVersionMax == "1.3.0" and (.hooks | length == 6)
		and (.mountOptions | index("rro") and index("idmap") and index("rbind"))
		and .linux.mountExtensions.idmap.enabled and .linux.cgroup.v1 and .linux.cgroup.v2
		and (.linux.cgroup.systemd | not) and (.linux.namespaces | length == 8)
		and (.linux.capabilities | index("CAP_SYS_ADMIN")) and .linux.seccomp.enabled
		and (.linux.seccomp.actions | index("SCMP_ACT_ERRNO")) and .linux.intelRdt.enabled
		and .linux.netDevices.enabled' <<< "$output"
}

@test "spec: a config that is accepted, and is not overwritten" {
	mkdir "$WORK/new"
	"$OCI" spec --bundle "$WORK/new"
	jq -e '.process.args == ["sh"]' "$WORK/new/config.json"
	run "$OCI" spec --bundle "$WORK/new"
	assert_fails 1
	assert_says "exists"
	mkdir "$WORK/rootless"
	(cd "$WORK/rootless" && "$OCI" spec --rootless)
	jq -e '.linux.uidMappings and ([.linux.namespaces[].type] | index("user"))' "$WORK/rootless/config.json"
}

@test "list: table, JSON, ids" {
	[ "$(oci list --format json)" = "[]" ]
	[ -z "$(oci list -q)" ]
	up
	[ "$(oci list -q)" = "$id" ]
	oci list --format=json | jq -e '.[0].id == $id and .[0].status == "running" and .[0].pid > 0' --arg id "$id"
	run oci list
	[[ ${lines[0]} == ID*PID*STATUS* ]]
	[[ ${lines[1]} == "$id"*running* ]]
	# One that is damaged does not hide the others.
	mkdir "$STATE/broken"; echo '{' > "$STATE/broken/state.json"
	run --separate-stderr oci list -q
	[ "$status" -eq 0 ]
	[ "$output" = "$id" ]
	[[ $stderr == *broken* ]]
	run oci delete broken
	assert_fails 1
	assert_says "delete --force"
	oci delete --force broken
	oci delete --force "$id"
	leftovers
}

@test "ps: pids as an array of numbers, a table, and options of ps(1)" {
	up
	init=$(oci state "$id" | jq .pid)
	[ "$(oci ps --format json "$id")" = "[$init]" ]
	run oci ps "$id"
	[[ ${lines[0]} == UID*PID* ]]
	[[ ${lines[1]} == *"$init"*sleep* ]]
	run oci ps --format table "$id" -o pid,comm
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	run oci ps "$id" -o comm
	assert_fails 1
	assert_says PID
}

@test "events: statistics once, and until the end" {
	up
	oci events --stats "$id" | jq -e '.type == "stats" and .id == $id and .data.cpu and .data.memory and .data.pids
		and (.data | has("blkio") and has("hugetlb") and has("intel_rdt") and has("network_interfaces"))' --arg id "$id"
	oci events --interval=20ms "$id" > "$WORK/events" & events=$!
	wait_for 5 eval '[ "$(wc -l < "$WORK/events")" -ge 2 ]'
	oci delete --force "$id"
	wait $events
	jq -e . "$WORK/events" >/dev/null
	run oci events --interval 5 "$id"; assert_fails 1
	run oci events --stats "$id"; assert_fails 1; assert_says "does not exist"
	leftovers
}

@test "events: a container that exceeds its memory limit tells so, also when it dies of it" {
	local shape='select(.type == "oom") | .id == $id and (has("data") | not)'
	b=$(bundle); id=$(new_id)
	edit "$b" '.linux.resources.memory = {limit: 16777216, swap: 16777216}
		| .mounts += [{destination: "/big", type: "tmpfs", source: "tmpfs", options: ["size=64m"]}]'
	# Its child is what the kernel ends; then, told to, it ends by lack of memory itself.
	args "$b" sh -c 'until [ -e /big/go ]; do sleep 0.05; done; dd if=/dev/zero of=/big/one bs=1M count=48; rm /big/one
		until [ -e /big/again ]; do sleep 0.05; done; exec dd if=/dev/zero of=/big/two bs=1M count=48'
	oci run --detach -b "$b" "$id" </dev/null >/dev/null 2>&1
	oci events --interval=1h "$id" > "$WORK/events" & events=$!
	wait_for 5 grep -q '"stats"' "$WORK/events"
	oci exec "$id" touch /big/go
	wait_for 30 eval 'jq -e --arg id "$id" "$shape" "$WORK/events"'
	[ "$(oci state "$id" | jq -r .status)" = running ]
	first=$(grep -c '"oom"' "$WORK/events")
	oci exec "$id" touch /big/again
	# It ends with the container, without being stopped.
	wait $events
	[ "$(grep -c '"oom"' "$WORK/events")" -gt "$first" ]
	[ "$(jq -r .type "$WORK/events" | sort -u | tr '\n' ' ')" = "oom stats " ]
	oci delete --force "$id"
	leftovers
}

# The value of a limit, whichever version of cgroups has it.
limit() { # limit V1-CONTROLLER V1-FILE V2-FILE
	cat "/sys/fs/cgroup/$1/$id/$2" 2>/dev/null || cat "/sys/fs/cgroup/$id/$3"
}

@test "update: by options, by a file, from standard input" {
	up
	oci update --memory 64m --pids-limit 33 "$id"
	[ "$(limit memory memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(limit pids pids.max pids.max)" = 33 ]
	echo '{"pids": {"limit": 44}}' > "$WORK/resources"
	oci update --resources "$WORK/resources" "$id"
	[ "$(limit pids pids.max pids.max)" = 44 ]
	echo '{"memory": {"limit": 100663296}, "pids": {"limit": -1}}' | oci update --resources=- "$id"
	[ "$(limit memory memory.limit_in_bytes memory.max)" = 100663296 ]
	[ "$(limit pids pids.max pids.max)" = max ]
	run oci update --memory 12x "$id"; assert_fails 1; assert_says --memory
	run oci update --pids-limit many "$id"; assert_fails 1; assert_says --pids-limit
	run oci update --resources - "$id" < <(echo '{"pids": {"limit": "x"}}'); assert_fails 1
	assert_says "standard input#/pids/limit"
	echo '{"pids": {"limit": "x"}}' > "$WORK/resources"
	run oci update --resources "$WORK/resources" "$id"; assert_fails 1; assert_says "$WORK/resources#/pids/limit"
	run oci update --resources "$WORK/none" "$id"; assert_fails 1; assert_says "cannot open $WORK/none"
	oci delete --force "$id"
	leftovers
}

@test "state root: private, and made when it is needed" {
	rmdir "$STATE" 2>/dev/null || true
	run oci state "$(new_id)"; assert_fails 1; assert_says "does not exist"
	b=$(bundle)
	oci run -b "$b" "$(new_id)"
	[ "$(stat -c %a "$STATE")" = 1700 ]
}

@test "state root: by default in /run, and in XDG_RUNTIME_DIR for the root of a user namespace" {
	mkdir "$WORK/xdg"
	run env XDG_RUNTIME_DIR="$WORK/xdg" "$OCI" state "$(new_id)"
	[[ $output != *"$WORK/xdg"* ]]
	run unshare --user --map-root-user env XDG_RUNTIME_DIR="$WORK/xdg" "$OCI" state "$(new_id)"
	assert_fails 1
	assert_says "does not exist" "there is no state root $WORK/xdg/bulkhead-oci"
}

@test "state root: a link of one's own is followed, somebody else's is not" {
	mkdir -m 700 "$WORK/real"
	ln -s real "$WORK/link"
	b=$(bundle)
	"$OCI" --root "$WORK/link" run -b "$b" "$(new_id)"
	[ "$("$OCI" --root "$WORK/link" list --format json)" = "$("$OCI" --root "$WORK/real" list --format json)" ]
	chown -h 65533 "$WORK/link"
	run "$OCI" --root "$WORK/link" run -b "$b" "$(new_id)"
	assert_fails 1
	assert_says "the state root $WORK/link is not safe" 'symbolic link of another user'
	run "$OCI" --root "$WORK/link" list
	assert_fails 1
	leftovers
}

@test "command line: a config of another name, in the bundle or elsewhere" {
	b=$(bundle); mkdir "$b/sub"; mv "$b/config.json" "$b/sub/other.json"; id=$(new_id)
	run oci run -b "$b" "$id"; assert_fails 1; assert_says "$b/config.json"
	oci run -b "$b" --config sub/other.json "$id"
	mv "$b/sub/other.json" "$WORK/elsewhere.json"
	(cd "$b" && oci run -f "$WORK/elsewhere.json" "$id")
	oci create -b "$b" --config "$WORK/elsewhere.json" "$id" </dev/null >/dev/null 2>&1
	oci start "$id"
	oci delete --force "$id"
	leftovers
}

@test "output: a warning is told from an error by its first word" {
	b=$(bundle); edit "$b" '.process.capabilities.bounding += ["CAP_NOT_YET"]'
	run --separate-stderr oci run -b "$b" "$(new_id)"
	[ "$status" -eq 0 ]
	[[ $stderr == "bulkhead-oci: warning: CAP_NOT_YET "* ]]
	run --separate-stderr oci state nobody
	[[ $stderr == "bulkhead-oci: container does not exist"* ]]
}

@test "a standard descriptor that the caller has closed is /dev/null, never a file of ours" {
	b=$(bundle); id=$(new_id)
	args "$b" sh -c 'readlink /proc/self/fd/0'
	run bash -c '"$@" <&-' - "$OCI" --root "$STATE" run -b "$b" "$id"
	[ "$status" -eq 0 ]
	[ "$output" = /dev/null ]
	run bash -c '"$@" <&-' - "${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}" --root "$STATE" run host readlink /proc/self/fd/0
	[ "${lines[-1]}" = /dev/null ]
	# Nothing of what is opened may become standard error: here the message about the id would be written into it.
	run strace -f -qq -e trace=openat,open,memfd_create,socket -o "$WORK/trace" bash -c '"$@" 2>&-' - "$OCI" --root "$STATE" \
		run -b "$b" ../x
	[ "$status" -ne 0 ]
	grep -q 'dev/null.*= 2$' "$WORK/trace"
	leftovers
}

@test "the version names the program as it was called, so that it can stand in runc's place" {
	ln -s "$OCI" "$WORK/runc"
	run "$WORK/runc" --version
	[[ ${lines[0]} == "runc version "* ]]
	run "$OCI" --version
	[[ ${lines[0]} == "bulkhead-oci version "* ]]
}
