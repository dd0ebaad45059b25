/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A fork's child: embedded runtimes are lost and say so, the host stays, locks are free. */
#include "check.h"
#include "fake_loader.h"

#include "core/handle.h"
#include "core/value.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `body` in a child; its checks fail the test here. */
static void in_child(void (*body)(void))
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20); /* a deadlock ends the child, not the test run */
        check_failed = check_passed = 0;
        body();
        fflush(stderr);
        _exit(check_failed != 0 || check_passed == 0);
    }
    CHECK(pid > 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_LONG(status, 0);
}

static metacall_loader *guest, *host;
static metacall_value guest_function = METACALL_SLOT_INIT, host_function = METACALL_SLOT_INIT;

static int call(metacall_function *function)
{
    metacall_value ret = METACALL_SLOT_INIT;
    struct metacall_call none = {NULL, 0, NULL, 0};
    return metacall_function_call(function, &none, &ret);
}

static void start(void)
{
    fake_reset();
    host = fake_start_with("host", METACALL_BINDING_HOST, &fake_hooks);
    guest = fake_start("guest");
    CHECK(host != NULL && guest != NULL);
    fake_function(&guest_function, guest, "of_guest");
    fake_function(&host_function, host, "of_host");
}

static void child_calls(void)
{
    CHECK(call(guest_function.as.function) == -1);
    CHECK_ERROR(METACALL_ERROR_FORK,
                "cannot use of_guest: the runtime of loader 'guest' stayed in the parent");
    CHECK(call(host_function.as.function) == 0);
    CHECK(loader_table_find("guest") == NULL);
    CHECK(loader_table_get("guest") == NULL);
    CHECK_ERROR(METACALL_ERROR_FORK, "'guest' stayed in the parent process of a fork");
    CHECK(loader_table_host() == host);
}

static void test_calls(void)
{
    in_child(child_calls);
    CHECK(call(guest_function.as.function) == 0); /* the parent goes on */
}

static void child_ends(void)
{
    fake_reset();
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK_LONG(fake.destroyed, 0); /* not a runtime of somebody else */
    CHECK_LONG(fake.detached, 1);
    CHECK(call(guest_function.as.function) == -1);
    CHECK_ERROR(METACALL_ERROR_FORK, "stayed in the parent");
    /* Still not to be started: what is mapped here is half a runtime. */
    CHECK(fake_start("guest") == NULL);
    CHECK_ERROR(METACALL_ERROR_FORK, "stayed in the parent");
    CHECK(fake_start("fresh") != NULL);
    loader_table_destroy();
    CHECK_LONG(fake.destroyed, 1);
}

static void test_the_end_in_the_child(void)
{
    in_child(child_ends);
    CHECK_LONG(fake.destroyed, 0);
}

static void child_lets_go(void)
{
    fake_reset();
    metacall_slot_clear(&guest_function);
    CHECK_LONG(fake.functions_destroyed, 0); /* its runtime is not here to be told */
    metacall_slot_clear(&host_function);
    CHECK_LONG(fake.functions_destroyed, 1);
}

static void test_references_in_the_child(void)
{
    in_child(child_lets_go);
}

/* ------------------------------------------------------------------------------ busy locks */

static int stop;

static void *keep_locks_busy(void *data)
{
    metacall_handle *handle = data;
    metacall_value slot = METACALL_SLOT_INIT;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        metacall_slot_long(&slot, 1);
        metacall_handle_update(handle, "busy", &slot);
        value_destroy(scope_lookup("busy"));
        loader_table_find("guest");
    }
    metacall_error_release(metacall_error_take());
    return NULL;
}

static void child_uses_locks(void)
{
    metacall_value *value = scope_lookup("busy");
    value_destroy(value);
    metacall_error_release(metacall_error_take());
    CHECK(loader_table_find("host") == host);
    CHECK(call(host_function.as.function) == 0);
}

static void test_forks_while_others_work(void)
{
    metacall_handle *handle = handle_create(host, "/busy");
    pthread_t threads[2];
    stop = 0;
    CHECK(handle_publish(handle, 1) == 0);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, keep_locks_busy, handle);
    for (int round = 0; round < 100; round++)
        in_child(child_uses_locks);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

/* ------------------------------------------------------------------------ in the middle of it */

static int start_slowly(metacall_loader *loader, const struct metacall_loader_config *config)
{
    usleep(100000);
    return fake_initialize(loader, config);
}

static const struct metacall_loader_hooks slow_hooks = {.initialize = start_slowly,
                                                        .destroy = fake_destroy};

static void *start_in_thread(void *data)
{
    (void)data;
    return fake_start_with("slow", METACALL_BINDING_EMBEDDED, &slow_hooks);
}

static void child_of_a_start(void)
{
    CHECK(loader_table_get("slow") == NULL); /* its starter is not here: no waiting for ever */
    CHECK_ERROR(METACALL_ERROR_FORK, "'slow' stayed in the parent");
    CHECK_LONG(loader_table_destroy(), 0);
}

static void test_fork_during_a_start(void)
{
    pthread_t thread;
    void *loader;
    pthread_create(&thread, NULL, start_in_thread, NULL);
    usleep(20000);
    in_child(child_of_a_start);
    pthread_join(thread, &loader);
    CHECK(loader != NULL && loader_table_find("slow") == loader);
}

static int end_slowly(metacall_loader *loader)
{
    (void)loader;
    usleep(100000);
    return 0;
}

static const struct metacall_loader_hooks slow_end_hooks = {.initialize = fake_initialize,
                                                            .destroy = end_slowly};

static void *end_in_thread(void *data)
{
    (void)data;
    loader_table_destroy();
    return NULL;
}

static void child_of_an_end(void)
{
    CHECK_LONG(loader_table_destroy(), 0); /* the ender is not here: no waiting for ever */
    CHECK(fake_start("after") != NULL);
}

static void test_fork_during_the_end(void)
{
    pthread_t thread;
    metacall_slot_clear(&guest_function);
    metacall_slot_clear(&host_function);
    CHECK(fake_start_with("slow_end", METACALL_BINDING_EMBEDDED, &slow_end_hooks) != NULL);
    pthread_create(&thread, NULL, end_in_thread, NULL);
    usleep(20000);
    in_child(child_of_an_end);
    pthread_join(thread, NULL);
}

static const struct check_test tests[] = {
    {"start", start},
    {"calls", test_calls},
    {"the end in the child", test_the_end_in_the_child},
    {"references in the child", test_references_in_the_child},
    {"forks while others work", test_forks_while_others_work},
    {"fork during a start", test_fork_during_a_start},
    {"fork during the end", test_fork_during_the_end},
};
CHECK_MAIN(tests)
