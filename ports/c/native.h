/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions registered from C, from inside. */
#ifndef PORTS_C_NATIVE_H
#define PORTS_C_NATIVE_H

#include <metacall/loader.h>

typedef void *(*native_invoke)(size_t, void *[], void *);

/* 1 when the function was registered from C. */
int native_is(const metacall_function *function);
/* A new function with one reference. NULL with the error set. */
metacall_function *native_create(const char *name, native_invoke invoke, void *data);
/* A function like `function`, with other data. NULL with the error set. */
metacall_function *native_bind(metacall_function *function, void *data);

#endif /* PORTS_C_NATIVE_H */
