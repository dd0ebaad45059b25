/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Scalars, strings, bytes, big integers; containers go on to node_cells.c. */
#include "node_value.h"
#include "node_cells.h"
#include "node_error.h"
#include "node_function.h"
#include "node_future.h"
#include "node_memory.h"
#include "node_object.h"
#include "node_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER 9007199254740991.0

int node_value_room(struct metacall_arena *arena, metacall_value *slot, enum metacall_value_id id,
                    size_t size, char **ret_data)
{
    char *data;

    if (!arena) {
        if (metacall_slot_bytes(slot, id, NULL, size) != 0)
            return -1;
        *ret_data = slot->as.bytes.data;
        return 0;
    }
    data = metacall_arena_take(arena, size + 1);
    if (!data)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    data[size] = '\0';
    metacall_slot_borrow(slot, id, data, size);
    *ret_data = data;
    return 0;
}

int node_value_units(struct metacall_arena *arena, const char16_t *units, size_t count,
                     metacall_value *slot)
{
    char *data;

    if (node_value_room(arena, slot, METACALL_STRING, node_text_bytes(units, count), &data) != 0)
        return -1;
    node_text_encode(units, count, data);
    return 0;
}

void node_value_number(metacall_value *slot, double number)
{
    if (number >= -SAFE_INTEGER && number <= SAFE_INTEGER && number == (double)(int64_t)number &&
        (number != 0 || !signbit(number)))
        metacall_slot_long(slot, (int64_t)number);
    else
        metacall_slot_double(slot, number);
}

/* ------------------------------------------------------------------------------- JavaScript -> */

static int take_string(struct node_env *env, napi_value value, struct metacall_arena *arena,
                       metacall_value *slot)
{
    char16_t units[256];
    char16_t *all = units;
    size_t count = 0;
    int rc;

    if (napi_get_value_string_utf16(env->napi, value, units, 256, &count) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_INTERNAL, "node: a string cannot be read");
    if (count == 255) { /* perhaps cut */
        if (napi_get_value_string_utf16(env->napi, value, NULL, 0, &count) != napi_ok)
            return metacall_error_raise(METACALL_ERROR_INTERNAL, "node: a string cannot be read");
        all = malloc((count + 1) * sizeof *all);
        if (!all)
            return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        napi_get_value_string_utf16(env->napi, value, all, count + 1, &count);
    }
    rc = node_value_units(arena, all, count, slot);
    if (all != units)
        free(all);
    return rc;
}

int node_value_take_bigint(struct node_env *env, napi_value value, metacall_value *slot)
{
    uint64_t few[8];
    uint64_t *words = few;
    int64_t number;
    size_t count = 8;
    int minus = 0, rc;
    bool exact = false;

    if (napi_get_value_bigint_int64(env->napi, value, &number, &exact) == napi_ok && exact) {
        metacall_slot_long(slot, number);
        return 0;
    }
    if (napi_get_value_bigint_words(env->napi, value, NULL, &count, NULL) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_INTERNAL, "node: a BigInt cannot be read");
    if (count > 8)
        words = malloc(count * sizeof *words);
    if (!words)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    napi_get_value_bigint_words(env->napi, value, &minus, &count, words);
    rc = metacall_slot_bigint(slot, minus, words, count);
    if (words != few)
        free(words);
    return rc;
}

int node_value_take_buffer(struct node_env *env, napi_value value, struct metacall_arena *arena,
                           metacall_value *slot)
{
    napi_typedarray_type type;
    size_t size = 0;
    void *data = NULL;
    char *to;

    if (napi_get_typedarray_info(env->napi, value, &type, &size, &data, NULL, NULL) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_INTERNAL, "node: a buffer cannot be read");
    if (node_value_room(arena, slot, METACALL_BUFFER, size, &to) != 0)
        return -1;
    if (size > 0)
        memcpy(to, data, size);
    return 0;
}

int node_value_take(struct node_env *env, napi_value value, struct metacall_arena *arena,
                    metacall_value *slot)
{
    napi_valuetype type = napi_undefined;
    double number;
    bool truth;

    /* The usual one, without asking what it is. */
    if (napi_get_value_double(env->napi, value, &number) == napi_ok) {
        node_value_number(slot, number);
        return 0;
    }
    if (napi_typeof(env->napi, value, &type) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_INTERNAL, "node: a value cannot be read");
    switch (type) {
    case napi_undefined:
    case napi_null:
        metacall_slot_null(slot);
        return 0;
    case napi_boolean:
        napi_get_value_bool(env->napi, value, &truth);
        metacall_slot_bool(slot, truth);
        return 0;
    case napi_string:
        return take_string(env, value, arena, slot);
    case napi_bigint:
        return node_value_take_bigint(env, value, slot);
    case napi_function:
        return node_function_take(env, value, slot);
    default:
        return node_cells_take(env, value, arena, slot);
    }
}

int node_value_name(const char *format, ...)
{
    metacall_error *error = metacall_error_take();
    char name[300];
    va_list list;

    if (!error)
        return -1;
    if (error->code != METACALL_ERROR_TYPE && error->code != METACALL_ERROR_RANGE)
        return metacall_error_set(error);
    va_start(list, format);
    vsnprintf(name, sizeof name, format, list);
    va_end(list);
    metacall_error_raise(error->code, "%s%s", name, error->message ? error->message : "");
    metacall_error_release(error);
    return -1;
}

