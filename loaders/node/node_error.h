/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Errors across the border. A JavaScript exception travels inside a metacall_error and comes home
 * as itself; an error of another language becomes a JavaScript Error and goes home as itself. */
#ifndef NODE_ERROR_H
#define NODE_ERROR_H

#include "node_env.h"

/* Takes JavaScript's pending exception away and makes it the thread's error: as it is where `code`
 * is METACALL_ERROR_GUEST, else as the reason in an error of that code. Knows when Node has ended.
 * Returns -1. */
int node_error_from_pending(struct node_env *env, enum metacall_error_code code);
/* A thrown or passed value as an error; the caller's reference. NULL with the error set. */
metacall_error *node_error_take(struct node_env *env, napi_value thrown);
/* An Error object as a value. 0, or -1 with the error set. */
int node_error_take_value(struct node_env *env, napi_value value, metacall_value *slot);
/* The JavaScript object of an error. 0, or -1 with the error set. */
int node_error_make(struct node_env *env, metacall_error *error, napi_value *ret_value);
/* Takes the thread's error and throws it in JavaScript. Returns NULL, for a callback to return. */
napi_value node_error_throw(struct node_env *env);

#endif /* NODE_ERROR_H */
