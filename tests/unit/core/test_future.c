/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Futures: settled once, followed, waited for, cancelled; their owner gone, or left behind by a
 * fork. */
#include "check.h"
#include "fake_loader.h"

#include "core/value.h"

#include <metacall/future.h>

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned settled_count, destroyed, cancelled, waited;
static pthread_t settled_on;

static void settled(metacall_future *future, void *data)
{
    CHECK(future->state != METACALL_FUTURE_PENDING);
    if (data != NULL)
        ((char *)data)[settled_count] = (char)('0' + future->state);
    settled_count++;
    settled_on = pthread_self();
    metacall_error_raise(METACALL_ERROR_INTERNAL, "of a callback"); /* nobody else's error */
}

static void future_destroy(metacall_future *future)
{
    (void)future;
    __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
}

static int future_cancel(metacall_future *future)
{
    (void)future;
    cancelled++;
    return 0;
}

static int future_wait_refused(metacall_future *future)
{
    (void)future;
    return metacall_error_raise(METACALL_ERROR_DEADLOCK, "the loop's own thread");
}

/* A loop that needs three rounds. */
static int future_wait_runs(metacall_future *future)
{
    metacall_value number = METACALL_SLOT_INIT;
    metacall_slot_long(&number, 3);
    if (++waited == 3)
        metacall_future_resolve(future, &number);
    return 1;
}

static const struct metacall_future_ops plain_ops = {NULL, NULL, future_destroy};
static const struct metacall_future_ops cancel_ops = {future_cancel, NULL, future_destroy};
static const struct metacall_future_ops refusing_ops = {NULL, future_wait_refused, future_destroy};
static const struct metacall_future_ops running_ops = {NULL, future_wait_runs, future_destroy};

