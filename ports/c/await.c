/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Asynchronous calls from C: a call whose result is followed by two callbacks, and gives a future
 * of what those give. */
#include "core/error.h"
#include "core/value.h"
#include "ports/c/call.h"
#include "ports/c/library.h"
#include "ports/c/native.h"

#include <metacall/future.h>
#include <metacall/metacall.h>
#include <metacall/metacall_kinds.h>

#include <pthread.h>
#include <stdlib.h>

typedef void *(*await_callback)(void *, void *);

/* Behind the future that is given out: what it waits for. */
struct await {
    pthread_mutex_t lock;    /* of `source` */
    metacall_future *source; /* a reference */
    await_callback resolve;
    await_callback reject;
    void *data;
};

/* ------------------------------------------------------------------------- the future given out */

static metacall_future *await_source(metacall_future *future)
{
    struct await *await = future->native;
    pthread_mutex_lock(&await->lock);
    metacall_future *source = await->source;
    if (source != NULL)
        metacall_future_reference(source);
    pthread_mutex_unlock(&await->lock);
    return source;
}

static void await_set_source(metacall_future *future, metacall_future *source)
{
    struct await *await = future->native;
    if (source != NULL)
        metacall_future_reference(source);
    pthread_mutex_lock(&await->lock);
    metacall_future *former = await->source;
    await->source = source;
    pthread_mutex_unlock(&await->lock);
    metacall_future_release(former);
}

static int await_cancel(metacall_future *future)
{
    metacall_future *source = await_source(future);
    int result = source != NULL ? metacall_future_cancel(source) : 0;
    metacall_future_release(source);
    return result;
}

/* Whoever waits for this one waits for the other. */
static int await_wait(metacall_future *future)
{
    metacall_future *source = await_source(future);
    int result = 0;
    if (source != NULL && source->ops->wait != NULL &&
        metacall_future_result(source, NULL, NULL) == METACALL_FUTURE_PENDING)
        result = source->ops->wait(source);
    metacall_future_release(source);
    return result;
}

static void await_destroy(metacall_future *future)
{
    struct await *await = future->native;
    metacall_future_release(await->source);
    pthread_mutex_destroy(&await->lock);
    free(await);
}

static const struct metacall_future_ops await_ops = {await_cancel, await_wait, await_destroy};

/* ------------------------------------------------------------------------------------ settling */

static void await_follow(metacall_future *source, void *data);

/* Rejects with the thread's error. */
static void await_give_error(metacall_future *future)
{
    metacall_error *error = metacall_error_take();
    metacall_future_reject(future, error);
}

/* Settles with `value`, which it takes over: a future is followed, a throwable rejects. */
static void await_conclude(metacall_future *future, metacall_value *value)
{
    if (value->id == METACALL_FUTURE && value->as.future == future) {
        metacall_slot_clear(value);
        metacall_error_raise(METACALL_ERROR_DEADLOCK,
                             "a callback gave the very future that waits for it");
        await_give_error(future);
    } else if (value->id == METACALL_FUTURE) {
        metacall_future *source = value->as.future;
        await_set_source(future, source);
        metacall_future_reference(future);
        if (metacall_future_then(source, await_follow, future) != 0) {
            metacall_future_reject(future, metacall_error_take());
            metacall_future_release(future);
        }
        metacall_slot_clear(value);
    } else if (value->id == METACALL_THROWABLE) {
        metacall_error_reference(value->as.error);
        metacall_future_reject(future, value->as.error);
        metacall_slot_clear(value);
    } else {
        metacall_future_resolve(future, value);
    }
}

/* Runs a callback on a copy of its own; what it gives settles the future. */
static void await_call_back(metacall_future *future, await_callback callback,
                            const metacall_value *argument)
{
    struct await *await = future->native;
    metacall_value result = METACALL_SLOT_INIT;
    metacall_value *copy = value_copy(argument);
    metacall_error_release(copy != NULL ? metacall_error_take() : NULL);
    if (copy == NULL) {
        await_give_error(future);
        return;
    }
    metacall_value *given = callback(copy, await->data);
    int taken = native_take_result(given, 0, &result);
    if (given != copy)
        value_destroy(copy);
    if (taken != 0)
        await_give_error(future);
    else
        await_conclude(future, &result);
}

/* What was awaited first has settled: on to the callbacks. */
static void await_settled(metacall_future *source, void *data)
{
    metacall_future *future = data;
    struct await *await = future->native;
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    metacall_value slot = METACALL_SLOT_INIT;

    if (metacall_future_result(source, &value, &error) == METACALL_FUTURE_RESOLVED) {
        if (await->resolve != NULL)
            await_call_back(future, await->resolve, value);
        else if (metacall_slot_copy(&slot, value) == 0)
            await_conclude(future, &slot);
        else
            await_give_error(future);
    } else if (await->reject != NULL) {
        metacall_slot_error(&slot, error);
        await_call_back(future, await->reject, &slot);
        metacall_slot_clear(&slot);
    } else {
        metacall_error_reference(error);
        metacall_future_reject(future, error);
    }
    metacall_future_release(future);
}

/* What a callback gave was a future, and it has settled. */
static void await_follow(metacall_future *source, void *data)
{
    metacall_future *future = data;
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    metacall_value slot = METACALL_SLOT_INIT;
    if (metacall_future_result(source, &value, &error) == METACALL_FUTURE_REJECTED) {
        metacall_error_reference(error);
        metacall_future_reject(future, error);
    } else if (metacall_slot_copy(&slot, value) == 0) {
        await_conclude(future, &slot);
    } else {
        await_give_error(future);
    }
    metacall_future_release(future);
}

