/* SPDX-License-Identifier: Apache-2.0 */
/* The option tables of src/base/: what is parsed, the errors' words, and the help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/opt.h"
#include "base/types.h"

#define ARGUMENTS_MAX 16

struct target {
	bool detach, no_subreaper;
	const char *bundle, *label, *cwd;
	uint64_t interval;
	struct opt_list env;
};

static const struct opt options[] = {
	{OPT_STRING, 'b', "bundle", "DIR", "the bundle's directory", offsetof(struct target, bundle)},
	{OPT_FLAG, 'd', "detach", NULL, "do not wait for the container's end", offsetof(struct target, detach)},
	{OPT_FLAG, 0, "no-subreaper", NULL, "do not become a subreaper", offsetof(struct target, no_subreaper)},
	{OPT_STRING, 0, "lsm-mount-context", "LABEL", NULL, offsetof(struct target, label)},
	{OPT_U64, 0, "interval", "SECONDS",
	 "time between two reports, of which each is one line of JSON, in seconds and without a unit",
	 offsetof(struct target, interval)},
	{OPT_LIST, 'e', "env", "KEY=VALUE", "set an environment variable", offsetof(struct target, env)},
	{OPT_IGNORE, 0, "criu", "PATH", NULL, 0},
	{OPT_IGNORE_FLAG, 0, "systemd-cgroup-compatible-mode", NULL, "accepted for old engines", 0},
	{OPT_OPTIONAL, 0, "cwd", "ro|rw", "show the current directory", offsetof(struct target, cwd)},
	{OPT_STRING, 'x', NULL, "X", "has a letter only", offsetof(struct target, label)},
	{.type = OPT_END},
};

static const struct opt_verb verb = {
	.name = "create",
	.synopsis = "[options] CONTAINER",
	.summary = "Make a container.",
	.examples = "  bulkhead-oci create web1",
	.options = options,
};

/* A parse: the words, and what came of them. */
struct parsed {
	char *argv[ARGUMENTS_MAX];
	const char *items[3];
	struct target target;
	int operands;
	bool help;
	struct err err;
	int result;
};

static struct parsed parse_with(const struct opt_verb *used, const char *const *words)
{
	struct parsed parsed = {.argv = {(char *)"create"}, .operands = -1};
	int argc = 1;

	while (*words)
		parsed.argv[argc++] = (char *)*words++;
	parsed.target.env = (struct opt_list){.items = parsed.items, .capacity = ARRAY_SIZE(parsed.items)};
	parsed.result = opt_parse(used, argc, parsed.argv, &parsed.target, &parsed.operands, &parsed.help, &parsed.err);
	return parsed;
}

#define PARSE(...) parse_with(&verb, (const char *const[]){__VA_ARGS__, NULL})

