/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The way of every call from C to a function. */
#ifndef PORTS_C_CALL_H
#define PORTS_C_CALL_H

#include <metacall/loader.h>

/* Calls and gives the result as a heap value that owns all it holds. NULL with the error set. */
metacall_value *call_function(metacall_function *function, metacall_value *const *args,
                              size_t count);
/* The same with the last `keyword_count` arguments named. */
metacall_value *call_function_named(metacall_function *function, metacall_value *const *args,
                                    size_t count, const char *const *keywords,
                                    size_t keyword_count);
/* The same with keys[i], a string, the name of values[i]. */
metacall_value *call_function_keyed(metacall_function *function, metacall_value *const *keys,
                                    metacall_value *const *values, size_t count);
/* A function by name, in a handle where one is given; a class or a callable object counts as one. A
 * reference of the caller's; NULL with the error set. */
metacall_function *call_find(void *handle, const char *name);
/* The same in a handle; *ret_held is 1 when the handle holds it itself. */
metacall_function *call_find_in(void *handle, const char *name, int *ret_held);

#endif /* PORTS_C_CALL_H */
