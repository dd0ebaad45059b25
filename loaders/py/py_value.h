/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values between Python and the registry: exact, or refused with an error that says which function,
 * which parameter and where inside it. The interpreter's lock is held throughout. */
#ifndef PY_VALUE_H
#define PY_VALUE_H

#include "py_api.h"
#include "py_keeper.h"

#include <metacall/loader.h>

/* Lists in lists in lists: how deep a value may be. */
#define PY_VALUE_DEPTH 1000

/* What a conversion belongs to, for its error. */
struct py_subject {
    const char *function; /* name; NULL or "" = none */
    const char *role;     /* "argument", "result", "name" */
    Py_ssize_t index;     /* of an argument, from 1; 0 = none */
    const char *keyword;  /* name of a keyword argument, or of what is defined */
    int watched;          /* only looked at: a coroutine is not started but crosses as an object */
    struct py_keeper *keeper; /* holds what lies in containers; NULL = that is copied */
};

/* Where a conversion stands: one entry a container, innermost first. */
struct py_path {
    const struct py_path *parent;
    const struct py_subject *subject;
    PyObject *container;
    PyObject *key;    /* of a dict; NULL = the index counts */
    Py_ssize_t index; /* of a list */
    unsigned depth;
};

/* May a string or bytes stay where the Python object has it? Only where the caller keeps that
 * object until the value is no longer used (BORROW), or the subject's keeper does (HOLD). */
enum py_keep { PY_KEEP_COPY, PY_KEEP_BORROW, PY_KEEP_HOLD };

/* Into the empty `slot`. 0, or -1 with the thread's error set (METACALL_ERROR_TYPE; a Python
 * exception that came up becomes the error). */
int py_value_from_object(PyObject *object, metacall_value *slot, enum py_keep keep,
                         const struct py_path *path);
/* A new reference, or NULL with the thread's error set. */
PyObject *py_value_to_object(const metacall_value *value, const struct py_subject *subject);

/* The containers' part of the above. */
int py_container_from_sequence(PyObject *object, metacall_value *slot, const struct py_path *path);
int py_container_from_dict(PyObject *object, metacall_value *slot, const struct py_path *path);
int py_container_from_set(PyObject *object, metacall_value *slot, const struct py_path *path);
PyObject *py_container_to_list(const metacall_value *value, const struct py_subject *subject);
PyObject *py_container_to_set(const metacall_value *value, const struct py_subject *subject);
PyObject *py_container_to_dict(const metacall_value *value, const struct py_subject *subject);

void py_container_finish(void);

/* METACALL_ERROR_TYPE with the place in front: "add(): argument 2, [3].name: ...". Returns -1. */
int py_value_refuse(const struct py_path *path, const char *format, ...) METACALL_PRINTF(2, 3);
/* METACALL_ERROR_RANGE, with what the thread's error was as the cause. */
int py_value_refuse_range(const struct py_path *path, const char *format, ...)
    METACALL_PRINTF(2, 3);

/* The name of the capsules that stand for METACALL_PTR; each owns a heap value. */
#define PY_VALUE_CAPSULE "metacall.pointer"
/* A capsule that takes `value` over, and owns its context, another capsule, where one is set. NULL
 * with a Python exception set. */
PyObject *py_value_capsule(metacall_value *value);

/* The scalars that need no call more: 1 when `object` was one. */
static inline int py_value_from_fast(PyObject *object, metacall_value *slot)
{
    if (Py_IS_TYPE(object, &PyLong_Type)) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
        if (PY_UNLIKELY(overflow != 0))
            return 0;
        metacall_slot_long(slot, number);
        return 1;
    }
    if (object == Py_None) {
        metacall_slot_null(slot);
        return 1;
    }
    if (Py_IS_TYPE(object, &PyFloat_Type)) {
        metacall_slot_double(slot, PyFloat_AsDouble(object));
        return 1;
    }
    return 0;
}

/* The same the other way: NULL when it is none (or there is no memory). */
static inline PyObject *py_value_to_fast(const metacall_value *value)
{
    if (value->id == METACALL_LONG)
        return PyLong_FromLongLong(value->as.long_);
    if (value->id == METACALL_DOUBLE)
        return PyFloat_FromDouble(value->as.double_);
    return NULL;
}

static inline int py_value_from(PyObject *object, metacall_value *slot, enum py_keep keep,
                                const struct py_path *path)
{
    return py_value_from_fast(object, slot) ? 0 : py_value_from_object(object, slot, keep, path);
}

static inline PyObject *py_value_to(const metacall_value *value, const struct py_subject *subject)
{
    PyObject *object = py_value_to_fast(value);
    return PY_LIKELY(object != NULL) ? object : py_value_to_object(value, subject);
}

#endif /* PY_VALUE_H */
