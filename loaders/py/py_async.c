/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Runs async.py, and gives it what only C can do: to be woken by another thread without Python's
 * lock. A waker is a descriptor that a loop reads; whoever settles a future puts what waits for it
 * on the waker's list and writes to the descriptor, once for all that the loop has not seen yet. */
#include "py_async.h"

#include "py_error.h"
#include "py_future.h"
#include "py_runtime.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CAPSULE "metacall.waker"

struct waiting {
    struct waiting *next;
    struct waker *waker; /* a reference */
    PyObject *waiter;    /* an asyncio future, held */
};

struct waker {
    uint32_t refs; /* atomic: the capsule, and each that waits */
    int descriptor;
    struct waiting *list; /* atomic; the newest first */
};

static struct waiting closed; /* the list of a waker whose loop is gone */

static PyObject *names; /* what async.py defines */

/* --------------------------------------------------------------------------------- the waker */

static void waker_release(struct waker *waker)
{
    if (__atomic_sub_fetch(&waker->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    close(waker->descriptor);
    free(waker);
}

/* The lock is held. */
static void waiting_free(void *pointer)
{
    struct waiting *item = pointer;
    Py_DECREF(item->waiter);
    waker_release(item->waker);
    free(item);
}

/* On the thread that settles the future, which holds no lock of ours. */
static void settled(metacall_future *future, void *data)
{
    struct waiting *item = data, *first;
    struct waker *waker = item->waker;
    const uint64_t one = 1;
    (void)future;
    __atomic_add_fetch(&waker->refs, 1, __ATOMIC_RELAXED);
    first = __atomic_load_n(&waker->list, __ATOMIC_ACQUIRE);
    do {
        item->next = first;
    } while (first != &closed && !__atomic_compare_exchange_n(&waker->list, &first, item, 1,
                                                              __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    if (first == &closed)
        py_release_later(item, waiting_free);
    else if (first == NULL)
        while (write(waker->descriptor, &one, sizeof one) < 0)
            ; /* a signal: it cannot be full */
    waker_release(waker);
}

static struct waker *waker_of(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, CAPSULE);
}

static void wake(PyObject *waiter)
{
    PyObject *done = PyObject_CallMethod(waiter, "done", NULL), *set = NULL;
    if (done == Py_False)
        set = PyObject_CallMethod(waiter, "set_result", "O", Py_None);
    Py_XDECREF(set);
    Py_XDECREF(done);
    if (PyErr_Occurred())
        PyErr_WriteUnraisable(waiter);
}

/* Run by the loop: wakes all that wait for what has settled, in order. */
static PyObject *waker_drain(PyObject *capsule, PyObject *unused)
{
    struct waker *waker = waker_of(capsule);
    struct waiting *list, *next, *ordered = NULL;
    uint64_t count;
    (void)unused;
    if (waker == NULL)
        return NULL;
    if (read(waker->descriptor, &count, sizeof count) < 0)
        count = 0; /* nothing there: the loop asked twice */
    list = __atomic_exchange_n(&waker->list, NULL, __ATOMIC_ACQ_REL);
    for (; list != NULL; list = next) {
        next = list->next;
        list->next = ordered;
        ordered = list;
    }
    for (; ordered != NULL; ordered = next) {
        next = ordered->next;
        wake(ordered->waiter);
        waiting_free(ordered);
    }
    Py_INCREF(Py_None);
    return Py_None;
}

static void waker_ends(PyObject *capsule)
{
    struct waker *waker = waker_of(capsule);
    struct waiting *list = __atomic_exchange_n(&waker->list, &closed, __ATOMIC_ACQ_REL), *next;
    for (; list != NULL; list = next) {
        next = list->next;
        waiting_free(list);
    }
    waker_release(waker);
}

static PyMethodDef drain_method = {"metacall_wake", waker_drain, METH_NOARGS, NULL};

/* make_waker() -> (waker, descriptor, function that the loop calls when there is something) */
static PyObject *make_waker(PyObject *self, PyObject *unused)
{
    struct waker *waker = calloc(1, sizeof *waker);
    PyObject *capsule, *drain, *result = NULL;
    (void)self, (void)unused;
    if (waker == NULL)
        return PyErr_NoMemory();
    waker->refs = 1;
    if ((waker->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        free(waker);
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    if ((capsule = PyCapsule_New(waker, CAPSULE, waker_ends)) == NULL) {
        waker_release(waker);
        return NULL;
    }
    if ((drain = PyCFunction_New(&drain_method, capsule)) != NULL)
        result = Py_BuildValue("(OiO)", capsule, waker->descriptor, drain);
    Py_XDECREF(drain);
    Py_DECREF(capsule);
    return result;
}

/* follow(promise, waiter, waker) */
static PyObject *follow(PyObject *self, PyObject *args)
{
    PyObject *promise, *waiter, *capsule;
    metacall_future *future;
    struct waiting *item;
    struct py_parked parked;
    int rc;
    (void)self;
    if (!PyArg_ParseTuple(args, "OOO", &promise, &waiter, &capsule))
        return NULL;
    if ((future = py_promise_future(promise)) == NULL)
        return PyErr_Format(PyExc_TypeError, "not a metacall.Future");
    if ((item = malloc(sizeof *item)) == NULL)
        return PyErr_NoMemory();
    item->waker = waker_of(capsule);
    __atomic_add_fetch(&item->waker->refs, 1, __ATOMIC_RELAXED);
    Py_INCREF(waiter);
    item->waiter = waiter;
    py_park(&parked);
    rc = metacall_future_then(future, settled, item);
    py_unpark(&parked);
    if (rc != 0) {
        waiting_free(item);
        return py_error_to_python();
    }
    Py_INCREF(Py_None);
    return Py_None;
}

/* ------------------------------------------------------------------------------ the Python part */

static PyMethodDef methods[] = {{"make_waker", make_waker, METH_NOARGS, NULL},
                                {"follow", follow, METH_VARARGS, NULL}};

static int add_natives(PyObject *globals)
{
    size_t i;
    int rc = PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins());
    for (i = 0; rc == 0 && i < sizeof methods / sizeof methods[0]; i++) {
        PyObject *function = PyCFunction_New(&methods[i], NULL);
        rc = function != NULL ? PyDict_SetItemString(globals, methods[i].ml_name, function) : -1;
        Py_XDECREF(function);
    }
    return rc;
}

static PyObject *run_text(void)
{
    PyObject *globals = PyDict_New(), *name = PyUnicode_FromString("metacall.async"), *code = NULL,
             *ran = NULL;
    if (globals != NULL && name != NULL && add_natives(globals) == 0 &&
        PyDict_SetItemString(globals, "__name__", name) == 0 &&
        (code = Py_CompileString(py_async_text, "<metacall async>", Py_file_input)) != NULL)
        ran = PyEval_EvalCode(code, globals, globals);
    Py_XDECREF(code);
    Py_XDECREF(name);
    if (ran == NULL)
        Py_CLEAR(globals);
    Py_XDECREF(ran);
    return globals;
}

PyObject *py_async(const char *name)
{
    PyObject *ran, *found;
    if (names == NULL) {
        if ((ran = run_text()) == NULL)
            return NULL;
        if (names == NULL) /* an import gives up the lock: another thread may have been here */
            names = ran;
        else
            Py_DECREF(ran);
    }
    if ((found = PyDict_GetItemString(names, name)) == NULL)
        PyErr_Format(PyExc_SystemError, "async.py lacks %s", name);
    return found;
}

int py_async_is_there(void)
{
    return names != NULL;
}

static void tell(const char *name)
{
    PyObject *function = names != NULL ? py_async(name) : NULL, *done;
    if (function == NULL)
        return;
    if ((done = PyObject_CallObject(function, NULL)) == NULL)
        PyErr_WriteUnraisable(function);
    Py_XDECREF(done);
}

void py_async_finish(void)
{
    tell("finish");
    Py_CLEAR(names);
}

void py_async_forked(void)
{
    tell("forked");
}