static void test_forms(void **state)
{
	static const char *const forms[][3] = {{"--bundle", "/b"}, {"--bundle=/b"}, {"-bundle", "/b"},
					       {"-bundle=/b"},	   {"-b", "/b"},    {"-b=/b"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct parsed parsed = parse_with(&verb, forms[i]);

		assert_int_equal(parsed.result, 0);
		assert_string_equal(parsed.target.bundle, "/b");
		assert_int_equal(parsed.operands, 0);
		assert_false(parsed.help);
	}
}

static void test_flags(void **state)
{
	struct parsed parsed = PARSE("-no-subreaper", "--detach=true", "c");

	(void)state;
	assert_int_equal(parsed.result, 0);
	assert_true(parsed.target.no_subreaper && parsed.target.detach);
	assert_int_equal(parsed.operands, 1);
	assert_string_equal(parsed.argv[0], "c");
	assert_null(parsed.argv[1]);
	parsed = PARSE("-d", "--detach=false");
	assert_int_equal(parsed.result, 0);
	assert_false(parsed.target.detach);
	parsed = PARSE("--detach=maybe");
	assert_int_equal(parsed.result, ERR);
	assert_int_equal(parsed.err.kind, ERR_USAGE);
	assert_string_equal(parsed.err.what, "option --detach is true or false, not \"maybe\"");
	parsed = PARSE("--detach=");
	assert_int_equal(parsed.result, ERR);
}

/* "-dd": letters of flags alone go together; no letter that takes a value does. */
static void test_groups(void **state)
{
	struct parsed parsed = PARSE("-dd", "c");

	(void)state;
	assert_int_equal(parsed.result, 0);
	assert_true(parsed.target.detach);
	assert_int_equal(parsed.operands, 1);
	assert_int_equal(PARSE("-db", "c").result, ERR);
	assert_int_equal(PARSE("--dd", "c").result, ERR);
}

static void test_values(void **state)
{
	struct parsed parsed = PARSE("--bundle", "first", "--bundle=", "--interval=18446744073709551615");

	(void)state;
	assert_int_equal(parsed.result, 0);
	assert_string_equal(parsed.target.bundle, ""); /* the last wins */
	assert_true(parsed.target.interval == UINT64_MAX);
	/* a value may look like an option, and hold further equals signs */
	parsed = PARSE("--bundle", "--detach", "-e", "A=1=2", "-x", "--");
	assert_int_equal(parsed.result, 0);
	assert_string_equal(parsed.target.bundle, "--detach");
	assert_false(parsed.target.detach);
	assert_int_equal(parsed.target.env.count, 1);
	assert_string_equal(parsed.items[0], "A=1=2");
	assert_string_equal(parsed.target.label, "--");
}

/* The word behind it is never its value. */
static void test_optional_value(void **state)
{
	struct parsed parsed;

	(void)state;
	parsed = parse_with(&verb, (const char *const[]){"web1", NULL});
	assert_null(parsed.target.cwd);
	parsed = parse_with(&verb, (const char *const[]){"--cwd", "web1", NULL});
	assert_int_equal(parsed.result, 0);
	assert_string_equal(parsed.target.cwd, "");
	assert_int_equal(parsed.operands, 1);
	assert_string_equal(parsed.argv[0], "web1");
	parsed = parse_with(&verb, (const char *const[]){"--cwd=rw", "web1", NULL});
	assert_string_equal(parsed.target.cwd, "rw");
	assert_int_equal(parsed.operands, 1);
}

static void test_numbers(void **state)
{
	static const char *const wrong[] = {
		"", "-1", "+1", "0x10", "1s", " 1", "1.5", "18446744073709551616", "100000000000000000000"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct parsed parsed = PARSE("--interval", wrong[i]);

		assert_int_equal(parsed.result, ERR);
		assert_non_null(strstr(parsed.err.what, "option --interval takes a number, not \""));
		assert_int_equal(parsed.operands, -1);
	}
	assert_true(PARSE("--interval=007").target.interval == 7);
}

static void test_lists(void **state)
{
	struct parsed parsed = PARSE("-e", "a", "--env", "b", "-env=c");

	(void)state;
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.target.env.count, 3);
	parsed = PARSE("-e", "a", "-e", "b", "-e", "c", "-e", "d");
	assert_int_equal(parsed.result, ERR);
	assert_string_equal(parsed.err.what, "option --env is given more than 3 times");
}

static void test_ignored(void **state)
{
	struct parsed parsed = PARSE("--criu", "/bin/criu", "--systemd-cgroup-compatible-mode", "--criu=x", "c");

	(void)state;
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.operands, 1);
	assert_string_equal(parsed.argv[0], "c");
}

static void test_operands(void **state)
{
	struct opt_verb mixed = verb;
	struct parsed parsed = PARSE("-d", "c", "sh", "-d", "--", "--bundle");

	(void)state;
	mixed.mixed = true;
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.operands, 5); /* the first operand ends the options */
	assert_string_equal(parsed.argv[2], "-d");
	assert_string_equal(parsed.argv[3], "--");
	assert_string_equal(parsed.argv[4], "--bundle");
	parsed = PARSE("--", "-d", "--");
	assert_int_equal(parsed.operands, 2);
	assert_false(parsed.target.detach);
	assert_string_equal(parsed.argv[0], "-d");
	parsed = PARSE("-", "-d");
	assert_int_equal(parsed.operands, 2);
	parsed = parse_with(&mixed, (const char *const[]){"c", "-d", "-", "-b", "x", "--", "-d", NULL});
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.operands, 3);
	assert_true(parsed.target.detach);
	assert_string_equal(parsed.argv[0], "c");
	assert_string_equal(parsed.argv[1], "-");
	assert_string_equal(parsed.argv[2], "-d");
	assert_null(parsed.argv[3]);
}

static void test_separator(void **state)
{
	struct opt_verb separated = verb;
	struct parsed parsed;

	(void)state;
	separated.separated = true;
	parsed = parse_with(&separated, (const char *const[]){"-d", "c", "--", "--", "-d", NULL});
	assert_int_equal(parsed.operands, 3); /* one is left out, and only behind the first operand */
	assert_string_equal(parsed.argv[1], "--");
	assert_string_equal(parsed.argv[2], "-d");
	parsed = parse_with(&separated, (const char *const[]){"--", "-d", "--", "c", "--", NULL});
	assert_int_equal(parsed.operands, 3);
	assert_string_equal(parsed.argv[0], "-d");
	assert_string_equal(parsed.argv[2], "--");
	parsed = parse_with(&separated, (const char *const[]){"c", "sh", "--", NULL});
	assert_int_equal(parsed.operands, 3);
}

