/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Memory of one call (<metacall/arena.h>): apart, aligned, and a block that waits for the next. */
#include "check.h"

#include <metacall/arena.h>
#include <stdint.h>

/* Takes pieces of all sizes, writes to all of each, and looks whether any was written over. */
static void fill(struct metacall_arena *arena, size_t count, size_t step)
{
    unsigned char *pieces[256];
    for (size_t i = 0; i < count; i++) {
        pieces[i] = metacall_arena_take(arena, 1 + i * step);
        CHECK(pieces[i] != NULL && (uintptr_t)pieces[i] % 8 == 0);
        memset(pieces[i], (int)i, 1 + i * step);
    }
    for (size_t i = 0; i < count; i++)
        CHECK(pieces[i][0] == (unsigned char)i && pieces[i][i * step] == (unsigned char)i);
}

static void test_pieces_lie_apart(void)
{
    struct metacall_arena_block *spare = NULL;
    struct metacall_arena arena;
    metacall_arena_init(&arena, &spare, NULL, 0);
    fill(&arena, 200, 7);
    fill(&arena, 60, 4001);
    metacall_arena_finish(&arena);
    metacall_arena_forget(&spare);
    CHECK(spare == NULL);
}

static void test_the_callers_own_comes_first(void)
{
    struct metacall_arena_block *spare = NULL;
    _Alignas(8) char first[64];
    struct metacall_arena arena;
    metacall_arena_init(&arena, &spare, first, sizeof first);
    CHECK(metacall_arena_take(&arena, 0) == (void *)first);
    CHECK(metacall_arena_take(&arena, 57) == (void *)first);
    CHECK(arena.left == 0 && arena.blocks == NULL);
    CHECK(metacall_arena_take(&arena, 1) != NULL && arena.blocks != NULL);
    metacall_arena_finish(&arena);
    CHECK(spare != NULL);
    metacall_arena_forget(&spare);
}

static void test_a_block_waits_for_the_next(void)
{
    struct metacall_arena_block *spare = NULL, *waiting;
    struct metacall_arena arena, within;
    metacall_arena_init(&arena, &spare, NULL, 0);
    CHECK(metacall_arena_take(&arena, 100000) != NULL);
    metacall_arena_finish(&arena);
    waiting = spare;
    CHECK(waiting != NULL);
    metacall_arena_init(&arena, &spare, NULL, 0);
    CHECK(metacall_arena_take(&arena, 100000) != NULL && arena.blocks == waiting && spare == NULL);
    metacall_arena_init(&within, &spare, NULL, 0); /* a call in a call */
    fill(&within, 20, 10);
    metacall_arena_finish(&within);
    CHECK(spare != NULL && spare != waiting);
    metacall_arena_finish(&arena);
    CHECK(spare == waiting); /* the larger one */
    metacall_arena_init(&arena, &spare, NULL, 0);
    CHECK(metacall_arena_take(&arena, 3000000) != NULL && spare == waiting);
    metacall_arena_finish(&arena);
    CHECK(spare == waiting); /* the very large one does not stay */
    metacall_arena_forget(&spare);
}

static void test_more_than_there_is(void)
{
    struct metacall_arena_block *spare = NULL;
    struct metacall_arena arena;
    metacall_arena_init(&arena, &spare, NULL, 0);
    CHECK(metacall_arena_take(&arena, SIZE_MAX) == NULL);
    CHECK(metacall_arena_take(&arena, SIZE_MAX - 7) == NULL);
    CHECK(metacall_arena_take(&arena, SIZE_MAX / 2) == NULL);
    CHECK(arena.blocks == NULL);
    metacall_arena_finish(&arena);
}

static const struct check_test tests[] = {
    {"pieces lie apart", test_pieces_lie_apart},
    {"the caller's own comes first", test_the_callers_own_comes_first},
    {"a block waits for the next", test_a_block_waits_for_the_next},
    {"more than there is", test_more_than_there_is},
};
CHECK_MAIN(tests)
