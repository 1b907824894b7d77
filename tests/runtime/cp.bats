#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead cp: both ways, what it refuses, and containers whose links lead elsewhere. The rootless suite runs this file too.

load ../runtime/helpers

setup() {
	people_setup
	cd "$WORK"
}
teardown() { people_teardown; }

begin() { "${BK[@]}" run -d --name "$C" "$@"; }
in_it() { "${BK[@]}" exec "$C" "$@"; }
cp_() { "${BK[@]}" cp "$@"; }

refused() { # refused WORDS… -- ARGUMENTS…: status 1, each of the words, a remedy
	local words=()
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	shift
	run "${BK[@]}" cp "$@"
	[ "$status" -eq 1 ] || { echo "status $status: $output"; return 1; }
	assert_says "${words[@]}" "  try "
}

tree() { # a directory with everything that is copied
	mkdir -p tree/deep/er "tree/with blank"
	echo one > tree/deep/er/file
	echo two > "tree/with blank/-f"
	: > tree/empty
	ln -s deep/er/file tree/link
	ln -s /etc/passwd tree/absolute
	head -c 3000000 /dev/urandom > tree/large
	chmod 750 tree/deep
	touch -d 2001-02-03 tree/deep/er/file
}

@test "cp: a tree into it and out again is the same" {
	begin host sleep 1000
	tree
	cp_ tree "$C:/tmp"
	[ "$(in_it cat /tmp/tree/deep/er/file)" = one ]
	[ "$(in_it stat -c '%a %u' /tmp/tree/deep)" = "750 $(in_it id -u)" ]
	cp_ "$C:/tmp/tree" back
	diff -r --no-dereference tree back
	[ "$(readlink back/absolute)" = /etc/passwd ]
	[ "$(stat -c '%a %u %Y' back/deep/er/file)" = "644 $(id -u) $(date -d 2001-02-03 +%s)" ]
}

@test "cp: files and directories by Docker's rules of names" {
	begin host sleep 1000
	mkdir dir
	echo a > dir/a
	cp_ dir/a "$C:/tmp/new"
	cp_ dir/a "$C:/tmp"
	cp_ dir "$C:/tmp/made"
	cp_ dir "$C:/tmp/made"
	cp_ dir/. "$C:/tmp/entries"
	[ "$(in_it find /tmp -type f | sort | tr '\n' ' ')" = "/tmp/a /tmp/entries/a /tmp/made/a /tmp/made/dir/a /tmp/new " ]
	echo b > dir/a
	cp_ dir/a "$C:/tmp/new"
	[ "$(in_it cat /tmp/new)" = b ]
	cp_ "$C:/tmp/made/." here
	[ "$(cat here/a)" = a ]
	in_it ln -s new /tmp/link
	cp_ "$C:/tmp/link" .
	[ "$(readlink link)" = new ]
	cp_ -L "$C:/tmp/link" followed
	[ "$(cat followed)" = b ]
	refused "no directory" -- dir/a "$C:/tmp/none/"
	refused /nowhere -- dir/a "$C:/nowhere/a"
	refused "no directory" -- dir "$C:/tmp/new"
	mkdir taken taken/new
	refused "a directory" -- "$C:/tmp/new" taken
}

@test "cp: bad input" {
	begin host sleep 1000
	refused "both" -- "$C:/a" "$C:/b"
	refused "neither" -- a b
	refused "empty" -- "$C:" .
	refused nosuch -- nosuch "$C:/tmp"
	refused nosuch -- "$C:/nosuch" .
	refused "no container nobody" -- nobody:/tmp .
	refused read-only -- /etc/passwd "$C:/usr"
	refused /dev/null neither -- "$C:/dev/null" .
	run "${BK[@]}" cp "$C:/tmp"
	[ "$status" -eq 1 ]
	[ "$(id -u)" -eq 0 ] || refused --archive root -- -a "$C:/tmp" .
	# A path of the host that has a colon.
	echo colon > a:b
	cp_ ./a:b "$C:/tmp"
	[ "$(in_it cat /tmp/a:b)" = colon ]
}

