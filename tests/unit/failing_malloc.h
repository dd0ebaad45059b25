/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A malloc that can be told to fail, and counts what is in use: to be included by the one source of
 * a program that tries every call with every allocation failing. */
#ifndef TESTS_FAILING_MALLOC_H
#define TESTS_FAILING_MALLOC_H

#include <errno.h>
#include <stdlib.h>

/* Visible, so that libc's own strdup, vasprintf and opendir come here too. */
#pragma GCC visibility push(default)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *data, size_t size);
extern void __libc_free(void *data);

/* Volatile, because compilers know that malloc changes no variable. */
static volatile long fail_at = -1; /* how many allocations still go well; -1 = all */
static volatile int fail_on;       /* not that one alone, all after it as well */
static volatile long balance;      /* blocks in use */
static volatile int failed_once;

static int must_fail(void)
{
    if (fail_at < 0)
        return 0;
    if (fail_at > 0) {
        fail_at--;
        return 0;
    }
    failed_once = 1;
    if (!fail_on)
        fail_at = -1;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    void *data = must_fail() ? NULL : __libc_malloc(size);
    balance += data != NULL;
    return data;
}

void *calloc(size_t count, size_t size)
{
    void *data = must_fail() ? NULL : __libc_calloc(count, size);
    balance += data != NULL;
    return data;
}

void *realloc(void *data, size_t size)
{
    if (must_fail())
        return NULL;
    void *grown = __libc_realloc(data, size);
    balance += data == NULL && grown != NULL;
    return grown;
}

void free(void *data)
{
    balance -= data != NULL;
    __libc_free(data);
}

#pragma GCC visibility pop

#endif /* TESTS_FAILING_MALLOC_H */