char *node_value_text(struct node_env *env, napi_value value, size_t *ret_size)
{
    metacall_value slot = METACALL_SLOT_INIT;
    napi_valuetype type;
    char *text;

    if (!value || napi_typeof(env->napi, value, &type) != napi_ok || type != napi_string ||
        take_string(env, value, NULL, &slot) != 0)
        return NULL;
    text = malloc(slot.as.bytes.size + 1);
    if (text) {
        memcpy(text, slot.as.bytes.data, slot.as.bytes.size);
        text[slot.as.bytes.size] = '\0';
        if (ret_size)
            *ret_size = slot.as.bytes.size;
    }
    metacall_slot_clear(&slot);
    return text;
}

/* ------------------------------------------------------------------------------- -> JavaScript */

int node_value_string(struct node_env *env, const char *data, size_t size, napi_value *ret_value)
{
    char16_t few[256];
    char16_t *units = few;
    napi_status status;
    size_t count;

    if (node_text_ascii(data, size)) {
        status = napi_create_string_latin1(env->napi, data, size, ret_value);
    } else {
        count = node_text_units(data, size);
        if (count == (size_t)-1)
            return metacall_error_raise(METACALL_ERROR_TYPE,
                                        ": a string that is not UTF-8 cannot be passed to Node; "
                                        "pass bytes");
        if (count > 256)
            units = malloc(count * sizeof *units);
        if (!units)
            return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        node_text_decode(data, size, units);
        status = napi_create_string_utf16(env->napi, units, count, ret_value);
        if (units != few)
            free(units);
    }
    if (status != napi_ok)
        return metacall_error_raise(METACALL_ERROR_RANGE,
                                    ": a string of %zu bytes is too long for Node", size);
    return 0;
}

static napi_status make_long(napi_env napi, int64_t number, napi_value *ret_value)
{
    if (number >= INT32_MIN && number <= INT32_MAX)
        return napi_create_int32(napi, (int32_t)number, ret_value);
    if (number >= -(int64_t)SAFE_INTEGER && number <= (int64_t)SAFE_INTEGER)
        return napi_create_double(napi, (double)number, ret_value);
    return napi_create_bigint_int64(napi, number, ret_value);
}

int node_value_make_single(struct node_env *env, const metacall_value *slot, napi_value *ret_value)
{
    napi_env napi = env->napi;
    napi_status status;

    switch (slot->id) {
    case METACALL_BIGINT:
        status = napi_create_bigint_words(napi, (slot->storage & METACALL_STORAGE_MINUS) != 0,
                                          slot->as.bigint.count, slot->as.bigint.words, ret_value);
        break;
    case METACALL_BUFFER:
        if (slot->storage & METACALL_STORAGE_SHARED)
            return node_memory_make(env, slot->as.bytes.memory, ret_value);
        status = napi_create_buffer_copy(napi, slot->as.bytes.size,
                                         slot->as.bytes.size ? slot->as.bytes.data : "", NULL,
                                         ret_value);
        break;
    case METACALL_FUNCTION:
        return node_function_make(env, slot->as.function, ret_value);
    case METACALL_CLASS:
    case METACALL_OBJECT:
        return node_object_make(env, slot->as.object, ret_value);
    case METACALL_FUTURE:
        return node_future_make(env, slot->as.future, ret_value);
    case METACALL_EXCEPTION:
    case METACALL_THROWABLE:
        return node_error_make(env, slot->as.error, ret_value);
    case METACALL_PTR:
        status = napi_create_external(napi, slot->as.reference.pointer, NULL, NULL, ret_value);
        break;
    default:
        return metacall_error_raise(METACALL_ERROR_TYPE,
                                    ": a value of kind %s cannot be passed to "
                                    "Node",
                                    metacall_kind_name((enum metacall_value_id)slot->id));
    }
    if (status != napi_ok)
        return metacall_error_raise(METACALL_ERROR_RANGE, ": too large for Node");
    return 0;
}

int node_value_make(struct node_env *env, const metacall_value *slot, napi_value *ret_value)
{
    napi_env napi = env->napi;
    napi_status status;

    switch (slot->id) {
    case METACALL_NULL:
        status = napi_get_null(napi, ret_value);
        break;
    case METACALL_BOOL:
        status = napi_get_boolean(napi, slot->as.boolean_ != 0, ret_value);
        break;
    case METACALL_CHAR:
        status = napi_create_int32(napi, slot->as.char_, ret_value);
        break;
    case METACALL_SHORT:
        status = napi_create_int32(napi, slot->as.short_, ret_value);
        break;
    case METACALL_INT:
        status = napi_create_int32(napi, slot->as.int_, ret_value);
        break;
    case METACALL_LONG:
        status = make_long(napi, slot->as.long_, ret_value);
        break;
    case METACALL_FLOAT:
        status = napi_create_double(napi, (double)slot->as.float_, ret_value);
        break;
    case METACALL_DOUBLE:
        status = napi_create_double(napi, slot->as.double_, ret_value);
        break;
    case METACALL_STRING:
        return node_value_string(env, slot->as.bytes.data, slot->as.bytes.size, ret_value);
    case METACALL_ARRAY:
    case METACALL_MAP:
    case METACALL_SET:
    case METACALL_DATE:
        return node_cells_make(env, slot, ret_value);
    default:
        return node_value_make_single(env, slot, ret_value);
    }
    return status == napi_ok
               ? 0
               : metacall_error_raise(METACALL_ERROR_INTERNAL, ": no value could be made");
}