static metacall_future *await_create(await_callback resolve, await_callback reject, void *data)
{
    struct await *await = calloc(1, sizeof(*await));
    if (await == NULL) {
        error_raise_memory();
        return NULL;
    }
    pthread_mutex_init(&await->lock, NULL);
    await->resolve = resolve;
    await->reject = reject;
    await->data = data;
    metacall_future *future = metacall_future_create(NULL, &await_ops, await);
    if (future == NULL) {
        pthread_mutex_destroy(&await->lock);
        free(await);
    }
    return future;
}

/* Awaits `source`; a new reference of the future given out. NULL with the error set. */
static metacall_future *await_future(metacall_future *source, await_callback resolve,
                                     await_callback reject, void *data)
{
    metacall_future *future = await_create(resolve, reject, data);
    if (future == NULL)
        return NULL;
    await_set_source(future, source);
    metacall_future_reference(future); /* the callback's */
    if (metacall_future_then(source, await_settled, future) == 0)
        return future;
    metacall_future_release(future);
    metacall_future_release(future);
    return NULL;
}

/* Takes the future over. */
static metacall_value *await_as_value(metacall_future *future)
{
    metacall_value *value = future != NULL ? value_create() : NULL;
    if (value != NULL)
        metacall_slot_future(value, future);
    metacall_future_release(future);
    return value;
}

/* Awaits the result of a call, which it takes over; one that is no future is there already. */
static metacall_value *await_result(metacall_value *result, await_callback resolve,
                                    await_callback reject, void *data)
{
    metacall_future *source, *future = NULL;
    if (result == NULL)
        return NULL;
    if (result->id == METACALL_FUTURE) {
        source = result->as.future;
        metacall_future_reference(source);
    } else if ((source = metacall_future_create(NULL, NULL, NULL)) != NULL) {
        metacall_future_resolve(source, result);
    }
    if (source != NULL)
        future = await_future(source, resolve, reject, data);
    metacall_future_release(source);
    value_destroy(result);
    return await_as_value(future);
}

/* ------------------------------------------------------------------------------------- the API */

metacall_value_ref metacall_await(const char *name, void *args[], await_callback resolve_callback,
                                  await_callback reject_callback, void *data)
{
    return await_result(metacallv(name, args), resolve_callback, reject_callback, data);
}

metacall_value_ref metacall_await_s(const char *name, void *args[], size_t size,
                                    await_callback resolve_callback, await_callback reject_callback,
                                    void *data)
{
    return await_result(metacallv_s(name, args, size), resolve_callback, reject_callback, data);
}

metacall_value_ref metacall_await_future(void *f, await_callback resolve_callback,
                                         await_callback reject_callback, void *data)
{
    if (f != NULL)
        return await_as_value(await_future(f, resolve_callback, reject_callback, data));
    metacall_error_raise(METACALL_ERROR_ARGUMENT, "the future to await is NULL");
    return NULL;
}

metacall_value_ref metacallfv_await(void *func, void *args[], await_callback resolve_callback,
                                    await_callback reject_callback, void *data)
{
    return await_result(metacallfv(func, args), resolve_callback, reject_callback, data);
}

metacall_value_ref metacallfv_await_s(void *func, void *args[], size_t size,
                                      await_callback resolve_callback,
                                      await_callback reject_callback, void *data)
{
    return await_result(metacallfv_s(func, args, size), resolve_callback, reject_callback, data);
}

metacall_value_ref metacallfv_await_struct_s(void *func, void *args[], size_t size,
                                             metacall_await_callbacks cb, void *data)
{
    return metacallfv_await_s(func, args, size, cb.resolve, cb.reject, data);
}

metacall_value_ref metacallfs_await(void *func, const char *buffer, size_t size, void *allocator,
                                    await_callback resolve_callback, await_callback reject_callback,
                                    void *data)
{
    return await_result(metacallfs(func, buffer, size, allocator), resolve_callback,
                        reject_callback, data);
}

metacall_value_ref metacallfms_await(void *func, const char *buffer, size_t size, void *allocator,
                                     await_callback resolve_callback,
                                     await_callback reject_callback, void *data)
{
    return await_result(metacallfms(func, buffer, size, allocator), resolve_callback,
                        reject_callback, data);
}

metacall_value_ref metacallfmv_await(void *func, void *keys[], void *values[],
                                     await_callback resolve_callback,
                                     await_callback reject_callback, void *data)
{
    return await_result(metacallfmv(func, keys, values), resolve_callback, reject_callback, data);
}

metacall_value_ref metacallfmv_await_s(void *func, void *keys[], void *values[], size_t size,
                                       await_callback resolve_callback,
                                       await_callback reject_callback, void *data)
{
    return await_result(call_function_keyed(func, (metacall_value *const *)keys,
                                            (metacall_value *const *)values, size),
                        resolve_callback, reject_callback, data);
}

metacall_value_ref metacall_future_value(void *f, unsigned timeout_ms)
{
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    if (f == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the future to wait for is NULL");
        return NULL;
    }
    if (metacall_future_wait(f, timeout_ms) != 0)
        return NULL;
    if (metacall_future_result(f, &value, &error) == METACALL_FUTURE_RESOLVED)
        return value_copy(value);
    metacall_error_reference(error);
    metacall_error_set(error);
    return NULL;
}