@test "cp -: a tree as an archive, in and out again, with long names, hard links and each format of tar" {
	local long format
	long=$(printf 'd%.0s' $(seq 120))/$(printf 'f%.0s' $(seq 200))
	begin host sleep 1000
	tree
	mkdir -p "tree/${long%/*}"
	echo far > "tree/$long"
	ln tree/large tree/deep/hard
	ln -s "$long" tree/long-link
	for format in gnu pax; do
		in_it mkdir "/tmp/$format"
		tar --format=$format -cf - tree | cp_ - "$C:/tmp/$format"
		mkdir $format
		cp_ "$C:/tmp/$format/tree" - | tar -xf - -C $format
		diff -r --no-dereference tree $format/tree
		[ "$(stat -c '%a %Y' $format/tree/deep $format/tree/deep/er/file)" = "$(stat -c '%a %Y' tree/deep tree/deep/er/file)" ]
		[ "$(in_it stat -c %h "/tmp/$format/tree/large")" = 2 ]
	done
	[ "$(in_it stat -c %u /tmp/gnu/tree/empty)" = "$(in_it id -u)" ]
	# Its entries alone; one file; a file of the kernel, which says that it is empty; an archive of nothing.
	cp_ "$C:/tmp/gnu/tree/." - | tar -tf - > list
	grep -qx ./deep/er/file list
	[ "$(cp_ "$C:/tmp/gnu/tree/empty" - | tar -tf -)" = empty ]
	[ "$(cp_ "$C:/proc/version" - | tar -xOf -)" = "$(in_it cat /proc/version)" ]
	tar -cf - -T /dev/null | cp_ - "$C:/tmp"
	# What is there already is replaced, and its directories are entered.
	echo new > tree/empty
	tar -cf - tree/empty | cp_ - "$C:/tmp/gnu"
	[ "$(in_it cat /tmp/gnu/tree/empty)" = new ]
	[ -z "$(in_it find /tmp -name '.bulkhead-cp-*')" ]
}

@test "cp -: archives that are none, lead out, or hold what is not copied" {
	begin host sleep 1000
	mkdir tree
	echo x > tree/x
	mkfifo tree/pipe
	tar -cf good.tar tree/x
	no() { # no WORDS… < ARCHIVE
		run "${BK[@]}" cp - "$C:/tmp"
		[ "$status" -eq 1 ] || { echo "status $status: $output"; return 1; }
		assert_says "$@" "  try "
	}
	no "is empty" < /dev/null
	no "no tar archive" < /etc/passwd
	no "no tar archive" < <(head -c 4000 /dev/urandom)
	no "no tar archive" xzcat < <(xz < good.tar)
	no "too early" < <(head -c 600 good.tar)
	no "too early" < <(head -c 500000 /dev/urandom > tree/noise; tar -czf - tree/noise | head -c 300000; rm tree/noise)
	no "too early" < <(head -c 1024 good.tar)
	no absolute /etc/passwd < <(tar -cPf - /etc/passwd)
	no "leads out" ../evil < <(tar -cPf - --transform 's,.*,../evil,' tree/x)
	no "leads out" < <(tar -cPf - --transform 's,.*,a/../../evil,' tree/x)
	ln tree/x tree/y
	tar -cf linked.tar tree/x tree/y
	tar -f linked.tar --delete tree/x
	in_it rm -r /tmp/tree
	no "hard link" tree/x < linked.tar
	truncate -s 10M tree/holes
	no sparse < <(tar -cSf - --format=gnu tree/holes)
	no sparse < <(tar -cSf - --format=pax tree/holes)
	no "left out" pipe < <(tar -cf - tree/pipe tree/x)
	[ "$(in_it cat /tmp/tree/x)" = x ]
	refused "no directory" -- - "$C:/nosuch" < good.tar
	refused "no directory" -- - "$C:/etc/passwd" < good.tar
	refused read-only -- - "$C:/usr" < good.tar
	refused neither -- - -
	# A link of the archive, or of the container, in the place of a directory is not followed.
	ln -s /tmp tree/away
	refused away -- - "$C:/tmp" < <(mkdir -p other/tree/away && echo y > other/tree/away/y &&
		tar -cf both.tar tree/away && tar -rf both.tar -C other tree/away/y && cat both.tar)
	run in_it test -e /tmp/y
	[ "$status" -ne 0 ]
	run script -qec "$BULKHEAD --root $STATE cp $C:/tmp - ; echo status=\$?" /dev/null < /dev/null
	assert_says terminal status=1
	[ -z "$(in_it find /tmp -name '.bulkhead-cp-*')" ]
}

