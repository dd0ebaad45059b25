/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A value as another kind: exactly, or refused. */
#ifndef CORE_CONVERT_H
#define CORE_CONVERT_H

#include <metacall/loader.h>

enum convert_verdict {
    CONVERT_SAME, /* the value is of that kind already */
    CONVERT_DONE, /* the slot holds the converted value */
    CONVERT_KIND, /* such a kind never becomes that one */
    CONVERT_RANGE /* this number does not fit that kind exactly */
};

/* Converts between the kinds of numbers, and null to a null pointer. The empty slot is written only
 * for CONVERT_DONE. Nothing is allocated and no error is set. A DOUBLE becomes a FLOAT by rounding
 * to the nearest one, which is what a parameter of single precision asks for; everything else is
 * exact. */
enum convert_verdict convert_exact(metacall_value *slot, const metacall_value *value,
                                   enum metacall_value_id to);
/* 1 and *ret_number when the value is an integer kind that fits 64 bits. */
int convert_integer(const metacall_value *value, int64_t *ret_number);

#endif /* CORE_CONVERT_H */
