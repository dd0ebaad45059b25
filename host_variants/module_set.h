/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Some of the modules of one walk, and what they need in turn. */
#ifndef HOST_VARIANTS_MODULE_SET_H
#define HOST_VARIANTS_MODULE_SET_H

#include "host_variants/elf_image.h"
#include "host_variants/modules.h"

struct module_set {
    const struct modules *modules;
    unsigned char *held; /* one a module */
};

/* Empty. Returns 0, or -1 with METACALL_ERROR_MEMORY set. */
int module_set_init(struct module_set *set, const struct modules *modules);
void module_set_finish(struct module_set *set);
int module_set_has(const struct module_set *set, const struct module *module);
void module_set_add(struct module_set *set, const struct module *module);
/* Adds every library that `image` itself needs but `except` (NULL = no exception). Returns the
 * number of names that are not mapped. */
size_t module_set_add_needs(struct module_set *set, const struct elf_image *image,
                            const char *except);
/* Adds what the members need in turn. */
void module_set_close(struct module_set *set);
/* Whether a member exports what an unversioned reference to `name`, of that GNU hash, finds. */
int module_set_find(const struct module_set *set, const char *name, uint32_t hash);

#endif /* HOST_VARIANTS_MODULE_SET_H */
