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

@test "a container of another engine is found by the id that its cgroup bears" {
	local path key
	key=$(sha256sum <<<"$BATS_TEST_NAME $$" | cut -d ' ' -f 1)
	path=$(bundle)
	edit "$path" '.process.args = ["/bin/sleep", "1000"] | .linux.cgroupsPath = "/bk-find.'"$$"'/libpod-'"$key"'"
		| .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ERRNO"}]}'
	ID=$(new_id)
	oci run --bundle "$path" --detach "$ID" </dev/null >/dev/null 2>&1
	run -0 "$BULKHEAD" surface --json "${key:0:12}"
	json_is .subject "${key:0:12}"
	json_is '.sets.syscalls.items[] | select(.name == "bpf").verdict' refused
	run -0 "$BULKHEAD" surface "$key"
	run "$BULKHEAD" surface "${key:0:11}"
	assert_fails 125
	run "$BULKHEAD" surface "${key:0:12}0000"
	assert_fails 125
	[[ $output == *"the name or id of any engine's container"* ]]
	oci delete --force "$ID"
	find /sys/fs/cgroup -depth -type d -name "bk-find.$$" -exec rmdir {} +
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

# A process of python that loads a filter which refuses one call (by ERRNO 1), in the thread or process where it says so.
LOADER='
import ctypes, os, struct, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
def load(number):
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7fff0000)]
    text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
    libc.prctl(38, 1, 0, 0, 0)
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(text))
    assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0
'

@test "the filters of all threads count: what one of them may is reached" {
	python3 -c "$LOADER
load(165)           # mount, in all threads
def other():
    load(39)        # getpid, in this one
    print('ready', flush=True)
    threading.Event().wait()
threading.Thread(target=other, daemon=True).start()
threading.Event().wait()
" > "$WORK/said" 3>&- &
	OUTSIDE=$!
	until_true grep -q ready "$WORK/said"
	run -0 surface --json "$OUTSIDE"
	json_is '.sets.syscalls.items[] | select(.name == "mount").verdict' refused
	json_is '.sets.syscalls.items[] | select(.name == "getpid").verdict' allowed
	[[ $(jq -r .facts.measured <<<"$output") == "1 process with 2 threads under 2 different sets"* ]]
	json_is .facts.seccomp "1 to 2 filters"
	until_true bash -c "! grep -qv 'TracerPid:.0' <(grep -h TracerPid /proc/$OUTSIDE/task/*/status)"
}

@test "all processes of a container count, also one that came in later without a filter" {
	started
	surface --json "$ID" > "$WORK/before"
	nsenter -t "$PID" -p -m "$(command -v busybox)" true 2>/dev/null || true
	nsenter -t "$PID" -p -- sleep 1000 3>&- &
	OUTSIDE=$!
	until_true test -n "$(pgrep -P "$OUTSIDE")" || true
	until_true bash -c "'$BULKHEAD' --root '$STATE' surface --json '$ID' | jq -e '.facts.measured | startswith(\"2 processes\")'"
	run -0 surface --json "$ID"
	jq -e '.sets.syscalls.items[] | select(.name == "bpf").verdict == "refused"' "$WORK/before"
	json_is '.sets.syscalls.items[] | select(.name == "bpf").verdict' allowed
	json_is .facts.seccomp "none for some threads"
	# The first of a pid namespace is taken for its container, whoever made it.
	run -0 surface --json "$PID"
	[[ $(jq -r .facts.measured <<<"$output") == "2 processes"* ]]
	pkill -KILL -P "$OUTSIDE" || true
	oci delete --force "$ID"
	leftovers
}

@test "processes that end, are zombies, of the kernel, or of somebody else" {
	sleep 0 3>&- &
	local gone=$!
	wait "$gone" || true
	run surface "$gone"
	assert_fails 125
	# A zombie: its parent never waits.
	python3 -c 'import os,time
pid = os.fork()
pid or os._exit(0)
print(pid, flush=True); time.sleep(1000)' > "$WORK/said" 3>&- &
	OUTSIDE=$!
	until_true grep -q . "$WORK/said"
	until_true grep -q "State:.Z" "/proc/$(cat "$WORK/said")/status"
	run surface "$(cat "$WORK/said")"
	assert_fails 125
	[[ $output == *"has ended"* ]]
	run surface 2
	assert_fails 125
	[[ $output == *"of the kernel"* ]]
	started
	run setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$BULKHEAD" --root "$STATE" surface "$PID"
	assert_fails 125
	[[ $output == *"process $PID"*"as root"* ]]
	oci delete --force "$ID"
	leftovers
}

