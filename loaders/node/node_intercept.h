/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Interception (<metacall/intercept.h>): JavaScript's own calls of a function run into a detour
 * that stands where the function is exported (bootstrap/intercept.js); and hooks written in
 * JavaScript, on functions of any language. */
#ifndef NODE_INTERCEPT_H
#define NODE_INTERCEPT_H

#include "node_env.h"

/* ops->intercept of JavaScript's functions. On any thread. */
int node_intercept_switch(metacall_function *function, int on);

/* Inside only, from here on. */

/* What stands for a function of this environment while it is intercepted; the function itself where
 * nothing does. */
napi_value node_intercept_stand_in(struct node_env *env, napi_value original);
/* A call through the library of a function of this environment that has hooks: nothing but what the
 * hooks look at is converted. NULL with the exception pending. */
napi_value node_intercept_call(struct node_env *env, metacall_function *function, size_t count,
                               const napi_value *args);
/* Puts hooks of JavaScript on any function; one of them may be no function. Gives {remove, scope,
 * reason}, or NULL with the exception pending. */
napi_value node_intercept_add(struct node_env *env, metacall_function *function, napi_value before,
                              napi_value after);
/* The environment ends, and its hooks with it. */
void node_intercept_end(struct node_env *env);

#endif /* NODE_INTERCEPT_H */
