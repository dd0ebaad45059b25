/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The one interpreter of this process as the loader keeps it: its gate, its lock, and what each
 * thread holds of it.
 *
 * Every way into Python goes through py_enter and py_leave. A thread that came from Python has its
 * thread state parked in `saved` while another runtime runs (py_park), so that a callback finds it
 * without asking; a native thread keeps the state that its first entry made. */
#ifndef PY_RUNTIME_H
#define PY_RUNTIME_H

#include "py_api.h"

#include <metacall/loader.h>

struct py_runtime {
    struct metacall_gate gate;
    metacall_loader *loader;
    int embedded;        /* this loader started the interpreter */
    int ended;           /* the interpreter is gone, or we let go of it */
    int lost;            /* a fork's child of an embedder: the interpreter stayed behind */
    int is_main;         /* the runner's main program was a Python script */
    int runner;          /* a runner owns the process: argv[0] is the main program */
    PyThreadState *main; /* embedded: the owner thread's state */
    int minor;           /* 11 of 3.11 */
};

extern struct py_runtime py_runtime;

/* What one thread has of the interpreter. */
struct py_thread {
    PyThreadState *saved; /* given up by this loader, to be taken again at the next entry */
    uint32_t depth;       /* entries of this thread that stand in the gate */
    struct step *step;    /* py_intercept.c's: the intercepted call that it is in */
    /* py_intercept.c's: where its stack lies, and how far down it may be used; 0 = unknown */
    uintptr_t stack_low, stack_end;
};

/* 40 bytes of the static TLS that glibc keeps for libraries opened late. */
extern __thread struct py_thread py_this_thread __attribute__((tls_model("initial-exec")));

enum py_mode {
    PY_MODE_HELD,    /* the thread held the lock before: leave it so */
    PY_MODE_RESUMED, /* `saved` was taken: park it again */
    PY_MODE_BORROWED /* another extension had given up the lock: give it up again */
};

struct py_scope {
    struct py_thread *thread;
    enum py_mode mode;
};

/* The rare ways of py_enter: a thread that is not known yet. */
enum py_mode py_enter_slow(struct py_thread *thread);
/* Sets the error of a closed gate. */
void py_enter_refused(void);
/* Lets go of what other threads left to be released. The lock is held. */
void py_drain(void);
extern void *py_released; /* the list that py_drain empties; read without a lock */

/* Takes the lock without the gate: for the end, when the gate is closed. `thread` is this one. */
static inline void py_acquire(struct py_scope *scope, struct py_thread *thread)
{
    PyThreadState *saved = thread->saved;
    scope->thread = thread;
    if (PY_LIKELY(saved != NULL && py_api_current() != saved)) {
        thread->saved = NULL;
        PyEval_RestoreThread(saved);
        scope->mode = PY_MODE_RESUMED;
    } else {
        scope->mode = py_enter_slow(thread);
    }
}

static inline void py_give_back(const struct py_scope *scope)
{
    if (PY_LIKELY(scope->mode == PY_MODE_RESUMED))
        scope->thread->saved = PyEval_SaveThread();
    else if (scope->mode == PY_MODE_BORROWED)
        PyEval_SaveThread();
}

/* Into Python: 0 with the lock held, or -1 with METACALL_ERROR_STATE or _FORK set. */
static inline int py_enter(struct py_scope *scope)
{
    struct py_thread *thread;
    if (PY_UNLIKELY(metacall_gate_enter(&py_runtime.gate) != 0)) {
        py_enter_refused();
        return -1;
    }
    thread = &py_this_thread;
    thread->depth++;
    py_acquire(scope, thread);
    if (PY_UNLIKELY(__atomic_load_n(&py_released, __ATOMIC_RELAXED) != NULL))
        py_drain();
    return 0;
}

static inline void py_leave(const struct py_scope *scope)
{
    py_give_back(scope);
    scope->thread->depth--;
    metacall_gate_leave(&py_runtime.gate);
}

/* Out of Python, for the time that another runtime or the library works: gives up the lock and
 * parks this thread's state where a callback finds it. */
struct py_parked {
    struct py_thread *thread;
    PyThreadState *former;
};

static inline void py_park(struct py_parked *parked)
{
    parked->thread = &py_this_thread;
    parked->former = parked->thread->saved;
    parked->thread->saved = PyEval_SaveThread();
}

static inline void py_unpark(const struct py_parked *parked)
{
    PyThreadState *saved = parked->thread->saved;
    parked->thread->saved = parked->former;
    PyEval_RestoreThread(saved);
}

/* Prepares the process-wide parts: thread key, fork handlers. Once. 0, or -1 with the error set. */
int py_runtime_prepare(metacall_loader *loader, int embedded);
/* Does this thread hold the lock? */
int py_holds(void);
/* Calls `release(pointer)` with the lock held: at once where this thread holds it, else at the next
 * entry of anybody. Leaks where the interpreter has ended. Any thread. */
void py_release_later(void *pointer, void (*release)(void *pointer));
/* The same for a reference to an object. */
void py_decref_later(PyObject *object);
/* After os.fork in the child, the lock held: nobody else is inside any more. */
void py_runtime_after_fork(void);

#endif /* PY_RUNTIME_H */
