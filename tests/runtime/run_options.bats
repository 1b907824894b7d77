#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The options of `bulkhead run` that Docker's users know, one after another: what they do inside, and what is refused how.

load helpers

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
}
teardown() { common_teardown; }

inside() { "${BK[@]}" run "$@"; }

refused() { # refused WORDS… -- OPTIONS…: status 125, each of the words in the message, and a remedy
	local words=()
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	shift
	run "${BK[@]}" run "$@" host true
	[ "$status" -eq 125 ] || { echo "status $status: $output"; return 1; }
	assert_says "${words[@]}" "  try "
}

# A root directory with a user of its own.
directory() {
	make_rootfs "$WORK/root"
	printf 'root:x:0:0::/:/bin/sh\nmate:x:41:42::/home:/bin/sh\n77:x:5:5::/:/bin/sh\n' > "$WORK/root/etc/passwd"
	printf 'root:x:0:\ncrew:x:43:\n' > "$WORK/root/etc/group"
	echo "dir:$WORK/root"
}

@test "--user: names are looked up in the source, numbers never" {
	local source
	source=$(directory)
	[ "$(inside --user mate "$source" sh -c 'id -u; id -g' | tr '\n' ' ')" = "41 42 " ]
	[ "$(inside --user mate:crew "$source" id -g)" = 43 ]
	# There is a user whose name is 77.
	[ "$(inside --user 77 "$source" id -u)" = 77 ]
	[ "$(inside --user 7:8 "$source" sh -c 'id -u; id -g' | tr '\n' ' ')" = "7 8 " ]
	refused nosuch /etc/passwd -- --user nosuch
	refused nosuch /etc/group -- --user 1:nosuch
	leftovers
}

@test "--user: a passwd file that is a link out of the source, or no file, is not followed" {
	local source
	source=$(directory)
	printf 'spy:x:1:1::/:/bin/sh\n' > "$WORK/passwd"
	ln -sf "$WORK/passwd" "$WORK/root/etc/passwd"
	run inside --user spy "$source" id -u
	[ "$status" -eq 125 ]
	rm "$WORK/root/etc/passwd"
	mkfifo "$WORK/root/etc/passwd"
	run timeout 10 "${BK[@]}" run --user mate "$source" id -u
	[ "$status" -eq 125 ]
	leftovers
}

@test "--userns=none: the arbitrary id of OpenShift, with every other layer kept" {
	run inside --userns=none --user 1000600000 host sh -c 'id -u; id -g; cat /proc/self/uid_map
		grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 1000600000 ]
	[ "${lines[1]}" = 0 ]
	[[ ${lines[2]} =~ ^\ +0\ +0\ +4294967295$ ]]
	[[ $output == *CapEff:*0000000000000000*CapBnd:*0000000000000000*NoNewPrivs:*1*Seccomp:*2* ]]
	refused --user -- --userns=none
	refused userns other -- --userns=other
	leftovers
}

@test "--ulimit" {
	[ "$(inside --ulimit nofile=99:100 host sh -c 'ulimit -n; ulimit -Hn' | tr '\n' ' ')" = "99 100 " ]
	[ "$(inside --ulimit core=0 host sh -c 'ulimit -c')" = 0 ]
	refused soft hard -- --ulimit nofile=100:99
	refused bad -- --ulimit bad=1
	refused nofile -- --ulimit nofile=x
	refused nofile same -- --ulimit nofile=1 --ulimit nofile=2
	leftovers
}

@test "--memory, --cpus, --pids-limit: bad ones" {
	refused --memory 0 -- --memory 0
	refused --memory lots -- --memory lots
	refused --cpus x -- --cpus x
	refused --cpus -1 -- --cpus=-1
	refused --pids-limit -- --pids-limit many
	refused --shm-size -- --shm-size 0
}

@test "--shm-size, --tmpfs, --mount type=tmpfs: sizes, modes and flags are the mounts'" {
	inside --shm-size 1m host grep -q '^shm /dev/shm tmpfs .*size=1024k' /proc/mounts
	inside --tmpfs /t:size=1m,noexec host grep -q ' /t tmpfs rw,nosuid,nodev,noexec,.*size=1024k' /proc/mounts
	inside --mount type=tmpfs,target=/t,tmpfs-size=2m,tmpfs-mode=0700 host grep -q ' /t tmpfs .*size=2048k,mode=700' /proc/mounts
	inside --tmpfs /t host sh -c 'echo x > /t/file'
	refused absolute -- --tmpfs t
	refused bad -- --tmpfs /t:bad
	refused target -- --mount type=tmpfs
	refused type -- --mount target=/t,type=volume
	leftovers
}

