/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One walk of what is mapped in this process. No allocation from, and no call into, a runtime
 * happens inside the walk. */
#ifndef HOST_VARIANTS_MODULES_H
#define HOST_VARIANTS_MODULES_H

#include <stddef.h>
#include <stdint.h>

/* A mapped ELF object. */
struct module {
    const char *path;   /* as the linker knows it; the executable's is resolved */
    const char *soname; /* NULL = none */
    uintptr_t base;     /* load bias */
    int is_executable;
    const void *dynamic;       /* its PT_DYNAMIC in memory, NULL = none */
    uintptr_t lowest, highest; /* its PT_LOAD range, [lowest, highest) */
    size_t tls_module;         /* the linker's number of its TLS block; 0 = it has none */
};

struct elf_image;
struct modules; /* an array of struct module, executable first, then load order */

/* 0, or -1 with the error set. As long as nothing is loaded or unloaded, everybody gets the same
 * walk, at the price of asking the linker for its counts. Threads: any. */
int modules_walk(struct modules **ret_modules);
void modules_destroy(struct modules *modules); /* NULL is accepted */
/* A number that no other walk of this process has. */
uint64_t modules_serial(const struct modules *modules);
size_t modules_count(const struct modules *modules);
const struct module *modules_at(const struct modules *modules, size_t index);
/* Where a module of this walk stands in it. */
size_t modules_index(const struct modules *modules, const struct module *module);
/* The address that `module` itself exports under `name` (its own dynamic symbols, no dependency,
 * no global scope), or NULL. An IFUNC gives the chosen implementation; a thread-local gives NULL.
 * *ret_size, where given, is the symbol's size. */
void *module_symbol(const struct module *module, const char *name, size_t *ret_size);
/* The module that holds an address, or NULL. */
const struct module *modules_of_address(const struct modules *modules, const void *address);
/* The module's tables, as they are mapped. Like all that is asked of a module, good only while the
 * module stays loaded: modules_locked says whether it still is. */
const struct elf_image *module_image(const struct module *module);
/* Whether the module itself exports `name`, whose GNU hash is given. */
int module_exports(const struct module *module, const char *name, uint32_t hash);
/* The module of that path or SONAME, or NULL. */
const struct module *modules_of_path(const struct modules *modules, const char *path);
const struct module *modules_of_soname(const struct modules *modules, const char *soname);
/* The first module whose path ends in that file name, or NULL. */
const struct module *modules_of_base_name(const struct modules *modules, const char *name);
/* The same object in another walk, by its PT_DYNAMIC (which is its link_map's l_ld too). */
const struct module *modules_of_dynamic(const struct modules *modules, const void *dynamic);
/* The module that is the file `path`, under whatever name: same path, or same device and inode. */
const struct module *modules_of_file(const struct modules *modules, const char *path);
/* Runs `work` while nothing can be loaded or unloaded (the linker's lock is held: `work` must not
 * allocate from, or call into, anything mapped later). Returns what `work` returned, or
 * MODULES_STALE, without running it and without an error set, when something was unloaded since the
 * walk: walk again. */
#define MODULES_STALE (-1)
int modules_locked(const struct modules *modules, int (*work)(void *data), void *data);

#endif /* HOST_VARIANTS_MODULES_H */
