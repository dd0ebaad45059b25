/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What stands in front of a function: see py_unwrap.h. */
#include "py_unwrap.h"

#include "py_kind.h"

#define DEPTH 32 /* a __wrapped__ may lead to itself */

PyObject *py_unwrap_look(PyObject *object, const char *name)
{
    PyObject *attribute = PyObject_GetAttrString(object, name);
    if (attribute == NULL)
        PyErr_Clear();
    return attribute;
}

long py_unwrap_number(PyObject *object, const char *name)
{
    PyObject *attribute = py_unwrap_look(object, name);
    long value = attribute != NULL ? PyLong_AsLong(attribute) : 0;
    Py_XDECREF(attribute);
    PyErr_Clear();
    return value;
}

int py_unwrap_is_of_functools(PyObject *object, const char *name)
{
    PyObject *module = py_kind_loaded("functools"), *type;
    int is = 0;
    if (module != NULL && (type = py_unwrap_look(module, name)) != NULL) {
        is = PyObject_IsInstance(object, type) == 1;
        Py_DECREF(type);
    }
    Py_XDECREF(module);
    PyErr_Clear();
    return is;
}

static void skip_self(struct py_unwrapped *unwrapped)
{
    unwrapped->skip++;
    unwrapped->open <<= 1;
}

/* ------------------------------------------------------------------------------------- classes */

/* What a class has under a name for its instances, without a call of its descriptors: a new
 * reference, or NULL. */
static PyObject *own_entry(PyObject *type, const char *name)
{
    PyObject *dict = py_unwrap_look(type, "__dict__"), *entry = NULL, *inner;
    if (dict != NULL)
        entry = PyMapping_GetItemString(dict, name);
    PyErr_Clear();
    Py_XDECREF(dict);
    if (entry != NULL && !Py_IS_TYPE(entry, &PyFunction_Type) &&
        (inner = py_unwrap_look(entry, "__func__")) != NULL) { /* a staticmethod */
        Py_DECREF(entry);
        return inner;
    }
    return entry;
}

/* The __init__ or __new__ that the arguments of a class reach: the first in the order of its
 * bases. A class that has neither takes none: *ret_none. */
static PyObject *constructor(PyObject *type, struct py_unwrapped *unwrapped, int *ret_none)
{
    static const char *const names[] = {"__init__", "__new__"};
    PyObject *mro = py_unwrap_look(type, "__mro__"), *found = NULL;
    Py_ssize_t i, count = mro != NULL && PyTuple_Check(mro) ? PyTuple_Size(mro) : 0;
    size_t k;
    for (i = 0; i < count && found == NULL; i++) {
        PyObject *base = PyTuple_GetItem(mro, i);
        if (base == (PyObject *)&PyBaseObject_Type) {
            *ret_none = 1;
            break;
        }
        for (k = 0; k < 2 && found == NULL; k++)
            found = own_entry(base, names[k]);
        if (found != NULL && Py_IS_TYPE(found, &PyFunction_Type)) {
            skip_self(unwrapped);
        } else if (found != NULL) { /* in C: the class itself says what it takes */
            Py_DECREF(found);
            Py_INCREF(base);
            found = base;
            break;
        }
    }
    Py_XDECREF(mro);
    return found;
}

/* A metaclass with a __call__ of its own takes the arguments, else the constructor does. */
static PyObject *behind_class(PyObject *type, struct py_unwrapped *unwrapped, int *ret_none)
{
    PyObject *call = py_unwrap_look((PyObject *)Py_TYPE(type), "__call__");
    if (call != NULL && Py_IS_TYPE(call, &PyFunction_Type)) {
        skip_self(unwrapped);
        return call;
    }
    Py_XDECREF(call);
    return constructor(type, unwrapped, ret_none);
}

/* ------------------------------------------------------------------------------------- partial */

static int keep_keywords(PyObject *partial, struct py_unwrapped *unwrapped)
{
    PyObject *keywords = py_unwrap_look(partial, "keywords");
    int rc = 0;
    if (keywords != NULL && PyDict_Check(keywords)) {
        if (unwrapped->keywords == NULL)
            unwrapped->keywords = PyDict_New();
        rc = unwrapped->keywords != NULL ? PyDict_Update(unwrapped->keywords, keywords) : -1;
    }
    Py_XDECREF(keywords);
    return rc;
}

