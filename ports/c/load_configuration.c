/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Loading what a metacall.json lists. */
#include "core/error.h"
#include "core/handle.h"
#include "core/loader_table.h"
#include "core/value.h"
#include "ports/c/json.h"
#include "ports/c/library.h"
#include "ports/c/load.h"
#include "ports/c/script_path.h"

#include <metacall/metacall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIGURATION_SIZE_MAX (16u << 20)

/* Where the parts of one configuration are looked up. */
struct configuration {
    const char *path;
    char *folder; /* of the file */
};

static int configuration_raise(const struct configuration *configuration, const char *what)
{
    return metacall_error_raise(METACALL_ERROR_LOAD, "%s: %s", configuration->path, what);
}

/* The whole of a regular file, malloc'ed. NULL with the error set. */
static char *configuration_slurp(const char *path, size_t *ret_size)
{
    struct stat info;
    char *text = NULL;
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        metacall_error_raise(METACALL_ERROR_NOT_FOUND, "cannot open %s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(info.st_mode) || info.st_size > CONFIGURATION_SIZE_MAX) {
        metacall_error_raise(METACALL_ERROR_LOAD, "%s is no file of at most %u bytes", path,
                             CONFIGURATION_SIZE_MAX);
        goto out;
    }
    text = malloc((size_t)info.st_size + 1);
    if (text == NULL) {
        error_raise_memory();
        goto out;
    }
    while (size < (size_t)info.st_size) {
        ssize_t got = read(fd, text + size, (size_t)info.st_size - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    text[size] = '\0';
    *ret_size = size;

out:
    if (fd >= 0)
        close(fd);
    return text;
}

static const metacall_value *configuration_member(const metacall_value *map, const char *key)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < map->as.array.count; i++) {
        metacall_value *const *pair = map->as.array.items[i]->as.array.items;
        if (pair[0]->as.bytes.size == length && memcmp(pair[0]->as.bytes.data, key, length) == 0)
            return pair[1];
    }
    return NULL;
}

/* A path of the file, relative to `folder`. NULL with the error set. */
static char *configuration_path(const char *folder, const char *path)
{
    char *full = NULL;
    if (*path == '/')
        full = strdup(path);
    else if (asprintf(&full, "%s/%s", folder, path) < 0)
        full = NULL;
    if (full == NULL)
        error_raise_memory();
    return full;
}

/* Every string of an optional array, through visit. */
static int configuration_each(const struct configuration *configuration, const metacall_value *list,
                              const char *key,
                              int (*visit)(const char *text, metacall_loader *loader,
                                           const char *folder, struct load_batch *batch),
                              metacall_loader *loader, const char *folder, struct load_batch *batch)
{
    if (list == NULL)
        return 0;
    if (list->id != METACALL_ARRAY)
        return metacall_error_raise(METACALL_ERROR_LOAD, "%s: \"%s\" must be an array of strings",
                                    configuration->path, key);
    for (size_t i = 0; i < list->as.array.count; i++) {
        const metacall_value *item = list->as.array.items[i];
        if (item->id != METACALL_STRING)
            return metacall_error_raise(METACALL_ERROR_LOAD,
                                        "%s: element %zu of \"%s\" is no string",
                                        configuration->path, i, key);
        if (visit(item->as.bytes.data, loader, folder, batch) != 0)
            return -1;
    }
    return 0;
}

static int configuration_add_path(const char *text, metacall_loader *loader, const char *folder,
                                  struct load_batch *batch)
{
    (void)batch;
    char *full = configuration_path(folder, text);
    if (full == NULL)
        return -1;
    int result = metacall_execution_path(metacall_loader_tag(loader), full);
    free(full);
    return result;
}

/* A script beside the file; one that is not there goes to the loader as it is written. */
static int configuration_add_script(const char *text, metacall_loader *loader, const char *folder,
                                    struct load_batch *batch)
{
    char *full = configuration_path(folder, text);
    if (full == NULL)
        return -1;
    int result = load_batch_file(batch, loader, access(full, F_OK) == 0 ? full : text);
    free(full);
    return result;
}

static int configuration_load_one(const struct configuration *configuration,
                                  const metacall_value *entry, struct load_batch *batch)
{
    if (entry->id != METACALL_MAP)
        return configuration_raise(configuration, "a deployment must be a JSON object");
    const metacall_value *tag = configuration_member(entry, "language_id");
    const metacall_value *path = configuration_member(entry, "path");
    if (tag == NULL || tag->id != METACALL_STRING)
        return configuration_raise(configuration, "\"language_id\" must be a string");
    if (path != NULL && path->id != METACALL_STRING)
        return configuration_raise(configuration, "\"path\" must be a string");
    metacall_loader *loader = loader_table_get(tag->as.bytes.data);
    if (loader == NULL)
        return -1;
    char *folder =
        configuration_path(configuration->folder, path != NULL ? path->as.bytes.data : ".");
    if (folder == NULL)
        return -1;
    int result = configuration_each(configuration, configuration_member(entry, "execution_paths"),
                                    "execution_paths", configuration_add_path, loader,
                                    configuration->folder, batch);
    if (result == 0)
        result = configuration_each(configuration, configuration_member(entry, "scripts"),
                                    "scripts", configuration_add_script, loader, folder, batch);
    free(folder);
    return result;
}

static int configuration_load(const struct configuration *configuration, const metacall_value *root,
                              struct load_batch *batch)
{
    if (root->id != METACALL_ARRAY)
        return configuration_load_one(configuration, root, batch);
    for (size_t i = 0; i < root->as.array.count; i++)
        if (configuration_load_one(configuration, root->as.array.items[i], batch) != 0)
            return -1;
    return 0;
}

int metacall_load_from_configuration(const char *path, void **handle, void *allocator)
{
    struct load_batch batch = {NULL, 0};
    struct configuration configuration = {path, NULL};
    metacall_value root = METACALL_SLOT_INIT;
    char *text = NULL;
    size_t size;
    int result = -1;

    (void)allocator;
    if (library_require() != 0)
        return -1;
    if (path == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "the path of a configuration is NULL");
    text = configuration_slurp(path, &size);
    if (text == NULL)
        goto out;
    if (json_read(&root, text, size) != 0) {
        metacall_error_wrap(METACALL_ERROR_LOAD, "%s: %s", path, metacall_error_peek()->message);
        goto out;
    }
    configuration.folder = script_path_absolute(path);
    if (configuration.folder == NULL)
        goto out;
    char *slash = strrchr(configuration.folder, '/');
    if (slash != NULL)
        *slash = '\0';
    result = configuration_load(&configuration, &root, &batch);
    if (result == 0)
        result = load_batch_publish(&batch, handle);

out:
    load_batch_abandon(&batch);
    metacall_slot_clear(&root);
    free(configuration.folder);
    free(text);
    return result;
}
