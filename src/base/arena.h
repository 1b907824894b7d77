/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: memory that lives as long as one operation (one config, one plan) and is freed at once. Zeroed, aligned for
 * any type, never moved: pointers into it stay good until arena_done, and in a forked child too.
 */
#ifndef BULKHEAD_BASE_ARENA_H
#define BULKHEAD_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used;  /* bytes handed out */
	size_t limit; /* hard maximum of `used`; 0 means ARENA_LIMIT_DEFAULT */
};

#define ARENA_LIMIT_DEFAULT ((size_t)256 << 20)
#define ARENA_INIT ((struct arena){0})

/* NULL when the limit is reached or memory is gone, or when count * size overflows. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_calloc(struct arena *arena, size_t count, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_done(struct arena *arena);
#define cleanup_arena __attribute__((cleanup(arena_done)))

#endif
