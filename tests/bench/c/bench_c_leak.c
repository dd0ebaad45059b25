/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* leak.c-<guest>.*: bytes that the process keeps for each call from C, after 100,000 calls, for
 * each kind of argument and result, exceptions, callbacks, functions, objects, futures and hooks.
 * In a guest without a runtime the C heap is asked, to the byte; else resident memory, after the
 * guest has collected its garbage. Scripts loaded and cleared are measured too. */
#include <metacall/intercept.h>

#include "bench_row.h"

#include <limits.h>
#include <malloc.h>
#include <metacall/metacall.h>
#include <metacall/metacall_kinds.h>
#include <unistd.h>

enum { CALLS = 100000, WARM_UP = 20000, LOADS = 2000 };

static const struct guest {
    const char *tag;
    const char *script;
    int exact; /* the C heap is all there is */
} guests[] = {
    {"mock",
     "any echo(any x) = x\n"
     "any fail(string text) = raise(\"ValueError\", text)\n"
     "any apply(function f, any x) = f(x)\n"
     "any give() = echo\n"
     "class Point(any x)\n"
     "any Point.get(any self) = get(self, \"x\")\n"
     "any soon(any x) = later(x, 0)\n"
     "any collect() = null\n",
     1},
    {"py",
     "import gc\n"
     "def echo(x): return x\n"
     "def fail(text): raise ValueError(text)\n"
     "def apply(f, x): return f(x)\n"
     "def give(): return lambda x: x\n"
     "class Point:\n"
     "    def __init__(self, x): self.x = x\n"
     "    def get(self): return self.x\n"
     "async def soon(x): return x\n"
     "def collect(): gc.collect()\n",
     0},
    {"node",
     "require('v8').setFlagsFromString('--expose-gc');\n"
     "const gc = require('vm').runInNewContext('gc');\n"
     "class Point { constructor(x) { this.x = x; } get() { return this.x; } }\n"
     "module.exports = {\n"
     "  Point,\n"
     "  soon: async (x) => x,\n"
     "  echo: (x) => x,\n"
     "  fail: (text) => { throw new TypeError(text); },\n"
     "  apply: (f, x) => f(x),\n"
     "  give: () => (x) => x,\n"
     "  collect: () => { gc(); gc(); },\n"
     "};\n",
     0},
};

static struct {
    const struct guest *guest;
    void *handle;
    void *increment;
} bench;

static int bench_raise(const char *what)
{
    struct metacall_exception_type error;
    fprintf(stderr, "bench_c_leak: %s: %s: %s\n", bench.guest->tag, what,
            metacall_error_last(&error) == 0 ? error.message : "no error");
    exit(1);
}

static void *bench_call(const char *name, void *args[], size_t count)
{
    void *ret = metacallhv_s(bench.handle, name, args, count);
    if (ret == NULL)
        bench_raise(name);
    return ret;
}

/* ----------------------------------------------------------------------------------- measuring */

static size_t memory_in_use(void)
{
    unsigned long pages = 0, resident = 0;
    metacall_value_destroy(bench_call("collect", metacall_null_args, 0));
    if (bench.guest->exact) {
        struct mallinfo2 info = mallinfo2();
        return info.uordblks + info.hblkhd;
    }
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm == NULL || fscanf(statm, "%lu %lu", &pages, &resident) != 2)
        bench_raise("/proc/self/statm");
    fclose(statm);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void measure(const char *name, void (*body)(const char *), size_t warm_up, size_t count)
{
    char id[64];
    snprintf(id, sizeof(id), "leak.c-%s.%s", bench.guest->tag, name);
    if (!bench_wanted(id))
        return;
    for (size_t i = 0; i < warm_up; i++)
        body(name);
    size_t before = memory_in_use();
    for (size_t i = 0; i < count; i++)
        body(name);
    size_t after = memory_in_use();
    double grown = after > before ? (double)(after - before) : 0;
    bench_absolute(id, grown / (double)count, "B", 16);
}

/* ------------------------------------------------------------------------------------- calls */

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
                                metacall_value_create_double(3.5)};
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
    metacall_value_destroy(bench_call("echo", &arg, 1));
    metacall_value_destroy(arg);
}

static void call_exception(const char *kind)
{
    struct metacall_exception_type error;
    void *arg = metacall_value_create_string("no", 2);
    (void)kind;
    if (metacallhv_s(bench.handle, "fail", &arg, 1) != NULL || metacall_error_last(&error) != 0)
        bench_raise("fail");
    metacall_value_destroy(arg);
}

static void *increment(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    return metacall_value_create_long(metacall_value_to_long(args[0]) + 1);
}

