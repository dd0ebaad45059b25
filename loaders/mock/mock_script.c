/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A script and the functions that it becomes. A function keeps its script; the handle does too. */
#include "mock_language.h"

#include <stdlib.h>
#include <string.h>

/* Keywords, or optional parameters left out. */
static __attribute__((noinline)) int function_call_arranged(metacall_function *function,
                                                            const struct metacall_call *call,
                                                            metacall_value *ret)
{
    metacall_value *args[MOCK_PARAMETERS_MAX];
    if (metacall_function_arrange(function, call, args, MOCK_PARAMETERS_MAX) != 0)
        return -1;
    return mock_run(function->data, args, ret);
}

static int function_call(metacall_function *function, const struct metacall_call *call,
                         metacall_value *ret)
{
    const struct mock_definition *definition = function->data;
    if (call->keyword_count != 0 || call->count != definition->count)
        return function_call_arranged(function, call, ret);
    return mock_run(definition, call->args, ret);
}

static void function_destroy(metacall_function *function)
{
    const struct mock_definition *definition = function->data;
    mock_script_release(definition->script);
}

static const struct metacall_function_ops function_ops = {function_call, NULL, function_destroy, NULL};

metacall_function *mock_script_function(const struct mock_definition *definition)
{
    struct mock_script *script = definition->script;
    metacall_function *function = metacall_function_create(script->loader, definition->name,
                                                           &function_ops, (void *)definition);
    if (function == NULL)
        return NULL;
    __atomic_add_fetch(&script->refs, 1, __ATOMIC_RELAXED);
    function->flags |= METACALL_FUNCTION_TYPED; /* arguments are counted even where all are any */
    metacall_function_result(function, definition->result);
    for (size_t i = 0; i < definition->count; i++) {
        const struct mock_parameter *parameter = &definition->parameters[i];
        if (metacall_function_parameter(function, parameter->name, parameter->type,
                                        parameter->required) != 0) {
            metacall_function_release(function);
            return NULL;
        }
    }
    return function;
}

static void script_free(struct mock_script *script)
{
    while (script->nodes != NULL) {
        struct mock_node *node = script->nodes;
        script->nodes = node->next;
        metacall_slot_clear(&node->constant);
        free(node->items);
        free(node->name);
        free(node);
    }
    while (script->definitions != NULL) {
        struct mock_definition *definition = script->definitions;
        script->definitions = definition->next;
        for (size_t i = 0; i < definition->count; i++)
            free(definition->parameters[i].name);
        metacall_slot_clear(&definition->value);
        free(definition->name);
        free(definition);
    }
    free(script->path);
    free(script);
}

void mock_script_release(struct mock_script *script)
{
    if (script != NULL && __atomic_sub_fetch(&script->refs, 1, __ATOMIC_ACQ_REL) == 0)
        script_free(script);
}

/* Constants are evaluated once, so that a script's calls only read. */
static int script_settle_constants(struct mock_script *script)
{
    for (struct mock_definition *definition = script->definitions; definition != NULL;
         definition = definition->next) {
        struct mock_node node = {
            .kind = MOCK_GLOBAL, .line = definition->line, .column = 1, .definition = definition};
        struct mock_frame frame = {definition, NULL};
        metacall_value slot = METACALL_SLOT_INIT;
        const metacall_value *value;
        if (!definition->is_function && mock_evaluate(&frame, &node, &slot, &value) != 0)
            return -1;
    }
    return 0;
}

struct mock_script *mock_script_create(metacall_loader *loader, const char *path, const char *text,
                                       size_t size)
{
    struct mock_script *script = calloc(1, sizeof(*script));
    if (script == NULL || (script->path = strdup(path)) == NULL) {
        free(script);
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory while reading %s", path);
        return NULL;
    }
    script->refs = 1;
    script->loader = loader;
    if (mock_parse(script, text, size) != 0 || script_settle_constants(script) != 0) {
        script_free(script);
        return NULL;
    }
    return script;
}

int mock_script_define(struct mock_script *script, metacall_handle *handle)
{
    for (struct mock_definition *definition = script->definitions; definition != NULL;
         definition = definition->next) {
        metacall_value value = METACALL_SLOT_INIT;
        int result;
        if (definition->is_function) {
            metacall_function *function = mock_script_function(definition);
            if (function == NULL)
                return -1;
            metacall_slot_function(&value, function);
            metacall_function_release(function);
            result = metacall_handle_define(handle, definition->name, &value);
            metacall_slot_clear(&value);
        } else {
            result = metacall_handle_define(handle, definition->name, &definition->value);
        }
        if (result != 0)
            return -1;
    }
    return 0;
}
