/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The chain of hooks of one function, as a call sees it. */
#ifndef CORE_INTERCEPTION_RUN_H
#define CORE_INTERCEPTION_RUN_H

#include <metacall/intercept.h>

struct metacall_interception {
    uint32_t refs;               /* atomic: its owner's handle, and one for each chain */
    uint32_t off;                /* atomic: removed, in chains of calls that are under way only */
    metacall_function *function; /* a reference */
    metacall_intercept_before before;
    metacall_intercept_after after;
    void *data;
    void (*released)(void *data);
    metacall_interception *next; /* among all that are on a function */
    metacall_interception **back;
};

/* Immutable. */
struct interception_chain {
    uint32_t refs; /* atomic: its function's, and one for each call in it */
    uint32_t count;
    metacall_interception *items[]; /* the newest first: the outermost */
};

static inline int interception_is_off(const metacall_interception *interception)
{
    return __atomic_load_n(&interception->off, __ATOMIC_ACQUIRE) != 0;
}

/* The function's chain as it is now, with a reference; NULL = no hooks. */
struct interception_chain *interception_chain_take(const metacall_function *function);
void interception_chain_release(struct interception_chain *chain); /* NULL is accepted */

#endif /* CORE_INTERCEPTION_RUN_H */
