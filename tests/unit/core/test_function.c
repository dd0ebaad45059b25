/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions: counted, described once, called through a gate that counts and converts arguments. */
#include "check.h"
#include "fake_loader.h"

#include "core/function.h"
#include "core/thread.h"

#include <pthread.h>
#include <stdlib.h>

/* Remembers what it was called with. */
static struct metacall_call seen;
static metacall_value seen_args[16];

static int remember(metacall_function *function, const struct metacall_call *call,
                    metacall_value *ret)
{
    (void)function;
    seen = *call;
    for (size_t i = 0; i < call->count && i < 16; i++)
        seen_args[i] = *call->args[i];
    metacall_slot_bool(ret, 1);
    return 0;
}

static const struct metacall_function_ops remember_ops = {remember, NULL, NULL, NULL};

static metacall_function *typed(enum metacall_value_id first, enum metacall_value_id second)
{
    metacall_function *function = metacall_function_create(NULL, "typed", &remember_ops, NULL);
    CHECK(metacall_function_parameter(function, "a", first, 1) == 0);
    CHECK(metacall_function_parameter(function, "b", second, 1) == 0);
    return function;
}

static int call_with(metacall_function *function, metacall_value *args, size_t count,
                     const char *const *keywords, size_t keyword_count)
{
    metacall_value *pointers[32];
    metacall_value ret = METACALL_SLOT_INIT;
    for (size_t i = 0; i < count; i++)
        pointers[i] = &args[i];
    struct metacall_call call = {pointers, count, keywords, keyword_count};
    int result = metacall_function_call(function, &call, &ret);
    metacall_slot_clear(&ret);
    return result;
}

static metacall_value number(int64_t value)
{
    metacall_value slot = METACALL_SLOT_INIT;
    metacall_slot_long(&slot, value);
    return slot;
}

static metacall_value text(const char *value)
{
    metacall_value slot = METACALL_SLOT_INIT;
    metacall_slot_borrow(&slot, METACALL_STRING, value, strlen(value));
    return slot;
}

static void test_counting(void)
{
    fake_reset();
    metacall_function *function = metacall_function_create(NULL, NULL, &fake_ops, NULL);
    CHECK_TEXT(metacall_function_name(function), "");
    metacall_function_reference(function);
    metacall_function_release(function);
    CHECK_LONG(fake.functions_destroyed, 0);
    metacall_function_release(function);
    CHECK_LONG(fake.functions_destroyed, 1);
    metacall_function_release(NULL);
}

static void test_untyped_goes_straight_through(void)
{
    metacall_function *function = metacall_function_create(NULL, "free", &remember_ops, NULL);
    metacall_value args[3] = {text("x"), number(1), number(2)};
    CHECK(call_with(function, args, 3, NULL, 0) == 0);
    CHECK_LONG(seen.count, 3);
    CHECK_LONG(seen_args[2].as.long_, 2);
    metacall_function_release(function);
}

static void test_same_kinds_are_not_touched(void)
{
    metacall_function *function = typed(METACALL_LONG, METACALL_STRING);
    metacall_value args[2] = {number(4), text("hey")};
    CHECK(function->flags & METACALL_FUNCTION_TYPED);
    CHECK(call_with(function, args, 2, NULL, 0) == 0);
    CHECK(seen_args[1].as.bytes.data == args[1].as.bytes.data);
    metacall_function_release(function);
}

static void test_numbers_are_converted(void)
{
    metacall_function *function = typed(METACALL_DOUBLE, METACALL_INT);
    metacall_value args[2] = {number(3), number(-7)};
    CHECK(call_with(function, args, 2, NULL, 0) == 0);
    CHECK_LONG(seen_args[0].id, METACALL_DOUBLE);
    CHECK(seen_args[0].as.double_ == 3.0);
    CHECK_LONG(seen_args[1].id, METACALL_INT);
    CHECK_LONG(seen_args[1].as.int_, -7);
    CHECK_LONG(args[0].id, METACALL_LONG); /* the caller's own is as it was */
    metacall_function_release(function);
}

