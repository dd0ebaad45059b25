/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Chunks from malloc, handed out from front to back. */
#include "registry/arena.h"

#include <metacall/loader.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_FIRST 2032 /* bytes of the first chunk; each later one is twice as large, up to: */
#define ARENA_MOST 65504
#define ARENA_ALIGN 16

struct arena_chunk {
    struct arena_chunk *before;
    size_t size;
    _Alignas(ARENA_ALIGN) char bytes[];
};

struct result_head {
    struct arena arena;
    _Alignas(ARENA_ALIGN) char result[];
};

void arena_finish(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct arena_chunk *before = chunk->before;
        free(chunk);
        chunk = before;
    }
    memset(arena, 0, sizeof *arena);
}

static int arena_grow(struct arena *arena, size_t size)
{
    size_t usual = arena->chunks ? 2 * arena->chunks->size + 32 : ARENA_FIRST;
    size_t room = usual < ARENA_MOST ? usual : ARENA_MOST;
    room = size > room ? size : room;
    struct arena_chunk *chunk = malloc(sizeof *chunk + room);
    if (!chunk) {
        arena->failed = 1;
        return -1;
    }
    chunk->before = arena->chunks;
    chunk->size = room;
    arena->chunks = chunk;
    arena->next = chunk->bytes;
    arena->left = room;
    return 0;
}

char *arena_bytes(struct arena *arena, size_t size)
{
    if (size > arena->left && arena_grow(arena, size) < 0)
        return NULL;
    char *bytes = arena->next;
    arena->next += size;
    arena->left -= size;
    return bytes;
}

void arena_give_back(struct arena *arena, char *bytes, size_t size)
{
    if (bytes + size == arena->next) {
        arena->next -= size;
        arena->left += size;
    }
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t skip = -(uintptr_t)arena->next & (ARENA_ALIGN - 1);
    size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (skip > arena->left) {
        arena->left = 0;
    } else if (skip > 0) {
        arena->next += skip;
        arena->left -= skip;
    }
    char *bytes = arena_bytes(arena, size);
    return bytes ? memset(bytes, 0, size) : NULL;
}

const char *arena_copy(struct arena *arena, const char *text, size_t size)
{
    char *copy = arena_bytes(arena, size + 1);
    if (!copy)
        return "";
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

const char *arena_text(struct arena *arena, const char *text)
{
    return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

const char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(arena->next, arena->left, format, args);
    char *text = NULL;
    if (size < 0) {
        arena->failed = 1;
    } else if ((size_t)size < arena->left) {
        text = arena_bytes(arena, (size_t)size + 1);
    } else {
        text = arena_bytes(arena, (size_t)size + 1);
        if (text)
            vsnprintf(text, (size_t)size + 1, format, again);
    }
    va_end(again);
    va_end(args);
    return text ? text : "";
}

void *arena_push(struct arena *arena, struct arena_list *list, size_t size)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 4;
        void *items = arena_alloc(arena, capacity * size);
        if (!items)
            return NULL;
        if (list->count)
            memcpy(items, list->items, list->count * size);
        list->items = items;
        list->capacity = capacity;
    }
    return (char *)list->items + list->count++ * size;
}

void *result_create(size_t size, struct arena **ret_arena)
{
    struct result_head *head = calloc(1, sizeof *head + size);
    if (!head) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    *ret_arena = &head->arena;
    return head->result;
}

void result_free(void *result)
{
    if (!result)
        return;
    struct result_head *head =
        (struct result_head *)((char *)result - offsetof(struct result_head, result));
    arena_finish(&head->arena);
    free(head);
}
