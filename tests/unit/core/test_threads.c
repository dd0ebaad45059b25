/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Many threads at once: calls by name while scripts come and go, values and functions shared. */
#include "check.h"
#include "fake_loader.h"

#include "core/handle.h"
#include "core/value.h"

#include <pthread.h>

#define THREADS 8
#define ROUNDS 3000

static metacall_loader *loader;
static int stop;
static unsigned wrong, calls;

static void *call_by_name(void *data)
{
    metacall_value one = METACALL_SLOT_INIT, ret = METACALL_SLOT_INIT;
    metacall_value *args[2] = {&one, &one};
    struct metacall_call call = {args, 2, NULL, 0};
    (void)data;
    metacall_slot_long(&one, 21);
    for (int i = 0; i < ROUNDS; i++) {
        metacall_function *function = metacall_function_find("steady");
        if (function == NULL || metacall_function_call(function, &call, &ret) != 0 ||
            ret.as.long_ != 42)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
        metacall_function_release(function);
        /* This one comes and goes; what is found must be whole. */
        function = metacall_function_find("fleeting");
        if (function != NULL) {
            if (metacall_function_call(function, &call, &ret) != 0 || ret.as.long_ != 42)
                __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
            __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
            metacall_function_release(function);
        }
    }
    metacall_error_release(metacall_error_take());
    return NULL;
}

static void *come_and_go(void *data)
{
    (void)data;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        metacall_handle *handle = handle_create(loader, "/fleeting.x");
        if (fake_define(handle, loader, "fleeting") != 0 || handle_publish(handle, 1) != 0)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
        sched_yield();
        handle_clear(handle);
    }
    return NULL;
}

static void test_calls_while_scripts_come_and_go(void)
{
    pthread_t threads[THREADS], changer;
    loader = fake_start("fake");
    metacall_handle *handle = handle_create(loader, "/steady.x");
    CHECK(fake_define(handle, loader, "steady") == 0 && handle_publish(handle, 1) == 0);
    pthread_create(&changer, NULL, come_and_go, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, call_by_name, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    pthread_join(changer, NULL);
    CHECK_LONG(wrong, 0);
    loader_table_destroy();
}

static void *share(void *data)
{
    metacall_value *value = data;
    for (int i = 0; i < ROUNDS; i++) {
        value_reference(value);
        metacall_value *copy = value_copy(value);
        if (copy == NULL || strcmp(copy->as.array.items[0]->as.bytes.data, "shared") != 0)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
        value_destroy(copy);
        value_destroy(value);
    }
    return NULL;
}

static void test_one_value_in_many_hands(void)
{
    pthread_t threads[THREADS];
    metacall_value *value = value_create();
    metacall_value function = METACALL_SLOT_INIT;
    wrong = 0;
    fake_reset();
    CHECK(metacall_slot_array(value, 2) == 0);
    CHECK(metacall_slot_bytes(value->as.array.items[0], METACALL_STRING, "shared", 6) == 0);
    fake_function(&function, NULL, "inside");
    CHECK(metacall_slot_copy(value->as.array.items[1], &function) == 0);
    metacall_slot_clear(&function);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, share, value);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_LONG(wrong, 0);
    CHECK_LONG(fake.functions_destroyed, 0);
    value_destroy(value);
    CHECK_LONG(fake.functions_destroyed, 1);
}

static const struct check_test tests[] = {
    {"calls while scripts come and go", test_calls_while_scripts_come_and_go},
    {"one value in many hands", test_one_value_in_many_hands},
};
CHECK_MAIN(tests)