static void reset(void)
{
    settled_count = destroyed = cancelled = waited = 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static metacall_error *failure(const char *text)
{
    return metacall_error_create(METACALL_ERROR_GUEST, "Oops", text);
}

static void test_resolves_once(void)
{
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    metacall_value text = METACALL_SLOT_INIT, again = METACALL_SLOT_INIT;
    reset();
    metacall_future *future = metacall_future_create(NULL, &plain_ops, NULL);
    CHECK_LONG(metacall_future_result(future, &value, &error), METACALL_FUTURE_PENDING);
    CHECK(value == NULL && error == NULL);
    char borrowed[] = "soon gone";
    metacall_slot_borrow(&text, METACALL_STRING, borrowed, 9);
    CHECK_LONG(metacall_future_resolve(future, &text), 0);
    CHECK_LONG(text.id, METACALL_NULL); /* taken over */
    borrowed[0] = 'X';
    CHECK(metacall_slot_bytes(&again, METACALL_STRING, "late", 4) == 0);
    CHECK_LONG(metacall_future_resolve(future, &again), 1);
    CHECK_LONG(again.id, METACALL_NULL);
    CHECK_LONG(metacall_future_reject(future, failure("late")), 1);
    CHECK_LONG(metacall_future_result(future, &value, &error), METACALL_FUTURE_RESOLVED);
    CHECK_TEXT(value->as.bytes.data, "soon gone");
    CHECK(error == NULL);
    CHECK_LONG(metacall_future_cancel(future), 0); /* nothing for a settled one */
    CHECK_LONG(metacall_future_wait(future, 0), 0);
    metacall_future_release(future);
    CHECK_LONG(destroyed, 1);
    metacall_future_release(NULL);
    CHECK_NO_ERROR();
}

static void test_rejects(void)
{
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    metacall_future *future = metacall_future_create(NULL, NULL, NULL);
    CHECK_LONG(metacall_future_reject(future, failure("no luck")), 0);
    CHECK_LONG(metacall_future_result(future, &value, &error), METACALL_FUTURE_REJECTED);
    CHECK(value == NULL);
    CHECK_TEXT(error->message, "no luck");
    metacall_future_release(future);
}

static void test_callbacks_run_in_order(void)
{
    char order[8] = "";
    reset();
    metacall_future *future = metacall_future_create(NULL, &plain_ops, NULL);
    for (int i = 0; i < 3; i++)
        CHECK(metacall_future_then(future, settled, order) == 0);
    CHECK_LONG(settled_count, 0);
    metacall_error_raise(METACALL_ERROR_TYPE, "before");
    metacall_future_resolve(future, NULL);
    CHECK_LONG(settled_count, 3);
    CHECK_TEXT(order, "111");
    CHECK_ERROR(METACALL_ERROR_TYPE, "before"); /* not the callbacks' */
    CHECK(metacall_future_then(future, settled, NULL) == 0);
    CHECK_LONG(settled_count, 4); /* at once */
    metacall_future_release(future);
    CHECK_LONG(destroyed, 1);
}

/* The callback gives up the last reference but the settler's. */
static void let_go(metacall_future *future, void *data)
{
    (void)data;
    settled_count++;
    metacall_future_release(future);
}

static void test_a_callback_lets_go(void)
{
    reset();
    metacall_future *future = metacall_future_create(NULL, &plain_ops, NULL);
    CHECK(metacall_future_then(future, let_go, NULL) == 0);
    metacall_future_resolve(future, NULL);
    CHECK_LONG(settled_count, 1);
    CHECK_LONG(destroyed, 1);
}

static void chain(metacall_future *future, void *data)
{
    const metacall_value *value = NULL;
    metacall_value copy = METACALL_SLOT_INIT;
    CHECK_LONG(metacall_future_result(future, &value, NULL), METACALL_FUTURE_RESOLVED);
    metacall_slot_copy(&copy, value);
    metacall_future_resolve(data, &copy);
}

static void test_one_settles_another(void)
{
    const metacall_value *value = NULL;
    metacall_value number = METACALL_SLOT_INIT;
    metacall_future *first = metacall_future_create(NULL, NULL, NULL);
    metacall_future *second = metacall_future_create(NULL, NULL, NULL);
    CHECK(metacall_future_then(first, chain, second) == 0);
    metacall_slot_long(&number, 7);
    metacall_future_resolve(first, &number);
    CHECK_LONG(metacall_future_result(second, &value, NULL), METACALL_FUTURE_RESOLVED);
    CHECK_LONG(value->as.long_, 7);
    metacall_future_release(first);
    metacall_future_release(second);
}

static void test_cancel(void)
{
    metacall_error *error = NULL;
    reset();
    metacall_future *future = metacall_future_create(NULL, &plain_ops, NULL);
    CHECK(metacall_future_then(future, settled, NULL) == 0);
    CHECK_LONG(metacall_future_cancel(future), 0);
    CHECK_LONG(metacall_future_result(future, NULL, &error), METACALL_FUTURE_REJECTED);
    CHECK_LONG(error->code, METACALL_ERROR_CANCELLED);
    CHECK_LONG(settled_count, 1);
    metacall_future_release(future);

    future = metacall_future_create(NULL, &cancel_ops, NULL);
    CHECK_LONG(metacall_future_cancel(future), 0);
    CHECK_LONG(cancelled, 1);
    CHECK_LONG(future->state, METACALL_FUTURE_PENDING); /* its owner decides */
    metacall_future_resolve(future, NULL);
    metacall_future_release(future);
}

static void test_given_up_by_its_owner(void)
{
    char order[4] = "";
    reset();
    metacall_future *future = metacall_future_create(NULL, &plain_ops, NULL);
    metacall_future_release(future); /* followed by nobody */
    CHECK_LONG(destroyed, 1);
    future = metacall_future_create(NULL, &plain_ops, NULL);
    CHECK(metacall_future_then(future, settled, order) == 0);
    metacall_future_release(future);
    CHECK_TEXT(order, "2");
    CHECK_LONG(destroyed, 2);
}

/* ---------------------------------------------------------------------------------- waiting */

static void *resolve_later(void *data)
{
    metacall_value number = METACALL_SLOT_INIT;
    usleep(30000);
    metacall_slot_long(&number, 11);
    metacall_future_resolve(data, &number);
    metacall_future_release(data);
    return NULL;
}

static void test_waiting(void)
{
    pthread_t thread;
    const metacall_value *value = NULL;
    reset();
    metacall_future *future = metacall_future_create(NULL, &plain_ops, NULL);
    metacall_future_reference(future);
    CHECK(metacall_future_then(future, settled, NULL) == 0);
    pthread_create(&thread, NULL, resolve_later, future);
    CHECK_LONG(metacall_future_wait(future, UINT_MAX), 0);
    CHECK_LONG(metacall_future_result(future, &value, NULL), METACALL_FUTURE_RESOLVED);
    CHECK_LONG(value->as.long_, 11);
    pthread_join(thread, NULL);
    CHECK_LONG(settled_count, 1);
    CHECK(pthread_equal(settled_on, thread)); /* on the thread that settled it */
    metacall_future_release(future);
    CHECK_LONG(destroyed, 1);
}

static void *wait_for_it(void *data)
{
    return metacall_future_wait(data, UINT_MAX) == 0 ? data : NULL;
}

static void test_many_wait(void)
{
    pthread_t threads[8];
    metacall_future *future = metacall_future_create(NULL, NULL, NULL);
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, wait_for_it, future);
    CHECK_LONG(metacall_future_wait(future, 20), -1);
    CHECK_ERROR(METACALL_ERROR_TIMEOUT, "not settled after 20 ms");
    metacall_future_resolve(future, NULL);
    for (int i = 0; i < 8; i++) {
        void *found;
        pthread_join(threads[i], &found);
        CHECK(found == future);
    }
    metacall_future_release(future);
}