@test "processes that come and go while a container is measured do no harm" {
	local i path
	path=$(bundle)
	edit "$path" '.process.args = ["/bin/sh", "-c", "while :; do /bin/true; done"] | .linux.seccomp =
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ERRNO"}]}'
	ID=$(new_id)
	oci run --bundle "$path" --detach "$ID" </dev/null >/dev/null 2>&1
	for i in $(seq 10); do
		run -0 surface --json "$ID"
		json_is '.sets.syscalls.items[] | select(.name == "bpf").verdict' refused
	done
	oci delete --force "$ID"
	leftovers
}

@test "what the device rules let through, and what may be made" {
	local path
	path=$(bundle)
	edit "$path" '.process.args = ["/bin/sleep", "1000"] | .process.capabilities.effective += ["CAP_MKNOD"]
		| .process.capabilities.permitted += ["CAP_MKNOD"] | .process.capabilities.bounding += ["CAP_MKNOD"]
		| .linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11, fileMode: 438, uid: 0, gid: 0}]
		| .linux.resources.devices = [{allow: false, access: "rwm"},
			{allow: true, type: "c", major: 1, minor: 3, access: "rwm"},
			{allow: true, type: "b", major: 7, minor: 0, access: "rwm"}]'
	ID=$(new_id)
	oci run --bundle "$path" --detach "$ID" </dev/null >/dev/null 2>&1
	run -0 surface --json "$ID"
	json_is '.sets.devices.items[] | select(.name == "/dev/null").verdict' allowed
	json_is '.sets.devices.items[] | select(.name == "/dev/kmsg").verdict' refused
	[[ $(jq -r .facts.deviceRules <<<"$output") == *"of cgroup v"*"may be opened" ]]
	[[ $(jq -r .facts.deviceNodes <<<"$output") == *"of this machine: "* ]]
	# As the container itself finds it.
	run oci exec "$ID" /bin/head -c 1 /dev/kmsg
	[[ $output == *"not permitted"* ]]
	oci delete --force "$ID"
	leftovers
}

@test "a bundle: devices that it binds, makes and may make, and namespaces that it joins" {
	local path
	path=$(bundle)
	run -0 surface --json "$path"
	json_is '[.sets.devices.items[].name] | sort | join(" ")' \
		"/dev/full /dev/null /dev/ptmx /dev/random /dev/tty /dev/urandom /dev/zero"
	json_is .facts.deviceNodes "none: no CAP_MKNOD of the host"
	edit "$path" '(.process.capabilities[] |= . + ["CAP_MKNOD"])
		| .linux.resources.devices = [{allow: true, access: "rwm"}, {allow: false, type: "c", major: 1, minor: 1, access: "rwm"}]
		| .linux.devices = [{path: "/dev/mem", type: "c", major: 1, minor: 1}, {path: "/dev/null", type: "c", major: 1, minor: 3}]
		| .mounts += [{destination: "/host", type: "none", source: "/dev/kmsg", options: ["bind"]}]
		| (.linux.namespaces[] | select(.type == "pid")).path = "/proc/1/ns/pid"'
	run -0 surface --json "$path"
	json_is '.sets.devices.items[] | select(.name == "/dev/mem") | [.verdict, .risk] | join(" ")' "refused critical"
	json_is '.sets.devices.items[] | select(.name == "/dev/kmsg") | [.verdict, .risk] | join(" ")' "allowed high"
	json_is '[.sets.devices.items[] | select(.name == "/dev/null")] | length' 1
	json_is .facts.signals "joins /proc/1/ns/pid"
	[[ $(jq -r .facts.deviceNodes <<<"$output") != none* ]]
}

@test "files that need a capability are limited without it" {
	started
	run -0 surface --json "$ID"
	json_is '.sets.filesReadable.items[] | select(.name == "/proc/kmsg").verdict' capability
	json_is '.sets.filesReadable | .limited == .capability' true
	# As the container itself finds it.
	run oci exec "$ID" /bin/head -c 1 /proc/kmsg
	[[ $output == *"not permitted"* ]]
	oci delete --force "$ID"
	leftovers
}

used_profile() {
	cat > "$WORK/used.json" <<-'END'
	{"version": 1, "subject": {"source": "x"},
	 "evidence": {"runs": 1, "kernels": ["6.1"], "events": 9, "lost": 0, "complete": true, "verified": false},
	 "rules": {"syscalls": {"names": ["ioctl", "mount", "nanosleep", "read", "socket"],
		"ioctl": {"0x5401": "TCGETS"}, "socket": {"0x2:0x1": "TCP"}},
	  "capabilities": {"CAP_KILL": "x"}, "devices": ["/dev/null"], "namespaces": ["mount"],
	  "files": {"read": ["/proc/self/**"]}}}
	END
}

