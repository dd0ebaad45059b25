/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the core keeps for each thread: its error, its free values, the signature that it is
 * describing. One thread-local pointer leads there. */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include <metacall/loader.h>

struct function_signature;
struct interception_frame;

struct thread_state {
    metacall_error *error;       /* a reference, or NULL */
    metacall_value *free_values; /* chained through as.reference.pointer */
    uint32_t free_count;
    /* While a describe hook runs on this thread: what it fills in, and for whom. */
    metacall_function *described;
    struct function_signature *signature;
    const struct interception_frame
        *frames; /* hooks that run on this thread, the innermost first */
};

extern __thread struct thread_state *thread_state_pointer
    __attribute__((tls_model("initial-exec")));

/* Makes the calling thread's state, which has none or the shared one. Never NULL: out of memory
 * gives the shared one, which holds nothing but the out-of-memory error. */
struct thread_state *thread_state_make(void);
/* The shared state of threads that could get none of their own. */
int thread_state_is_shared(const struct thread_state *state);
/* Frees the calling thread's free values; its error stays. */
void thread_state_trim(void);

static inline struct thread_state *thread_state(void)
{
    struct thread_state *state = thread_state_pointer;
    return __builtin_expect(state != NULL, 1) ? state : thread_state_make();
}

#endif /* CORE_THREAD_H */
