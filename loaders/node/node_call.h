/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Calls that leave JavaScript for another language: arguments out, the result back. And the numbers
 * of those that come in. */
#ifndef NODE_CALL_H
#define NODE_CALL_H

#include "node_env.h"
#include <metacall/object.h>

/* How JavaScript calls C, which bootstrap/call.js says in head[13] for one call, and what C leaves
 * for it, in head[15]. The same numbers stand there. */
enum node_call_way {
    NODE_CALL_PLAIN = 0,    /* arguments and result cross by themselves; nobody looks at head[15] */
    NODE_CALL_AS_IT_IS = 1, /* the arguments do */
    NODE_CALL_PACKED = 2,   /* packed, head[14] of them */
    NODE_CALL_REFUSED = 3,  /* argument head[14] cannot be passed */
    NODE_CALL_COUNTED = 4   /* head[14] numbers, from head[16] on */
};
enum node_call_result {
    NODE_RESULT_MADE = 0,
    NODE_RESULT_CARRIED = 1, /* node_cells_leave */
    NODE_RESULT_COUNT = 2,   /* a number, head[16] */
    NODE_RESULT_NOT_YET = 3  /* the function is JavaScript's own: again, with the arguments */
};

/* Reads and sets back head[13]. Once for each call. */
static inline enum node_call_way node_call_way(struct node_env *env)
{
    enum node_call_way way = (enum node_call_way)(int)env->head[13];

    env->head[13] = NODE_CALL_PLAIN;
    return way;
}

/* Where a call goes: to a function, or to an object with an operation. */
struct node_departure {
    metacall_function *function; /* NULL: the one of the name, or the object */
    const char *find; /* looked for when the arguments are in; the caller lets go of it */
    metacall_object *object;
    enum metacall_object_operation operation;
    const char *name; /* of an attribute, or NULL */
    enum node_call_way way;
};

/* Converts, goes, converts back. Packed arguments are args[0] alone, for a count of 1. head[4]
 * tells JavaScript what an operation gave, 0 or 1. NULL with the exception pending. */
napi_value node_call_out(struct node_env *env, struct node_departure *out, size_t count,
                         const napi_value *args);

/* Around a call of another language into JavaScript: gives it a number, head[7], by which
 * bootstrap/future.js keeps its AbortController. node_call_end takes what _begin gave. */
double node_call_begin(struct node_env *env);
void node_call_end(struct node_env *env, double outer);

#endif /* NODE_CALL_H */