@test "--volume and --mount type=bind: never setuid or devices, read-only, idmap" {
	mkdir "$WORK/shared"
	echo given > "$WORK/shared/file"
	chown 1234:1234 "$WORK/shared/file"
	[ "$(inside -v "$WORK/shared:/s" host cat /s/file)" = given ]
	inside -v "$WORK/shared:/s" host grep -q ' /s [^ ]* rw,nosuid,nodev' /proc/mounts
	run inside -v "$WORK/shared:/s:ro" host sh -c 'echo x > /s/new'
	[ "$status" -ne 0 ]
	run inside --mount "type=bind,source=$WORK/shared,target=/s,readonly" host sh -c 'echo x > /s/new'
	[ "$status" -ne 0 ]
	[ ! -e "$WORK/shared/new" ]
	# Without idmap the owner has no id inside; with it the numbers are the same as outside.
	[ "$(inside -v "$WORK/shared:/s" host stat -c %u /s/file)" = 65534 ]
	[ "$(inside -v "$WORK/shared:/s:idmap" host stat -c %u /s/file)" = 1234 ]
	refused bad -- -v "$WORK/shared:/s:bad"
	refused nosuch -- -v "$WORK/nosuch:/s"
	refused nosuch -- --mount "type=bind,source=$WORK/nosuch,target=/s"
	leftovers
}

@test "--device: only where it is given, with the access that is given" {
	[ "$(inside --device /dev/zero:/dev/nothing host sh -c 'head -c 3 /dev/nothing | od -An -tx1' | tr -d ' ')" = 000000 ]
	run inside host test -e /dev/nothing
	[ "$status" -ne 0 ]
	refused nosuch -- --device /dev/nosuch
	refused "$WORK" -- --device "$WORK"
	refused bad -- --device /dev/zero:/dev/zero:bad
	leftovers
}

@test "--entrypoint, --workdir, --hostname" {
	[ "$(inside --entrypoint /bin/echo host a b)" = "a b" ]
	[ "$(inside --workdir /tmp host pwd)" = /tmp ]
	[ "$(inside --hostname harbour host hostname)" = harbour ]
	refused absolute -- --workdir tmp
}

@test "--env and --env-file: --env wins, one's own values, blanks and comments" {
	printf '# a comment\n\nA=from the file\r\nOWN\n  B=  kept  \nABSENT\nC=x=y\n' > "$WORK/env"
	run env OWN=mine "${BK[@]}" run --env-file "$WORK/env" -e A=first -e OWN host env
	[ "$status" -eq 0 ]
	for line in A=first OWN=mine 'B=  kept  ' C=x=y; do
		grep -qxF "$line" <<<"$output"
	done
	[ "$(grep -c '^A=' <<<"$output")" = 1 ]
	[[ $output != *ABSENT* ]]
	refused nosuch -- --env-file "$WORK/nosuch"
	printf 'export A=1\n' > "$WORK/env"
	refused "line 1" blank -- --env-file "$WORK/env"
	printf 'A=1\0B=2\n' > "$WORK/env"
	refused zero -- --env-file "$WORK/env"
	refused names -- -e =x
	leftovers
}

@test "environment with newlines, and ten thousand arguments, arrive as they are" {
	[ "$(inside -e $'A=one\ntwo' host sh -c 'echo "$A"')" = $'one\ntwo' ]
	# shellcheck disable=SC2046
	[ "$(inside host sh -c 'echo $#' - $(seq 10000))" = 10000 ]
}

@test "--cap-add, --cap-drop" {
	[ "$(inside --cap-add NET_BIND_SERVICE host awk '/^CapEff/ {print $2}' /proc/self/status)" = 0000000000000400 ]
	[ "$(inside --cap-drop ALL host awk '/^CapEff/ {print $2}' /proc/self/status)" = 0000000000000000 ]
	run --separate-stderr inside --cap-add ALL --cap-drop CHOWN host awk '/^CapBnd/ {print $2}' /proc/self/status
	[ "$status" -eq 0 ]
	[ $((0x$output & 1)) -eq 0 ]
	[ $((0x$output & 2)) -eq 2 ]
	[[ $stderr == *warning*SYS_ADMIN* ]]
	refused NOSUCH -- --cap-add NOSUCH
	refused CAP_CHOWN exclude -- --cap-add CHOWN --cap-drop CHOWN
	leftovers
}

