/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Arrays, sets and maps in memory. Values nest as deep as their makers like, so nothing here
 * recurses: work that is left waits in a chain through the blocks' own heads. */
#include "core/block.h"

#include "core/error.h"
#include "core/value.h"

#include <stdlib.h>

struct block_head {
    struct block_head *next;       /* in a chain of pending work */
    metacall_value *const *source; /* while copying: the items to copy from */
    size_t count;                  /* while in a chain: number of items */
    enum metacall_value_id id;     /* while copying: array, set or map */
};

static metacall_value **block_items(struct block_head *head)
{
    return (metacall_value **)(head + 1);
}

static struct block_head *block_head(metacall_value **items)
{
    return (struct block_head *)items - 1;
}

static struct block_head *block_allocate(size_t count, size_t item_size, size_t room)
{
    size_t size;
    struct block_head *head = NULL;
    if (!__builtin_mul_overflow(count, item_size, &size) &&
        !__builtin_add_overflow(size, sizeof(*head), &size) &&
        !__builtin_add_overflow(size, room, &size))
        head = malloc(size);
    if (head == NULL)
        error_raise_memory();
    return head;
}

/* What lies behind a null is not looked at, and so not written. */
static inline void block_slot_init(metacall_value *slot)
{
    slot->id = METACALL_NULL;
    slot->storage = METACALL_STORAGE_INNER;
    slot->refs = 0;
}

metacall_value **block_create_pointers(size_t count)
{
    struct block_head *head = block_allocate(count, sizeof(metacall_value *), 0);
    return head != NULL ? block_items(head) : NULL;
}

/* The items' pointers, then their slots. */
size_t block_array_size(size_t count)
{
    size_t size;
    return __builtin_mul_overflow(count, sizeof(metacall_value *) + sizeof(metacall_value), &size)
               ? SIZE_MAX
               : size;
}

metacall_value **block_lay_array(size_t count, void *memory)
{
    metacall_value **items = memory;
    metacall_value *slots = (metacall_value *)(items + count);
    for (size_t i = 0; i < count; i++) {
        items[i] = &slots[i];
        block_slot_init(&slots[i]);
    }
    return items;
}

metacall_value **block_create_array(size_t count, size_t room, void **ret_room)
{
    struct block_head *head =
        block_allocate(count, sizeof(metacall_value *) + sizeof(metacall_value), room);
    if (head == NULL)
        return NULL;
    if (ret_room != NULL)
        *ret_room = (char *)block_items(head) + block_array_size(count);
    return block_lay_array(count, block_items(head));
}

/* items[count], then the pairs' own item pointers [count][2], then pair slots [count], then the
 * keys' and values' slots [count][2]. */
size_t block_map_size(size_t count)
{
    size_t size = block_array_size(count);
    return __builtin_mul_overflow(size, 3, &size) ? SIZE_MAX : size;
}

metacall_value **block_lay_map(size_t count, void *memory)
{
    metacall_value **items = memory;
    metacall_value **pointers = items + count;
    metacall_value *pairs = (metacall_value *)(pointers + 2 * count);
    metacall_value *slots = pairs + count;
    for (size_t i = 0; i < count; i++) {
        items[i] = &pairs[i];
        pairs[i].id = METACALL_ARRAY;
        pairs[i].storage = METACALL_STORAGE_INNER | METACALL_STORAGE_PAIR;
        pairs[i].refs = 0;
        pairs[i].as.array.items = &pointers[2 * i];
        pairs[i].as.array.count = 2;
        for (size_t side = 0; side < 2; side++) {
            pointers[2 * i + side] = &slots[2 * i + side];
            block_slot_init(&slots[2 * i + side]);
        }
    }
    return items;
}

metacall_value **block_create_map(size_t count, size_t room, void **ret_room)
{
    struct block_head *head =
        block_allocate(count, 3 * sizeof(metacall_value *) + 3 * sizeof(metacall_value), room);
    if (head == NULL)
        return NULL;
    if (ret_room != NULL)
        *ret_room = (char *)block_items(head) + block_map_size(count);
    return block_lay_map(count, block_items(head));
}

static void block_push(struct block_head **chain, metacall_value **items, size_t count)
{
    if (items == NULL)
        return;
    struct block_head *head = block_head(items);
    head->count = count;
    head->next = *chain;
    *chain = head;
}

