/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The loader's part in Python (async.py), embedded; asyncio is imported when it is first needed.
 * The interpreter's lock is held throughout. */
#ifndef PY_ASYNC_H
#define PY_ASYNC_H

#include "py_api.h"

extern const char py_async_text[];

/* A name of async.py: borrowed, or NULL with an exception set. */
PyObject *py_async(const char *name);
/* Has async.py been run? */
int py_async_is_there(void);
/* Ends the loop that runs in a thread of ours, if there is one. The lock is given up meanwhile. */
void py_async_finish(void);
/* In a fork's child: that thread has stayed behind. */
void py_async_forked(void);

#endif /* PY_ASYNC_H */
