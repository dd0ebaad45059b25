/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the arguments of one call need until it is over: the objects whose text they refer to, and
 * memory for their containers. The interpreter's lock is held throughout. */
#ifndef PY_KEEPER_H
#define PY_KEEPER_H

#include "py_api.h"

#include <metacall/arena.h>
#include <metacall/loader.h>

struct py_keeper {
    PyObject **items; /* held */
    size_t count, room;
    metacall_value **owners; /* values in the arena that own something */
    size_t owner_count, owner_room;
    struct metacall_arena arena;
};

void py_keeper_init(struct py_keeper *keeper);
/* Holds `object`. 0, or -1 when out of memory (nothing is set). */
int py_keeper_hold(struct py_keeper *keeper, PyObject *object);
/* Clears `value`, which lies in the arena, at the end. 0, or -1 when out of memory. */
int py_keeper_own(struct py_keeper *keeper, metacall_value *value);
/* 1 when there is something to be finished. */
static inline int py_keeper_is_used(const struct py_keeper *keeper)
{
    return keeper->items != NULL || keeper->arena.blocks != NULL;
}
void py_keeper_finish(struct py_keeper *keeper);
/* What is kept from call to call. */
void py_keeper_end(void);

#endif /* PY_KEEPER_H */
