/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions written in C, callable from every language. */
#include "core/error.h"
#include "core/function.h"
#include "core/handle.h"
#include "core/loader_table.h"
#include "core/value.h"
#include "ports/c/library.h"
#include "ports/c/native.h"

#include <metacall/metacall.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NATIVE_ARGS_IN_PLACE 8

/* What a registered function is. */
struct native {
    native_invoke invoke;
    void *data;
};

static metacall_value native_null = METACALL_SLOT_INIT;

static int native_is_argument(const metacall_value *value, metacall_value *const *args,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (args[i] == value)
            return 1;
    return 0;
}

int native_take_result(metacall_value *value, int lent, metacall_value *ret)
{
    if (value == NULL)
        return metacall_error_peek() != NULL ? -1 : 0;
    int result = 0;
    lent |= !(value->storage & METACALL_STORAGE_HEAP);
    if (value->id == METACALL_THROWABLE) {
        metacall_error_reference(value->as.error);
        result = metacall_error_set(value->as.error);
    } else if (lent || __atomic_load_n(&value->refs, __ATOMIC_ACQUIRE) != 1) {
        result = metacall_slot_copy(ret, value);
    } else {
        value_move(ret, value);
    }
    if (!lent)
        value_destroy(value);
    return result;
}

static int native_invoke_with(metacall_function *function, metacall_value **args, size_t count,
                              metacall_value *ret)
{
    const struct native *native = function->data;
    metacall_error_release(metacall_error_take());
    metacall_value *value = native->invoke(count, (void **)args, native->data);
    return native_take_result(value, native_is_argument(value, args, count), ret);
}

static int native_call(metacall_function *function, const struct metacall_call *call,
                       metacall_value *ret)
{
    metacall_value *place[NATIVE_ARGS_IN_PLACE];
    metacall_value **args = place;
    const struct function_signature *signature = function_signature_now(function);
    size_t count = signature->count;
    int result = -1;

    if (call->keyword_count == 0 && call->count <= NATIVE_ARGS_IN_PLACE) {
        /* By position: the gate has counted them. invoke may not write to the array. */
        memcpy(place, call->args, call->count * sizeof(*place));
        return native_invoke_with(function, place, call->count, ret);
    }
    if (count > NATIVE_ARGS_IN_PLACE && (args = malloc(count * sizeof(*args))) == NULL)
        return error_raise_memory();
    if (metacall_function_arrange(function, call, args, count) == 0) {
        for (size_t i = 0; i < count; i++)
            if (args[i] == NULL)
                args[i] = &native_null;
        result = native_invoke_with(function, args, count, ret);
    }
    if (args != place)
        free(args);
    return result;
}

static void native_destroy(metacall_function *function)
{
    free(function->data);
}

static const struct metacall_function_ops native_ops = {native_call, NULL, native_destroy, NULL};

int native_is(const metacall_function *function)
{
    return function->ops == &native_ops;
}

metacall_function *native_create(const char *name, native_invoke invoke, void *data)
{
    struct native *native = calloc(1, sizeof(*native));
    if (native == NULL) {
        error_raise_memory();
        return NULL;
    }
    native->invoke = invoke;
    native->data = data;
    metacall_function *function = metacall_function_create(NULL, name, &native_ops, native);
    if (function == NULL) {
        free(native);
        return NULL;
    }
    function->flags |= METACALL_FUNCTION_TYPED; /* its arguments are always counted */
    return function;
}

metacall_function *native_bind(metacall_function *function, void *data)
{
    const struct native *native = function->data;
    const struct function_signature *signature = function_signature_now(function);
    metacall_function *bound =
        native_create(metacall_function_name(function), native->invoke, data);
    if (bound == NULL)
        return NULL;
    metacall_function_result(bound, signature->result);
    for (size_t i = 0; i < signature->count; i++) {
        const struct function_parameter *parameter = &signature->parameters[i];
        if (metacall_function_parameter(bound, parameter->name, parameter->type,
                                        parameter->flags) != 0) {
            metacall_function_release(bound);
            return NULL;
        }
    }
    return bound;
}

