/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Errors: one a thread, counted, with causes, stacks on demand, and owners that are told. */
#include "check.h"

#include "core/error.h"
#include "core/value.h"

#include <pthread.h>
#include <stdlib.h>

static unsigned released, stacks_made;

static char *make_stack(metacall_error *error)
{
    __atomic_add_fetch(&stacks_made, 1, __ATOMIC_RELAXED);
    return strdup(error->native != NULL ? "at native" : "at nothing");
}

static void on_release(metacall_error *error)
{
    (void)error;
    __atomic_add_fetch(&released, 1, __ATOMIC_RELAXED);
}

static const struct metacall_error_ops ops = {make_stack, on_release};

static void test_raise_replaces(void)
{
    CHECK(metacall_error_raise(METACALL_ERROR_LOAD, "first %d", 1) == -1);
    CHECK(metacall_error_raise(METACALL_ERROR_TYPE, "second") == -1);
    CHECK(metacall_error_peek()->cause == NULL);
    CHECK_ERROR(METACALL_ERROR_TYPE, "second");
    CHECK(metacall_error_take() == NULL);
}

static void test_wrap_keeps_the_cause(void)
{
    metacall_error_raise(METACALL_ERROR_LOAD, "inner");
    CHECK(metacall_error_wrap(METACALL_ERROR_LOADER, "outer of %s", "it") == -1);
    metacall_error *error = metacall_error_peek();
    CHECK_TEXT(error->message, "outer of it");
    CHECK(error->cause != NULL && strcmp(error->cause->message, "inner") == 0);
    metacall_error_release(metacall_error_take());
}

static void test_owner_is_told(void)
{
    metacall_error *error = metacall_error_create(METACALL_ERROR_GUEST, "TypeError", "bad");
    error->ops = &ops;
    error->native = &released;
    released = 0;
    metacall_error_set(error);
    metacall_error_reference(error);
    metacall_error_raise(METACALL_ERROR_LOAD, "the next one");
    CHECK_LONG(released, 0);
    metacall_error_release(error);
    CHECK_LONG(released, 1);
    metacall_error_release(NULL);
}

static void test_stack_is_made_once(void)
{
    metacall_error *error = metacall_error_create(METACALL_ERROR_GUEST, NULL, NULL);
    CHECK_TEXT(metacall_error_stack(error), "");
    error->ops = &ops;
    stacks_made = 0;
    const char *stack = metacall_error_stack(error);
    CHECK_TEXT(stack, "at nothing");
    CHECK(metacall_error_stack(error) == stack);
    CHECK_LONG(stacks_made, 1);
    metacall_error_release(error);
    CHECK_TEXT(metacall_error_stack(NULL), "");
}

static void *ask_stack(void *data)
{
    return (void *)metacall_error_stack(data);
}

static void test_stack_asked_by_many(void)
{
    for (int round = 0; round < 50; round++) {
        metacall_error *error = metacall_error_create(METACALL_ERROR_GUEST, NULL, NULL);
        pthread_t threads[4];
        void *texts[4];
        error->ops = &ops;
        for (int i = 0; i < 4; i++)
            pthread_create(&threads[i], NULL, ask_stack, error);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], &texts[i]);
        for (int i = 1; i < 4; i++)
            CHECK(texts[i] == texts[0]);
        metacall_error_release(error);
    }
}

static void test_long_chains_end(void)
{
    metacall_error_raise(METACALL_ERROR_LOAD, "root");
    for (int i = 0; i < 100000; i++)
        metacall_error_wrap(METACALL_ERROR_LOAD, "link %d", i);
    metacall_error_release(metacall_error_take());
    CHECK_NO_ERROR();
}

static void *other_thread(void *data)
{
    int *good = data;
    *good = metacall_error_peek() == NULL;
    metacall_error_raise(METACALL_ERROR_TYPE, "theirs");
    return NULL; /* its error ends with it */
}

static void test_threads_have_their_own(void)
{
    pthread_t thread;
    int good = 0;
    metacall_error_raise(METACALL_ERROR_LOAD, "mine");
    pthread_create(&thread, NULL, other_thread, &good);
    pthread_join(thread, NULL);
    CHECK(good);
    CHECK_ERROR(METACALL_ERROR_LOAD, "mine");
}

static void test_memory_error_needs_none(void)
{
    CHECK(error_raise_memory() == -1);
    metacall_error *error = metacall_error_peek();
    for (int i = 0; i < 10; i++)
        metacall_error_release(error);
    metacall_error_reference(error);
    CHECK_ERROR(METACALL_ERROR_MEMORY, "out of memory");
}

static void test_as_a_value(void)
{
    metacall_error *error = metacall_error_create(METACALL_ERROR_GUEST, "E", "m");
    metacall_value slot = METACALL_SLOT_INIT;
    metacall_slot_error(&slot, error);
    CHECK_LONG(error->refs, 2);
    metacall_value *value = error_value(error);
    CHECK(value != NULL && value == error_value(error));
    CHECK_LONG(error->refs, 2);
    metacall_value *copy = value_copy(value);
    CHECK_LONG(error->refs, 3);
    value_destroy(value); /* borrowed: takes nothing away */
    CHECK_LONG(error->refs, 3);
    CHECK_LONG(value->id, METACALL_EXCEPTION);
    value_destroy(copy);
    metacall_slot_clear(&slot);
    metacall_error_release(error);
}

static const struct check_test tests[] = {
    {"raise replaces", test_raise_replaces},
    {"wrap keeps the cause", test_wrap_keeps_the_cause},
    {"the owner is told", test_owner_is_told},
    {"the stack is made once", test_stack_is_made_once},
    {"the stack is asked by many", test_stack_asked_by_many},
    {"long chains end", test_long_chains_end},
    {"threads have their own", test_threads_have_their_own},
    {"the memory error needs none", test_memory_error_needs_none},
    {"as a value", test_as_a_value},
};
CHECK_MAIN(tests)