@test "--security-opt: a filter of one's own, none, new privileges, bad ones" {
	printf '%s' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO",
		"errnoRet": 88}]}' > "$WORK/seccomp.json"
	run inside --security-opt "seccomp=$WORK/seccomp.json" --tmpfs /t host mkdir /t/x
	[ "$status" -ne 0 ]
	assert_says "Socket operation on non-socket"
	# The default, which was compiled when the program was, is the one that the printed profile makes.
	"${BK[@]}" plan --config host true | jq .linux.seccomp > "$WORK/default.json"
	for name in default chosen; do
		inside -d --name "$ID_PREFIX$name" $([ $name = default ] || echo --security-opt "seccomp=$WORK/default.json") host sleep 60
		cp "$STATE/$ID_PREFIX$name/filter.bpf" "$WORK/$name.bpf"
		"${BK[@]}" exec "$ID_PREFIX$name" grep -q 'Seccomp:.*2' /proc/self/status
		"${BK[@]}" rm -f "$ID_PREFIX$name"
	done
	[ -s "$WORK/default.bpf" ]
	cmp "$WORK/default.bpf" "$WORK/chosen.bpf"
	inside --security-opt seccomp=unconfined host grep -q 'Seccomp:.*0' /proc/self/status
	inside --security-opt no-new-privileges=false host grep -q 'NoNewPrivs:.*0' /proc/self/status
	inside --security-opt no-new-privileges host grep -q 'NoNewPrivs:.*1' /proc/self/status
	refused nosuch -- --security-opt "seccomp=$WORK/nosuch"
	refused other -- --security-opt other
	refused twice -- --security-opt seccomp=unconfined --security-opt seccomp=unconfined
	refused true false -- --security-opt no-new-privileges=maybe
	echo '{' > "$WORK/seccomp.json"
	refused seccomp.json -- --security-opt "seccomp=$WORK/seccomp.json"
	leftovers
}

@test "nested user namespaces are refused by the filter, and without one by the kernel's limit" {
	run inside host unshare --user true
	[ "$status" -ne 0 ]
	assert_says "Operation not permitted"
	run inside --security-opt seccomp=unconfined host unshare --user true
	[ "$status" -ne 0 ]
	assert_says "No space left"
}

@test "errors speak of options, not of the config behind them" {
	run inside --memory 1k host true
	[ "$status" -eq 125 ]
	assert_says "asked by  --memory" "raise the limit"
	run -127 inside host no-such-program
	assert_says "asked by  COMMAND" "--env PATH="
	run inside --workdir /etc/passwd host true
	[ "$status" -eq 125 ]
	assert_says "asked by  --workdir"
	refused --ulimit "ulimit -H" -- --ulimit nofile=99999999999
	refused "higher --ulimit nofile" -- --ulimit nofile=9
	refused "because" "--init=false" -- --pids-limit 1
	mkdir "$WORK/d"
	refused "asked by  --volume $WORK/d:/etc/passwd" "a file on a file" -- --tmpfs /t -v "$WORK/d:/etc/passwd"
	refused "asked by  --mount type=tmpfs,target=/usr/new" -- --mount type=tmpfs,target=/usr/new
	run -127 inside host ./no-such-program
	assert_says "source's root"
	leftovers
}

@test "options of Docker that are none here say what does it" {
	refused "--net host" -- -p 80:80
	refused "--net host" -- --publish=80:80
	refused --cap-add -- --privileged
	refused "the nearest is --rm" -- --rmm
	refused "bulkhead --root" -- --root "$WORK"
}

@test "names of hosts, limits of nothing, targets that cover all" {
	refused name letters -- --hostname ""
	refused name letters -- --hostname "a b"
	# A container's name may be longer than a host's.
	[ "$(inside --name "$(printf 'a%.0s' $(seq 90))" host hostname)" = "$(printf 'a%.0s' $(seq 64))" ]
	refused 0 nothing -- --pids-limit 0
	refused number -- --pids-limit=-1
	refused ro rw exclude -- -v "$WORK:/s:ro,rw"
	refused cover -- -v "$WORK:/"
	refused cover -- -v "$WORK:/./.."
	refused cover -- --tmpfs /
	refused '".."' -- --tmpfs /etc/../..
	refused '".."' -- -v "$WORK:/a/.."
	inside -v "$WORK:/..a/b" host test -d /..a/b
	refused cover -- --mount "type=bind,source=$WORK,target=//"
	refused --rm true false -- --rm=maybe
	refused processors -- --cpus 0x1
	refused processors -- --cpus ""
	refused size -- --memory " 1g"
	refused on-failure -- -d --restart on-failure:99999999999999999999
	refused /dev/FROM -- --device /dev/null:/dev/../etc/x
	refused /dev/FROM -- --device /dev/null:/dev/x:rr
	refused "same target" "$WORK:/s" "--tmpfs /s/" -- -v "$WORK:/s" --tmpfs /s/
	refused "same target" -- -v "$WORK:/s" --mount "type=bind,source=/usr,target=/s"
	refused tmpfs-size -- --mount type=tmpfs,target=/t,tmpfs-size=0
	ln -s loop "$WORK/loop"
	refused "$WORK/loop" -- -v "$WORK/loop:/x"
	refused file -- --env-file "$WORK"
	leftovers
}

