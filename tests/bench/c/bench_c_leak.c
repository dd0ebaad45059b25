/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* leak.c-<guest>.*: bytes that the process keeps for each call from C, over a million calls, for
 * each kind of argument and result, exceptions, callbacks, functions, objects, futures and hooks.
 * In use is what the C heap has given out (Python's objects too: PYTHONMALLOC=malloc) and what V8
 * uses, after the guest has collected its garbage until nothing more goes. Of what is resident,
 * malloc gives back what is free, and V8's own pages, which it takes and keeps as it likes, are
 * left out. Scripts loaded and cleared are measured too. */
#include <metacall/intercept.h>

#include "bench_row.h"

#include <limits.h>
#include <malloc.h>
#include <metacall/metacall.h>
#include <metacall/metacall_kinds.h>
#include <unistd.h>

enum { CALLS = 1000000, SLOW_CALLS = 200000, SETTLES = 50 };

static const struct guest {
    const char *tag;
    const char *script;
    int clears;          /* a script that is cleared leaves nothing, by its own account */
    size_t hooked_calls; /* how often to hook and unhook: where it is slow, not so often */
} guests[] = {
    {"mock",
     "any echo(any x) = x\n"
     "any fail(string text) = raise(\"ValueError\", text)\n"
     "any apply(function f, any x) = f(x)\n"
     "any give() = echo\n"
     "class Point(any x)\n"
     "any Point.get(any self) = get(self, \"x\")\n"
     "any soon(any x) = later(x, 0)\n"
     "any collect() = 0\n"
     "any pages() = 0\n",
     1, CALLS},
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
     "def collect():\n"
     "    gc.collect()\n"
     "    return 0\n"
     "def pages(): return 0\n",
     0, SLOW_CALLS},
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
     "  collect: () => {\n"
     "    gc();\n"
     "    const used = process.memoryUsage();\n"
     "    return used.heapUsed + used.external;\n"
     "  },\n"
     "  pages: () => require('v8').getHeapStatistics().total_physical_size,\n"
     "};\n",
     0, SLOW_CALLS},
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

/* What the guest says of itself: "collect", bytes in use after a collection, and "pages", the
 * memory they lie in, where that is not the C heap. */
static double guest_says(const char *name)
{
    void *number = bench_call(name, metacall_null_args, 0);
    double ret = metacall_value_id(number) == METACALL_DOUBLE
                     ? metacall_value_to_double(number)
                     : (double)metacall_value_to_long(number);
    metacall_value_destroy(number);
    return ret;
}

static double memory_live(void)
{
    double used = guest_says("collect");
    struct mallinfo2 info = mallinfo2();
    return used + (double)(info.uordblks + info.hblkhd);
}

/* Finalizers run a while later, in the guest's loop. */
static struct bench_memory measure(void)
{
    struct bench_memory ret = {.live = memory_live()};
    unsigned long pages = 0, resident = 0;
    for (int i = 0, calm = 0; i < SETTLES && calm < 2; i++) {
        usleep(10000);
        double live = memory_live();
        calm = live > ret.live - 1024 ? calm + 1 : 0;
        ret.live = live;
    }
    malloc_trim(0);
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm == NULL || fscanf(statm, "%lu %lu", &pages, &resident) != 2)
        bench_raise("/proc/self/statm");
    fclose(statm);
    ret.resident = (double)resident * (double)sysconf(_SC_PAGESIZE) - guest_says("pages");
    return ret;
}

struct work {
    void (*call)(const char *kind);
    const char *kind;
};

static void work_repeat(size_t count, void *data)
{
    const struct work *work = data;
    for (size_t i = 0; i < count; i++)
        work->call(work->kind);
}

static void measure_row(const char *kind, void (*call)(const char *kind), size_t calls)
{
    struct work work = {.call = call, .kind = kind};
    char id[64];
    snprintf(id, sizeof(id), "leak.c-%s.%s", bench.guest->tag, kind);
    if (bench_wanted(id))
        bench_leak(id, work_repeat, bench_calls(calls), measure, &work);
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
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        measure_row(kinds[i], call_echo, CALLS);
    measure_row("exception", call_exception, CALLS);
    measure_row("callback", call_callback, CALLS);
    measure_row("function-result", call_function_result, CALLS);
    measure_row("object", call_object, CALLS);
    measure_row("future", call_future, guest->clears ? CALLS : SLOW_CALLS);
    measure_row("intercept", call_intercepted, guest->hooked_calls);
    if (guest->clears)
        measure_row("load", load_and_clear, CALLS);
    metacall_clear(bench.handle);
}

int main(void)
{
    setenv("PYTHONMALLOC", "malloc", 1);
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
