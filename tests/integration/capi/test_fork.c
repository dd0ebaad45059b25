/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* fork() in a program with a loader: the child is told, C's own functions go on, the end is clean.
 */
#include <metacall/future.h>
#include <metacall/intercept.h>

#include "capi.h"

#include <metacall/metacall_kinds.h>

#include <limits.h>

#include <sys/wait.h>
#include <unistd.h>

static void *twice(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    return metacall_value_create_long(metacall_value_to_long(args[0]) * 2);
}

/* What was there before the fork. */
static struct {
    void *pending, *followed, *object;
    metacall_interception *interception;
    unsigned rejected, hooked;
} kept;

static void *reject(void *value, void *data)
{
    struct metacall_exception_type error;
    (void)data;
    CHECK(metacall_error_from_value(value, &error) == 0);
    CHECK(strcmp(error.label, "FORK") == 0 || strcmp(error.label, "CANCELLED") == 0);
    kept.rejected++;
    return NULL;
}

static int hook(metacall_function *function, const struct metacall_call *call, metacall_value *ret,
                void *data)
{
    (void)function, (void)call, (void)ret, (void)data;
    kept.hooked++;
    return 0;
}

static void keep(void)
{
    static const char script[] = "any forever() = never()\nclass Box(any x)\n";
    void *x = metacall_value_create_long(7);
    metacall_function *inc = metacall_function_find("inc");
    CHECK(metacall_load_from_memory("mock", script, sizeof(script), NULL) == 0);
    kept.pending = metacallv_s("forever", NULL, 0);
    kept.followed =
        metacall_await_future(metacall_value_to_future(kept.pending), NULL, reject, NULL);
    kept.object = metacallv_s("Box", &x, 1);
    kept.interception = metacall_intercept(inc, hook, NULL, NULL, NULL);
    metacall_function_release(inc);
    metacall_value_destroy(x);
}

static void let_go(void)
{
    CHECK(metacall_intercept_remove(kept.interception) == 0);
    metacall_value_destroy(kept.object);
    metacall_value_destroy(kept.followed);
    metacall_value_destroy(kept.pending);
}

/* Nothing hangs: what was owed by the runtime that is not here is refused. */
static void kept_in_child(void)
{
    CHECK(metacall_future_value(metacall_value_to_future(kept.pending), UINT_MAX) == NULL);
    CHECK_ERROR("FORK", "the runtime of loader 'mock' stayed in the parent");
    CHECK_LONG(kept.rejected, 1);
    CHECK_JSON(metacall_future_value(metacall_value_to_future(kept.followed), UINT_MAX), "null");
    CHECK(metacall_object_get(metacall_value_to_object(kept.object), "x") == NULL);
    CHECK_ERROR("FORK", "cannot use x: the runtime of loader 'mock' stayed in the parent");
    CHECK_LONG(kept.hooked, 0);
    let_go();
}

static void in_child(void)
{
    alarm(20);
    capi_failed = 0;
    CHECK_LONG(kept.rejected, 0); /* not in the fork itself */
    CHECK(metacall("inc", 1L) == NULL);
    CHECK_ERROR("FORK", "cannot use inc: the runtime of loader 'mock' stayed in the parent");
    CHECK_LONG(kept.rejected, 1); /* but with the first word about it */
    CHECK(metacall_load_from_memory("mock", "long g() = 1", 12, NULL) != 0);
    CHECK_ERROR("FORK", "'mock' stayed in the parent process of a fork");
    CHECK_JSON(metacall("twice", 21L), "42");
    kept_in_child();
    CHECK(metacall_destroy() == 0);
    /* A child may begin anew with what it does not share. */
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_memory("mock", "long g() = 1", 12, NULL) != 0);
    CHECK_ERROR("FORK", "'mock' stayed in the parent");
    CHECK(metacall_destroy() == 0);
}

int main(void)
{
    const char *paths[] = {SCRIPTS "/basic.mock"};
    int status = -1;
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_file("mock", paths, 1, NULL) == 0);
    CHECK(metacall_register("twice", twice, NULL, METACALL_LONG, 1, METACALL_LONG) == 0);
    keep();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        in_child();
#if defined(__SANITIZE_ADDRESS__)
        /* What a lost runtime holds stays behind on purpose, which would count as a leak here. */
        _exit(capi_failed != 0);
#endif
        exit(capi_failed != 0); /* exit handlers run too: they must not touch what is not theirs */
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_LONG(status, 0);
    CHECK_JSON(metacall("inc", 1L), "2");
    CHECK_LONG(kept.hooked, 1);
    CHECK_LONG(kept.rejected, 0);
    CHECK_JSON(metacall_object_get(metacall_value_to_object(kept.object), "x"), "7");
    metacall_future_cancel(metacall_value_to_future(kept.pending));
    CHECK_LONG(kept.rejected, 1);
    let_go();
    CHECK(metacall_destroy() == 0);
    return capi_result();
}
