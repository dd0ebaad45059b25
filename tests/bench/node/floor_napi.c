/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* An addon for the rows about values and calls inside a Node host: the floor of a call
 * (napi_call_function from C), and functions of C that are called through the registry, so that
 * what a value costs on its way can be told from what a guest does with it. */
#include <metacall/metacall.h>

#include <node_api.h>

#include "bench_row.h"

enum { NUMBERS = 100, KEYS = 10 };

static void *array, *map;

static void *sink(size_t count, void *args[], void *data)
{
    (void)count, (void)args, (void)data;
    return metacall_value_create_null();
}

static void *source(size_t count, void *args[], void *data)
{
    (void)count, (void)args;
    return metacall_value_copy(*(void **)data);
}

static void make_values(void)
{
    void *items[NUMBERS], *pairs[KEYS];

    for (int i = 0; i < NUMBERS; i++)
        items[i] = metacall_value_create_double(i + 0.5);
    array = metacall_value_create_array((const void **)items, NUMBERS);
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        const void *pair[2];
        int size = snprintf(key, sizeof key, "key%d", i);
        pair[0] = metacall_value_create_string(key, (size_t)size);
        pair[1] = metacall_value_create_double(i + 0.5);
        pairs[i] = metacall_value_create_array(pair, 2);
    }
    map = metacall_value_create_map((const void **)pairs, KEYS);
}

/* define(): bench_sink(value), bench_array() and bench_map() exist from now on */
static napi_value define(napi_env env, napi_callback_info info)
{

    (void)info;
    make_values();
    if (!array || !map ||
        metacall_registerv_closure("bench_sink", sink, NULL, METACALL_INVALID, 1,
                                   (enum metacall_value_id[]){METACALL_INVALID}, NULL) != 0 ||
        metacall_registerv_closure("bench_array", source, NULL, METACALL_INVALID, 0, NULL,
                                   &array) != 0 ||
        metacall_registerv_closure("bench_map", source, NULL, METACALL_INVALID, 0, NULL, &map) != 0)
        napi_throw_error(env, NULL, "the functions of C could not be registered");
    return NULL;
}

/* times(f, count): nanoseconds of one napi_call_function with two integers and their sum */
static napi_value times(napi_env env, napi_callback_info info)
{
    napi_value args[2], pair[2], undefined, result;
    size_t count = 2;
    int32_t rounds = 0, sum;
    double begin;

    napi_get_cb_info(env, info, &count, args, NULL, NULL);
    napi_get_value_int32(env, args[1], &rounds);
    napi_get_undefined(env, &undefined);
    begin = bench_now();
    for (int32_t i = 0; i < rounds; i++) {
        napi_handle_scope scope;
        napi_open_handle_scope(env, &scope);
        napi_create_int32(env, i, &pair[0]);
        napi_create_int32(env, 1, &pair[1]);
        if (napi_call_function(env, undefined, args[0], 2, pair, &result) != napi_ok ||
            napi_get_value_int32(env, result, &sum) != napi_ok || sum != i + 1)
            napi_throw_error(env, NULL, "wrong");
        napi_close_handle_scope(env, scope);
    }
    napi_create_double(env, (bench_now() - begin) / rounds, &result);
    return result;
}

/* copies(0 = the array, 1 = the map, count): nanoseconds that bench_array takes to copy it */
static napi_value copies(napi_env env, napi_callback_info info)
{
    napi_value args[2], result;
    size_t count = 2;
    int32_t which = 0, rounds = 0;
    double begin;

    napi_get_cb_info(env, info, &count, args, NULL, NULL);
    napi_get_value_int32(env, args[0], &which);
    napi_get_value_int32(env, args[1], &rounds);
    begin = bench_now();
    for (int32_t i = 0; i < rounds; i++)
        metacall_value_destroy(metacall_value_copy(which ? map : array));
    napi_create_double(env, (bench_now() - begin) / rounds, &result);
    return result;
}

NAPI_MODULE_INIT()
{
    static const struct {
        const char *name;
        napi_callback function;
    } functions[] = {{"define", define}, {"times", times}, {"copies", copies}};
    napi_value function;

    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL,
                             &function);
        napi_set_named_property(env, exports, functions[i].name, function);
    }
    return exports;
}
