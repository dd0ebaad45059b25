/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions across the border. While it lives, a JavaScript function has one metacall_function and
 * a function of another language has one JavaScript function; each comes home as itself. */
#ifndef NODE_FUNCTION_H
#define NODE_FUNCTION_H

#include "node_call.h"

/* A JavaScript function into a slot. 0, or -1 with the error set. */
int node_function_take(struct node_env *env, napi_value value, metacall_value *slot);
/* The same, with a name for one that has none: what it is exported as. */
int node_function_take_as(struct node_env *env, napi_value value, const char *fallback,
                          metacall_value *slot);
/* Of a JavaScript function that was handed out: where it lives, and itself (inside; NULL where it
 * is gone with its environment). */
struct node_env *node_function_env(const metacall_function *function);
napi_value node_function_value(const metacall_function *function);
/* A function into JavaScript. 0, or -1 with the error set. */
int node_function_make(struct node_env *env, metacall_function *function, napi_value *ret_value);
/* 1 where it is a JavaScript function of this environment. */
int node_function_is_own(const struct node_env *env, const metacall_function *function);
/* Calls any function with JavaScript values, in a way that leaves them as they are. NULL with the
 * exception pending. */
napi_value node_function_invoke(struct node_env *env, metacall_function *function,
                                enum node_call_way way, size_t count, const napi_value *args);

#endif /* NODE_FUNCTION_H */
