/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Interception with hooks written in Python, of functions of any language: what metacall.intercept
 * stands on. A hook of a call that Python itself made gets the caller's very objects. */
#include "py_port.h"

#include "py_arguments.h"
#include "py_error.h"
#include "py_function.h"
#include "py_intercept.h"
#include "py_runtime.h"

#include <metacall/intercept.h>

#include <stdlib.h>

#define CAPSULE "metacall.interception"

/* The hooks of one interception; each a callable or NULL. */
struct hooks {
    PyObject *before; /* (args, kwargs) -> None = go on, or (answer,) */
    PyObject *after;  /* (args, kwargs, result, exception) -> None = leave it, or (result,) */
};

static void hooks_release(void *pointer)
{
    struct hooks *hooks = pointer;
    Py_XDECREF(hooks->before);
    Py_XDECREF(hooks->after);
    free(hooks);
}

static void released(void *data)
{
    py_release_later(data, hooks_release);
}

/* ------------------------------------------------------------------------------- what they get */

/* Adds what `args`, all its arguments, has of keywords to a new dict, from `positional` on. */
static PyObject *keywords_of(PyObject *const *args, size_t positional, PyObject *names)
{
    PyObject *dict = PyDict_New();
    Py_ssize_t i, count = names != NULL ? PyTuple_Size(names) : 0;
    for (i = 0; dict != NULL && i < count; i++)
        if (PyDict_SetItem(dict, PyTuple_GetItem(names, i), args[positional + (size_t)i]) != 0)
            Py_CLEAR(dict);
    return dict;
}

static int pack(PyObject *const *args, size_t positional, PyObject *names, PyObject **ret_args,
                PyObject **ret_kwargs)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)positional), *dict;
    size_t i;
    for (i = 0; tuple != NULL && i < positional; i++) {
        Py_INCREF(args[i]);
        PyTuple_SetItem(tuple, (Py_ssize_t)i, args[i]);
    }
    dict = tuple != NULL ? keywords_of(args, positional, names) : NULL;
    if (dict == NULL) {
        Py_XDECREF(tuple);
        return -1;
    }
    *ret_args = tuple;
    *ret_kwargs = dict;
    return 0;
}

