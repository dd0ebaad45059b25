/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Out of memory at every single allocation: each step fails cleanly, with the one error that needs
 * no memory, and nothing is lost. */
#include "../failing_malloc.h"
#include "check.h"
#include "fake_loader.h"

#include "core/bigint.h"
#include "core/function.h"
#include "core/handle.h"
#include "core/thread.h"
#include "core/value.h"

#include <metacall/future.h>
#include <metacall/intercept.h>
#include <metacall/memory.h>
#include <metacall/object.h>

#include <pthread.h>
#include <stdlib.h>

/* ------------------------------------------------------------------------ every allocation */

/* Runs the scenario with the first, second, third ... allocation failing until none does. Each
 * failure must be the memory error, and must leave as many blocks as there were. (libc itself gets
 * over some: vasprintf does without its last realloc.) */
static void with_every_failure(int (*scenario)(void))
{
    unsigned failures = 0;
    thread_state(); /* this thread's own is not what is measured */
    for (long n = 0; n < 2000; n++) {
        thread_state_trim();
        metacall_error_release(metacall_error_take());
        long before = balance;
        failed_once = 0;
        fail_on = 1;
        fail_at = n;
        int result = scenario();
        fail_at = -1;
        thread_state_trim();
        if (!failed_once) {
            CHECK_LONG(result, 0);
            CHECK_LONG(balance, before);
            CHECK(failures > 0);
            return;
        }
        const metacall_error *error = metacall_error_peek();
        CHECK(result == 0 || (error != NULL && error->code == METACALL_ERROR_MEMORY));
        failures += result != 0;
        metacall_error_release(metacall_error_take());
        CHECK_LONG(balance, before);
    }
    CHECK(!"the scenario never ends");
}

/* ------------------------------------------------------------------------------- scenarios */

static metacall_value sample = METACALL_SLOT_INIT;

static void make_sample(void)
{
    const uint64_t words[2] = {1, 1};
    metacall_value **items;
    CHECK(metacall_slot_array(&sample, 4) == 0);
    items = sample.as.array.items;
    CHECK(metacall_slot_bytes(items[0], METACALL_STRING, "text", 4) == 0);
    CHECK(metacall_slot_bigint(items[1], 0, words, 2) == 0);
    CHECK(metacall_slot_map(items[2], 2) == 0);
    CHECK(metacall_slot_array(items[2]->as.array.items[1]->as.array.items[1], 3) == 0);
    fake_function(items[3], NULL, "inside");
}

static int scenario_copy(void)
{
    metacall_value *copy = value_copy(&sample);
    value_destroy(copy);
    return copy != NULL ? 0 : -1;
}

static void test_copying(void)
{
    make_sample();
    with_every_failure(scenario_copy);
}

static int scenario_function(void)
{
    metacall_function *function = metacall_function_create(NULL, "made", &fake_ops, NULL);
    int result = function != NULL ? 0 : -1;
    for (int i = 0; i < 10 && result == 0; i++)
        result = metacall_function_parameter(function, "named", METACALL_LONG, 1);
    metacall_function_release(function);
    return result;
}

static void test_functions(void)
{
    with_every_failure(scenario_function);
}

/* A thread that never had any memory: its first words are an error that needs none. */
static void *thread_without_memory(void *data)
{
    metacall_error *error;
    (void)data;
    CHECK(metacall_error_peek() == NULL);
    fail_at = 0;
    CHECK(value_create() == NULL);
    CHECK(metacall_error_raise(METACALL_ERROR_LOAD, "no room even for this") == -1);
    error = metacall_error_peek();
    CHECK(error != NULL && error->code == METACALL_ERROR_MEMORY);
    fail_at = -1;
    CHECK(metacall_error_take() == error);
    CHECK(metacall_error_peek() == NULL);
    value_destroy(value_create());
    metacall_error_raise(METACALL_ERROR_LOAD, "there is room again");
    CHECK_ERROR(METACALL_ERROR_LOAD, "room again");
    return NULL;
}

static void test_a_thread_without_memory(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, thread_without_memory, NULL) == 0);
    pthread_join(thread, NULL);
}

static metacall_loader *loader;