/* -------------------------------------------------------------------------------- registering */

static metacall_function *register_make(const char *name, native_invoke invoke,
                                        enum metacall_value_id return_type, size_t size,
                                        const enum metacall_value_id types[], void *data)
{
    if (invoke == NULL || (size != 0 && types == NULL)) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT,
                             "a function to register needs an invoke and its types");
        return NULL;
    }
    metacall_function *function = native_create(name, invoke, data);
    if (function == NULL)
        return NULL;
    metacall_function_result(function, return_type);
    for (size_t i = 0; i < size; i++) {
        if (!value_kind_is_known((unsigned)types[i]) && types[i] != METACALL_INVALID) {
            metacall_error_raise(METACALL_ERROR_ARGUMENT, "parameter %zu of '%s' has no type",
                                 i + 1, name != NULL ? name : "");
            goto fail;
        }
        if (metacall_function_parameter(function, NULL, types[i], 1) != 0)
            goto fail;
    }
    return function;

fail:
    metacall_function_release(function);
    return NULL;
}

/* Into the handle; without one into the loader's global scope, through a handle of its own name. */
static int register_define(metacall_loader *loader, metacall_handle *handle, const char *name,
                           metacall_function *function)
{
    metacall_value value = METACALL_SLOT_INIT;
    metacall_slot_function(&value, function);
    int result = -1;
    if (handle == NULL)
        handle = handle_global(loader);
    if (handle != NULL)
        result = metacall_handle_define(handle, name, &value);
    metacall_slot_clear(&value);
    return result;
}

int metacall_registerv_closure(const char *name, void *(*invoke)(size_t, void *[], void *),
                               void **func, enum metacall_value_id return_type, size_t size,
                               enum metacall_value_id types[], void *data)
{
    if (library_require() != 0)
        return -1;
    metacall_function *function = register_make(name, invoke, return_type, size, types, data);
    if (function == NULL)
        return -1;
    if (name != NULL && register_define(loader_table_native(), NULL, name, function) != 0) {
        metacall_function_release(function);
        return -1;
    }
    if (func != NULL) {
        *func = function;
        if (scope_lend(function) != 0) /* takes over the reference */
            return -1;
    } else {
        metacall_function_release(function);
    }
    return 0;
}

int metacall_registerv(const char *name, void *(*invoke)(size_t, void *[], void *), void **func,
                       enum metacall_value_id return_type, size_t size,
                       enum metacall_value_id types[])
{
    return metacall_registerv_closure(name, invoke, func, return_type, size, types, NULL);
}

int metacall_register(const char *name, void *(*invoke)(size_t, void *[], void *), void **func,
                      enum metacall_value_id return_type, size_t size, ...)
{
    enum metacall_value_id place[NATIVE_ARGS_IN_PLACE];
    enum metacall_value_id *types = place;
    va_list list;

    if (size > NATIVE_ARGS_IN_PLACE && (types = calloc(size, sizeof(*types))) == NULL)
        return error_raise_memory();
    va_start(list, size);
    for (size_t i = 0; i < size; i++)
        types[i] = va_arg(list, enum metacall_value_id);
    va_end(list);
    int result = metacall_registerv(name, invoke, func, return_type, size, types);
    if (types != place)
        free(types);
    return result;
}

int metacall_register_loaderv(void *loader, void *handle, const char *name,
                              void *(*invoke)(size_t, void *[], void *),
                              enum metacall_value_id return_type, size_t size,
                              enum metacall_value_id types[], void *data)
{
    if (library_require() != 0)
        return -1;
    if (loader == NULL || name == NULL || (handle != NULL && !handle_exists(handle)))
        return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                    "registering in a loader needs the loader and a name");
    metacall_function *function = register_make(name, invoke, return_type, size, types, data);
    if (function == NULL)
        return -1;
    int result = register_define(loader, handle, name, function);
    metacall_function_release(function);
    return result;
}
