/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The proof of one candidate, from its file alone: nothing of it runs. */
#include "host_variants/elf_image.h"
#include "registry/pattern.h"
#include "registry/recognise.h"
#include "registry/runtime_library.h"
#include "registry/version.h"

#include <elf.h>
#include <metacall/loader.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int reject(const struct runtime_search *search, const char *path, const char *reason)
{
    trace_step(search->trace, "runtime", path, METACALL_REGISTRY_REJECTED, "%s", reason);
    return -1;
}

static const char *missing_marker(const struct elf_image *image,
                                  const struct manifest_markers *markers)
{
    struct elf_symbol symbol;
    for (const char *const *name = markers->functions; name && *name; name++) {
        if (elf_image_find(image, *name, NULL, &symbol) < 0 ||
            (symbol.type != STT_FUNC && symbol.type != STT_GNU_IFUNC))
            return *name;
    }
    for (const char *const *name = markers->data; name && *name; name++) {
        if (elf_image_find(image, *name, NULL, &symbol) < 0 || symbol.type != STT_OBJECT)
            return *name;
    }
    return NULL;
}

static const char *read_hex(const struct elf_image *image, const char *name, struct arena *arena)
{
    struct elf_symbol symbol;
    uint32_t hex;
    const void *at = elf_image_find(image, name, NULL, &symbol) == 0 && symbol.size >= 4
                         ? elf_image_at(image, symbol.value, sizeof hex)
                         : NULL;
    if (!at)
        return NULL;
    memcpy(&hex, at, sizeof hex);
    return arena_format(arena, "%u.%u.%u", hex >> 24, hex >> 16 & 0xff, hex >> 8 & 0xff);
}

static const char *read_string(const struct elf_image *image, const char *name, struct arena *arena)
{
    struct elf_symbol symbol;
    struct version version;
    char text[64] = "";
    if (elf_image_find(image, name, NULL, &symbol) < 0 || symbol.size < 2)
        return NULL;
    size_t size = symbol.size < sizeof text - 1 ? symbol.size : sizeof text - 1;
    const void *at = elf_image_at(image, symbol.value, size);
    if (!at)
        return NULL;
    memcpy(text, at, size);
    size = version_read(text, &version);
    return size ? arena_copy(arena, text, size) : NULL;
}

/* The number-th segment in which a text may lie: those that are only read, the last first, for the
 * dynamic linker's tables are in the first; those with code only where nothing else is. NULL = no
 * more; *ret_size 0 = not this one. */
static const char *text_segment(const struct elf_image *image, size_t number, size_t *ret_size)
{
    ElfW(Phdr) header;
    size_t count = 0, constant = 0;
    for (; elf_image_header(image, count, &header) == 0; count++)
        constant += header.p_type == PT_LOAD && !(header.p_flags & (PF_W | PF_X));
    if (number >= count || elf_image_header(image, count - 1 - number, &header) < 0)
        return NULL;
    *ret_size = 0;
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) ||
        (constant && (header.p_flags & PF_X)))
        return "";
    const char *at = elf_image_at(image, header.p_vaddr, header.p_filesz);
    *ret_size = at ? header.p_filesz : 0;
    return at ? at : "";
}

static const char *read_text(const struct elf_image *image, const char *pattern,
                             struct arena *arena)
{
    const char *at;
    char version[PATTERN_VERSION_SIZE];
    for (size_t i = 0, size; (at = text_segment(image, i, &size)) != NULL; i++) {
        if (size && pattern_find(pattern, at, size, version))
            return arena_text(arena, version);
    }
    return NULL;
}

static const char *find_version(const struct runtime_search *search, const struct elf_image *image,
                                const char *soname_version)
{
    const struct manifest_version_source *sources = search->library->version.items;
    const char *version = NULL;
    char numbers[32];
    for (size_t i = 0; i < search->library->version.count && !version; i++) {
        switch (sources[i].kind) {
        case VERSION_FROM_HEX:
            version = read_hex(image, sources[i].symbol, search->arena);
            break;
        case VERSION_FROM_STRING:
            version = read_string(image, sources[i].symbol, search->arena);
            break;
        case VERSION_FROM_TEXT:
            version = search->exact ? read_text(image, sources[i].symbol, search->arena) : NULL;
            break;
        case VERSION_FROM_SONAME:
            version = recognise_soname_version(search->library, soname_version);
            break;
        case VERSION_FROM_NUMBERS:
            if (host_version_numbers(image, sources[i].numbers, numbers, sizeof numbers) == 0)
                version = arena_text(search->arena, numbers);
            break;
        case VERSION_FROM_CALL:
            break;
        }
        if (version && !*version)
            version = NULL;
    }
    return version;
}