static void test_timeout(void)
{
    metacall_future *future = metacall_future_create(NULL, NULL, NULL);
    int64_t start = now_ms();
    CHECK_LONG(metacall_future_wait(future, 50), -1);
    CHECK(now_ms() - start >= 50);
    CHECK_ERROR(METACALL_ERROR_TIMEOUT, "50 ms");
    CHECK_LONG(metacall_future_wait(future, 0), -1);
    CHECK_ERROR(METACALL_ERROR_TIMEOUT, "0 ms");
    metacall_future_release(future);
}

static void test_the_owner_is_asked_before_waiting(void)
{
    reset();
    metacall_future *future = metacall_future_create(NULL, &refusing_ops, NULL);
    CHECK_LONG(metacall_future_wait(future, UINT_MAX), -1);
    CHECK_ERROR(METACALL_ERROR_DEADLOCK, "the loop's own thread");
    metacall_future_release(future);
    future = metacall_future_create(NULL, &running_ops, NULL);
    CHECK_LONG(metacall_future_wait(future, UINT_MAX), 0);
    CHECK_LONG(waited, 3);
    metacall_future_release(future);
}

/* ------------------------------------------------------------------------- values and owners */

static void test_as_a_value(void)
{
    metacall_value slot = METACALL_SLOT_INIT;
    reset();
    metacall_future *future = metacall_future_create(NULL, &plain_ops, NULL);
    metacall_slot_future(&slot, future);
    metacall_value *copy = value_copy(&slot);
    metacall_future_release(future);
    metacall_slot_clear(&slot);
    CHECK_LONG(destroyed, 0);
    CHECK_LONG(copy->id, METACALL_FUTURE);
    CHECK(copy->as.future == future);
    value_destroy(copy);
    CHECK_LONG(destroyed, 1);
}

static void test_the_owner_ends(void)
{
    char order[8] = "";
    metacall_error *error = NULL;
    metacall_loader *loader = fake_start("fake");
    reset();
    metacall_future *first = metacall_future_create(loader, &plain_ops, NULL);
    metacall_future *second = metacall_future_create(loader, &plain_ops, NULL);
    metacall_future *other = metacall_future_create(NULL, &plain_ops, NULL);
    pthread_t waiting;
    CHECK(metacall_future_then(first, settled, order) == 0);
    pthread_create(&waiting, NULL, wait_for_it, second);
    usleep(10000);
    CHECK_LONG(loader_table_destroy(), 0);
    pthread_join(waiting, NULL);
    CHECK_TEXT(order, "2");
    CHECK_LONG(metacall_future_result(first, NULL, &error), METACALL_FUTURE_REJECTED);
    CHECK_LONG(error->code, METACALL_ERROR_STATE);
    CHECK_TEXT(error->message, "cannot use a future: its loader 'fake' has ended");
    CHECK_LONG(other->state, METACALL_FUTURE_PENDING);
    metacall_future *late = metacall_future_create(loader, &plain_ops, NULL);
    CHECK_LONG(metacall_future_wait(late, UINT_MAX), 0);
    CHECK_LONG(metacall_future_result(late, NULL, &error), METACALL_FUTURE_REJECTED);
    metacall_future_release(first);
    metacall_future_release(second);
    metacall_future_release(other);
    metacall_future_release(late);
    CHECK_LONG(destroyed, 4);
}

/* -------------------------------------------------------------------------------------- fork */

static metacall_future *of_guest, *of_host;

