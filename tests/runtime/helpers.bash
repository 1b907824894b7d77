# SPDX-License-Identifier: Apache-2.0
# helpers: what the runtime tests share. Each test has a state root, bundles and cgroups of its own below $WORK, and leaves
# nothing behind; `leftovers` proves it.
#
#   bundle [NAME]         make a busybox rootfs and a config.json in $WORK/NAME; prints the path; config runs /bin/true
#   edit BUNDLE FILTER    change its config.json with a jq filter
#   oci ARGS…             the runtime under test with the test's state root
#   new_id                an id that no other test uses
#   people_setup          for containers of bulkhead itself: BK is the program with its state root, C a name
#   assert_fails STATUS   after `run`: the status, and an error on standard error that is no bare errno
#   snapshot, leftovers   mounts, cgroups, state and processes before, and what is more of them now

bats_require_minimum_version 1.5.0

ROOT_OF_TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
OCI=${BULKHEAD_OCI:-$ROOT_OF_TREE/build/bulkhead-oci}
BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}

common_setup() {
	WORK=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/bk.XXXXXX")
	STATE=$WORK/state
	ID_PREFIX=bt$$x${BATS_TEST_NUMBER:-0}x
	ID_COUNT=0
	snapshot
}

common_teardown() {
	local id
	if [ -d "$STATE" ]; then
		for id in $(ls "$STATE"); do "$OCI" --root "$STATE" delete --force "$id" >/dev/null 2>&1 || true; done
	fi
	rm -rf "$WORK"
}

people_setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
	C=$(new_id)
}

people_teardown() {
	local id
	for id in $("${BK[@]}" ls -aq 2>/dev/null); do "${BK[@]}" rm -f "$id" >/dev/null 2>&1 || true; done
	cd /
	common_teardown
}

new_id() {
	ID_COUNT=$((ID_COUNT + 1))
	echo "$ID_PREFIX$ID_COUNT$RANDOM"
}

oci() {
	"$OCI" --root "$STATE" "$@"
}

# A busybox root: made once for a file of tests, then copied.
make_rootfs() {
	local root=$1 name template=${BATS_FILE_TMPDIR:-$WORK}/rootfs-template
	if [ ! -d "$template" ]; then
		mkdir -p "$template"/{bin,proc,dev,sys,tmp,etc,var,run}
		cp "$(command -v busybox)" "$template/bin/busybox"
		for name in true false sh sleep cat ls echo id mount umount mkdir touch test kill hostname grep head ps env pwd \
			stat readlink sync printf dd tr cut wc chmod chown rm ln mknod stty tty seq; do
			ln -sf busybox "$template/bin/$name"
		done
		printf 'root:x:0:0:root:/:/bin/sh\n' > "$template/etc/passwd"
	fi
	mkdir -p "$root"
	cp -a "$template/." "$root"
}

bundle() {
	local path=$WORK/${1:-bundle}
	make_rootfs "$path/rootfs"
	(cd "$path" && "$OCI" spec)
	edit "$path" '.process.terminal = false | .process.args = ["/bin/true"]'
	echo "$path"
}

edit() {
	local text
	text=$(jq "${@:3}" "$2" "$1/config.json") && printf '%s\n' "$text" > "$1/config.json"
}

args() { # args BUNDLE WORD…: what the container runs
	local path=$1 list
	shift
	list=$(jq -n '$ARGS.positional' --args -- "$@")
	edit "$path" ".process.args = \$list" --argjson list "$list"
}

assert_fails() {
	[ "$status" -eq "$1" ] || { echo "status $status instead of $1: $output ${stderr:-}"; return 1; }
	local text=${stderr:-$output}
	[ -n "$text" ] || { echo "no message"; return 1; }
	case $text in
	*"Operation not permitted"* | *"Permission denied"*)
		[[ $text == *because* || $text == *try* ]] || { echo "a bare refusal: $text"; return 1; } ;;
	esac
}

assert_says() {
	local text="${output:-}${stderr:-}" word
	for word; do
		[[ $text == *"$word"* ]] || { echo "nothing of '$word' in: $text"; return 1; }
	done
}

# What another test, or an engine, mounts meanwhile below its own directory is not counted: only what has the test's own in it,
# or stands where a container's mount would if it had come out: on the host's directories that each container has, too.
list_mounts() {
	awk -v own="$WORK/" 'index($0, own) || ($5 !~ /\/bke?\.[^\/]*\// && $5 !~ /^\/(home|mnt|opt|root|srv|tmp|var)\// &&
		($5 !~ /^\/run\// || $5 ~ /^\/run\/bulkhead/)) {print $5}' /proc/self/mountinfo | sort
}
list_cgroups() { find /sys/fs/cgroup -mindepth 1 -type d -name "*$ID_PREFIX*" 2>/dev/null | sort; }

snapshot() {
	MOUNTS_BEFORE=$(list_mounts)
}

leftovers() {
	local now
	now=$(list_mounts)
	[ "$now" = "$MOUNTS_BEFORE" ] || { echo "mounts left: $(diff <(echo "$MOUNTS_BEFORE") <(echo "$now"))"; return 1; }
	[ -z "$(list_cgroups)" ] || { echo "cgroups left: $(list_cgroups)"; return 1; }
	if [ -d "$STATE" ] && [ -n "$(ls -A "$STATE")" ]; then
		echo "state left: $(ls -A "$STATE")"
		return 1
	fi
	if pgrep -f -- "--root $STATE " >/dev/null; then
		echo "processes left: $(pgrep -af -- "--root $STATE ")"
		return 1
	fi
}

wait_for() { # wait_for SECONDS COMMAND…: until it succeeds, looking again often; an emulated machine is given more time
	local deadline=$((SECONDS + $1 * ${BULKHEAD_PATIENCE:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || { echo "never true: $*"; return 1; }
		read -r -t 0.02 < <(:) || true
	done
}