static const char *check_range(const struct runtime_search *search, const char *version,
                               const char *range)
{
    if (!range)
        return NULL;
    if (!version)
        return arena_format(search->arena, "its version cannot be told; %s is wanted", range);
    if (version_in_range(version, range) != 1)
        return arena_format(search->arena, "it is version %s; %s is wanted", version, range);
    return NULL;
}

/* A build of the runtime that the loader is not made for. */
static const char *refused_build(const struct runtime_search *search, const struct elf_image *image)
{
    const struct manifest_conflict *conflict = search->manifest->conflicts.items;
    struct elf_symbol symbol;
    for (size_t i = 0; i < search->manifest->conflicts.count; i++, conflict++) {
        const char *const *name = conflict->exports;
        if (!manifest_conflict_is_own(search->manifest, conflict) ||
            strcmp(conflict->action, "refuse") != 0)
            continue;
        while (*name && elf_image_find(image, *name, NULL, &symbol) == 0)
            name++;
        if (!*name)
            return arena_format(search->arena, "it exports %s: %s", conflict->exports[0],
                                conflict->advice);
    }
    return NULL;
}

static const char *judge(const struct runtime_search *search, const char *path,
                         const struct elf_image *image, const char **ret_version)
{
    char soname_version[PATTERN_VERSION_SIZE] = "";
    const char *slash = strrchr(path, '/'), *missing;
    const char *name = image->native && image->soname ? image->soname : slash ? slash + 1 : path;
    const char *fault;
    int matched = 0;
    if (!image->native)
        return arena_format(search->arena, "it is for another machine (class %d, machine %u)",
                            image->elf_class, image->machine);
    if (image->type != ET_DYN || (image->flags & ELF_IMAGE_PIE))
        return "it is a program, not a library";
    if ((fault = refused_build(search, image)) != NULL)
        return fault;
    for (const char *const *pattern = search->library->sonames; *pattern && !matched; pattern++)
        matched = pattern_match(*pattern, name, soname_version);
    if (!matched)
        return arena_format(search->arena, "its name %s matches none of the patterns", name);
    if ((missing = missing_marker(image, search->library->markers)) != NULL)
        return arena_format(search->arena, "it does not export the marker %s", missing);
    if (search->needed_version && strcmp(search->needed_version, soname_version) != 0)
        return arena_format(search->arena, "the plugin is built for %s, it is %s",
                            search->needed_version, soname_version);
    *ret_version = find_version(search, image, soname_version);
    if ((fault = check_range(search, *ret_version, search->manifest->runtime->versions)) == NULL)
        fault = check_range(search, *ret_version, search->range);
    return fault;
}

int runtime_library_verify(const struct runtime_search *search, const char *path,
                           const char *source, struct runtime_found *ret_found)
{
    struct elf_image image;
    const char *version = NULL;
    if (elf_image_open(environment_real(search->environment, search->arena, path), -1, &image) <
        0) {
        metacall_error *error = metacall_error_take();
        reject(search, path, error && error->message ? error->message : "it cannot be read");
        metacall_error_release(error);
        return -1;
    }
    const char *fault = judge(search, path, &image, &version);
    elf_image_close(&image);
    if (fault)
        return reject(search, path, fault);
    *ret_found = (struct runtime_found){
        .library = arena_text(search->arena, path), .version = version, .source = source};
    trace_step(search->trace, "runtime", path, METACALL_REGISTRY_TAKEN, "%s; found by %s",
               version ? version : "version unknown", source);
    return 0;
}

static int mentions(const struct elf_image *image, const char *text)
{
    const char *at;
    for (size_t i = 0, size; (at = text_segment(image, i, &size)) != NULL; i++) {
        if (size && memmem(at, size, text, strlen(text)))
            return 1;
    }
    return 0;
}

const struct manifest_file *runtime_file_missing(const struct environment *environment,
                                                 struct arena *arena,
                                                 const struct manifest_runtime *runtime, int exact,
                                                 struct runtime_found *found, size_t *from)
{
    const struct manifest_file *files = runtime->files.items, *missing = NULL;
    struct elf_image image;
    int opened = 0;
    for (; *from < runtime->files.count && !missing && opened >= 0; ++*from) {
        const struct manifest_file *file = &files[*from];
        if ((file->versions && found->version &&
             version_in_range(found->version, file->versions) == 0) ||
            access(environment_real(environment, arena, file->path), R_OK) == 0)
            continue;
        if (!exact) {
            found->unread = file->path;
            return NULL;
        }
        if (!opened)
            opened = elf_image_open(environment_real(environment, arena, found->library), -1,
                                    &image) == 0
                         ? 1
                         : -1;
        if (opened > 0 && mentions(&image, file->path))
            missing = file;
    }
    if (opened > 0)
        elf_image_close(&image);
    else if (opened < 0)
        metacall_error_release(metacall_error_take());
    return missing;
}
