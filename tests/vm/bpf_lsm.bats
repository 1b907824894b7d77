#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a program of the BPF LSM refuses, bulkhead explain tells by its name.

BK=/build/bulkhead

setup() {
	mount -t bpf bpf /sys/fs/bpf
	/tests/vm/attach.py /build/deny.bpf.o /sys/fs/bpf/deny
}
teardown() {
	rm -f /sys/fs/bpf/deny
	umount /sys/fs/bpf
}

@test "explain: a refusal of the BPF LSM is told as such" {
	cd "$BATS_TEST_TMPDIR"
	run "$BK" explain -- sh -c 'echo -n denied >/proc/$$/comm; echo text </etc/hosts'
	echo "$output"
	[[ $output == *'openat('*'/etc/hosts'*'EPERM'*'layer     '*'BPF LSM'* ]]
	[[ $output == *'bpftool prog list'* && $output != *guess* && $output != *unknown* ]]
}