@test "cp -: packed archives, old forms, names in no language; what makes the archive is read to its end" {
	local pack name=$'tree/n\xe9\xff' umlaut=tree/grün
	begin host sleep 1000
	mkdir tree
	head -c 300000 /dev/urandom > tree/file
	echo latin > "$name"
	echo utf-8 > "$umlaut"
	for pack in "tar -czf -" "tar --zstd -cf -" "tar --format=v7 -cf -" "tar --format=ustar -cf -" "tar --format=pax -cf -"; do
		in_it rm -rf /tmp/tree
		set -o pipefail
		$pack -b 4000 tree | cp_ - "$C:/tmp"
		set +o pipefail
		rm -rf back
		cp_ "$C:/tmp/tree" back
		diff -r tree back
	done
}

@test "cp -: numbers that are too large, devices, set-id bits, and the program that reads it missing" {
	make() { # make PYTHON: an archive, add(NAME, FIELD=…) an entry
		python3 -c 'import io, sys, tarfile
t = tarfile.open("made.tar", "w", format=tarfile.PAX_FORMAT)
def add(name, data=b"", **fields):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    for key, value in fields.items(): setattr(entry, key, value)
    t.addfile(entry, io.BytesIO(data))
exec(sys.argv[1])
t.close()' "$1"
	}
	begin host sleep 1000
	make 'add("x", uid=1 << 40)'
	refused "entry x" "no id" -- - "$C:/tmp" < made.tar
	make 'add("x", pax_headers={"path": "a" * 300})'
	refused "too long" -- - "$C:/tmp" < made.tar
	make 'add("/".join("d" * 200))'
	refused "too deep" -- - "$C:/tmp" < made.tar
	make 'add("disk", type=tarfile.BLKTYPE, devmajor=8); add("ours", b"x", mode=0o6755)'
	refused "1 left out, disk" -- - "$C:/tmp" < made.tar
	[ "$(in_it stat -c %a /tmp/ours)" = 755 ]
	make 'add("hard", type=tarfile.LNKTYPE, linkname="../../../etc/passwd")'
	refused hard "not there" -- - "$C:/tmp" < made.tar
	cp "$BULKHEAD" bulkhead
	run unshare -rm sh -c 'mount -t tmpfs none "${0%/bulkhead/*}" 2>/dev/null; ./bulkhead --root "$1" cp - "$2"' \
		"$(strings -a "$BULKHEAD" | grep -m1 '/libexec/bulkhead/bulkhead-unpack$')" "$STATE" "$C:/tmp" < made.tar
	assert_says "there is no" "make install"
}

