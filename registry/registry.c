/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/registry.h"

#include "registry/pattern.h"
#include <metacall/loader.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metacall_registry {
    pthread_mutex_t lock; /* guards catalog and the host's fields */
    struct catalog *catalog;
    char host_tag[METACALL_REGISTRY_TAG_SIZE];
    char host_version[PATTERN_VERSION_SIZE];
    struct arena arena; /* the options' texts; constant after open */
    struct metacall_registry_options options;
};

static int make_catalog(const metacall_registry *registry, struct catalog **ret_catalog)
{
    struct environment environment;
    const struct metacall_registry_options *options = &registry->options;
    if (environment_init(&environment, options->root, options->prefix, options->environment,
                         options->secure) < 0)
        return -1;
    return catalog_create(&environment, options->sink, options->sink_data, ret_catalog);
}

static void copy_options(metacall_registry *registry,
                         const struct metacall_registry_options *options)
{
    size_t count = 0;
    registry->options = *options;
    registry->options.root = arena_text(&registry->arena, options->root);
    registry->options.prefix = arena_text(&registry->arena, options->prefix);
    if (!options->environment)
        return;
    while (options->environment[count])
        count++;
    const char **copy = arena_alloc(&registry->arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; copy && i < count; i++)
        copy[i] = arena_text(&registry->arena, options->environment[i]);
    registry->options.environment = copy;
}

int metacall_registry_open(const struct metacall_registry_options *options,
                           metacall_registry **ret_registry)
{
    metacall_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    pthread_mutex_init(&registry->lock, NULL);
    if (options)
        copy_options(registry, options);
    if (registry->arena.failed || make_catalog(registry, &registry->catalog) < 0) {
        int failed = registry->arena.failed;
        metacall_registry_close(registry);
        return failed ? metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory") : -1;
    }
    *ret_registry = registry;
    return 0;
}

void metacall_registry_close(metacall_registry *registry)
{
    if (!registry)
        return;
    catalog_release(registry->catalog);
    pthread_mutex_destroy(&registry->lock);
    arena_finish(&registry->arena);
    free(registry);
}

int metacall_registry_reload(metacall_registry *registry)
{
    const struct catalog_tag *tags;
    size_t count;
    struct catalog *fresh, *before;
    if (make_catalog(registry, &fresh) < 0)
        return -1;
    if (catalog_tags(fresh, &tags, &count) < 0) {
        catalog_release(fresh);
        return -1;
    }
    pthread_mutex_lock(&registry->lock);
    before = registry->catalog;
    registry->catalog = fresh;
    pthread_mutex_unlock(&registry->lock);
    catalog_release(before);
    return 0;
}

struct catalog *registry_catalog(metacall_registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    struct catalog *catalog = catalog_reference(registry->catalog);
    pthread_mutex_unlock(&registry->lock);
    return catalog;
}

int metacall_registry_is_secure(const metacall_registry *registry)
{
    struct catalog *catalog = registry_catalog((metacall_registry *)registry);
    int secure = catalog_environment(catalog)->secure;
    catalog_release(catalog);
    return secure;
}

void registry_note_host(metacall_registry *registry, const char *tag, const char *version)
{
    pthread_mutex_lock(&registry->lock);
    snprintf(registry->host_tag, sizeof registry->host_tag, "%s", tag ? tag : "");
    snprintf(registry->host_version, sizeof registry->host_version, "%s", version ? version : "");
    pthread_mutex_unlock(&registry->lock);
}

struct select_request registry_select_request(metacall_registry *registry, struct catalog *catalog,
                                              struct arena *arena)
{
    struct select_request request = {.catalog = catalog, .probe = registry->options.probe};
    pthread_mutex_lock(&registry->lock);
    if (*registry->host_tag)
        request.host_tag = arena_text(arena, registry->host_tag);
    if (*registry->host_version)
        request.host_version = arena_text(arena, registry->host_version);
    pthread_mutex_unlock(&registry->lock);
    return request;
}

static const char *folders_text(struct catalog *catalog, struct arena *arena)
{
    const struct search_path *search = catalog_search(catalog);
    const char *text = "";
    for (size_t i = 0; i < search->count; i++) {
        if (!search->folders[i].reason)
            text = arena_format(arena, "%s%s%s", text, *text ? ", " : "", search->folders[i].path);
    }
    return *text ? text : "nowhere: no folder is configured";
}

int registry_find(struct catalog *catalog, const char *tag, const struct catalog_tag **ret_tag)
{
    const struct catalog_tag *found = NULL, *tags;
    size_t count;
    if (catalog_lookup(catalog, tag, &found) < 0)
        return -1;
    if (found) {
        *ret_tag = found;
        return 0;
    }
    if (catalog_tags(catalog, &tags, &count) < 0)
        return -1;
    struct arena arena = {.chunks = NULL};
    const char **words = arena_alloc(&arena, (count + 1) * sizeof *words);
    for (size_t i = 0; words && i < count; i++)
        words[i] = tags[i].tag;
    const char *meant = words ? pattern_nearest(tag, words, count) : NULL;
    metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                         "no loader is called \"%s\"%s%s%s; looked for %s" MANIFEST_SUFFIX " in %s",
                         tag, meant ? ", did you mean \"" : "", meant ? meant : "",
                         meant ? "\"?" : "", tag, folders_text(catalog, &arena));
    arena_finish(&arena);
    return -1;
}
