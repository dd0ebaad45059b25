/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/needed_library.h"

#include "host_variants/modules.h"
#include "registry/source_file.h"
#include <elf.h>
#include <metacall/loader.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_MAGIC "glibc-ld.so.cache1.1"
#define CACHE_MAX (16 * 1024 * 1024)

struct cache_header {
    char magic[20];
    uint32_t count, strings_size;
    uint8_t flags, padding[3];
    uint32_t extension, unused[3];
};

struct cache_entry {
    int32_t flags;
    uint32_t key, value, os_version;
    uint64_t hwcap;
};

static int is_native_library(const struct environment *environment, struct arena *arena,
                             const char *path)
{
    struct elf_image image;
    if (access(environment_real(environment, arena, path), R_OK) < 0)
        return 0;
    if (elf_image_open(environment_real(environment, arena, path), -1, &image) < 0) {
        metacall_error_release(metacall_error_take());
        return 0;
    }
    int native = image.native && image.type == ET_DYN;
    elf_image_close(&image);
    return native;
}

const char *needed_library_origin(struct arena *arena, const char *entry, size_t size,
                                  const char *path)
{
    static const char *const names[] = {"$ORIGIN", "${ORIGIN}"};
    const char *text = arena_copy(arena, entry, size), *slash = strrchr(path, '/');
    for (size_t i = 0; slash && i < 2; i++) {
        const char *at = strstr(text, names[i]);
        if (at)
            return arena_format(arena, "%.*s%.*s%s", (int)(at - text), text, (int)(slash - path),
                                path, at + strlen(names[i]));
    }
    return text;
}

static const char *in_list(const struct environment *environment, struct arena *arena,
                           const char *list, const char *path, const char *soname)
{
    while (list && *list) {
        size_t size = strcspn(list, ":");
        const char *folder = needed_library_origin(arena, list, size, path);
        const char *found = arena_format(arena, "%s/%s", folder, soname);
        if (folder[0] == '/' && is_native_library(environment, arena, found))
            return found;
        list += size + (list[size] == ':');
    }
    return NULL;
}

/* Every field of the cache is checked against its size: it is a file like any other. */
static const char *in_cache(const struct environment *environment, struct arena *arena,
                            const char *soname)
{
    struct source_file source;
    struct cache_header header;
    const char *found = NULL;
    source_file_open(environment, "/etc/ld.so.cache", CACHE_MAX, &source);
    char *bytes = source.state == SOURCE_FILE_OPEN ? source_file_read(&source) : NULL;
    source_file_close(&source);
    if (!bytes || source.size < sizeof header)
        goto out;
    memcpy(&header, bytes, sizeof header);
    if (memcmp(header.magic, CACHE_MAGIC, sizeof header.magic) != 0 ||
        header.count > (source.size - sizeof header) / sizeof(struct cache_entry))
        goto out;
    for (uint32_t i = 0; i < header.count && !found; i++) {
        struct cache_entry entry;
        memcpy(&entry, bytes + sizeof header + i * sizeof entry, sizeof entry);
        if (entry.key >= source.size || entry.value >= source.size)
            continue;
        /* source_file_read puts a NUL after the last byte. */
        if (strcmp(bytes + entry.key, soname) == 0 &&
            is_native_library(environment, arena, bytes + entry.value))
            found = arena_text(arena, bytes + entry.value);
    }
out:
    free(bytes);
    return found;
}

static const char *mapped(const struct environment *environment, struct arena *arena,
                          const char *soname)
{
    struct modules *modules;
    const char *found = NULL;
    if (environment_is_foreign(environment) || modules_walk(&modules) < 0)
        return NULL;
    const struct module *module = modules_of_soname(modules, soname);
    if (module && module->path && module->path[0] == '/' && access(module->path, R_OK) == 0)
        found = arena_text(arena, module->path);
    modules_destroy(modules);
    return found;
}

const char *needed_library_find(const struct environment *environment, struct arena *arena,
                                const struct elf_image *image, const char *path, const char *soname)
{
    static const char standard[] =
        "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib/aarch64-linux-gnu:"
        "/usr/lib/aarch64-linux-gnu:/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/lib";
    const char *found;
    if (strchr(soname, '/'))
        return is_native_library(environment, arena, soname) ? soname : NULL;
    if ((found = mapped(environment, arena, soname)) != NULL)
        return found;
    if (!image->runpath &&
        (found = in_list(environment, arena, image->rpath, path, soname)) != NULL)
        return found;
    if ((found = in_list(environment, arena, environment_get(environment, "LD_LIBRARY_PATH"), path,
                         soname)) != NULL ||
        (found = in_list(environment, arena, image->runpath, path, soname)) != NULL ||
        (found = in_cache(environment, arena, soname)) != NULL)
        return found;
    return in_list(environment, arena, standard, path, soname);
}
