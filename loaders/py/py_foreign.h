/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Inside of metacall.Object: how the parts of a proxy ask the object that it stands for. The
 * interpreter's lock is held throughout, but while the other runtime works. */
#ifndef PY_FOREIGN_H
#define PY_FOREIGN_H

#include "py_object.h"

struct py_foreign {
    PyObject_HEAD metacall_object *handle; /* held */
    PyObject *weak_references;
};

static inline metacall_object *py_foreign_handle(PyObject *self)
{
    return ((struct py_foreign *)self)->handle;
}

/* The tag of its language; "c" for what no loader owns. */
const char *py_foreign_tag(PyObject *self);
/* One operation without Python's lock. Results as of metacall_object_perform. */
int py_foreign_perform(PyObject *self, enum metacall_object_operation operation, const char *name,
                       const struct metacall_call *call, metacall_value *ret);
/* The result as an object; the slot is empty afterwards. NULL with an exception set. */
PyObject *py_foreign_take(metacall_value *ret);
/* With `positional` arguments and those that `names` (a tuple, or NULL) names; *ret_end, where
 * asked for, tells an iterator's end, whose value is the result. NULL with an exception set. */
PyObject *py_foreign_ask_with(PyObject *self, enum metacall_object_operation operation,
                              const char *name, PyObject *const *args, size_t positional,
                              PyObject *names, int *ret_end);
/* With one argument, or none for NULL. */
PyObject *py_foreign_ask(PyObject *self, enum metacall_object_operation operation,
                         PyObject *argument);
/* 1, 0, or -1 with an exception set. */
int py_foreign_truth(PyObject *self, enum metacall_object_operation operation, PyObject *argument);
/* The thread's error is the exception; where it only says that there is no such thing, it is one of
 * `type` about `name`, as Python words it. */
void py_foreign_raise_missing(PyObject *self, PyObject *type, PyObject *name);

/* The type for what an object can do (enum metacall_object_flags): borrowed, or NULL with an
 * exception set. */
PyObject *py_foreign_type_for(uint32_t flags);
void py_foreign_types_finish(void);

#endif /* PY_FOREIGN_H */
