#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead profile export: each form is taken by the tool that it is for.
load helpers

setup() {
	common_setup
	BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}
	FULL=$ROOT_OF_TREE/tests/runtime/profile_full.json
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	common_teardown
}

export_to() {
	"$BULKHEAD" profile export --name full --to "$1" "${2:-$FULL}" 2>warnings
}

# bats test_tags=kernel
@test "export --to apparmor: the parser compiles it, full and with nothing restricted" {
	command -v apparmor_parser || skip "apparmor is not installed"
	echo '{"version": 1, "rules": {}}' >open.json
	for file in "$FULL" open.json; do
		export_to apparmor "$file" >apparmor
		apparmor_parser -Q -K apparmor
	done
	export_to apparmor >apparmor
	grep -qx '  capability net_bind_service,' apparmor
	grep -qF '  "/srv/a b\"\{c\}" mr,' apparmor
	grep -q 'cannot express rules.network.listen' warnings
	jq '.rules.files.read = ["/etc/a\n\"/** rw,"]' "$FULL" >bad.json
	run export_to apparmor bad.json
	[ "$status" -eq 125 ]
	# The parser is one that refuses.
	sed 's/capability chown/capability chwon/' apparmor >broken
	run ! apparmor_parser -Q -K broken
}

@test "export --to selinux: secilc compiles it on top of a policy with the templates' names" {
	command -v secilc || skip "secilc is not installed"
	jq '.rules.capabilities.CAP_BPF = ""' "$FULL" >two.json
	export_to selinux two.json >full.cil
	cat >base.cil <<-'END'
		(mls true) (handleunknown allow) (sid kernel) (sidorder (kernel))
		(class capability (chown net_bind_service)) (class capability2 (bpf)) (class process (transition))
		(classorder (capability capability2 process))
		(user u) (role r) (type t) (userrole u r) (roletype r t)
		(sensitivity s0) (sensitivityorder (s0)) (category c0) (categoryorder (c0)) (sensitivitycategory s0 (c0))
		(userlevel u (s0)) (userrange u ((s0) (s0))) (sidcontext kernel (u r t ((s0) (s0))))
		(allow t self (process (transition)))
		(typeattribute net) (typeattributeset net (t))
		(block container (blockabstract container) (type process) (roletype r process))
		(block net_container (blockabstract net_container) (typeattributeset net (process)))
	END
	secilc -o policy -f contexts base.cil full.cil
	sed 's/net_bind_service/net_bind/' full.cil >broken.cil
	run ! secilc -o policy -f contexts base.cil broken.cil
	jq 'del(.rules.capabilities)' "$FULL" >none.json
	run export_to selinux none.json
	[ "$status" -eq 125 ]
}

@test "export --to systemd: systemd-analyze finds nothing to say about the unit" {
	command -v systemd-analyze || skip "systemd-analyze is not installed"
	export_to systemd >lines
	{ cat lines && echo ExecStart=/bin/true; } >full.service
	run systemd-analyze verify --man=no ./full.service
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	grep -qx 'ReadWritePaths="-/var/log"' lines
	grep -qx 'SocketBindAllow=80' lines
	grep -qx 'SystemCallArchitectures=native x86' lines
	sed "s/^MemoryMax=.*/MemoryMax=much/" full.service >broken.service
	run systemd-analyze verify --man=no ./broken.service
	[ -n "$output" ]
	jq '.rules.network = {"listen": [], "connect": []}' "$FULL" >offline.json
	export_to systemd offline.json | grep -qx PrivateNetwork=yes
	run ! grep -q 'network.connect' warnings
}

# bats test_tags=kernel
@test "export --to oci: the parts, put into a config, hold under another runtime and under ours" {
	local path runtime names
	path=$(bundle)
	args "$path" /bin/sh -c 'grep -E "CapBnd|NoNewPrivs|Seccomp:" /proc/self/status; mkdir /tmp/x; ulimit -n'
	names=$(jq '[.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[] | select(. != "mkdir" and . != "mkdirat")]' \
		/usr/share/containers/seccomp.json) || skip "no list of system calls (golang-github-containers-common)"
	jq --argjson names "$names" '.rules = {"syscalls": {"names": ($names | unique)},
		"capabilities": {"CAP_CHOWN": ""}, "limits": {"RLIMIT_NOFILE": 77}}' "$FULL" >part.json
	export_to oci part.json >oci.json
	edit "$path" '.process.capabilities = {} | . * $oci[0]' --slurpfile oci oci.json
	for runtime in "$OCI" runc; do
		command -v "$runtime" >/dev/null || continue
		run "$runtime" --root "$STATE" run --bundle "$path" "$(new_id)"
		echo "$runtime: $output"
		[[ $output == *'CapBnd:'*'0000000000000001'* ]]
		[[ $output == *'Seccomp:'*2* ]]
		[[ $output == *'Function not implemented'* ]]
		[[ $output == *$'\n77'* ]]
	done
}

