/* SPDX-License-Identifier: Apache-2.0 */
/* helper: whether the programs outside this binary are installed. Runs none of them. */
#include "core/host/helper.h"

#include <fcntl.h>
#include <unistd.h>

bool helper_present(enum helper_id id)
{
	return faccessat(AT_FDCWD, helpers[id].path, X_OK, AT_EACCESS) == 0;
}
