/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See py_keeper.h. */
#include "py_keeper.h"

#include <stdlib.h>

static struct metacall_arena_block *spare;

void py_keeper_init(struct py_keeper *keeper)
{
    keeper->items = NULL;
    keeper->owners = NULL;
    keeper->count = keeper->room = keeper->owner_count = keeper->owner_room = 0;
    metacall_arena_init(&keeper->arena, &spare, NULL, 0);
}

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

void py_keeper_finish(struct py_keeper *keeper)
{
    while (keeper->owner_count > 0)
        metacall_slot_clear(keeper->owners[--keeper->owner_count]);
    free(keeper->owners);
    metacall_arena_finish(&keeper->arena);
    while (keeper->count > 0)
        Py_DECREF(keeper->items[--keeper->count]);
    free(keeper->items);
    py_keeper_init(keeper);
}

void py_keeper_end(void)
{
    metacall_arena_forget(&spare);
}
