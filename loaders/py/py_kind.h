/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What an object is, asked of its type: no code of the user runs, nothing is imported. */
#ifndef PY_KIND_H
#define PY_KIND_H

#include "py_api.h"

#include <stdint.h>

/* A function, method or builtin, or one of the standard library's wrappers of them: callable and
 * no more. */
int py_kind_is_function(PyObject *object);
/* A member of an Enum, also one that is an int or a str as well. */
int py_kind_is_enum(PyObject *object);
/* What another language may do with the object: enum metacall_object_flags. */
uint32_t py_kind_flags(PyObject *object);
/* A special method as Python finds it, in the type; borrowed. NULL where there is none, or None
 * stands in its place. */
PyObject *py_kind_special(PyTypeObject *type, const char *name);
/* A module, if somebody has imported it: a new reference, or NULL (nothing is set). */
PyObject *py_kind_loaded(const char *module);

#endif /* PY_KIND_H */
