/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions across the border, in both directions and with their identity: a Python callable is
 * one metacall_function while that lives, a foreign function is one Python object while that lives,
 * and each comes home as itself. The interpreter's lock is held throughout. */
#ifndef PY_FUNCTION_H
#define PY_FUNCTION_H

#include "py_api.h"

#include <metacall/loader.h>

/* The function that stands for a callable: a new reference, or NULL with the thread's error set. */
metacall_function *py_function_of(PyObject *callable);
/* The Python object for a function: a new reference, or NULL with a Python exception set. */
PyObject *py_function_object(metacall_function *function);
/* The callable behind a function of ours, borrowed; NULL for any other. */
PyObject *py_function_home(const metacall_function *function);
/* Writes the signature of `callable` into `function`. 0, or -1 with a Python exception set. */
int py_describe(PyObject *callable, metacall_function *function);
/* Its parameters as METACALL_OBJECT_SIGNATURE has them: a new list, or NULL with an exception set.
 */
PyObject *py_describe_parameters(PyObject *callable);
/* Does it have annotations, whatever they say? Then its arguments may have to be checked. */
int py_describe_is_typed(PyObject *callable);

/* The type metacall.Function: borrowed, or NULL with a Python exception set. */
PyObject *py_proxy_type(void);
/* A new object that calls `function` and holds a reference to it. */
PyObject *py_proxy_create(metacall_function *function);
/* The function behind an object of that type, borrowed; NULL (nothing set) for any other. */
metacall_function *py_proxy_function(PyObject *object);
void py_proxy_finish(void);

#endif /* PY_FUNCTION_H */
