/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Hooks that come and go while others call, and in a fork's child. */
#include "fake_native.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static int stop;
static unsigned wrong;

static void *keep_calling(void *data)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
        if (call_sum(data) != 4)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void *keep_changing(void *data)
{
    for (int i = 0; i < 300; i++) {
        struct hook hooks[3] = {{.name = NULL}, {.name = NULL}, {.name = NULL}};
        for (int k = 0; k < 3; k++)
            add(data, &hooks[k]);
        call_sum(data);
        for (int k = 0; k < 3; k++)
            CHECK_LONG(metacall_intercept_remove(hooks[(k + i) % 3].interception), 0);
        /* Others may still be inside: the hooks' data lives until then. */
        for (int k = 0; k < 3; k++) {
            while (__atomic_load_n(&hooks[k].released, __ATOMIC_ACQUIRE) == 0)
                sched_yield();
            CHECK(hooks[k].before >= 1);
            CHECK_LONG(hooks[k].before, hooks[k].after);
        }
    }
    return NULL;
}

static void test_many_threads(void)
{
    pthread_t callers[2], changers[3];
    metacall_function *function = begin();
    stop = 0;
    for (int i = 0; i < 2; i++)
        pthread_create(&callers[i], NULL, keep_calling, function);
    for (int i = 0; i < 3; i++)
        pthread_create(&changers[i], NULL, keep_changing, function);
    for (int i = 0; i < 3; i++)
        pthread_join(changers[i], NULL);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++)
        pthread_join(callers[i], NULL);
    CHECK_LONG(wrong, 0);
    CHECK_LONG(native.detour, 0);
    CHECK(!(function->flags & METACALL_FUNCTION_INTERCEPTED));
    finish(function);
}

static void test_fork(void)
{
    int status;
    struct hook one = {.name = NULL};
    metacall_function *function = begin();
    add(function, &one);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        check_failed = check_passed = 0;
        CHECK_LONG(call_sum(function), -1); /* the runtime is not here */
        CHECK_ERROR(METACALL_ERROR_FORK, "stayed in the parent");
        CHECK_LONG(metacall_intercept_remove(one.interception), 0);
        CHECK_LONG(native.detour, 1); /* and so is not touched */
        CHECK_LONG(one.released, 1);
        fflush(stderr);
        _exit(check_failed != 0 || check_passed == 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_LONG(status, 0);
    CHECK_LONG(call_sum(function), 4);
    CHECK_LONG(one.before, 1);
    metacall_intercept_remove(one.interception);
    finish(function);
}

static const struct check_test tests[] = {
    {"many threads", test_many_threads},
    {"fork", test_fork},
};
CHECK_MAIN(tests)
