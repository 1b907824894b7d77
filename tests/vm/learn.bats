#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead learn on Debian's kernel, which lets programs watch its functions, and with cgroup v2 alone: both tiers.

BK=/build/bulkhead
PROGRAM='
import os, socket, subprocess
with open("/tmp/made", "w+") as file: file.write("x")
os.rename("/tmp/made", "/tmp/moved"); os.unlink("/tmp/moved")
subprocess.run(["true"], check=True)
socket.create_server(("127.0.0.1", 8081))
open("/proc/self/status").read(); open("/dev/zero").close()
print("done")'

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "learn: tier hooks, and the program runs under what was learned; the rest is refused" {
	run "$BK" learn -o p.json host -- python3 -c "$PROGRAM"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"tier hooks"* ]]
	[ "$(jq -c '[.evidence.complete, .evidence.lost]' p.json)" = '[true,0]' ]
	run "$BK" run --profile p.json host python3 -c "$PROGRAM"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *done* ]]
	run "$BK" run --profile p.json host python3 -c 'open("/etc/passwd")'
	[[ $output == *PermissionError* ]]
}

@test "learn: tier tracepoints sees the same, and says that capabilities are not seen" {
	# Verified in the first test; each time it loads programs, which takes long where the verifier is emulated.
	"$BK" learn --no-verify -o hooks.json host -- python3 -c "$PROGRAM"
	run "$BK" learn --no-verify --tier tracepoints -o tracepoints.json host -- python3 -c "$PROGRAM"
	echo "$output"
	[[ $output == *"tier tracepoints"*"does not show which capabilities are used"* ]]
	[ "$(jq '.rules | has("capabilities")' tracepoints.json)" = false ]
	run diff <(jq '.rules | del(.capabilities, .limits)' hooks.json) <(jq '.rules | del(.capabilities, .limits)' tracepoints.json)
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "learn: capabilities by the function that decides, without those that are only asked about" {
	run "$BK" learn --no-verify -o c.json --cap-add ALL host -- sh -c 'chown 1:1 /tmp; hostname other; ls -l /proc/self/fd/ >/dev/null'
	echo "$output"
	jq -c .rules.capabilities c.json
	[ "$(jq -c '.rules.capabilities | keys' c.json)" = '["CAP_CHOWN","CAP_SYS_ADMIN"]' ]
}

@test "learn: a cgroup of version 2, and what enters it later" {
	mkdir /sys/fs/cgroup/learned
	"$BK" learn --attach /sys/fs/cgroup/learned --for 20s -o g.json 2>err &
	learn=$!
	timeout 60 sh -c 'until grep -q watching err; do sleep 0.1; done'
	sh -c 'echo $$ >/sys/fs/cgroup/learned/cgroup.procs; exec cat /etc/group' >/dev/null
	kill -INT "$learn"
	wait "$learn"
	rmdir /sys/fs/cgroup/learned
	cat err
	jq -c .rules.files g.json
	[ "$(jq '.rules.files.execute | length' g.json)" = 1 ]
	[ "$(jq '.rules.files.read | index("/etc/group") != null' g.json)" = true ]
}
