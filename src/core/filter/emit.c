/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter/emit: a graph of tests → instructions. Pure.
 *
 * The program is written from its end: every target is placed before what jumps to it, so distances are known at once.
 * A target that lies further than 255 instructions gets a stepping stone: a copy of its return, or a long jump.
 * A node is up to three instructions: load the word, mask it, test. Whoever comes with the word already in the
 * accumulator enters at the test, and what nobody needs is not written.
 */
#include "core/filter/parts.h"

#define UNPLACED UINT32_MAX
#define REACH 255

struct emitter {
	struct sock_filter *code; /* code[0] is the program's last instruction */
	uint32_t *rule_of;
	uint32_t count, capacity;
};

/* Mark what each node needs from those that lead to it; offset and mask are what the accumulator holds on arrival. */
static void node_mark(struct filter_node *node, uint32_t offset, uint32_t mask)
{
	if (node->test != FILTER_TEST_LEAF) {
		if (node->offset != offset || (mask != UINT32_MAX && mask != node->mask))
			node->needs_load = true;
		else if (node->mask != mask)
			node->needs_mask = true;
	}
	if (node->seen)
		return;
	node->seen = true;
	node->at_load = node->at_mask = node->at_test = UNPLACED;
	if (node->test != FILTER_TEST_LEAF) {
		node_mark(node->yes, node->offset, node->mask);
		node_mark(node->no, node->offset, node->mask);
	}
}

static uint32_t put(struct emitter *emitter, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf, uint32_t rule)
{
	if (emitter->count < emitter->capacity) {
		emitter->code[emitter->count] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
		emitter->rule_of[emitter->count] = rule;
	}
	return emitter->count++;
}

/* Where to enter target when coming from a test of `from`. */
static uint32_t *entry(const struct filter_node *from, struct filter_node *target)
{
	if (target->test == FILTER_TEST_LEAF)
		return &target->at_test;
	if (from->offset != target->offset || (from->mask != UINT32_MAX && from->mask != target->mask))
		return &target->at_load;
	return from->mask == target->mask ? &target->at_test : &target->at_mask;
}

/* Make target reachable for an instruction written next. */
static void reach(struct emitter *emitter, const struct filter_node *from, struct filter_node *target)
{
	uint32_t *at = entry(from, target);

	if (*at != UNPLACED && emitter->count - *at - 1 <= REACH)
		return;
	if (target->test == FILTER_TEST_LEAF)
		*at = put(emitter, BPF_RET | BPF_K, target->action, 0, 0, target->rule);
	else
		*at = put(emitter, BPF_JMP | BPF_JA, emitter->count - *at - 1, 0, 0, FILTER_NO_RULE);
}

static void node_put(struct emitter *emitter, struct filter_node *node)
{
	static const uint16_t codes[] = {
		[FILTER_TEST_EQ] = BPF_JMP | BPF_JEQ | BPF_K,
		[FILTER_TEST_GT] = BPF_JMP | BPF_JGT | BPF_K,
		[FILTER_TEST_GE] = BPF_JMP | BPF_JGE | BPF_K,
	};
	uint32_t yes, no;

	if (node->test == FILTER_TEST_LEAF || node->at_test != UNPLACED)
		return;
	node_put(emitter, node->yes);
	node_put(emitter, node->no);
	reach(emitter, node, node->yes);
	reach(emitter, node, node->no);
	reach(emitter, node, node->yes); /* the stone for `no` may have pushed it out of reach */
	yes = emitter->count - *entry(node, node->yes) - 1;
	no = emitter->count - *entry(node, node->no) - 1;
	node->at_test = put(emitter, codes[node->test], node->value, (uint8_t)yes, (uint8_t)no, FILTER_NO_RULE);
	node->at_mask = node->at_load = node->at_test;
	if (node->mask != UINT32_MAX && (node->needs_load || node->needs_mask))
		node->at_mask = node->at_load =
			put(emitter, BPF_ALU | BPF_AND | BPF_K, node->mask, 0, 0, FILTER_NO_RULE);
	if (node->needs_load)
		node->at_load = put(emitter, BPF_LD | BPF_W | BPF_ABS, node->offset, 0, 0, FILTER_NO_RULE);
}

int filter_emit(struct filter_graph *graph, struct filter_node *root, struct filter_program *ret_program,
		struct err *err)
{
	/* Each node: load, mask, test and two stones at most. */
	struct emitter emitter = {.capacity = FILTER_INSTRUCTIONS_MAX};

	if (graph->nodes * 5 + 1 < emitter.capacity)
		emitter.capacity = graph->nodes * 5 + 1;
	emitter.code = arena_calloc(graph->arena, emitter.capacity, sizeof(*emitter.code));
	emitter.rule_of = arena_calloc(graph->arena, emitter.capacity, sizeof(*emitter.rule_of));
	if (!emitter.code || !emitter.rule_of)
		return filter_no_memory(err);
	node_mark(root, UINT32_MAX, UINT32_MAX);
	node_put(&emitter, root);
	if (root->test == FILTER_TEST_LEAF)
		put(&emitter, BPF_RET | BPF_K, root->action, 0, 0, root->rule);
	*ret_program = (struct filter_program){
		.instructions = emitter.code, .rule_of = emitter.rule_of, .count = emitter.count};
	if (emitter.count > emitter.capacity)
		return 0; /* too long: the caller says so */
	for (uint32_t i = 0, j = emitter.count; i < --j; i++) {
		struct sock_filter code = emitter.code[i];
		uint32_t rule = emitter.rule_of[i];

		emitter.code[i] = emitter.code[j];
		emitter.rule_of[i] = emitter.rule_of[j];
		emitter.code[j] = code;
		emitter.rule_of[j] = rule;
	}
	return 0;
}
