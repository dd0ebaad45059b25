/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Errors in C: the calling thread's last one, and exceptions as values. */
#ifndef METACALL_ERROR_H
#define METACALL_ERROR_H

#include <metacall/metacall_api.h>
#include <stdint.h>

METACALL_BEGIN_DECLS

/* Strings are never NULL in what the functions below fill in. */
struct metacall_exception_type {
    const char *message;
    const char *label; /* a guest's own type, "TypeError"; else the library's code, "ARGUMENT" */
    int64_t code;      /* a guest's own number, else enum metacall_error_code */
    const char *stacktrace; /* of the guest; "" = none */
};

typedef struct metacall_exception_type *metacall_exception;

/* An exception as a value of kind METACALL_THROWABLE: a callback registered from C that returns it
 * throws. Strings may be NULL. The value is the caller's. */
METACALL_API metacall_value_ref metacall_error_throw(const char *label, int64_t code,
                                                     const char *stacktrace, const char *message,
                                                     ...) METACALL_PRINTF(4, 5);
/* Reads a value of kind METACALL_EXCEPTION or METACALL_THROWABLE. The strings live as long as the
 * value. 0, or non-zero for another kind. */
METACALL_API int metacall_error_from_value(void *v, metacall_exception ex);
/* The last error of the calling thread. The strings live until its next one. 0, or non-zero when
 * there is none. */
METACALL_API int metacall_error_last(metacall_exception ex);
METACALL_API void metacall_error_clear(void);

METACALL_END_DECLS

#endif /* METACALL_ERROR_H */
