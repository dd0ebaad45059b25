/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Memory that is given back all at once: what a manifest, a catalog or a result is made of. A
 * failed allocation is remembered in `failed`; texts then become "", so that callers check once,
 * at their end, and structures become NULL, which callers check at once. */
#ifndef REGISTRY_ARENA_H
#define REGISTRY_ARENA_H

#include <metacall/api.h>
#include <stddef.h>

struct arena {
    struct arena_chunk *chunks;
    char *next;
    size_t left;
    int failed;
};

void arena_finish(struct arena *arena);
/* Zeroed, aligned for any type. NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* Not zeroed, no alignment: for bytes. NULL when out of memory. */
char *arena_bytes(struct arena *arena, size_t size);
/* Takes back what was handed out last; else it stays until the end. */
void arena_give_back(struct arena *arena, char *bytes, size_t size);
/* A copy of `size` bytes with a NUL after them. */
const char *arena_copy(struct arena *arena, const char *text, size_t size);
/* A copy of a text; NULL stays NULL. */
const char *arena_text(struct arena *arena, const char *text);
const char *arena_format(struct arena *arena, const char *format, ...) METACALL_PRINTF(2, 3);

/* An array that grows inside an arena. */
struct arena_list {
    void *items;
    size_t count, capacity;
};

/* Room for one more item of `size` bytes, zeroed. NULL when out of memory. Former items move. */
void *arena_push(struct arena *arena, struct arena_list *list, size_t size);

/* A structure for the caller with an arena of its own: what the public functions hand out. Freed
 * with result_free; NULL with the error set when out of memory. */
void *result_create(size_t size, struct arena **ret_arena);
void result_free(void *result);

#endif /* REGISTRY_ARENA_H */
