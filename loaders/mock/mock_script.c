/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A script and the functions that it becomes. A function keeps its script; the handle does too. */
#include "mock_language.h"

#include <pthread.h>
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

/* ------------------------------------------------------------------------------------ identity */

static pthread_mutex_t weak_lock = PTHREAD_MUTEX_INITIALIZER;

void mock_weak_lock(void)
{
    pthread_mutex_lock(&weak_lock);
}

void mock_weak_unlock(void)
{
    pthread_mutex_unlock(&weak_lock);
}

int mock_weak_take(uint32_t *refs)
{
    uint32_t seen = __atomic_load_n(refs, __ATOMIC_RELAXED);
    while (seen != 0)
        if (__atomic_compare_exchange_n(refs, &seen, seen + 1, 1, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return 1;
    return 0;
}

static void function_destroy(metacall_function *function)
{
    struct mock_definition *definition = function->data;
    mock_weak_lock();
    if (definition->function == function)
        definition->function = NULL;
    mock_weak_unlock();
    mock_script_release(definition->script);
}

/* Nothing to turn on: scripts call each other's functions through the registry too. */
static int function_intercept(metacall_function *function, int on)
{
    (void)function, (void)on;
    return 0;
}

static const struct metacall_function_ops function_ops = {function_call, NULL, function_destroy,
                                                          function_intercept};

int mock_script_describe(const struct mock_definition *definition, metacall_function *function)
{
    function->flags |= METACALL_FUNCTION_TYPED; /* arguments are counted even where all are any */
    metacall_function_result(function, definition->result);
    for (size_t i = 0; i < definition->count; i++) {
        const struct mock_parameter *parameter = &definition->parameters[i];
        if (metacall_function_parameter(function, parameter->name, parameter->type,
                                        parameter->required) != 0)
            return -1;
    }
    return 0;
}

static metacall_function *script_function_known(struct mock_definition *definition)
{
    return definition->function != NULL && mock_weak_take(&definition->function->refs)
               ? definition->function
               : NULL;
}

metacall_function *mock_script_function(struct mock_definition *definition)
{
    struct mock_script *script = definition->script;
    mock_weak_lock();
    metacall_function *known = script_function_known(definition);
    mock_weak_unlock();
    if (known != NULL)
        return known;
    metacall_function *function =
        metacall_function_create(script->loader, definition->name, &function_ops, definition);
    if (function == NULL)
        return NULL;
    __atomic_add_fetch(&script->refs, 1, __ATOMIC_RELAXED);
    if (definition->result == METACALL_FUTURE)
        function->flags |= METACALL_FUNCTION_ASYNC;
    if (mock_script_describe(definition, function) != 0) {
        metacall_function_release(function);
        return NULL;
    }
    mock_weak_lock();
    if ((known = script_function_known(definition)) == NULL)
        definition->function = function;
    mock_weak_unlock();
    if (known == NULL)
        return function;
    metacall_function_release(function);
    return known;
}

struct mock_definition *mock_script_find(const struct mock_script *script, const char *class_name,
                                         const char *name)
{
    size_t length = strlen(class_name);
    for (struct mock_definition *each = script->definitions; each != NULL; each = each->next)
        if (strncmp(each->name, class_name, length) == 0 && each->name[length] == '.' &&
            strcmp(each->name + length + 1, name) == 0)
            return each;
    return NULL;
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

int mock_holds_references(const metacall_value *value)
{
    switch (value->id) {
    case METACALL_FUNCTION:
    case METACALL_CLASS:
    case METACALL_OBJECT:
    case METACALL_FUTURE:
        return 1;
    case METACALL_ARRAY:
    case METACALL_SET:
    case METACALL_MAP:
        for (size_t i = 0; i < value->as.array.count; i++)
            if (mock_holds_references(value->as.array.items[i]))
                return 1;
        return 0;
    default:
        return 0;
    }
}

void mock_script_forget(struct mock_script *script)
{
    for (struct mock_definition *each = script->definitions; each != NULL; each = each->next) {
        if (!each->guarded)
            continue;
        mock_weak_lock();
        metacall_value value = each->value;
        each->value = (metacall_value)METACALL_SLOT_INIT;
        mock_weak_unlock();
        metacall_slot_clear(&value);
    }
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
        if (definition->kind == MOCK_IS_CONSTANT &&
            mock_evaluate(&frame, &node, &slot, &value) != 0)
            return -1;
        metacall_slot_clear(&slot);
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
        mock_script_forget(script);
        mock_script_release(script);
        return NULL;
    }
    return script;
}
