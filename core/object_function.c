/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A class as a function that constructs, a callable object as one that calls it. While somebody
 * holds the function the object knows it, so that whoever asks again gets the same one. */
#include "core/object.h"

#include "core/error.h"
#include "core/loader_state.h"

#include <pthread.h>

static pthread_mutex_t object_lock = PTHREAD_MUTEX_INITIALIZER; /* of the weak places */

static enum metacall_object_operation object_operation(const metacall_object *object)
{
    return object->flags & METACALL_OBJECT_IS_CLASS ? METACALL_OBJECT_CONSTRUCT
                                                    : METACALL_OBJECT_CALL;
}

int object_is_function(const metacall_value *value)
{
    return value->id == METACALL_CLASS ||
           (value->id == METACALL_OBJECT && value->as.object->flags & METACALL_OBJECT_IS_CALLABLE);
}

/* ----------------------------------------------------------------------------- the function's ops
 */

static int object_function_call(metacall_function *function, const struct metacall_call *call,
                                metacall_value *ret)
{
    metacall_object *object = function->data;
    return object->ops->perform(object, object_operation(object), NULL, call, ret);
}

static int object_describe_parameter(metacall_function *function, const metacall_value *parameter)
{
    metacall_value *const *parts = parameter->as.array.items;
    if (parameter->id != METACALL_ARRAY || parameter->as.array.count != 3)
        return metacall_error_raise(METACALL_ERROR_INTERNAL, "a parameter has three parts");
    enum metacall_value_id type = parts[1]->id == METACALL_LONG
                                      ? (enum metacall_value_id)parts[1]->as.long_
                                      : METACALL_INVALID;
    int flags = parts[2]->id == METACALL_LONG ? (int)parts[2]->as.long_
                : parts[2]->id == METACALL_BOOL && parts[2]->as.boolean_
                    ? METACALL_PARAMETER_REQUIRED
                    : 0;
    if (flags & METACALL_PARAMETER_REST) {
        __atomic_or_fetch(&function->flags, METACALL_FUNCTION_VARIADIC, __ATOMIC_RELEASE);
        return 0;
    }
    return metacall_function_parameter(
        function, parts[0]->id == METACALL_STRING ? parts[0]->as.bytes.data : NULL, type, flags);
}

/* An operation without name and arguments, where the loader lives. */
static int object_ask(metacall_object *object, enum metacall_object_operation operation,
                      metacall_value *ret)
{
    static const struct metacall_call none = {NULL, 0, NULL, 0};
    if (object->loader != NULL && loader_admit(object->loader, object->type) != 0)
        return -1;
    return object->ops->perform(object, operation, NULL, &none, ret);
}

/* Who cannot tell takes anything: its own language counts and checks. */
static int object_function_describe(metacall_function *function)
{
    metacall_value parameters = METACALL_SLOT_INIT;
    metacall_error *former = metacall_error_take();
    int result = 0;
    metacall_function_result(function, METACALL_INVALID);
    if (object_ask(function->data, METACALL_OBJECT_SIGNATURE, &parameters) == 0 &&
        parameters.id == METACALL_ARRAY)
        for (size_t i = 0; i < parameters.as.array.count && result == 0; i++)
            result = object_describe_parameter(function, parameters.as.array.items[i]);
    metacall_slot_clear(&parameters);
    if (result == 0) {
        metacall_error_release(metacall_error_take());
        if (former != NULL)
            metacall_error_set(former);
    } else {
        metacall_error_release(former);
    }
    return result;
}

static void object_function_destroy(metacall_function *function)
{
    metacall_object *object = function->data;
    pthread_mutex_lock(&object_lock);
    if (*object_function_place(object) == function)
        __atomic_store_n(object_function_place(object), NULL, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&object_lock);
    metacall_object_release(object);
}

static const struct metacall_function_ops object_function_ops = {
    object_function_call, object_function_describe, object_function_destroy, NULL};

int object_is_of(const metacall_function *function)
{
    return function->ops == &object_function_ops;
}

/* ------------------------------------------------------------------------------- the weak place */

static void object_fork_prepare(void)
{
    pthread_mutex_lock(&object_lock);
}

static void object_fork_parent(void)
{
    pthread_mutex_unlock(&object_lock);
}

static void object_fork_child(void)
{
    pthread_mutex_init(&object_lock, NULL);
}

static void object_watch_forks(void)
{
    pthread_atfork(object_fork_prepare, object_fork_parent, object_fork_child);
}

/* The function that the object knows, with a reference; NULL where nobody holds one, or the last
 * one is just being given up. */
static metacall_function *object_function_known(metacall_object *object)
{
    metacall_function *function = *object_function_place(object);
    uint32_t refs = function != NULL ? __atomic_load_n(&function->refs, __ATOMIC_RELAXED) : 0;
    while (refs != 0)
        if (__atomic_compare_exchange_n(&function->refs, &refs, refs + 1, 1, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return function;
    return NULL;
}

metacall_function *metacall_object_function(metacall_object *object)
{
    static pthread_once_t watch = PTHREAD_ONCE_INIT;
    pthread_once(&watch, object_watch_forks);
    if (!(object->flags & (METACALL_OBJECT_IS_CLASS | METACALL_OBJECT_IS_CALLABLE))) {
        metacall_error_raise(METACALL_ERROR_TYPE, "an object of type %s cannot be called",
                             object->type);
        return NULL;
    }
    pthread_mutex_lock(&object_lock);
    metacall_function *function = object_function_known(object);
    pthread_mutex_unlock(&object_lock);
    if (function != NULL)
        return function;
    function = metacall_function_create(object->loader, object->type, &object_function_ops, object);
    if (function == NULL)
        return NULL;
    metacall_object_reference(object);
    pthread_mutex_lock(&object_lock);
    metacall_function *other = object_function_known(object);
    if (other == NULL)
        __atomic_store_n(object_function_place(object), function, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&object_lock);
    if (other != NULL) {
        metacall_function_release(function);
        function = other;
    }
    return function;
}

int object_call_through(metacall_object *object, enum metacall_object_operation operation,
                        const struct metacall_call *call, metacall_value *ret)
{
    pthread_mutex_lock(&object_lock);
    metacall_function *function = object_function_known(object);
    pthread_mutex_unlock(&object_lock);
    int hooks = function != NULL && operation == object_operation(object) &&
                __atomic_load_n(&function->flags, __ATOMIC_ACQUIRE) & METACALL_FUNCTION_INTERCEPTED;
    int result = hooks ? metacall_function_call(function, call, ret)
                       : object->ops->perform(object, operation, NULL, call, ret);
    metacall_function_release(function);
    return result;
}
