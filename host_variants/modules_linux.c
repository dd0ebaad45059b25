/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The walk of mapped objects where dl_iterate_phdr exists (glibc, musl). Names are copied while the
 * linker's lock is held, since an object and its name may go at any time after it. */
#include "host_variants/modules.h"

#include "host_variants/elf_image.h"

#include <errno.h>
#include <limits.h>
#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_TEXT ((size_t)-1)

struct entry {
    struct module module; /* first: a module is found back from its public part */
    const ElfW(Phdr) * headers;
    size_t header_count;
    const char *name;          /* the linker's, while walking */
    const char *soname;        /* the object's, while walking */
    const uint8_t *gnu_hash;   /* its hash table, NULL = none */
    size_t dynamic_count;      /* entries of PT_DYNAMIC; 0 = read already */
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

/* The last walk, for whoever asks while it is still true; it holds a reference. It is never waited
 * for: whoever finds it busy (with a thread that a fork left behind, perhaps) walks. */
static int last_is_busy;
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

/* Sets the range, and PT_DYNAMIC. */
static void read_headers(struct entry *entry)
{
    struct module *module = &entry->module;
    uintptr_t lowest = UINTPTR_MAX, highest = 0;

    for (size_t i = 0; i < entry->header_count; i++) {
        const ElfW(Phdr) *header = &entry->headers[i];
        if (header->p_type == PT_DYNAMIC) {
            module->dynamic = (const void *)(module->base + header->p_vaddr);
            entry->dynamic_count = header->p_memsz / sizeof(ElfW(Dyn));
        }
        if (header->p_type != PT_LOAD)
            continue;
        if (header->p_vaddr < lowest)
            lowest = header->p_vaddr;
        if (header->p_vaddr + header->p_memsz > highest)
            highest = header->p_vaddr + header->p_memsz;
    }
    if (highest) {
        module->lowest = module->base + lowest;
        module->highest = module->base + highest;
    }
}

/* A pointer of PT_DYNAMIC, which glibc has relocated and musl has not. NULL = outside. */
static const uint8_t *table_at(const struct module *module, ElfW(Addr) pointer, size_t size)
{
    uintptr_t at = pointer;

    if (at < module->lowest || at >= module->highest)
        at += module->base;
    return pointer && at >= module->lowest && at < module->highest && module->highest - at >= size
               ? (const uint8_t *)at
               : NULL;
}

static struct elf_filter filter_at(const uint8_t *gnu_hash, int has_other)
{
    struct elf_filter filter = {.passes = (uint8_t)has_other};
    uint32_t head[4] = {0}; /* buckets, first symbol, words of the filter, its shift */

