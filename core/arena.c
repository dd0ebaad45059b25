/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See <metacall/arena.h>. */
#include <metacall/arena.h>

#include <stdint.h>
#include <stdlib.h>

struct metacall_arena_block {
    struct metacall_arena_block *next;
    size_t size;
    char bytes[];
};

/* The least size of a block, and up to which one of them is kept. */
enum { ARENA_BLOCK = 32768, ARENA_KEPT = 1048576 };

/* Each block is twice as large as the one before. */
static struct metacall_arena_block *arena_block(const struct metacall_arena *arena, size_t size)
{
    size_t room = arena->blocks != NULL ? arena->blocks->size * 2 : ARENA_BLOCK;
    struct metacall_arena_block *block = *arena->spare;
    if (block != NULL && block->size >= size) {
        *arena->spare = NULL;
        return block;
    }
    if (size > PTRDIFF_MAX - sizeof(*block) - 8) /* no object is larger */
        return NULL;
    if (room < size)
        room = (size + 7) & ~(size_t)7;
    block = malloc(sizeof(*block) + room);
    if (block != NULL)
        block->size = room;
    return block;
}

void *metacall_arena_grow(struct metacall_arena *arena, size_t size)
{
    struct metacall_arena_block *block = arena_block(arena, size);
    if (block == NULL)
        return NULL;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->at = block->bytes;
    arena->left = block->size;
    return metacall_arena_take(arena, size);
}

void metacall_arena_finish(struct metacall_arena *arena)
{
    while (arena->blocks != NULL) {
        struct metacall_arena_block *block = arena->blocks, *kept = *arena->spare;
        arena->blocks = block->next;
        if (block->size <= ARENA_KEPT && (kept == NULL || kept->size < block->size)) {
            *arena->spare = block;
            block = kept;
        }
        free(block);
    }
    arena->left = 0;
}

void metacall_arena_forget(struct metacall_arena_block **spare)
{
    free(*spare);
    *spare = NULL;
}
