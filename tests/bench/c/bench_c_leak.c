/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* leak.c-mock.*: bytes that the C heap has grown by for each call, after 100,000 calls, for each
 * kind of argument and result; also scripts loaded and cleared. */
#include "bench_row.h"

#include <malloc.h>
#include <metacall/metacall.h>

enum { CALLS = 100000, LOADS = 2000 };

static const char script[] = "any echo(any x) = x\n"
                             "any fail(string text) = raise(\"ValueError\", text)\n"
                             "any apply(function f, any x) = f(x)\n"
                             "any give() = echo\n"
                             "long inc(long x) = x + 1\n";

static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void *make(const char *kind)
{
    if (strcmp(kind, "int") == 0)
        return metacall_value_create_long(1234567890123);
    if (strcmp(kind, "str") == 0)
        return metacall_value_create_string("a text of some length, with a NUL \0 in it", 40);
    if (strcmp(kind, "bytes") == 0)
        return metacall_value_create_buffer("\x00\xff some bytes", 13);
    if (strcmp(kind, "list") == 0) {
        const void *items[3] = {metacall_value_create_long(1),
                                metacall_value_create_string("two", 3),
                                metacall_value_create_double(3)};
        return metacall_value_create_array(items, 3);
    }
    const void *pairs[10];
    for (int i = 0; i < 10; i++) {
        char key[8];
        int length = snprintf(key, sizeof(key), "key%d", i);
        const void *pair[2] = {metacall_value_create_string(key, (size_t)length),
                               metacall_value_create_long(i)};
        pairs[i] = metacall_value_create_array(pair, 2);
    }
    return metacall_value_create_map(pairs, 10);
}

static void call_echo(const char *kind)
{
    void *arg = make(kind);
    void *ret = metacallv_s("echo", &arg, 1);
    if (ret == NULL)
        abort();
    metacall_value_destroy(ret);
    metacall_value_destroy(arg);
}

static void call_exception(const char *kind)
{
    (void)kind;
    if (metacall("fail", "no") != NULL)
        abort();
    struct metacall_exception_type error;
    if (metacall_error_last(&error) != 0)
        abort();
}

static void *increment(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    return metacall_value_create_long(metacall_value_to_long(args[0]) + 1);
}

static void *increment_function;

static void call_callback(const char *kind)
{
    (void)kind;
    void *args[2] = {metacall_value_create_function(increment_function),
                     metacall_value_create_long(1)};
    void *ret = metacallv_s("apply", args, 2);
    if (ret == NULL)
        abort();
    metacall_value_destroy(ret);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void call_function_result(const char *kind)
{
    (void)kind;
    void *function = metacall("give");
    if (function == NULL)
        abort();
    void *arg = metacall_value_create_null();
    void *ret = metacallfv_s(metacall_value_to_function(function), &arg, 1);
    if (ret == NULL || metacallfv_s(metacall_value_to_function(function), &arg, 0) != NULL)
        abort(); /* a wrong count is refused, which must not leak either */
    metacall_value_destroy(arg);
    metacall_value_destroy(ret);
    metacall_value_destroy(function);
}

static void load_and_clear(const char *kind)
{
    void *handle = NULL;
    (void)kind;
    if (metacall_load_from_memory("mock", script, sizeof(script), &handle) != 0 ||
        metacall_clear(handle) != 0)
        abort();
}

static void measure(const char *name, void (*body)(const char *), size_t count)
{
    char id[64];
    snprintf(id, sizeof(id), "leak.c-mock.%s", name);
    if (!bench_wanted(id))
        return;
    for (size_t i = 0; i < 1000; i++)
        body(name);
    size_t before = heap_in_use();
    for (size_t i = 0; i < count; i++)
        body(name);
    size_t after = heap_in_use();
    double grown = after > before ? (double)(after - before) : 0;
    bench_absolute(id, grown / (double)count, "B", 16);
}

int main(void)
{
    static const char *const kinds[] = {"int", "str", "bytes", "list", "dict"};
    if (metacall_initialize() != 0 ||
        metacall_load_from_memory("mock", script, sizeof(script), NULL) != 0 ||
        metacall_register(NULL, increment, &increment_function, METACALL_LONG, 1, METACALL_LONG)) {
        struct metacall_exception_type error;
        metacall_error_last(&error);
        fprintf(stderr, "bench_c_leak: %s\n", error.message);
        return 1;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        measure(kinds[i], call_echo, CALLS);
    measure("exception", call_exception, CALLS);
    measure("callback", call_callback, CALLS);
    measure("function-result", call_function_result, CALLS);
    measure("load", load_and_clear, LOADS);
    return metacall_destroy();
}
