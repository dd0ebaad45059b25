/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Signatures read from code objects directly: nothing is imported, no user code runs but lazy
 * annotations (3.14), whose failure is no failure of ours. */
#include "py_function.h"

#include "py_runtime.h"

#include <string.h>

#define CO_VARARGS 0x04
#define CO_VARKEYWORDS 0x08
#define CO_COROUTINE 0x80
#define CO_ITERABLE_COROUTINE 0x100
#define UNWRAP 16

static void flag(metacall_function *function, uint32_t bit)
{
    __atomic_or_fetch(&function->flags, bit, __ATOMIC_RELEASE);
}

/* A borrowed look at an attribute that its owner keeps; NULL and nothing set where it is missing.
 */
static PyObject *look(PyObject *object, const char *name)
{
    PyObject *attribute = PyObject_GetAttrString(object, name);
    if (attribute == NULL)
        PyErr_Clear();
    return attribute;
}

static long number(PyObject *object, const char *name)
{
    PyObject *attribute = look(object, name);
    long value = attribute != NULL ? PyLong_AsLong(attribute) : 0;
    Py_XDECREF(attribute);
    PyErr_Clear();
    return value;
}

/* The types that an annotation can name, as an object or, with postponed evaluation, as text. */
static enum metacall_value_id kind_of(PyObject *annotation)
{
    static const struct {
        PyTypeObject *type;
        const char *name;
        enum metacall_value_id id;
    } kinds[] = {
        {&PyLong_Type, "int", METACALL_LONG},      {&PyFloat_Type, "float", METACALL_DOUBLE},
        {&PyUnicode_Type, "str", METACALL_STRING}, {&PyBool_Type, "bool", METACALL_BOOL},
        {&PyBytes_Type, "bytes", METACALL_BUFFER}, {&PyList_Type, "list", METACALL_ARRAY},
        {&PyDict_Type, "dict", METACALL_MAP},
    };
    size_t i;
    for (i = 0; annotation != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
        if (annotation == (PyObject *)kinds[i].type ||
            (PyUnicode_Check(annotation) &&
             PyUnicode_CompareWithASCIIString(annotation, kinds[i].name) == 0))
            return kinds[i].id;
    return METACALL_INVALID;
}

/* What a function is made of; new references, NULL where it has none. */
struct parts {
    PyObject *code, *defaults, *keyword_defaults, *annotations, *names;
};

static int parts_init(struct parts *parts, PyObject *function)
{
    parts->code = look(function, "__code__");
    parts->defaults = look(function, "__defaults__");
    parts->keyword_defaults = look(function, "__kwdefaults__");
    parts->annotations = look(function, "__annotations__");
    parts->names = parts->code != NULL ? look(parts->code, "co_varnames") : NULL;
    return parts->names != NULL && PyTuple_Check(parts->names) ? 0 : -1;
}

static void parts_finish(struct parts *parts)
{
    Py_XDECREF(parts->code);
    Py_XDECREF(parts->defaults);
    Py_XDECREF(parts->keyword_defaults);
    Py_XDECREF(parts->annotations);
    Py_XDECREF(parts->names);
}

static PyObject *default_of(const struct parts *parts, long i, long positional)
{
    Py_ssize_t count;
    if (i >= positional)
        return parts->keyword_defaults != NULL && PyDict_Check(parts->keyword_defaults)
                   ? PyDict_GetItem(parts->keyword_defaults, PyTuple_GetItem(parts->names, i))
                   : NULL;
    if (parts->defaults == NULL || !PyTuple_Check(parts->defaults))
        return NULL;
    count = PyTuple_Size(parts->defaults);
    return i < positional - count ? NULL
                                  : PyTuple_GetItem(parts->defaults, i - (positional - count));
}

/* One parameter. A default of None makes any type an option; behind *args a position says nothing
 * about which parameter an argument is for, so there is nothing to check. */
static int describe_parameter(metacall_function *function, const struct parts *parts, long i,
                              long positional, int loose)
{
    PyObject *name = PyTuple_GetItem(parts->names, i),
             *otherwise = default_of(parts, i, positional);
    enum metacall_value_id type = METACALL_INVALID;
    const char *utf8 = name != NULL ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
    if (utf8 == NULL)
        return -1;
    if (!loose && otherwise != Py_None && parts->annotations != NULL &&
        PyDict_Check(parts->annotations))
        type = kind_of(PyDict_GetItem(parts->annotations, name));
    return metacall_function_parameter(function, utf8, type, otherwise == NULL);
}

static int describe_function(PyObject *callable, metacall_function *function, long skip, int loose)
{
    struct parts parts;
    long i, positional, keyword_only, flags;
    int rc = parts_init(&parts, callable);
    if (rc != 0)
        goto out;
    positional = number(parts.code, "co_argcount");
    keyword_only = number(parts.code, "co_kwonlyargcount");
    flags = number(parts.code, "co_flags");
    if (flags & (CO_VARARGS | CO_VARKEYWORDS))
        flag(function, METACALL_FUNCTION_VARIADIC);
    if (flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE))
        flag(function, METACALL_FUNCTION_ASYNC);
    flag(function, METACALL_FUNCTION_BIG);
    for (i = skip; rc == 0 && i < positional + keyword_only; i++)
        rc = describe_parameter(function, &parts, i, positional,
                                loose || (i >= positional && (flags & CO_VARARGS)));
    if (rc == 0 && !loose && parts.annotations != NULL && PyDict_Check(parts.annotations))
        metacall_function_result(function,
                                 kind_of(PyDict_GetItemString(parts.annotations, "return")));
out:
    parts_finish(&parts);
    PyErr_Clear();
    return rc;
}