static void child_of_a_fork(void)
{
    char order[8] = "";
    metacall_error *error = NULL;
    settled_count = 0;
    CHECK(metacall_future_then(of_host, settled, order) == 0);
    CHECK_LONG(metacall_future_result(of_guest, NULL, &error), METACALL_FUTURE_REJECTED);
    CHECK_LONG(error->code, METACALL_ERROR_FORK);
    CHECK_LONG(settled_count, 1); /* the follower from before the fork */
    CHECK_LONG(of_host->state, METACALL_FUTURE_PENDING);
    metacall_future_resolve(of_host, NULL); /* whoever waited for it is not here */
    CHECK_TEXT(order + 1, "1");
    metacall_future_release(of_guest);
    CHECK_LONG(destroyed, 0); /* its runtime is not here to be told */
}

static void test_fork(void)
{
    int status;
    pthread_t waiting;
    reset();
    metacall_loader *host = fake_start_with("host", METACALL_BINDING_HOST, &fake_hooks);
    metacall_loader *guest = fake_start("guest");
    of_host = metacall_future_create(host, &plain_ops, NULL);
    of_guest = metacall_future_create(guest, &plain_ops, NULL);
    CHECK(metacall_future_then(of_guest, settled, NULL) == 0);
    pthread_create(&waiting, NULL, wait_for_it, of_host);
    usleep(20000);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        check_failed = check_passed = 0;
        child_of_a_fork();
        fflush(stderr);
        _exit(check_failed != 0 || check_passed == 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_LONG(status, 0);
    CHECK_LONG(of_guest->state, METACALL_FUTURE_PENDING); /* the parent goes on */
    metacall_future_resolve(of_guest, NULL);
    metacall_future_resolve(of_host, NULL);
    pthread_join(waiting, NULL);
    metacall_future_release(of_guest);
    metacall_future_release(of_host);
    CHECK_LONG(destroyed, 2);
    loader_table_destroy();
}

/* ------------------------------------------------------------------------------ many at once */

enum { SETTLERS = 4, FUTURES = 400 };

static metacall_future *many[FUTURES];
static unsigned counted[FUTURES], firsts[FUTURES];

static void count(metacall_future *future, void *data)
{
    (void)future;
    __atomic_add_fetch((unsigned *)data, 1, __ATOMIC_RELAXED);
}

static void *settle_all(void *data)
{
    for (size_t i = 0; i < FUTURES; i++) {
        metacall_value number = METACALL_SLOT_INIT;
        metacall_slot_long(&number, (int64_t)(intptr_t)data);
        CHECK(metacall_future_then(many[i], count, &counted[i]) == 0);
        int former = i % 3 == 0   ? metacall_future_reject(many[i], failure("no"))
                     : i % 3 == 1 ? metacall_future_resolve(many[i], &number)
                                  : metacall_future_cancel(many[i]);
        if (i % 3 != 2 && former == 0)
            __atomic_add_fetch(&firsts[i], 1, __ATOMIC_RELAXED);
        if (metacall_future_wait(many[i], 10000) != 0)
            CHECK_NO_ERROR();
        metacall_future_release(many[i]);
    }
    return NULL;
}

static void test_many_threads_settle(void)
{
    pthread_t threads[SETTLERS];
    reset();
    memset(counted, 0, sizeof(counted));
    memset(firsts, 0, sizeof(firsts));
    for (size_t i = 0; i < FUTURES; i++) {
        many[i] = metacall_future_create(NULL, &plain_ops, NULL);
        for (int k = 1; k < SETTLERS; k++)
            metacall_future_reference(many[i]);
    }
    for (intptr_t i = 0; i < SETTLERS; i++)
        pthread_create(&threads[i], NULL, settle_all, (void *)i);
    for (int i = 0; i < SETTLERS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < FUTURES; i++) {
        CHECK_LONG(counted[i], SETTLERS);
        CHECK_LONG(firsts[i], i % 3 != 2);
    }
    CHECK_LONG(destroyed, FUTURES);
}

static const struct check_test tests[] = {
    {"resolves once", test_resolves_once},
    {"rejects", test_rejects},
    {"callbacks run in order", test_callbacks_run_in_order},
    {"a callback lets go", test_a_callback_lets_go},
    {"one settles another", test_one_settles_another},
    {"cancel", test_cancel},
    {"given up by its owner", test_given_up_by_its_owner},
    {"waiting", test_waiting},
    {"many wait", test_many_wait},
    {"timeout", test_timeout},
    {"the owner is asked before waiting", test_the_owner_is_asked_before_waiting},
    {"as a value", test_as_a_value},
    {"the owner ends", test_the_owner_ends},
    {"fork", test_fork},
    {"many threads settle", test_many_threads_settle},
};
CHECK_MAIN(tests)
