#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead learn: the program runs again under what was learned, and what was missed is added and told.
# That a run has a quarter of a minute at least is waited for once.
load helpers

BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
	cd "$WORK"
	mkdir -m 777 kept
	: >kept/log
	chmod 666 kept/log
	# Each run does more than the one before, up to the third.
	cat >more.py <<-'END'
		import os, signal, socket, sys
		with open("/state/log", "a+") as log:
		    log.seek(0)
		    n = len(log.readlines())
		    log.write("run\n")
		def attempt(what):
		    try:
		        what()
		    except OSError:
		        pass
		if n >= 1:
		    attempt(lambda: os.mkdir("/tmp/d"))
		    attempt(lambda: open("/etc/services").close())
		    attempt(lambda: socket.socket().bind(("127.0.0.1", 7805)))
		    attempt(lambda: os.kill(os.getpid(), signal.SIGCONT))
		if sys.argv[1:] == ["another"]:
		    signal.signal(40 + n, signal.SIG_IGN)
		    attempt(lambda: os.kill(os.getpid(), 40 + n))
		print("runs before:", n)
		sys.exit(3 if sys.argv[1:] == ["differs"] and n else 0)
	END
}
teardown() {
	common_teardown
}

# learn FILE OPTION… -- WORD…: the program above.
learn_more() {
	run --separate-stderr "${BK[@]}" learn -v "$WORK/kept:/state" -v "$WORK/more.py:/more.py:ro" "$@"
	echo "$stderr"
}

@test "verify: a program that does the same again is verified, and its output comes once" {
	for tier in tracepoints rootless; do
		run --separate-stderr "${BK[@]}" learn --tier $tier -o p.json host -- sh -c 'echo out; cat; mkdir /tmp/d' <<<in
		echo "$stderr"
		[ "$status" -eq 0 ]
		[ "$output" = $'out\nin' ]
		[[ $stderr == *"learn: verified: run again "*"tier $tier, round 1"* ]]
		jq -e ".evidence | .verified and (.notes | any(test(\"^seen with tier $tier\")) and any(test(\"^verified: \")))" p.json
		"${BK[@]}" profile check p.json
	done
	leftovers
}

@test "verify: what a further run needs is added and told, and under the profile it is allowed" {
	for tier in tracepoints rootless; do
		: >kept/log
		learn_more --tier $tier -o p.json host -- python3 /more.py
		[ "$status" -eq 0 ]
		[ "$output" = 'runs before: 0' ]
		for line in 'rules.syscalls.names gets mkdir' 'rules.files.read gets /etc/services' 'rules.signals gets SIGCONT' \
			'rules.network.listen gets 7805'; do
			grep -qx "learn: run again, it needs more: $line" <<<"$stderr"
		done
		[[ $stderr == *'learn: verified: '* ]]
		jq -e '.evidence.verified and .evidence.runs == 1 and .rules.signals == ["SIGCONT"] and
			.rules.network.listen == [7805] and (.rules.limits | has("memory"))' p.json
	done
	run --separate-stderr "${BK[@]}" explain --json -- "${BK[@]}" run --profile p.json -v "$WORK/kept:/state" \
		-v "$WORK/more.py:/more.py:ro" host python3 /more.py
	echo "$output"
	[[ $output == *'runs before: '* ]]
	[ "$(grep '^{' <<<"$output" | jq -s '[.[] | select(.type == "refusal" and .command == "python3")] | length')" = 0 ]
	leftovers
}

@test "verify: another exit status is told; so is a program that is never the same; neither is verified" {
	learn_more -o p.json host -- python3 /more.py differs
	[ "$status" -eq 0 ]
	[[ $stderr == *'not verified: under the profile it ended with 3, before with 0'* ]]
	jq -e '.evidence.verified == false and (.evidence.notes | any(test("ended with 3")))' p.json
	: >kept/log
	learn_more -o p.json host -- python3 /more.py another
	[[ $stderr == *'not verified: each run needed something more'* ]]
	leftovers
}

@test "verify: a program that does not end in ten times the time is ended, and the profile says so" {
	learn_more -o p.json host -- sh -c 'echo run >>/state/log; [ "$(wc -l </state/log)" -eq 1 ] || exec sleep 1000'
	[ "$status" -eq 0 ]
	[[ $stderr == *'not verified: the program did not end in ten times the time that it took before'* ]]
	jq -e '.evidence.verified == false and (.evidence.notes | any(test("did not end")))' p.json
	leftovers
}

@test "verify: --no-verify runs it once; a program that a signal ended gets it again; json says what came of it" {
	learn_more --no-verify -o p.json host -- python3 /more.py
	[ "$(wc -l <kept/log)" -eq 1 ]
	jq -e '.evidence.verified == false' p.json
	"${BK[@]}" learn --json -o s.json host -- sh -c 'trap "exit 9" TERM; echo begun; while :; do sleep 0.05; done' >out 2>err &
	local learn=$!
	wait_for 20 grep -q begun out
	kill -TERM "$learn"
	status=0
	wait "$learn" || status=$?
	cat err
	[ "$status" -eq 9 ]
	[ "$(tail -n 1 out | jq .verified)" = true ]
	leftovers
}
