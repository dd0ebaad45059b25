/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A language of plain C for tests of interception: it has one native function, a table of
 * identities as the real loaders have, and a detour for the calls that it makes itself; and hooks
 * to put on. */
#ifndef TESTS_CORE_FAKE_NATIVE_H
#define TESTS_CORE_FAKE_NATIVE_H

#include "check.h"
#include "fake_loader.h"

#include "core/value.h"

#include <metacall/intercept.h>

/* ------------------------------------------------------------------------------ the language */

static struct native {
    metacall_function *function; /* weak: the one that crossed */
    int detour;
    unsigned calls, turns;
    int refuse;    /* an error code for ops->intercept */
    int fail;      /* the function itself fails */
    char text[16]; /* what it gives when it is asked for a text */
} native;

static char log_text[256];

static inline void note(const char *word)
{
    size_t length = strlen(log_text);
    snprintf(log_text + length, sizeof(log_text) - length, "%s ", word);
}

static inline void forget(void)
{
    log_text[0] = '\0';
}

/* The original: the sum of its arguments, or a text of its own where there are none. */
static inline int native_run(const struct metacall_call *call, metacall_value *ret)
{
    int64_t sum = 0;
    __atomic_add_fetch(&native.calls, 1, __ATOMIC_RELAXED);
    if (native.fail)
        return metacall_error_raise(METACALL_ERROR_GUEST, "native fails");
    for (size_t i = 0; i < call->count; i++)
        sum += call->args[i]->as.long_;
    if (call->count == 0)
        metacall_slot_borrow(ret, METACALL_STRING, native.text, strlen(native.text));
    else
        metacall_slot_long(ret, sum);
    return 0;
}

static inline int native_call(metacall_function *function, const struct metacall_call *call,
                              metacall_value *ret)
{
    (void)function;
    return native_run(call, ret);
}

static inline void native_destroy(metacall_function *function)
{
    if (native.function == function)
        native.function = NULL;
}

static inline int native_intercept(metacall_function *function, int on)
{
    (void)function;
    if (native.refuse)
        return metacall_error_raise((enum metacall_error_code)native.refuse, "not this function");
    native.detour = on;
    native.turns++;
    return 0;
}

static const struct metacall_function_ops native_ops = {native_call, NULL, native_destroy,
                                                        native_intercept};
static const struct metacall_function_ops gate_only_ops = {native_call, NULL, native_destroy, NULL};

/* The function as it crosses: the same one while somebody holds it. */
static inline metacall_function *native_cross(metacall_loader *loader)
{
    if (native.function != NULL)
        metacall_function_reference(native.function);
    else
        native.function = metacall_function_create(loader, "native", &native_ops, NULL);
    return native.function;
}

struct own_call {
    const struct metacall_call *call;
    metacall_value *ret; /* what the language itself gets */
    int wanted;
};

static inline int own_proceed(void *data, int wanted, metacall_value *ret)
{
    struct own_call *own = data;
    own->wanted = wanted;
    int result = native_run(own->call, own->ret);
    return result == 0 && wanted ? metacall_slot_copy(ret, own->ret) : result;
}

/* The language calls the function itself. *ret_same is 1 when the very object came back. */
static inline int own_call(const struct metacall_call *call, metacall_value *ret, int *ret_same)
{
    metacall_value seen = METACALL_SLOT_INIT;
    struct own_call own = {call, ret, -1};
    int replaced = 0;
    *ret_same = 1;
    if (!native.detour)
        return native_run(call, ret);
    int result =
        metacall_function_intercepted(native.function, call, own_proceed, &own, &seen, &replaced);
    if (result == 0 && replaced) {
        metacall_slot_clear(ret);
        value_move(ret, &seen);
        *ret_same = 0;
    }
    metacall_slot_clear(&seen);
    return result;
}

/* --------------------------------------------------------------------------------- the hooks */

