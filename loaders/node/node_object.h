/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Objects and classes across the border. They stay where they are: another language performs
 * operations on those of JavaScript, and a Proxy (bootstrap/proxy.js) stands for those of others.
 */
#ifndef NODE_OBJECT_H
#define NODE_OBJECT_H

#include "node_env.h"
#include <metacall/object.h>

/* A JavaScript object or class into a slot, or a Proxy as what it stands for. 0, or -1 with the
 * error set. */
int node_object_take(struct node_env *env, napi_value value, metacall_value *slot);
/* The same for one that is known to have no export. */
int node_object_hand_out(struct node_env *env, napi_value value, metacall_value *slot);
/* An object into JavaScript. 0, or -1 with the error set. */
int node_object_make(struct node_env *env, metacall_object *object, napi_value *ret_value);
/* What bootstrap/proxy.js calls, put into `native`. */
int node_object_natives(struct node_env *env, napi_value native);

#endif /* NODE_OBJECT_H */
