/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A guest in C for the tests of the Python host: functions registered through the public API, and
 * native threads that call into Python as the threads of another runtime would. */
#include "guest.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define THREADS 16

METACALL_API int guest_threads_start(const char *name, int count);
METACALL_API long guest_threads_stop(void);
METACALL_API long guest_threads_calls(void);
METACALL_API long guest_threads_wrong(void);

static void *echo(size_t count, void *args[], void *data)
{
    (void)data;
    return count == 0 ? metacall_value_create_null() : metacall_value_copy(args[0]);
}

static void *kind(size_t count, void *args[], void *data)
{
    const char *name = count == 0 ? "none" : metacall_value_type_name(args[0]);
    (void)data;
    return metacall_value_create_string(name, strlen(name));
}

/* call(f, ...): the first argument with the others. A failure travels on. */
static void *call(size_t count, void *args[], void *data)
{
    (void)data;
    return metacallfv_s(metacall_value_to_function(args[0]), args + 1, count - 1);
}

/* throw(type, message) */
static void *throw_error(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    return metacall_error_throw(metacall_value_to_string(args[0]), 42, "at guest (guest.c:1)", "%s",
                                metacall_value_to_string(args[1]));
}

/* An instant of so many microseconds. */
static void *date(size_t count, void *args[], void *data)
{
    metacall_value slot = METACALL_SLOT_INIT;
    (void)count, (void)data;
    metacall_slot_date(&slot, metacall_value_to_long(args[0]));
    return metacall_value_copy(&slot);
}

/* call_json(f, '{"name": argument, ...}'): all of them by name. */
static void *call_json(size_t count, void *args[], void *data)
{
    const char *text = metacall_value_to_string(args[1]);
    (void)count, (void)data;
    return metacallfms(metacall_value_to_function(args[0]), text, strlen(text) + 1, NULL);
}

static void *sleep_ms(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    usleep((useconds_t)(metacall_value_to_long(args[0]) * 1000));
    return metacall_value_create_null();
}

int guest_register(void)
{
    enum metacall_value_id any[4] = {METACALL_INVALID, METACALL_INVALID, METACALL_INVALID,
                                     METACALL_INVALID};
    enum metacall_value_id text[2] = {METACALL_STRING, METACALL_STRING};
    enum metacall_value_id number[1] = {METACALL_LONG};
    return metacall_registerv("guest_echo", echo, NULL, METACALL_INVALID, 1, any) != 0 ||
           metacall_registerv("guest_kind", kind, NULL, METACALL_STRING, 1, any) != 0 ||
           metacall_registerv("guest_call0", call, NULL, METACALL_INVALID, 1, any) != 0 ||
           metacall_registerv("guest_call", call, NULL, METACALL_INVALID, 2, any) != 0 ||
           metacall_registerv("guest_call2", call, NULL, METACALL_INVALID, 3, any) != 0 ||
           metacall_registerv("guest_call3", call, NULL, METACALL_INVALID, 4, any) != 0 ||
           metacall_registerv("guest_call_json", call_json, NULL, METACALL_INVALID, 2,
                              (enum metacall_value_id[]){METACALL_FUNCTION, METACALL_STRING}) !=
               0 ||
           metacall_registerv("guest_throw", throw_error, NULL, METACALL_INVALID, 2, text) != 0 ||
           metacall_registerv("guest_date", date, NULL, METACALL_INVALID, 1, number) != 0 ||
           metacall_registerv("guest_sleep", sleep_ms, NULL, METACALL_INVALID, 1, number) != 0 ||
           guest_register_objects() != 0;
}

/* ------------------------------------------------------------------------------------- threads */

static struct {
    pthread_t threads[THREADS];
    int count;
    int stop;
    long calls;
    long wrong;
    char name[64];
} pool;

/* Calls name(i, 1) until told to stop or refused: an interpreter that has ended refuses. */
static void *work(void *unused)
{
    long i;
    (void)unused;
    for (i = 0; !__atomic_load_n(&pool.stop, __ATOMIC_ACQUIRE); i++) {
        void *args[2] = {metacall_value_create_long(i), metacall_value_create_long(1)};
        void *result = metacallv_s(pool.name, args, 2);
        if (result != NULL) {
            if (metacall_value_to_long(result) != i + 1)
                __atomic_add_fetch(&pool.wrong, 1, __ATOMIC_RELAXED);
            __atomic_add_fetch(&pool.calls, 1, __ATOMIC_RELEASE);
        }
        metacall_value_destroy(args[0]);
        metacall_value_destroy(args[1]);
        if (result == NULL)
            usleep(100);
        metacall_value_destroy(result);
    }
    return NULL;
}

int guest_threads_start(const char *name, int count)
{
    snprintf(pool.name, sizeof pool.name, "%s", name);
    pool.stop = 0;
    for (pool.count = 0; pool.count < count && pool.count < THREADS; pool.count++)
        if (pthread_create(&pool.threads[pool.count], NULL, work, NULL) != 0)
            return -1;
    return 0;
}

long guest_threads_calls(void)
{
    return __atomic_load_n(&pool.calls, __ATOMIC_ACQUIRE);
}

long guest_threads_wrong(void)
{
    return __atomic_load_n(&pool.wrong, __ATOMIC_ACQUIRE);
}

long guest_threads_stop(void)
{
    int i;
    __atomic_store_n(&pool.stop, 1, __ATOMIC_RELEASE);
    for (i = 0; i < pool.count; i++)
        pthread_join(pool.threads[i], NULL);
    pool.count = 0;
    return guest_threads_calls();
}
