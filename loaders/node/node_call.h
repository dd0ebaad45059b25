/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Calls that leave JavaScript for another language: arguments out, the result back. And the numbers
 * of those that come in. */
#ifndef NODE_CALL_H
#define NODE_CALL_H

#include "node_env.h"
#include <metacall/object.h>

/* Where a call goes: to a function, or to an object with an operation. */
struct node_departure {
    metacall_function *function; /* NULL: the object */
    metacall_object *object;
    enum metacall_object_operation operation;
    const char *name; /* of an attribute, or NULL */
};

/* Converts, goes, converts back. head[4] tells JavaScript what an operation gave, 0 or 1. NULL with
 * the exception pending. */
napi_value node_call_out(struct node_env *env, const struct node_departure *out, size_t count,
                         const napi_value *args);

/* Around a call of another language into JavaScript: gives it a number, head[7], by which
 * bootstrap/future.js keeps its AbortController. node_call_end takes what _begin gave. */
double node_call_begin(struct node_env *env);
void node_call_end(struct node_env *env, double outer);

#endif /* NODE_CALL_H */
