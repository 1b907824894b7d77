/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of explain: each row is whole, can be reached and has a remedy or says why there is none; each remedy has a
 * word for every tool or says why a tool has none; and no sentence stands in both tables of core/cause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "core/cause/refusal.h"
#include "core/cause/table.h"

static const struct refusal_remedy *remedy_of(const char *key)
{
	for (size_t i = 0; i < refusal_remedies_count; i++)
		if (strcmp(refusal_remedies[i].key, key) == 0)
			return &refusal_remedies[i];
	return NULL;
}

/* The facts that this row wants, with a text for everything. */
static struct refusal_facts facts_of(const struct refusal_row *row, char call[64])
{
	struct refusal_facts facts = {.call = "read", .facts = row->facts};

	for (int error = 1; error < 64 && row->errors && !facts.errnum; error++)
		if (row->errors >> error & 1)
			facts.errnum = error;
	if (row->calls && sscanf(row->calls, "%63s", call) == 1)
		facts.call = call;
	for (int i = 0; i < TEXT_COUNT; i++)
		facts.texts[i] = "text";
	/* Known only sometimes: rows without them are for when they are not. */
	if (!strstr(row->why, "{condition}"))
		facts.texts[TEXT_CONDITION] = NULL;
	if (!strstr(row->why, "{pointer}"))
		facts.texts[TEXT_POINTER] = NULL;
	if (!strstr(row->why, "{label}"))
		facts.texts[TEXT_LABEL] = NULL;
	if (row->capability && !strstr(row->why, "{path}"))
		facts.texts[TEXT_PATH] = NULL;
	if (!strstr(row->why, "{machine}"))
		facts.texts[TEXT_MACHINE] = NULL;
	if (!strstr(row->why, "{entry}"))
		facts.texts[TEXT_ENTRY] = NULL;
	facts.texts[TEXT_CAPABILITY] = row->capability ?: "SYS_ADMIN";
	return facts;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < refusal_rows_count; i++) {
		const struct refusal_row *row = &refusal_rows[i];
		struct refusal_verdict verdict;
		char call[64];
		struct refusal_facts facts = facts_of(row, call);

		print_message("row %zu: %s\n", i, row->cause);
		assert_true(strlen(row->why) > 10 && row->why[strlen(row->why) - 1] != '.');
		refusal_explain(&facts, &verdict);
		assert_string_equal(verdict.cause, row->cause);
		assert_int_equal(verdict.layer, row->layer);
		assert_null(strchr(verdict.why, '{'));
		assert_true(!row->remedy || (verdict.bulkhead[0] && verdict.engine[0] && verdict.kubernetes[0]));
		/* A certain answer names a way, or says that there is none and why. */
		if (row->remedy)
			assert_non_null(remedy_of(row->remedy));
		else
			assert_true(row->never || row->otherwise == REFUSAL_UNSURE || i == refusal_rows_count - 1);
		assert_false(row->remedy && row->never);
		if (row->remedy && row->layer != REFUSAL_PROGRAM && row->layer != REFUSAL_KERNEL &&
		    row->layer != REFUSAL_UNKNOWN && !strstr(remedy_of(row->remedy)->bulkhead, REFUSAL_NO_WAY))
			assert_true(verdict.cost[0]);
	}
}

static void test_remedies(void **state)
{
	(void)state;
	for (size_t i = 0; i < refusal_remedies_count; i++) {
		const struct refusal_remedy *remedy = &refusal_remedies[i];
		const char *tools[] = {remedy->bulkhead, remedy->oci, remedy->engine, remedy->kubernetes};
		size_t ways = 0, rows = 0;

		print_message("remedy %s\n", remedy->key);
		for (size_t j = 0; j < 4; j++) {
			assert_non_null(tools[j]);
			if (strncmp(tools[j], REFUSAL_NO_WAY, strlen(REFUSAL_NO_WAY)))
				ways++;
			else
				assert_true(strlen(tools[j]) > strlen(REFUSAL_NO_WAY) + 10);
		}
		assert_true(ways || remedy->host);
		/* Of two with one key the second has fewer texts in it, and stands behind the first. */
		if (remedy_of(remedy->key) != remedy)
			assert_true(i && strcmp(remedy[-1].key, remedy->key) == 0 && strstr(remedy[-1].engine, "{grant}") &&
				    !strstr(remedy->engine, "{grant}"));
		for (size_t j = 0; j < refusal_rows_count; j++)
			rows += refusal_rows[j].remedy && strcmp(refusal_rows[j].remedy, remedy->key) == 0;
		assert_true(rows);
	}
}

/* A second word for a tool is used where its texts are known, and never in place of nothing. */
static void test_instead(void **state)
{
	struct refusal_facts facts = {
		.call = "mount", .errnum = 1, .facts = REFUSAL_FACT(FACT_FILTER_ERRNO), .texts[TEXT_CALL] = "mount"};
	struct refusal_verdict verdict;

	(void)state;
	facts.texts[TEXT_FILTER] = "the container's filter";
	facts.texts[TEXT_ERROR] = "EPERM";
	refusal_explain(&facts, &verdict);
	assert_string_equal(verdict.engine, "--security-opt seccomp=FILE, with mount allowed in FILE");
	facts.texts[TEXT_GRANT] = "SYS_ADMIN";
	refusal_explain(&facts, &verdict);
	assert_string_equal(verdict.engine, "--cap-add SYS_ADMIN, where the filter is the engine's own; else --security-opt "
		"seccomp=FILE, with mount allowed in FILE");
	assert_non_null(strstr(verdict.kubernetes, "capabilities.add: [SYS_ADMIN]"));
	/* Not every brace is the place of a text. */
	assert_non_null(strstr(verdict.kubernetes, "seccompProfile: {type: Localhost, localhostProfile: FILE}"));
}

static void test_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < refusal_rows_count; i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(refusal_rows[i].why, refusal_rows[j].why);
		for (size_t j = 0; j < cause_rows_count; j++)
			assert_string_not_equal(refusal_rows[i].why, cause_rows[j].why);
	}
}

/* What is not known is no certain answer. */
static void test_unknown(void **state)
{
	struct refusal_facts facts = {.call = "read", .errnum = 5};
	struct refusal_verdict verdict;

	(void)state;
	refusal_explain(&facts, &verdict);
	assert_int_equal(verdict.certainty, REFUSAL_UNSURE);
	assert_true(strncmp(verdict.why, "cannot tell, because ", 21) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_remedies),
		cmocka_unit_test(test_instead),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
