#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead explain on Debian's kernel, which lets programs watch its functions: every tier, and security modules by name.

SCORE=/tests/explain/score
CAUSES=/build/tests/explain/causes

# score TIER PERCENT [LEAST [CASE…]]: at least that much is right, of so many, and nothing certain is wrong.
score() {
	run "$SCORE" /build/bulkhead "$CAUSES" --tier "$1" "${@:4}"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $(tail -n 1 <<<"$output") =~ ^score:\ ([0-9]+)\ of\ ([0-9]+)\ right.*,\ ([0-9]+)\ wrong ]]
	echo "# tier $1: $(tail -n 1 <<<"$output")" >&3
	((BASH_REMATCH[1] * 100 >= BASH_REMATCH[2] * $2 && BASH_REMATCH[2] >= ${3:-45} && BASH_REMATCH[3] == 0))
}

@test "explain: tier hooks, 95 % of the causes right" {
	run /build/bulkhead explain -- true
	echo "$output"
	[[ $output == *"tier hooks"* ]]
	score hooks 95
}

@test "explain: tier probes, the same functions without their ends: 95 %" {
	run /build/bulkhead explain --tier probes -- true
	echo "$output"
	[[ $output == *"tier probes (it was asked for)"* ]]
	# What such a function or a check of a capability tells; all take as long again.
	score probes 95 20 cap-chown cap-low-port cap-raw-socket cap-mount cap-hostname cap-nice cap-setgid cap-kill cap-ptrace \
		cap-net-admin cap-bpf cap-immutable cap-elsewhere-mknod cap-elsewhere-time compat-chown dac-file dac-sticky \
		dac-not-owner landlock userns-setgroups sysctl-hardlinks rlimit-nproc
}

# Every second case: what is looked at again is the same in all tiers, and the machine is slow.
half() { "$CAUSES" list | awk 'NR % 2 { print $1 }'; }

# Without what was seen on the way more rests on looking again, for which a case may be gone too early in a slow machine.
@test "explain: tier tracepoints, where no check of a capability is seen: 90 %" { score tracepoints 90 45 $(half); }

@test "explain: tier rootless, half of the causes right" { score rootless 50 45 $(half); }

@test "explain: AppArmor by name" {
	printf 'profile explain-test flags=(attach_disconnected) {\n  file,\n  capability,\n  deny /etc/hostname-of-test r,\n}\n' > "$BATS_TEST_TMPDIR/profile"
	apparmor_parser -r "$BATS_TEST_TMPDIR/profile"
	echo x > /etc/hostname-of-test
	run /build/bulkhead explain -- aa-exec -p explain-test -- cat /etc/hostname-of-test
	rm /etc/hostname-of-test
	echo "$output"
	[[ $output == *"AppArmor refuses it"* ]]
}

# What Ubuntu's restriction of user namespaces comes to: the namespace may be made, and a profile takes the capabilities in it.
# Debian's kernel has no rules for the making itself.
@test "explain: unshare refused by an AppArmor profile without capabilities; with a rule for them it works" {
	printf 'profile explain-unshare flags=(attach_disconnected) {\n  file,\n}\n' > "$BATS_TEST_TMPDIR/profile"
	apparmor_parser -r "$BATS_TEST_TMPDIR/profile"
	run /build/bulkhead explain -- aa-exec -p explain-unshare -- unshare -Ur true
	echo "$output"
	[[ $output == *"unshare["*"EPERM"*"layer     security module"*'AppArmor refuses it to a process with the label "explain-unshare (enforce)"'* ]]
	run /build/bulkhead explain -- aa-exec -p explain-unshare -- unshare -m --propagation unchanged true
	echo "$output"
	[[ $output == *"unshare(CLONE_NEWNS): EPERM"*"layer     security module"*"host or image: allow it in the policy of the module"* ]]
	sed -i 's/  file,/  file,\n  capability,/' "$BATS_TEST_TMPDIR/profile"
	apparmor_parser -r "$BATS_TEST_TMPDIR/profile"
	aa-exec -p explain-unshare -- unshare -Ur true
	aa-exec -p explain-unshare -- unshare -m --propagation unchanged true
}

@test "explain: unshare refused by Debian's own switch of user namespaces; with the switch set back it works" {
	echo 0 > /proc/sys/kernel/unprivileged_userns_clone
	run /build/bulkhead explain -- setpriv --reuid 65534 --regid 65534 --clear-groups unshare -U true
	echo 1 > /proc/sys/kernel/unprivileged_userns_clone
	echo "$output"
	[[ $output == *"unshare(CLONE_NEWUSER): EPERM"*"layer     sysctl"*"kernel.unprivileged_userns_clone is 0"* ]]
	[[ $output == *"host or image: sysctl kernel.unprivileged_userns_clone=1"* ]]
	setpriv --reuid 65534 --regid 65534 --clear-groups unshare -U true
}
