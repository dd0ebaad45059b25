/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Shapes: objects with the same keys in the same order. Both sides know a shape by its number, so
 * that a record among many crosses as its values alone, and JavaScript makes and reads it by code
 * of its own (bootstrap/shape.js). Either side may come upon one; it counts from the second time
 * on. None is forgotten before the environment ends: there are at most NODE_SHAPES of them, with
 * NODE_SHAPES_KEYS keys together. */
#ifndef NODE_SHAPE_H
#define NODE_SHAPE_H

#include <metacall/loader.h>
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

enum { NODE_SHAPES = 512, NODE_SHAPE_KEYS = 1024, NODE_SHAPES_KEYS = 32768 };

struct node_env;

struct node_key {
    const char *data; /* with its NUL */
    size_t size;
};

struct node_shape {
    uint32_t hash;
    uint32_t number;         /* UINT32_MAX = not one that JavaScript knows */
    struct node_shape *next; /* what came after it the last time */
    size_t count;
    size_t room; /* bytes that all keys take, each with its NUL and aligned */
    struct node_key keys[];
};

struct node_shapes {
    struct node_shape *all[NODE_SHAPES]; /* by number */
    uint16_t slots[2 * NODE_SHAPES];     /* number + 1 by hash, open addressing */
    uint32_t seen[1024];                 /* hashes of what came once */
    struct node_shape *last;             /* that was found */
    uint32_t count;
    size_t keys;                              /* of all together */
    struct node_key scratch[NODE_SHAPE_KEYS]; /* while one is looked for */
};

/* The shape of a map's pairs, or NULL. *ret_texts = 0 where a key is no string: no object then. */
const struct node_shape *node_shape_of(struct node_env *env, metacall_value *const *pairs,
                                       size_t count, int *ret_texts);
/* By number, as JavaScript says it; NULL where there is none. */
const struct node_shape *node_shape_by(const struct node_env *env, double number);
/* native.shape(keys): the number of a shape that JavaScript has come upon, -1 = no more of them. */
int node_shape_natives(struct node_env *env, napi_value native);
void node_shape_finish(struct node_env *env);

#endif /* NODE_SHAPE_H */
