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
