/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Objects and classes across the border, in both directions and with their identity: a Python
 * object that has no kind of its own goes out as a handle, a foreign one is a metacall.Object or
 * metacall.Class, and each comes home as itself. The interpreter's lock is held throughout. */
#ifndef PY_OBJECT_H
#define PY_OBJECT_H

#include "py_api.h"

#include <metacall/object.h>

/* Into the empty `slot`. 0, or -1 with the thread's error set. */
int py_object_from(PyObject *object, metacall_value *slot);
/* A new reference, or NULL with a Python exception set. */
PyObject *py_object_to(metacall_object *object);

/* The types metacall.Object and metacall.Class: borrowed, or NULL with an exception set. */
PyObject *py_object_type(void);
PyObject *py_object_class_type(void);
/* The proxy of a foreign object: a new reference, or NULL with an exception set. */
PyObject *py_object_proxy(metacall_object *object);
/* The foreign object behind a proxy, borrowed; NULL (nothing set) for any other object. */
metacall_object *py_object_behind(PyObject *object);
void py_object_finish(void);

#endif /* PY_OBJECT_H */
