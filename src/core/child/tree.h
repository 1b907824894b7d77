/* SPDX-License-Identifier: Apache-2.0 */
/* tree: OP_TREE, carried out by the runtime (PREPARE) or, where only the container's user namespace gives the power to
 * mount, by the child. */
#ifndef BULKHEAD_CORE_CHILD_TREE_H
#define BULKHEAD_CORE_CHILD_TREE_H

#include "core/plan/plan.h"

/*
 * Open op.tree.path on the host as a detached tree with its attributes and id mapping, into slots[op.tree.slot] (which
 * is left alone when an optional path is missing). idmap_fds: a user namespace for each of plan.idmaps; may be NULL
 * when the plan has none. The error's place and reason are filled in.
 */
int child_open_tree(const struct plan *plan, const struct op *op, int *slots, const int *idmap_fds, struct err *err);

#endif
