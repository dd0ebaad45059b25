/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Node in a C program: values, functions and errors through the C API, from several threads, and
 * recursion to the end of the stack on a thread with a small one. */
#include "embed_check.h"

#include <pthread.h>
#include <signal.h>

static const char script[] =
    "exports.add = (a, b) => a + b;\n"
    "exports.echo = (value) => value;\n"
    "exports.twice = (f, x) => f(f(x));\n"
    "exports.fail = (text) => { throw new RangeError(text); };\n"
    "exports.half = (x) => x / 2;\n"
    "exports.endless = function endless(n) { return endless(n + 1) + 1; };\n"
    "exports.ticks = () => { const seen = []; process.nextTick(() => seen.push('tick'));\n"
    "  Promise.resolve().then(() => seen.push('micro')); exports.seen = seen; return 0; };\n"
    "exports.seenNow = () => exports.seen.join();\n";

static void *add_one(size_t count, void *args[], void *data)
{
    CHECK(count == 1 && data == (void *)&script);
    return metacall_value_create_long(metacall_value_to_long(args[0]) + 1);
}

static void check_values(void *handle)
{
    void *echo = metacall_handle_function(handle, "echo");
    void *items[2] = {metacall_value_create_long(7), metacall_value_create_string("a\0b", 3)};
    void *list = metacall_value_create_array((const void **)items, 2);
    void *back = metacallfv_s(echo, &list, 1);

    CHECK(back && metacall_value_id(back) == METACALL_ARRAY && metacall_value_count(back) == 2);
    void **inner = metacall_value_to_array(back);
    CHECK(metacall_value_id(inner[0]) == METACALL_LONG && metacall_value_to_long(inner[0]) == 7);
    CHECK(metacall_value_id(inner[1]) == METACALL_STRING && metacall_value_size(inner[1]) == 4);
    CHECK(memcmp(metacall_value_to_string(inner[1]), "a\0b", 4) == 0);
    metacall_value_destroy(list);
    metacall_value_destroy(back);

    void *large = metacall_value_create_long(INT64_MAX);
    back = metacallfv_s(echo, &large, 1);
    CHECK(back && metacall_value_id(back) == METACALL_LONG);
    CHECK(metacall_value_to_long(back) == INT64_MAX);
    metacall_value_destroy(large);
    metacall_value_destroy(back);

    /* Not UTF-8: refused, not mended. */
    void *broken = metacall_value_create_string("\xff\xfe", 2);
    CHECK(metacallfv_s(echo, &broken, 1) == NULL);
    CHECK(metacall_error_peek()->code == METACALL_ERROR_TYPE);
    CHECK(strstr(reason(), "argument 1 of echo()") != NULL);
    metacall_value_destroy(broken);
}

static void check_functions(void *handle)
{
    void *function = NULL;
    enum metacall_value_id types[1] = {METACALL_LONG};

    CHECK(metacall_registerv_closure(NULL, add_one, &function, METACALL_LONG, 1, types,
                                     (void *)&script) == 0);
    void *args[2] = {metacall_value_create_function(function), metacall_value_create_long(40)};
    void *back = metacallfv_s(metacall_handle_function(handle, "twice"), args, 2);
    CHECK(back && metacall_value_to_long(back) == 42);
    metacall_value_destroy(back);
    /* It comes home as itself. */
    back = metacallfv_s(metacall_handle_function(handle, "echo"), args, 1);
    CHECK(back && metacall_value_id(back) == METACALL_FUNCTION);
    CHECK(metacall_value_to_function(back) == function);
    metacall_value_destroy(back);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void check_errors(void *handle)
{
    struct metacall_exception_type exception;
    void *text = metacall_value_create_string("so it is", 8);

    CHECK(metacallfv_s(metacall_handle_function(handle, "fail"), &text, 1) == NULL);
    CHECK(metacall_error_peek()->code == METACALL_ERROR_GUEST);
    CHECK(strcmp(metacall_error_peek()->type, "RangeError") == 0);
    CHECK(strcmp(reason(), "so it is") == 0);
    CHECK(strstr(metacall_error_stack(metacall_error_peek()), "RangeError: so it is\n") != NULL);
    CHECK(metacall_error_last(&exception) == 0 && strcmp(exception.message, "so it is") == 0);
    metacall_error_clear();
    metacall_value_destroy(text);
}

/* The stack ends in a RangeError, on whatever thread. */
static void *check_depth(void *handle)
{
    void *zero = metacall_value_create_long(0);

    CHECK(metacallfv_s(metacall_handle_function(handle, "endless"), &zero, 1) == NULL);
    CHECK(strcmp(metacall_error_peek()->type, "RangeError") == 0);
    metacall_error_clear();
    metacall_value_destroy(zero);
    CHECK(call_number(metacall_handle_function(handle, "half"), 3) == 1.5);
    return NULL;
}

static void *hammer(void *handle)
{
    void *half = metacall_handle_function(handle, "half");

    for (int i = 0; i < 5000; i++)
        CHECK(call_number(half, i) == i / 2.0);
    return NULL;
}

static void check_threads(void *handle)
{
    pthread_t threads[8];
    pthread_attr_t small;

    for (size_t i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, hammer, handle) == 0);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_init(&small);
    for (size_t size = 256 * 1024; size <= 4096 * 1024; size *= 4) {
        pthread_attr_setstacksize(&small, size);
        CHECK(pthread_create(&threads[0], &small, check_depth, handle) == 0);
        pthread_join(threads[0], NULL);
    }
    /* Many that come and go. */
    for (int i = 0; i < 200; i++) {
        CHECK(pthread_create(&threads[0], NULL, check_depth, handle) == 0);
        pthread_join(threads[0], NULL);
    }
}

/* Ticks and microtasks have run when the call is back. */
static void check_ticks(void *handle)
{
    void *back = metacallfv_s(metacall_handle_function(handle, "ticks"), NULL, 0);

    metacall_value_destroy(back);
    back = metacallfv_s(metacall_handle_function(handle, "seenNow"), NULL, 0);
    CHECK(back && strcmp(metacall_value_to_string(back), "tick,micro") == 0);
    metacall_value_destroy(back);
}

/* No handler of the program's is touched. */
static void check_signals(struct sigaction before[32], int first)
{
    struct sigaction now;

    for (int number = 1; number < 32; number++) {
        if (number == SIGKILL || number == SIGSTOP)
            continue;
        CHECK(sigaction(number, NULL, first ? &before[number] : &now) == 0);
        CHECK(first || now.sa_handler == before[number].sa_handler);
    }
}

int main(void)
{
    static struct sigaction signals[32];

    check_signals(signals, 1);
    CHECK(metacall_initialize() == 0);
    void *handle = load_script(script);
    check_signals(signals, 0);
    check_values(handle);
    check_functions(handle);
    check_errors(handle);
    check_depth(handle);
    check_ticks(handle);
    check_threads(handle);
    check_values(handle);
    CHECK(metacall_clear(handle) == 0);
    CHECK(metacall_destroy() == 0);
    check_signals(signals, 0);
    puts("ok");
    return 0;
}
