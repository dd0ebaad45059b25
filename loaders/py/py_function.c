/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A Python callable as a function of the registry: identity, calls from other languages. */
#include "py_function.h"

#include "py_error.h"
#include "py_identity.h"
#include "py_runtime.h"
#include "py_value.h"

#include <stdlib.h>
#include <string.h>

/* Arguments of a call that need no allocation. */
#define STACK_ARGUMENTS 8

/* What a function of ours has as its data. */
struct py_callable {
    PyObject *object;            /* held; NULL after the end */
    metacall_function *function; /* not held; NULL once it is gone; under py_identity_lock */
};

static struct py_identity callables; /* PyObject * -> struct py_callable * */

/* Another reference, unless the last one has just been given up on another thread. */
static metacall_function *revive(struct py_callable *callable)
{
    metacall_function *function;
    uint32_t refs = 0;
    py_identity_lock();
    function = callable->function;
    if (function != NULL)
        refs = __atomic_load_n(&function->refs, __ATOMIC_RELAXED);
    while (refs != 0 && !__atomic_compare_exchange_n(&function->refs, &refs, refs + 1, 1,
                                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        ;
    py_identity_unlock();
    return refs != 0 ? function : NULL;
}

static void release_callable(void *pointer)
{
    struct py_callable *callable = pointer;
    py_identity_remove(&callables, callable->object, callable);
    Py_DECREF(callable->object);
    free(callable);
}

static void function_destroy(metacall_function *function)
{
    struct py_callable *callable = function->data;
    py_identity_lock();
    callable->function = NULL;
    py_identity_unlock();
    if (callable->object != NULL)
        py_release_later(callable, release_callable);
    else
        free(callable); /* let go of when the interpreter ended */
}

static int function_describe(metacall_function *function)
{
    struct py_callable *callable = function->data;
    struct py_scope scope;
    int rc;
    if (py_enter(&scope) != 0)
        return -1;
    rc = py_describe(callable->object, function);
    if (rc != 0)
        rc = py_error_raise();
    py_leave(&scope);
    return rc;
}

/* ---------------------------------------------------------------------------------- the call */

static PyObject *keyword_names(const struct metacall_call *call)
{
    PyObject *names = PyTuple_New((Py_ssize_t)call->keyword_count), *name;
    size_t i;
    for (i = 0; names != NULL && i < call->keyword_count; i++) {
        if ((name = PyUnicode_InternFromString(call->keywords[i])) == NULL) {
            Py_DECREF(names);
            return NULL;
        }
        PyTuple_SetItem(names, (Py_ssize_t)i, name);
    }
    return names;
}

static __attribute__((noinline)) PyObject *argument_slowly(const metacall_value *value, size_t i)
{
    struct py_subject subject = {NULL, "argument", (Py_ssize_t)i + 1, NULL};
    return py_value_to_object(value, &subject);
}

static __attribute__((noinline)) int result_slowly(const metacall_function *function,
                                                   PyObject *result, metacall_value *ret)
{
    struct py_subject subject = {metacall_function_name(function), "result", 0, NULL};
    struct py_path path = {NULL, &subject, NULL, NULL, 0, 0};
    return py_value_from_object(result, ret, PY_KEEP_COPY, &path);
}

/* Calls with `args` (one more place in front) and gives its objects back. */
static inline PyObject *call_object(metacall_function *function, const struct metacall_call *call,
                                    PyObject **args)
{
    PyObject *names = NULL, *result = NULL;
    size_t i = 0;
    if (PY_UNLIKELY(call->keyword_count != 0) && (names = keyword_names(call)) == NULL)
        goto out;
    for (i = 0; i < call->count; i++) {
        args[i] = py_value_to_fast(call->args[i]);
        if (PY_UNLIKELY(args[i] == NULL) && (args[i] = argument_slowly(call->args[i], i)) == NULL)
            goto out;
    }
    result = py_api_vectorcall(((struct py_callable *)function->data)->object, args,
                               (call->count - call->keyword_count) | PY_VECTORCALL_OFFSET, names);
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
    PyObject *args[STACK_ARGUMENTS + 1];
    struct py_scope scope;
    int rc;
    if (PY_UNLIKELY(py_enter(&scope) != 0))
        return -1;
    if (PY_LIKELY(call->count <= STACK_ARGUMENTS))
        rc = take_result(function, call_object(function, call, args + 1), ret);
    else
        rc = call_many(function, call, ret);
    py_leave(&scope);
    return rc;
}

static const struct metacall_function_ops function_ops = {function_call, function_describe,
                                                          function_destroy};

/* --------------------------------------------------------------------------------- identity */

static metacall_function *create(PyObject *object)
{
    static PyObject *attribute;
    struct py_callable *callable = malloc(sizeof *callable);
    PyObject *name = NULL;
    const char *utf8 = NULL;
    if (attribute == NULL)
        attribute = PyUnicode_InternFromString("__name__");
    if (attribute != NULL)
        name = PyObject_GetAttr(object, attribute);
    if (name == NULL)
        PyErr_Clear();
    else if (PyUnicode_Check(name) && (utf8 = PyUnicode_AsUTF8AndSize(name, NULL)) == NULL)
        PyErr_Clear();
    if (callable == NULL ||
        (callable->function = metacall_function_create(
             py_runtime.loader,
             utf8 != NULL ? utf8 : py_error_type_name((PyObject *)Py_TYPE(object)), &function_ops,
             callable)) == NULL) {
        Py_XDECREF(name);
        free(callable);
        return NULL;
    }
    Py_XDECREF(name);
    Py_INCREF(object);
    callable->object = object;
    if (py_identity_put(&callables, object, callable) != 0)
        PyErr_Clear(); /* out of memory: it lives without its identity */
    return callable->function;
}

metacall_function *py_function_of(PyObject *object)
{
    metacall_function *function = py_proxy_function(object);
    struct py_callable *known;
    if (function != NULL) {
        metacall_function_reference(function);
        return function;
    }
    if ((known = py_identity_find(&callables, object)) != NULL &&
        (function = revive(known)) != NULL)
        return function;
    if ((function = create(object)) == NULL)
        return NULL;
    /* Types are checked before the function is entered, so they must be known by then. */
    if (py_describe_is_typed(object) && py_describe(object, function) != 0)
        PyErr_Clear();
    return function;
}

PyObject *py_function_home(const metacall_function *function)
{
    return function->ops == &function_ops ? ((struct py_callable *)function->data)->object : NULL;
}

PyObject *py_function_object(metacall_function *function)
{
    PyObject *home = py_function_home(function);
    if (home == NULL)
        return py_proxy_create(function);
    Py_INCREF(home);
    return home;
}

void py_function_finish(void)
{
    size_t i;
    for (i = 0; i < callables.capacity; i++) {
        struct py_callable *callable = callables.slots[i].value;
        if (callable != NULL)
            Py_CLEAR(callable->object);
    }
    py_identity_finish(&callables);
}