@test "cp: broken off by a signal it leaves nothing half made; what SIGKILL leaves goes with the next copy" {
	begin host sleep 1000
	mkfifo pipe
	half_made() { in_it find /tmp -name '.bulkhead-cp-*' | grep -q .; }
	mkdir tree
	head -c 1000000 /dev/zero > tree/file
	tar -cf whole.tar tree/file
	local signal pid reader
	for signal in TERM INT KILL; do
		# A program that bats has put into the background ignores SIGINT.
		env --default-signal=INT "${BK[@]}" cp - "$C:/tmp" < pipe &
		pid=$!
		exec 7> pipe
		head -c 300000 whole.tar >&7
		wait_for 10 half_made
		# What reads the archive has nothing else.
		reader=$(pgrep -P $pid -x bulkhead-unpack)
		[ "$(ls "/proc/$reader/fd" | xargs)" = "0 1 2" ]
		[ "$(awk '/^(CapPrm|CapEff|NoNewPrivs|Seccomp):/ {print $2}' "/proc/$reader/status" | xargs)" = \
			"0000000000000000 0000000000000000 1 2" ]
		kill -$signal $pid
		status=0
		wait $pid || status=$?
		[ "$status" -eq $((128 + $(kill -l $signal))) ]
		exec 7>&-
		# The processes on the container's side and for the archive end by themselves.
		wait_for 10 eval '! half_made && [ ! -e "/proc/$reader" ]'
	done
	# Out of the container the verb itself is the one that writes.
	mkdir out
	in_it truncate -s 8G /tmp/file
	for signal in TERM KILL; do
		"${BK[@]}" cp "$C:/tmp/file" out &
		pid=$!
		wait_for 10 eval 'ls -A out | grep -q .'
		kill -$signal $pid
		wait $pid || true
		[ $signal = KILL ] || [ -z "$(ls -A out)" ]
	done
	[ "$(ls -A out | wc -l)" = 1 ]
	in_it truncate -s 5 /tmp/file
	cp_ "$C:/tmp/file" out
	[ "$(ls -A out)" = file ]
	[ "$(stat -c %s out/file)" = 5 ]
}

@test "cp: sockets and pipes are left out and told, the rest is copied" {
	begin host sleep 1000
	mkdir tree
	mkfifo tree/pipe
	echo kept > tree/file
	run "${BK[@]}" cp tree "$C:/tmp"
	[ "$status" -eq 1 ]
	assert_says "1 left out" pipe
	[ "$(in_it cat /tmp/tree/file)" = kept ]
	in_it mkfifo "/tmp/tree/pi
pe"
	run timeout 60 "${BK[@]}" cp "$C:/tmp/tree" out
	[ "$status" -eq 1 ]
	assert_says "1 left out" 'pi\npe'
	[ "$(cat out/file)" = kept ]
	refused pipe -- tree/pipe "$C:/tmp"
}

@test "cp: set-id bits never arrive" {
	begin host sleep 1000
	in_it sh -c 'echo x > /tmp/x; chmod 6755 /tmp/x'
	cp_ "$C:/tmp/x" x
	[ "$(stat -c %a x)" = 755 ]
	chmod 4755 x
	cp_ x "$C:/tmp/y"
	[ "$(in_it stat -c %a /tmp/y)" = 755 ]
}

@test "cp: links of the container lead to its own files, never to the host's" {
	begin host sleep 1000
	echo "of the host" > secret
	in_it sh -c "mkdir /tmp/e; ln -s / /tmp/e/root; ln -s ../../../../../../../.. /tmp/e/up; ln -s $WORK /tmp/e/work
		ln -s /proc/1/root /tmp/e/magic; ln -s $WORK/planted /tmp/e/target"
	for path in "/tmp/e/root$WORK/secret" "/tmp/e/up$WORK/secret" /tmp/e/work/secret "/tmp/e/magic$WORK/secret" \
		"/../../../..$WORK/secret"; do
		run "${BK[@]}" cp "$C:$path" got
		[ "$status" -eq 1 ] || { echo "$path: $output"; return 1; }
		[ ! -e got ]
		run "${BK[@]}" cp secret "$C:${path%secret}planted"
		[ "$status" -eq 1 ] || { echo "$path: $output"; return 1; }
		[ ! -e planted ]
	done
	# A link in the place of what is made is replaced, not followed.
	cp_ secret "$C:/tmp/e/target"
	[ ! -e planted ]
	[ "$(in_it cat /tmp/e/target)" = "of the host" ]
	# What comes out may be a link to anywhere; nothing goes through it.
	in_it sh -c "mkdir -p /tmp/one/d /tmp/two; echo pwned > /tmp/one/d/file; ln -s $WORK/victim /tmp/two/d"
	mkdir victim
	cp_ "$C:/tmp/two/." into
	run "${BK[@]}" cp "$C:/tmp/one/." into
	[ "$status" -eq 1 ]
	[ ! -e victim/file ]
}

