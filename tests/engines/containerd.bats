#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Debian's containerd with bulkhead-oci behind its runc shim: by ctr, and by the Container Runtime Interface as Kubernetes'
# kubelet calls it, with the handler of contrib/containerd/config.toml. It runs in a network namespace of its own.

load engines

setup_file() {
	engine_base
	mkdir -p "$BASE"/{cni,pb}
	containerd_config > "$BASE/config.toml"
	cni_config > "$BASE/cni/10-ptp.conflist"
	background "$BASE/containerd.pid" unshare --net containerd --config "$BASE/config.toml"
	wait_for 30 c version || { cat "$BASE/containerd.pid.log"; false; }
	c image import "$(box_archive box)" || { cat "$BASE/containerd.pid.log"; false; }
	c --namespace k8s.io image import "$(box_archive box)"
	c --namespace k8s.io image import "$(box_archive pause)"
}

teardown_file() {
	end "$BASE/containerd.pid"
	nothing_left
	rm -rf "$BASE"
}

setup() {
	name=c$BATS_TEST_NUMBER
}

teardown() {
	c task kill --signal KILL "$name" >/dev/null 2>&1 || true
	wait_for 10 no_task
	c container rm "$name" >/dev/null 2>&1 || true
	c snapshot --snapshotter native rm "$name" >/dev/null 2>&1 || true
}

no_task() {
	c task delete --force "$name" >/dev/null 2>&1 || true
	[ -z "$(c task list --quiet | grep -x "$name")" ]
}

# The snippet stands between what it knows nothing of: where this containerd keeps its things, and what this machine asks
# for: its root may not lower an oom score.
containerd_config() {
	printf 'root = "%s"\nstate = "%s"\n' "$BASE/root" "$BASE/state"
	contrib containerd/config.toml
	cat <<-END
		[grpc]
		  address = "$BASE/containerd.sock"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/pause:latest"
		  restrict_oom_score_adj = true
		  disable_tcp_service = true
		  netns_mounts_under_state_dir = true
		[plugins."io.containerd.grpc.v1.cri".containerd]
		  snapshotter = "native"
		[plugins."io.containerd.grpc.v1.cri".cni]
		  bin_dir = "/usr/lib/cni"
		  conf_dir = "$BASE/cni"
	END
}

cni_config() {
	jq -n --arg dir "$BASE/ipam" '{cniVersion: "0.4.0", name: "harbour", plugins: [{type: "ptp",
		ipam: {type: "host-local", subnet: "10.77.7.0/24", dataDir: $dir}}]}'
}

c() { ctr --address "$BASE/containerd.sock" "$@" 3>&- 4>&-; }

run_box() { # run_box OPTION… -- COMMAND…: a container named $name in the way of ctr
	local options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	c run --snapshotter native --runc-binary "$RUNTIME" "${options[@]}" localhost/box:latest "$name" "$@"
}

task_is() { c task list | awk -v name="$name" -v state="$1" '$1 == name && $3 == state {found = 1} END {exit !found}'; }

@test "ctr: output, input and the exit status" {
	[ "$(run_box --rm -- echo hello)" = hello ]
	run run_box --rm -- sh -c 'exit 42'
	[ "$status" -eq 42 ]
	[ "$(run_box --rm --env A=b --cwd /tmp -- sh -c 'echo $A; pwd' | tr '\n' ' ')" = "b /tmp " ]
}

@test "ctr: a program that is not there is named" {
	run run_box --rm -- no-such-program
	[ "$status" -ne 0 ]
	assert_says no-such-program
}

@test "ctr: tasks are listed, executed in, paused, resumed, measured, killed and deleted" {
	run_box --detach -- sleep 1000
	task_is RUNNING
	[ "$(c task exec --exec-id e1 "$name" cat /proc/1/comm)" = sleep ]
	run c task exec --exec-id e2 "$name" sh -c 'exit 7'
	[ "$status" -eq 7 ]
	c task pause "$name"
	task_is PAUSED
	c task resume "$name"
	task_is RUNNING
	c task metrics "$name" | grep -q pids
	c task ps "$name" | grep -q "$(c task list | awk -v name="$name" '$1 == name {print $2}')"
	c task kill --signal KILL "$name"
	wait_for 10 task_is STOPPED
	run c task delete "$name"
	assert_says "exit code 137"
}

@test "ctr: what a container writes is a snapshot" {
	run_box -- sh -c 'echo kept > /kept'
	c snapshot --snapshotter native list | grep -q "^$name "
	c snapshot --snapshotter native mounts "$BASE/mnt" "$name" | grep -q bind
	c container info "$name" | jq -r .Runtime.Name | grep -qx io.containerd.runc.v2
}

