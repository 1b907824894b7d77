/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts: what the files of state/ share and no one else sees.
 *
 *   root.c       the state root: where it is, and that it is ours alone
 *   directory.c  one container's directory: made, opened, locked, removed, listed
 *   files.c      whole files in it
 *   state.c      state.json: written and read by one table of fields
 *   status.c     what the facts say, and the state as engines read it
 */
#ifndef BULKHEAD_CORE_STATE_PARTS_H
#define BULKHEAD_CORE_STATE_PARTS_H

#include "core/state/state.h"

#define STATE_FILE	    "state.json"
#define STATE_LOCK_FILE	    "lock"
#define STATE_START_SOCKET  "start.sock"
#define STATE_FILE_SIZE_MAX ((size_t)1 << 20)

/* A removed directory is first renamed to this prefix and a number. No id holds the character. */
#define STATE_GONE_PREFIX '~'

/* Does any process but this one hold the lock? */
bool state_dir_is_locked(const struct state_dir *dir);

#endif
