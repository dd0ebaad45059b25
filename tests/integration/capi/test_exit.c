/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A program that forgets metacall_destroy, exits from a callback, or from a thread, ends with its
 * own status and without a sound. */
#include "capi.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void *leave(size_t count, void *args[], void *data)
{
    (void)count, (void)args, (void)data;
    exit(5);
}

static void *leave_thread(void *data)
{
    (void)data;
    exit(6);
}

static void begin(void)
{
    const char *paths[] = {SCRIPTS "/basic.mock"};
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_file("mock", paths, 1, NULL) == 0);
}

static int status_of(int how)
{
    int status = -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        alarm(20);
        begin();
        if (how == 5) {
            metacall_register("leave", leave, NULL, METACALL_NULL, 0);
            metacall("leave");
        } else if (how == 6) {
            pthread_create(&thread, NULL, leave_thread, NULL);
            pthread_join(thread, NULL);
        } else if (how == 7) {
            metacall_destroy();
        }
        exit(how);
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
    CHECK_LONG(status_of(3), 3);
    CHECK_LONG(status_of(5), 5);
    CHECK_LONG(status_of(6), 6);
    CHECK_LONG(status_of(7), 7);
    return capi_result();
}
