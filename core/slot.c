/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values in place: what a loader writes into a slot, and what the slot owns then. */
#include <metacall/loader.h>

#include "core/block.h"
#include "core/error.h"
#include "core/value.h"

#include <stdlib.h>
#include <string.h>

int metacall_slot_bytes(metacall_value *slot, enum metacall_value_id id, const char *data,
                        size_t size)
{
    char *copy = size < SIZE_MAX ? malloc(size + 1) : NULL;
    if (copy == NULL)
        return error_raise_memory();
    if (data != NULL && size != 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    metacall_slot_kind(slot, id);
    slot->as.bytes.data = copy;
    slot->as.bytes.size = size;
    return 0;
}

const char *metacall_kind_name(enum metacall_value_id id)
{
    return value_kind_name((unsigned)id);
}

int metacall_slot_array(metacall_value *slot, size_t count)
{
    return metacall_slot_array_room(slot, count, 0, NULL);
}

int metacall_slot_array_room(metacall_value *slot, size_t count, size_t room, void **ret_room)
{
    metacall_value **items = NULL;
    if (count + room != 0 && (items = block_create_array(count, room, ret_room)) == NULL)
        return -1;
    metacall_slot_kind(slot, METACALL_ARRAY);
    slot->as.array.items = items;
    slot->as.array.count = count;
    return 0;
}

int metacall_slot_map(metacall_value *slot, size_t count)
{
    return metacall_slot_map_room(slot, count, 0, NULL);
}

int metacall_slot_map_room(metacall_value *slot, size_t count, size_t room, void **ret_room)
{
    metacall_value **items = NULL;
    if (count + room != 0 && (items = block_create_map(count, room, ret_room)) == NULL)
        return -1;
    metacall_slot_kind(slot, METACALL_MAP);
    slot->as.array.items = items;
    slot->as.array.count = count;
    return 0;
}

int metacall_slot_set(metacall_value *slot, size_t count)
{
    if (metacall_slot_array(slot, count) != 0)
        return -1;
    slot->id = METACALL_SET;
    return 0;
}

size_t metacall_slot_array_size(size_t count)
{
    return block_array_size(count);
}

size_t metacall_slot_map_size(size_t count)
{
    return block_map_size(count);
}

static void slot_lend(metacall_value *slot, enum metacall_value_id id, metacall_value **items,
                      size_t count)
{
    metacall_slot_kind(slot, id);
    slot->storage |= METACALL_STORAGE_BORROW;
    slot->as.array.items = items;
    slot->as.array.count = count;
}

void metacall_slot_array_lend(metacall_value *slot, enum metacall_value_id id, size_t count,
                              void *memory)
{
    slot_lend(slot, id, block_lay_array(count, memory), count);
}

void metacall_slot_map_lend(metacall_value *slot, size_t count, void *memory)
{
    slot_lend(slot, METACALL_MAP, block_lay_map(count, memory), count);
}

void metacall_slot_function(metacall_value *slot, metacall_function *function)
{
    metacall_function_reference(function);
    metacall_slot_kind(slot, METACALL_FUNCTION);
    slot->as.function = function;
}

void metacall_slot_error(metacall_value *slot, metacall_error *error)
{
    metacall_error_reference(error);
    metacall_slot_kind(slot, METACALL_EXCEPTION);
    slot->as.error = error;
}

void metacall_slot_clear(metacall_value *slot)
{
    if (value_has_items(slot)) {
        if (slot->storage & METACALL_STORAGE_PAIR) {
            metacall_slot_clear(slot->as.array.items[0]);
            metacall_slot_clear(slot->as.array.items[1]);
            return; /* the map keeps the pair's place */
        }
        if (!(slot->storage & METACALL_STORAGE_BORROW))
            block_destroy(slot->as.array.items, slot->as.array.count);
    } else if (slot->id == METACALL_EXCEPTION && slot->storage & METACALL_STORAGE_BORROW) {
        return; /* an error's own view of itself (error_value) stays what it is */
    } else {
        value_clear_leaf(slot);
    }
    metacall_slot_null(slot);
}

int metacall_slot_copy(metacall_value *slot, const metacall_value *from)
{
    if (!value_has_items(from))
        return value_copy_leaf(slot, from);
    metacall_value **items;
    if (block_copy((enum metacall_value_id)from->id, from->as.array.items, from->as.array.count,
                   &items) != 0)
        return -1;
    metacall_slot_kind(slot, (enum metacall_value_id)from->id);
    slot->storage |= from->storage & METACALL_STORAGE_FROZEN;
    slot->as.array.items = items;
    slot->as.array.count = from->as.array.count;
    return 0;
}
