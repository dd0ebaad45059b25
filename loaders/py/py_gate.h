/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The gate in front of the interpreter. Not metacall_gate, whose one counter costs two locked
 * additions a call: here each thread says by a word of its own that it is inside, which costs one
 * exchange, and who closes the gate looks at all of them. */
#ifndef PY_GATE_H
#define PY_GATE_H

#include <stdint.h>

/* A thread's place, in its py_thread. */
struct py_gate_place {
    uint32_t inside;                    /* atomic */
    uint32_t depth;                     /* entries of this thread that stand in the gate */
    struct py_gate_place *next, **back; /* back NULL = not on the list */
};

extern uint32_t py_gate_closed; /* atomic */

/* Puts the place on the list of those that closing looks at, until the thread ends. The owner of
 * the threads, py_runtime.c, is told, and takes it off then. */
void py_gate_enlist(struct py_gate_place *place);
void py_gate_enlisted(struct py_gate_place *place);
void py_gate_delist(struct py_gate_place *place);

/* 1 = inside; 0 = closed, and nothing has happened. An entry from within passes again. */
static inline int py_gate_enter(struct py_gate_place *place)
{
    if (__builtin_expect(place->depth == 0, 1)) {
        if (__builtin_expect(place->back == 0, 0))
            py_gate_enlist(place);
        /* Before `closed` is read: who sets that looks here afterwards. */
        __atomic_exchange_n(&place->inside, 1, __ATOMIC_SEQ_CST);
    }
    if (__builtin_expect(__atomic_load_n(&py_gate_closed, __ATOMIC_SEQ_CST) == 0, 1)) {
        place->depth++;
        return 1;
    }
    if (place->depth == 0)
        __atomic_store_n(&place->inside, 0, __ATOMIC_RELEASE);
    return 0;
}

static inline void py_gate_leave(struct py_gate_place *place)
{
    if (__builtin_expect(--place->depth == 0, 1))
        __atomic_store_n(&place->inside, 0, __ATOMIC_RELEASE);
}

/* Closes the gate for good and waits until no other thread is inside, `timeout_ms` at most. Without
 * the interpreter's lock. 0, or -1 when somebody still is. */
int py_gate_close(const struct py_gate_place *own, unsigned timeout_ms);
/* Around a fork. In the child this thread is the only one. */
void py_gate_fork_prepare(void);
void py_gate_fork_parent(void);
void py_gate_fork_child(struct py_gate_place *own);

#endif /* PY_GATE_H */
