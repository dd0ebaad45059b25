/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The end. The gate closes first, without the lock, so that whoever is in Python can leave; after
 * that nobody of ours touches the interpreter again, and what is still held is left to the end of
 * the process. */
#include "py_async.h"
#include "py_embed.h"
#include "py_error.h"
#include "py_function.h"
#include "py_future.h"
#include "py_home.h"
#include "py_intercept.h"
#include "py_memory.h"
#include "py_module.h"
#include "py_object.h"
#include "py_runtime.h"
#include "py_value.h"

#include <time.h>

/* How long the end waits for calls that are inside, and for threads of Python's own. */
#define PATIENCE_MS 2000

/* Closes the gate; 0 when nobody but this thread is inside. The lock is given up meanwhile. */
static int close_gate(void)
{
    struct py_parked parked;
    int rc, held = py_holds();
    if (held)
        py_park(&parked);
    rc = metacall_gate_close(&py_runtime.gate, py_this_thread.depth, PATIENCE_MS);
    if (held)
        py_unpark(&parked);
    return rc;
}

/* References that this loader keeps. The lock is held. */
static void let_go(void)
{
    py_async_finish();
    py_drain();
    py_intercept_finish();
    py_module_finish();
    py_error_finish();
    py_traceback_finish();
    py_proxy_finish();
    py_object_finish();
    py_promise_finish();
    py_memory_finish();
    py_container_finish();
    py_home_finish();
}

int py_host_finish(metacall_loader *loader)
{
    struct py_scope scope;
    int rc;
    (void)loader;
    if (py_runtime.ended)
        return 0;
    py_runtime.ended = 1;
    rc = close_gate();
    if (rc != 0 || !Py_IsInitialized())
        return 0; /* somebody is stuck inside: everything stays as it is */
    py_acquire(&scope, &py_this_thread);
    let_go();
    py_give_back(&scope);
    return 0;
}

/* ------------------------------------------------------------------------------ finalisation */

static PyObject *call(PyObject *object, const char *method)
{
    PyObject *result = object != NULL ? PyObject_CallMethod(object, method, NULL) : NULL;
    PyErr_Clear();
    return result;
}

static int is_true(PyObject *result)
{
    int truth = result != NULL ? PyObject_IsTrue(result) : 0;
    Py_XDECREF(result);
    PyErr_Clear();
    return truth == 1;
}

/* Is there a thread that the interpreter would wait for at its end? */
static int threads_remain(PyObject *threading)
{
    PyObject *list = call(threading, "enumerate"), *main = call(threading, "main_thread"), *daemon;
    Py_ssize_t i;
    int remain = 0;
    for (i = 0; list != NULL && !remain && i < PyList_Size(list); i++) {
        PyObject *thread = PyList_GetItem(list, i);
        if (thread == main || (daemon = PyObject_GetAttrString(thread, "daemon")) == NULL)
            continue;
        remain = !is_true(daemon);
    }
    Py_XDECREF(main);
    Py_XDECREF(list);
    PyErr_Clear();
    return remain;
}

static void sleep_ms(long ms)
{
    struct timespec pause = {ms / 1000, (ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

/* Joins Python's threads as the interpreter would, but on a thread of its own and not for ever: a
 * thread that never ends must not hang the process. 0 when all have ended. */
static int join_threads(void)
{
    PyObject *threading = PyImport_ImportModule("threading"), *module = NULL, *join = NULL;
    PyObject *args = NULL, *started = NULL;
    PyThreadState *state;
    int waited, remain = threading != NULL && threads_remain(threading);
    if (remain && (module = PyImport_ImportModule("_thread")) != NULL &&
        (join = PyObject_GetAttrString(threading, "_shutdown")) != NULL &&
        (args = PyTuple_New(0)) != NULL)
        started = PyObject_CallMethod(module, "start_new_thread", "OO", join, args);
    for (waited = 0; remain && waited < PATIENCE_MS; waited += 5) {
        state = PyEval_SaveThread();
        sleep_ms(5);
        PyEval_RestoreThread(state);
        remain = threads_remain(threading);
    }
    Py_XDECREF(started);
    Py_XDECREF(args);
    Py_XDECREF(join);
    Py_XDECREF(module);
    Py_XDECREF(threading);
    PyErr_Clear();
    return remain ? -1 : 0;
}

/* Python's main thread is the one that started it, a worker perhaps that is long gone, and up to
 * 3.12 the interpreter waits at its end for a lock that this thread alone would give back
 * (threading._shutdown). The thread that ends Python takes its place. */
static void become_main_thread(void)
{
    PyObject *threading = PyImport_ImportModule("threading"),
             *main = call(threading, "main_thread");
    Py_XDECREF(call(main, "_set_ident"));
    Py_XDECREF(main);
    Py_XDECREF(threading);
    PyErr_Clear();
}

static void flush(const char *name)
{
    PyObject *stream = PySys_GetObject(name);
    Py_XDECREF(stream != NULL && stream != Py_None ? call(stream, "flush") : NULL);
}

/* What can be done without ending the interpreter: its exit functions, its buffers. */
static void leave_running(void)
{
    PyObject *module = PyImport_ImportModule("atexit");
    Py_XDECREF(call(module, "_run_exitfuncs"));
    Py_XDECREF(module);
    PyErr_Clear();
    flush("stdout");
    flush("stderr");
}

int py_embed_finish(metacall_loader *loader)
{
    struct py_scope scope;
    int stuck, rc = 0;
    (void)loader;
    if (py_runtime.ended || py_runtime.lost)
        return 0;
    py_runtime.ended = 1;
    stuck = close_gate();
    if (!Py_IsInitialized())
        return 0;
    if (stuck) /* somebody holds the lock and does not come out: waiting for it may be for ever */
        return metacall_error_raise(METACALL_ERROR_STATE,
                                    "a call into Python has not returned; the interpreter is left "
                                    "as it is");
    py_acquire(&scope, &py_this_thread);
    let_go();
    if (!py_runtime.is_main && join_threads() != 0) { /* a main program's are waited for */
        leave_running();
        py_give_back(&scope);
        return 0;
    }
    become_main_thread();
    if (Py_FinalizeEx() != 0)
        rc = metacall_error_raise(METACALL_ERROR_INTERNAL,
                                  "Python could not flush its standard streams at its end");
    return rc;
}
