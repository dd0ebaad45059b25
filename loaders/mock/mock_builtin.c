/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What every script can call without defining it. */
#include "mock_language.h"

#include <string.h>

/* if(condition, then, else) */
static int builtin_if(const struct mock_frame *frame, const struct mock_node *node,
                      metacall_value *slot)
{
    metacall_value condition_slot = METACALL_SLOT_INIT;
    const metacall_value *condition, *value;
    if (mock_evaluate(frame, node->items[1], &condition_slot, &condition) != 0)
        return -1;
    int truth = condition->id == METACALL_BOOL && condition->as.boolean_;
    int is_bool = condition->id == METACALL_BOOL;
    metacall_slot_clear(&condition_slot);
    if (!is_bool)
        return mock_raise(frame, node, "TypeError", "a condition must be a Boolean");
    if (mock_evaluate(frame, node->items[truth ? 2 : 3], slot, &value) != 0)
        return -1;
    return value != slot ? metacall_slot_copy(slot, value) : 0;
}

int mock_builtin_with(const struct mock_frame *frame, const struct mock_node *node,
                      metacall_value *slot, mock_body body)
{
    metacall_value *args[node->count];
    metacall_value slots[node->count];
    if (mock_evaluate_arguments(frame, node, 1, args, slots) != 0)
        return -1;
    int result = body(frame, node, args, slot);
    for (size_t i = 1; i < node->count; i++)
        metacall_slot_clear(&slots[i]);
    return result;
}

int mock_builtin_raise_type(const struct mock_frame *frame, const struct mock_node *node,
                            const metacall_value *value, const char *expected)
{
    return mock_raise(frame, node, "TypeError", "%s needs %s, not %s", node->items[0]->name,
                      expected, metacall_kind_name((enum metacall_value_id)value->id));
}

static int body_raise(const struct mock_frame *frame, const struct mock_node *node,
                      metacall_value **args, metacall_value *slot)
{
    (void)slot;
    if (args[1]->id != METACALL_STRING || args[2]->id != METACALL_STRING)
        return mock_builtin_raise_type(
            frame, node, args[1]->id != METACALL_STRING ? args[1] : args[2], "two strings");
    return mock_raise(frame, node, args[1]->as.bytes.data, "%s", args[2]->as.bytes.data);
}

static int builtin_raise(const struct mock_frame *frame, const struct mock_node *node,
                         metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, body_raise);
}

static int body_call(const struct mock_frame *frame, const struct mock_node *node,
                     metacall_value **args, metacall_value *slot)
{
    if (args[1]->id != METACALL_STRING)
        return mock_builtin_raise_type(frame, node, args[1], "a name");
    metacall_function *function = metacall_function_find(args[1]->as.bytes.data);
    if (function == NULL)
        return -1;
    int result = mock_call(frame, node, function, args + 2, node->count - 2, slot);
    metacall_function_release(function);
    return result;
}

static int builtin_call(const struct mock_frame *frame, const struct mock_node *node,
                        metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, body_call);
}

static int body_size(const struct mock_frame *frame, const struct mock_node *node,
                     metacall_value **args, metacall_value *slot)
{
    if (args[1]->id == METACALL_STRING || args[1]->id == METACALL_BUFFER)
        metacall_slot_long(slot, (int64_t)args[1]->as.bytes.size);
    else if (args[1]->id == METACALL_ARRAY || args[1]->id == METACALL_MAP ||
             args[1]->id == METACALL_SET)
        metacall_slot_long(slot, (int64_t)args[1]->as.array.count);
    else
        return mock_builtin_raise_type(frame, node, args[1], "something with a size");
    return 0;
}

static int builtin_size(const struct mock_frame *frame, const struct mock_node *node,
                        metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, body_size);
}

static int body_kind(const struct mock_frame *frame, const struct mock_node *node,
                     metacall_value **args, metacall_value *slot)
{
    (void)frame, (void)node;
    const char *name = metacall_kind_name((enum metacall_value_id)args[1]->id);
    return metacall_slot_bytes(slot, METACALL_STRING, name, strlen(name));
}

static int builtin_kind(const struct mock_frame *frame, const struct mock_node *node,
                        metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, body_kind);
}

static int body_bytes(const struct mock_frame *frame, const struct mock_node *node,
                      metacall_value **args, metacall_value *slot)
{
    if (args[1]->id != METACALL_STRING)
        return mock_builtin_raise_type(frame, node, args[1], "a string");
    return metacall_slot_bytes(slot, METACALL_BUFFER, args[1]->as.bytes.data,
                               args[1]->as.bytes.size);
}

static int builtin_bytes(const struct mock_frame *frame, const struct mock_node *node,
                         metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, body_bytes);
}

static int body_repeat(const struct mock_frame *frame, const struct mock_node *node,
                       metacall_value **args, metacall_value *slot)
{
    if (args[2]->id != METACALL_LONG || args[2]->as.long_ < 0)
        return mock_builtin_raise_type(frame, node, args[2], "a Long of at least 0");
    int result = metacall_slot_array(slot, (size_t)args[2]->as.long_);
    for (size_t i = 0; result == 0 && i < slot->as.array.count; i++)
        result = metacall_slot_copy(slot->as.array.items[i], args[1]);
    if (result != 0)
        metacall_slot_clear(slot);
    return result;
}

static int builtin_repeat(const struct mock_frame *frame, const struct mock_node *node,
                          metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, body_repeat);
}

const struct mock_builtin mock_plain_builtins[] = {{"if", 3, 3, builtin_if},
                                                   {"raise", 2, 2, builtin_raise},
                                                   {"call", 1, MOCK_PARAMETERS_MAX, builtin_call},
                                                   {"size", 1, 1, builtin_size},
                                                   {"kind", 1, 1, builtin_kind},
                                                   {"bytes", 1, 1, builtin_bytes},
                                                   {"repeat", 2, 2, builtin_repeat},
                                                   {NULL, 0, 0, NULL}};
