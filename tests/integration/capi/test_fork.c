/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* fork() in a program with a loader: the child is told, C's own functions go on, the end is clean.
 */
#include "capi.h"

#include <sys/wait.h>
#include <unistd.h>

static void *twice(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    return metacall_value_create_long(metacall_value_to_long(args[0]) * 2);
}

static void in_child(void)
{
    alarm(20);
    capi_failed = 0;
    CHECK(metacall("inc", 1L) == NULL);
    CHECK_ERROR("FORK", "cannot use inc: the runtime of loader 'mock' stayed in the parent");
    CHECK(metacall_load_from_memory("mock", "long g() = 1", 12, NULL) != 0);
    CHECK_ERROR("FORK", "'mock' stayed in the parent process of a fork");
    CHECK_JSON(metacall("twice", 21L), "42");
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
    CHECK(metacall_destroy() == 0);
    return capi_result();
}
