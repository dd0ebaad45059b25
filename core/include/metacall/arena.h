/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* For loaders: memory for the values of one call, handed out from front to back and given back all
 * at once. One thread at a time. */
#ifndef METACALL_ARENA_H
#define METACALL_ARENA_H

#include <metacall/api.h>

#include <stddef.h>

METACALL_BEGIN_DECLS

struct metacall_arena_block;

struct metacall_arena {
    char *at;
    size_t left; /* a multiple of 8 */
    struct metacall_arena_block *blocks;
    /* Where one block waits for the next arena: NULL is there at first. For all arenas of one
     * thread, or of one lock. */
    struct metacall_arena_block **spare;
};

/* An empty arena. `first`, aligned for values, of `size` bytes, a multiple of 8, is used before any
 * block is needed and stays the caller's; NULL and 0 = none. */
static inline void metacall_arena_init(struct metacall_arena *arena,
                                       struct metacall_arena_block **spare, char *first,
                                       size_t size)
{
    arena->at = first;
    arena->left = size;
    arena->blocks = NULL;
    arena->spare = spare;
}

/* For metacall_arena_take: where there is no room left. */
METACALL_API void *metacall_arena_grow(struct metacall_arena *arena, size_t size);

/* Memory aligned for values that lasts until the arena is finished. NULL when out of memory, with
 * no error set; for a size of 0 it may be NULL as well. */
static inline void *metacall_arena_take(struct metacall_arena *arena, size_t size)
{
    char *taken = arena->at;

    if (__builtin_expect(size > arena->left, 0))
        return metacall_arena_grow(arena, size);
    size = (size + 7) & ~(size_t)7;
    arena->at += size;
    arena->left -= size;
    return taken;
}

/* Gives all of it back; the largest block of moderate size becomes the spare one. */
METACALL_API void metacall_arena_finish(struct metacall_arena *arena);
/* Frees the block that waits. */
METACALL_API void metacall_arena_forget(struct metacall_arena_block **spare);

METACALL_END_DECLS

#endif /* METACALL_ARENA_H */
