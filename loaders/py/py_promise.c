/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* metacall.Future: the result of another language that comes later. Awaited in any asyncio loop, or
 * waited for by a thread, which gives up the interpreter's lock and can be interrupted. */
#include "py_future.h"

#include "py_async.h"
#include "py_error.h"
#include "py_identity.h"
#include "py_kind.h"
#include "py_runtime.h"
#include "py_value.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICE_MS 50 /* how often a waiting thread looks for a signal */

struct py_promise {
    PyObject_HEAD metacall_future *future; /* held */
    PyObject *result;                      /* once asked for */
    PyObject *exception;
    PyObject *weak_references;
    int seen; /* somebody has asked for the outcome, or was given the future */
};

/* A future that was let go of before it settled, and that nobody had asked for. */
struct dropped {
    int taken; /* it has come to Python again: what becomes of it is up to its new object */
};

static struct py_identity promises; /* metacall_future * -> PyObject *, not held */
static struct py_identity drops;    /* metacall_future * -> struct dropped * */
static PyObject *promise_type;

static struct py_promise *promise_of(PyObject *self)
{
    return (struct py_promise *)self;
}

static uint32_t state_of(PyObject *self)
{
    return __atomic_load_n(&promise_of(self)->future->state, __ATOMIC_ACQUIRE);
}

/* -------------------------------------------------------------------------------- the settled one
 */

/* Converts what the future has settled with, once. 0, or -1 with an exception set. */
static int take(struct py_promise *promise)
{
    static const struct py_subject subject = {NULL, "result of a future", 0, NULL, 0, NULL};
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    promise->seen = 1;
    if (promise->result != NULL || promise->exception != NULL)
        return 0;
    if (metacall_future_result(promise->future, &value, &error) == METACALL_FUTURE_REJECTED)
        promise->exception = py_error_object(error);
    else if ((promise->result = py_value_to(value, &subject)) == NULL)
        py_error_to_python();
    return promise->result != NULL || promise->exception != NULL ? 0 : -1;
}

static int is_cancelled(struct py_promise *promise)
{
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    return metacall_future_result(promise->future, &value, &error) == METACALL_FUTURE_REJECTED &&
           error->code == METACALL_ERROR_CANCELLED;
}

static PyObject *raise(PyObject *exception)
{
    PyObject *type = (PyObject *)Py_TYPE(exception);
    Py_INCREF(type);
    Py_INCREF(exception);
    PyErr_Restore(type, exception, PyException_GetTraceback(exception));
    return NULL;
}

static PyObject *settled_result(struct py_promise *promise)
{
    if (take(promise) != 0)
        return NULL;
    if (promise->exception != NULL)
        return raise(promise->exception);
    Py_INCREF(promise->result);
    return promise->result;
}

/* ---------------------------------------------------------------------------------------- waiting
 */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Waits for a moment without the lock. 1 = settled, 0 = not yet, -1 with an exception set. */
static int wait_slice(metacall_future *future, unsigned timeout_ms)
{
    struct py_parked parked;
    metacall_error *error;
    int rc;
    py_park(&parked);
    rc = metacall_future_wait(future, timeout_ms);
    py_unpark(&parked);
    if (rc == 0)
        return 1;
    error = metacall_error_take();
    if (error != NULL && error->code != METACALL_ERROR_TIMEOUT) {
        metacall_error_set(error);
        py_error_to_python();
        return -1;
    }
    metacall_error_release(error);
    return PyErr_CheckSignals() == 0 ? 0 : -1;
}

/* Until it has settled; `limit` in seconds, below zero = for ever. 0, or -1 with an exception set.
 */
static int wait_for(PyObject *self, double limit)
{
    double end = now() + limit, left;
    int rc = state_of(self) != METACALL_FUTURE_PENDING;
    while (rc == 0) {
        left = limit < 0 ? SLICE_MS : (end - now()) * 1000;
        rc = wait_slice(promise_of(self)->future, left < 0          ? 0
                                                  : left < SLICE_MS ? (unsigned)left + 1
                                                                    : SLICE_MS);
        if (rc == 0 && limit >= 0 && now() >= end) {
            metacall_error_raise(METACALL_ERROR_TIMEOUT,
                                 "the future has not settled within %g seconds", limit);
            py_error_to_python();
            rc = -1;
        }
    }
    return rc > 0 ? 0 : -1;
}