static int scenario_publish(void)
{
    metacall_handle *handle = handle_create(loader, "/a/b.c");
    int result = handle != NULL ? 0 : -1;
    static const char *const names[] = {"one", "two", "three", "four", "five"};
    for (size_t i = 0; i < 5 && result == 0; i++)
        result = metacall_handle_define(handle, names[i], &sample);
    if (result == 0)
        result = handle_publish(handle, 1);
    if (result == 0) {
        metacall_value *found = scope_lookup("three");
        CHECK(found != NULL);
        value_destroy(found);
    } else {
        fail_at = -1;
        CHECK(scope_lookup("one") == NULL);
        metacall_error_release(metacall_error_take());
        metacall_error_raise(METACALL_ERROR_MEMORY, "as it was");
    }
    handle_destroy(handle);
    return result;
}

static void test_publishing(void)
{
    loader = fake_start("fake");
    CHECK(loader != NULL);
    with_every_failure(scenario_publish);
}

static int scenario_adopt(void)
{
    metacall_handle *owner = handle_create(loader, "/a/owner");
    metacall_handle *part = owner != NULL ? handle_create(loader, "/a/part") : NULL;
    int result = part != NULL ? 0 : -1;
    if (result == 0)
        result = metacall_handle_define(part, "p", &sample);
    if (result == 0)
        result = metacall_handle_define(part, "q", &sample);
    if (result == 0 && handle_publish(owner, 1) == 0 && handle_adopt(owner, part) == 0)
        part = NULL;
    else
        result = -1;
    handle_destroy(part);
    handle_destroy(owner);
    return result;
}

static void test_adopting(void)
{
    with_every_failure(scenario_adopt);
}

static int scenario_view(void)
{
    struct scope_view view;
    int result = scope_view_init(&view, loader);
    if (result == 0)
        scope_view_finish(&view);
    return result;
}

static void test_views(void)
{
    metacall_handle *handle = handle_create(loader, "/seen");
    CHECK(metacall_handle_define(handle, "a", &sample) == 0);
    CHECK(metacall_handle_define(handle, "b", &sample) == 0);
    CHECK(handle_publish(handle, 0) == 0);
    with_every_failure(scenario_view);
    handle_destroy(handle);
}

static int scenario_error(void)
{
    metacall_error *error = metacall_error_create(METACALL_ERROR_GUEST, "Type", "message");
    if (error == NULL)
        return -1;
    metacall_error_set(error);
    metacall_error_wrap(METACALL_ERROR_LOAD, "wrapped %d times", 1);
    int memory = metacall_error_peek()->code == METACALL_ERROR_MEMORY;
    if (!memory)
        metacall_error_release(metacall_error_take());
    return memory ? -1 : 0;
}

static void test_errors(void)
{
    with_every_failure(scenario_error);
}

static int scenario_bigint(void)
{
    static const char text[] = "-123456789012345678901234567890123456789012345678901234567890";
    metacall_value slot = METACALL_SLOT_INIT;
    char *back = NULL;
    int result = bigint_from_text(&slot, text, strlen(text));
    if (result == 0)
        back = bigint_to_text(&slot);
    CHECK(back == NULL || strcmp(back, text) == 0);
    metacall_slot_clear(&slot);
    free(back);
    return back != NULL ? 0 : -1;
}

static void test_bigints(void)
{
    with_every_failure(scenario_bigint);
}

/* ---- what others hold: futures, objects, memory, hooks */

static unsigned told;

static void tell(metacall_future *future, void *data)
{
    (void)data;
    told += metacall_future_result(future, NULL, NULL) != METACALL_FUTURE_PENDING;
}

static int scenario_future(void)
{
    metacall_value text = METACALL_SLOT_INIT;
    metacall_error *error = NULL;
    int result = -1;
    metacall_future *future = metacall_future_create(loader, NULL, NULL);
    if (future == NULL)
        return -1;
    told = 0;
    metacall_slot_borrow(&text, METACALL_STRING, "borrowed", 8);
    if (metacall_future_then(future, tell, NULL) == 0) {
        /* It settles whatever happens: with the memory error where the text could not be kept. */
        CHECK_LONG(metacall_future_resolve(future, &text), 0);
        CHECK_LONG(told, 1);
        result = 0;
        if (metacall_future_result(future, NULL, &error) == METACALL_FUTURE_REJECTED) {
            CHECK_LONG(error->code, METACALL_ERROR_MEMORY);
            metacall_error_reference(error);
            result = metacall_error_set(error);
        }
    }
    metacall_future_release(future);
    return result;
}

