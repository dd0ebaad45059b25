/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Promises across the border. One of JavaScript settles a future when its reactions run; a future
 * of another language becomes a Promise, which keeps the event loop alive until it has settled. */
#ifndef NODE_FUTURE_H
#define NODE_FUTURE_H

#include "node_env.h"
#include <metacall/future.h>

/* A Promise or thenable into a slot. 0, or -1 with the error set. */
int node_future_take(struct node_env *env, napi_value value, metacall_value *slot);
/* A future into JavaScript. 0, or -1 with the error set. */
int node_future_make(struct node_env *env, metacall_future *future, napi_value *ret_value);
/* Settles the Promises whose futures have; inside, when the bell rang. */
void node_future_deliver(struct node_env *env);
/* The environment ends: nobody will settle what other languages wait for. Without V8's lock. */
void node_future_end_all(struct node_env *env);
/* What bootstrap/future.js calls, put into `native`. */
int node_future_natives(struct node_env *env, napi_value native);

#endif /* NODE_FUTURE_H */