/* (timeout=None) */
static int wait_as_told(PyObject *self, PyObject *args, PyObject *names, const char *format)
{
    static char *keywords[] = {"timeout", NULL};
    PyObject *timeout = Py_None;
    double limit = -1;
    if (!PyArg_ParseTupleAndKeywords(args, names, format, keywords, &timeout))
        return -1;
    promise_of(self)->seen = 1;
    if (timeout != Py_None) {
        limit = PyFloat_AsDouble(timeout);
        if (limit == -1 && PyErr_Occurred())
            return -1;
        limit = limit < 0 ? 0 : limit;
    }
    return wait_for(self, limit);
}

static PyObject *promise_result(PyObject *self, PyObject *args, PyObject *names)
{
    if (wait_as_told(self, args, names, "|O:result") != 0)
        return NULL;
    return settled_result(promise_of(self));
}

static PyObject *promise_exception(PyObject *self, PyObject *args, PyObject *names)
{
    struct py_promise *promise = promise_of(self);
    PyObject *exception;
    if (wait_as_told(self, args, names, "|O:exception") != 0 || take(promise) != 0)
        return NULL;
    if (is_cancelled(promise))
        return raise(promise->exception);
    exception = promise->exception != NULL ? promise->exception : Py_None;
    Py_INCREF(exception);
    return exception;
}

/* ----------------------------------------------------------------------------------------- states
 */

static PyObject *promise_done(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(state_of(self) != METACALL_FUTURE_PENDING);
}

static PyObject *promise_cancelled(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(is_cancelled(promise_of(self)));
}

static PyObject *promise_cancel(PyObject *self, PyObject *unused)
{
    struct py_parked parked;
    int rc;
    (void)unused;
    if (state_of(self) != METACALL_FUTURE_PENDING)
        return PyBool_FromLong(0);
    py_park(&parked);
    rc = metacall_future_cancel(promise_of(self)->future);
    py_unpark(&parked);
    if (rc == 0)
        promise_of(self)->seen = 1;
    return rc == 0 ? PyBool_FromLong(1) : py_error_to_python();
}

/* -------------------------------------------------------------------------------------- callbacks
 */

struct callback {
    PyObject *promise, *function;
};

static void callback_free(void *pointer)
{
    struct callback *callback = pointer;
    Py_DECREF(callback->promise);
    Py_DECREF(callback->function);
    free(callback);
}

/* On the thread that settles the future; no loop runs in the one that asked for the call. */
static void call_back(metacall_future *future, void *data)
{
    struct callback *callback = data;
    struct py_scope scope;
    PyObject *done;
    (void)future;
    if (py_enter(&scope) != 0) {
        metacall_error_release(metacall_error_take());
        return; /* the interpreter has ended: nobody is there to be told */
    }
    done = PyObject_CallFunctionObjArgs(callback->function, callback->promise, NULL);
    if (done == NULL)
        PyErr_WriteUnraisable(callback->function);
    Py_XDECREF(done);
    callback_free(callback);
    py_leave(&scope);
}

/* 1 when a running loop of asyncio takes care of it. */
static int call_back_in_loop(PyObject *self, PyObject *function)
{
    PyObject *module = py_kind_loaded("asyncio"), *ask, *taken = NULL;
    int rc = 0;
    if (module == NULL)
        return 0;
    Py_DECREF(module);
    if ((ask = py_async("call_back")) != NULL)
        taken = PyObject_CallFunctionObjArgs(ask, self, function, NULL);
    rc = taken != NULL ? taken == Py_True : -1;
    Py_XDECREF(taken);
    return rc;
}

