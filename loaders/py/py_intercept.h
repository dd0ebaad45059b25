/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Interception of functions that Python itself calls: every call of the very function object runs
 * through a detour, however the caller came by it. Nothing of the function changes that a program
 * can see: identity, signature, attributes, pickling (CPython 3.11 alone shows another __code__).
 *
 *   3.9, 3.10  the function's vectorcall slot
 *   3.11       a code object of the same signature: its interpreter looks at no slot
 *   3.12 on    PyFunction_SetVectorcall
 *
 * The interpreter's lock is held throughout. */
#ifndef PY_INTERCEPT_H
#define PY_INTERCEPT_H

#include "py_api.h"

#include <metacall/loader.h>

/* The ops' own: on or off for the function that stands for `callable`. 0, or -1 with the thread's
 * error set: METACALL_ERROR_SUPPORT for what is no function written in Python. */
int py_intercept(metacall_function *function, PyObject *callable, int on);
/* A call that came through the registry, which has run the hooks of `function` already: the
 * original, args[-1] being free. A new reference, or NULL with a Python exception set. */
PyObject *py_intercept_call(metacall_function *function, PyObject *callable, PyObject **args,
                            size_t nargsf, PyObject *names);
/* Puts every function back. */
void py_intercept_finish(void);

/* The objects of a call that Python made, for a hook written in Python: 1 with borrowed references
 * where `call` is such a call on this thread. */
struct py_native_call {
    PyObject *const *args;
    size_t positional;
    PyObject *names;  /* tuple or NULL */
    PyObject *result; /* what *ret stands for; NULL where another hook has put it there */
};
int py_intercept_native(const struct metacall_call *call, const metacall_value *ret,
                        struct py_native_call *ret_native);
/* A value for a hook to look at, or from one: nothing is started by it, and what has no counterpart
 * crosses as an object. Into the empty `slot`. 0, or -1 with the thread's error set. */
int py_intercept_watch(PyObject *object, metacall_value *slot);

#endif /* PY_INTERCEPT_H */