static void call_callback(const char *kind)
{
    void *args[2] = {metacall_value_create_function(bench.increment),
                     metacall_value_create_long(1)};
    (void)kind;
    metacall_value_destroy(bench_call("apply", args, 2));
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void call_function_result(const char *kind)
{
    void *function = bench_call("give", metacall_null_args, 0);
    void *arg = metacall_value_create_long(1);
    void *ret = metacallfv_s(metacall_value_to_function(function), &arg, 1);
    (void)kind;
    if (ret == NULL)
        bench_raise("the function that give gave");
    metacall_value_destroy(arg);
    metacall_value_destroy(ret);
    metacall_value_destroy(function);
}

/* An instance made, asked and let go. */
static void call_object(const char *kind)
{
    void *arg = metacall_value_create_long(1);
    void *object = bench_call("Point", &arg, 1);
    (void)kind;
    metacall_value_destroy(arg);
    void *ret = metacallv_object(metacall_value_to_object(object), "get", NULL, 0);
    if (ret == NULL)
        bench_raise("Point.get");
    metacall_value_destroy(ret);
    metacall_value_destroy(object);
}

static void *pass_on(void *value, void *data)
{
    (void)data;
    return value;
}

static void call_future(const char *kind)
{
    void *arg = metacall_value_create_long(1);
    (void)kind;
    void *future = metacallfv_await_s(metacall_handle_function(bench.handle, "soon"), &arg, 1,
                                      pass_on, pass_on, NULL);
    void *ret =
        future != NULL ? metacall_future_value(metacall_value_to_future(future), UINT_MAX) : NULL;
    if (ret == NULL)
        bench_raise("soon");
    metacall_value_destroy(ret);
    metacall_value_destroy(future);
    metacall_value_destroy(arg);
}

static int look_on(metacall_function *function, const struct metacall_call *call, int result,
                   metacall_value *ret, void *data)
{
    (void)function, (void)call, (void)ret, (void)data;
    return result;
}

/* Hooks put on, called through and taken off. */
static void call_intercepted(const char *kind)
{
    metacall_function *echo = metacall_handle_function(bench.handle, "echo");
    metacall_interception *interception = metacall_intercept(echo, NULL, look_on, NULL, NULL);
    if (interception == NULL)
        bench_raise("interception");
    (void)kind;
    call_echo("int");
    metacall_error_clear(); /* where only calls through the registry are seen */
    if (metacall_intercept_remove(interception) != 0)
        bench_raise("interception");
}

static void load_and_clear(const char *kind)
{
    void *handle = NULL;
    (void)kind;
    if (metacall_load_from_memory(bench.guest->tag, bench.guest->script,
                                  strlen(bench.guest->script), &handle) != 0 ||
        metacall_clear(handle) != 0)
        bench_raise("load");
}

static void measure_guest(const struct guest *guest)
{
    static const char *const kinds[] = {"int", "str", "bytes", "list", "dict"};
    bench.guest = guest;
    bench.handle = NULL;
    if (metacall_load_from_memory(guest->tag, guest->script, strlen(guest->script),
                                  &bench.handle) != 0) {
        struct metacall_exception_type error;
        metacall_error_last(&error);
        fprintf(stderr, "bench_c_leak: left out: %s\n", error.message);
        return;
    }
    /* A runtime's heap takes its working size once. */
    for (size_t i = 0; i < CALLS; i++)
        call_echo(kinds[i % 5]);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        measure(kinds[i], call_echo, WARM_UP, CALLS);
    measure("exception", call_exception, WARM_UP, CALLS);
    measure("callback", call_callback, WARM_UP, CALLS);
    measure("function-result", call_function_result, WARM_UP, CALLS);
    measure("object", call_object, WARM_UP, CALLS);
    measure("future", call_future, WARM_UP, CALLS);
    measure("intercept", call_intercepted, 10 * WARM_UP, CALLS); /* Node makes much garbage here */
    if (guest->exact)
        measure("load", load_and_clear, LOADS / 10, LOADS);
    metacall_clear(bench.handle);
}

int main(void)
{
    if (metacall_initialize() != 0 ||
        metacall_register(NULL, increment, &bench.increment, METACALL_LONG, 1, METACALL_LONG) != 0)
        return 1;
    for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++) {
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "leak.c-%s.", guests[i].tag);
        const char *only = getenv("METACALL_BENCH_ONLY");
        if (only == NULL || strncmp(prefix, only, strlen(only)) == 0 ||
            strncmp(only, prefix, strlen(prefix)) == 0)
            measure_guest(&guests[i]);
    }
    return metacall_destroy();
}
