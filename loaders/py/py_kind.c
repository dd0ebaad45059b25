/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What an object is: see py_kind.h. */
#include "py_kind.h"

#include "py_error.h"
#include "py_function.h"

#include <metacall/object.h>

#include <string.h>

PyObject *py_kind_loaded(const char *module)
{
    PyObject *name = PyUnicode_InternFromString(module), *found = NULL;
    if (name != NULL)
        found = PyImport_GetModule(name);
    Py_XDECREF(name);
    PyErr_Clear();
    return found;
}

/* ---------------------------------------------------------------------------------- functions */

/* Types that no symbol names, by their own name. */
static int is_known_wrapper(PyTypeObject *type)
{
    static const char *const names[] = {
        "partial",           "_lru_cache_wrapper",        "method-wrapper",
        "method_descriptor", "wrapper_descriptor",        "classmethod_descriptor",
        "staticmethod",      "cython_function_or_method", "fused_cython_function"};
    const char *name = py_error_type_name((PyObject *)type);
    size_t i;
    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return 0;
}

int py_kind_is_function(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyFunction_Type || type == &PyMethod_Type || type == &PyCFunction_Type ||
        py_proxy_function(object) != NULL)
        return 1;
    return !PyType_Check(object) && PyCallable_Check(object) && is_known_wrapper(type);
}

int py_kind_is_enum(PyObject *object)
{
    static PyObject *enum_type;
    PyObject *module;
    if (enum_type == NULL) {
        if ((module = py_kind_loaded("enum")) == NULL)
            return 0;
        enum_type = PyObject_GetAttrString(module, "EnumMeta");
        PyErr_Clear();
        Py_DECREF(module);
    }
    return enum_type != NULL &&
           PyType_IsSubtype(Py_TYPE((PyObject *)Py_TYPE(object)), (PyTypeObject *)enum_type);
}

/* ------------------------------------------------------------------------------------- objects */

/* Names that are asked for again and again. */
enum special {
    ITER,
    NEXT,
    SEND,
    THROW,
    GETITEM,
    LEN,
    AITER,
    ANEXT,
    ENTER,
    EXIT,
    AENTER,
    AEXIT,
    SPECIALS
};

static PyObject *special_name(enum special special)
{
    static const char *const text[SPECIALS] = {
        [ITER] = "__iter__",   [NEXT] = "__next__",       [SEND] = "send",
        [THROW] = "throw",     [GETITEM] = "__getitem__", [LEN] = "__len__",
        [AITER] = "__aiter__", [ANEXT] = "__anext__",     [ENTER] = "__enter__",
        [EXIT] = "__exit__",   [AENTER] = "__aenter__",   [AEXIT] = "__aexit__",
    };
    static PyObject *names[SPECIALS];
    if (names[special] == NULL)
        names[special] = PyUnicode_InternFromString(text[special]);
    return names[special];
}

static PyObject *look(PyTypeObject *type, PyObject *name)
{
    PyObject *found = NULL;
    if (name != NULL && _PyType_Lookup != NULL) {
        found = _PyType_Lookup(type, name);
    } else if (name != NULL && (found = PyObject_GetAttr((PyObject *)type, name)) != NULL) {
        Py_DECREF(found); /* the type keeps it */
    }
    if (PyErr_Occurred())
        PyErr_Clear();
    return found != Py_None ? found : NULL;
}

PyObject *py_kind_special(PyTypeObject *type, const char *name)
{
    PyObject *text = PyUnicode_InternFromString(name);
    PyObject *found = look(type, text);
    Py_XDECREF(text);
    return found;
}

uint32_t py_kind_flags(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    uint32_t flags = 0;
    if (PyType_Check(object))
        flags |= METACALL_OBJECT_IS_CLASS;
    if (PyCallable_Check(object))
        flags |= METACALL_OBJECT_IS_CALLABLE;
    if (look(type, special_name(GETITEM)) != NULL)
        flags |= METACALL_OBJECT_HAS_ITEMS;
    if (look(type, special_name(ITER)) != NULL || (flags & METACALL_OBJECT_HAS_ITEMS))
        flags |= METACALL_OBJECT_IS_ITERABLE; /* iter() takes items by number as well */
    if (look(type, special_name(NEXT)) != NULL)
        flags |= METACALL_OBJECT_IS_ITERATOR;
    if ((flags & METACALL_OBJECT_IS_ITERATOR) && look(type, special_name(SEND)) != NULL &&
        look(type, special_name(THROW)) != NULL)
        flags |= METACALL_OBJECT_IS_GENERATOR;
    if (look(type, special_name(LEN)) != NULL)
        flags |= METACALL_OBJECT_HAS_LENGTH;
    if (look(type, special_name(AITER)) != NULL)
        flags |= METACALL_OBJECT_IS_ASYNC_ITERABLE;
    if (look(type, special_name(ANEXT)) != NULL)
        flags |= METACALL_OBJECT_IS_ASYNC_ITERATOR;
    if (look(type, special_name(ENTER)) != NULL && look(type, special_name(EXIT)) != NULL)
        flags |= METACALL_OBJECT_IS_CONTEXT;
    if (look(type, special_name(AENTER)) != NULL && look(type, special_name(AEXIT)) != NULL)
        flags |= METACALL_OBJECT_IS_ASYNC_CONTEXT;
    return flags;
}
