/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Python objects that others hold by a counted handle of the library (a function, an object, a
 * future, memory): the same Python object is the same handle while that lives, and comes home as
 * itself. The interpreter's lock is held throughout, but for py_home_leave. */
#ifndef PY_HOME_H
#define PY_HOME_H

#include "py_api.h"

#include <stdint.h>

enum py_home_kind { PY_HOME_FUNCTION, PY_HOME_OBJECT, PY_HOME_FUTURE, PY_HOME_MEMORY };

/* What a handle of ours has as its data. */
struct py_home {
    PyObject *object; /* held; NULL after the end */
    enum py_home_kind kind;
    void *handle;   /* not held; NULL once it is gone; under py_identity_lock */
    uint32_t *refs; /* the handle's own count */
    void (*release)(struct py_home *home); /* more to let go of, before the object; or NULL */
};

/* Another reference to the handle of `object`; NULL where it has none of that kind (nothing is
 * set).
 */
void *py_home_find(PyObject *object, enum py_home_kind kind);
/* Makes `home`, malloc'ed and with its handle new, that of `object`, which it holds from now on. */
void py_home_keep(struct py_home *home, enum py_home_kind kind, PyObject *object, void *handle,
                  uint32_t *refs);
/* The last reference to the handle is gone, on any thread: lets go of the object as soon as
 * somebody holds the lock, and frees `home`. */
void py_home_leave(struct py_home *home);
/* Lets go of every object, the gate closed: what they hold (open files) ends as it should. */
void py_home_finish(void);

#endif /* PY_HOME_H */
