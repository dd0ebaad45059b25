/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values on the heap: 32 bytes each, counted, taken from and given back to a free list of the
 * calling thread, so that a call with a result costs less than one malloc. */
#include "core/value.h"

#include "core/block.h"
#include "core/error.h"

#include <metacall/future.h>
#include <metacall/memory.h>
#include <metacall/object.h>

#include <stdlib.h>
#include <string.h>

static const char *const value_kind_names[] = {
    [METACALL_BOOL] = "Boolean",
    [METACALL_CHAR] = "Char",
    [METACALL_SHORT] = "Short",
    [METACALL_INT] = "Integer",
    [METACALL_LONG] = "Long",
    [METACALL_FLOAT] = "Float",
    [METACALL_DOUBLE] = "Double",
    [METACALL_STRING] = "String",
    [METACALL_BUFFER] = "Buffer",
    [METACALL_ARRAY] = "Array",
    [METACALL_MAP] = "Map",
    [METACALL_PTR] = "Pointer",
    [METACALL_FUTURE] = "Future",
    [METACALL_FUNCTION] = "Function",
    [METACALL_NULL] = "Null",
    [METACALL_CLASS] = "Class",
    [METACALL_OBJECT] = "Object",
    [METACALL_EXCEPTION] = "Exception",
    [METACALL_THROWABLE] = "Throwable",
};

int value_kind_is_known(unsigned id)
{
    return id < METACALL_SIZE || (id >= METACALL_BIGINT && id <= METACALL_SET);
}

const char *value_kind_name(unsigned id)
{
    if (id < METACALL_SIZE)
        return value_kind_names[id];
    switch (id) {
    case METACALL_BIGINT:
        return "BigInteger";
    case METACALL_DATE:
        return "Date";
    case METACALL_SET:
        return "Set";
    default:
        return "Invalid";
    }
}

metacall_value *value_create_slowly(void)
{
    metacall_value *value = malloc(sizeof(*value));
    if (value == NULL) {
        error_raise_memory();
        return NULL;
    }
    value->id = METACALL_NULL;
    value->storage = METACALL_STORAGE_HEAP;
    value->refs = 1;
    return value;
}

void value_free_slowly(metacall_value *value)
{
    /* A thread gets its state with the first value that it could keep. */
    if (VALUE_FREE_LIST && thread_state_pointer == NULL &&
        thread_state()->free_count < VALUE_FREE_LIST_MAX)
        value_free(value);
    else
        free(value);
}

void value_free_list_empty(struct thread_state *state)
{
    while (state->free_values != NULL) {
        metacall_value *value = state->free_values;
        state->free_values = value->as.reference.pointer;
        free(value);
    }
    state->free_count = 0;
}

void value_reference(metacall_value *value)
{
    __atomic_add_fetch(&value->refs, 1, __ATOMIC_RELAXED);
}

int value_unreference(metacall_value *value)
{
    /* Alone: nobody else can be counting, so the locked instruction is saved. */
    if (__atomic_load_n(&value->refs, __ATOMIC_ACQUIRE) == 1)
        return 1;
    return __atomic_sub_fetch(&value->refs, 1, __ATOMIC_ACQ_REL) == 0;
}

void value_clear_leaf(metacall_value *value)
{
    switch (value->id) {
    case METACALL_STRING:
    case METACALL_BUFFER:
        if (value->storage & METACALL_STORAGE_SHARED)
            metacall_memory_release(value->as.bytes.memory);
        else if (!(value->storage & METACALL_STORAGE_BORROW))
            free(value->as.bytes.data);
        break;
    case METACALL_BIGINT:
        if (!(value->storage & METACALL_STORAGE_BORROW))
            free(value->as.bigint.words);
        break;
    case METACALL_FUNCTION:
        metacall_function_release(value->as.function);
        break;
    case METACALL_CLASS:
    case METACALL_OBJECT:
        metacall_object_release(value->as.object);
        break;
    case METACALL_FUTURE:
        metacall_future_release(value->as.future);
        break;
    case METACALL_EXCEPTION:
    case METACALL_THROWABLE:
        if (!(value->storage & METACALL_STORAGE_BORROW))
            metacall_error_release(value->as.error);
        break;
    default:
        break;
    }
}

int value_copy_leaf(metacall_value *slot, const metacall_value *from)
{
    switch (from->id) {
    case METACALL_STRING:
    case METACALL_BUFFER:
        if (from->storage & METACALL_STORAGE_SHARED) {
            metacall_slot_memory(slot, from->as.bytes.memory);
            return 0;
        }
        return metacall_slot_bytes(slot, (enum metacall_value_id)from->id,
                                   from->as.bytes.data != NULL ? from->as.bytes.data : "",
                                   from->as.bytes.size);
    case METACALL_BIGINT:
        return metacall_slot_bigint(slot, (from->storage & METACALL_STORAGE_MINUS) != 0,
                                    from->as.bigint.words, from->as.bigint.count);
    case METACALL_FUNCTION:
        metacall_slot_function(slot, from->as.function);
        return 0;
    case METACALL_CLASS:
    case METACALL_OBJECT:
        metacall_slot_object(slot, from->as.object);
        return 0;
    case METACALL_FUTURE:
        metacall_slot_future(slot, from->as.future);
        return 0;
    case METACALL_EXCEPTION:
    case METACALL_THROWABLE:
        metacall_slot_error(slot, from->as.error);
        slot->id = from->id;
        return 0;
    default:
        metacall_slot_kind(slot, (enum metacall_value_id)from->id);
        slot->as = from->as;
        return 0;
    }
}

void value_destroy_any(metacall_value *value)
{
    if (value == NULL)
        return;
    if (!(value->storage & METACALL_STORAGE_HEAP)) {
        metacall_slot_clear(value);
        return;
    }
    if (!value_unreference(value))
        return;
    metacall_slot_clear(value);
    value_free(value);
}

metacall_value *value_copy(const metacall_value *value)
{
    metacall_value *copy = value_create();
    if (copy != NULL && metacall_slot_copy(copy, value) != 0) {
        value_free(copy);
        return NULL;
    }
    return copy;
}

void value_move(metacall_value *to, metacall_value *from)
{
    to->id = from->id;
    to->storage = (uint16_t)((to->storage & METACALL_STORAGE_PLACE) |
                             (from->storage & (uint16_t)~METACALL_STORAGE_PLACE));
    to->as = from->as;
    from->id = METACALL_NULL;
    from->storage &= METACALL_STORAGE_PLACE;
}

static int value_borrows(const metacall_value *value)
{
    if (value->id == METACALL_STRING || value->id == METACALL_BUFFER ||
        value->id == METACALL_BIGINT)
        return (value->storage & METACALL_STORAGE_BORROW) != 0;
    return 0;
}

/* 1 when anything below borrows; the depth that it looks into is bounded, past it a copy is made
 * to be safe. */
static int value_borrows_below(const metacall_value *value, unsigned depth)
{
    if (value == NULL)
        return 0;
    if (!value_has_items(value))
        return value_borrows(value);
    if (value->storage & METACALL_STORAGE_BORROW || depth == 0)
        return 1;
    for (size_t i = 0; i < value->as.array.count; i++)
        if (value_borrows_below(value->as.array.items[i], depth - 1))
            return 1;
    return 0;
}

int value_own_any(metacall_value *value)
{
    if (!value_borrows_below(value, 64))
        return 0;
    metacall_value copy = METACALL_SLOT_INIT;
    if (metacall_slot_copy(&copy, value) != 0)
        return -1;
    metacall_slot_clear(value);
    value_move(value, &copy);
    return 0;
}
