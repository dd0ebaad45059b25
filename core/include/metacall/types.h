/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The types that all public headers speak of. All are opaque here; <metacall/loader.h> opens those
 * that a loader must reach into without a call. */
#ifndef METACALL_TYPES_H
#define METACALL_TYPES_H

#include <metacall/api.h>
#include <stddef.h>
#include <stdint.h>

METACALL_BEGIN_DECLS

typedef unsigned char boolean;

/* The kind of a value. 0 to 20 are those of MetaCall core 0.9 and never change; kinds of our own
 * start at 64 and say what they degrade to for a caller that does not know them. */
enum metacall_value_id {
    METACALL_BOOL = 0,
    METACALL_CHAR = 1,
    METACALL_SHORT = 2,
    METACALL_INT = 3,
    METACALL_LONG = 4, /* a 64-bit signed integer on every platform that we build for */
    METACALL_FLOAT = 5,
    METACALL_DOUBLE = 6,
    METACALL_STRING = 7, /* UTF-8, may hold NUL; lone surrogates as WTF-8 (three bytes each) */
    METACALL_BUFFER = 8,
    METACALL_ARRAY = 9,
    METACALL_MAP = 10,
    METACALL_PTR = 11,
    METACALL_FUTURE = 12,
    METACALL_FUNCTION = 13,
    METACALL_NULL = 14,
    METACALL_CLASS = 15,
    METACALL_OBJECT = 16,
    METACALL_EXCEPTION = 17,
    METACALL_THROWABLE = 18,
    METACALL_SIZE = 19, /* number of kinds above */
    METACALL_INVALID = 20,
    METACALL_BIGINT = 64, /* an integer past 64 bits; degrades to its decimal text */
    METACALL_DATE = 65,   /* an instant: microseconds since 1970 UTC; degrades to a double of ms */
    METACALL_SET = 66     /* distinct values in their order; degrades to an array */
};

/* <metacall/loader.h> opens these and gives the last three their short names, which here are taken
 * by functions of <metacall/metacall.h>. */
typedef struct metacall_value metacall_value;
typedef struct metacall_error metacall_error; /* one failure, with its cause */
struct metacall_function;
struct metacall_handle; /* a named scope: what one load brought in */
struct metacall_loader; /* a loader that is running in this process */

METACALL_END_DECLS

#endif /* METACALL_TYPES_H */
