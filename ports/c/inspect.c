/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* All that is loaded, as a value and as JSON: {tag: [{name, scope: {name, funcs, classes,
 * objects}}]}. */
#include "ports/c/inspect.h"
#include "core/error.h"
#include "core/function.h"
#include "core/handle.h"
#include "core/loader_table.h"
#include "core/value.h"
#include "ports/c/json.h"
#include "ports/c/library.h"
#include "ports/c/text.h"

#include <metacall/metacall.h>

#include <stdlib.h>
#include <string.h>

#define INSPECT_GLOBAL_SCOPE "global_namespace"

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

/* -------------------------------------------------------------------------------------- scopes */

static size_t inspect_count(const struct handle_view *view, enum metacall_value_id id)
{
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++)
        count += view->symbols[i].value->id == id;
    return count;
}

static int inspect_kind(metacall_value *scope, size_t at, const char *key,
                        const struct handle_view *view, enum metacall_value_id id)
{
    metacall_value *list = inspect_nested(scope, at, key, METACALL_ARRAY, inspect_count(view, id));
    if (list == NULL)
        return -1;
    size_t done = 0;
    for (size_t i = 0; i < view->count; i++) {
        const struct symbol_view *symbol = &view->symbols[i];
        if (symbol->value->id != id)
            continue;
        metacall_value *slot = list->as.array.items[done++];
        int result = id == METACALL_FUNCTION
                         ? inspect_function(slot, symbol->name, symbol->value->as.function)
                     : id == METACALL_CLASS
                         ? inspect_class(slot, symbol->name, symbol->value->as.object)
                         : inspect_object(slot, symbol->name, symbol->value->as.object);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int inspect_handle(metacall_value *slot, const struct handle_view *view)
{
    if (metacall_slot_map(slot, 2) != 0 || inspect_member_text(slot, 0, "name", view->name) != 0)
        return -1;
    metacall_value *scope = inspect_nested(slot, 1, "scope", METACALL_MAP, 4);
    if (scope == NULL || inspect_member_text(scope, 0, "name",
                                             view->global ? INSPECT_GLOBAL_SCOPE : view->name) != 0)
        return -1;
    if (inspect_kind(scope, 1, "funcs", view, METACALL_FUNCTION) != 0 ||
        inspect_kind(scope, 2, "classes", view, METACALL_CLASS) != 0 ||
        inspect_kind(scope, 3, "objects", view, METACALL_OBJECT) != 0)
        return -1;
    return 0;
}

/* ------------------------------------------------------------------------------------- loaders */

struct inspection {
    metacall_loader **loaders;
    size_t count;
};

static int inspect_collect(metacall_loader *loader, void *data)
{
    struct inspection *inspection = data;
    metacall_loader **grown =
        realloc(inspection->loaders, (inspection->count + 1) * sizeof(*inspection->loaders));
    if (grown == NULL)
        return error_raise_memory();
    inspection->loaders = grown;
    inspection->loaders[inspection->count++] = loader;
    return 0;
}

static int inspect_loader(metacall_value *map, size_t at, metacall_loader *loader)
{
    struct scope_view view;
    if (scope_view_init(&view, loader) != 0)
        return -1;
    metacall_value *list =
        inspect_nested(map, at, metacall_loader_tag(loader), METACALL_ARRAY, view.count);
    int result = list != NULL ? 0 : -1;
    for (size_t i = 0; i < view.count && result == 0; i++)
        result = inspect_handle(list->as.array.items[i], &view.handles[i]);
    scope_view_finish(&view);
    return result;
}

metacall_value_ref metacall_inspect_value(void)
{
    struct inspection inspection = {NULL, 0};
    metacall_value *map = NULL;

    if (library_require() != 0)
        return NULL;
    if (loader_table_each(inspect_collect, &inspection) != 0 ||
        inspect_collect(loader_table_native(), &inspection) != 0)
        goto out;
    if ((map = value_create()) == NULL)
        goto out;
    int result = metacall_slot_map(map, inspection.count);
    for (size_t i = 0; i < inspection.count && result == 0; i++)
        result = inspect_loader(map, i, inspection.loaders[i]);
    if (result != 0) {
        value_destroy(map);
        map = NULL;
    }

out:
    free(inspection.loaders);
    return map;
}

char *metacall_inspect(size_t *size, void *allocator)
{
    if (size == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "no place for the size of the text");
        return NULL;
    }
    metacall_value *value = metacall_inspect_value();
    if (value == NULL)
        return NULL;
    size_t length;
    char *text = json_write(value, &length);
    value_destroy(value);
    return text != NULL ? text_hand_over(text, length, size, allocator) : NULL;
}
