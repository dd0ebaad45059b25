/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What programs in C can do with the kinds of values that MetaCall core 0.9 does not have
 * (instants, sets, integers past 64 bits), and how a thread waits for a future.
 *
 * Objects and classes are reached with metacall_class_* and metacall_object_*, or one operation at
 * a time (iterating, items, with) through <metacall/object.h>; shared memory through
 * <metacall/memory.h>; hooks on functions through <metacall/intercept.h>. Include those three
 * before <metacall/metacall.h>. */
#ifndef METACALL_KINDS_H
#define METACALL_KINDS_H

#include <metacall/metacall_api.h>
#include <stdlib.h>

METACALL_BEGIN_DECLS

/* An instant: microseconds since 1970-01-01T00:00Z. */
METACALL_API metacall_value_ref metacall_value_create_date(int64_t microseconds);
/* 0 with the error set for a value of another kind. */
METACALL_API int64_t metacall_value_to_date(void *v);
/* A set that takes over the values, as metacall_value_create_array does. The caller sees to it that
 * they are distinct. `frozen`: as a constant one, where the language has such (Python's frozenset).
 */
METACALL_API metacall_value_ref metacall_value_create_set(const void *values[], size_t size,
                                                          int frozen);
/* A set's values, which stay the set's; metacall_value_count of them. NULL with the error set for a
 * value of another kind. */
METACALL_API void **metacall_value_to_set(void *v);
/* An integer of any size from decimal text; a METACALL_LONG where it fits one. metacall_value_cast
 * to METACALL_STRING gives the text back. NULL with the error set. */
METACALL_API metacall_value_ref metacall_value_create_bigint(const char *text, size_t size);

/* Blocks the calling thread until the future (metacall_value_to_future) has settled, at most
 * timeout_ms (UINT_MAX = for ever): a copy of the value that it resolved with. NULL with the error
 * set: what it was rejected with, METACALL_ERROR_TIMEOUT, or METACALL_ERROR_DEADLOCK where it could
 * never settle while this thread waits. The thread must not be inside a call of the language that
 * is to settle it. */
METACALL_API metacall_value_ref metacall_future_value(void *f, unsigned timeout_ms);

METACALL_END_DECLS

#endif /* METACALL_KINDS_H */
