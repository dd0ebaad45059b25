/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Coroutines and asyncio's futures as futures of the library: see py_future.h. */
#include "py_future.h"

#include "py_async.h"
#include "py_error.h"
#include "py_home.h"
#include "py_kind.h"
#include "py_runtime.h"
#include "py_value.h"

#include <stdlib.h>

#define CAPSULE "metacall.future"
#define CO_ITERABLE_COROUTINE 0x100

/* What a future of ours has as its native. */
struct py_work {
    struct py_home home; /* first: the coroutine, task or asyncio future */
    PyObject *work;      /* its _Work of async.py */
};

static void release_work(struct py_home *home)
{
    Py_CLEAR(((struct py_work *)home)->work);
}

/* ------------------------------------------------------------------------------ what it settles */

/* Neither callbacks of others nor their release may run under Python's lock. */
static void settle(metacall_future *future, metacall_value *value, metacall_error *error)
{
    struct py_parked parked;
    py_park(&parked);
    if (error != NULL)
        metacall_future_reject(future, error);
    else
        metacall_future_resolve(future, value);
    py_unpark(&parked);
}

/* Called by the loop with the task that is done; `capsule` holds a reference to the future. */
static PyObject *task_done(PyObject *capsule, PyObject *task)
{
    static const struct py_subject subject = {NULL, "result of a coroutine", 0, NULL, 0, NULL};
    struct py_path path = {NULL, &subject, NULL, NULL, 0, 0};
    metacall_future *future = PyCapsule_GetPointer(capsule, CAPSULE);
    metacall_value value = METACALL_SLOT_INIT;
    metacall_error *error = NULL;
    PyObject *result;
    if (future == NULL)
        return NULL;
    if ((result = PyObject_CallMethod(task, "result", NULL)) == NULL)
        py_error_raise();
    if (result == NULL || py_value_from(result, &value, PY_KEEP_COPY, &path) != 0)
        error = metacall_error_take();
    Py_XDECREF(result);
    settle(future, &value, error);
    Py_INCREF(Py_None);
    return Py_None;
}

static PyMethodDef done_method = {"metacall_settle", task_done, METH_O, NULL};

static void capsule_ends(PyObject *capsule)
{
    metacall_future_release(PyCapsule_GetPointer(capsule, CAPSULE));
}

/* A function that settles `future`, which it holds: as long as the work may still end. */
static PyObject *settler(metacall_future *future)
{
    PyObject *capsule = PyCapsule_New(future, CAPSULE, capsule_ends), *function;
    if (capsule == NULL)
        return NULL;
    metacall_future_reference(future);
    function = PyCFunction_New(&done_method, capsule);
    Py_DECREF(capsule);
    return function;
}

/* ------------------------------------------------------------------------------ what others ask */

static int work_cancel(metacall_future *future)
{
    struct py_work *native = future->native;
    struct py_scope scope;
    PyObject *done;
    if (py_enter(&scope) != 0)
        return -1;
    if ((done = PyObject_CallMethod(native->work, "cancel", NULL)) == NULL)
        py_error_raise();
    Py_XDECREF(done);
    py_leave(&scope);
    return done != NULL ? 0 : -1;
}

static int work_wait(metacall_future *future)
{
    struct py_work *native = future->native;
    struct py_scope scope;
    PyObject *here;
    int is_here;
    if (py_enter(&scope) != 0)
        return -1;
    here = PyObject_CallMethod(native->work, "is_here", NULL);
    is_here = here == Py_True;
    Py_XDECREF(here);
    PyErr_Clear();
    py_leave(&scope);
    if (is_here)
        return metacall_error_raise(METACALL_ERROR_DEADLOCK,
                                    "this thread runs the event loop that the coroutine needs: "
                                    "await it instead");
    return 0;
}

static void work_destroy(metacall_future *future)
{
    py_home_leave(future->native);
}

static const struct metacall_future_ops work_ops = {work_cancel, work_wait, work_destroy};

/* ------------------------------------------------------------------------------ what is started */

