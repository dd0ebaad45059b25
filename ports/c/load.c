/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Loading scripts: from files, memory, packages. */
#include "ports/c/load.h"
#include "core/error.h"
#include "core/handle.h"
#include "core/loader_table.h"
#include "ports/c/library.h"
#include "ports/c/script_path.h"

#include <metacall/metacall.h>

#include <stdlib.h>
#include <string.h>

/* The loader for a load into `handle`, started where it does not run. NULL with the error set. */
static metacall_loader *load_begin(const char *tag, const void *what, void **handle)
{
    if (library_require() != 0)
        return NULL;
    if (tag == NULL || what == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "a load needs a tag and something to load");
        return NULL;
    }
    metacall_loader *loader = loader_table_get(tag);
    if (loader != NULL && handle != NULL && *handle != NULL) {
        if (!handle_exists(*handle)) {
            metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                 "*handle is no handle; set it to NULL to be given a new one");
            return NULL;
        }
        if (handle_loader(*handle) != loader) {
            metacall_error_raise(
                METACALL_ERROR_ARGUMENT, "handle %s belongs to loader '%s', not '%s'",
                metacall_handle_name(*handle), metacall_loader_tag(handle_loader(*handle)), tag);
            return NULL;
        }
    }
    return loader;
}

int metacall_load_from_file(const char *tag, const char *paths[], size_t size, void **handle)
{
    struct load_batch batch = {NULL, 0};
    metacall_loader *loader = load_begin(tag, paths, handle);
    if (loader == NULL)
        return -1;
    if (size == 0)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "no file to load");
    for (size_t i = 0; i < size; i++) {
        int result = paths[i] != NULL ? load_batch_file(&batch, loader, paths[i])
                                      : metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                                             "path %zu of a load is NULL", i + 1);
        if (result != 0) {
            load_batch_abandon(&batch);
            return -1;
        }
    }
    return load_batch_publish(&batch, handle);
}

int metacall_load_from_memory(const char *tag, const char *buffer, size_t size, void **handle)
{
    struct load_batch batch = {NULL, 0};
    metacall_loader *loader = load_begin(tag, buffer, handle);
    if (loader == NULL)
        return -1;
    if (size != 0 && buffer[size - 1] == '\0')
        size--; /* programs pass sizeof(text) */
    if (load_batch_memory(&batch, loader, buffer, size) != 0)
        return -1;
    return load_batch_publish(&batch, handle);
}

int metacall_load_from_package(const char *tag, const char *path, void **handle)
{
    struct load_batch batch = {NULL, 0};
    metacall_loader *loader = load_begin(tag, path, handle);
    if (loader == NULL || load_batch_package(&batch, loader, path) != 0)
        return -1;
    return load_batch_publish(&batch, handle);
}

int metacall_load_from_package_ex(const char *tag, const char *path, void **handle, void *options)
{
    if (options != NULL)
        return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                    "loader '%s' takes no options for a package",
                                    tag != NULL ? tag : "");
    return metacall_load_from_package(tag, path, handle);
}

int metacall_execution_path(const char *tag, const char *path)
{
    metacall_loader *loader = load_begin(tag, path, NULL);
    if (loader == NULL)
        return -1;
    const struct metacall_loader_hooks *hooks = loader_table_hooks(loader);
    char *full = script_path_absolute(path);
    if (full == NULL)
        return -1;
    int result = script_path_add(tag, full);
    if (result == 0 && hooks->execution_path != NULL)
        result = hooks->execution_path(loader, full);
    free(full);
    return result;
}

int metacall_execution_path_s(const char *tag, size_t tag_length, const char *path,
                              size_t path_length)
{
    if (tag == NULL || path == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                    "an execution path needs a tag and a path");
    char *tag_text = strndup(tag, tag_length);
    char *path_text = strndup(path, path_length);
    int result = tag_text != NULL && path_text != NULL
                     ? metacall_execution_path(tag_text, path_text)
                     : error_raise_memory();
    free(tag_text);
    free(path_text);
    return result;
}
