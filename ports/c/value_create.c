/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values made from C types. */
#include "core/block.h"
#include "core/error.h"
#include "core/value.h"
#include "ports/c/native.h"
#include "ports/c/value_assign.h"

#include <metacall/future.h>
#include <metacall/object.h>

#include <metacall/metacall.h>

/* ------------------------------------------------------------------------------------- filling */

/* 1 when the value is the caller's to give away; what lives in another value is copied. */
static int value_is_own(const metacall_value *value)
{
    return (value->storage & METACALL_STORAGE_HEAP) != 0;
}

/* Puts the values into a block of pointers. Nothing is taken over on failure. */
static int value_gather(const void *values[], size_t size, metacall_value ***ret_items)
{
    metacall_value **items = block_create_pointers(size);
    size_t done = 0;
    if (items == NULL)
        return -1;
    for (; done < size; done++) {
        metacall_value *value = (metacall_value *)values[done];
        if (value == NULL) {
            metacall_error_raise(METACALL_ERROR_ARGUMENT, "element %zu is NULL", done);
            goto fail;
        }
        items[done] = value_is_own(value) ? value : value_copy(value);
        if (items[done] == NULL)
            goto fail;
    }
    *ret_items = items;
    return 0;

fail:
    for (size_t i = 0; i < done; i++)
        if (items[i] != values[i])
            value_destroy(items[i]);
    block_destroy(items, 0);
    return -1;
}

int value_fill_array(metacall_value *slot, const void *values[], size_t size)
{
    metacall_value **items = NULL;
    if (size != 0 && values == NULL)
        return metacall_slot_array(slot, size);
    if (size != 0 && value_gather(values, size, &items) != 0)
        return -1;
    metacall_slot_kind(slot, METACALL_ARRAY);
    slot->as.array.items = items;
    slot->as.array.count = size;
    return 0;
}

int value_fill_map(metacall_value *slot, const void *tuples[], size_t size)
{
    metacall_value **items = NULL;
    if (size != 0 && tuples == NULL)
        return metacall_slot_map(slot, size);
    for (size_t i = 0; i < size; i++) {
        const metacall_value *pair = tuples[i];
        if (pair == NULL || pair->id != METACALL_ARRAY || pair->as.array.count != 2)
            return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                        "tuple %zu of a map is no array of two values", i);
    }
    if (size != 0 && value_gather(tuples, size, &items) != 0)
        return -1;
    metacall_slot_kind(slot, METACALL_MAP);
    slot->as.array.items = items;
    slot->as.array.count = size;
    return 0;
}

int value_fill_function(metacall_value *slot, void *function)
{
    if (function == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "the function is NULL");
    metacall_slot_function(slot, function);
    return 0;
}

int value_fill_error(metacall_value *slot, enum metacall_value_id id, void *error)
{
    if (error == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "the exception is NULL");
    metacall_slot_error(slot, error);
    slot->id = (uint16_t)id;
    return 0;
}

int value_fill_object(metacall_value *slot, enum metacall_value_id id, void *object)
{
    if (object == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "the %s is NULL",
                                    id == METACALL_CLASS ? "class" : "object");
    /* A class is an object too; what is no class cannot be constructed. */
    if (id == METACALL_CLASS && !(((metacall_object *)object)->flags & METACALL_OBJECT_IS_CLASS))
        return metacall_error_raise(METACALL_ERROR_TYPE, "an object of type %s is no class",
                                    ((metacall_object *)object)->type);
    metacall_slot_object(slot, object);
    return 0;
}

int value_fill_future(metacall_value *slot, void *future)
{
    if (future == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "the future is NULL");
    metacall_slot_future(slot, future);
    return 0;
}

/* ------------------------------------------------------------------------------------ creating */

/* The value, or NULL where filling it failed. */
static metacall_value *value_keep(metacall_value *value, int result)
{
    if (result == 0)
        return value;
    value_destroy(value);
    return NULL;
}

#define VALUE_CREATE_SCALAR(name, type, kind, member)                                              \
    metacall_value_ref metacall_value_create_##name(type x)                                        \
    {                                                                                              \
        metacall_value *value = value_create();                                                    \
        if (value != NULL) {                                                                       \
            value->id = kind;                                                                      \
            value->as.member = x;                                                                  \
        }                                                                                          \
        return value;                                                                              \
    }