@test "ctr: limits, a read-only root, seccomp, capabilities" {
	run_box --detach --memory-limit 33554432 -- sleep 1000
	[ "$(cat "/sys/fs/cgroup/memory/default/$name/memory.limit_in_bytes")" = 33554432 ]
	c task kill --signal KILL "$name"
	wait_for 10 no_task
	c container rm "$name"
	run run_box --rm --read-only -- touch /new
	[ "$status" -ne 0 ]
	assert_says Read-only
	run_box --rm --seccomp -- grep -q 'Seccomp:.*2' /proc/self/status
	run_box --rm --cap-drop CAP_CHOWN --cap-drop CAP_NET_RAW -- sh -c '! chown 1:1 /tmp 2>/dev/null'
}

@test "ctr: bulkhead learn --attach by the name that ctr gave" {
	local bulkhead=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead} attempt
	run_box --detach -- sh -c 'while :; do cat /etc/group >/dev/null; sleep 0.1; done'
	for attempt in 1 2 3 4 5; do
		"$bulkhead" learn --attach "$name" --for 1s -o "$BASE/p.json"
		if jq -e '.rules.files.read | index("/etc/group")' "$BASE/p.json"; then return 0; fi
	done
	return 1
}

# ---- the Container Runtime Interface ----

cri() { "$BATS_TEST_DIRNAME/cri.py" "$BASE/pb" "$BASE/containerd.sock" "$@" 3>&- 4>&-; }

answers() { # answers FILTER METHOD REQUEST
	local answer
	answer=$(cri "${@:2}") && jq -e "$1" <<<"$answer"
}

pod_config() { jq -n --arg name "$1" --arg dir "$BASE/logs" '{metadata: {name: $name, uid: $name, namespace: "default"},
	hostname: "harbour", log_directory: $dir}'; }

pod() { # pod NAME: its id
	cri RunPodSandbox "$(jq -n --argjson config "$(pod_config "$1")" '{config: $config, runtime_handler: "bulkhead"}')" |
		jq -r .pod_sandbox_id
}

container() { # container POD NAME FILTER: a container of it that sleeps, its config changed by a jq filter
	local config
	config=$(jq -n --arg name "$2" '{metadata: {name: $name}, image: {image: "localhost/box:latest"},
		command: ["sleep", "1000"], log_path: ($name + ".log"), linux: {security_context: {seccomp: {}}}}' | jq "${3:-.}")
	cri CreateContainer "$(jq -n --arg pod "$1" --argjson config "$config" --argjson sandbox "$(pod_config "$2")" \
		'{pod_sandbox_id: $pod, config: $config, sandbox_config: $sandbox}')" | jq -r .container_id
}

of() { jq -n --arg id "$1" '{container_id: $id}'; }
state_of() { cri ContainerStatus "$(of "$1")" | jq -r .status.state; }
has_ended() { [ "$(state_of "$1")" = CONTAINER_EXITED ]; }

exec_sync() { # exec_sync CONTAINER COMMAND…: its output; the answer stays in $answer
	answer=$(cri ExecSync "$(jq -n --arg id "$1" '{container_id: $id, cmd: $ARGS.positional, timeout: 20}' --args -- "${@:2}")")
	jq -r .stdout <<<"$answer" | base64 -d
}

end_pod() {
	cri StopPodSandbox "{\"pod_sandbox_id\": \"$1\"}"
	cri RemovePodSandbox "{\"pod_sandbox_id\": \"$1\"}"
}

@test "CRI: the runtime and its network are ready" {
	wait_for 20 answers '[.status.conditions[].status] == [true, true]' Status '{}'
	wait_for 20 answers '.image.id | startswith("sha256:")' ImageStatus '{"image": {"image": "localhost/pause:latest"}}'
}

