/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions registered from C, from inside. */
#ifndef PORTS_C_NATIVE_H
#define PORTS_C_NATIVE_H

#include <metacall/loader.h>

typedef void *(*native_invoke)(size_t, void *[], void *);

/* 1 when the function was registered from C. */
int native_is(const metacall_function *function);
/* What a callback in C gave, into the empty slot: takes the value over, but for one that is `lent`
 * (an argument given back as it is). NULL is null, or a failure where an error is set; a throwable
 * is a failure. 0, or -1 with the error set. */
int native_take_result(metacall_value *value, int lent, metacall_value *ret);
/* A new function with one reference. NULL with the error set. */
metacall_function *native_create(const char *name, native_invoke invoke, void *data);
/* A function like `function`, with other data. NULL with the error set. */
metacall_function *native_bind(metacall_function *function, void *data);

#endif /* PORTS_C_NATIVE_H */
