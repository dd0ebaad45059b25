/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Casts: what a programmer asks for by name, and so may lose precision, but never reads memory as
 * what it is not. */
#include "core/bigint.h"
#include "core/convert.h"
#include "core/date_text.h"
#include "core/error.h"
#include "core/real_text.h"
#include "core/value.h"

#include <metacall/metacall.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int cast_raise(const metacall_value *value, enum metacall_value_id id, int range)
{
    return metacall_error_raise(range ? METACALL_ERROR_RANGE : METACALL_ERROR_TYPE,
                                range ? "a %s does not fit %s" : "a %s cannot be cast to %s",
                                value_kind_name(value->id), value_kind_name((unsigned)id));
}

static int cast_to_bool(metacall_value *slot, const metacall_value *value)
{
    int truth;
    int64_t number;
    switch (value->id) {
    case METACALL_FLOAT:
        truth = value->as.float_ != 0;
        break;
    case METACALL_DOUBLE:
        truth = value->as.double_ != 0;
        break;
    case METACALL_STRING:
    case METACALL_BUFFER:
        truth = value->as.bytes.size != 0;
        break;
    case METACALL_ARRAY:
    case METACALL_MAP:
    case METACALL_SET:
        truth = value->as.array.count != 0;
        break;
    case METACALL_PTR:
        truth = value->as.reference.pointer != NULL;
        break;
    case METACALL_DATE:
        truth = 1;
        break;
    case METACALL_NULL:
        truth = 0;
        break;
    default:
        truth = convert_integer(value, &number) ? number != 0 : 1;
        break;
    }
    metacall_slot_bool(slot, truth);
    return 0;
}

/* A number from text: all of it must be one. */
static int cast_parse(metacall_value *slot, const metacall_value *value)
{
    const char *text = value->as.bytes.data;
    double real;
    if (bigint_from_text(slot, text, value->as.bytes.size) == 0)
        return 0;
    metacall_error_release(metacall_error_take());
    if (!real_parse(text, value->as.bytes.size, &real))
        return -1;
    metacall_slot_double(slot, real);
    return 0;
}

/* A real number cut to an integer, for what convert_exact refuses. */
static int cast_truncate(metacall_value *slot, const metacall_value *value,
                         enum metacall_value_id id)
{
    metacall_value whole = METACALL_SLOT_INIT;
    if (value->id == METACALL_FLOAT)
        metacall_slot_double(&whole, trunc((double)value->as.float_));
    else if (value->id == METACALL_DOUBLE)
        metacall_slot_double(&whole, trunc(value->as.double_));
    else
        return -1;
    if (whole.as.double_ == 0)
        whole.as.double_ = 0; /* no -0 */
    return convert_exact(slot, &whole, id) == CONVERT_DONE ? 0 : -1;
}

/* An integer rounded to a real number. */
static int cast_round(metacall_value *slot, const metacall_value *value, enum metacall_value_id id)
{
    metacall_value real = METACALL_SLOT_INIT;
    int64_t number;
    if (convert_integer(value, &number)) {
        metacall_slot_double(&real, (double)number);
    } else if (value->id == METACALL_BIGINT) {
        char *text = bigint_to_text(value);
        if (text == NULL)
            return -1;
        metacall_slot_double(&real, strtod(text, NULL)); /* digits alone: no decimal sign */
        free(text);
        if (!isfinite(real.as.double_))
            return -1;
    } else {
        return -1;
    }
    if (id == METACALL_DOUBLE) {
        *slot = real;
        return 0;
    }
    return convert_exact(slot, &real, id) == CONVERT_DONE ? 0 : -1;
}

/* Milliseconds, as most languages count; a real number where there are parts of one. */
static void cast_date_to_ms(metacall_value *slot, int64_t microseconds)
{
    if (microseconds % 1000 == 0)
        metacall_slot_long(slot, microseconds / 1000);
    else
        metacall_slot_double(slot, (double)microseconds / 1000);
}

