/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_stack.h. */
#include "node_stack.h"

#include <pthread.h>
#include <stddef.h>

/* Stack that foreign code and V8's own C++ may still need below JavaScript's limit. */
#define STACK_RESERVE ((size_t)192 * 1024)
#define STACK_LEAST ((size_t)64 * 1024)
/* An unlimited main stack is reported as all that may ever be mapped: keep to this. */
#define STACK_MOST ((size_t)8 * 1024 * 1024)

uintptr_t node_stack_limit(void)
{
    pthread_attr_t attributes;
    uintptr_t here = (uintptr_t)&attributes, limit = 0;
    void *low = NULL;
    size_t size = 0, left;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return 0;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
        limit = (uintptr_t)low;
        if (here - limit > STACK_MOST)
            limit = here - STACK_MOST;
        left = here - limit;
        if (left > 2 * STACK_RESERVE)
            limit += STACK_RESERVE;
        else
            limit += left > 2 * STACK_LEAST ? STACK_LEAST : left / 2;
    }
    pthread_attr_destroy(&attributes);
    return limit;
}
