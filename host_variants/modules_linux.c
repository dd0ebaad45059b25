/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The walk of mapped objects where dl_iterate_phdr exists (glibc, musl). Names are copied while the
 * linker's lock is held, since an object and its name may go at any time after it. */
#include "host_variants/modules.h"

#include "host_variants/elf_image.h"

#include <errno.h>
#include <limits.h>
#include <metacall/loader.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_TEXT ((size_t)-1)

struct entry {
    struct module module; /* first: a module is found back from its public part */
    const ElfW(Phdr) * headers;
    size_t header_count;
    struct elf_filter filter;  /* of its hash table: most questions end here */
    struct elf_image *image;   /* made when somebody asks for it; atomic */
    size_t path_at, soname_at; /* in `texts`, while it may still move */
};

struct modules {
    struct entry *entries;
    size_t count, room;
    char *texts;
    size_t texts_size, texts_room;
    unsigned long long loads, unloads; /* as dl_iterate_phdr counts them */
    uint64_t serial;
    unsigned references;          /* atomic */
    const struct modules *former; /* while walking: what of it is still true is taken over */
    int failed;
};

/* The last walk, for whoever asks while it is still true; it holds a reference. The lock is only
 * ever tried: whoever finds it taken (by a thread that a fork left behind, perhaps) walks. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct modules *last;
static uint64_t serials;

static size_t keep_text(struct modules *modules, const char *text)
{
    size_t size = strlen(text) + 1, at = modules->texts_size;

    if (at + size > modules->texts_room) {
        size_t likely = modules->former ? modules->former->texts_size + 256 : 4096;
        size_t room = (modules->texts_room + size) * 2 + likely;
        char *texts = realloc(modules->texts, room);
        if (!texts) {
            modules->failed = 1;
            return NO_TEXT;
        }
        modules->texts = texts;
        modules->texts_room = room;
    }
    memcpy(modules->texts + at, text, size);
    modules->texts_size += size;
    return at;
}

/* `expected`: how many objects there are, as the linker counts them. */
static struct entry *add_entry(struct modules *modules, size_t expected)
{
    if (modules->count == modules->room) {
        size_t room = modules->room < expected ? expected : modules->room * 2;
        struct entry *entries = realloc(modules->entries, room * sizeof(*entries));
        if (!entries) {
            modules->failed = 1;
            return NULL;
        }
        modules->entries = entries;
        modules->room = room;
    }
    return &modules->entries[modules->count++];
}

static void executable_path(struct modules *modules, struct entry *entry)
{
    static const char gone[] = " (deleted)";
    char path[PATH_MAX];
    struct stat info;
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (size < 0)
        size = 0;
    path[size] = 0;
    size_t tail = sizeof(gone) - 1;
    if ((size_t)size > tail && strcmp(path + size - tail, gone) == 0 && stat(path, &info) != 0)
        path[(size_t)size - tail] = 0;
    entry->path_at = keep_text(modules, path);
}

static void set_range(struct module *module, const struct dl_phdr_info *info)
{
    uintptr_t lowest = UINTPTR_MAX, highest = 0;

    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD)
            continue;
        if (header->p_vaddr < lowest)
            lowest = header->p_vaddr;
        if (header->p_vaddr + header->p_memsz > highest)
            highest = header->p_vaddr + header->p_memsz;
    }
    if (highest) {
        module->lowest = info->dlpi_addr + lowest;
        module->highest = info->dlpi_addr + highest;
    }
}

static void keep_names(struct modules *modules, struct entry *entry, const char *path,
                       const char *soname)
{
    entry->path_at = keep_text(modules, path);
    entry->soname_at = soname ? keep_text(modules, soname) : NO_TEXT;
}

/* The same object in the former walk. Nothing was unloaded since, and what is loaded goes to the
 * end, so it stands at the same place. */
static const struct entry *known_entry(const struct modules *modules,
                                       const struct dl_phdr_info *info)
{
    const struct modules *former = modules->former;
    size_t index = modules->count - 1;

    if (!former || former->unloads != info->dlpi_subs || index >= former->count)
        return NULL;
    const struct entry *known = &former->entries[index];
    return known->module.base == info->dlpi_addr && known->headers == info->dlpi_phdr ? known
                                                                                      : NULL;
}