@test "export --to oci: merged as documented, the parts take no namespace away and leave no capability elsewhere" {
	local path set
	path=$(bundle)
	jq '.rules = {"capabilities": {}, "limits": {"pids": 9}, "network": {"listen": [], "connect": []}}' "$FULL" >offline.json
	export_to oci offline.json >oci.json
	[[ $(<warnings) == *'oci cannot express rules.network.listen'*'oci cannot express rules.network.connect'* ]]
	jq '.process.capabilities = {"inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"], "bounding": ["CAP_KILL"]} |
		.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]' \
		"$path/config.json" >before.json
	jq --slurpfile parts oci.json '. * $parts[0]' before.json >after.json
	for set in linux.namespaces process.rlimits; do
		[ "$(jq -c ".$set" before.json)" = "$(jq -c ".$set" after.json)" ]
	done
	for set in bounding effective permitted inheritable ambient; do
		[ "$(jq -c ".process.capabilities.$set" after.json)" = '[]' ]
	done
}

@test "export --to seccomp: what was learned starts under other runtimes, which call more than ours before execve" {
	local path runtime privileges
	"$BULKHEAD" --root "$STATE" learn -o true.json host -- /bin/true
	export_to seccomp true.json >true.seccomp
	path=$(bundle)
	args "$path" /bin/true
	for privileges in true false; do
		edit "$path" ".process.noNewPrivileges = $privileges | .linux.seccomp = \$oci[0]" --slurpfile oci true.seccomp
		for runtime in "$OCI" runc; do
			command -v "$runtime" >/dev/null || continue
			run "$runtime" --root "$STATE" run --bundle "$path" "$(new_id)"
			echo "$runtime: $output"
			[ "$status" -eq 0 ]
		done
	done
	# Ours needs none of that.
	run ! jq -e '.rules.syscalls.names | index("setgroups")' true.json
	jq -e '[.syscalls[].names[]] | index("setgroups")' true.seccomp
}

@test "export --to kubernetes: capabilities by their names there, and the profile that the context names" {
	export_to kubernetes >k.json
	jq -e '.securityContext.capabilities == {"drop": ["ALL"], "add": ["CHOWN", "NET_BIND_SERVICE"]}' k.json
	jq -e '.securityContext.seccompProfile.localhostProfile == "operator/\(.seccompProfile.metadata.name).json"' k.json
	[ "$("$BULKHEAD" profile export --to kubernetes --name Web_1_ "$FULL" 2>/dev/null | jq -r .seccompProfile.metadata.name)" = web-1 ]
	# As the object has it: no errno for the rest, errors as text; what is not allowed is named in one rule of its own.
	export_to seccomp >s.json
	jq -e '.seccompProfile.spec | has("defaultErrnoRet") | not' k.json
	[ "$(jq -c '.seccompProfile.spec.syscalls[:-1]' k.json)" = "$(jq -c '.syscalls[:-1]' s.json)" ]
	[ "$(jq -c '.seccompProfile.spec.syscalls[-1] | .errnoRet |= tonumber' k.json)" = "$(jq -c '.syscalls[-1]' s.json)" ]
	jq -e '.seccompProfile.spec.syscalls[-1] | .action == "SCMP_ACT_ERRNO" and .errnoRet == "38" and (.names | index("mkdir") and index("clone3"))' \
		k.json
	jq -e '(.seccompProfile.spec.syscalls | [.[:-1][].names[]] as $allowed | .[-1].names - $allowed == .[-1].names)' k.json
}

