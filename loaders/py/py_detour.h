/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What makes every call of one Python function run through us, and who wants to see them: see
 * py_intercept.h. The interpreter's lock is held throughout. */
#ifndef PY_DETOUR_H
#define PY_DETOUR_H

#include "py_api.h"

#include <metacall/loader.h>

/* One that wants to see calls: all of them, or those of a bound method, with that very first
 * argument. */
struct py_target {
    metacall_function *function; /* held */
    PyObject *self;              /* held; NULL = every call */
};

/* Never changed, but replaced: a call in flight goes on with those that it began with. */
struct py_targets {
    size_t refs, count;
    struct py_target items[];
};

struct py_detour {
    size_t refs;                   /* the table's, calls in flight, the trampoline's */
    PyObject *function;            /* held: the function object */
    struct py_targets *targets;    /* NULL: calls pass */
    py_vectorcall_function former; /* what the slot held; NULL in 3.11 */
    PyObject *clone;               /* 3.11: a function with the original code */
    PyObject *trampoline;          /* 3.11: the code that stands in its place */
};

/* The vectorcall or trampoline gets here. */
PyObject *py_detour_run(struct py_detour *detour, PyObject *const *args, size_t nargsf,
                        PyObject *names);
/* The original itself. */
PyObject *py_detour_original(struct py_detour *detour, PyObject *const *args, size_t nargsf,
                             PyObject *names);

/* The detour of a function, borrowed; NULL = none. */
struct py_detour *py_detour_find(PyObject *function);
/* The same, made and put in place if need be. NULL with the thread's error set. */
struct py_detour *py_detour_place(PyObject *function);
/* Puts the function back. 0, or -1 with METACALL_ERROR_STATE where somebody else has changed it:
 * the detour stays then, and lets everything pass. */
int py_detour_remove(struct py_detour *detour);
void py_detour_release(struct py_detour *detour);
/* Puts back every function; what cannot be put back passes its calls on. */
void py_detour_finish(void);

/* Replaces who sees the calls; takes `targets` over. */
void py_detour_set_targets(struct py_detour *detour, struct py_targets *targets);
void py_targets_release(struct py_targets *targets); /* NULL is accepted */

#endif /* PY_DETOUR_H */
