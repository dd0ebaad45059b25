/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One call of JavaScript's own on its way through the hooks, for the two files on interception. */
#ifndef NODE_PASSAGE_H
#define NODE_PASSAGE_H

#include "node_value.h"

struct node_passage {
    struct node_passage *outer; /* of the same thread */
    struct node_env *env;
    metacall_function *function;
    struct metacall_call call;
    napi_value object; /* {args, result, proceed}; `kept` is what a hook put in place */
    /* What the function gave and what a hook of this environment put in its place, as the others
     * see it. A result that looks like neither was put there by another language's hook. */
    metacall_value given, kept;
    int is_given, is_kept;
};

static inline int node_passage_is(const metacall_value *mark, const metacall_value *ret)
{
    return mark->id == ret->id && (mark->id == METACALL_NULL || mark->as.long_ == ret->as.long_);
}

/* The passage that `call` belongs to, where it is this thread's and that environment's. */
struct node_passage *node_passage_find(const struct node_env *env,
                                       const struct metacall_call *call);
/* A value for hooks of other languages to look at; null where it cannot be passed (-1). */
int node_passage_take(struct node_env *env, napi_value value, struct metacall_arena *arena,
                      metacall_value *slot);

#endif /* NODE_PASSAGE_H */
