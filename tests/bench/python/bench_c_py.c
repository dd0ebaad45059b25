/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* call.c-py: a Python function of two integers called through the C API, its arguments prepared,
 * against PyObject_Vectorcall of the same function, boxing included, by code that holds the lock.
 * Its limit is out of reach where call.c-py.lock alone is past it, as it is on some machines: what
 * the interpreter's lock costs is CPython's own.
 * call.c-py.lock: what is left of that where the lock is taken for each call, as ours has to, and
 * nothing else is done. call.thread-py: the same call by a native thread, against the main thread.
 */
#include "bench_row.h"

#include <metacall/metacall.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>

static struct {
    void *function; /* ours */
    void *args[2];
    void *object; /* the same function as Python has it */
    void *(*vectorcall)(void *callable, void *const *args, size_t count, void *names);
    void *(*from_long)(long number);
    long (*as_long)(void *object);
    void (*decref)(void *object);
    void (*acquire)(void *state);
    void *(*release)(void);
    void *(*get_state)(void);
} bench;

static void call_ours(size_t count, void *data)
{
    (void)data;
    while (count-- > 0)
        metacall_value_destroy(metacallfv_s(bench.function, bench.args, 2));
}

static volatile long sink;

static inline void call_object(void)
{
    void *args[3] = {NULL, bench.from_long(3), bench.from_long(4)};
    void *result = bench.vectorcall(bench.object, args + 1, 2 | (SIZE_MAX / 2 + 1), NULL);
    sink = bench.as_long(result);
    bench.decref(result);
    bench.decref(args[1]);
    bench.decref(args[2]);
}

static void call_floor(size_t count, void *data)
{
    (void)data;
    bench.acquire(bench.get_state());
    while (count-- > 0)
        call_object();
    bench.release();
}

/* The least that a caller can do who does not hold the lock. */
static void call_locking(size_t count, void *data)
{
    void *state = bench.get_state();
    (void)data;
    while (count-- > 0) {
        bench.acquire(state);
        call_object();
        state = bench.release();
    }
}

struct job {
    size_t count;
    double start, end;
};

/* The first call makes the thread's state, which is kept. */
static void *run_job(void *data)
{
    struct job *job = data;
    call_ours(1, NULL);
    job->start = bench_now();
    call_ours(job->count, NULL);
    job->end = bench_now();
    return NULL;
}

/* Nanoseconds a call by a thread of its own. */
static double on_thread(size_t count)
{
    struct job job = {count, 0, 0};
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_job, &job) != 0)
        abort();
    pthread_join(thread, NULL);
    return (job.end - job.start) / (double)count;
}

static void compare_threads(size_t count)
{
    double values[BENCH_SAMPLES], floors[BENCH_SAMPLES];
    size_t i;
    if (!bench_wanted("call.thread-py"))
        return;
    for (i = 0; i < BENCH_SAMPLES; i++) {
        floors[i] = bench_time(call_ours, count, NULL);
        values[i] = on_thread(count);
    }
    bench_row("call.thread-py", bench_median(values, BENCH_SAMPLES),
              bench_median(floors, BENCH_SAMPLES), "ns", 2.0);
}

#define FIND(field, name) (*(void **)&bench.field = dlsym(RTLD_DEFAULT, name))

/* The interpreter is the one that the loader started: its symbols are global. */
static int find_floor(void)
{
    void *(*add_module)(const char *) =
        (void *(*)(const char *))dlsym(RTLD_DEFAULT, "PyImport_AddModule");
    void *(*get)(void *, const char *) =
        (void *(*)(void *, const char *))dlsym(RTLD_DEFAULT, "PyObject_GetAttrString");
    if (!FIND(get_state, "PyGILState_GetThisThreadState") ||
        !FIND(vectorcall, "PyObject_Vectorcall") || !FIND(from_long, "PyLong_FromLong") ||
        !FIND(as_long, "PyLong_AsLong") || !FIND(decref, "Py_DecRef") ||
        !FIND(acquire, "PyEval_RestoreThread") || !FIND(release, "PyEval_SaveThread"))
        return -1;
    bench.acquire(bench.get_state());
    bench.object = get(add_module("__main__"), "add");
    bench.release();
    return bench.object != NULL ? 0 : -1;
}

int main(void)
{
    static const char text[] = "import __main__\n"
                               "def add(a, b):\n    return a + b\n"
                               "__main__.add = add\n";
    struct metacall_exception_type error;
    if (metacall_initialize() != 0 ||
        metacall_load_from_memory("py", text, sizeof text, NULL) != 0) {
        metacall_error_last(&error);
        fprintf(stderr, "bench_c_py: %s\n", error.message);
        return 1;
    }
    bench.function = metacall_function("add");
    bench.args[0] = metacall_value_create_long(3);
    bench.args[1] = metacall_value_create_long(4);
    if (bench.function == NULL || find_floor() != 0)
        return 1;
    bench_compare("call.c-py", call_ours, call_floor, 300000, NULL, 1.7);
    bench_compare("call.c-py.lock", call_locking, call_floor, 300000, NULL, 0);
    compare_threads(300000);
    return metacall_destroy();
}