/* "($self, a, b=2, /, *, c)": what builtins offer. */
static int describe_text(const char *text, metacall_function *function)
{
    char name[128];
    int depth = 0, rc = 0;
    const char *at = text, *end;
    while (rc == 0 && *at != '\0' && depth >= 0) {
        size_t length;
        while (*at == '(' || *at == ' ' || *at == ',')
            at++;
        for (end = at, depth = 0; *end != '\0' && (depth > 0 || (*end != ',' && *end != ')'));
             end++)
            depth += (*end == '(' || *end == '[') - (*end == ')' || *end == ']');
        length = strcspn(at, "=,) ");
        if (length > (size_t)(end - at))
            length = (size_t)(end - at);
        if (length > 1 && at[0] == '*')
            flag(function, METACALL_FUNCTION_VARIADIC);
        else if (length > 0 && length < sizeof name && at[0] != '$' && at[0] != '*' &&
                 at[0] != '/') {
            memcpy(name, at, length);
            name[length] = '\0';
            rc = metacall_function_parameter(function, name, METACALL_INVALID,
                                             memchr(at, '=', (size_t)(end - at)) == NULL);
        }
        if (*end == ')' || *end == '\0')
            break;
        at = end;
    }
    return rc;
}

static int describe_builtin(PyObject *callable, metacall_function *function)
{
    PyObject *text = look(callable, "__text_signature__");
    const char *utf8 =
        text != NULL && PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
    int rc = 0;
    if (utf8 != NULL)
        rc = describe_text(utf8, function);
    else
        flag(function, METACALL_FUNCTION_VARIADIC);
    Py_XDECREF(text);
    PyErr_Clear();
    return rc;
}

/* Follows what stands in front of a function: __wrapped__, a bound method, functools.partial, a
 * class's __init__, an instance's __call__. A new reference; *ret_skip grows by what is bound. */
static PyObject *underlying(PyObject *callable, long *ret_skip)
{
    PyObject *next, *args;
    if ((next = look(callable, "__wrapped__")) != NULL)
        return next;
    if (Py_IS_TYPE(callable, &PyMethod_Type)) {
        *ret_skip += 1;
        return look(callable, "__func__");
    }
    if (PyType_Check(callable)) {
        next = look(callable, "__init__");
        *ret_skip += next != NULL && Py_IS_TYPE(next, &PyFunction_Type);
        return next;
    }
    if ((next = look(callable, "func")) != NULL && (args = look(callable, "args")) != NULL) {
        *ret_skip += PyTuple_Check(args) ? PyTuple_Size(args) : 0;
        Py_DECREF(args);
        return next;
    }
    Py_XDECREF(next);
    next = look((PyObject *)Py_TYPE(callable), "__call__");
    if (next != NULL && Py_IS_TYPE(next, &PyFunction_Type)) {
        *ret_skip += 1;
        return next;
    }
    Py_XDECREF(next);
    return NULL;
}

/* Types are taken from a plain function alone: a wrapper may well accept others. */
int py_describe(PyObject *callable, metacall_function *function)
{
    PyObject *at = callable, *next;
    long skip = 0;
    int depth, rc;
    Py_INCREF(at);
    for (depth = 0; depth < UNWRAP; depth++) {
        int plain = Py_IS_TYPE(at, &PyFunction_Type);
        next = plain ? look(at, "__wrapped__") : underlying(at, &skip);
        if (next == NULL)
            break;
        Py_DECREF(at);
        at = next;
    }
    if (Py_IS_TYPE(at, &PyFunction_Type))
        rc = describe_function(at, function, skip, at != callable);
    else
        rc = describe_builtin(PyType_Check(callable) ? callable : at, function);
    Py_DECREF(at);
    return rc;
}

int py_describe_is_typed(PyObject *callable)
{
    static PyObject *name;
    PyObject *annotations, *wrapped;
    int typed = 0;
    if (!Py_IS_TYPE(callable, &PyFunction_Type))
        return 0;
    if (name == NULL)
        name =
            PyUnicode_InternFromString(py_runtime.minor >= 14 ? "__annotate__" : "__annotations__");
    annotations = name != NULL ? PyObject_GetAttr(callable, name) : NULL;
    if (annotations != NULL)
        typed = PyDict_Check(annotations) ? PyDict_Size(annotations) > 0 : annotations != Py_None;
    Py_XDECREF(annotations);
    PyErr_Clear();
    if (typed && (wrapped = look(callable, "__wrapped__")) != NULL) {
        Py_DECREF(wrapped); /* the types are those of what it wraps, not its own */
        typed = 0;
    }
    return typed;
}
