/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A Python callable as a function of the registry: identity, calls from other languages. */
#include "py_function.h"

#include "py_arguments.h"
#include "py_error.h"
#include "py_home.h"
#include "py_intercept.h"
#include "py_runtime.h"

#include <stdlib.h>

static PyObject *object_of(const metacall_function *function)
{
    return ((struct py_home *)function->data)->object;
}

static void function_destroy(metacall_function *function)
{
    py_home_leave(function->data);
}

static int function_describe(metacall_function *function)
{
    struct py_scope scope;
    int rc;
    if (py_enter(&scope) != 0)
        return -1;
    rc = py_describe(object_of(function), function);
    if (rc != 0)
        rc = py_error_raise();
    py_leave(&scope);
    return rc;
}

/* ---------------------------------------------------------------------------------- the call */

static __attribute__((noinline)) PyObject *argument_slowly(const metacall_function *function,
                                                           const metacall_value *value, size_t i)
{
    struct py_subject subject = {
        metacall_function_name(function), "argument", (Py_ssize_t)i + 1, NULL, 0, NULL};
    return py_value_to_object(value, &subject);
}

static __attribute__((noinline)) int result_slowly(const metacall_function *function,
                                                   PyObject *result, metacall_value *ret)
{
    struct py_subject subject = {metacall_function_name(function), "result", 0, NULL, 0, NULL};
    struct py_path path = {NULL, &subject, NULL, NULL, 0, 0};
    return py_value_from_object(result, ret, PY_KEEP_COPY, &path);
}

/* Calls with `args` (one more place in front) and gives its objects back. */
static inline PyObject *call_object(metacall_function *function, const struct metacall_call *call,
                                    PyObject **args)
{
    PyObject *names = NULL, *result = NULL;
    size_t i = 0, positional;
    if (PY_UNLIKELY(call->keyword_count != 0) && (names = py_arguments_names(call)) == NULL)
        goto out;
    for (i = 0; i < call->count; i++) {
        args[i] = py_value_to_fast(call->args[i]);
        if (PY_UNLIKELY(args[i] == NULL) &&
            (args[i] = argument_slowly(function, call->args[i], i)) == NULL)
            goto out;
    }
    positional = (call->count - call->keyword_count) | PY_VECTORCALL_OFFSET;
    if (PY_UNLIKELY(function->flags & METACALL_FUNCTION_INTERCEPTED))
        result = py_intercept_call(function, object_of(function), args, positional, names);
    else
        result = py_api_vectorcall(object_of(function), args, positional, names);
out:
    while (i-- > 0)
        Py_DECREF(args[i]);
    Py_XDECREF(names);
    return result;
}

static inline int take_result(const metacall_function *function, PyObject *result,
                              metacall_value *ret)
{
    int rc = 0;
    if (PY_LIKELY(result != NULL)) {
        if (PY_UNLIKELY(!py_value_from_fast(result, ret)))
            rc = result_slowly(function, result, ret);
        Py_DECREF(result);
        return rc;
    }
    if (PyErr_Occurred())
        py_error_raise();
    return -1;
}

static __attribute__((noinline)) int
call_many(metacall_function *function, const struct metacall_call *call, metacall_value *ret)
{
    PyObject *result, **args = malloc((call->count + 1) * sizeof *args);
    if (args == NULL)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    result = call_object(function, call, args + 1);
    free(args);
    return take_result(function, result, ret);
}

static int function_call(metacall_function *function, const struct metacall_call *call,
                         metacall_value *ret)
{
    PyObject *args[PY_ARGUMENTS_STACK + 1];
    struct py_scope scope;
    int rc;
    if (PY_UNLIKELY(py_enter(&scope) != 0))
        return -1;
    if (PY_LIKELY(call->count <= PY_ARGUMENTS_STACK))
        rc = take_result(function, call_object(function, call, args + 1), ret);
    else
        rc = call_many(function, call, ret);
    py_leave(&scope);
    return rc;
}

static int function_intercept(metacall_function *function, int on)
{
    struct py_scope scope;
    int rc;
    if (py_enter(&scope) != 0)
        return -1;
    rc = py_intercept(function, object_of(function), on);
    py_leave(&scope);
    return rc;
}

static const struct metacall_function_ops function_ops = {function_call, function_describe,
                                                          function_destroy, function_intercept};

/* --------------------------------------------------------------------------------- identity */

static metacall_function *create(PyObject *object)
{
    static PyObject *attribute;
    struct py_home *home = calloc(1, sizeof *home);
    metacall_function *function = NULL;
    PyObject *name = NULL;
    const char *utf8 = NULL;
    if (attribute == NULL)
        attribute = PyUnicode_InternFromString("__name__");
    if (attribute != NULL)
        name = PyObject_GetAttr(object, attribute);
    if (name != NULL && PyUnicode_Check(name))
        utf8 = PyUnicode_AsUTF8AndSize(name, NULL);
    PyErr_Clear();
    if (home != NULL)
        function = metacall_function_create(
            py_runtime.loader,
            utf8 != NULL ? utf8 : py_error_type_name((PyObject *)Py_TYPE(object)), &function_ops,
            home);
    Py_XDECREF(name);
    if (function == NULL) {
        free(home);
        return NULL;
    }
    py_home_keep(home, PY_HOME_FUNCTION, object, function, &function->refs);
    return function;
}

metacall_function *py_function_of(PyObject *object)
{
    metacall_function *function = py_proxy_function(object);
    if (function != NULL) {
        metacall_function_reference(function);
        return function;
    }
    if ((function = py_home_find(object, PY_HOME_FUNCTION)) != NULL)
        return function;
    if ((function = create(object)) == NULL)
        return NULL;
    /* What its annotations are is asked at the first call: they may name what is defined later. */
    if (py_describe_is_typed(object))
        function->flags |= METACALL_FUNCTION_TYPED;
    return function;
}

PyObject *py_function_home(const metacall_function *function)
{
    return function->ops == &function_ops ? object_of(function) : NULL;
}

PyObject *py_function_object(metacall_function *function)
{
    PyObject *home = py_function_home(function);
    if (home == NULL)
        return py_proxy_create(function);
    Py_INCREF(home);
    return home;
}
