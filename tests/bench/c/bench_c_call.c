/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* call.c-mock: a function of two doubles called from C with its arguments prepared, the result
 * destroyed by the caller; the floor is one malloc and free of a value's size in the same run. For
 * the record: the same by name, with the arguments made and destroyed each time, as varargs, with a
 * hook before it. */
#include <metacall/intercept.h>

#include "bench_row.h"

#include <metacall/metacall.h>

struct bench {
    void *function;
    void *args[2];
};

static void floor_malloc(size_t count, void *data)
{
    (void)data;
    for (size_t i = 0; i < count; i++) {
        void *block = malloc(32);
        __asm__ volatile("" : : "r"(block) : "memory");
        free(block);
    }
}

static void call_prepared(size_t count, void *data)
{
    struct bench *bench = data;
    for (size_t i = 0; i < count; i++) {
        void *ret = metacallfv_s(bench->function, bench->args, 2);
        if (ret == NULL)
            abort();
        metacall_value_destroy(ret);
    }
}

static void call_by_name(size_t count, void *data)
{
    struct bench *bench = data;
    for (size_t i = 0; i < count; i++) {
        void *ret = metacallv_s("two_doubles", bench->args, 2);
        if (ret == NULL)
            abort();
        metacall_value_destroy(ret);
    }
}

static void call_with_new_arguments(size_t count, void *data)
{
    struct bench *bench = data;
    for (size_t i = 0; i < count; i++) {
        void *args[2] = {metacall_value_create_double(1.5), metacall_value_create_double(2.25)};
        void *ret = metacallfv_s(bench->function, args, 2);
        if (ret == NULL)
            abort();
        metacall_value_destroy(ret);
        metacall_value_destroy(args[0]);
        metacall_value_destroy(args[1]);
    }
}

static void call_varargs(size_t count, void *data)
{
    struct bench *bench = data;
    for (size_t i = 0; i < count; i++) {
        void *ret = metacallf(bench->function, 1.5, 2.25);
        if (ret == NULL)
            abort();
        metacall_value_destroy(ret);
    }
}

static int look_on(metacall_function *function, const struct metacall_call *call,
                   metacall_value *ret, void *data)
{
    (void)function, (void)call, (void)ret, (void)data;
    return 0;
}

/* For the record only: no limit. */
static void record(const char *id, void (*value)(size_t, void *), struct bench *bench)
{
    bench_compare(id, value, floor_malloc, 300000, bench, 0);
}

int main(void)
{
    static const char script[] = "double two_doubles(double a, double b) = a + b\n";
    struct bench bench;
    if (metacall_initialize() != 0 ||
        metacall_load_from_memory("mock", script, sizeof(script), NULL) != 0) {
        struct metacall_exception_type error;
        metacall_error_last(&error);
        fprintf(stderr, "bench_c_call: %s\n", error.message);
        return 1;
    }
    bench.function = metacall_function("two_doubles");
    bench.args[0] = metacall_value_create_double(1.5);
    bench.args[1] = metacall_value_create_double(2.25);
    bench_compare("call.c-mock", call_prepared, floor_malloc, 2000000, &bench, 2);
    record("call.c-mock.name", call_by_name, &bench);
    record("call.c-mock.new-arguments", call_with_new_arguments, &bench);
    record("call.c-mock.varargs", call_varargs, &bench);
    metacall_interception *interception =
        metacall_intercept(bench.function, look_on, NULL, NULL, NULL);
    record("call.c-mock.intercepted", call_prepared, &bench);
    metacall_intercept_remove(interception);
    metacall_value_destroy(bench.args[0]);
    metacall_value_destroy(bench.args[1]);
    return metacall_destroy();
}
