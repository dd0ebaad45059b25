/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values as the core's own rooms and the C API handle them: heap values, their count, their names.
 */
#ifndef CORE_VALUE_H
#define CORE_VALUE_H

#include "core/thread.h"

/* Under a memory checker every value is a block of its own, or use after free would not be seen. */
#if defined(__SANITIZE_ADDRESS__)
#define VALUE_FREE_LIST 0
#else
#define VALUE_FREE_LIST 1
#endif
#define VALUE_FREE_LIST_MAX 256u /* values that a thread keeps */

/* Where there is no free list, or nothing on it, or no more room. */
metacall_value *value_create_slowly(void);
void value_free_slowly(metacall_value *value);

/* A null on the heap with one reference, from the thread's free list. NULL with the error set. */
static inline metacall_value *value_create(void)
{
    struct thread_state *state = thread_state_pointer;
    if (__builtin_expect(state == NULL || state->free_values == NULL, 0))
        return value_create_slowly();
    metacall_value *value = state->free_values;
    state->free_values = value->as.reference.pointer;
    state->free_count--;
    value->id = METACALL_NULL;
    value->storage = METACALL_STORAGE_HEAP;
    value->refs = 1;
    return value;
}

/* Gives back the memory of a heap value that owns nothing any more. */
static inline void value_free(metacall_value *value)
{
    struct thread_state *state = thread_state_pointer;
    if (__builtin_expect(
            !VALUE_FREE_LIST || state == NULL || state->free_count >= VALUE_FREE_LIST_MAX, 0)) {
        value_free_slowly(value);
        return;
    }
    value->id = METACALL_INVALID;
    value->as.reference.pointer = state->free_values;
    state->free_values = value;
    state->free_count++;
}

/* 1 for numbers, truth values and null: nothing lies behind them. */
static inline int value_is_plain(const metacall_value *value)
{
    return value->id <= METACALL_DOUBLE || value->id == METACALL_NULL;
}

/* 1 for what holds other values: an array, a map, a set. */
static inline int value_has_items(const metacall_value *value)
{
    return value->id == METACALL_ARRAY || value->id == METACALL_MAP || value->id == METACALL_SET;
}

/* Takes one reference away; 1 when it was the last one. */
int value_unreference(metacall_value *value);
void value_reference(metacall_value *value);
/* Lets go of a value wherever it lives: a heap value loses a reference, a slot is cleared. NULL is
 * accepted. */
void value_destroy_any(metacall_value *value);
static inline void value_destroy(metacall_value *value)
{
    if (__builtin_expect(value != NULL && value->storage == METACALL_STORAGE_HEAP &&
                             value_is_plain(value) &&
                             __atomic_load_n(&value->refs, __ATOMIC_ACQUIRE) == 1,
                         1))
        value_free(value);
    else
        value_destroy_any(value);
}
/* A deep copy on the heap. NULL with the error set. */
metacall_value *value_copy(const metacall_value *value);
/* Makes everything that `value` borrows its own, however deep. */
int value_own_any(metacall_value *value);
static inline int value_own(metacall_value *value)
{
    return __builtin_expect(value_is_plain(value), 1) ? 0 : value_own_any(value);
}
/* Moves the contents of `from` into the empty `to`, without copying what lies behind. */
void value_move(metacall_value *to, metacall_value *from);

/* For block.c: what a value that holds no others owns. */
void value_clear_leaf(metacall_value *value);
int value_copy_leaf(metacall_value *slot, const metacall_value *from);
/* For thread.c. */
void value_free_list_empty(struct thread_state *state);

/* "Long", "String" ...; "Invalid" for an unknown one. */
const char *value_kind_name(unsigned id);
/* 1 when the id is one that a value can have. */
int value_kind_is_known(unsigned id);

#endif /* CORE_VALUE_H */
