/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Asynchronous calls: no loader hands out futures yet, so every call says that it is not supported,
 * before anything runs. */
#include <metacall/loader.h>
#include <metacall/metacall.h>

typedef void *(*await_callback)(void *, void *);

static void *await_refuse(const char *what)
{
    metacall_error_raise(METACALL_ERROR_SUPPORT,
                         "awaiting %s is not supported: no loader has futures", what);
    return NULL;
}

static const char *await_name(const void *func)
{
    return func != NULL ? metacall_function_name(func) : "a function";
}

metacall_value_ref metacall_await(const char *name, void *args[], await_callback resolve_callback,
                                  await_callback reject_callback, void *data)
{
    (void)args, (void)resolve_callback, (void)reject_callback, (void)data;
    return await_refuse(name != NULL ? name : "a function");
}

metacall_value_ref metacall_await_s(const char *name, void *args[], size_t size,
                                    await_callback resolve_callback, await_callback reject_callback,
                                    void *data)
{
    (void)size;
    return metacall_await(name, args, resolve_callback, reject_callback, data);
}

metacall_value_ref metacall_await_future(void *f, await_callback resolve_callback,
                                         await_callback reject_callback, void *data)
{
    (void)f, (void)resolve_callback, (void)reject_callback, (void)data;
    return await_refuse("a future");
}

metacall_value_ref metacallfv_await(void *func, void *args[], await_callback resolve_callback,
                                    await_callback reject_callback, void *data)
{
    (void)args, (void)resolve_callback, (void)reject_callback, (void)data;
    return await_refuse(await_name(func));
}

metacall_value_ref metacallfv_await_s(void *func, void *args[], size_t size,
                                      await_callback resolve_callback,
                                      await_callback reject_callback, void *data)
{
    (void)size;
    return metacallfv_await(func, args, resolve_callback, reject_callback, data);
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
    (void)buffer, (void)size, (void)allocator;
    return metacallfv_await(func, NULL, resolve_callback, reject_callback, data);
}

metacall_value_ref metacallfms_await(void *func, const char *buffer, size_t size, void *allocator,
                                     await_callback resolve_callback,
                                     await_callback reject_callback, void *data)
{
    return metacallfs_await(func, buffer, size, allocator, resolve_callback, reject_callback, data);
}

metacall_value_ref metacallfmv_await(void *func, void *keys[], void *values[],
                                     await_callback resolve_callback,
                                     await_callback reject_callback, void *data)
{
    (void)keys;
    return metacallfv_await(func, values, resolve_callback, reject_callback, data);
}

metacall_value_ref metacallfmv_await_s(void *func, void *keys[], void *values[], size_t size,
                                       await_callback resolve_callback,
                                       await_callback reject_callback, void *data)
{
    (void)size;
    return metacallfmv_await(func, keys, values, resolve_callback, reject_callback, data);
}
