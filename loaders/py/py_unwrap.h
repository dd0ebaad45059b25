/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From a callable to what takes its arguments. The interpreter's lock is held throughout. */
#ifndef PY_UNWRAP_H
#define PY_UNWRAP_H

#include "py_api.h"

#include <stdint.h>

struct py_unwrapped {
    PyObject *object;   /* a function, a builtin, an object with __signature__; held */
    PyObject *keywords; /* a dict of the names that functools.partial has filled in, or NULL */
    long skip;          /* its first parameters, which are taken already ... */
    uint64_t open;      /* ... but for those of these places, left open by a Placeholder */
    long code_flags; /* co_flags of the function that a call enters first; 0 where there is none */
    int plain;       /* arguments reach it as they are: its annotations hold for the callable */
};

/* Follows bound methods, functools.partial, __wrapped__, classes and instances with __call__ as
 * inspect.signature does; of the user's code, descriptors may run at most. Gives *ret to be
 * finished. */
void py_unwrap(PyObject *callable, struct py_unwrapped *ret);
void py_unwrapped_finish(struct py_unwrapped *unwrapped);

/* Is it an instance of that class of functools? (Nothing is imported to find out.) */
int py_unwrap_is_of_functools(PyObject *object, const char *name);
/* An attribute or NULL, never an exception: a new reference. */
PyObject *py_unwrap_look(PyObject *object, const char *name);
/* An attribute that is a number; 0 where it is none. */
long py_unwrap_number(PyObject *object, const char *name);

#endif /* PY_UNWRAP_H */