VALUE_CREATE_SCALAR(char, char, METACALL_CHAR, char_)
VALUE_CREATE_SCALAR(short, short, METACALL_SHORT, short_)
VALUE_CREATE_SCALAR(int, int, METACALL_INT, int_)
VALUE_CREATE_SCALAR(long, long, METACALL_LONG, long_)
VALUE_CREATE_SCALAR(float, float, METACALL_FLOAT, float_)
VALUE_CREATE_SCALAR(double, double, METACALL_DOUBLE, double_)

metacall_value_ref metacall_value_create_bool(boolean b)
{
    metacall_value *value = value_create();
    if (value != NULL)
        metacall_slot_bool(value, b);
    return value;
}

metacall_value_ref metacall_value_create_null(void)
{
    return value_create();
}

metacall_value_ref metacall_value_create_string(const char *str, size_t length)
{
    metacall_value *value = value_create();
    if (value == NULL)
        return NULL;
    if (str == NULL && length != 0) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the string is NULL");
        return value_keep(value, -1);
    }
    return value_keep(value, metacall_slot_bytes(value, METACALL_STRING, str, length));
}

metacall_value_ref metacall_value_create_buffer(const void *buffer, size_t size)
{
    metacall_value *value = value_create();
    if (value == NULL)
        return NULL;
    if (metacall_slot_bytes(value, METACALL_BUFFER, buffer, size) != 0)
        return value_keep(value, -1);
    if (buffer == NULL && size != 0)
        __builtin_memset(value->as.bytes.data, 0, size);
    return value;
}

metacall_value_ref metacall_value_create_array(const void *values[], size_t size)
{
    metacall_value *value = value_create();
    return value != NULL ? value_keep(value, value_fill_array(value, values, size)) : NULL;
}

metacall_value_ref metacall_value_create_map(const void *tuples[], size_t size)
{
    metacall_value *value = value_create();
    return value != NULL ? value_keep(value, value_fill_map(value, tuples, size)) : NULL;
}

metacall_value_ref metacall_value_create_function(void *f)
{
    metacall_value *value = value_create();
    return value != NULL ? value_keep(value, value_fill_function(value, f)) : NULL;
}

metacall_value_ref metacall_value_create_function_closure(void *f, void *c)
{
    if (f == NULL || !native_is(f)) {
        metacall_error_raise(METACALL_ERROR_SUPPORT,
                             "only a function registered from C takes a closure");
        return NULL;
    }
    metacall_function *bound = native_bind(f, c);
    if (bound == NULL)
        return NULL;
    metacall_value *value = metacall_value_create_function(bound);
    metacall_function_release(bound);
    return value;
}

static metacall_value *value_create_error(enum metacall_value_id id, void *error)
{
    metacall_value *value = value_create();
    return value != NULL ? value_keep(value, value_fill_error(value, id, error)) : NULL;
}

metacall_value_ref metacall_value_create_exception(void *ex)
{
    return value_create_error(METACALL_EXCEPTION, ex);
}

metacall_value_ref metacall_value_create_throwable(void *th)
{
    return value_create_error(METACALL_THROWABLE, th);
}

metacall_value_ref metacall_value_create_ptr(const void *ptr)
{
    metacall_value *value = value_create();
    if (value != NULL) {
        metacall_slot_kind(value, METACALL_PTR);
        value->as.reference.pointer = (void *)ptr;
        value->as.reference.extra = NULL;
    }
    return value;
}

metacall_value_ref metacall_value_create_future(void *f)
{
    metacall_value *value = value_create();
    return value != NULL ? value_keep(value, value_fill_future(value, f)) : NULL;
}

static metacall_value *value_create_object(enum metacall_value_id id, void *object)
{
    metacall_value *value = value_create();
    return value != NULL ? value_keep(value, value_fill_object(value, id, object)) : NULL;
}

metacall_value_ref metacall_value_create_class(void *c)
{
    return value_create_object(METACALL_CLASS, c);
}

metacall_value_ref metacall_value_create_object(void *o)
{
    return value_create_object(METACALL_OBJECT, o);
}
