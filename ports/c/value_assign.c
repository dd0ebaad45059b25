/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values assigned in place: the new contents are made first, so that a failure changes nothing. */
#include "ports/c/value_assign.h"

#include "core/error.h"
#include "core/value.h"

#include <metacall/metacall.h>

/* Puts `fresh` into `v` where filling it went well. */
static metacall_value *value_replace(metacall_value *v, metacall_value *fresh, int result)
{
    if (v == NULL && result == 0)
        result = metacall_error_raise(METACALL_ERROR_ARGUMENT, "the value to assign to is NULL");
    if (result != 0) {
        metacall_slot_clear(fresh);
        return NULL;
    }
    metacall_slot_clear(v);
    value_move(v, fresh);
    return v;
}

#define VALUE_FROM_SCALAR(name, type, kind, member)                                                \
    metacall_value_ref metacall_value_from_##name(void *v, type x)                                 \
    {                                                                                              \
        metacall_value fresh = METACALL_SLOT_INIT;                                                 \
        metacall_slot_kind(&fresh, kind);                                                          \
        fresh.as.member = x;                                                                       \
        return value_replace(v, &fresh, 0);                                                        \
    }

VALUE_FROM_SCALAR(char, char, METACALL_CHAR, char_)
VALUE_FROM_SCALAR(short, short, METACALL_SHORT, short_)
VALUE_FROM_SCALAR(int, int, METACALL_INT, int_)
VALUE_FROM_SCALAR(long, long, METACALL_LONG, long_)
VALUE_FROM_SCALAR(float, float, METACALL_FLOAT, float_)
VALUE_FROM_SCALAR(double, double, METACALL_DOUBLE, double_)

metacall_value_ref metacall_value_from_bool(void *v, boolean b)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    metacall_slot_bool(&fresh, b);
    return value_replace(v, &fresh, 0);
}

metacall_value_ref metacall_value_from_null(void *v)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    return value_replace(v, &fresh, 0);
}

static metacall_value *value_from_bytes(void *v, enum metacall_value_id id, const void *data,
                                        size_t size)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    int result = data != NULL || size == 0
                     ? metacall_slot_bytes(&fresh, id, data, size)
                     : metacall_error_raise(METACALL_ERROR_ARGUMENT, "the data to assign is NULL");
    return value_replace(v, &fresh, result);
}

metacall_value_ref metacall_value_from_string(void *v, const char *str, size_t length)
{
    return value_from_bytes(v, METACALL_STRING, str, length);
}

metacall_value_ref metacall_value_from_buffer(void *v, const void *buffer, size_t size)
{
    return value_from_bytes(v, METACALL_BUFFER, buffer, size);
}

metacall_value_ref metacall_value_from_array(void *v, const void *values[], size_t size)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    return v != NULL ? value_replace(v, &fresh, value_fill_array(&fresh, values, size))
                     : value_replace(v, &fresh, 0);
}

metacall_value_ref metacall_value_from_map(void *v, const void *tuples[], size_t size)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    return v != NULL ? value_replace(v, &fresh, value_fill_map(&fresh, tuples, size))
                     : value_replace(v, &fresh, 0);
}

metacall_value_ref metacall_value_from_function(void *v, void *f)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    return value_replace(v, &fresh, value_fill_function(&fresh, f));
}

metacall_value_ref metacall_value_from_exception(void *v, void *ex)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    return value_replace(v, &fresh, value_fill_error(&fresh, METACALL_EXCEPTION, ex));
}

metacall_value_ref metacall_value_from_throwable(void *v, void *th)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    return value_replace(v, &fresh, value_fill_error(&fresh, METACALL_THROWABLE, th));
}

metacall_value_ref metacall_value_from_ptr(void *v, const void *ptr)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    metacall_slot_kind(&fresh, METACALL_PTR);
    fresh.as.reference.pointer = (void *)ptr;
    fresh.as.reference.extra = NULL;
    return value_replace(v, &fresh, 0);
}

metacall_value_ref metacall_value_from_future(void *v, void *f)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    return value_replace(v, &fresh, value_fill_future(&fresh, f));
}

metacall_value_ref metacall_value_from_class(void *v, void *c)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    return value_replace(v, &fresh, value_fill_object(&fresh, METACALL_CLASS, c));
}

metacall_value_ref metacall_value_from_object(void *v, void *o)
{
    metacall_value fresh = METACALL_SLOT_INIT;
    return value_replace(v, &fresh, value_fill_object(&fresh, METACALL_OBJECT, o));
}

void metacall_value_move(void *src, void *dest)
{
    if (src == NULL || dest == NULL || src == dest)
        return;
    metacall_slot_clear(dest);
    value_move(dest, src);
}
