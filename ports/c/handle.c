/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Handles in C. */
#include "core/handle.h"

#include "core/error.h"
#include "core/loader_table.h"
#include "core/value.h"
#include "ports/c/call.h"
#include "ports/c/library.h"

#include <metacall/metacall.h>

#include <stdlib.h>
#include <string.h>

/* 0 when the pointer is a handle, else -1 with the error set. */
static int handle_require(const void *handle)
{
    return handle_exists(handle)
               ? 0
               : metacall_error_raise(METACALL_ERROR_ARGUMENT, "a handle is expected");
}

metacall_handle_ref metacall_handle(const char *tag, const char *name)
{
    metacall_loader *loader = tag != NULL && name != NULL ? loader_table_find(tag) : NULL;
    metacall_handle *handle = loader != NULL ? handle_find(loader, name) : NULL;
    if (handle == NULL)
        metacall_error_raise(METACALL_ERROR_NOT_FOUND, "loader '%s' has no handle '%s'",
                             tag != NULL ? tag : "", name != NULL ? name : "");
    return handle;
}

const char *metacall_handle_id(void *handle)
{
    return handle_require(handle) == 0 ? metacall_handle_name(handle) : NULL;
}

metacall_value_ref metacall_handle_export(void *handle)
{
    struct handle_view view;
    metacall_value *map = NULL;
    if (handle_require(handle) != 0 || handle_view_init(&view, handle) != 0)
        return NULL;
    map = value_create();
    int result = map != NULL ? metacall_slot_map(map, view.count) : -1;
    for (size_t i = 0; i < view.count && result == 0; i++) {
        metacall_value **pair = map->as.array.items[i]->as.array.items;
        result = metacall_slot_bytes(pair[0], METACALL_STRING, view.symbols[i].name,
                                     strlen(view.symbols[i].name));
        if (result == 0)
            result = metacall_slot_copy(pair[1], view.symbols[i].value);
    }
    handle_view_finish(&view);
    if (result != 0) {
        value_destroy(map);
        return NULL;
    }
    return map;
}

metacall_function_ref metacall_handle_function(void *handle, const char *name)
{
    if (handle_require(handle) != 0)
        return NULL;
    int held = 0;
    metacall_function *function = call_find_in(handle, name, &held);
    if (function == NULL || (!held && scope_lend(function) != 0))
        return NULL;
    if (held)
        metacall_function_release(function); /* the handle's own is enough */
    return function;
}

int metacall_handle_initialize(void *loader, const char *name, void **handle_ptr)
{
    if (loader == NULL || name == NULL || handle_ptr == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                    "a new handle needs a loader, a name and a place");
    metacall_handle *handle = handle_create(loader, name);
    if (handle == NULL)
        return -1;
    if (handle_publish(handle, 0) != 0) {
        handle_destroy(handle);
        return -1;
    }
    *handle_ptr = handle;
    return 0;
}

int metacall_handle_populate(void *handle_dest, void *handle_src)
{
    if (handle_require(handle_dest) != 0 || handle_require(handle_src) != 0)
        return -1;
    return handle_populate(handle_dest, handle_src);
}

int metacall_clear(void *handle)
{
    if (handle_require(handle) != 0)
        return -1;
    return handle_clear(handle);
}

metacall_loader_ref metacall_loader(const char *tag)
{
    if (library_require() != 0)
        return NULL;
    if (tag == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the tag of a loader is NULL");
        return NULL;
    }
    return loader_table_get(tag);
}

/* Loaders describe their functions with the library's own kinds: those are the types by name. */
int metacall_loader_types(const char *tag, struct metacall_loader_type **types, size_t *size)
{
    if (tag == NULL || types == NULL || size == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                    "a list of types needs a tag and two places");
    if (library_require() != 0 || loader_table_get(tag) == NULL)
        return -1;
    struct metacall_loader_type *list =
        malloc((METACALL_SIZE + METACALL_SET - METACALL_BIGINT + 1) * sizeof(*list));
    if (list == NULL)
        return error_raise_memory();
    size_t count = 0;
    for (unsigned id = 0; id <= METACALL_SET; id++) {
        if (!value_kind_is_known(id))
            continue;
        list[count].name = value_kind_name(id);
        list[count++].id = (enum metacall_value_id)id;
    }
    *types = list;
    *size = count;
    return 0;
}