struct hook {
    const char *name;
    int answer;      /* of `before` */
    int calls_again; /* `before` calls the function */
    int replaces;    /* `after` puts 100 in place of the result */
    int heals;       /* `after` turns a failure into 0 */
    int breaks;      /* `after` fails */
    int removes;     /* `before` removes the interception */
    unsigned before, after, released;
    metacall_interception *interception;
};

static inline int before(metacall_function *function, const struct metacall_call *call,
                         metacall_value *ret, void *data)
{
    struct hook *hook = data;
    char word[32];
    __atomic_add_fetch(&hook->before, 1, __ATOMIC_RELAXED);
    if (hook->name != NULL) {
        snprintf(word, sizeof(word), "<%s", hook->name);
        note(word);
    }
    CHECK_TEXT(metacall_function_name(function), "native");
    if (hook->calls_again) {
        metacall_value again = METACALL_SLOT_INIT;
        CHECK_LONG(metacall_function_call(function, call, &again), 0);
        metacall_slot_clear(&again);
    }
    if (hook->removes)
        CHECK_LONG(metacall_intercept_remove(hook->interception), 0);
    if (hook->answer == 1)
        CHECK(metacall_slot_bytes(ret, METACALL_STRING, "answer", 6) == 0);
    if (hook->answer < 0)
        metacall_error_raise(METACALL_ERROR_GUEST, "not today");
    return hook->answer;
}

static inline int after(metacall_function *function, const struct metacall_call *call, int result,
                        metacall_value *ret, void *data)
{
    struct hook *hook = data;
    char word[32];
    (void)function, (void)call;
    __atomic_add_fetch(&hook->after, 1, __ATOMIC_RELAXED);
    if (hook->name != NULL) {
        snprintf(word, sizeof(word), "%s%s>", hook->name, result == 0 ? "" : "!");
        note(word);
    }
    CHECK(result == 0 || ret->id == METACALL_NULL);
    CHECK((result == 0) == (metacall_error_peek() == NULL));
    if (hook->replaces) {
        metacall_slot_clear(ret);
        CHECK(metacall_slot_bytes(ret, METACALL_STRING, "other", 5) == 0);
    }
    if (hook->breaks)
        return metacall_error_raise(METACALL_ERROR_GUEST, "broken after");
    return hook->heals ? 0 : result;
}

static inline void released(void *data)
{
    struct hook *hook = data;
    if (hook->name != NULL)
        note("released");
    __atomic_add_fetch(&hook->released, 1, __ATOMIC_RELEASE); /* it may go with this */
}

static inline metacall_interception *add(metacall_function *function, struct hook *hook)
{
    hook->interception = metacall_intercept(function, before, after, hook, released);
    CHECK(hook->interception != NULL);
    return hook->interception;
}

/* --------------------------------------------------------------------------------- fixtures */

static metacall_loader *loader;

static inline metacall_function *begin(void)
{
    fake_reset();
    memset(&native, 0, sizeof(native));
    strcpy(native.text, "text");
    forget();
    loader = fake_start("fake");
    return native_cross(loader);
}

static inline void finish(metacall_function *function)
{
    metacall_function_release(function);
    loader_table_destroy();
    CHECK(native.function == NULL); /* nothing was kept */
    CHECK_LONG(native.detour, 0);
}

static metacall_value two = {METACALL_LONG, METACALL_STORAGE_SLOT, 0, {.long_ = 2}};
static metacall_value *two_args[2] = {&two, &two};
static const struct metacall_call sum_call = {two_args, 2, NULL, 0};
static const struct metacall_call text_call = {NULL, 0, NULL, 0};

static inline int64_t call_sum(metacall_function *function)
{
    metacall_value ret = METACALL_SLOT_INIT;
    int64_t sum = metacall_function_call(function, &sum_call, &ret) == 0 ? ret.as.long_ : -1;
    metacall_slot_clear(&ret);
    return sum;
}

#endif /* TESTS_CORE_FAKE_NATIVE_H */
