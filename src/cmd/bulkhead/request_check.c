/* SPDX-License-Identifier: Apache-2.0 */
/* request_check: options that exclude each other. One table; each error names both and says what to do. */
#include <string.h>

#include "cmd/bulkhead/people.h"

static bool read_only_and_writable(const struct sandbox_options *options)
{
	return options->read_only && options->writable;
}

static bool restart_in_foreground(const struct sandbox_options *options)
{
	return options->restart && !options->detach;
}

bool sandbox_options_remove(const struct sandbox_options *options)
{
	return options->remove ? strcmp(options->remove, "false") != 0 : !options->detach;
}

static bool remove_unknown(const struct sandbox_options *options)
{
	return options->remove && *options->remove && strcmp(options->remove, "true") != 0 &&
	       strcmp(options->remove, "false") != 0;
}

static bool restart_and_remove(const struct sandbox_options *options)
{
	return options->restart && strcmp(options->restart, "no") && sandbox_options_remove(options);
}

/* Nothing of it is recorded. */
static bool in_foreground(const struct sandbox_options *options)
{
	return !options->detach && !options->terminal && sandbox_options_remove(options);
}

static bool label_in_foreground(const struct sandbox_options *options)
{
	return options->labels.count && in_foreground(options);
}

static bool log_in_foreground(const struct sandbox_options *options)
{
	return (options->log_size || options->log_files != LOG_FILES_DEFAULT) && in_foreground(options);
}

static bool keys_and_detach(const struct sandbox_options *options)
{
	return options->keys && options->detach;
}

static bool keys_without_terminal(const struct sandbox_options *options)
{
	return options->keys && !options->detach && !options->terminal;
}

static bool host_ids_without_user(const struct sandbox_options *options)
{
	return options->userns && strcmp(options->userns, "none") == 0 && !options->user;
}

static bool complain_without_profile(const struct sandbox_options *options)
{
	return options->complain && !options->profile;
}

static bool complain_and_explain(const struct sandbox_options *options)
{
	return options->complain && options->explain;
}

static bool complain_and_detach(const struct sandbox_options *options)
{
	return options->complain && (options->detach || options->terminal || !sandbox_options_remove(options));
}

static const struct {
	bool (*holds)(const struct sandbox_options *options);
	const char *what, *remedy;
} contradictions[] = {
	{read_only_and_writable, "--read-only and --writable exclude each other",
	 "leave one of them out; read-only is the default"},
	{restart_in_foreground, "--restart without --detach", "add -d: someone must stay to start it again"},
	{remove_unknown, "--rm is neither true nor false", "--rm, or --rm=false"},
	{restart_and_remove, "--restart and --rm exclude each other", "leave one of them out"},
	{label_in_foreground, "--label needs -d, -t or --rm=false",
	 "add one of them: of another program in the foreground nothing is recorded"},
	{log_in_foreground, "--log-size and --log-files need -d, -t or --rm=false",
	 "add one of them: of another program in the foreground there is no log"},
	{keys_and_detach, "--detach-keys and --detach exclude each other",
	 "leave --detach-keys out: nobody is attached; `bulkhead attach` takes it"},
	{keys_without_terminal, "--detach-keys without --tty", "add -t: without a terminal there are no keys"},
	{complain_without_profile, "--complain without --profile", "--profile FILE says what is allowed"},
	{complain_and_explain, "--complain excludes --explain",
	 "leave --explain out: --complain says what the profile would refuse, and refuses nothing"},
	{complain_and_detach, "--complain excludes --detach, --tty and --rm=false",
	 "leave them out: what it has to say is said here, on standard error"},
	{host_ids_without_user, "--userns=none without --user",
	 "add --user with an id that owns nothing, for example --user 1000600000"},
};

int sandbox_options_check(const struct sandbox_options *options, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(contradictions); i++)
		if (contradictions[i].holds(options)) {
			err_set(err, ERR_USAGE, "run: %s", contradictions[i].what);
			return err_fix(err, "%s", contradictions[i].remedy);
		}
	return 0;
}
