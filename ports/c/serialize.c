/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* JSON in and out of the C API: values, and calls with arguments as text. */
#include "core/error.h"
#include "core/function.h"
#include "core/value.h"
#include "ports/c/call.h"
#include "ports/c/json.h"
#include "ports/c/text.h"

#include <metacall/metacall.h>

#include <stdlib.h>
#include <string.h>

/* 0 where the name is the JSON serialiser's, also under the names of MetaCall core 0.9. */
static int serial_require(const char *name)
{
    static const char *const names[] = {"json", "rapid_json", "metacall"};
    for (size_t i = 0; name != NULL && i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return 0;
    return metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                                "there is no serialiser '%s', only 'json'",
                                name != NULL ? name : "(null)");
}

char *metacall_serialize(const char *name, void *v, size_t *size, void *allocator)
{
    size_t length;
    if (serial_require(name) != 0)
        return NULL;
    if (v == NULL || size == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT,
                             "nothing to serialise, or no place for the size");
        return NULL;
    }
    char *text = json_write(v, &length);
    return text != NULL ? text_hand_over(text, length, size, allocator) : NULL;
}

metacall_value_ref metacall_deserialize(const char *name, const char *buffer, size_t size,
                                        void *allocator)
{
    (void)allocator; /* values come from the library's own memory */
    if (serial_require(name) != 0)
        return NULL;
    if (buffer == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the text to deserialise is NULL");
        return NULL;
    }
    metacall_value *value = value_create();
    if (value != NULL && json_read(value, buffer, size) != 0) {
        value_destroy(value);
        return NULL;
    }
    return value;
}

/* ---------------------------------------------------------------------------------------- calls */

/* The arguments' text as an array or a map. */
static int serial_arguments(void *func, const char *buffer, size_t size, enum metacall_value_id id,
                            metacall_value *slot)
{
    if (func == NULL || buffer == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "a call needs a function and a text");
    if (json_read(slot, buffer, size) != 0)
        return -1;
    if (slot->id == id)
        return 0;
    metacall_error_raise(METACALL_ERROR_TYPE, "the arguments must be a JSON %s, not %s",
                         id == METACALL_MAP ? "object" : "array",
                         metacall_kind_name((enum metacall_value_id)slot->id));
    metacall_slot_clear(slot);
    return -1;
}

metacall_value_ref metacallfs(void *func, const char *buffer, size_t size, void *allocator)
{
    metacall_value arguments = METACALL_SLOT_INIT;
    (void)allocator;
    if (serial_arguments(func, buffer, size, METACALL_ARRAY, &arguments) != 0)
        return NULL;
    metacall_value *ret = call_function(func, arguments.as.array.items, arguments.as.array.count);
    metacall_slot_clear(&arguments);
    return ret;
}

metacall_value *call_function_keyed(metacall_function *function, metacall_value *const *keys,
                                    metacall_value *const *values, size_t count)
{
    const char **names = malloc((count + 1) * sizeof(*names));
    metacall_value *ret = NULL;
    size_t i = 0;
    if (names == NULL) {
        error_raise_memory();
        return NULL;
    }
    for (; i < count; i++) {
        if (keys[i] == NULL || keys[i]->id != METACALL_STRING) {
            metacall_error_raise(METACALL_ERROR_TYPE, "the name of argument %zu is no string",
                                 i + 1);
            break;
        }
        names[i] = keys[i]->as.bytes.data;
    }
    if (i == count)
        ret = call_function_named(function, values, count, names, count);
    free(names);
    return ret;
}

metacall_value_ref metacallfms(void *func, const char *buffer, size_t size, void *allocator)
{
    metacall_value arguments = METACALL_SLOT_INIT;
    metacall_value *ret = NULL;
    (void)allocator;
    if (serial_arguments(func, buffer, size, METACALL_MAP, &arguments) != 0)
        return NULL;
    size_t count = arguments.as.array.count;
    metacall_value **keys = malloc((2 * count + 1) * sizeof(*keys));
    if (keys != NULL) {
        metacall_value **values = keys + count;
        for (size_t i = 0; i < count; i++) {
            keys[i] = arguments.as.array.items[i]->as.array.items[0];
            values[i] = arguments.as.array.items[i]->as.array.items[1];
        }
        ret = call_function_keyed(func, keys, values, count);
    } else {
        error_raise_memory();
    }
    free(keys);
    metacall_slot_clear(&arguments);
    return ret;
}

metacall_value_ref metacallfmv(void *func, void *keys[], void *values[])
{
    const struct function_signature *signature = func != NULL ? function_signature(func) : NULL;
    if (func == NULL)
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the function to call is NULL");
    if (signature == NULL)
        return NULL;
    return call_function_keyed(func, (metacall_value *const *)keys, (metacall_value *const *)values,
                               signature->count);
}
