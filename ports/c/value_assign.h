/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the creating and the assigning functions share: filling an empty slot. */
#ifndef PORTS_C_VALUE_ASSIGN_H
#define PORTS_C_VALUE_ASSIGN_H

#include <metacall/loader.h>

/* Each fills the empty `slot`. 0, or -1 with the error set. */
int value_fill_array(metacall_value *slot, const void *values[], size_t size);
int value_fill_map(metacall_value *slot, const void *tuples[], size_t size);
int value_fill_function(metacall_value *slot, void *function);
int value_fill_error(metacall_value *slot, enum metacall_value_id id, void *error);
int value_fill_object(metacall_value *slot, enum metacall_value_id id, void *object);
int value_fill_future(metacall_value *slot, void *future);

#endif /* PORTS_C_VALUE_ASSIGN_H */