static PyObject *behind_partial(PyObject *partial, struct py_unwrapped *unwrapped)
{
    PyObject *args = py_unwrap_look(partial, "args"), *module = py_kind_loaded("functools");
    PyObject *placeholder = module != NULL ? py_unwrap_look(module, "Placeholder") : NULL;
    Py_ssize_t i, count = args != NULL && PyTuple_Check(args) ? PyTuple_Size(args) : 0;
    for (i = 0; i < count; i++, unwrapped->skip++)
        if (placeholder != NULL && PyTuple_GetItem(args, i) == placeholder && unwrapped->skip < 64)
            unwrapped->open |= (uint64_t)1 << unwrapped->skip;
    Py_XDECREF(placeholder);
    Py_XDECREF(module);
    Py_XDECREF(args);
    if (keep_keywords(partial, unwrapped) != 0)
        PyErr_Clear();
    return py_unwrap_look(partial, "func");
}

/* ------------------------------------------------------------------------------------ the way */

/* The next thing behind `object`, a new reference; NULL at the end of the way. */
static PyObject *behind(PyObject *object, struct py_unwrapped *unwrapped, int *ret_none)
{
    PyObject *next;
    if (Py_IS_TYPE(object, &PyMethod_Type)) {
        skip_self(unwrapped);
        return py_unwrap_look(object, "__func__");
    }
    if (!PyType_Check(object) && (next = py_unwrap_look(object, "__wrapped__")) != NULL) {
        unwrapped->plain = 0;
        return next;
    }
    if (Py_IS_TYPE(object, &PyFunction_Type) || Py_IS_TYPE(object, &PyCFunction_Type))
        return NULL;
    unwrapped->plain = 0;
    if (PyType_Check(object))
        return behind_class(object, unwrapped, ret_none);
    if (py_unwrap_is_of_functools(object, "partial"))
        return behind_partial(object, unwrapped);
    next = py_kind_special(Py_TYPE(object), "__call__");
    if (next == NULL || !Py_IS_TYPE(next, &PyFunction_Type))
        return NULL;
    skip_self(unwrapped);
    Py_INCREF(next);
    return next;
}

/* An explicit __signature__ says it all. */
static int says_itself(PyObject *object)
{
    PyObject *signature = py_unwrap_look(object, "__signature__");
    int says = signature != NULL && PyObject_HasAttrString(signature, "parameters");
    Py_XDECREF(signature);
    return says;
}

static void note_code(PyObject *object, struct py_unwrapped *unwrapped)
{
    PyObject *code;
    if (unwrapped->code_flags == 0 && Py_IS_TYPE(object, &PyFunction_Type) &&
        (code = py_unwrap_look(object, "__code__")) != NULL) {
        unwrapped->code_flags = py_unwrap_number(code, "co_flags");
        Py_DECREF(code);
    }
}

void py_unwrap(PyObject *callable, struct py_unwrapped *ret)
{
    PyObject *next;
    int depth, none = 0, is_class = PyType_Check(callable);
    *ret = (struct py_unwrapped){.object = callable, .plain = 1};
    Py_INCREF(callable);
    for (depth = 0; depth < DEPTH; depth++) {
        if (!is_class)
            note_code(ret->object, ret);
        if (says_itself(ret->object)) {
            ret->plain = 0;
            return;
        }
        if ((next = behind(ret->object, ret, &none)) == NULL || next == ret->object) {
            Py_XDECREF(next);
            break;
        }
        Py_DECREF(ret->object);
        ret->object = next;
        if (PyType_Check(next) && is_class)
            break; /* a builtin base */
    }
    if (none)
        Py_CLEAR(ret->object);
}

void py_unwrapped_finish(struct py_unwrapped *unwrapped)
{
    Py_CLEAR(unwrapped->object);
    Py_CLEAR(unwrapped->keywords);
}
