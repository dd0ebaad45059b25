/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions in an inspection, and the small pieces that everything in one is made of. */
#include "core/error.h"
#include "core/value.h"
#include "ports/c/inspect.h"

#include <string.h>

/* -------------------------------------------------------------------------------- small pieces */

int inspect_text(metacall_value *slot, const char *text)
{
    return metacall_slot_bytes(slot, METACALL_STRING, text, strlen(text));
}

metacall_value *inspect_member(metacall_value *map, size_t at, const char *key)
{
    metacall_value **pair = map->as.array.items[at]->as.array.items;
    return inspect_text(pair[0], key) == 0 ? pair[1] : NULL;
}

int inspect_member_text(metacall_value *map, size_t at, const char *key, const char *text)
{
    metacall_value *place = inspect_member(map, at, key);
    return place != NULL ? inspect_text(place, text) : -1;
}

metacall_value *inspect_nested(metacall_value *map, size_t at, const char *key,
                               enum metacall_value_id id, size_t count)
{
    metacall_value *place = inspect_member(map, at, key);
    if (place == NULL)
        return NULL;
    int result =
        id == METACALL_MAP ? metacall_slot_map(place, count) : metacall_slot_array(place, count);
    return result == 0 ? place : NULL;
}

/* ----------------------------------------------------------------------------------- functions */

/* "type": {name, id}; a parameter that takes anything has no name. */
int inspect_type(metacall_value *map, size_t at, enum metacall_value_id id)
{
    metacall_value *type = inspect_nested(map, at, "type", METACALL_MAP, 2);
    if (type == NULL ||
        inspect_member_text(type, 0, "name",
                            id == METACALL_INVALID ? "" : value_kind_name((unsigned)id)) != 0)
        return -1;
    metacall_value *place = inspect_member(type, 1, "id");
    if (place == NULL)
        return -1;
    metacall_slot_long(place, id);
    return 0;
}

int inspect_member_bool(metacall_value *map, size_t at, const char *key, int truth)
{
    metacall_value *place = inspect_member(map, at, key);
    if (place == NULL)
        return -1;
    metacall_slot_bool(place, truth);
    return 0;
}

/* One parameter. "kind" says how an argument reaches it: by its place, its name, or either. */
static int inspect_parameter(metacall_value *map, const struct function_parameter *parameter)
{
    const char *kind = parameter->flags & METACALL_PARAMETER_KEYWORD      ? "keyword"
                       : parameter->flags & METACALL_PARAMETER_POSITIONAL ? "positional"
                                                                          : "any";
    if (metacall_slot_map(map, 4) != 0 ||
        inspect_member_text(map, 0, "name", parameter->name != NULL ? parameter->name : "") != 0 ||
        inspect_type(map, 1, parameter->type) != 0 ||
        inspect_member_bool(map, 2, "required",
                            (parameter->flags & METACALL_PARAMETER_REQUIRED) != 0) != 0)
        return -1;
    return inspect_member_text(map, 3, "kind", kind);
}

int inspect_signature(metacall_value *map, size_t at, const struct function_signature *signature,
                      uint32_t flags)
{
    metacall_value *place = inspect_nested(map, at, "signature", METACALL_MAP, 3);
    metacall_value *ret = place != NULL ? inspect_nested(place, 0, "ret", METACALL_MAP, 1) : NULL;
    if (ret == NULL || inspect_type(ret, 0, signature->result) != 0)
        return -1;
    metacall_value *args = inspect_nested(place, 1, "args", METACALL_ARRAY, signature->count);
    if (args == NULL)
        return -1;
    for (size_t i = 0; i < signature->count; i++) {
        if (inspect_parameter(args->as.array.items[i], &signature->parameters[i]) != 0)
            return -1;
    }
    return inspect_member_bool(place, 2, "variadic", (flags & METACALL_FUNCTION_VARIADIC) != 0);
}

const struct function_signature *inspect_describe(metacall_function *function)
{
    const struct function_signature *signature = function_signature(function);
    if (signature != NULL)
        return signature;
    metacall_error_release(metacall_error_take());
    return function_signature_now(function);
}

int inspect_function(metacall_value *slot, const char *name, metacall_function *function)
{
    const struct function_signature *signature = inspect_describe(function);
    uint32_t flags = __atomic_load_n(&function->flags, __ATOMIC_ACQUIRE);
    if (metacall_slot_map(slot, 4) != 0 || inspect_member_text(slot, 0, "name", name) != 0 ||
        inspect_signature(slot, 1, signature, flags) != 0 ||
        inspect_member_bool(slot, 2, "async", (flags & METACALL_FUNCTION_ASYNC) != 0) != 0)
        return -1;
    return inspect_member_bool(slot, 3, "generator", (flags & METACALL_FUNCTION_GENERATOR) != 0);
}