static PyObject *promise_add_done_callback(PyObject *self, PyObject *function)
{
    struct py_parked parked;
    struct callback *callback;
    int rc = call_back_in_loop(self, function);
    promise_of(self)->seen = 1;
    if (rc == 0) {
        if ((callback = malloc(sizeof *callback)) == NULL)
            return PyErr_NoMemory();
        Py_INCREF(self);
        Py_INCREF(function);
        callback->promise = self;
        callback->function = function;
        py_park(&parked);
        rc = metacall_future_then(promise_of(self)->future, call_back, callback);
        py_unpark(&parked);
        if (rc != 0) {
            callback_free(callback);
            return py_error_to_python();
        }
    } else if (rc < 0) {
        return NULL;
    }
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *promise_await(PyObject *self)
{
    PyObject *wait = py_async("wait");
    return wait != NULL ? PyObject_CallFunctionObjArgs(wait, self, NULL) : NULL;
}

/* --------------------------------------------------------------------------------------- the type
 */

static const char *tag_of(const metacall_future *future)
{
    return future->loader != NULL ? metacall_loader_tag(future->loader) : "c";
}

static PyObject *promise_repr(PyObject *self)
{
    static const char *const states[] = {"pending", "resolved", "rejected"};
    const char *state = is_cancelled(promise_of(self)) ? "cancelled" : states[state_of(self)];
    return PyUnicode_FromFormat("<%s future %s at %p>", tag_of(promise_of(self)->future), state,
                                self);
}

static PyObject *get_language(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(tag_of(promise_of(self)->future));
}

static int promise_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(promise_of(self)->result);
    Py_VISIT(promise_of(self)->exception);
    Py_VISIT((PyObject *)Py_TYPE(self));
    return 0;
}

static int promise_clear(PyObject *self)
{
    Py_CLEAR(promise_of(self)->result);
    Py_CLEAR(promise_of(self)->exception);
    return 0;
}

/* A failure that nobody has asked for is told to sys.unraisablehook, as asyncio tells of its own
 * futures: it would be lost without a word. */
static void tell_of_failure(metacall_future *future)
{
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    PyObject *type, *exception, *traceback, *what, *failure = NULL;
    if (py_runtime.ended ||
        metacall_future_result(future, &value, &error) != METACALL_FUTURE_REJECTED ||
        error->code != METACALL_ERROR_GUEST)
        return;
    PyErr_Fetch(&type, &exception, &traceback);
    what = PyUnicode_FromFormat("a %s future whose failure was never asked for", tag_of(future));
    if (what != NULL && (failure = py_error_object(error)) != NULL)
        raise(failure);
    PyErr_WriteUnraisable(what);
    Py_XDECREF(failure);
    Py_XDECREF(what);
    PyErr_Restore(type, exception, traceback);
}

/* On the thread that settles the future. */
static void dropped_settled(metacall_future *future, void *data)
{
    struct dropped *dropped = data;
    struct py_scope scope;
    if (py_enter(&scope) != 0) {
        metacall_error_release(metacall_error_take());
        return; /* the interpreter has ended, and the table with it */
    }
    py_identity_remove(&drops, future, dropped);
    if (!dropped->taken)
        tell_of_failure(future);
    free(dropped);
    py_leave(&scope);
}

/* Nobody has asked, and it has not settled: its failure is told of when it fails. */
static void drop_pending(metacall_future *future)
{
    struct dropped *dropped = py_identity_find(&drops, future);
    struct py_parked parked;
    if (dropped != NULL) {
        dropped->taken = 0;
        return;
    }
    if ((dropped = calloc(1, sizeof *dropped)) == NULL ||
        py_identity_put(&drops, future, dropped) != 0) {
        free(dropped);
        return;
    }
    py_park(&parked);
    if (metacall_future_then(future, dropped_settled, dropped) != 0)
        metacall_error_release(metacall_error_take());
    py_unpark(&parked);
}

static void drop(struct py_promise *promise)
{
    if (promise->seen || py_runtime.ended)
        return;
    if (state_of((PyObject *)promise) == METACALL_FUTURE_PENDING)
        drop_pending(promise->future);
    else
        tell_of_failure(promise->future);
}

