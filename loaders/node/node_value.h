/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values between JavaScript and the library. Scalars and strings go straight through Node-API,
 * arrays and objects as one packed form (bootstrap/pack.js, unpack.js). Exact, or refused with the
 * path of what cannot be passed. All of it runs inside the environment. */
#ifndef NODE_VALUE_H
#define NODE_VALUE_H

#include "node_env.h"

#include <metacall/arena.h>

/* Fills the empty `slot`. Bytes are borrowed from `arena`, or owned by the slot where it is NULL.
 * A refusal's message begins with the path inside the value, "[3].name: ...", or with ": "; the
 * caller puts in front what the value is (node_value_name). A getter that throws is an error of
 * code GUEST. 0, or -1 with the error set. */
int node_value_take(struct node_env *env, napi_value value, struct metacall_arena *arena,
                    metacall_value *slot);
/* The other way. 0, or -1 with the error set. */
int node_value_make(struct node_env *env, const metacall_value *slot, napi_value *ret_value);

/* A number that is an integer becomes one. */
void node_value_number(metacall_value *slot, double number);
/* 1 for an integer that a JavaScript number can be exactly. */
static inline int node_value_is_safe(int64_t number)
{
    return number >= -9007199254740991 && number <= 9007199254740991;
}

/* Puts "argument 2 of f()" in front of the thread's error, where it is a refusal. Returns -1. */
int node_value_name(const char *format, ...) METACALL_PRINTF(1, 2);

/* Text of a JavaScript string, malloc'ed, with its NUL; NULL where it is none or memory is out. */
char *node_value_text(struct node_env *env, napi_value value, size_t *ret_size);
/* A string from UTF-8 (WTF-8). 0, or -1 with the error set. */
int node_value_string(struct node_env *env, const char *data, size_t size, napi_value *ret_value);

#endif /* NODE_VALUE_H */
