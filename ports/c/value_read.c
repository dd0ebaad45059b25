/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values read as C types. */
#include "core/bigint.h"
#include "core/convert.h"
#include "core/error.h"
#include "core/value.h"

#include <metacall/metacall.h>

#include <string.h>

/* -------------------------------------------------------------------------------------- about */

size_t metacall_value_size(void *v)
{
    const metacall_value *value = v;
    if (value == NULL)
        return 0;
    switch (value->id) {
    case METACALL_BOOL:
        return sizeof(boolean);
    case METACALL_CHAR:
        return sizeof(char);
    case METACALL_SHORT:
        return sizeof(short);
    case METACALL_INT:
        return sizeof(int);
    case METACALL_LONG:
        return sizeof(long);
    case METACALL_FLOAT:
        return sizeof(float);
    case METACALL_DOUBLE:
        return sizeof(double);
    case METACALL_STRING:
        return value->as.bytes.size + 1;
    case METACALL_BUFFER:
        return value->as.bytes.size;
    case METACALL_ARRAY:
    case METACALL_MAP:
    case METACALL_SET:
        return value->as.array.count * sizeof(void *);
    case METACALL_DATE:
        return sizeof(int64_t);
    case METACALL_BIGINT:
        return value->as.bigint.count * sizeof(uint64_t);
    case METACALL_NULL:
        return 0;
    default:
        return sizeof(void *);
    }
}

size_t metacall_value_count(void *v)
{
    const metacall_value *value = v;
    if (value == NULL)
        return 0;
    switch (value->id) {
    case METACALL_STRING:
        return value->as.bytes.size + 1;
    case METACALL_BUFFER:
        return value->as.bytes.size;
    case METACALL_ARRAY:
    case METACALL_MAP:
    case METACALL_SET:
        return value->as.array.count;
    default:
        return 1;
    }
}

enum metacall_value_id metacall_value_id(void *v)
{
    const metacall_value *value = v;
    return value != NULL && value_kind_is_known(value->id) ? (enum metacall_value_id)value->id
                                                           : METACALL_INVALID;
}

const char *metacall_value_id_name(enum metacall_value_id id)
{
    return value_kind_name((unsigned)id);
}

const char *metacall_value_type_name(void *v)
{
    return value_kind_name((unsigned)metacall_value_id(v));
}

metacall_value_ref metacall_value_copy(void *v)
{
    if (v != NULL)
        return value_copy(v);
    metacall_error_raise(METACALL_ERROR_ARGUMENT, "the value to copy is NULL");
    return NULL;
}

metacall_value_ref metacall_value_reference(void *v)
{
    metacall_value *value = v;
    if (value == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the value to refer to is NULL");
        return NULL;
    }
    metacall_value *reference = value_create();
    if (reference == NULL)
        return NULL;
    int bytes = value->id == METACALL_STRING || value->id == METACALL_BUFFER;
    metacall_slot_kind(reference, METACALL_PTR);
    reference->as.reference.pointer = bytes ? (void *)value->as.bytes.data : (void *)&value->as;
    reference->as.reference.extra = value;
    return reference;
}

metacall_value_ref metacall_value_dereference(void *v)
{
    const metacall_value *value = v;
    if (value != NULL && value->id == METACALL_PTR && value->as.reference.extra != NULL)
        return value->as.reference.extra;
    metacall_error_raise(METACALL_ERROR_TYPE, "a %s is no reference to a value",
                         metacall_value_type_name(v));
    return NULL;
}

void metacall_value_destroy(void *v)
{
    value_destroy(v);
}

/* ------------------------------------------------------------------------------------ numbers */

static void value_raise_kind(void *v, enum metacall_value_id id, enum convert_verdict verdict)
{
    if (v == NULL)
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the value to read is NULL");
    else
        metacall_error_raise(verdict == CONVERT_RANGE ? METACALL_ERROR_RANGE : METACALL_ERROR_TYPE,
                             verdict == CONVERT_RANGE ? "a %s does not fit %s exactly"
                                                      : "a %s is no %s",
                             metacall_value_type_name(v), value_kind_name((unsigned)id));
}

