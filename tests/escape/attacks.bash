# SPDX-License-Identifier: Apache-2.0
# attacks: what the attempts share, beside tests/runtime/helpers.bash.
#
# "bites:" at a test says with which defence taken out of the program the test was seen to fail.

load ../runtime/helpers

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}

# A directory of the host that no container may see or change.
make_victim() {
	VICTIM=$WORK/victim
	mkdir "$VICTIM"
	echo untouched > "$VICTIM/file"
}

victim_is_whole() {
	[ "$(ls -A "$VICTIM")" = file ] && [ "$(cat "$VICTIM/file")" = untouched ] && return
	echo "the host was reached: $(ls -lA "$VICTIM")"
	return 1
}

mount_in() { # mount_in BUNDLE SOURCE DESTINATION [OPTION…]
	edit "$1" '.mounts += [{type: "bind", source: $s, destination: $d, options: (["rbind"] + ($o | split(" ")))}]' \
		--arg s "$2" --arg d "$3" --arg o "${*:4}"
}

up() { oci run --detach -b "$1" "$2" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }
create() { oci create -b "$1" "$2" </dev/null >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }
status_of() { oci state "$1" | jq -r .status; }
is() { [ "$(status_of "$1")" = "$2" ]; }

# A filter that allows everything: what matters is that there is one.
ALLOW_ALL='{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["kexec_load"], action: "SCMP_ACT_ERRNO"}]}'

# The host's /usr, for programs that busybox has not.
with_usr() { # with_usr BUNDLE
	ln -s usr/lib "$1/rootfs/lib"
	ln -s usr/lib64 "$1/rootfs/lib64"
	mount_in "$1" /usr /usr ro
}
