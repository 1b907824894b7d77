#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead run tar:PATH: archives as a root, the good and the evil ones, as root and as a user with a single id.

load helpers

setup_file() {
	local root=$BATS_FILE_TMPDIR/root
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_FILE_TMPDIR%/*}"
	make_rootfs "$root"
	mkdir -p "$root/data/deep"
	echo text > "$root/data/deep/file"
	ln "$root/data/deep/file" "$root/data/hard"
	ln -s /etc/passwd "$root/data/absolute"
	chown 12:34 "$root/data/deep/file"
	chmod 2750 "$root/data/deep"
	mknod "$root/dev/null" c 1 3
	(cd "$root" && tar -cf ../root.tar . && tar -czf ../root.tar.gz . && tar --zstd -cf ../root.tar.zst .)
}

setup() {
	common_setup
	chmod 755 "$BATS_TEST_TMPDIR" "$WORK"
	mkdir -m 777 "$WORK/user"
}
teardown() { common_teardown; }

bk() { "$BULKHEAD" --root "$STATE" run "$@"; }
bk_user() {
	setpriv --reuid 65533 --regid 65533 --clear-groups --inh-caps=-all \
		"$BULKHEAD" --root "$WORK/user/state" run "$@"
}

@test "tar: GNU tar's archives, plain and packed, are a root; owners, modes and links are the archive's" {
	local end
	for end in tar tar.gz tar.zst; do
		run bk "$BATS_FILE_TMPDIR/root.$end" sh -c \
			'cat /data/hard; stat -c "%u %g %h" /data/deep/file; stat -c %a /data/deep; readlink /data/absolute; echo x > /y || echo refused'
		echo "$output"
		[ "$status" -eq 0 ]
		[ "${lines[0]}" = text ]
		[ "${lines[1]}" = "12 34 2" ]
		[ "${lines[2]}" = 2750 ]
		[ "${lines[3]}" = /etc/passwd ]
		[ "${lines[-1]}" = refused ]
	done
	leftovers
}

@test "tar: a user with a single id; --writable is thrown away" {
	run --separate-stderr bk_user --writable "tar:$BATS_FILE_TMPDIR/root.tar.gz" sh -c 'id -u; stat -c %u /data/deep/file; echo x > /y && cat /y'
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = $'65533\n65533\nx' ]
	[ -z "$(ls -A "$WORK/user/state")" ]
}

evil() { # evil PYTHON: an archive whose maker this is; t is the archive, add(NAME, field=…) an entry
	python3 - "$WORK/evil.tar" "$1" <<-'END'
		import io, sys, tarfile
		t = tarfile.open(sys.argv[1], "w", format=tarfile.GNU_FORMAT)
		def add(name, data=b"", **fields):
		    entry = tarfile.TarInfo(name)
		    entry.size = len(data)
		    for key, value in fields.items():
		        setattr(entry, key, value)
		    t.addfile(entry, io.BytesIO(data))
		exec(sys.argv[2])
		t.close()
	END
}

refused() { # refused WORD…: as root and as a user
	local who
	for who in bk bk_user; do
		run $who "$WORK/evil.tar" true
		echo "$who: $status $output"
		[ "$status" -eq 125 ]
		assert_says "cannot unpack $WORK/evil.tar" "$@"
	done
	[ ! -e "$WORK/escaped" ]
	[ ! -e /escaped ]
	leftovers
}

@test "tar: names that lead out, absolute ones, links and devices are refused, with archive and entry" {
	evil 'add("../escaped", b"x")'
	refused "entry ../escaped" "leads out"
	evil 'add("a/../../escaped", b"x")'
	refused "entry a/../../escaped" "leads out"
	evil 'add("/escaped", b"x")'
	refused "entry /escaped" "absolute"
	evil 'add("out", type=tarfile.SYMTYPE, linkname="/tmp"); add("out/escaped", b"x")'
	refused "entry out/escaped"
	evil 'add("hard", type=tarfile.LNKTYPE, linkname="../../etc/passwd")'
	refused "entry hard" "hard link"
	evil 'add("hard", type=tarfile.LNKTYPE, linkname="/etc/passwd")'
	refused "entry hard" "hard link"
	evil 'add("disk", type=tarfile.BLKTYPE, devmajor=8, devminor=0)'
	refused "entry disk" "device"
}

@test "tar: no archive, a cut one, an empty one, and what claims to be huge" {
	head -c 100000 /dev/urandom > "$WORK/evil.tar"
	refused
	head -c 40000 "$BATS_FILE_TMPDIR/root.tar.gz" > "$WORK/evil.tar"
	refused "entry ./bin/busybox" truncated
	: > "$WORK/evil.tar"
	refused
	python3 - "$WORK/evil.tar" <<-'END'
		import sys, tarfile
		entry = tarfile.TarInfo("huge")
		entry.size = 1 << 50
		open(sys.argv[1], "wb").write(entry.tobuf(tarfile.GNU_FORMAT))
	END
	refused huge
	# A hole of a petabyte, as a sparse file of GNU's pax format.
	evil 't.close(); t = tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT); add("hole", b"1\n1125899906842624\n0\n".ljust(512, b"\0"), pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "hole", "GNU.sparse.realsize": str(1 << 50)})'
	refused hole
}

@test "tar: more than the memory limit ends with a word about it" {
	head -c 80000000 /dev/urandom > "$WORK/noise"
	tar -C "$WORK" -cf "$WORK/evil.tar" noise
	run bk --memory 30m "$WORK/evil.tar" true
	echo "$output"
	[ "$status" -ne 0 ]
	assert_says "cannot unpack"
	leftovers
}

@test "tar: a control character in a name does not reach the terminal" {
	evil 'add("a\x1b]0;title\x07/../b", b"x")'
	run bk "$WORK/evil.tar" true
	[[ $output != *$'\x1b'* && $output == *"leads out"* ]]
}

@test "tar: a file that is missing, a directory, and the helper program missing" {
	run bk tar:/nowhere.tar true
	[ "$status" -eq 125 ]
	assert_says "cannot use /nowhere.tar"
	run bk "tar:$WORK" true
	assert_says "is no file"
	# Beside a copy there is none, and where an installation has it is hidden.
	cp "$BULKHEAD" "$WORK/bulkhead"
	run unshare -m sh -c 'mount -t tmpfs none "${0%/bulkhead/*}" 2>/dev/null; exec "$@"' \
		"$(strings -a "$BULKHEAD" | grep -m1 '/libexec/bulkhead/bulkhead-unpack$')" \
		"$WORK/bulkhead" --root "$STATE" run "$BATS_FILE_TMPDIR/root.tar" true
	assert_says "there is no" "make install"
}

@test "tar: plan shows it" {
	run "$BULKHEAD" plan "$BATS_FILE_TMPDIR/root.tar" true
	assert_says "unpack $BATS_FILE_TMPDIR/root.tar into it"
}

@test "tar: learn writes the digest of the archive, which of two that differ is none" {
	local digest file
	digest=$(sha256sum < "$BATS_FILE_TMPDIR/root.tar.gz" | cut -d ' ' -f 1)
	learn() { "$BULKHEAD" --root "$STATE" learn --tier rootless --no-verify "${@:2}" "$1" -- /bin/true; }
	learn "tar:$BATS_FILE_TMPDIR/root.tar.gz" -o "$WORK/one.json"
	learn "tar:$BATS_FILE_TMPDIR/root.tar.gz" --merge "$WORK/one.json" -o "$WORK/two.json"
	for file in one two; do
		[ "$(jq -r .subject.digest "$WORK/$file.json")" = "sha256:$digest" ]
		"$BULKHEAD" profile check "$WORK/$file.json"
	done
	learn "tar:$BATS_FILE_TMPDIR/root.tar" --merge "$WORK/one.json" -o "$WORK/two.json"
	[ "$(jq .subject.digest "$WORK/two.json")" = null ]
}