/* The value as another kind, in `slot`; zero with the error set where it does not fit. */
static void value_as(void *v, enum metacall_value_id id, metacall_value *slot)
{
    enum convert_verdict verdict = v != NULL ? convert_exact(slot, v, id) : CONVERT_KIND;
    if (verdict != CONVERT_DONE)
        value_raise_kind(v, id, verdict);
}

#define VALUE_TO_NUMBER(name, type, kind, member)                                                  \
    type metacall_value_to_##name(void *v)                                                         \
    {                                                                                              \
        const metacall_value *value = v;                                                           \
        metacall_value slot = METACALL_SLOT_INIT;                                                  \
        if (__builtin_expect(value != NULL && value->id == kind, 1))                               \
            return value->as.member;                                                               \
        value_as(v, kind, &slot);                                                                  \
        return slot.as.member;                                                                     \
    }

VALUE_TO_NUMBER(char, char, METACALL_CHAR, char_)
VALUE_TO_NUMBER(short, short, METACALL_SHORT, short_)
VALUE_TO_NUMBER(int, int, METACALL_INT, int_)
VALUE_TO_NUMBER(long, long, METACALL_LONG, long_)
VALUE_TO_NUMBER(float, float, METACALL_FLOAT, float_)
VALUE_TO_NUMBER(double, double, METACALL_DOUBLE, double_)

boolean metacall_value_to_bool(void *v)
{
    const metacall_value *value = v;
    int64_t number;
    if (value != NULL && value->id == METACALL_BOOL)
        return value->as.boolean_;
    if (value != NULL && convert_integer(value, &number) && (number == 0 || number == 1))
        return (boolean)number;
    value_raise_kind(v, METACALL_BOOL, CONVERT_KIND);
    return 0;
}

/* ------------------------------------------------------------------------------------- the rest */

/* The value where it is of that kind, else NULL with the error set. */
static metacall_value *value_expect(void *v, enum metacall_value_id id)
{
    metacall_value *value = v;
    if (value != NULL && value->id == id)
        return value;
    value_raise_kind(v, id, CONVERT_KIND);
    return NULL;
}

char *metacall_value_to_string(void *v)
{
    metacall_value *value = value_expect(v, METACALL_STRING);
    return value != NULL ? value->as.bytes.data : NULL;
}

void *metacall_value_to_buffer(void *v)
{
    metacall_value *value = value_expect(v, METACALL_BUFFER);
    return value != NULL ? value->as.bytes.data : NULL;
}

void **metacall_value_to_array(void *v)
{
    metacall_value *value = value_expect(v, METACALL_ARRAY);
    return value != NULL ? (void **)value->as.array.items : NULL;
}

void **metacall_value_to_map(void *v)
{
    metacall_value *value = value_expect(v, METACALL_MAP);
    return value != NULL ? (void **)value->as.array.items : NULL;
}

void *metacall_value_to_ptr(void *v)
{
    metacall_value *value = value_expect(v, METACALL_PTR);
    return value != NULL ? value->as.reference.pointer : NULL;
}

void *metacall_value_to_future(void *v)
{
    metacall_value *value = value_expect(v, METACALL_FUTURE);
    return value != NULL ? value->as.future : NULL;
}

void *metacall_value_to_class(void *v)
{
    metacall_value *value = value_expect(v, METACALL_CLASS);
    return value != NULL ? value->as.object : NULL;
}

void *metacall_value_to_object(void *v)
{
    metacall_value *value = value_expect(v, METACALL_OBJECT);
    return value != NULL ? value->as.object : NULL;
}

void *metacall_value_to_function(void *v)
{
    metacall_value *value = value_expect(v, METACALL_FUNCTION);
    return value != NULL ? value->as.function : NULL;
}

void *metacall_value_to_null(void *v)
{
    value_expect(v, METACALL_NULL);
    return NULL;
}

void *metacall_value_to_exception(void *v)
{
    metacall_value *value = value_expect(v, METACALL_EXCEPTION);
    return value != NULL ? value->as.error : NULL;
}

void *metacall_value_to_throwable(void *v)
{
    metacall_value *value = value_expect(v, METACALL_THROWABLE);
    return value != NULL ? value->as.error : NULL;
}
