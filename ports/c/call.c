/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Calls with arguments as arrays of values. */
#include "ports/c/call.h"

#include "core/error.h"
#include "core/function.h"
#include "core/handle.h"
#include "core/value.h"
#include "ports/c/library.h"

#include <metacall/metacall.h>

#include <string.h>

metacall_value *call_function_named(metacall_function *function, metacall_value *const *args,
                                    size_t count, const char *const *keywords, size_t keyword_count)
{
    if (__builtin_expect(function == NULL, 0)) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the function to call is NULL");
        return NULL;
    }
    metacall_value *ret = value_create();
    if (ret == NULL)
        return NULL;
    struct metacall_call call = {args, count, keywords, keyword_count};
    if (metacall_function_call(function, &call, ret) != 0 || value_own(ret) != 0) {
        if (metacall_error_peek() == NULL)
            metacall_error_raise(METACALL_ERROR_INTERNAL, "%s failed without an error",
                                 metacall_function_name(function));
        value_destroy(ret);
        return NULL;
    }
    return ret;
}

metacall_value *call_function(metacall_function *function, metacall_value *const *args,
                              size_t count)
{
    return call_function_named(function, args, count, NULL, 0);
}

metacall_function *call_find_in(void *handle, const char *name, int *ret_held)
{
    if (!handle_exists(handle) || name == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "a call needs a handle and a name");
        return NULL;
    }
    metacall_function *function = handle_lookup_function(handle, name, ret_held);
    if (function == NULL)
        metacall_error_raise(METACALL_ERROR_NOT_FOUND, "no function '%s' in handle %s", name,
                             metacall_handle_name(handle));
    return function;
}

metacall_function *call_find(void *handle, const char *name)
{
    int held;
    if (handle == NULL)
        return library_require() == 0 ? metacall_function_find(name) : NULL;
    return call_find_in(handle, name, &held);
}

/* Number of parameters, for calls without a count. SIZE_MAX with the error set. */
static size_t call_count(metacall_function *function)
{
    const struct function_signature *signature =
        function != NULL ? function_signature(function) : NULL;
    return signature != NULL ? signature->count : SIZE_MAX;
}

static metacall_value *call_named(void *handle, const char *name, void *args[], size_t size,
                                  int counted)
{
    metacall_function *function = call_find(handle, name);
    metacall_value *ret = NULL;
    if (function == NULL)
        return NULL;
    if (!counted)
        size = call_count(function);
    if (size != SIZE_MAX)
        ret = call_function(function, (metacall_value *const *)args, size);
    metacall_function_release(function);
    return ret;
}

metacall_value_ref metacallv(const char *name, void *args[])
{
    return call_named(NULL, name, args, 0, 0);
}

metacall_value_ref metacallv_s(const char *name, void *args[], size_t size)
{
    return call_named(NULL, name, args, size, 1);
}

static metacall_value *call_in_handle(void *handle, const char *name, void *args[], size_t size,
                                      int counted)
{
    if (handle == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the handle to call '%s' in is NULL",
                             name != NULL ? name : "");
        return NULL;
    }
    return call_named(handle, name, args, size, counted);
}

metacall_value_ref metacallhv(void *handle, const char *name, void *args[])
{
    return call_in_handle(handle, name, args, 0, 0);
}

metacall_value_ref metacallhv_s(void *handle, const char *name, void *args[], size_t size)
{
    return call_in_handle(handle, name, args, size, 1);
}

metacall_value_ref metacallfv(void *func, void *args[])
{
    size_t size = func != NULL ? call_count(func) : 0;
    return size != SIZE_MAX ? call_function(func, (metacall_value *const *)args, size) : NULL;
}

metacall_value_ref metacallfv_s(void *func, void *args[], size_t size)
{
    return call_function(func, (metacall_value *const *)args, size);
}
