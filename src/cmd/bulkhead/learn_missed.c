/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_missed: a refusal that the profile is to blame for becomes what learning would have been told, had the call been
 * allowed. What the sandbox refuses without a profile, too, is passed over, as is what modes of files refuse.
 */
#include <linux/audit.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "cmd/bulkhead/learn.h"
#include "core/filter/filter.h"

/* By the sandbox's own filter. */
static bool is_refused_anyway(const struct missed_judge *judge, const struct observe_refusal *refusal)
{
	struct seccomp_data data = {.nr = refusal->number, .arch = refusal->flags & OBSERVE_COMPAT ? AUDIT_ARCH_I386
													  : ABI_ARCH_NATIVE};

	memcpy(data.args, refusal->args, sizeof(data.args));
	return judge->walls.filter.count &&
	       filter_simulate(judge->walls.filter.instructions, judge->walls.filter.count, &data, NULL) != SECCOMP_RET_ALLOW;
}

static void put(struct learn *learn, const struct observe_refusal *refusal, enum observe_sight_set set, uint64_t first,
		 uint64_t second)
{
	union observe_record record = {.kind = OBSERVE_SIGHT};

	record.sight.set = set;
	record.sight.number = refusal->number;
	record.sight.flags = refusal->flags & OBSERVE_COMPAT ? OBSERVE_SIGHT_COMPAT : 0;
	record.sight.value[0] = first;
	record.sight.value[1] = second;
	learn_take(learn, &record);
}

/* The filter: the call, what a profile compares of it, the signal that it sends, the namespaces that it makes. */
static void missed_call(struct learn *learn, const struct observe_refusal *refusal, const char *call)
{
	static const char second[] = " kill pidfd_send_signal rt_sigqueueinfo tkill ", third[] = " rt_tgsigqueueinfo tgkill ";
	const uint64_t *args = (const uint64_t *)refusal->args;
	char word[40];

	call = observe_native_name(call);
	snprintf(word, sizeof(word), " %.32s ", call);
	put(learn, refusal, OBSERVE_SIGHT_CALL, 0, 0);
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++) {
		const struct profile_argument *argument = &profile_rows[id].argument;

		if (argument->syscall && strcmp(argument->syscall, call) == 0)
			put(learn, refusal, OBSERVE_SIGHT_ARGUMENT, args[argument->index[0]], args[argument->index[1]]);
	}
	if (strstr(second, word))
		put(learn, refusal, OBSERVE_SIGHT_SIGNAL, (uint32_t)args[1], 0);
	if (strstr(third, word))
		put(learn, refusal, OBSERVE_SIGHT_SIGNAL, (uint32_t)args[2], 0);
	if (strcmp(call, "unshare") == 0)
		put(learn, refusal, OBSERVE_SIGHT_NAMESPACE, args[0], 0);
	if (strcmp(call, "clone") == 0)
		put(learn, refusal, OBSERVE_SIGHT_NAMESPACE, args[0] & ~UINT64_C(0xff), 0);
}

/* Landlock: a port or a file. */
static void missed_object(struct learn *learn, const struct observe_refusal *refusal, const char *call, const char *path)
{
	bool binds = strcmp(call, "bind") == 0;
	union observe_record record = {.kind = OBSERVE_SIGHT};
	struct observe_sight *sight = &record.sight;

	if (binds || strcmp(call, "connect") == 0) {
		const unsigned char *address = (const unsigned char *)refusal->path[1];
		uint16_t family;

		memcpy(&family, address, sizeof(family));
		put(learn, refusal, binds ? OBSERVE_SIGHT_BIND : OBSERVE_SIGHT_CONNECT,
		     (uint64_t)address[2] << 8 | address[3], family);
		return;
	}
	sight->set = OBSERVE_SIGHT_FILE;
	sight->number = refusal->number;
	sight->access = observe_access_of(call, (const uint64_t *)refusal->args);
	if (!sight->access || path[0] != '/' || strlen(path) >= sizeof(sight->text))
		return;
	sight->flags = OBSERVE_SIGHT_WORDS;
	sight->path_length = (uint32_t)strlen(path);
	memcpy(sight->text, path, sight->path_length);
	learn_take(learn, &record);
}

static void missed_capabilities(const struct missed_judge *judge, struct learn *learn,
				const struct observe_refusal *refusal)
{
	for (size_t i = 0; i < refusal->evidence_count && i < OBSERVE_EVIDENCE_MAX; i++) {
		const struct observe_evidence *evidence = &refusal->evidence[i];

		/* It would have had it. */
		if (evidence->kind == OBSERVE_CAPABILITY && evidence->what < 64 &&
		    judge->walls.capabilities >> evidence->what & 1)
			put(learn, refusal, OBSERVE_SIGHT_CAPABILITY, evidence->what, 0);
	}
}

void missed_take(struct missed_judge *judge, struct learn *learn, const union observe_record *seen)
{
	const struct observe_refusal *refusal = &seen->refusal;
	struct record record;

	if (seen->kind == OBSERVE_END)
		learn_take(learn, seen);
	if (!explain_take(&judge->explain, seen, &record))
		return;
	/* What the runtime is refused before its execve is not the program's. */
	judge->armed = judge->armed || record.kind == RECORD_EXEC;
	if (!judge->armed || (record.kind != RECORD_REFUSAL && record.kind != RECORD_KILL) ||
	    !record.call[0])
		return;
	if (record.verdict.layer == REFUSAL_SECCOMP ? !is_refused_anyway(judge, refusal)
						    : record.verdict.layer == REFUSAL_LANDLOCK) {
		judge->refusals++;
		snprintf(judge->last, sizeof(judge->last), "%s", record.call);
	}
	if (record.verdict.layer == REFUSAL_SECCOMP && !is_refused_anyway(judge, refusal))
		missed_call(learn, refusal, record.call);
	else if (record.verdict.layer == REFUSAL_LANDLOCK || record.verdict.layer == REFUSAL_LSM)
		missed_object(learn, refusal, record.call, record.path);
	else if (record.verdict.layer == REFUSAL_CAPABILITY || record.verdict.layer == REFUSAL_DAC)
		missed_capabilities(judge, learn, refusal);
}