static int cast_to_date(metacall_value *slot, const metacall_value *value)
{
    int64_t number;
    double real = value->id == METACALL_FLOAT ? (double)value->as.float_ : value->as.double_;
    if (value->id == METACALL_STRING) {
        if (!date_parse(value->as.bytes.data, value->as.bytes.size, &number))
            return cast_raise(value, METACALL_DATE, 0);
    } else if (value->id == METACALL_FLOAT || value->id == METACALL_DOUBLE) {
        if (!(fabs(real) < (double)(INT64_MAX / 1000)))
            return cast_raise(value, METACALL_DATE, 1);
        number = (int64_t)nearbyint(real * 1000);
    } else if (value->id == METACALL_BOOL || !convert_integer(value, &number)) {
        return cast_raise(value, METACALL_DATE, 0);
    } else if (__builtin_mul_overflow(number, 1000, &number)) {
        return cast_raise(value, METACALL_DATE, 1);
    }
    metacall_slot_date(slot, number);
    return 0;
}

static int cast_to_number(metacall_value *slot, const metacall_value *value,
                          enum metacall_value_id id)
{
    metacall_value parsed = METACALL_SLOT_INIT;
    int result = 0;
    if (value->id == METACALL_STRING) {
        if (cast_parse(&parsed, value) != 0)
            return cast_raise(value, id, 0);
        value = &parsed;
    } else if (value->id == METACALL_NULL) {
        metacall_slot_long(&parsed, 0);
        value = &parsed;
    } else if (value->id == METACALL_DATE) {
        cast_date_to_ms(&parsed, value->as.date);
        value = &parsed;
    }
    enum convert_verdict verdict = convert_exact(slot, value, id);
    if (verdict == CONVERT_SAME)
        result = metacall_slot_copy(slot, value);
    else if (verdict == CONVERT_KIND)
        result = cast_raise(value, id, 0);
    else if (verdict == CONVERT_RANGE)
        result =
            (id == METACALL_FLOAT || id == METACALL_DOUBLE ? cast_round(slot, value, id)
                                                           : cast_truncate(slot, value, id)) != 0
                ? cast_raise(value, id, 1)
                : 0;
    metacall_slot_clear(&parsed);
    return result;
}

static int cast_to_string(metacall_value *slot, const metacall_value *value)
{
    char text[64];
    int64_t number;
    if (value->id == METACALL_BIGINT) {
        char *digits = bigint_to_text(value);
        int result = digits != NULL
                         ? metacall_slot_bytes(slot, METACALL_STRING, digits, strlen(digits))
                         : -1;
        free(digits);
        return result;
    }
    if (value->id == METACALL_BOOL)
        snprintf(text, sizeof(text), "%s", value->as.boolean_ ? "true" : "false");
    else if (value->id == METACALL_FLOAT)
        real_format(text, (double)value->as.float_, 1);
    else if (value->id == METACALL_DOUBLE)
        real_format(text, value->as.double_, 0);
    else if (value->id == METACALL_NULL)
        snprintf(text, sizeof(text), "null");
    else if (convert_integer(value, &number))
        snprintf(text, sizeof(text), "%lld", (long long)number);
    else if (value->id == METACALL_DATE)
        date_format(text, value->as.date);
    else if (value->id == METACALL_BUFFER)
        return metacall_slot_bytes(slot, METACALL_STRING, value->as.bytes.data,
                                   value->as.bytes.size);
    else
        return cast_raise(value, METACALL_STRING, 0);
    return metacall_slot_bytes(slot, METACALL_STRING, text, strlen(text));
}

static int cast_to_array(metacall_value *slot, const metacall_value *value)
{
    if (value_has_items(value)) {
        /* A map's pairs, a set's values. */
        metacall_value items = *value;
        items.id = METACALL_ARRAY;
        items.storage &= (uint16_t)~METACALL_STORAGE_FROZEN;
        return metacall_slot_copy(slot, &items);
    }
    if (metacall_slot_array(slot, 1) != 0)
        return -1;
    return metacall_slot_copy(slot->as.array.items[0], value);
}