/* Lets go of one item; a block that it owned joins the chain. */
static void block_drop_item(struct block_head **chain, metacall_value *item)
{
    if (item == NULL)
        return;
    if (item->storage & METACALL_STORAGE_HEAP && !value_unreference(item))
        return;
    if (value_has_items(item)) {
        if (item->storage & METACALL_STORAGE_PAIR) {
            block_drop_item(chain, item->as.array.items[0]);
            block_drop_item(chain, item->as.array.items[1]);
        } else if (!(item->storage & METACALL_STORAGE_BORROW)) {
            block_push(chain, item->as.array.items, item->as.array.count);
        }
    } else {
        value_clear_leaf(item);
    }
    if (item->storage & METACALL_STORAGE_HEAP)
        value_free(item);
}

void block_destroy(metacall_value **items, size_t count)
{
    struct block_head *chain = NULL;
    block_push(&chain, items, count);
    while (chain != NULL) {
        struct block_head *head = chain;
        chain = head->next;
        metacall_value **members = block_items(head);
        for (size_t i = 0; i < head->count; i++)
            block_drop_item(&chain, members[i]);
        free(head);
    }
}

/* A pair is whole where both its items are there to be copied. */
static int block_is_map(metacall_value *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const metacall_value *pair = items[i];
        if (pair == NULL || pair->id != METACALL_ARRAY || pair->as.array.count != 2)
            return 0;
    }
    return 1;
}

/* Makes the block of a copy, all nulls, and puts it on the chain. */
static metacall_value **block_begin_copy(struct block_head **chain, enum metacall_value_id id,
                                         metacall_value *const *source, size_t count)
{
    if (id == METACALL_MAP && !block_is_map(source, count)) {
        metacall_error_raise(METACALL_ERROR_TYPE, "a map must hold pairs, arrays of two values");
        return NULL;
    }
    metacall_value **items =
        id == METACALL_MAP ? block_create_map(count, 0, NULL) : block_create_array(count, 0, NULL);
    if (items == NULL)
        return NULL;
    struct block_head *head = block_head(items);
    head->source = source;
    head->count = count;
    head->id = id;
    head->next = *chain;
    *chain = head;
    return items;
}

static int block_copy_item(struct block_head **chain, metacall_value *slot,
                           const metacall_value *from)
{
    if (from == NULL)
        return 0;
    if (!value_has_items(from))
        return value_copy_leaf(slot, from);
    metacall_value **items = NULL;
    if (from->as.array.count != 0) {
        items = block_begin_copy(chain, from->id, from->as.array.items, from->as.array.count);
        if (items == NULL)
            return -1;
    }
    metacall_slot_kind(slot, (enum metacall_value_id)from->id);
    slot->storage |= from->storage & METACALL_STORAGE_FROZEN;
    slot->as.array.items = items;
    slot->as.array.count = from->as.array.count;
    return 0;
}

static int block_copy_items(struct block_head **chain, struct block_head *head)
{
    metacall_value **items = block_items(head);
    for (size_t i = 0; i < head->count; i++) {
        if (head->id == METACALL_MAP) {
            metacall_value *const *from = head->source[i]->as.array.items;
            metacall_value **pair = items[i]->as.array.items;
            if (block_copy_item(chain, pair[0], from[0]) != 0 ||
                block_copy_item(chain, pair[1], from[1]) != 0)
                return -1;
        } else if (block_copy_item(chain, items[i], head->source[i]) != 0) {
            return -1;
        }
    }
    return 0;
}

int block_copy(enum metacall_value_id id, metacall_value *const *items, size_t count,
               metacall_value ***ret_items)
{
    if (count == 0) {
        *ret_items = NULL;
        return 0;
    }
    struct block_head *chain = NULL;
    metacall_value **copy = block_begin_copy(&chain, id, items, count);
    if (copy == NULL)
        return -1;
    while (chain != NULL) {
        struct block_head *head = chain;
        chain = head->next;
        if (block_copy_items(&chain, head) != 0) {
            block_destroy(copy, count); /* blocks still on the chain hang in it already */
            return -1;
        }
    }
    *ret_items = copy;
    return 0;
}