static void read_object(struct modules *modules, struct entry *entry,
                        const struct dl_phdr_info *info)
{
    struct elf_image image = {.native = 0};

    set_range(&entry->module, info);
    if (!elf_image_view(info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr, &image)) {
        entry->module.dynamic = image.dynamic.at;
        entry->filter = elf_image_filter(&image);
    }
    keep_names(modules, entry, info->dlpi_name ? info->dlpi_name : "", image.soname);
    if (entry->module.is_executable)
        executable_path(modules, entry);
}

static int add_module(struct dl_phdr_info *info, size_t size, void *data)
{
    struct modules *modules = data;
    size_t mapped = (size_t)(info->dlpi_adds - info->dlpi_subs);
    struct entry *entry = add_entry(modules, mapped < 4096 ? mapped + 1 : 64);

    (void)size;
    if (!entry)
        return 1;
    memset(entry, 0, sizeof(*entry));
    modules->loads = info->dlpi_adds;
    modules->unloads = info->dlpi_subs;
    entry->headers = info->dlpi_phdr;
    entry->header_count = info->dlpi_phnum;
    entry->module.base = info->dlpi_addr;
    entry->module.is_executable = modules->count == 1;
    const struct entry *known = known_entry(modules, info);
    if (known) {
        entry->module = known->module;
        entry->filter = known->filter;
        keep_names(modules, entry, known->module.path, known->module.soname);
    } else {
        read_object(modules, entry, info);
    }
    entry->module.tls_module = info->dlpi_tls_modid;
    return modules->failed;
}

static int count_changes(struct dl_phdr_info *info, size_t size, void *data)
{
    struct modules *counts = data;

    (void)size;
    counts->loads = info->dlpi_adds;
    counts->unloads = info->dlpi_subs;
    return 1;
}

static void drop(struct modules *modules)
{
    for (size_t i = 0; i < modules->count; i++)
        free(modules->entries[i].image);
    free(modules->entries);
    free(modules->texts);
    free(modules);
}

/* The last walk, with a reference for the caller, or NULL; *ret_is_true says whether anything has
 * changed since. */
static struct modules *take_last(int *ret_is_true)
{
    struct modules counts, *found;