static int cast_fill(metacall_value *slot, const metacall_value *value, enum metacall_value_id id)
{
    switch (id) {
    case METACALL_BOOL:
        return cast_to_bool(slot, value);
    case METACALL_CHAR:
    case METACALL_SHORT:
    case METACALL_INT:
    case METACALL_LONG:
    case METACALL_FLOAT:
    case METACALL_DOUBLE:
    case METACALL_BIGINT:
        return cast_to_number(slot, value, id);
    case METACALL_STRING:
        return cast_to_string(slot, value);
    case METACALL_BUFFER:
        if (value->id != METACALL_STRING)
            return cast_raise(value, id, 0);
        return metacall_slot_bytes(slot, id, value->as.bytes.data, value->as.bytes.size);
    case METACALL_ARRAY:
        return cast_to_array(slot, value);
    case METACALL_DATE:
        return cast_to_date(slot, value);
    case METACALL_NULL:
        return 0;
    case METACALL_EXCEPTION:
    case METACALL_THROWABLE:
        if (value->id != METACALL_EXCEPTION && value->id != METACALL_THROWABLE)
            return cast_raise(value, id, 0);
        metacall_slot_error(slot, value->as.error);
        slot->id = (uint16_t)id;
        return 0;
    default:
        return convert_exact(slot, value, id) == CONVERT_DONE ? 0 : cast_raise(value, id, 0);
    }
}

metacall_value_ref metacall_value_cast(void *v, enum metacall_value_id id)
{
    metacall_value *value = v;
    metacall_value fresh = METACALL_SLOT_INIT;
    if (value == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the value to cast is NULL");
        return NULL;
    }
    if (value->id == id)
        return value;
    if (cast_fill(&fresh, value, id) != 0) {
        metacall_slot_clear(&fresh);
        return NULL;
    }
    metacall_slot_clear(value);
    value_move(value, &fresh);
    return value;
}

/* The cast value, or NULL. */
static metacall_value *cast_through(void **v, enum metacall_value_id id)
{
    if (v == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the value to cast is NULL");
        return NULL;
    }
    return metacall_value_cast(*v, id);
}

#define VALUE_CAST(type, name, kind, none)                                                         \
    type metacall_value_cast_##name(void **v)                                                      \
    {                                                                                              \
        metacall_value *value = cast_through(v, kind);                                             \
        return value != NULL ? metacall_value_to_##name(value) : (none);                           \
    }

VALUE_CAST(boolean, bool, METACALL_BOOL, 0)
VALUE_CAST(char, char, METACALL_CHAR, 0)
VALUE_CAST(short, short, METACALL_SHORT, 0)
VALUE_CAST(int, int, METACALL_INT, 0)
VALUE_CAST(long, long, METACALL_LONG, 0)
VALUE_CAST(float, float, METACALL_FLOAT, 0)
VALUE_CAST(double, double, METACALL_DOUBLE, 0)
VALUE_CAST(char *, string, METACALL_STRING, NULL)
VALUE_CAST(void *, buffer, METACALL_BUFFER, NULL)
VALUE_CAST(void **, array, METACALL_ARRAY, NULL)
VALUE_CAST(void *, map, METACALL_MAP, NULL)
VALUE_CAST(void *, ptr, METACALL_PTR, NULL)
VALUE_CAST(void *, future, METACALL_FUTURE, NULL)
VALUE_CAST(void *, function, METACALL_FUNCTION, NULL)
VALUE_CAST(void *, null, METACALL_NULL, NULL)
VALUE_CAST(void *, class, METACALL_CLASS, NULL)
VALUE_CAST(void *, object, METACALL_OBJECT, NULL)
VALUE_CAST(void *, exception, METACALL_EXCEPTION, NULL)
VALUE_CAST(void *, throwable, METACALL_THROWABLE, NULL)