static void test_missing_argument(void **state)
{
	struct parsed parsed = PARSE("--lsm-mount-context");

	(void)state;
	assert_int_equal(parsed.result, ERR);
	assert_int_equal(parsed.err.kind, ERR_USAGE);
	assert_string_equal(parsed.err.what, "option --lsm-mount-context requires an argument (LABEL)");
	assert_string_equal(PARSE("-b").err.what, "option --bundle requires an argument (DIR)");
	assert_string_equal(PARSE("-x").err.what, "option -x requires an argument (X)");
	assert_string_equal(PARSE("--criu").err.what, "option --criu requires an argument (PATH)");
}

static void test_unknown(void **state)
{
	static const char *const long_word[] = {
		"--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		NULL};

	(void)state;
	assert_int_equal(PARSE("--bundel", "x").result, ERR);
	assert_int_equal(PARSE("--bundel", "x").err.kind, ERR_USAGE);
	assert_string_equal(PARSE("--bundel", "x").err.what, "unknown option --bundel, the nearest is --bundle");
	assert_string_equal(PARSE("-bundel=x").err.what, "unknown option -bundel, the nearest is --bundle");
	assert_string_equal(PARSE("--detatch").err.what, "unknown option --detatch, the nearest is --detach");
	assert_string_equal(PARSE("--nosubreaper").err.what,
			    "unknown option --nosubreaper, the nearest is --no-subreaper");
	assert_string_equal(PARSE("--wholly-different").err.what, "unknown option --wholly-different");
	assert_string_equal(PARSE("-q").err.what, "unknown option -q");
	assert_string_equal(PARSE("-=x").err.what, "unknown option -");
	assert_string_equal(PARSE("--a\nb").err.what, "unknown option --a\\nb");
	assert_int_equal(parse_with(&verb, long_word).result, ERR);
}

static void test_asks_for_help(void **state)
{
	struct parsed parsed = PARSE("-d", "--help", "--unknown");

	(void)state;
	assert_int_equal(parsed.result, 0);
	assert_true(parsed.help);
	assert_true(PARSE("-h").help);
	assert_true(PARSE("-help").help);
	assert_false(PARSE("c", "--help").help); /* the container's own */
	assert_false(PARSE("--bundle", "-h").help);
}

static void test_empty_command_line(void **state)
{
	char *argv[] = {NULL};
	struct target target = {0};
	struct err err = ERR_INIT;
	int operands = -1;
	bool help = true;

	(void)state;
	assert_int_equal(opt_parse(&verb, 0, argv, &target, &operands, &help, &err), 0);
	assert_int_equal(operands, 0);
	assert_false(help);
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"create", "start",	  "state", "run",      "kill", "delete",
					    "ps",     "features", "x",	   "pid-file", NULL};
	static const struct {
		const char *word, *name;
	} cases[] = {
		{"craete", "create"}, {"sart", "start"},   {"statte", "state"},	 {"kil", "kill"},
		{"klil", "kill"},     {"delte", "delete"}, {"rum", "run"},	 {"feat", "features"},
		{"pid", "pid-file"},  {"ps", "ps"},	   {"xyz", NULL},	 {"", NULL},
		{"q", NULL},	      {"zz", NULL},	   {"containers", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *found = opt_nearest(cases[i].word, names);

		if (!cases[i].name)
			assert_null(found);
		else if (!found || strcmp(found, cases[i].name))
			fail_msg("%s: %s, expected %s", cases[i].word, found ? found : "none", cases[i].name);
	}
}

static void test_help_text(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	opt_add_help(&text, "bulkhead-oci", &verb);
	buf_add(&text, "", 1);
	assert_false(text.failed);
	assert_string_equal(text.data, "Usage: bulkhead-oci create [options] CONTAINER\n"
					"\n"
					"Make a container.\n"
					"\n"
					"Options:\n"
					"  -b, --bundle DIR        the bundle's directory\n"
					"  -d, --detach            do not wait for the container's end\n"
					"      --no-subreaper      do not become a subreaper\n"
					"      --interval SECONDS  time between two reports, of which each is one line of\n"
					"                          JSON, in seconds and without a unit\n"
					"  -e, --env KEY=VALUE     set an environment variable (may be repeated)\n"
					"      --systemd-cgroup-compatible-mode\n"
					"                          accepted for old engines\n"
					"      --cwd[=ro|rw]       show the current directory\n"
					"  -x X                    has a letter only\n"
					"  -h, --help              show this text and do nothing else\n"
					"\n"
					"Examples:\n"
					"  bulkhead-oci create web1\n");
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_optional_value),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_separator),
		cmocka_unit_test(test_missing_argument),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_asks_for_help),
		cmocka_unit_test(test_empty_command_line),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_help_text),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