@test "cp: a container that swaps a directory and a link meanwhile wins nothing" {
	mkdir outside
	echo "of the host" > outside/file
	begin host sh -c "mkdir -p /tmp/d/s /tmp/spare; echo inside > /tmp/d/s/file; ln -s $WORK/outside /tmp/l
		echo ready; while :; do mv -T /tmp/d/s /tmp/spare/s; mv -T /tmp/l /tmp/d/s; mv -T /tmp/d/s /tmp/l; mv -T /tmp/spare/s /tmp/d/s; done"
	wait_for 10 eval '"${BK[@]}" logs "$C" | grep -q ready'
	echo planted > new
	for i in $(seq 40); do
		"${BK[@]}" cp "$C:/tmp/d/s/file" "got$i" >/dev/null 2>&1 || true
		"${BK[@]}" cp new "$C:/tmp/d/s/" >/dev/null 2>&1 || true
	done
	[ "$(cat got* | sort -u)" = inside ]
	[ "$(ls outside)" = file ]
	[ "$(cat outside/file)" = "of the host" ]
}

@test "cp: of an ended container with a directory as its root; with one in memory the files are gone" {
	make_rootfs root
	ln -s / root/out
	begin ./root /bin/sh -c 'echo made > /tmp/made'
	"${BK[@]}" wait "$C"
	echo "of the host" > secret
	echo given > given
	cp_ given "$C:/out/etc"
	[ "$(cat root/etc/given)" = given ]
	cp_ "$C:/out/etc/given" back
	run "${BK[@]}" cp "$C:/out$WORK/secret" got
	[ "$status" -eq 1 ]
	[ ! -e got ]
	"${BK[@]}" rm "$C"
	begin host true
	"${BK[@]}" wait "$C"
	refused "are gone" memory -- "$C:/tmp" .
}

@test "cp: libraries of the container are never loaded" {
	make_rootfs root
	printf '#include <fcntl.h>\n#include <unistd.h>\n__attribute__((constructor)) static void f(void)\n{ creat("%s", 0644); }\n' \
		"$WORK/loaded" > evil.c
	gcc -shared -fPIC -nostartfiles -o evil.so evil.c
	# It does what it is there for.
	LD_PRELOAD=$WORK/evil.so cat /dev/null
	rm loaded
	local place
	for place in lib lib64 lib/x86_64-linux-gnu usr/lib usr/lib/x86_64-linux-gnu usr/local/lib; do
		mkdir -p "root/$place"
		for name in libnss_files.so.2 libnss_compat.so.2 libc.so.6 libgcc_s.so.1 evil.so; do cp evil.so "root/$place/$name"; done
	done
	mkdir -p root/etc
	echo /lib/evil.so > root/etc/ld.so.preload
	printf 'passwd: files\ngroup: files\n' > root/etc/nsswitch.conf
	begin ./root sleep 1000
	echo x > file
	cp_ file "$C:/tmp/in"
	cp_ "$C:/etc" out
	[ "$(cat out/ld.so.preload)" = /lib/evil.so ]
	[ ! -e loaded ]
	run "${BK[@]}" exec "$C" ls /tmp
	[ "$output" = in ]
}
