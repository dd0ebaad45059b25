/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The state of each thread: made on first use, freed by a key's destructor when the thread ends. */
#include "core/thread.h"

#include "core/error.h"
#include "core/value.h"

#include <pthread.h>
#include <stdlib.h>

__thread struct thread_state *thread_state_pointer __attribute__((tls_model("initial-exec")));

static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;
static int thread_key_made;

/* Stands in where a thread's own state cannot be allocated, until it can. Nobody writes it: whoever
 * would asks thread_state_is_shared first. */
static struct thread_state thread_state_shared = {.free_count = UINT32_MAX /* keeps no values */};

static void thread_state_free(void *data)
{
    struct thread_state *state = data;
    metacall_error *error = state->error;
    state->error = NULL;
    metacall_error_release(error);
    value_free_list_empty(state);
    /* Only now: an error's release hook may have used the state, even have set an error. */
    metacall_error_release(state->error);
    value_free_list_empty(state);
    thread_state_pointer = NULL;
    free(state);
}

static void thread_key_create(void)
{
    thread_key_made = pthread_key_create(&thread_key, thread_state_free) == 0;
}

struct thread_state *thread_state_make(void)
{
    struct thread_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        __atomic_store_n(&thread_state_shared.error, error_out_of_memory(), __ATOMIC_RELAXED);
        thread_state_pointer = &thread_state_shared;
        return &thread_state_shared;
    }
    pthread_once(&thread_key_once, thread_key_create);
    if (thread_key_made)
        pthread_setspecific(thread_key, state);
    thread_state_pointer = state;
    return state;
}

int thread_state_is_shared(const struct thread_state *state)
{
    return state == &thread_state_shared;
}

void thread_state_trim(void)
{
    if (thread_state_pointer != NULL && !thread_state_is_shared(thread_state_pointer))
        value_free_list_empty(thread_state_pointer);
}
