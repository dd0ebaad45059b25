/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Objects that are at home in Python: see py_home.h. */
#include "py_home.h"

#include "py_identity.h"
#include "py_runtime.h"

#include <stdlib.h>

static struct py_identity homes; /* PyObject * -> struct py_home * */

/* Another reference, unless the last one has just been given up on another thread. */
void *py_home_find(PyObject *object, enum py_home_kind kind)
{
    struct py_home *home = py_identity_find(&homes, object);
    void *handle = NULL;
    uint32_t refs = 0;
    if (home == NULL || home->kind != kind)
        return NULL;
    py_identity_lock();
    if ((handle = home->handle) != NULL)
        refs = __atomic_load_n(home->refs, __ATOMIC_RELAXED);
    while (refs != 0 && !__atomic_compare_exchange_n(home->refs, &refs, refs + 1, 1,
                                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        ;
    py_identity_unlock();
    return refs != 0 ? handle : NULL;
}

void py_home_keep(struct py_home *home, enum py_home_kind kind, PyObject *object, void *handle,
                  uint32_t *refs)
{
    Py_INCREF(object);
    home->kind = kind;
    home->object = object;
    home->handle = handle;
    home->refs = refs;
    py_identity_put(&homes, object, home); /* out of memory: it lives without its identity */
}

static void release(void *pointer)
{
    struct py_home *home = pointer;
    PyObject *object = home->object;
    py_identity_remove(&homes, object, home);
    if (home->release != NULL)
        home->release(home);
    free(home);
    Py_DECREF(object);
}

void py_home_leave(struct py_home *home)
{
    py_identity_lock();
    home->handle = NULL;
    py_identity_unlock();
    if (home->object != NULL)
        py_release_later(home, release);
    else
        free(home); /* let go of when the interpreter ended */
}

void py_home_finish(void)
{
    size_t i;
    for (i = 0; i < homes.capacity; i++) {
        struct py_home *home = homes.slots[i].value;
        if (home != NULL) {
            if (home->release != NULL)
                home->release(home);
            Py_CLEAR(home->object);
        }
    }
    py_identity_finish(&homes);
}
