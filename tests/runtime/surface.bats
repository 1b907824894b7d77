#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead surface: containers and processes read from outside, bundles, profiles; the page in a real browser.
load helpers

setup() {
	common_setup
	BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}
	BROWSER=$(command -v chromium || true)
}

teardown() {
	[ -z "${OUTSIDE:-}" ] || kill -KILL "$OUTSIDE" 2>/dev/null || true
	common_teardown
}

surface() {
	"$BULKHEAD" --root "$STATE" surface "$@"
}

json_is() { # FILTER EXPECTED
	local got
	got=$(jq -r "$1" <<<"$output")
	[ "$got" = "$2" ] || { echo "$1 is $got"; false; }
}

until_true() { # COMMAND…: within ten seconds
	local i
	for i in $(seq 200); do
		"$@" && return 0
		read -rt 0.05 <> <(:) || true
	done
	return 1
}

started() { # a container that sleeps; its name in ID, its pid in PID
	local path
	path=$(bundle)
	edit "$path" '.process.args = ["/bin/sleep", "1000"] | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
		"architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
		{"names": ["mount", "bpf"], "action": "SCMP_ACT_ERRNO"},
		{"names": ["ioctl"], "action": "SCMP_ACT_ERRNO",
		 "args": [{"index": 1, "value": 4294967295, "valueTwo": 21522, "op": "SCMP_CMP_MASKED_EQ"}]}]}'
	ID=$(new_id)
	oci run --bundle "$path" --detach "$ID" </dev/null >/dev/null 2>&1
	PID=$(oci state "$ID" | jq .pid)
	until_true grep -q sleep "/proc/$PID/comm"
}

@test "a running container by name, left as it was" {
	started
	local before
	before=$(grep -E "^(State|TracerPid|SigPnd)" "/proc/$PID/status")
	run -0 surface --json "$ID"
	json_is .kind container
	json_is .sets.syscalls.refused 2
	json_is '.sets.syscalls.items[] | select(.name == "bpf").verdict' refused
	json_is '.sets.ioctl.items[] | select(.name == "TIOCSTI").verdict' refused
	json_is '.sets.ioctl.items[] | select(.name == "TIOCLINUX").verdict' allowed
	json_is '.sets.devices.reached > 5' true
	json_is '.facts.signals' 'none: it has a pid namespace'
	json_is '.sets.capabilitiesBounding.reached' \
		"$(jq '.process.capabilities.bounding | length' "$STATE/$ID/config.json")"
	until_true test "$before" = "$(grep -E "^(State|TracerPid|SigPnd)" "/proc/$PID/status")"
	oci delete --force "$ID"
	leftovers
}

@test "the filter that is read out says the same as the bundle that was planned" {
	started
	surface --json "$ID" | jq -S '.sets | {syscalls, ioctl, prctl, fcntl, socketFamilies}' > "$WORK/running"
	surface --json "$WORK/bundle" | jq -S '.sets | {syscalls, ioctl, prctl, fcntl, socketFamilies}' > "$WORK/planned"
	cmp "$WORK/running" "$WORK/planned"
	run -0 surface --diff "$ID" "$WORK/bundle" --json
	json_is '[.sets.syscalls.onlyA, .sets.syscalls.onlyB, .sets.capabilitiesBounding.onlyA] | add | length' 0
	oci delete --force "$ID"
	leftovers
}

@test "a process that is stopped stays stopped" {
	started
	kill -STOP "$PID"
	until_true grep -q "State:.T" "/proc/$PID/status"
	run -0 surface "$ID"
	until_true grep -q "State:.T" "/proc/$PID/status"
	grep -q "TracerPid:.0" "/proc/$PID/status"
	kill -CONT "$PID"
	until_true grep -q "State:.S" "/proc/$PID/status"
	oci delete --force "$ID"
	leftovers
}

@test "a process without a filter reaches everything" {
	sleep 1000 3>&- &
	OUTSIDE=$!
	run -0 surface --json "$OUTSIDE"
	json_is .facts.seccomp none
	json_is '.sets.syscalls | .reached == .total' true
	json_is '.sets.ioctl | .reached == .total' true
	json_is '.facts.userNamespace' "the host's"
}

@test "filters that cannot be read: reason and remedy, no guess" {
	started
	command -v setpriv >/dev/null || skip "setpriv is missing"
	run setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$BULKHEAD" --root "$STATE" surface "$ID"
	assert_fails 125
	[[ $output == *"cannot read the seccomp filters"* && $output == *CAP_SYS_ADMIN* ]]
	oci delete --force "$ID"
	leftovers
}

@test "a frozen process that does not stop is told as such" {
	started
	oci pause "$ID" || skip "this machine has no freezer"
	run surface "$ID"
	local got=$status text=$output
	oci resume "$ID"
	oci delete --force "$ID"
	[ "$got" -eq 0 ] || [[ $got -eq 125 && $text == *resume* ]]
	leftovers
}

@test "the default of bulkhead run reaches less than the engines'" {
	local profile=/usr/share/containers/seccomp.json
	[ -e "$profile" ] || skip "golang-github-containers-common is missing"
	run -0 surface --diff --json sandbox "$profile"
	json_is '[.sets[("syscalls", "ioctl", "prctl", "fcntl", "socketFamilies", "namespaces")] | .a < .b] | all' true
	run -0 surface --diff sandbox "$profile"
	[[ $output == *"only $profile"* ]]
}

@test "what is nothing, and contradictory options" {
	run surface nothing-of-this-name
	assert_fails 125
	run surface 4194304
	assert_fails 125
	run surface --diff sandbox
	assert_fails 125
	run surface --json --html "$WORK/x" sandbox
	assert_fails 125
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO",
		"args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}' > "$WORK/bad.json"
	run surface "$WORK/bad.json"
	assert_fails 125
	[[ $output == *"/syscalls/0"* ]]
}

@test "the page is drawn by a browser" {
	[ -n "$BROWSER" ] || skip "chromium is missing"
	started
	surface --html "$WORK/page.html" "$ID"
	HOME=$WORK timeout 60 "$BROWSER" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
		--user-data-dir="$WORK/profile" --dump-dom "file://$WORK/page.html" > "$WORK/dom" 2> /dev/null
	grep -q "Attack surface of container $ID" "$WORK/dom"
	# A cell for every call, and a bar for every set.
	[ "$(grep -o '<title>[a-z_0-9]*: [a-z]*, risk' "$WORK/dom" | wc -l)" -eq \
		"$(surface --json "$ID" | jq .sets.syscalls.total)" ]
	[ "$(grep -o 'aria-hidden' "$WORK/dom" | wc -l)" -eq 10 ]
	HOME=$WORK timeout 60 "$BROWSER" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
		--user-data-dir="$WORK/profile" --window-size=1100,1400 --screenshot="$WORK/page.png" \
		"file://$WORK/page.html" > /dev/null 2>&1
	[ "$(head -c 4 "$WORK/page.png" | tail -c 3)" = PNG ]
	[ "$(stat -c %s "$WORK/page.png")" -gt 20000 ]
	oci delete --force "$ID"
	leftovers
}
