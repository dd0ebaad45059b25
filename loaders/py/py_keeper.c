/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See py_keeper.h. */
#include "py_keeper.h"

#include <stdint.h>
#include <stdlib.h>

struct py_keeper_block {
    struct py_keeper_block *next;
    size_t size;
    _Alignas(16) char bytes[];
};

/* A block's least size, and up to which one of them stays for the next call. */
enum { BLOCK = 16384, KEPT = 1048576 };

static struct py_keeper_block *spare;

int py_keeper_hold(struct py_keeper *keeper, PyObject *object)
{
    if (PY_UNLIKELY(keeper->count == keeper->room)) {
        size_t room = keeper->room == 0 ? 64 : keeper->room * 2;
        PyObject **items = realloc(keeper->items, room * sizeof(PyObject *));
        if (items == NULL)
            return -1;
        keeper->items = items;
        keeper->room = room;
    }
    Py_INCREF(object);
    keeper->items[keeper->count++] = object;
    return 0;
}

int py_keeper_own(struct py_keeper *keeper, metacall_value *value)
{
    if (keeper->owner_count == keeper->owner_room) {
        size_t room = keeper->owner_room == 0 ? 64 : keeper->owner_room * 2;
        metacall_value **owners = realloc(keeper->owners, room * sizeof *owners);
        if (owners == NULL)
            return -1;
        keeper->owners = owners;
        keeper->owner_room = room;
    }
    keeper->owners[keeper->owner_count++] = value;
    return 0;
}

/* Each block is twice as large as the one before. */
static struct py_keeper_block *add_block(struct py_keeper *keeper, size_t size)
{
    size_t room = keeper->blocks != NULL ? keeper->blocks->size * 2 : BLOCK;
    struct py_keeper_block *block = spare;
    if (block != NULL && block->size >= size) {
        spare = NULL;
    } else {
        if (room < size)
            room = size;
        if (room > SIZE_MAX - sizeof *block || (block = malloc(sizeof *block + room)) == NULL)
            return NULL;
        block->size = room;
    }
    block->next = keeper->blocks;
    keeper->blocks = block;
    return block;
}

void *py_keeper_take(struct py_keeper *keeper, size_t size)
{
    if (size > SIZE_MAX - 15)
        return NULL;
    size = (size + 15) & ~(size_t)15;
    if (size > keeper->left) {
        struct py_keeper_block *block = add_block(keeper, size);
        if (block == NULL)
            return NULL;
        keeper->at = block->bytes;
        keeper->left = block->size;
    }
    keeper->at += size;
    keeper->left -= size;
    return keeper->at - size;
}

/* The largest one stays. */
static void give_back(struct py_keeper_block *block)
{
    if (block->size <= KEPT && (spare == NULL || spare->size < block->size)) {
        free(spare);
        spare = block;
    } else {
        free(block);
    }
}

void py_keeper_finish(struct py_keeper *keeper)
{
    while (keeper->owner_count > 0)
        metacall_slot_clear(keeper->owners[--keeper->owner_count]);
    free(keeper->owners);
    while (keeper->blocks != NULL) {
        struct py_keeper_block *next = keeper->blocks->next;
        give_back(keeper->blocks);
        keeper->blocks = next;
    }
    while (keeper->count > 0)
        Py_DECREF(keeper->items[--keeper->count]);
    free(keeper->items);
    *keeper = (struct py_keeper)PY_KEEPER_INIT;
}

void py_keeper_end(void)
{
    free(spare);
    spare = NULL;
}
