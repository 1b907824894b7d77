#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# run --complain of an ordinary user: the supervisor of system calls needs no privilege.
load ../runtime/helpers

setup() {
	common_setup
}
teardown() {
	common_teardown
}

@test "rootless: run --complain tells what the profile does not allow, and refuses nothing" {
	echo '{"version": 1, "rules": {"syscalls": {"names": ["execve"]}, "files": {"read": [], "write": ["/tmp/*"], "execute": []},
		"network": {"listen": [], "connect": []}}}' >"$WORK/p.json"
	run --separate-stderr "$BULKHEAD" --root "$STATE" run --profile "$WORK/p.json" --complain host python3 -c '
import os, socket
s = socket.socket()
s.bind(("127.0.0.1", 7802))
open("/tmp/allowed", "w")
os.mkdir("/tmp/made")
os.mkdir("/tmp/made/below")
print(len(open("/etc/passwd").read()) > 0, flush=True)
os._exit(3)'
	echo "$stderr"
	[ "$status" -eq 3 ]
	[ "$output" = True ]
	for line in 'rules.network.listen lacks 7802' 'rules.files.write lacks /tmp/made/below' 'rules.files.read lacks /etc/passwd' \
		'rules.syscalls.names lacks bind' 'rules.files.execute lacks '"$(realpath /usr/bin/python3)"; do
		grep -qx "complain: $line" <<<"$stderr"
	done
	[[ $stderr != *'lacks /tmp/allowed'* && $stderr != *'lacks execve'* ]]
	leftovers
}
