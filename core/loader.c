/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One loader: its copied configuration, its state, and what a plugin may ask of it. */
#include "core/loader_state.h"

#include "core/error.h"

#include <stdlib.h>
#include <string.h>

static void loader_free_list(char *const *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; list[i] != NULL; i++)
        free(list[i]);
    free((void *)list);
}

/* Copies `count` strings and ends them with NULL. */
static int loader_copy_list(const char *const *list, size_t count, char ***ret_list)
{
    char **copy = calloc(count + 1, sizeof(*copy));
    if (copy == NULL)
        return error_raise_memory();
    for (size_t i = 0; i < count; i++) {
        if ((copy[i] = strdup(list[i])) == NULL) {
            loader_free_list(copy);
            return error_raise_memory();
        }
    }
    *ret_list = copy;
    return 0;
}

static int loader_copy_text(const char **text)
{
    if (*text != NULL && (*text = strdup(*text)) == NULL)
        return error_raise_memory();
    return 0;
}

int loader_init(metacall_loader *loader, const struct metacall_loader_hooks *hooks,
                const struct metacall_loader_config *config)
{
    struct metacall_loader_config *own = &loader->config;
    const char **const texts[] = {&own->manifest, &own->plugin, &own->runtime_library,
                                  &own->runtime_version, &own->runtime_executable};
    size_t done = 0, paths = 0;
    char **list;

    loader->hooks = *hooks;
    loader->data = NULL;
    metacall_gate_reset(&loader->questions);
    *own = *config;
    own->tag = loader->tag;
    own->execution_paths = NULL;
    own->argv = NULL;
    for (; done < sizeof(texts) / sizeof(texts[0]); done++)
        if (loader_copy_text(texts[done]) != 0)
            goto fail;
    if (config->execution_paths != NULL) {
        while (config->execution_paths[paths] != NULL)
            paths++;
        if (loader_copy_list(config->execution_paths, paths, &list) != 0)
            goto fail;
        own->execution_paths = (const char *const *)list;
    }
    if (config->argv != NULL && config->argc > 0) {
        if (loader_copy_list((const char *const *)config->argv, (size_t)config->argc, &list) != 0)
            goto fail;
        own->argv = list;
    }
    return 0;

fail:
    for (; done < sizeof(texts) / sizeof(texts[0]); done++)
        *texts[done] = NULL;
    loader_finish(loader);
    return -1;
}

void loader_finish(metacall_loader *loader)
{
    struct metacall_loader_config *own = &loader->config;
    free((char *)own->manifest);
    free((char *)own->plugin);
    free((char *)own->runtime_library);
    free((char *)own->runtime_version);
    free((char *)own->runtime_executable);
    loader_free_list((char *const *)own->execution_paths);
    loader_free_list(own->argv);
    memset(own, 0, sizeof(*own));
    /* Hooks stay, for a question that did not come out in time, and data, for functions that
     * outlive the loader. */
    loader->port = NULL;
}

int loader_admit(const metacall_loader *loader, const char *name)
{
    if (name == NULL || *name == '\0')
        name = "a function";
    switch (__atomic_load_n(&loader->state, __ATOMIC_ACQUIRE)) {
    case LOADER_STARTING:
    case LOADER_READY:
        return 0;
    case LOADER_CLOSING:
        return metacall_error_raise(METACALL_ERROR_STATE,
                                    "cannot use %s: its loader '%s' is ending", name, loader->tag);
    case LOADER_LOST:
        return metacall_error_raise(
            METACALL_ERROR_FORK,
            "cannot use %s: the runtime of loader '%s' stayed in the parent process of a fork; "
            "start it in the child instead (spawn, or fork before the first load)",
            name, loader->tag);
    default:
        return metacall_error_raise(METACALL_ERROR_STATE,
                                    "cannot use %s: its loader '%s' has ended", name, loader->tag);
    }
}

const char *metacall_loader_tag(const metacall_loader *loader)
{
    return loader->tag;
}

const struct metacall_loader_config *metacall_loader_configuration(const metacall_loader *loader)
{
    return &loader->config;
}

int metacall_loader_is_host(const metacall_loader *loader)
{
    return loader->config.binding == METACALL_BINDING_HOST;
}

void metacall_loader_set_data(metacall_loader *loader, void *data)
{
    __atomic_store_n(&loader->data, data, __ATOMIC_RELEASE);
}

void *metacall_loader_data(const metacall_loader *loader)
{
    return __atomic_load_n(&loader->data, __ATOMIC_ACQUIRE);
}

void metacall_loader_set_port(metacall_loader *loader, void *port)
{
    __atomic_store_n(&loader->port, port, __ATOMIC_RELEASE);
}

void *metacall_loader_port(const metacall_loader *loader)
{
    return __atomic_load_n(&loader->port, __ATOMIC_ACQUIRE);
}
