#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# make install: what lies below the prefix is whole, and the programs there find their helpers.

load helpers

setup() {
	common_setup
	make_rootfs "$WORK/root"
	tar -C "$WORK/root" -cf "$WORK/root.tar" .
}
teardown() { common_teardown; }

# What a user of the prefix has, wherever it lies now.
whole() { # whole DIRECTORY
	local name file verbs
	mapfile -t verbs < <("$1/bin/bulkhead" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\+\) .*/\1/p')
	[ "${#verbs[@]}" -gt 20 ]
	for file in bin/bulkhead bin/bulkhead-oci libexec/bulkhead/bulkhead-{observe,unpack,systemd}; do
		[ -x "$1/$file" ] || { echo "$file is missing"; return 1; }
	done
	for name in bulkhead "${verbs[@]/#/bulkhead-}"; do
		[ -s "$1/share/man/man1/$name.1" ] || { echo "no page of $name"; return 1; }
	done
	[ -s "$1/share/man/man8/bulkhead-oci.8" ]
	for name in bulkhead bulkhead-oci; do
		[ -s "$1/share/bash-completion/completions/$name" ]
		[ -s "$1/share/zsh/site-functions/_$name" ]
		[ -s "$1/share/fish/vendor_completions.d/$name.fish" ]
	done
	[ -s "$1/share/bulkhead/profile.schema.json" ]
}

# It is libexec's bulkhead-unpack that makes a root of an archive: beside the program there is none.
unpacks() { # unpacks PREFIX
	[ ! -e "$1/bin/bulkhead-unpack" ]
	[ "$("$1/bin/bulkhead" --root "$STATE" run "$WORK/root.tar" echo unpacked)" = unpacked ]
}

@test "install: what lies below DESTDIR is whole, and works where its prefix is; in check-long another PREFIX as well" {
	local prefix part
	prefix=$(meson introspect --buildoptions "$ROOT_OF_TREE/build/native" | jq -r '.[] | select(.name == "prefix").value')
	for part in native musl; do
		DESTDIR=$WORK/destination meson install --no-rebuild --strip -C "$ROOT_OF_TREE/build/$part" > "$WORK/log" || { cat "$WORK/log"; false; }
	done
	[ "$(find "$WORK/destination" -type f | grep -vc "^$WORK/destination$prefix/")" -eq 0 ]
	whole "$WORK/destination$prefix"
	export -f unpacks
	export STATE WORK
	unshare --mount --propagation private bash -ec \
		'mount --bind "$WORK/destination$1" "$1" && unpacks "$1"' bash "$prefix"
	# All anew, for a prefix that nothing else knows.
	if [ -n "${BULKHEAD_LONG:-}" ]; then
		make -C "$ROOT_OF_TREE" install BUILD="$WORK/build" PREFIX="$WORK/prefix" > "$WORK/log" 2>&1 || { tail -20 "$WORK/log"; false; }
		whole "$WORK/prefix"
		unpacks "$WORK/prefix"
	fi
	leftovers
}