    if (gnu_hash)
        memcpy(head, gnu_hash, sizeof(head));
    if (head[0] && head[2] && (head[2] & (head[2] - 1)) == 0) {
        filter.words = gnu_hash + sizeof(head);
        filter.mask = head[2] - 1;
        filter.shift = head[3] & (sizeof(ElfW(Addr)) * 8 - 1);
    }
    return filter;
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

/* Of the tables no more than who asks every module for a name will need: an image of each would
 * take several times as long. */
static void read_dynamic(struct entry *entry)
{
    const struct module *module = &entry->module;
    const ElfW(Dyn) *dynamic = module->dynamic;
    ElfW(Addr) strings = 0, soname = 0, gnu_hash = 0, sysv_hash = 0;
    int has_soname = 0;

    for (size_t i = 0; i < entry->dynamic_count && dynamic[i].d_tag != DT_NULL; i++) {
        switch (dynamic[i].d_tag) {
        case DT_SONAME:
            soname = dynamic[i].d_un.d_val;
            has_soname = 1;
            break;
        case DT_STRTAB:
            strings = dynamic[i].d_un.d_ptr;
            break;
        case DT_HASH:
            sysv_hash = dynamic[i].d_un.d_ptr;
            break;
        case DT_GNU_HASH:
            gnu_hash = dynamic[i].d_un.d_ptr;
            break;
        default:
            break;
        }
    }
    const uint8_t *texts = has_soname ? table_at(module, strings, soname + 1) : NULL;
    entry->soname = texts ? (const char *)texts + soname : NULL;
    entry->gnu_hash = table_at(module, gnu_hash, 16);
    entry->filter.passes = table_at(module, sysv_hash, 8) != NULL;
}

/* Asks for memory that is about to be read: in a walk of all objects most time is waiting for it.
 */
static void expect_bytes(const void *at, size_t size)
{
    for (size_t i = 0; i < size; i += 64)
        __builtin_prefetch((const char *)at + i);
}

/* In steps over all objects, each of which asks for what the next one reads. */
static int read_objects(void *data)
{
    struct modules *modules = data;
    struct entry *end = modules->entries + modules->count;

    for (struct entry *entry = modules->entries; entry < end; entry++) {
        if (!entry->module.dynamic)
            expect_bytes(entry->headers, entry->header_count * sizeof(*entry->headers));
    }
    for (struct entry *entry = modules->entries; entry < end; entry++) {
        if (entry->module.dynamic)
            continue; /* known */
        read_headers(entry);
        expect_bytes(entry->module.dynamic, entry->dynamic_count * sizeof(ElfW(Dyn)));
    }
    for (struct entry *entry = modules->entries; entry < end; entry++) {
        if (!entry->dynamic_count)
            continue;
        read_dynamic(entry);
        expect_bytes(entry->soname, 1);
        expect_bytes(entry->gnu_hash, 1);
        expect_bytes(entry->name, 1);
    }
    for (struct entry *entry = modules->entries; entry < end && !modules->failed; entry++) {
        if (entry->dynamic_count)
            entry->filter = filter_at(entry->gnu_hash, entry->filter.passes);
        keep_names(modules, entry, entry->name, entry->soname);
        if (entry->module.is_executable && !entry->module.path)
            executable_path(modules, entry);
    }
    return 0;
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
    entry->name = info->dlpi_name ? info->dlpi_name : "";
    entry->headers = info->dlpi_phdr;
    entry->header_count = info->dlpi_phnum;
    entry->module.base = info->dlpi_addr;
    entry->module.is_executable = modules->count == 1;
    const struct entry *known = known_entry(modules, info);
    if (known) {
        entry->module = known->module;
        entry->filter = known->filter;
        entry->gnu_hash = known->gnu_hash;
        entry->name = known->module.path;
        entry->soname = known->module.soname;
    }
    entry->module.tls_module = info->dlpi_tls_modid;
    return 0;
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
    if (__atomic_exchange_n(&last_is_busy, 1, __ATOMIC_ACQUIRE))
        return NULL;
    found = last;
    if (found) {
        __atomic_add_fetch(&found->references, 1, __ATOMIC_RELAXED);
        *ret_is_true = found->loads == counts.loads && found->unloads == counts.unloads;
    }
    __atomic_store_n(&last_is_busy, 0, __ATOMIC_RELEASE);
    return found;
}

static void keep_last(struct modules *modules)
{
    struct modules *former;

    modules->serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED);
    modules->references = 1;
    if (__atomic_exchange_n(&last_is_busy, 1, __ATOMIC_ACQUIRE))
        return;
    modules->references = 2;
    former = last;
    last = modules;
    __atomic_store_n(&last_is_busy, 0, __ATOMIC_RELEASE);
    modules_destroy(former);
}

/* Lists the objects, then reads them; both under the linker's lock, but not the same time: what was
 * listed is void when something was unloaded between. */
static void walk(struct modules *modules, const struct modules *former)
{
    int is_read = 0;

    while (!is_read && !modules->failed) {
        modules->count = modules->texts_size = 0;
        modules->former = former;
        dl_iterate_phdr(add_module, modules);
        if (!modules->failed)
            is_read = modules_locked(modules, read_objects, modules) == 0;
    }
    modules->former = NULL;
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
    if (modules)
        walk(modules, former);
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

/* Whether a symbol of that hash is in the table: of what the filter lets pass most is not, and need
 * not have an image made. */
static int may_export(const struct entry *entry, uint32_t hash)
{
    const uint8_t *end = (const uint8_t *)entry->module.highest;
    uint32_t head[4], at, other;

    if (!elf_filter_passes(&entry->filter, hash))
        return 0;
    if (!entry->filter.words)
        return 1;
    memcpy(head, entry->gnu_hash, sizeof(head));
    const uint8_t *buckets = entry->filter.words + head[2] * sizeof(ElfW(Addr));
    const uint8_t *chains = buckets + (size_t)head[0] * 4;
    if (chains > end)
        return 1;
    memcpy(&at, buckets + (size_t)(hash % head[0]) * 4, 4);
    if (at < head[1])
        return 0;
    for (chains += (size_t)(at - head[1]) * 4; chains + 4 <= end; chains += 4) {
        memcpy(&other, chains, 4);
        if ((other | 1) == (hash | 1))
            return 1;
        if (other & 1)
            return 0;
    }
    return 1;
}

int module_exports(const struct module *module, const char *name, uint32_t hash)
{
    struct elf_symbol symbol;

    return may_export((const struct entry *)module, hash) &&
           elf_image_find_hashed(module_image(module), name, hash, NULL, &symbol) == 0;
}

void *module_symbol(const struct module *module, const char *name, size_t *ret_size)
{
    struct elf_symbol symbol;

    uint32_t hash = elf_image_gnu_hash(name);

    if (!may_export((const struct entry *)module, hash) ||
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
