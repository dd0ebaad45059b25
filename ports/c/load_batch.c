/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A handle for each script, filled by its loader, published when all of them went well. */
#include "ports/c/load.h"

#include "core/error.h"
#include "core/handle.h"
#include "core/loader_table.h"
#include "ports/c/script_path.h"

#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------------------------- filling */

static int load_batch_add(struct load_batch *batch, metacall_handle *part)
{
    metacall_handle **grown = realloc(batch->parts, (batch->count + 2) * sizeof(*batch->parts));
    if (grown == NULL)
        return error_raise_memory();
    batch->parts = grown;
    batch->parts[batch->count++] = part;
    return 0;
}

/* What a hook said, into the batch or away. A failure without words gets some. */
static int load_batch_take(struct load_batch *batch, metacall_handle *part, int result,
                           const char *name)
{
    if (result != 0) {
        if (metacall_error_peek() == NULL)
            metacall_error_raise(METACALL_ERROR_LOAD, "%s could not be loaded", name);
        metacall_error *error = metacall_error_take();
        handle_destroy(part);
        metacall_error_set(error);
        return -1;
    }
    handle_set_loaded(part);
    if (load_batch_add(batch, part) == 0)
        return 0;
    handle_clear(part);
    return error_raise_memory();
}

static int load_raise_support(const metacall_loader *loader, const char *what)
{
    return metacall_error_raise(METACALL_ERROR_SUPPORT, "loader '%s' cannot load %s",
                                metacall_loader_tag(loader), what);
}

int load_batch_file(struct load_batch *batch, metacall_loader *loader, const char *path)
{
    const struct metacall_loader_hooks *hooks = loader_table_hooks(loader);
    if (hooks->load_from_file == NULL)
        return load_raise_support(loader, "files");
    char *full = script_path_resolve(metacall_loader_tag(loader), path);
    if (full == NULL)
        return -1;
    metacall_handle *part = handle_create(loader, full);
    int result = -1;
    if (part != NULL) {
        const char *const paths[1] = {full};
        metacall_error_release(metacall_error_take());
        result = hooks->load_from_file(loader, part, paths, 1);
        result = load_batch_take(batch, part, result, full);
    }
    free(full);
    return result;
}

int load_batch_memory(struct load_batch *batch, metacall_loader *loader, const char *text,
                      size_t size)
{
    static unsigned counter;
    const struct metacall_loader_hooks *hooks = loader_table_hooks(loader);
    char name[32];
    if (hooks->load_from_memory == NULL)
        return load_raise_support(loader, "from memory");
    snprintf(name, sizeof(name), "<memory:%u>", __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED));
    metacall_handle *part = handle_create(loader, name);
    if (part == NULL)
        return -1;
    metacall_error_release(metacall_error_take());
    return load_batch_take(batch, part, hooks->load_from_memory(loader, part, text, size), name);
}

int load_batch_package(struct load_batch *batch, metacall_loader *loader, const char *name)
{
    const struct metacall_loader_hooks *hooks = loader_table_hooks(loader);
    if (hooks->load_from_package == NULL)
        return load_raise_support(loader, "packages");
    metacall_handle *part = handle_create(loader, name);
    if (part == NULL)
        return -1;
    metacall_error_release(metacall_error_take());
    return load_batch_take(batch, part, hooks->load_from_package(loader, part, name), name);
}

/* ---------------------------------------------------------------------------------- publishing */

void load_batch_abandon(struct load_batch *batch)
{
    metacall_error *error = metacall_error_take();
    /* What was loaded well is told to go; how that ends no longer matters. */
    while (batch->count != 0) {
        handle_clear(batch->parts[--batch->count]);
        metacall_error_release(metacall_error_take());
    }
    free(batch->parts);
    batch->parts = NULL;
    if (error != NULL)
        metacall_error_set(error);
}

/* Makes one handle of a batch of several. On failure the batch still holds every part. */
static int load_batch_group(struct load_batch *batch)
{
    metacall_handle *first = batch->parts[0];
    metacall_handle *group = handle_create(handle_loader(first), metacall_handle_name(first));
    if (group == NULL)
        return -1;
    for (size_t i = 0; i < batch->count; i++) {
        if (handle_adopt(group, batch->parts[i]) != 0) {
            /* The group takes its parts with it; the others stay. */
            for (size_t k = i; k < batch->count; k++)
                batch->parts[k - i + 1] = batch->parts[k];
            batch->parts[0] = group;
            batch->count = batch->count - i + 1;
            return -1;
        }
    }
    batch->parts[0] = group;
    batch->count = 1;
    return 0;
}

int load_batch_publish(struct load_batch *batch, void **handle)
{
    int result = 0;
    if (batch->count != 0 && handle == NULL) {
        /* Those that are published stay the batch's until all are: abandoning takes them back. */
        for (size_t i = 0; i < batch->count && result == 0; i++)
            result = handle_publish(batch->parts[i], 1);
    } else if (batch->count != 0) {
        if (batch->count > 1)
            result = load_batch_group(batch);
        if (result == 0)
            result = *handle == NULL ? handle_publish(batch->parts[0], 0)
                                     : handle_adopt(*handle, batch->parts[0]);
        if (result == 0 && *handle == NULL)
            *handle = batch->parts[0];
    }
    if (result == 0)
        batch->count = 0;
    load_batch_abandon(batch);
    return result;
}