@test "reached beside used, by a containment profile" {
	started
	used_profile
	run -0 surface --json --profile "$WORK/used.json" "$ID"
	json_is '.sets.syscalls | [.used, .usedButRefused, .neverUsed + 4 == .reached] | join(" ")' "5 1 true"
	json_is '.sets.syscalls.items[] | select(.name == "mount") | [.verdict, .used] | join(" ")' "refused true"
	# Several drivers have a command of this number.
	json_is '[.sets.ioctl.items[] | select(.used).name] | contains(["TCGETS"])' true
	json_is '[.sets.socketFamilies.items[] | select(.used).name] | join(" ")' AF_INET
	# No fcntl among the calls: none is used. Files that are written have no rule: nothing is known.
	json_is '.sets.fcntl.used' 0
	json_is '.sets.filesWritable | has("used")' false
	json_is '[.sets.filesReadable.items[] | select(.used).name | startswith("/proc/self/")] | length > 5 and all' true
	json_is '[.sets.devices.items[] | select(.used).name] | join(" ")' /dev/null
	run -0 surface --profile "$WORK/used.json" "$ID"
	[[ $output == *"never used"* && $output == *"used, but refused: 1 system calls"*mount* ]]
	run surface --profile "$WORK/used.json" --diff "$ID" sandbox
	assert_fails 125
	echo '{"version": 1, "rules": {"syscalls": {"names": ["raed"]}}}' > "$WORK/bad.json"
	run surface --profile "$WORK/bad.json" "$ID"
	assert_fails 125
	[[ $output == *"bad.json"* ]]
	oci delete --force "$ID"
	leftovers
}

@test "the page shows reached beside used" {
	[ -n "$BROWSER" ] || skip "chromium is missing"
	used_profile
	surface --html "$WORK/page.html" --profile "$WORK/used.json" sandbox
	HOME=$WORK timeout 60 "$BROWSER" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
		--user-data-dir="$WORK/profile" --dump-dom "file://$WORK/page.html" > "$WORK/dom" 2> /dev/null
	local used idle
	used=$(surface --json --profile "$WORK/used.json" sandbox | jq '.sets.syscalls | .used - .usedButRefused')
	idle=$(surface --json --profile "$WORK/used.json" sandbox | jq .sets.syscalls.neverUsed)
	[ "$(grep -c '<rect class="used" x=' "$WORK/dom")" -eq "$used" ]
	[ "$(grep -c '<rect class="idle" x=' "$WORK/dom")" -eq "$idle" ]
	[ "$(grep -c '<rect class="missing" x=' "$WORK/dom")" -eq 1 ]
	grep -q "reached, never used $idle" "$WORK/dom"
}

@test "hostile names stay text: on the page, in JSON, on a terminal" {
	[ -n "$BROWSER" ] || skip "chromium is missing"
	local name=$'<img src=x onerror=document.title=1>\'"&\e]0;x\a.json'
	cp /usr/share/containers/seccomp.json "$WORK/$name"
	run -0 surface "$WORK/$name"
	[[ $output != *$'\e'* && $output != *$'\a'* ]]
	surface --json "$WORK/$name" | jq -e .subject
	surface --html "$WORK/page.html" "$WORK/$name"
	HOME=$WORK timeout 60 "$BROWSER" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
		--user-data-dir="$WORK/profile" --dump-dom "file://$WORK/page.html" > "$WORK/dom" 2> /dev/null
	run ! grep '<img' "$WORK/dom"
	grep -q '&lt;img' "$WORK/dom"
	# The name that a process gives itself.
	python3 -c 'import ctypes,time
ctypes.CDLL(None).prctl(15, b"<b>\x1b[31m\xff&x", 0, 0, 0)
print("ready", flush=True); time.sleep(1000)' > "$WORK/said" 3>&- &
	OUTSIDE=$!
	until_true grep -q ready "$WORK/said"
	run -0 surface "$OUTSIDE"
	[[ $output != *$'\e'* ]]
	surface --json "$OUTSIDE" | jq -e .facts.command
	surface --html "$WORK/page.html" "$OUTSIDE"
	run ! grep -a $'\e\|<b>' "$WORK/page.html"
	iconv -f utf-8 "$WORK/page.html" > /dev/null
}

@test "--filter: the filters as they are loaded, and as they would be" {
	started
	surface --filter "$ID" > "$WORK/loaded"
	surface --filter "$WORK/bundle" > "$WORK/planned"
	cmp "$WORK/loaded" "$WORK/planned"
	grep -q "^filter 1 of 1, [0-9]* instructions$" "$WORK/loaded"
	grep -q "ret  0x50001 *; SCMP_ACT_ERRNO(EPERM)$" "$WORK/loaded"
	grep -q "jeq .*; mount$" "$WORK/loaded"
	echo '{"linux": {}}' > "$WORK/none.json"
	run -0 surface --filter "$WORK/none.json"
	[ "$output" = "no filter: every system call is let through" ]
	run -125 surface --filter --json sandbox
	[[ $output == *"--filter stands alone"* ]]
	oci delete --force "$ID"
	leftovers
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
