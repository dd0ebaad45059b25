/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The detour of CPython 3.11, whose interpreter runs a function's code without a look at its call
 * slot: a code object of the same signature that hands everything on. It is compiled from text
 * ("def f(a, /, b, *, c): return TARGET(a, b, c=c)") and gets the rest from the original code. */
#include "py_detour.h"

#include <string.h>

#define CO_VARARGS 0x04
#define CO_VARKEYWORDS 0x08

/* Stands for the target until the code is there. Not a bare constant: calling one is warned of. */
#define MARK "metacall target"

struct shape {
    long positional_only, positional, keyword_only, flags;
    PyObject *names; /* co_varnames */
};

static int read_number(PyObject *code, const char *name, long *ret_number)
{
    PyObject *number = PyObject_GetAttrString(code, name);
    if (number == NULL)
        return -1;
    *ret_number = PyLong_AsLong(number);
    Py_DECREF(number);
    return *ret_number == -1 && PyErr_Occurred() ? -1 : 0;
}

static int shape_init(struct shape *shape, PyObject *code)
{
    shape->names = NULL;
    if (read_number(code, "co_posonlyargcount", &shape->positional_only) != 0 ||
        read_number(code, "co_argcount", &shape->positional) != 0 ||
        read_number(code, "co_kwonlyargcount", &shape->keyword_only) != 0 ||
        read_number(code, "co_flags", &shape->flags) != 0)
        return -1;
    shape->names = PyObject_GetAttrString(code, "co_varnames");
    return shape->names != NULL ? 0 : -1;
}

/* Adds "format % name" to *text, which becomes NULL on failure. */
static void add(PyObject **text, const char *format, PyObject *name)
{
    PyObject *part = *text != NULL ? PyUnicode_FromFormat(format, name) : NULL, *joined = NULL;
    if (part != NULL)
        joined = PyUnicode_Concat(*text, part);
    Py_XDECREF(part);
    Py_XDECREF(*text);
    *text = joined;
}

/* The text of the function; parameters and arguments grow side by side. */
static PyObject *source_of(const struct shape *shape)
{
    PyObject *given = PyUnicode_FromString(""), *passed = PyUnicode_FromString(""), *text = NULL;
    long i, extra = shape->positional + shape->keyword_only;
    int many = (shape->flags & CO_VARARGS) != 0;
    for (i = 0; i < shape->positional; i++) {
        add(&given, "%U,", PyTuple_GetItem(shape->names, i));
        add(&passed, "%U,", PyTuple_GetItem(shape->names, i));
        if (i + 1 == shape->positional_only)
            add(&given, "/,", NULL);
    }
    if (many) {
        add(&given, "*%U,", PyTuple_GetItem(shape->names, extra));
        add(&passed, "*%U,", PyTuple_GetItem(shape->names, extra));
    } else if (shape->keyword_only > 0) {
        add(&given, "*,", NULL);
    }
    for (; i < extra; i++) {
        PyObject *name = PyTuple_GetItem(shape->names, i);
        add(&given, "%U,", name);
        add(&passed, "%U=", name);
        add(&passed, "%U,", name);
    }
    if (shape->flags & CO_VARKEYWORDS) {
        add(&given, "**%U,", PyTuple_GetItem(shape->names, extra + many));
        add(&passed, "**%U,", PyTuple_GetItem(shape->names, extra + many));
    }
    if (given != NULL && passed != NULL)
        text = PyUnicode_FromFormat("def f(%U): return (%s or 0)(%U)", given, "'" MARK "'", passed);
    Py_XDECREF(given);
    Py_XDECREF(passed);
    return text;
}

/* The code of the one function in `text`. */
static PyObject *compile_text(PyObject *text)
{
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, NULL);
    PyObject *module = utf8 != NULL ? Py_CompileString(utf8, "<metacall>", Py_file_input) : NULL;
    PyObject *constants = module != NULL ? PyObject_GetAttrString(module, "co_consts") : NULL;
    PyObject *code = constants != NULL ? PyTuple_GetItem(constants, 0) : NULL;
    Py_XINCREF(code);
    Py_XDECREF(constants);
    Py_XDECREF(module);
    return code;
}

/* The constants with `target` in place of its mark. */
static PyObject *constants_with(PyObject *code, PyObject *target)
{
    PyObject *constants = PyObject_GetAttrString(code, "co_consts"), *made;
    Py_ssize_t i, count = constants != NULL ? PyTuple_Size(constants) : 0;
    if (constants == NULL || (made = PyTuple_New(count)) == NULL) {
        Py_XDECREF(constants);
        return NULL;
    }
    for (i = 0; i < count; i++) {
        PyObject *item = PyTuple_GetItem(constants, i);
        if (PyUnicode_Check(item) && PyUnicode_CompareWithASCIIString(item, MARK) == 0)
            item = target;
        Py_INCREF(item);
        PyTuple_SetItem(made, i, item);
    }
    Py_DECREF(constants);
    return made;
}

/* All that a look at the function shows is the original's. */
static PyObject *dress(PyObject *bare, PyObject *original, PyObject *target)
{
    static const char *const taken[] = {"co_freevars",    "co_flags", "co_filename",
                                        "co_firstlineno", "co_name",  "co_qualname"};
    PyObject *changes = PyDict_New(), *constants = constants_with(bare, target), *empty, *replace;
    PyObject *code = NULL, *attribute;
    int rc = changes != NULL && constants != NULL
                 ? PyDict_SetItemString(changes, "co_consts", constants)
                 : -1;
    size_t i;
    for (i = 0; rc == 0 && i < sizeof taken / sizeof taken[0]; i++) {
        attribute = PyObject_GetAttrString(original, taken[i]);
        rc = attribute != NULL ? PyDict_SetItemString(changes, taken[i], attribute) : -1;
        Py_XDECREF(attribute);
    }
    empty = PyTuple_New(0);
    replace = PyObject_GetAttrString(bare, "replace");
    if (rc == 0 && empty != NULL && replace != NULL)
        code = PyObject_Call(replace, empty, changes);
    Py_XDECREF(replace);
    Py_XDECREF(empty);
    Py_XDECREF(constants);
    Py_XDECREF(changes);
    return code;
}

PyObject *py_trampoline_create(PyObject *function, PyObject *target)
{
    PyObject *original = PyObject_GetAttrString(function, "__code__");
    PyObject *text = NULL, *bare = NULL, *code = NULL;
    struct shape shape = {0, 0, 0, 0, NULL};
    if (original == NULL || shape_init(&shape, original) != 0 ||
        (text = source_of(&shape)) == NULL || (bare = compile_text(text)) == NULL)
        goto out;
    code = dress(bare, original, target);
out:
    Py_XDECREF(bare);
    Py_XDECREF(text);
    Py_XDECREF(shape.names);
    Py_XDECREF(original);
    return code;
}
