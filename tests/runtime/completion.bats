#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Completions in real shells: what each offers at the end of a line.

load helpers

DOCUMENTS=${BULKHEAD_DOCUMENTS:-$ROOT_OF_TREE/build/native/src/cmd/document}

setup() {
	common_setup
	mkdir "$WORK/bin" "$WORK/files"
	ln -s "$(realpath "$BULKHEAD")" "$WORK/bin/bulkhead"
	touch "$WORK/files/notes.json"
	PATH=$WORK/bin:$PATH
	cd "$WORK/files"
	C=$(new_id)
	bulkhead --root "$STATE" run -d --name "$C" host true
	bulkhead --root "$STATE" wait "$C"
}
teardown() {
	bulkhead --root "$STATE" rm -f "$C" || true
	cd /
	common_teardown
}

in_bash() { # in_bash WORD…: what completes the last
	bash -c 'source "$1/bulkhead"; shift; COMP_WORDS=(bulkhead "$@"); COMP_CWORD=$#
		_bulkhead; printf "%s\n" "${COMPREPLY[@]}"' bash "$DOCUMENTS" "$@"
}

in_fish() { # in_fish LINE
	fish --no-config -c 'source $argv[1]/bulkhead.fish; complete -C "$argv[2]"' "$DOCUMENTS" "$1" | cut -f 1
}

in_zsh() { # in_zsh LINE: what the list of a terminal shows
	zsh -f "$ROOT_OF_TREE/tests/runtime/completion.zsh" "$DOCUMENTS" "$1"
}

offers() { # offers LISTED ABSENT COMMAND…
	local wanted=$1 absent=$2 said
	shift 2
	said=$("$@")
	grep -Fq -- "$wanted" <<< "$said" || { echo "no $wanted: $said"; return 1; }
	[ -z "$absent" ] || ! grep -Fqx -- "$absent" <<< "$said" || { echo "$absent too: $said"; return 1; }
}

@test "bash: verbs, options, fixed values, files, containers" {
	offers explain run in_bash ex
	offers --detach-keys --volume in_bash run --de
	offers host none in_bash run --net h
	offers host none in_bash run --net = h
	offers notes.json '' in_bash abi --profile no
	offers "$C" '' in_bash --root "$STATE" logs ''
	offers "$C" --tail in_bash --root "$STATE" rm --force ''
	offers "$C:" '' in_bash --root "$STATE" cp "${C:0:4}"
	offers notes.json '' in_bash --root "$STATE" cp no
	offers keep '' in_bash run --writable = k
	offers KILL HUP in_bash kill --signal K
	# After the source there are no options of ours.
	[ -z "$(in_bash run host --de)" ]
}

@test "fish: verbs, options, fixed values, files, containers" {
	command -v fish >/dev/null || skip "fish is missing"
	offers explain run in_fish 'bulkhead ex'
	offers --detach-keys --volume in_fish 'bulkhead run --de'
	offers host '' in_fish 'bulkhead run --net '
	offers notes.json '' in_fish 'bulkhead abi --profile no'
	offers "$C" '' in_fish "bulkhead --root $STATE logs "
	offers "$C:" '' in_fish "bulkhead --root $STATE cp ${C:0:4}"
	[ -z "$(in_fish 'bulkhead run host --de')" ]
}

@test "zsh: verbs, options, fixed values, files, containers" {
	command -v zsh >/dev/null || skip "zsh is missing"
	offers explain '' in_zsh 'bulkhead ex'
	offers --detach-keys '' in_zsh 'bulkhead run --detach-k'
	offers host '' in_zsh 'bulkhead run --net '
	offers notes.json '' in_zsh 'bulkhead abi --profile no'
	offers "$C" '' in_zsh "bulkhead --root $STATE logs "
	offers "$C:" '' in_zsh "bulkhead --root $STATE cp ${C:0:4}"
}
