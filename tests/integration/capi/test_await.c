/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Futures from C: followed by callbacks, chained, waited for, cancelled, and left behind by a
 * loader that ends. */
#include <metacall/future.h>
#include <metacall/object.h>

#include "capi.h"

#include <metacall/metacall_kinds.h>

#include <limits.h>
#include <pthread.h>
#include <unistd.h>

static const char script[] = "future later_by(any x, long ms) = later(x, ms)\n"
                             "future broken(string text) = fail_later(\"ValueError\", text, 1)\n"
                             "future forever() = never()\n"
                             "any plain(any x) = x\n"
                             "any fail(string text) = raise(\"TypeError\", text)\n"
                             "any clock(long n) = ticks(0, n, 1)\n"
                             "any wait_for(future f) = await(f)\n"
                             "any relay(string name, any x) = await(call(name, x, 5))\n";

static struct seen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned resolved, rejected;
    pthread_t thread;
    long number;
    char text[64];
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void reset(void)
{
    seen.resolved = seen.rejected = 0;
    seen.number = 0;
    seen.text[0] = '\0';
}

/* Until a callback has been. */
static void await_callback(void)
{
    pthread_mutex_lock(&seen.lock);
    while (seen.resolved + seen.rejected == 0)
        pthread_cond_wait(&seen.changed, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
}

static void note(unsigned *count)
{
    pthread_mutex_lock(&seen.lock);
    (*count)++;
    seen.thread = pthread_self();
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

/* What comes, and one more. */
static void *resolve(void *value, void *data)
{
    CHECK(data == &seen);
    long number = metacall_value_to_long(value);
    seen.number = number;
    note(&seen.resolved);
    return metacall_value_create_long(number + 1);
}

static void *reject(void *value, void *data)
{
    struct metacall_exception_type error;
    CHECK(data == &seen);
    CHECK(metacall_error_from_value(value, &error) == 0);
    snprintf(seen.text, sizeof(seen.text), "%s: %s", error.label, error.message);
    note(&seen.rejected);
    return metacall_value_create_string("dealt with", 10);
}

/* Waits for the future value, destroys it, and gives what it settled with. */
static void *settled(void *future)
{
    CHECK_LONG(metacall_value_id(future), METACALL_FUTURE);
    void *value = metacall_future_value(metacall_value_to_future(future), 10000);
    metacall_value_destroy(future);
    return value;
}

static void test_resolves(void)
{
    void *args[2] = {metacall_value_create_long(41), metacall_value_create_long(20)};
    CHECK_LONG(metacall_function_async(metacall_function("later_by")), 1);
    CHECK_LONG(metacall_function_async(metacall_function("plain")), 0);
    reset();
    void *future = metacall_await("later_by", args, resolve, reject, &seen);
    CHECK_LONG(seen.resolved, 0);
    CHECK_JSON(settled(future), "42");
    CHECK_LONG(seen.resolved, 1);
    CHECK_LONG(seen.number, 41);
    CHECK(!pthread_equal(seen.thread, pthread_self())); /* the thread that settled it */
    /* Nobody keeps what was given out: the callback comes all the same. */
    reset();
    metacall_value_destroy(metacall_await_s("later_by", args, 2, resolve, reject, &seen));
    await_callback();
    CHECK_LONG(seen.number, 41);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void test_rejects(void)
{
    void *text = metacall_value_create_string("no luck", 7);
    reset();
    CHECK_JSON(settled(metacall_await("broken", &text, resolve, reject, &seen)), "\"dealt with\"");
    CHECK_TEXT(seen.text, "ValueError: no luck");
    CHECK_LONG(seen.resolved, 0);
    CHECK(settled(metacall_await("broken", &text, resolve, NULL, &seen)) == NULL); /* passed on */
    CHECK_ERROR("ValueError", "no luck");
    CHECK(metacall_await("fail", &text, resolve, reject, &seen) == NULL); /* the call itself */
    CHECK_ERROR("TypeError", "no luck");
    CHECK_LONG(seen.rejected, 1);
    metacall_value_destroy(text);
}

static void test_what_is_there_already(void)
{
    void *args[2] = {metacall_value_create_long(5), metacall_value_create_long(0)};
    reset();
    void *future = metacall_await("plain", args, resolve, reject, &seen);
    CHECK_LONG(seen.resolved, 1); /* before the call returned */
    CHECK(pthread_equal(seen.thread, pthread_self()));
    CHECK_JSON(settled(future), "6");
    future = metacall_await("plain", args, NULL, NULL, NULL);
    CHECK_JSON(settled(future), "5");
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

/* -------------------------------------------------------------------- what callbacks can give */

static void *give_future(void *value, void *data)
{
    void *args[2] = {value, metacall_value_create_long(5)};
    void *future = metacallv_s("later_by", args, 2);
    (void)data;
    metacall_value_destroy(args[1]);
    return future;
}

static void *give_throwable(void *value, void *data)
{
    (void)value, (void)data;
    return metacall_error_throw("Changed", 7, NULL, "my mind");
}

static void *give_error(void *value, void *data)
{
    (void)value, (void)data;
    return metacall_value_cast(NULL, METACALL_INT); /* fails, and leaves an error */
}

static void *give_nothing(void *value, void *data)
{
    (void)value, (void)data;
    return NULL;
}

static void *give_back(void *value, void *data)
{
    (void)data;
    return value;
}

static void test_results_of_callbacks(void)
{
    void *args[2] = {metacall_value_create_string("x", 1), metacall_value_create_long(1)};
    void *function = metacall_function("later_by");
    CHECK_JSON(settled(metacallfv_await(function, args, give_future, NULL, NULL)), "\"x\"");
    CHECK_JSON(settled(metacallfv_await_s(function, args, 2, give_nothing, NULL, NULL)), "null");
    CHECK_JSON(settled(metacallfv_await_s(function, args, 2, give_back, NULL, NULL)), "\"x\"");
    CHECK(settled(metacallfv_await_s(function, args, 2, give_throwable, NULL, NULL)) == NULL);
    CHECK_ERROR("Changed", "my mind");
    CHECK(settled(metacallfv_await_s(function, args, 2, give_error, NULL, NULL)) == NULL);
    CHECK_ERROR("ARGUMENT", "cast is NULL");
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void *give_its_own(void *value, void *data)
{
    void **future = data;
    (void)value;
    while (__atomic_load_n(future, __ATOMIC_ACQUIRE) == NULL)
        usleep(1000);
    return metacall_value_copy(*future);
}

static void test_a_circle(void)
{
    void *args[2] = {metacall_value_create_long(1), metacall_value_create_long(5)}, *own = NULL;
    void *future = metacall_await_s("later_by", args, 2, give_its_own, NULL, &own);
    __atomic_store_n(&own, future, __ATOMIC_RELEASE);
    CHECK(settled(future) == NULL);
    CHECK_ERROR("DEADLOCK", "the very future");
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void test_all_forms(void)
{
    const metacall_await_callbacks callbacks = {resolve, reject};
    void *function = metacall_function("later_by");
    void *args[2] = {metacall_value_create_long(1), metacall_value_create_long(1)};
    void *keys[2] = {metacall_value_create_string("x", 1), metacall_value_create_string("ms", 2)};
    CHECK_JSON(settled(metacallfv_await_struct_s(function, args, 2, callbacks, &seen)), "2");
    CHECK_JSON(settled(metacallfs_await(function, "[2, 1]", 6, NULL, resolve, reject, &seen)), "3");
    CHECK_JSON(settled(metacallfms_await(function, "{\"ms\": 1, \"x\": 3}", 17, NULL, resolve,
                                         reject, &seen)),
               "4");
    CHECK_JSON(settled(metacallfmv_await(function, keys, args, resolve, reject, &seen)), "2");
    CHECK_JSON(settled(metacallfmv_await_s(function, keys, args, 2, resolve, reject, &seen)), "2");
    void *future = metacallfv_s(function, args, 2);
    CHECK_JSON(
        settled(metacall_await_future(metacall_value_to_future(future), resolve, reject, &seen)),
        "2");
    /* A future crosses like any other value, and comes home as itself. */
    void *same = metacallv_s("plain", &future, 1);
    CHECK(metacall_value_to_future(same) == metacall_value_to_future(future));
    CHECK_JSON(metacallv_s("wait_for", &future, 1), "1");
    metacall_value_destroy(same);
    metacall_value_destroy(future);
    void *relay[2] = {metacall_value_create_string("later_by", 8), args[0]};
    CHECK_JSON(metacallv_s("relay", relay, 2), "1");
    metacall_value_destroy(relay[0]);
    for (int i = 0; i < 2; i++) {
        metacall_value_destroy(args[i]);
        metacall_value_destroy(keys[i]);
    }
}

/* ------------------------------------------------------------------------- waiting, cancelling */

static void test_waiting(void)
{
    void *args[2] = {metacall_value_create_long(1), metacall_value_create_long(60000)};
    void *future = metacallv_s("later_by", args, 2);
    CHECK(metacall_future_value(metacall_value_to_future(future), 20) == NULL);
    CHECK_ERROR("TIMEOUT", "20 ms");
    reset();
    void *out = metacall_await_future(metacall_value_to_future(future), resolve, reject, &seen);
    CHECK(metacall_future_value(metacall_value_to_future(out), 20) == NULL);
    CHECK_ERROR("TIMEOUT", "20 ms");
    CHECK(metacall_future_cancel(metacall_value_to_future(out)) == 0); /* reaches what it awaits */
    CHECK_TEXT(seen.text, "Cancelled: the script was cancelled");
    CHECK_JSON(settled(out), "\"dealt with\"");
    CHECK(metacall_future_value(metacall_value_to_future(future), UINT_MAX) == NULL);
    CHECK_ERROR("Cancelled", "cancelled");
    metacall_value_destroy(future);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

enum { MANY = 500 };

static unsigned many_resolved;

static void *count(void *value, void *data)
{
    __atomic_add_fetch(&many_resolved, (unsigned)metacall_value_to_long(value), __ATOMIC_RELAXED);
    return data;
}

static void test_many_at_once(void)
{
    void *futures[MANY];
    void *one = metacall_value_create_long(1);
    for (int i = 0; i < MANY; i++) {
        void *args[2] = {one, metacall_value_create_long(i % 20)};
        futures[i] = metacall_await_s("later_by", args, 2, count, count, NULL);
        metacall_value_destroy(args[1]);
    }
    for (int i = 0; i < MANY; i++)
        metacall_value_destroy(settled(futures[i]));
    CHECK_LONG(many_resolved, MANY);
    metacall_value_destroy(one);
}

/* An asynchronous iterator: futures of [number], then of []. */
static void test_ticks(void)
{
    void *n = metacall_value_create_long(2), *ticks = metacallv_s("clock", &n, 1);
    static const char *const wanted[] = {"[0]", "[1]", "[]", "[]"};
    metacall_object *object = metacall_value_to_object(ticks);
    metacall_value next = METACALL_SLOT_INIT;
    CHECK(object->flags & METACALL_OBJECT_IS_ASYNC_ITERATOR);
    CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_NEXT, NULL, NULL, &next), -1);
    CHECK_ERROR("SUPPORT", "ticks");
    for (int i = 0; i < 4; i++) {
        CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_ASYNC_NEXT, NULL, NULL, &next),
                   0);
        CHECK_JSON(metacall_future_value(next.as.future, 10000), wanted[i]);
        metacall_slot_clear(&next);
    }
    metacall_value_destroy(ticks);
    metacall_value_destroy(n);
}

static void *wait_long(void *data)
{
    return metacall_future_value(data, UINT_MAX);
}

/* The last test: what is pending when the library ends. */
static void test_the_loader_ends(void)
{
    pthread_t waiting;
    void *value = &waiting;
    void *args[2] = {metacall_value_create_long(1), metacall_value_create_long(60000)};
    reset();
    void *future = metacall_await_s("forever", metacall_null_args, 0, resolve, reject, &seen);
    void *slow = metacallv_s("later_by", args, 2);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
    pthread_create(&waiting, NULL, wait_long, metacall_value_to_future(slow));
    usleep(20000);
    CHECK(metacall_destroy() == 0);
    pthread_join(waiting, &value);
    CHECK(value == NULL);
    CHECK_TEXT(seen.text, "STATE: cannot use a future: its loader 'mock' has ended");
    CHECK_JSON(settled(future), "\"dealt with\"");
    metacall_value_destroy(slow);
}

int main(void)
{
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_memory("mock", script, sizeof(script), NULL) == 0);
    test_resolves();
    test_rejects();
    test_what_is_there_already();
    test_results_of_callbacks();
    test_a_circle();
    test_all_forms();
    test_waiting();
    test_many_at_once();
    test_ticks();
    test_the_loader_ends();
    return capi_result();
}
