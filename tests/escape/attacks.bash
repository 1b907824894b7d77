# SPDX-License-Identifier: Apache-2.0
# attacks: what the attempts share, beside tests/runtime/helpers.bash.

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

# A container's program that is the runtime itself (through /proc/self/exe), held open by another process of the
# container until nothing executes it any more and it can be written. The runtime is a copy, so that success would harm
# nothing; and all is detached, since a file that is being executed cannot be written anyway.
ATTACK='
	exec > /result 2>&1
	until [ -n "$found" ]; do
		for p in /proc/[0-9]*; do
			case "$(tr "\0" " " < $p/cmdline)" in /proc/self/exe*) found=$p ;; esac
		done
	done
	exec 9< $found/exe || exit 3
	echo > /fifo
	while [ -e $found/exe ] && [ "$(cut -d" " -f3 $found/stat)" != Z ]; do :; done
	until [ -e /quiet ]; do :; done
	printf overwritten > /proc/self/fd/9 && echo it was written
	echo done'

overwrite() { # overwrite BUNDLE ID: with both in the container, whose runtime is $WORK/runtime
	local before
	before=$(sha256sum < "$WORK/runtime")
	oci exec --detach "$2" sh -c "$ATTACK" < /dev/null > /dev/null 2>&1
	: > "$1/rootfs/quiet"
	wait_for 10 grep -q done "$1/rootfs/result"
	cat "$1/rootfs/result"
	run ! grep written "$1/rootfs/result"
	[ "$before" = "$(sha256sum < "$WORK/runtime")" ]
	oci delete --force "$2"
}

prepare_overwrite() {
	cp "$OCI" "$WORK/runtime"
	WHOLE_OCI=$OCI OCI=$WORK/runtime
	edit "$b" '.root.readonly = false | .process.capabilities = {bounding: $c, effective: $c, permitted: $c}' --argjson c '["CAP_DAC_OVERRIDE"]'
	mkfifo "$b/rootfs/fifo"
}
