/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The arguments of one call between Python and others, both ways, on the caller's stack for most
 * calls. The interpreter's lock is held throughout. */
#ifndef PY_ARGUMENTS_H
#define PY_ARGUMENTS_H

#include "py_value.h"

/* Arguments that need no allocation. */
#define PY_ARGUMENTS_STACK 8

/* Python's arguments as slots. */
struct py_arguments {
    metacall_value stack_slots[PY_ARGUMENTS_STACK];
    metacall_value *stack_args[PY_ARGUMENTS_STACK];
    const char *stack_keywords[PY_ARGUMENTS_STACK];
    metacall_value *slots;
    metacall_value **args;
    const char **keywords;
    size_t count;
    size_t filled;
    struct py_keeper keeper;
};

/* Room for `count`. 0, or -1 with the thread's error set. */
int py_arguments_init(struct py_arguments *room, size_t count);
/* Converts `positional` and the rest, which `names` (a tuple, or NULL) names, borrowing from the
 * objects. 0, or -1 with the thread's error set, which names `function`. */
int py_arguments_fill(struct py_arguments *room, const char *function, PyObject *const *args,
                      PyObject *names, size_t positional);
void py_arguments_finish(struct py_arguments *room);

/* The names of a call's keyword arguments: a new tuple, or NULL with an exception set. */
PyObject *py_arguments_names(const struct metacall_call *call);
/* Slots as Python's arguments: `args` has room for call->count. How many were made: call->count,
 * or fewer with a Python exception or the thread's error set. */
size_t py_arguments_objects(const struct metacall_call *call, PyObject **args);

#endif /* PY_ARGUMENTS_H */
