/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: see arena.h. Blocks come from mmap: they are zero already, so memory that nobody asked for is never touched
 * and costs nothing. Runs in the runtime process; a cloned child only reads what was allocated before.
 */
#include "base/arena.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "base/format.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif

#define ARENA_BLOCK_FIRST   ((size_t)64 << 10)
#define ARENA_BLOCK_LARGEST ((size_t)1 << 20)
#define ARENA_PAGE	    ((size_t)4096)
#define ARENA_BATCH	    ((size_t)32 << 10)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Under AddressSanitizer what was not handed out is forbidden ground, with a gap behind each allocation. */
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define ARENA_GAP		  ((size_t)16)
#define arena_forbid(start, size) ASAN_POISON_MEMORY_REGION(start, size)
#define arena_permit(start, size) ASAN_UNPOISON_MEMORY_REGION(start, size)
#else
#define ARENA_GAP		  ((size_t)0)
#define arena_forbid(start, size) ((void)(start), (void)(size))
#define arena_permit(start, size) ((void)(start), (void)(size))
#endif

struct arena_block {
	struct arena_block *next;
	size_t size; /* of the whole mapping, this header included */
	size_t used; /* from the block's start */
	size_t ready; /* so far its pages are there */
};

static size_t align_up(size_t value, size_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

/*
 * The head block is the one that is filled. A block that holds a single large allocation goes behind the head, so that
 * the head's free space stays in use.
 */
static struct arena_block *arena_add_block(struct arena *arena, size_t size)
{
	size_t usual = ARENA_BLOCK_FIRST;
	struct arena_block *block;
	bool alone;

	if (arena->head)
		usual = arena->head->size * 2;
	if (usual > ARENA_BLOCK_LARGEST)
		usual = ARENA_BLOCK_LARGEST;
	size += align_up(sizeof(*block), _Alignof(max_align_t)) + ARENA_GAP;
	alone = size > usual;
	size = alone ? align_up(size, ARENA_PAGE) : usual;

	block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED)
		return NULL;
	block->size = size;
	block->used = sizeof(*block);
	arena_forbid((char *)block + sizeof(*block), size - sizeof(*block));
	if (alone && arena->head) {
		block->next = arena->head->next;
		arena->head->next = block;
	} else {
		block->next = arena->head;
		arena->head = block;
	}
	return block;
}

/* Pages come some at a time, by one call: a fault for each takes longer, in a virtual machine above all. Where the kernel
 * does not know the call they come by faults. */
static void arena_make_ready(struct arena_block *block, size_t end)
{
	size_t from = block->ready, to = align_up(end, ARENA_BATCH);

	if (end <= from)
		return;
	block->ready = to < block->size ? to : block->size;
	if (end - from <= ARENA_BATCH)
		madvise((char *)block + from, block->ready - from, MADV_POPULATE_WRITE);
}

static void *arena_take(struct arena *arena, size_t size, size_t alignment)
{
	size_t limit = arena->limit ? arena->limit : ARENA_LIMIT_DEFAULT;
	struct arena_block *block = arena->head;
	size_t start;
	char *memory;

	if (size == 0)
		size = 1;
	if (limit > SIZE_MAX / 4)
		limit = SIZE_MAX / 4;
	if (size > limit || arena->used > limit - size)
		return NULL;
	if (!block || align_up(block->used, alignment) + size + ARENA_GAP > block->size) {
		block = arena_add_block(arena, size);
		if (!block)
			return NULL;
	}
	start = align_up(block->used, alignment);
	memory = (char *)block + start;
	arena_permit(memory, size);
	block->used = start + size + ARENA_GAP;
	arena_make_ready(block, start + size);
	arena->used += size;
	return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return arena_take(arena, size, _Alignof(max_align_t));
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy;

	if (length == SIZE_MAX)
		return NULL;
	copy = arena_take(arena, length + 1, 1);
	if (copy && length)
		memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	size_t length;
	char *text;

	va_start(args, fmt);
	length = format_va(NULL, 0, fmt, args);
	va_end(args);
	text = arena_take(arena, length + 1, 1);
	if (!text)
		return NULL;
	va_start(args, fmt);
	format_va(text, length + 1, fmt, args);
	va_end(args);
	return text;
}

void arena_done(struct arena *arena)
{
	struct arena_block *block = arena->head, *next;

	for (; block; block = next) {
		size_t size = block->size;

		next = block->next;
		arena_permit(block, size);
		munmap(block, size);
	}
	arena->head = NULL;
	arena->used = 0;
}