@test "--net=host: the host's interfaces, and every other layer kept" {
	[ "$(inside --net=host host readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
	run inside --network host host sh -c 'grep -E "^(CapBnd|Seccomp:)" /proc/self/status; cat /etc/shadow'
	[ "$status" -ne 0 ]
	[[ $output == *0000000000000000*Seccomp:*2* ]]
	refused none host -- --net bridge
	leftovers
}

@test "options that contradict each other are named, both" {
	refused --read-only --writable -- --read-only --writable
	refused --restart --detach -- --restart always
	refused --restart --rm -- -d --rm --restart always
	refused --label -- --label a=b
	refused --detach-keys --detach -- -d --detach-keys ctrl-a
	refused --detach-keys --tty -- --detach-keys ctrl-a
}

@test "plan takes the same options, and shows what they do" {
	run "${BK[@]}" plan --tmpfs /t --ulimit nofile=99 --user 7 --hostname harbour host true
	[ "$status" -eq 0 ]
	assert_says harbour /t 99
}

@test "a user without a subuid range has the one id; the command is the caller" {
	make_rootfs "$WORK/root"
	chmod 755 "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$WORK"
	cp "$BULKHEAD" "$WORK/bulkhead"
	mkdir -m 777 "$WORK/user"
	run ! grep '^65533:\|^nobody-has-this' /etc/subuid
	run --separate-stderr setpriv --reuid 65533 --regid 65533 --clear-groups "$WORK/bulkhead" --root "$WORK/user/state" \
		run "$WORK/root" sh -c 'id -u; cat /proc/self/uid_map'
	[ "$status" -eq 0 ]
	[[ $output =~ ^65533.\ +65533\ +65533\ +1$ ]]
	# An owner that it has no id for is refused by the kernel, inside.
	run --separate-stderr setpriv --reuid 65533 --regid 65533 --clear-groups "$WORK/bulkhead" --root "$WORK/user/state" \
		run --cap-add CHOWN "$WORK/root" sh -c 'touch /tmp/f; chown 5 /tmp/f'
	[ "$status" -ne 0 ]
}

@test "user namespaces switched off: which setting, and how to set it" {
	chmod 755 "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$WORK"
	cp -L "$BULKHEAD" "$WORK/bulkhead"
	mkdir -m 777 "$WORK/user"
	# The setting of a namespace of the test's own.
	run --separate-stderr setpriv --reuid 65533 --regid 65533 --clear-groups unshare --user --map-root-user sh -c \
		"echo 0 > /proc/sys/user/max_user_namespaces; exec $WORK/bulkhead --root $WORK/user/state run host true"
	[ "$status" -eq 125 ]
	assert_says "user.max_user_namespaces is 0" "sysctl -w user.max_user_namespaces="
	[ -z "$(ls -A "$WORK/user/state")" ]
}

@test "within a sandbox of its own: what hides clone3 is told, and default limits are no error where there is no cgroup" {
	cp -L "$BULKHEAD" "$WORK/bulkhead"
	chmod 755 "$WORK" "$WORK/bulkhead"
	run inside -v "$WORK/bulkhead:/tmp/bulkhead:ro" host /tmp/bulkhead --root /tmp/state run host true
	[ "$status" -eq 125 ]
	assert_says clone3 filter "  try "
	run inside -v "$WORK/bulkhead:/tmp/bulkhead:ro" host /tmp/bulkhead --root /tmp/state run --memory 64m host true
	[ "$status" -eq 125 ]
	assert_says "--memory" "no cgroup hierarchy"
	leftovers
}

@test "sources that are missing or none" {
	run inside "$WORK/nosuch/" true
	[ "$status" -eq 125 ]
	assert_says "$WORK/nosuch" "  try "
	echo x > "$WORK/file"
	run inside "dir:$WORK/file" true
	[ "$status" -eq 125 ]
	assert_says "not a directory" "  try "
	run inside "$WORK/nosuch.tar.gz" true
	[ "$status" -eq 125 ]
	assert_says "$WORK/nosuch.tar.gz" "  try "
	run inside
	[ "$status" -eq 125 ]
	assert_says source "  try "
	run inside host
	[ "$status" -eq 125 ]
	assert_says command "  try "
	run inside "" true
	[ "$status" -eq 125 ]
	assert_says empty "  try "
	make_rootfs "$WORK/root"
	(cd "$WORK/root" && [ "$(inside . pwd)" = / ])
	leftovers
}
