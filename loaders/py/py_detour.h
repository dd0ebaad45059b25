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

struct py_detour;
typedef PyObject *(*py_detour_function)(struct py_detour *detour, PyObject *const *args,
                                        size_t nargsf, PyObject *names);

struct py_detour {
    size_t refs;                   /* the table's, calls in flight, the trampoline's */
    PyObject *function;            /* held: the function object */
    py_detour_function run;        /* what is called instead */
    struct py_targets *targets;    /* NULL: calls pass */
    py_vectorcall_function former; /* what the slot held; NULL in 3.11 */
    PyObject *clone;               /* 3.11: a function with the original code */
    PyObject *trampoline;          /* 3.11: the code that stands in its place */
};

/* The original itself. */
PyObject *py_detour_original(struct py_detour *detour, PyObject *const *args, size_t nargsf,
                             PyObject *names);

/* The detour of a function, borrowed; NULL = none. */
struct py_detour *py_detour_find(PyObject *function);
/* The same, made and put in place if need be, to call `run`. NULL with the thread's error set. */
struct py_detour *py_detour_place(PyObject *function, py_detour_function run);
/* Puts the function back. 0, or -1 with METACALL_ERROR_STATE where somebody else has changed it:
 * the detour stays then, and lets everything pass. */
int py_detour_remove(struct py_detour *detour);
void py_detour_release(struct py_detour *detour);
/* Puts back every function; what cannot be put back passes its calls on. */
void py_detour_finish(void);

/* Replaces who sees the calls; takes `targets` over. */
void py_detour_set_targets(struct py_detour *detour, struct py_targets *targets);
void py_targets_release(struct py_targets *targets); /* NULL is accepted */

/* A code object with the signature, flags and place of `function` whose body is to call `target`
 * with the arguments. A new reference, or NULL with a Python exception set. */
PyObject *py_trampoline_create(PyObject *function, PyObject *target);

#endif /* PY_DETOUR_H */