@test "export refuses a name that a form could read as something else, and forms that are not there" {
	for name in 'a b' 'x{' '' '-a' '7'; do
		run "$BULKHEAD" profile export --to apparmor --name "$name" "$FULL"
		echo "$name: $output"
		[ "$status" -eq 125 ]
		[[ $output == *'--name NAME'* ]]
	done
	run "$BULKHEAD" profile export --to yaml "$FULL"
	[ "$status" -eq 125 ]
	[[ $output == *'apparmor, kubernetes, landlock, oci'* ]]
}

@test "export --to landlock: lists that would be empty are left out, and a ruleset of nothing is refused" {
	jq '.rules = {"network": {"listen": [80]}}' "$FULL" >one.json
	[ "$(export_to landlock one.json | jq -c .)" = \
		'{"ruleset":[{"handledAccessNet":["bind_tcp"]}],"netPort":[{"allowedAccess":["bind_tcp"],"port":[80]}]}' ]
	jq '.rules = {"files": {"execute": []}}' "$FULL" >one.json
	[ "$(export_to landlock one.json | jq -c .)" = '{"ruleset":[{"handledAccessFs":["execute"]}]}' ]
	jq '.rules = {"capabilities": {}}' "$FULL" >none.json
	run -125 export_to landlock none.json
}

@test "export --to landlock: the kernel takes the rules and keeps to them" {
	mkdir -p "$WORK/seen" "$WORK/hidden"
	echo a >"$WORK/seen/a"
	echo b >"$WORK/hidden/b"
	jq --arg w "$WORK" '.rules.files = {"read": ["\($w)/seen/*"], "write": ["/dev/null"]} | .rules.network.listen = [7779]' \
		"$FULL" >ports.json
	export_to landlock ports.json >landlock.json
	cat >apply.py <<-'END'
		import ctypes, json, os, socket, struct, sys
		rules, work = json.load(open(sys.argv[1])), sys.argv[2]
		names = ["execute", "write_file", "read_file", "read_dir", "remove_dir", "remove_file", "make_char", "make_dir",
		    "make_reg", "make_sock", "make_fifo", "make_block", "make_sym", "refer", "truncate", "ioctl_dev"]
		nets = ["bind_tcp", "connect_tcp"]
		files = {"write_file", "read_file", "execute", "truncate", "ioctl_dev"}
		libc = ctypes.CDLL(None, use_errno=True)
		def bits(words, table):
		    return sum(1 << table.index(w) for w in words)
		def call(*args):
		    result = libc.syscall(*args)
		    assert result >= 0, os.strerror(ctypes.get_errno())
		    return result
		abi = libc.syscall(444, None, ctypes.c_size_t(0), 1)
		if abi < 5:
		    sys.exit(77)
		handled = rules["ruleset"][0]
		fd = call(444, struct.pack("QQ", bits(handled["handledAccessFs"], names), bits(handled["handledAccessNet"], nets)),
		    ctypes.c_size_t(16), 0)
		for rule in rules["pathBeneath"]:
		    for parent in rule["parent"]:
		        if not os.path.exists(parent):
		            continue
		        words = [w for w in rule["allowedAccess"] if os.path.isdir(parent) or w in files]
		        path = os.open(parent, os.O_PATH)
		        call(445, fd, 1, struct.pack("=Qi", bits(words, names), path), 0)
		for rule in rules["netPort"]:
		    for port in rule["port"]:
		        call(445, fd, 2, struct.pack("QQ", bits(rule["allowedAccess"], nets), port), 0)
		call(157, 38, 1, 0, 0, 0)
		call(446, fd, 0)
		def attempt(word, function):
		    try:
		        function()
		        print(word, "yes")
		    except PermissionError:
		        print(word, "no")
		attempt("seen", lambda: open(work + "/seen/a"))
		attempt("hidden", lambda: open(work + "/hidden/b"))
		attempt("null", lambda: open("/dev/null", "w"))
		attempt("make", lambda: open(work + "/seen/new", "w"))
		attempt("7779", lambda: socket.socket().bind(("127.0.0.1", 7779)))
		attempt("7780", lambda: socket.socket().bind(("127.0.0.1", 7780)))
	END
	run /usr/bin/python3 apply.py landlock.json "$WORK"
	[ "$status" -ne 77 ] || skip "this kernel has no Landlock of ABI 5"
	echo "$output"
	[ "$output" = $'seen yes\nhidden no\nnull yes\nmake no\n7779 yes\n7780 no' ]
}
