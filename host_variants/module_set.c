/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "host_variants/module_set.h"

#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>

#define HELD 1
#define EXPANDED 2

int module_set_init(struct module_set *set, const struct modules *modules)
{
    set->modules = modules;
    set->held = calloc(modules_count(modules) + 1, 1);
    return set->held ? 0 : metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
}

void module_set_finish(struct module_set *set)
{
    free(set->held);
    set->held = NULL;
}

int module_set_has(const struct module_set *set, const struct module *module)
{
    return set->held[modules_index(set->modules, module)] != 0;
}

void module_set_add(struct module_set *set, const struct module *module)
{
    set->held[modules_index(set->modules, module)] |= HELD;
}

/* The module that a DT_NEEDED stands for: by SONAME, path, or file name where it has no SONAME. */
static const struct module *module_of_need(const struct modules *modules, const char *name)
{
    const struct module *found = modules_of_soname(modules, name);

    if (!found)
        found = modules_of_path(modules, name);
    for (size_t i = 1; !found && i < modules_count(modules); i++) {
        const struct module *module = modules_at(modules, i);
        const char *file = strrchr(module->path, '/');
        if (!module->soname && strcmp(file ? file + 1 : module->path, name) == 0)
            found = module;
    }
    return found;
}

size_t module_set_add_needs(struct module_set *set, const struct elf_image *image,
                            const char *except)
{
    const char *name;
    size_t unknown = 0;

    for (size_t i = 0; (name = elf_image_needed(image, i)) != NULL; i++) {
        if (except && strcmp(name, except) == 0)
            continue;
        const struct module *module = module_of_need(set->modules, name);
        if (module)
            module_set_add(set, module);
        else
            unknown++;
    }
    return unknown;
}

void module_set_close(struct module_set *set)
{
    size_t count = modules_count(set->modules);

    for (size_t i = 0; i < count; i++) {
        if (set->held[i] != HELD)
            continue;
        set->held[i] |= EXPANDED;
        module_set_add_needs(set, module_image(modules_at(set->modules, i)), NULL);
        i = (size_t)-1; /* what it needs may stand before it */
    }
}

int module_set_find(const struct module_set *set, const char *name, uint32_t hash)
{
    for (size_t i = 0; i < modules_count(set->modules); i++) {
        if (set->held[i] && module_exports(modules_at(set->modules, i), name, hash))
            return 1;
    }
    return 0;
}