@test "CRI: a pod with two containers: started, executed in, measured, updated, stopped" {
	local first second sandbox
	sandbox=$(pod "$name")
	first=$(container "$sandbox" first '.envs = [{key: "A", value: "b"}] | .linux.resources.memory_limit_in_bytes = "67108864"')
	second=$(container "$sandbox" second '.linux.security_context += {readonly_rootfs: true, no_new_privs: true,
		run_as_user: {value: "7"}, capabilities: {drop_capabilities: ["ALL"]}}')
	[ "$(state_of "$first")" = CONTAINER_CREATED ]
	cri StartContainer "$(of "$first")"
	cri StartContainer "$(of "$second")"
	[ "$(state_of "$first")" = CONTAINER_RUNNING ]
	[ "$(exec_sync "$first" sh -c 'echo $A; hostname' | tr '\n' ' ')" = "b harbour " ]
	exec_sync "$first" sh -c 'exit 9'
	[ "$(jq .exit_code <<<"$answer")" = 9 ]
	[ "$(exec_sync "$second" id -u)" = 7 ]
	exec_sync "$second" sh -c 'grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status; grep Seccomp: /proc/self/status' |
		tr -s '\t\n' '  ' | grep -qx 'CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 '
	# One network, which the CNI plugin made; separate pid namespaces.
	[ "$(exec_sync "$first" readlink /proc/self/ns/net)" = "$(exec_sync "$second" readlink /proc/self/ns/net)" ]
	exec_sync "$first" ip address show eth0 | grep -q 'inet 10.77.7.'
	[ "$(exec_sync "$first" cat /proc/1/comm)" = sleep ]
	answers '.stats.memory.working_set_bytes.value | tonumber > 0' ContainerStats "$(of "$first")"
	cri UpdateContainerResources "$(jq -n --arg id "$first" \
		'{container_id: $id, linux: {memory_limit_in_bytes: "100663296"}}')"
	[ "$(exec_sync "$first" cat /sys/fs/cgroup/memory/memory.limit_in_bytes)" = 100663296 ]
	cri StopContainer "$(jq -n --arg id "$first" '{container_id: $id, timeout: 0}')"
	wait_for 10 has_ended "$first"
	[ "$(cri ContainerStatus "$(of "$first")" | jq .status.exit_code)" = 137 ]
	cri RemoveContainer "$(of "$first")"
	end_pod "$sandbox"
}

@test "CRI: an exit status is told, and what was said is in the log" {
	local sandbox id
	sandbox=$(pod "$name")
	id=$(container "$sandbox" spoken '.command = ["sh", "-c", "echo said; exit 3"]')
	cri StartContainer "$(of "$id")"
	wait_for 10 has_ended "$id"
	[ "$(cri ContainerStatus "$(of "$id")" | jq .status.exit_code)" = 3 ]
	grep -q 'stdout F said' "$BASE/logs/spoken.log"
	end_pod "$sandbox"
}

@test "CRI: a program that is not there is named to the kubelet" {
	local sandbox id
	sandbox=$(pod "$name")
	id=$(container "$sandbox" absent '.command = ["no-such-program"]')
	run cri StartContainer "$(of "$id")"
	[ "$status" -ne 0 ]
	assert_says no-such-program
	end_pod "$sandbox"
}

@test "CRI: a handler that is not configured is refused" {
	run cri RunPodSandbox "$(jq -n --argjson config "$(pod_config "$name")" '{config: $config, runtime_handler: "other"}')"
	[ "$status" -ne 0 ]
	assert_says other
}

# What the kubelet makes of a container's securityContext, and security-profiles-operator of its object: numbers of text.
@test "CRI: a profile that is exported to Kubernetes holds: calls, capabilities, no new privileges" {
	local sandbox id place bulkhead=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}
	jq '{version: 1, rules: {syscalls: {names: ([.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[] |
		select(. != "mkdir" and . != "mkdirat")] | unique), prctl: {"0xf": "PR_SET_NAME"}}, capabilities: {"CAP_CHOWN": ""}}}' \
		/usr/share/containers/seccomp.json > "$BASE/web.json"
	"$bulkhead" profile export --to kubernetes "$BASE/web.json" > "$BASE/k.json"
	place=$BASE/seccomp/$(jq -r .securityContext.seccompProfile.localhostProfile "$BASE/k.json")
	mkdir -p "$(dirname "$place")"
	jq '.seccompProfile.spec | .syscalls[] |= if .errnoRet then .errnoRet |= tonumber else . end' "$BASE/k.json" > "$place"
	sandbox=$(pod "$name")
	id=$(container "$sandbox" exported ".linux.security_context = ($(jq -c --arg place "$place" '.securityContext |
		{no_new_privs: (.allowPrivilegeEscalation | not), seccomp: {profile_type: .seccompProfile.type, localhost_ref: $place},
		capabilities: {add_capabilities: .capabilities.add, drop_capabilities: .capabilities.drop}}' "$BASE/k.json"))")
	cri StartContainer "$(of "$id")"
	exec_sync "$id" sh -c 'grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status' | tr -s '\t\n' '  ' |
		grep -qx 'CapEff: 0000000000000001 NoNewPrivs: 1 Seccomp: 2 '
	exec_sync "$id" mkdir /tmp/x
	jq -r .stderr <<<"$answer" | base64 -d | grep -q 'Function not implemented'
	exec_sync "$id" chown 1:1 /tmp
	[ "$(jq .exit_code <<<"$answer")" = 0 ]
	end_pod "$sandbox"
}
