#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead cp as root: which power it has over the container's files, and their owners.

load ../runtime/helpers

setup() {
	people_setup
	cd "$WORK"
}
teardown() { people_teardown; }

begin() { "${BK[@]}" run -d --name "$C" "$@"; }
in_it() { "${BK[@]}" exec "$C" "$@"; }
cp_() { "${BK[@]}" cp "$@"; }

@test "cp: the process inside has no more power than the container's root over files" {
	mkdir -m 755 shared
	echo "root's" > shared/file
	chmod 600 shared/file
	begin -v "$WORK/shared:/shared" host sleep 1000
	run "${BK[@]}" cp "$C:/shared/file" got
	[ "$status" -eq 1 ]
	assert_says "Permission denied"
	[ ! -e got ]
	run "${BK[@]}" cp shared/file "$C:/shared/new"
	[ "$status" -eq 1 ]
	[ "$(ls shared)" = file ]
}

@test "cp --archive: owners are the numbers of the container, both ways; --userns=none has the program's power" {
	begin host sleep 1000
	echo x > file
	chown 12:34 file
	cp_ -a file "$C:/tmp"
	[ "$(in_it stat -c '%u %g' /tmp/file)" = "12 34" ]
	cp_ -a "$C:/tmp/file" back
	[ "$(stat -c '%u %g' back)" = "12 34" ]
	cp_ "$C:/tmp/file" plain
	[ "$(stat -c '%u %g' plain)" = "0 0" ]
	chown 70000:34 file
	run "${BK[@]}" cp -a file "$C:/tmp"
	[ "$status" -eq 1 ]
	assert_says "no id"
	"${BK[@]}" rm -f "$C"
	begin --userns=none --user 1000600000 host sleep 1000
	cp_ file "$C:/tmp"
	[ "$(in_it stat -c %u /tmp/file)" = 1000600000 ]
}
