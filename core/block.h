/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The block behind an array, a set or a map: a hidden head, the item pointers and, where the block
 * was made whole, the inner slots that they point to. */
#ifndef CORE_BLOCK_H
#define CORE_BLOCK_H

#include <metacall/loader.h>

/* A block of `count` item pointers with their slots, all null, and `room` bytes behind them
 * (*ret_room, where that is not NULL). NULL with the error set. */
metacall_value **block_create_array(size_t count, size_t room, void **ret_room);
/* A block of `count` pairs, and room. NULL with the error set. */
metacall_value **block_create_map(size_t count, size_t room, void **ret_room);
/* The same without a head, in memory of the caller's. How many bytes that takes, SIZE_MAX = too
 * many; and where the items begin then. */
size_t block_array_size(size_t count);
size_t block_map_size(size_t count);
metacall_value **block_lay_array(size_t count, void *memory);
metacall_value **block_lay_map(size_t count, void *memory);
/* A block of pointers alone, for items that live elsewhere; uninitialised. NULL with the error set.
 */
metacall_value **block_create_pointers(size_t count);
/* Frees the block and all that its items own, however deep, without recursion. NULL is accepted. */
void block_destroy(metacall_value **items, size_t count);
/* Copies items of an array, a set or a map (id) into a new block, however deep, without recursion.
 * *ret_items is NULL for a count of 0. */
int block_copy(enum metacall_value_id id, metacall_value *const *items, size_t count,
               metacall_value ***ret_items);

#endif /* CORE_BLOCK_H */
