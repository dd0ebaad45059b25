/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values as the core's own rooms and the C API handle them: heap values, their count, their names.
 */
#ifndef CORE_VALUE_H
#define CORE_VALUE_H

#include <metacall/loader.h>

struct thread_state;

/* A null on the heap with one reference, from the thread's free list. NULL with the error set. */
metacall_value *value_create(void);
/* Gives back the memory of a heap value that owns nothing any more. */
void value_free(metacall_value *value);
/* Takes one reference away; 1 when it was the last one. */
int value_unreference(metacall_value *value);
void value_reference(metacall_value *value);
/* Lets go of a value wherever it lives: a heap value loses a reference, a slot is cleared. NULL is
 * accepted. */
void value_destroy(metacall_value *value);
/* A deep copy on the heap. NULL with the error set. */
metacall_value *value_copy(const metacall_value *value);
/* Makes everything that `value` borrows its own, however deep. */
int value_own(metacall_value *value);
/* Moves the contents of `from` into the empty `to`, without copying what lies behind. */
void value_move(metacall_value *to, metacall_value *from);

/* For block.c: what a value that is neither array nor map owns. */
void value_clear_leaf(metacall_value *value);
int value_copy_leaf(metacall_value *slot, const metacall_value *from);
/* For thread.c. */
void value_free_list_empty(struct thread_state *state);

/* "Long", "String" ...; "Invalid" for an unknown one. */
const char *value_kind_name(unsigned id);
/* 1 when the id is one that a value can have. */
int value_kind_is_known(unsigned id);

#endif /* CORE_VALUE_H */