static void test_wrong_kinds_are_named(void)
{
    metacall_function *function = typed(METACALL_INT, METACALL_DOUBLE);
    metacall_value args[2] = {text("abc"), number(1)};
    CHECK(call_with(function, args, 2, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_TYPE, "typed: parameter 1 'a' must be Integer, got String");
    args[0] = number(1L << 40);
    CHECK(call_with(function, args, 2, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_RANGE, "parameter 1 'a' must be Integer, got Long 1099511627776");
    args[0] = number(1);
    metacall_slot_null(&args[1]);
    CHECK(call_with(function, args, 2, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_TYPE, "parameter 2 'b' must be Double, got Null");
    metacall_function_release(function);
}

static void test_counts_are_named(void)
{
    metacall_function *function = typed(METACALL_LONG, METACALL_INVALID);
    metacall_value args[4] = {number(1), number(2), number(3), number(4)};
    CHECK(call_with(function, args, 1, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "typed takes 2 arguments, got 1");
    CHECK(call_with(function, args, 3, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "typed takes 2 arguments, got 3");
    CHECK(metacall_function_parameter(function, "c", METACALL_INVALID, 0) == 0);
    CHECK(call_with(function, args, 3, NULL, 0) == 0);
    CHECK(call_with(function, args, 2, NULL, 0) == 0);
    CHECK(call_with(function, args, 1, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "at least 2 arguments, got 1");
    CHECK(call_with(function, args, 4, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "at most 3 arguments, got 4");
    function->flags |= METACALL_FUNCTION_VARIADIC;
    CHECK(call_with(function, args, 4, NULL, 0) == 0);
    metacall_function_release(function);
}

static void test_null_pointers_are_refused(void)
{
    metacall_function *function = typed(METACALL_LONG, METACALL_LONG);
    metacall_value one = number(1), ret = METACALL_SLOT_INIT;
    metacall_value *pointers[2] = {&one, NULL};
    struct metacall_call call = {pointers, 2, NULL, 0};
    CHECK(metacall_function_call(function, &call, &ret) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "argument 2 of typed is NULL");
    metacall_function_release(function);
}

static void test_keywords(void)
{
    metacall_function *function = typed(METACALL_LONG, METACALL_DOUBLE);
    metacall_value args[2] = {number(1), number(2)};
    const char *const b[] = {"b"}, *const ba[] = {"b", "a"}, *const a[] = {"a"}, *const c[] = {"c"},
                      *const bb[] = {"b", "b"};
    CHECK(call_with(function, args, 2, b, 1) == 0);
    CHECK_LONG(seen_args[1].id, METACALL_DOUBLE);
    CHECK(call_with(function, args, 2, ba, 2) == 0); /* b = 1, a = 2 */
    CHECK_LONG(seen_args[0].id, METACALL_DOUBLE);
    CHECK_LONG(seen_args[1].id, METACALL_LONG);
    CHECK(call_with(function, args, 2, a, 1) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "typed got parameter 'a' twice");
    CHECK(call_with(function, args, 2, bb, 2) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "typed got parameter 'b' twice");
    CHECK(call_with(function, args, 2, c, 1) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "typed has no parameter 'c'");
    CHECK(call_with(function, args, 1, b, 1) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "lacks an argument for parameter 'a'");
    metacall_function_release(function);
}

static void test_kinds_of_parameters(void)
{
    metacall_function *function = metacall_function_create(NULL, "kinds", &remember_ops, NULL);
    CHECK(metacall_function_parameter(function, "place", METACALL_LONG,
                                      METACALL_PARAMETER_REQUIRED |
                                          METACALL_PARAMETER_POSITIONAL) == 0);
    CHECK(metacall_function_parameter(function, "name", METACALL_STRING,
                                      METACALL_PARAMETER_REQUIRED | METACALL_PARAMETER_KEYWORD) ==
          0);
    metacall_value args[3] = {number(1), number(2), METACALL_SLOT_INIT};
    const char *const name[] = {"name"}, *const place[] = {"place", "name"};
    metacall_slot_borrow(&args[2], METACALL_STRING, "x", 1);
    CHECK(call_with(function, args, 1, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "kinds lacks an argument for parameter 'name'");
    CHECK(call_with(function, args, 2, name, 1) == -1);
    CHECK_ERROR(METACALL_ERROR_TYPE, "parameter 2 'name' must be String, got Long 2");
    function->flags |= METACALL_FUNCTION_VARIADIC;
    /* What is past the places is nobody's; what a name reaches is checked as ever. */
    CHECK(call_with(function, args, 3, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "kinds lacks an argument for parameter 'name'");
    CHECK(call_with(function, args, 3, name, 1) == 0);
    CHECK_LONG(seen.count, 3);
    /* A name that only says what a place is for is free for the function's own keywords. */
    CHECK(call_with(function, args + 1, 2, place, 2) == -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "lacks an argument for parameter 'place'");
    metacall_function_release(function);
}

static void test_arranging(void)
{
    metacall_function *function = typed(METACALL_LONG, METACALL_LONG);
    CHECK(metacall_function_parameter(function, "c", METACALL_LONG, 0) == 0);
    CHECK(metacall_function_parameter(function, "d", METACALL_LONG, 0) == 0);
    metacall_value args[3] = {number(1), number(4), number(2)};
    metacall_value *pointers[3] = {&args[0], &args[1], &args[2]}, *placed[4];
    const char *const keywords[] = {"d", "b"};
    struct metacall_call call = {pointers, 3, keywords, 2};
    CHECK(metacall_function_arrange(function, &call, placed, 4) == 0);
    CHECK(placed[0] == &args[0] && placed[1] == &args[2] && placed[2] == NULL &&
          placed[3] == &args[1]);
    CHECK(metacall_function_arrange(function, &call, placed, 3) == -1);
    CHECK_ERROR(METACALL_ERROR_RANGE, "more than 3 parameters");
    metacall_function_release(function);
}

static void test_many_arguments(void)
{
    metacall_function *function = metacall_function_create(NULL, "many", &remember_ops, NULL);
    metacall_value args[30];
    for (int i = 0; i < 30; i++) {
        CHECK(metacall_function_parameter(function, NULL, METACALL_DOUBLE, 1) == 0);
        args[i] = number(i);
    }
    CHECK(call_with(function, args, 30, NULL, 0) == 0);
    CHECK_LONG(seen.count, 30);
    CHECK(seen_args[15].as.double_ == 15.0);
    metacall_function_release(function);
}

static void test_big_parameters(void)
{
    metacall_function *function = typed(METACALL_LONG, METACALL_INVALID);
    const uint64_t words[2] = {1, 1};
    metacall_value args[2] = {METACALL_SLOT_INIT, number(1)};
    CHECK(metacall_slot_bigint(&args[0], 0, words, 2) == 0);
    CHECK(call_with(function, args, 2, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_RANGE, "must be Long, got BigInteger, which does not fit");
    function->flags |= METACALL_FUNCTION_BIG;
    CHECK(call_with(function, args, 2, NULL, 0) == 0);
    CHECK_LONG(seen_args[0].id, METACALL_BIGINT);
    metacall_slot_clear(&args[0]);
    metacall_function_release(function);
}

/* ------------------------------------------------------------------------------- describing */

static unsigned described;

static int describe(metacall_function *function)
{
    __atomic_add_fetch(&described, 1, __ATOMIC_RELAXED);
    metacall_function_result(function, METACALL_STRING);
    metacall_function_parameter(function, "first", METACALL_INVALID, 1);
    sched_yield();
    return metacall_function_parameter(function, "second", METACALL_LONG, 0);
}

static int describe_badly(metacall_function *function)
{
    metacall_function_parameter(function, "half", METACALL_LONG, 1);
    return metacall_error_raise(METACALL_ERROR_GUEST, "cannot be described");
}

static const struct metacall_function_ops described_ops = {remember, describe, NULL, NULL};
static const struct metacall_function_ops bad_ops = {remember, describe_badly, NULL, NULL};

static void test_described_on_demand(void)
{
    described = 0;
    metacall_function *function = metacall_function_create(NULL, "lazy", &described_ops, NULL);
    CHECK_LONG(function_signature_now(function)->count, 0);
    const struct function_signature *signature = function_signature(function);
    CHECK_LONG(signature->count, 2);
    CHECK_LONG(signature->result, METACALL_STRING);
    CHECK_TEXT(signature->parameters[1].name, "second");
    CHECK(function->flags & METACALL_FUNCTION_TYPED);
    CHECK(function_signature(function) == signature);
    CHECK_LONG(described, 1);
    metacall_function_release(function);
}

static void test_described_badly(void)
{
    metacall_function *function = metacall_function_create(NULL, "bad", &bad_ops, NULL);
    CHECK(function_signature(function) == NULL);
    CHECK_ERROR(METACALL_ERROR_GUEST, "cannot be described");
    CHECK_LONG(function_signature_now(function)->count, 0);
    CHECK(!(function->flags & METACALL_FUNCTION_TYPED));
    metacall_function_release(function);
}

static void *ask_signature(void *data)
{
    return (void *)function_signature(data);
}

static void test_described_by_many(void)
{
    for (int round = 0; round < 50; round++) {
        metacall_function *function = metacall_function_create(NULL, "lazy", &described_ops, NULL);
        pthread_t threads[4];
        void *signatures[4];
        for (int i = 0; i < 4; i++)
            pthread_create(&threads[i], NULL, ask_signature, function);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], &signatures[i]);
        for (int i = 0; i < 4; i++) {
            CHECK(signatures[i] == signatures[0]);
            CHECK_LONG(((struct function_signature *)signatures[i])->count, 2);
        }
        metacall_function_release(function);
    }
}

/* ------------------------------------------------------------------------------------ the gate */

static void test_ended_loader_refuses(void)
{
    metacall_loader *loader = fake_start("fake");
    metacall_value slot = METACALL_SLOT_INIT, arg = number(2);
    CHECK(loader != NULL);
    fake_function(&slot, loader, "late");
    CHECK(call_with(slot.as.function, &arg, 1, NULL, 0) == 0);
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK(call_with(slot.as.function, &arg, 1, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_STATE, "cannot use late: its loader 'fake' has ended");
    /* The tag started anew does not bring old functions back to life. */
    metacall_loader *again = fake_start("fake");
    CHECK(again != NULL && again != loader);
    CHECK(call_with(slot.as.function, &arg, 1, NULL, 0) == -1);
    CHECK_ERROR(METACALL_ERROR_STATE, "has ended");
    metacall_slot_clear(&slot);
    loader_table_destroy();
}

static const struct check_test tests[] = {
    {"counting", test_counting},
    {"untyped goes straight through", test_untyped_goes_straight_through},
    {"same kinds are not touched", test_same_kinds_are_not_touched},
    {"numbers are converted", test_numbers_are_converted},
    {"wrong kinds are named", test_wrong_kinds_are_named},
    {"counts are named", test_counts_are_named},
    {"null pointers are refused", test_null_pointers_are_refused},
    {"keywords", test_keywords},
    {"kinds_of_parameters", test_kinds_of_parameters},
    {"arranging", test_arranging},
    {"many arguments", test_many_arguments},
    {"big parameters", test_big_parameters},
    {"described on demand", test_described_on_demand},
    {"described badly", test_described_badly},
    {"described by many", test_described_by_many},
    {"an ended loader refuses", test_ended_loader_refuses},
};
CHECK_MAIN(tests)
