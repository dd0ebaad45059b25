/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The pieces that an inspection is put together from. */
#ifndef PORTS_C_INSPECT_H
#define PORTS_C_INSPECT_H

#include "core/function.h"

#include <metacall/object.h>

/* Each fills the empty slot, or pair `at` of the map. 0, or -1 with the error set. */
int inspect_text(metacall_value *slot, const char *text);
int inspect_member_text(metacall_value *map, size_t at, const char *key, const char *text);
int inspect_member_bool(metacall_value *map, size_t at, const char *key, int truth);
/* Names pair `at` of a map and gives the place of its value. NULL with the error set. */
metacall_value *inspect_member(metacall_value *map, size_t at, const char *key);
/* A member that is itself an array or a map of `count`. NULL with the error set. */
metacall_value *inspect_nested(metacall_value *map, size_t at, const char *key,
                               enum metacall_value_id id, size_t count);

/* "type": {name, id}; what takes anything has no name. */
int inspect_type(metacall_value *map, size_t at, enum metacall_value_id id);
/* "signature": {ret, args, variadic}; `flags` are the function's. */
int inspect_signature(metacall_value *map, size_t at, const struct function_signature *signature,
                      uint32_t flags);
/* {name, signature, async, generator} */
int inspect_function(metacall_value *slot, const char *name, metacall_function *function);
/* The signature as far as it can be told: a guest that cannot describe one function must not hide
 * the others. Never NULL. */
const struct function_signature *inspect_describe(metacall_function *function);

/* {name, constructors, methods, staticMethods, attributes, staticAttributes} */
int inspect_class(metacall_value *slot, const char *name, metacall_object *class_object);
/* {name, class} */
int inspect_object(metacall_value *slot, const char *name, const metacall_object *object);

#endif /* PORTS_C_INSPECT_H */
