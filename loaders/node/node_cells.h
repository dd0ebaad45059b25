/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Arrays and objects in the packed form of bootstrap/pack.js and unpack.js: a run of doubles,
 * one joined text, and references for what fits neither. */
#ifndef NODE_CELLS_H
#define NODE_CELLS_H

#include "node_value.h"
#include <uchar.h>

/* The operations; the same numbers stand in bootstrap/cell.js. */
enum node_cell {
    NODE_CELL_NULL = 0,
    NODE_CELL_FALSE = 1,
    NODE_CELL_TRUE = 2,
    NODE_CELL_NUMBER = 3,
    NODE_CELL_TEXT = 4,
    NODE_CELL_ARRAY = 5,
    NODE_CELL_OBJECT = 6,
    NODE_CELL_NUMBERS = 7,
    NODE_CELL_MAP = 8,
    NODE_CELL_BUFFER = 9,
    NODE_CELL_BIGINT = 10,
    NODE_CELL_FUNCTION = 11,
    NODE_CELL_ERROR = 12,
    NODE_CELL_FOREIGN = 13,
    NODE_CELL_DATE = 14, /* milliseconds, then microseconds below them */
    NODE_CELL_SET = 15,
    NODE_CELL_HANDLE = 16,
    NODE_CELL_FUTURE = 17,
    NODE_CELL_MEMORY = 18,
    NODE_CELL_INTEGERS = 19, /* of 32 bits, two in a cell; -> JavaScript only */
    NODE_CELL_SHAPED = 20    /* the number of the shape, then the values */
};

/* Any JavaScript object into a slot, by pack(). */
int node_cells_take(struct node_env *env, napi_value value, struct metacall_arena *arena,
                    metacall_value *slot);
/* Arguments that JavaScript has packed one after the other, head[14] of them, into as many empty
 * slots. *ret_taken of them hold something afterwards. */
int node_cells_take_all(struct node_env *env, napi_value packed, struct metacall_arena *arena,
                        metacall_value *slots, size_t *ret_taken);
/* Raises the refusal that pack() gave. Returns -1. */
int node_cells_refuse(struct node_env *env, napi_value reason);
/* An array or a map for JavaScript that waits for it: leaves the cells in the inbox and gives what
 * goes with them, the text, or an array of what they refer to with the text at its end. */
int node_cells_leave(struct node_env *env, const metacall_value *slot, napi_value *ret_value);
/* An array or a map into JavaScript, by unpack(). */
int node_cells_make(struct node_env *env, const metacall_value *slot, napi_value *ret_value);

/* Room for `size` bytes and a NUL: in the arena, or owned by the slot. */
int node_value_room(struct metacall_arena *arena, metacall_value *slot, enum metacall_value_id id,
                    size_t size, char **ret_data);
int node_value_units(struct metacall_arena *arena, const char16_t *units, size_t count,
                     metacall_value *slot);
/* What a packed value refers to, and a value that only a reference can hold. */
int node_value_take_bigint(struct node_env *env, napi_value value, metacall_value *slot);
int node_value_take_buffer(struct node_env *env, napi_value value, struct metacall_arena *arena,
                           metacall_value *slot);
int node_value_make_single(struct node_env *env, const metacall_value *slot, napi_value *ret_value);

#endif /* NODE_CELLS_H */