    dl_iterate_phdr(count_changes, &counts);
    if (pthread_mutex_trylock(&lock) != 0)
        return NULL;
    found = last;
    if (found) {
        __atomic_add_fetch(&found->references, 1, __ATOMIC_RELAXED);
        *ret_is_true = found->loads == counts.loads && found->unloads == counts.unloads;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

static void keep_last(struct modules *modules)
{
    struct modules *former;

    modules->serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED);
    modules->references = 1;
    if (pthread_mutex_trylock(&lock) != 0)
        return;
    modules->references = 2;
    former = last;
    last = modules;
    pthread_mutex_unlock(&lock);
    modules_destroy(former);
}

int modules_walk(struct modules **ret_modules)
{
    int is_true = 0;
    struct modules *former = take_last(&is_true), *modules;

    if (former && is_true) {
        *ret_modules = former;
        return 0;
    }
    modules = calloc(1, sizeof(*modules));
    if (modules) {
        modules->former = former;
        dl_iterate_phdr(add_module, modules);
        modules->former = NULL;
    }
    modules_destroy(former);
    if (!modules || modules->failed) {
        if (modules)
            drop(modules);
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < modules->count; i++) {
        struct entry *entry = &modules->entries[i];
        entry->module.path = modules->texts + entry->path_at;
        entry->module.soname =
            entry->soname_at == NO_TEXT ? NULL : modules->texts + entry->soname_at;
    }
    keep_last(modules);
    *ret_modules = modules;
    return 0;
}

void modules_destroy(struct modules *modules)
{
    if (modules && __atomic_sub_fetch(&modules->references, 1, __ATOMIC_ACQ_REL) == 0)
        drop(modules);
}

uint64_t modules_serial(const struct modules *modules)
{
    return modules->serial;
}

size_t modules_count(const struct modules *modules)
{
    return modules->count;
}

const struct module *modules_at(const struct modules *modules, size_t index)
{
    return index < modules->count ? &modules->entries[index].module : NULL;
}

size_t modules_index(const struct modules *modules, const struct module *module)
{
    return (size_t)((const struct entry *)module - modules->entries);
}

/* Several threads may share a walk: the first one's image counts. */
const struct elf_image *module_image(const struct module *module)
{
    static const struct elf_image nothing;
    struct entry *entry = (struct entry *)(uintptr_t)module;
    struct elf_image *image = __atomic_load_n(&entry->image, __ATOMIC_ACQUIRE), *other = NULL;

    if (image)
        return image;
    image = malloc(sizeof(*image));
    if (!image ||
        elf_image_view(entry->headers, entry->header_count, module->base, image) != NULL) {
        free(image);
        return &nothing;
    }
    if (!__atomic_compare_exchange_n(&entry->image, &other, image, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        free(image);
        image = other;
    }
    return image;
}

int module_exports(const struct module *module, const char *name, uint32_t hash)
{
    struct elf_symbol symbol;

    return elf_filter_passes(&((const struct entry *)module)->filter, hash) &&
           elf_image_find_hashed(module_image(module), name, hash, NULL, &symbol) == 0;
}

void *module_symbol(const struct module *module, const char *name, size_t *ret_size)
{
    struct elf_symbol symbol;

    uint32_t hash = elf_image_gnu_hash(name);

    if (!elf_filter_passes(&((const struct entry *)module)->filter, hash) ||
        elf_image_find_hashed(module_image(module), name, hash, NULL, &symbol) != 0 ||
        symbol.type == STT_TLS)
        return NULL;
    uintptr_t bias = symbol.section == SHN_ABS ? 0 : module->base;
    void *address = (void *)(bias + (uintptr_t)symbol.value);
    if (symbol.type == STT_GNU_IFUNC)
        address = ((void *(*)(void))(uintptr_t)address)();
    if (address && ret_size)
        *ret_size = symbol.size;
    return address;
}

const struct module *modules_of_address(const struct modules *modules, const void *address)
{
    uintptr_t at = (uintptr_t)address;

    for (size_t i = 0; i < modules->count; i++) {
        const struct module *module = &modules->entries[i].module;
        if (at >= module->lowest && at < module->highest)
            return module;
    }
    return NULL;
}

const struct module *modules_of_path(const struct modules *modules, const char *path)
{
    for (size_t i = 0; i < modules->count; i++) {
        if (strcmp(modules->entries[i].module.path, path) == 0)
            return &modules->entries[i].module;
    }
    return NULL;
}

const struct module *modules_of_soname(const struct modules *modules, const char *soname)
{
    for (size_t i = 0; i < modules->count; i++) {
        const char *own = modules->entries[i].module.soname;
        if (own && strcmp(own, soname) == 0)
            return &modules->entries[i].module;
    }
    return NULL;
}

const struct module *modules_of_base_name(const struct modules *modules, const char *name)
{
    for (size_t i = 0; i < modules->count; i++) {
        const char *path = modules->entries[i].module.path, *slash = strrchr(path, '/');
        if (strcmp(slash ? slash + 1 : path, name) == 0)
            return &modules->entries[i].module;
    }
    return NULL;
}

const struct module *modules_of_dynamic(const struct modules *modules, const void *dynamic)
{
    for (size_t i = 0; dynamic && i < modules->count; i++) {
        if (modules->entries[i].module.dynamic == dynamic)
            return &modules->entries[i].module;
    }
    return NULL;
}

const struct module *modules_of_file(const struct modules *modules, const char *path)
{
    const struct module *found = modules_of_path(modules, path);
    struct stat wanted, info;

    if (found || stat(path, &wanted) != 0)
        return found;
    for (size_t i = 0; i < modules->count; i++) {
        const struct module *module = &modules->entries[i].module;
        if (module->path[0] == '/' && stat(module->path, &info) == 0 &&
            info.st_dev == wanted.st_dev && info.st_ino == wanted.st_ino)
            return module;
    }
    return NULL;
}

struct locked_work {
    const struct modules *modules;
    int (*work)(void *data);
    void *data;
    int result;
};

static int run_locked(struct dl_phdr_info *info, size_t size, void *data)
{
    struct locked_work *locked = data;

    (void)size;
    locked->result = info->dlpi_subs == locked->modules->unloads ? locked->work(locked->data) : -1;
    return 1;
}

int modules_locked(const struct modules *modules, int (*work)(void *data), void *data)
{
    struct locked_work locked = {modules, work, data, MODULES_STALE};

    dl_iterate_phdr(run_locked, &locked);
    return locked.result;
}