static int object_perform(metacall_object *object, enum metacall_object_operation operation,
                          const char *name, const struct metacall_call *call, metacall_value *ret)
{
    (void)object, (void)name, (void)call;
    if (operation == METACALL_OBJECT_SIGNATURE)
        return metacall_slot_array(ret, 0);
    metacall_slot_long(ret, 1);
    return 0;
}

static const struct metacall_object_ops object_ops = {object_perform, NULL};

static int scenario_object(void)
{
    metacall_value ret = METACALL_SLOT_INIT;
    struct metacall_call none = {NULL, 0, NULL, 0};
    int result = -1;
    char byte = 0;
    metacall_object *object =
        metacall_object_create(loader, "Class", &object_ops, NULL, METACALL_OBJECT_IS_CLASS);
    metacall_function *function = object != NULL ? metacall_object_function(object) : NULL;
    metacall_memory *memory =
        function != NULL ? metacall_memory_create(loader, &byte, 1, NULL, NULL) : NULL;
    if (memory != NULL && function_signature(function) != NULL)
        result = metacall_function_call(function, &none, &ret);
    metacall_memory_release(memory);
    metacall_function_release(function);
    metacall_object_release(object);
    return result;
}

static unsigned hooks_released;

static int hook(metacall_function *function, const struct metacall_call *call, metacall_value *ret,
                void *data)
{
    (void)function, (void)call, (void)ret, (void)data;
    return 0;
}

static void hook_released(void *data)
{
    (void)data;
    hooks_released++;
}

static int scenario_intercept(void)
{
    metacall_value ret = METACALL_SLOT_INIT;
    struct metacall_call none = {NULL, 0, NULL, 0};
    metacall_interception *hooks[3] = {NULL, NULL, NULL};
    metacall_function *function = metacall_function_create(loader, "f", &fake_ops, NULL);
    unsigned made = 0;
    int result = -1;
    hooks_released = 0;
    while (function != NULL && made < 3 &&
           (hooks[made] = metacall_intercept(function, hook, NULL, NULL, hook_released)) != NULL)
        made++;
    if (made == 3)
        result = metacall_function_call(function, &none, &ret);
    metacall_error *error = metacall_error_take();
    for (unsigned i = 0; i < made; i++) /* the middle one first: that needs no memory */
        CHECK_LONG(metacall_intercept_remove(hooks[(i + 1) % made]), 0);
    CHECK_LONG(hooks_released, made);
    CHECK(function == NULL || !(function->flags & METACALL_FUNCTION_INTERCEPTED));
    metacall_function_release(function);
    metacall_error_release(metacall_error_take());
    if (result != 0)
        metacall_error_set(error);
    else
        metacall_error_release(error); /* says that the language's own calls are not seen */
    return result;
}

static void test_held_by_others(void)
{
    with_every_failure(scenario_future);
    with_every_failure(scenario_object);
    with_every_failure(scenario_intercept);
}

static int scenario_start(void)
{
    const char *const paths[] = {"/one", "/two", NULL};
    char arg[] = "arg";
    char *argv[] = {arg, NULL};
    struct metacall_loader_config config = {.tag = "briefly",
                                            .plugin = "/p",
                                            .manifest = "/m",
                                            .runtime_version = "1.2",
                                            .execution_paths = paths,
                                            .argc = 1,
                                            .argv = argv};
    metacall_loader *started;
    return loader_table_start(&fake_hooks, &config, &started);
}

/* The structure of a loader is kept for the next start: only failures must balance here. */
static void test_starting(void)
{
    CHECK(scenario_start() == 0);
    loader_table_destroy();
    for (long n = 0;; n++) {
        metacall_error_release(metacall_error_take());
        long before = balance;
        failed_once = 0;
        fail_on = 1;
        fail_at = n;
        int result = scenario_start();
        fail_at = -1;
        if (!failed_once) {
            CHECK_LONG(result, 0);
            break;
        }
        CHECK_LONG(result, -1);
        CHECK_ERROR(METACALL_ERROR_MEMORY, "out of memory");
        CHECK_LONG(balance, before);
    }
    loader_table_destroy();
    metacall_slot_clear(&sample);
}

static const struct check_test tests[] = {
    {"copying", test_copying},
    {"functions", test_functions},
    {"a thread without memory", test_a_thread_without_memory},
    {"publishing", test_publishing},
    {"adopting", test_adopting},
    {"views", test_views},
    {"errors", test_errors},
    {"bigints", test_bigints},
    {"held by others", test_held_by_others},
    {"starting", test_starting},
};
CHECK_MAIN(tests)