static metacall_future *create(PyObject *awaitable)
{
    struct py_work *native = calloc(1, sizeof *native);
    metacall_future *future;
    if (native == NULL) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    native->home.release = release_work;
    if ((future = metacall_future_create(py_runtime.loader, &work_ops, native)) == NULL) {
        free(native);
        return NULL;
    }
    Py_INCREF(Py_None);
    native->work = Py_None;
    py_home_keep(&native->home, PY_HOME_FUTURE, awaitable, future, &future->refs);
    return future;
}

/* Starts `awaitable`, or follows it; `iterator` says which loop it is bound to, or is NULL. */
static int begin(PyObject *awaitable, PyObject *iterator, metacall_value *slot)
{
    PyObject *start = py_async("start"), *done = NULL, *work = NULL;
    metacall_future *future = start != NULL ? create(awaitable) : NULL;
    if (future != NULL && (done = settler(future)) != NULL)
        work = PyObject_CallFunctionObjArgs(start, awaitable, done,
                                            iterator != NULL ? iterator : Py_None, NULL);
    if (work != NULL) {
        struct py_work *native = future->native;
        Py_DECREF(native->work);
        native->work = work;
        metacall_slot_future(slot, future);
    } else if (PyErr_Occurred()) {
        py_error_raise();
    }
    Py_XDECREF(done);
    metacall_future_release(future);
    return work != NULL ? 0 : -1;
}

static long code_flags(PyObject *generator)
{
    PyObject *code = PyObject_GetAttrString(generator, "gi_code"), *flags = NULL;
    long bits = 0;
    if (code != NULL && (flags = PyObject_GetAttrString(code, "co_flags")) != NULL)
        bits = PyLong_AsLong(flags);
    Py_XDECREF(flags);
    Py_XDECREF(code);
    PyErr_Clear();
    return bits;
}

/* As asyncio itself would tell. */
static int is_future(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyCoro_Type)
        return 1;
    if (type == &PyGen_Type)
        return (code_flags(object) & CO_ITERABLE_COROUTINE) != 0;
    return py_kind_special(type, "_asyncio_future_blocking") != NULL;
}

int py_future_from(PyObject *object, metacall_value *slot)
{
    metacall_future *future = py_promise_pass(object);
    if (future != NULL) {
        metacall_slot_future(slot, future);
        return 0;
    }
    if (!is_future(object))
        return 1;
    if ((future = py_home_find(object, PY_HOME_FUTURE)) != NULL) {
        metacall_slot_future(slot, future);
        metacall_future_release(future);
        return 0;
    }
    return begin(object, NULL, slot);
}

/* Calls `name` of async.py with the iterator and starts the coroutine that it gives. */
static int begin_with(const char *name, PyObject *iterator, metacall_value *slot)
{
    PyObject *function = py_async(name), *coroutine = NULL;
    int rc;
    if (function != NULL)
        coroutine = PyObject_CallFunctionObjArgs(function, iterator, NULL);
    if (coroutine == NULL)
        return py_error_raise();
    rc = begin(coroutine, iterator, slot);
    Py_DECREF(coroutine);
    return rc;
}

int py_future_step(PyObject *iterator, metacall_value *slot)
{
    return begin_with("step", iterator, slot);
}

int py_future_close(PyObject *generator, metacall_value *slot)
{
    return begin_with("close", generator, slot);
}

PyObject *py_future_to(metacall_future *future)
{
    struct py_work *native;
    PyObject *home;
    if (future->ops != &work_ops)
        return py_promise_create(future);
    native = future->native;
    if (!Py_IS_TYPE(native->home.object, &PyCoro_Type) &&
        !Py_IS_TYPE(native->home.object, &PyGen_Type)) {
        Py_INCREF(native->home.object);
        return native->home.object;
    }
    /* A coroutine runs already: it is awaited through its task, or through the future itself. */
    if ((home = PyObject_CallMethod(native->work, "home", NULL)) == NULL)
        return NULL;
    if (home != Py_None)
        return home;
    Py_DECREF(home);
    return py_promise_create(future);
}