/* The call's arguments made into objects. 0, or -1 with an exception or the thread's error set. */
static int unpack(const struct metacall_call *call, PyObject **ret_args, PyObject **ret_kwargs)
{
    PyObject **objects = malloc((call->count + 1) * sizeof *objects), *names = NULL;
    size_t made = 0;
    int rc = -1;
    if (objects == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    made = py_arguments_objects(call, objects);
    if (made == call->count && (names = py_arguments_names(call)) != NULL)
        rc = pack(objects, call->count - call->keyword_count, names, ret_args, ret_kwargs);
    Py_XDECREF(names);
    while (made-- > 0)
        Py_DECREF(objects[made]);
    free(objects);
    return rc;
}

static int arguments_of(const struct metacall_call *call, const metacall_value *ret,
                        PyObject **ret_args, PyObject **ret_kwargs, PyObject **ret_result)
{
    struct py_native_call native;
    *ret_result = NULL;
    if (!py_intercept_native(call, ret, &native))
        return unpack(call, ret_args, ret_kwargs);
    Py_XINCREF(native.result);
    *ret_result = native.result;
    return pack(native.args, native.positional, native.names, ret_args, ret_kwargs);
}

/* ----------------------------------------------------------------------------------- the hooks */

/* What a hook returned: None, or a tuple of one value that goes into *ret. 0, 1 when it did, or -1
 * with the thread's error set. Takes `answer` over. */
static int take_answer(PyObject *answer, metacall_value *ret)
{
    int rc = 0;
    if (answer != NULL && PyTuple_Check(answer) && PyTuple_Size(answer) == 1) {
        metacall_slot_clear(ret);
        rc = py_intercept_watch(PyTuple_GetItem(answer, 0), ret) == 0 ? 1 : -1;
    } else if (answer == NULL) {
        rc = PyErr_Occurred() || metacall_error_peek() == NULL ? py_error_raise() : -1;
    }
    Py_XDECREF(answer);
    return rc;
}

/* A runtime that has ended has nothing to say any more: the call goes on without it. */
static int enter(struct py_scope *scope)
{
    metacall_error *kept = metacall_error_take();
    int rc = py_enter(scope);
    if (rc != 0)
        metacall_error_release(metacall_error_take());
    if (kept != NULL)
        metacall_error_set(kept);
    return rc;
}

static int before(metacall_function *function, const struct metacall_call *call,
                  metacall_value *ret, void *data)
{
    PyObject *args, *kwargs, *result, *answer = NULL;
    struct hooks *hooks = data;
    struct py_scope scope;
    int rc;
    (void)function;
    if (enter(&scope) != 0)
        return 0;
    if (arguments_of(call, ret, &args, &kwargs, &result) == 0) {
        answer = PyObject_CallFunctionObjArgs(hooks->before, args, kwargs, NULL);
        Py_DECREF(args);
        Py_DECREF(kwargs);
    }
    Py_XDECREF(result);
    rc = take_answer(answer, ret);
    py_leave(&scope);
    return rc;
}

/* What the call gave, as objects: a new result (or None) and a new exception (or None). The
 * thread's error is taken over in *ret_error. */
static int outcome_of(int failed, const metacall_value *ret, PyObject **result,
                      PyObject **ret_exception, metacall_error **ret_error)
{
    static const struct py_subject subject = {NULL, "result", 0, NULL, 0, NULL};
    *ret_exception = NULL;
    if ((*ret_error = failed ? metacall_error_take() : NULL) != NULL &&
        (*ret_exception = py_error_object(*ret_error)) == NULL)
        return -1;
    if (*ret_exception == NULL) {
        *ret_exception = Py_None;
        Py_INCREF(Py_None);
    }
    if (!failed && *result == NULL && (*result = py_value_to(ret, &subject)) == NULL)
        return -1;
    if (*result == NULL) {
        *result = Py_None;
        Py_INCREF(Py_None);
    }
    return 0;
}

static int after(metacall_function *function, const struct metacall_call *call, int result,
                 metacall_value *ret, void *data)
{
    PyObject *args = NULL, *kwargs = NULL, *given = NULL, *exception = NULL, *answer = NULL;
    struct hooks *hooks = data;
    metacall_error *error = NULL;
    struct py_scope scope;
    int rc;
    (void)function;
    if (enter(&scope) != 0)
        return result;
    if (arguments_of(call, ret, &args, &kwargs, &given) == 0 &&
        outcome_of(result != 0, ret, &given, &exception, &error) == 0)
        answer = PyObject_CallFunctionObjArgs(hooks->after, args, kwargs, given, exception, NULL);
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    Py_XDECREF(given);
    Py_XDECREF(exception);
    rc = take_answer(answer, ret);
    py_leave(&scope);
    if (rc == 0 && error != NULL) { /* nobody dealt with it */
        metacall_error_set(error);
        return -1;
    }
    metacall_error_release(error);
    return rc < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------------------------- the module */

/* The function for a name or a callable: a new reference, or NULL with an exception set. */
static metacall_function *function_for(PyObject *given)
{
    const char *name = PyUnicode_Check(given) ? PyUnicode_AsUTF8AndSize(given, NULL) : NULL;
    metacall_function *function = NULL;
    struct py_parked parked;
    if (name != NULL) {
        py_park(&parked);
        function = metacall_function_find(name);
        py_unpark(&parked);
    } else if (!PyErr_Occurred()) {
        function = py_function_of(given);
    }
    if (function == NULL && !PyErr_Occurred())
        py_error_to_python();
    return function;
}

static struct hooks *hooks_create(PyObject *before_hook, PyObject *after_hook)
{
    struct hooks *hooks = calloc(1, sizeof *hooks);
    if (hooks == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    hooks->before = before_hook != Py_None ? before_hook : NULL;
    hooks->after = after_hook != Py_None ? after_hook : NULL;
    Py_XINCREF(hooks->before);
    Py_XINCREF(hooks->after);
    return hooks;
}

/* (capsule, sees every call, why not) of a new interception. */
static PyObject *describe(metacall_interception *interception)
{
    enum metacall_intercept_scope scope = metacall_interception_scope(interception);
    metacall_error *reason = metacall_error_take();
    PyObject *capsule = PyCapsule_New(interception, CAPSULE, NULL), *all;
    const char *why = scope != METACALL_INTERCEPT_ALL && reason != NULL ? reason->message : NULL;
    all =
        Py_BuildValue("(NOz)", capsule, scope == METACALL_INTERCEPT_ALL ? Py_True : Py_False, why);
    metacall_error_release(reason);
    return all;
}

PyObject *py_port_intercept(PyObject *self, PyObject *args)
{
    PyObject *given, *before_hook, *after_hook;
    metacall_interception *interception;
    metacall_function *function;
    struct hooks *hooks;
    struct py_parked parked;
    (void)self;
    if (!PyArg_ParseTuple(args, "OOO:intercept", &given, &before_hook, &after_hook) ||
        (function = function_for(given)) == NULL)
        return NULL;
    if ((hooks = hooks_create(before_hook, after_hook)) == NULL) {
        metacall_function_release(function);
        return NULL;
    }
    py_park(&parked);
    interception = metacall_intercept(function, hooks->before != NULL ? before : NULL,
                                      hooks->after != NULL ? after : NULL, hooks, released);
    metacall_function_release(function);
    py_unpark(&parked);
    if (interception != NULL)
        return describe(interception);
    hooks_release(hooks);
    return py_error_to_python();
}

PyObject *py_port_intercept_remove(PyObject *self, PyObject *capsule)
{
    metacall_interception *interception = PyCapsule_GetPointer(capsule, CAPSULE);
    struct py_parked parked;
    int rc;
    (void)self;
    if (interception == NULL || PyCapsule_SetName(capsule, CAPSULE " (removed)") != 0)
        return NULL;
    py_park(&parked);
    rc = metacall_intercept_remove(interception);
    py_unpark(&parked);
    if (rc != 0)
        return py_error_to_python();
    Py_INCREF(Py_None);
    return Py_None;
}
