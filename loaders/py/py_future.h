/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Results that come later, in both directions: a foreign promise is an awaitable metacall.Future, a
 * coroutine or an asyncio future goes out as a future of the library. Nothing of asyncio is
 * imported before the first of them. The interpreter's lock is held throughout. */
#ifndef PY_FUTURE_H
#define PY_FUTURE_H

#include "py_api.h"

#include <metacall/future.h>

/* 0 with the work started; 1 when the object is no future (nothing is set); -1 with the thread's
 * error set. */
int py_future_from(PyObject *object, metacall_value *slot);
/* A new reference, or NULL with a Python exception set. */
PyObject *py_future_to(metacall_future *future);

/* The next item of an asynchronous iterator as a future of [item] or [], and the end of an
 * asynchronous generator as one: into the empty `slot`. 0, or -1 with the thread's error set. */
int py_future_step(PyObject *iterator, metacall_value *slot);
int py_future_close(PyObject *generator, metacall_value *slot);

/* The type metacall.Future: borrowed, or NULL with an exception set. */
PyObject *py_promise_type(void);
/* The object that stands for a foreign future: a new reference, or NULL with an exception set. */
PyObject *py_promise_create(metacall_future *future);
/* The future behind such an object, borrowed; NULL (nothing set) for any other. */
metacall_future *py_promise_future(PyObject *object);
/* The same, on its way to somebody else, who looks after its failure from now on. */
metacall_future *py_promise_pass(PyObject *object);
void py_promise_finish(void);

#endif /* PY_FUTURE_H */
