/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Threads, lock, gate and fork: see py_runtime.h. */
#include "py_runtime.h"

#include "py_identity.h"

#include <pthread.h>
#include <stdlib.h>

struct py_runtime py_runtime;
__thread struct py_thread py_this_thread;
void *py_released;

static pthread_key_t thread_key;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;

/* Something to be let go of once somebody holds the lock. */
struct released {
    struct released *next;
    void *pointer;
    void (*release)(void *pointer);
};

int py_holds(void)
{
    PyThreadState *own = PyGILState_GetThisThreadState();
    return own != NULL && py_api_current() == own;
}

/* A native thread ends: its thread state goes with it, unless the interpreter has gone first. */
static void thread_ends(void *state)
{
    struct py_thread *thread = &py_this_thread;
    PyThreadState *saved = thread->saved;
    if (saved == NULL || saved != state || metacall_gate_enter(&py_runtime.gate) != 0)
        return;
    thread->saved = NULL;
    PyEval_RestoreThread(saved);
    /* Not PyGILState_Release: the C library may have cleared CPython's own thread key already. */
    PyThreadState_Clear(saved);
    PyThreadState_DeleteCurrent();
    metacall_gate_leave(&py_runtime.gate);
}

enum py_mode py_enter_slow(struct py_thread *thread)
{
    PyThreadState *own = PyGILState_GetThisThreadState();
    if (own != NULL) {
        if (py_api_current() == own)
            return PY_MODE_HELD;
        PyEval_RestoreThread(own);
        return PY_MODE_BORROWED;
    }
    /* The first entry of a native thread. Its state is kept: a new one for each call costs about a
     * hundred times as much since 3.11. */
    PyGILState_Ensure();
    thread->saved = NULL;
    pthread_setspecific(thread_key, PyGILState_GetThisThreadState());
    return PY_MODE_RESUMED;
}

void py_enter_refused(void)
{
    if (py_runtime.lost)
        metacall_error_raise(METACALL_ERROR_FORK,
                             "the Python interpreter was lost in fork(): it lives in the parent "
                             "process alone; start a new process instead");
    else
        metacall_error_raise(METACALL_ERROR_STATE,
                             "the Python interpreter is closing or has ended");
}

void py_drain(void)
{
    struct released *list = __atomic_exchange_n(&py_released, NULL, __ATOMIC_ACQUIRE);
    while (list != NULL) {
        struct released *next = list->next;
        list->release(list->pointer);
        free(list);
        list = next;
    }
}

/* Run by the interpreter itself, on its main thread, soon. */
static int drain_pending(void *unused)
{
    (void)unused;
    py_drain();
    return 0;
}

void py_release_later(void *pointer, void (*release)(void *pointer))
{
    struct released *item, *first;
    if (metacall_gate_enter(&py_runtime.gate) != 0)
        return; /* too late to touch the object: it ends with the process */
    if (py_holds()) {
        release(pointer);
    } else if ((item = malloc(sizeof *item)) != NULL) {
        item->pointer = pointer;
        item->release = release;
        first = __atomic_load_n(&py_released, __ATOMIC_RELAXED);
        do {
            item->next = first;
        } while (!__atomic_compare_exchange_n((struct released **)&py_released, &first, item, 1,
                                              __ATOMIC_RELEASE, __ATOMIC_RELAXED));
        if (first == NULL)
            Py_AddPendingCall(drain_pending, NULL); /* when full, the next entry drains */
    }
    metacall_gate_leave(&py_runtime.gate);
}

static void decref(void *object)
{
    Py_DECREF((PyObject *)object);
}

void py_decref_later(PyObject *object)
{
    if (object != NULL)
        py_release_later(object, decref);
}

void py_runtime_after_fork(void)
{
    metacall_gate_reset(&py_runtime.gate);
    __atomic_store_n(&py_runtime.gate.inside, py_this_thread.depth, __ATOMIC_SEQ_CST);
}

/* A plain fork(). In a host, os.fork has hooks of its own; an embedded interpreter stays behind:
 * its lock may be held by a thread that the child does not have. */
static void forked_in_child(void)
{
    py_identity_forked();
    if (py_runtime.embedded && !py_runtime.ended) {
        py_runtime.lost = 1;
        __atomic_store_n(&py_runtime.gate.closed, 1, __ATOMIC_SEQ_CST);
    }
}

static void prepare_once(void)
{
    pthread_key_create(&thread_key, thread_ends);
    pthread_atfork(py_identity_fork_prepare, py_identity_fork_parent, forked_in_child);
}

int py_runtime_prepare(metacall_loader *loader, int embedded)
{
    pthread_once(&prepared, prepare_once);
    if (_PyThreadState_UncheckedGet == NULL && PyThreadState_GetUnchecked == NULL)
        return metacall_error_raise(METACALL_ERROR_LOADER,
                                    "this Python exports neither _PyThreadState_UncheckedGet nor "
                                    "PyThreadState_GetUnchecked; CPython 3.9 or later is needed");
    py_runtime.loader = loader;
    py_runtime.embedded = embedded;
    py_runtime.minor = (int)strtol(Py_GetVersion() + 2, NULL, 10);
    return 0;
}
