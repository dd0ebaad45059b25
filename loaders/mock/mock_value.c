/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What a script makes of the kinds that have no sign of their own, and what it can ask of objects,
 * its own and other languages'. */
#include "mock_language.h"

#include <metacall/memory.h>

#include <stdlib.h>
#include <string.h>

/* setof(array) */
static int body_setof(const struct mock_frame *frame, const struct mock_node *node,
                      metacall_value **args, metacall_value *slot)
{
    if (args[1]->id != METACALL_ARRAY)
        return mock_builtin_raise_type(frame, node, args[1], "an array");
    int result = metacall_slot_set(slot, args[1]->as.array.count);
    for (size_t i = 0; result == 0 && i < slot->as.array.count; i++)
        result = metacall_slot_copy(slot->as.array.items[i], args[1]->as.array.items[i]);
    if (result != 0)
        metacall_slot_clear(slot);
    return result;
}

/* instant(microseconds) */
static int body_instant(const struct mock_frame *frame, const struct mock_node *node,
                        metacall_value **args, metacall_value *slot)
{
    if (args[1]->id != METACALL_LONG)
        return mock_builtin_raise_type(frame, node, args[1], "microseconds");
    metacall_slot_date(slot, args[1]->as.long_);
    return 0;
}

static void memory_free(metacall_memory *memory)
{
    free(memory->native);
}

/* memory(size): zeros that whoever gets them shares. */
static int body_memory(const struct mock_frame *frame, const struct mock_node *node,
                       metacall_value **args, metacall_value *slot)
{
    if (args[1]->id != METACALL_LONG || args[1]->as.long_ < 0)
        return mock_builtin_raise_type(frame, node, args[1], "a Long of at least 0");
    size_t size = (size_t)args[1]->as.long_;
    char *data = calloc(1, size + 1);
    metacall_memory *memory = data != NULL
                                  ? metacall_memory_create(frame->definition->script->loader, data,
                                                           size, data, memory_free)
                                  : NULL;
    if (memory == NULL) {
        free(data);
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    metacall_slot_memory(slot, memory);
    metacall_memory_release(memory);
    return 0;
}

/* ------------------------------------------------------------------------------------- objects */

static metacall_object *value_object(const struct mock_frame *frame, const struct mock_node *node,
                                     const metacall_value *value)
{
    if (value->id == METACALL_OBJECT || value->id == METACALL_CLASS)
        return value->as.object;
    mock_builtin_raise_type(frame, node, value, "an object");
    return NULL;
}

/* `operation` of args[1], named by args[2] where that is asked for, with the rest as arguments. */
static int value_perform(const struct mock_frame *frame, const struct mock_node *node,
                         metacall_value **args, metacall_value *slot,
                         enum metacall_object_operation operation)
{
    metacall_object *object = value_object(frame, node, args[1]);
    if (object == NULL)
        return -1;
    if (args[2]->id != METACALL_STRING)
        return mock_builtin_raise_type(frame, node, args[2], "a name");
    struct metacall_call call = {args + 3, node->count - 3, NULL, 0};
    return metacall_object_perform(object, operation, args[2]->as.bytes.data, &call, slot);
}

/* get(object, name) */
static int body_get(const struct mock_frame *frame, const struct mock_node *node,
                    metacall_value **args, metacall_value *slot)
{
    return value_perform(frame, node, args, slot, METACALL_OBJECT_GET);
}

/* set(object, name, value) */
static int body_set(const struct mock_frame *frame, const struct mock_node *node,
                    metacall_value **args, metacall_value *slot)
{
    return value_perform(frame, node, args, slot, METACALL_OBJECT_SET);
}

/* send(object, method, arguments...) */
static int body_send(const struct mock_frame *frame, const struct mock_node *node,
                     metacall_value **args, metacall_value *slot)
{
    return value_perform(frame, node, args, slot, METACALL_OBJECT_METHOD);
}

/* Adds an item, which is moved, to a growing array. */
static int value_append(metacall_value *slot, metacall_value *item, size_t *room)
{
    size_t count = slot->as.array.count;
    if (count == *room) {
        metacall_value grown = METACALL_SLOT_INIT;
        size_t more = *room * 2 + 8;
        if (metacall_slot_array(&grown, more) != 0)
            return -1;
        for (size_t i = 0; i < count; i++) {
            if (metacall_slot_copy(grown.as.array.items[i], slot->as.array.items[i]) != 0) {
                metacall_slot_clear(&grown);
                return -1;
            }
        }
        slot->as.array.count = *room;
        metacall_slot_clear(slot);
        *slot = grown;
        *room = more;
    }
    slot->as.array.count = count + 1;
    return metacall_slot_copy(slot->as.array.items[count], item);
}

/* items(iterable): all that it gives. */
static int body_items(const struct mock_frame *frame, const struct mock_node *node,
                      metacall_value **args, metacall_value *slot)
{
    metacall_value iterator = METACALL_SLOT_INIT, item = METACALL_SLOT_INIT;
    metacall_object *object = value_object(frame, node, args[1]);
    size_t room = 0;
    int result = 0;
    if (object == NULL ||
        metacall_object_perform(object, METACALL_OBJECT_ITERATE, NULL, NULL, &iterator) != 0)
        return -1;
    metacall_value list = METACALL_SLOT_INIT;
    result = metacall_slot_array(&list, 0);
    while (result == 0) {
        result =
            metacall_object_perform(iterator.as.object, METACALL_OBJECT_NEXT, NULL, NULL, &item);
        if (result == 0)
            result = value_append(&list, &item, &room);
        metacall_slot_clear(&item);
    }
    metacall_slot_clear(&iterator);
    /* A block that has room left is not to be seen from outside. */
    if (result == 1)
        result = metacall_slot_copy(slot, &list);
    list.as.array.count = room;
    metacall_slot_clear(&list);
    return result;
}

#define VALUE_BUILTIN(name)                                                                        \
    static int builtin_##name(const struct mock_frame *frame, const struct mock_node *node,        \
                              metacall_value *slot)                                                \
    {                                                                                              \
        return mock_builtin_with(frame, node, slot, body_##name);                                  \
    }

VALUE_BUILTIN(setof)
VALUE_BUILTIN(instant)
VALUE_BUILTIN(memory)
VALUE_BUILTIN(get)
VALUE_BUILTIN(set)
VALUE_BUILTIN(send)
VALUE_BUILTIN(items)

const struct mock_builtin mock_value_builtins[] = {
    {"setof", 1, 1, builtin_setof},   {"instant", 1, 1, builtin_instant},
    {"memory", 1, 1, builtin_memory}, {"get", 2, 2, builtin_get},
    {"set", 3, 3, builtin_set},       {"send", 2, MOCK_PARAMETERS_MAX, builtin_send},
    {"items", 1, 1, builtin_items},   {NULL, 0, 0, NULL}};