static void promise_dealloc(PyObject *self)
{
    struct py_promise *promise = promise_of(self);
    PyTypeObject *type = Py_TYPE(self);
    metacall_future *future = promise->future;
    void (*release)(void *) = (void (*)(void *))PyType_GetSlot(type, Py_tp_free);
    PyObject_GC_UnTrack(self);
    py_identity_remove(&promises, future, self);
    if (promise->weak_references != NULL)
        PyObject_ClearWeakRefs(self);
    drop(promise);
    promise_clear(self);
    release(self);
    Py_DECREF((PyObject *)type);
    metacall_future_release(future);
}

static PyObject *promise_new(PyTypeObject *type, PyObject *args, PyObject *names)
{
    (void)type, (void)args, (void)names;
    PyErr_SetString(PyExc_TypeError, "metacall.Future cannot be instantiated");
    return NULL;
}

static PyMethodDef methods[] = {
    {"result", (PyCFunction)(void *)promise_result, METH_VARARGS | METH_KEYWORDS,
     "result(timeout=None)\n--\n\nWaits in this thread and returns the result, or raises what the "
     "work failed with.\nRaises TimeoutError after so many seconds."},
    {"exception", (PyCFunction)(void *)promise_exception, METH_VARARGS | METH_KEYWORDS,
     "exception(timeout=None)\n--\n\nWaits in this thread and returns what the work failed with, "
     "or "
     "None."},
    {"done", promise_done, METH_NOARGS, "done()\n--\n\nHas it settled?"},
    {"cancelled", promise_cancelled, METH_NOARGS, "cancelled()\n--\n\nWas it cancelled?"},
    {"cancel", promise_cancel, METH_NOARGS,
     "cancel()\n--\n\nAsks the work to end. False when it has settled already."},
    {"add_done_callback", promise_add_done_callback, METH_O,
     "add_done_callback(function)\n--\n\nCalls function(future) once it has settled: in the loop "
     "that runs in this thread, or\nwithout one on the thread that settles it."},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef getset[] = {
    {"language", get_language, NULL, "Tag of the loader that the future belongs to.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET,
                                 offsetof(struct py_promise, weak_references), READONLY, NULL},
                                {NULL, 0, 0, 0, NULL}};

static PyType_Slot slots[] = {{Py_tp_new, promise_new},
                              {Py_tp_dealloc, promise_dealloc},
                              {Py_tp_traverse, promise_traverse},
                              {Py_tp_clear, promise_clear},
                              {Py_tp_repr, promise_repr},
                              {Py_am_await, promise_await},
                              {Py_tp_methods, methods},
                              {Py_tp_getset, getset},
                              {Py_tp_members, members},
                              {Py_tp_doc,
                               "A result of another language that comes later: await it, "
                               "or wait with result()."},
                              {0, NULL}};

static PyType_Spec spec = {"metacall.Future", sizeof(struct py_promise), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};

PyObject *py_promise_type(void)
{
    if (promise_type == NULL)
        promise_type = PyType_FromSpec(&spec);
    return promise_type;
}

PyObject *py_promise_create(metacall_future *future)
{
    PyObject *known = py_identity_find(&promises, future), *type;
    struct dropped *dropped = py_identity_find(&drops, future);
    struct py_promise *promise;
    if (known != NULL) {
        Py_INCREF(known);
        return known;
    }
    if ((type = py_promise_type()) == NULL ||
        (promise = (struct py_promise *)PyType_GenericAlloc((PyTypeObject *)type, 0)) == NULL)
        return NULL;
    if (dropped != NULL)
        dropped->taken = 1;
    metacall_future_reference(future);
    promise->future = future;
    py_identity_put(&promises, future, promise); /* out of memory: it lives without its identity */
    return (PyObject *)promise;
}

metacall_future *py_promise_future(PyObject *object)
{
    return promise_type != NULL && Py_TYPE(object) == (PyTypeObject *)promise_type
               ? promise_of(object)->future
               : NULL;
}

metacall_future *py_promise_pass(PyObject *object)
{
    metacall_future *future = py_promise_future(object);
    if (future != NULL)
        promise_of(object)->seen = 1;
    return future;
}

void py_promise_finish(void)
{
    Py_CLEAR(promise_type);
    py_identity_finish(&promises);
    py_identity_finish(&drops);
}
