/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Exact conversions between kinds of numbers. */
#include "core/convert.h"

#include "core/bigint.h"

#include <limits.h>
#include <math.h>

#define CONVERT_DOUBLE_LIMIT 9223372036854775808.0 /* 2^63 */

int convert_integer(const metacall_value *value, int64_t *ret_number)
{
    switch (value->id) {
    case METACALL_BOOL:
        *ret_number = value->as.boolean_;
        return 1;
    case METACALL_CHAR:
        *ret_number = value->as.char_;
        return 1;
    case METACALL_SHORT:
        *ret_number = value->as.short_;
        return 1;
    case METACALL_INT:
        *ret_number = value->as.int_;
        return 1;
    case METACALL_LONG:
        *ret_number = value->as.long_;
        return 1;
    case METACALL_BIGINT:
        return bigint_to_long(value, ret_number);
    default:
        return 0;
    }
}

static enum convert_verdict convert_to_integer(metacall_value *slot, const metacall_value *value,
                                               enum metacall_value_id to)
{
    int64_t number;
    if (value->id == METACALL_FLOAT || value->id == METACALL_DOUBLE) {
        double real = value->id == METACALL_FLOAT ? (double)value->as.float_ : value->as.double_;
        /* Refuses NaN and -0 too: they have no integer. */
        if (!(real >= -CONVERT_DOUBLE_LIMIT && real < CONVERT_DOUBLE_LIMIT) ||
            real != trunc(real) || (real == 0 && signbit(real)))
            return CONVERT_RANGE;
        number = (int64_t)real;
    } else if (!convert_integer(value, &number)) {
        return value->id == METACALL_BIGINT ? CONVERT_RANGE : CONVERT_KIND;
    }
    if ((to == METACALL_CHAR && (number < CHAR_MIN || number > CHAR_MAX)) ||
        (to == METACALL_SHORT && (number < SHRT_MIN || number > SHRT_MAX)) ||
        (to == METACALL_INT && (number < INT_MIN || number > INT_MAX)))
        return CONVERT_RANGE;
    metacall_slot_kind(slot, to);
    if (to == METACALL_CHAR)
        slot->as.char_ = (char)number;
    else if (to == METACALL_SHORT)
        slot->as.short_ = (short)number;
    else if (to == METACALL_INT)
        slot->as.int_ = (int)number;
    else
        slot->as.long_ = number;
    return CONVERT_DONE;
}

static enum convert_verdict convert_to_double(const metacall_value *value, double *ret_real)
{
    int64_t number;
    if (value->id == METACALL_FLOAT) {
        *ret_real = (double)value->as.float_;
        return CONVERT_DONE;
    }
    if (value->id == METACALL_DOUBLE) {
        *ret_real = value->as.double_;
        return CONVERT_DONE;
    }
    if (convert_integer(value, &number)) {
        double real = (double)number;
        if (real >= CONVERT_DOUBLE_LIMIT || (int64_t)real != number)
            return CONVERT_RANGE;
        *ret_real = real;
        return CONVERT_DONE;
    }
    if (value->id != METACALL_BIGINT)
        return CONVERT_KIND;
    return bigint_to_double(value, ret_real) ? CONVERT_DONE : CONVERT_RANGE;
}

static enum convert_verdict convert_to_real(metacall_value *slot, const metacall_value *value,
                                            enum metacall_value_id to)
{
    double real = 0;
    enum convert_verdict verdict = convert_to_double(value, &real);
    if (verdict != CONVERT_DONE)
        return verdict;
    if (to == METACALL_DOUBLE) {
        metacall_slot_double(slot, real);
        return CONVERT_DONE;
    }
    float single = (float)real;
    if (isfinite(real) && !isfinite(single))
        return CONVERT_RANGE;
    if (value->id != METACALL_DOUBLE && (double)single != real)
        return CONVERT_RANGE; /* an integer stays exact */
    metacall_slot_kind(slot, METACALL_FLOAT);
    slot->as.float_ = single;
    return CONVERT_DONE;
}

enum convert_verdict convert_exact(metacall_value *slot, const metacall_value *value,
                                   enum metacall_value_id to)
{
    if (value->id == to)
        return CONVERT_SAME;
    switch (to) {
    case METACALL_CHAR:
    case METACALL_SHORT:
    case METACALL_INT:
    case METACALL_LONG:
        return convert_to_integer(slot, value, to);
    case METACALL_FLOAT:
    case METACALL_DOUBLE:
        return convert_to_real(slot, value, to);
    case METACALL_BIGINT: {
        /* Small ones travel as METACALL_LONG wherever big ones may. */
        int64_t number;
        if (!convert_integer(value, &number))
            return CONVERT_KIND;
        if (value->id == METACALL_LONG)
            return CONVERT_SAME;
        metacall_slot_long(slot, number);
        return CONVERT_DONE;
    }
    case METACALL_PTR:
        if (value->id != METACALL_NULL)
            return CONVERT_KIND;
        metacall_slot_kind(slot, METACALL_PTR);
        slot->as.reference.pointer = NULL;
        slot->as.reference.extra = NULL;
        return CONVERT_DONE;
    default:
        return CONVERT_KIND;
    }
}
