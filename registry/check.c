/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* All variants of a manifest: the plugin alone (check_plugin.c), its folders and libraries, the
 * symbols that it needs, the runtime that it would get. */
#include "registry/check.h"

#include "registry/coverage.h"
#include "registry/needed_library.h"
#include "registry/pattern.h"
#include "registry/version.h"
#include <elf.h>
#include <fcntl.h>
#include <metacall/loader.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

struct check {
    struct catalog *catalog;
    const struct environment *environment;
    const struct catalog_tag *tag;
    const struct manifest *manifest;
    struct findings *findings;
    struct arena *arena;
};

static void report(const struct check *check, const char *id, const char *path, const char *symbol,
                   const char *message, const char *fix)
{
    findings_add(check->findings, &(struct metacall_diagnostic){.id = id,
                                                                .severity = FINDING_USUAL,
                                                                .path = path,
                                                                .tag = check->tag->tag,
                                                                .symbol = symbol,
                                                                .message = message,
                                                                .fix = fix});
}

/* ------------------------------------------------------------------------------- search folders */

/* The prefix that a plugin belongs to: what is above lib/. */
static const char *prefix_of(const struct check *check, const char *path)
{
    const char *place = strstr(path, "/lib/"), *next;
    while (place && (next = strstr(place + 1, "/lib/")) != NULL)
        place = next;
    return place ? arena_copy(check->arena, path, (size_t)(place - path)) : NULL;
}

static int is_below(const char *path, const char *folder)
{
    size_t size = strlen(folder);
    return strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* An entry with its /../ taken out, by text alone. */
static const char *normal(struct arena *arena, const char *path)
{
    char *out = arena_bytes(arena, strlen(path) + 2);
    size_t size = 0;
    if (!out)
        return path;
    while (*path) {
        size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            while (size > 0 && out[--size] != '/')
                ;
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            out[size++] = '/';
            memcpy(out + size, path, length);
            size += length;
        }
        path += length + (path[length] == '/');
    }
    out[size] = '\0';
    return size ? out : "/";
}

static void check_entry(const struct check *check, const char *plugin, const char *text,
                        const char *folder)
{
    struct stat status;
    const char *prefix = prefix_of(check, plugin);
    if (!*text) {
        report(check, "elf.runpath.empty", plugin, text, "an entry of its RUNPATH is empty",
               "link with -Wl,-rpath,$ORIGIN/..., or none");
    } else if (folder[0] != '/') {
        report(check, "elf.runpath.relative", plugin, text,
               arena_format(check->arena, "the entry %s of its RUNPATH is relative", text),
               "begin it with $ORIGIN");
    } else if (stat(environment_real(check->environment, check->arena, folder), &status) == 0 &&
               (status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX)) {
        report(
            check, "elf.runpath.writable", plugin, text,
            arena_format(check->arena, "everybody may write %s, an entry of its RUNPATH", folder),
            "chmod o-w the folder");
    } else if (prefix && !is_below(normal(check->arena, folder), normal(check->arena, prefix))) {
        report(check, "elf.runpath.outside", plugin, text,
               arena_format(check->arena, "the entry %s of its RUNPATH lies outside of %s", text,
                            prefix),
               "link with an entry below $ORIGIN");
    }
}

static void check_runpath(const struct check *check, const char *plugin, const char *list)
{
    while (list) {
        size_t size = strcspn(list, ":");
        check_entry(check, plugin, arena_copy(check->arena, list, size),
                    needed_library_origin(check->arena, list, size, plugin));
        list = list[size] == ':' ? list + size + 1 : NULL;
    }
}

/* ------------------------------------------------------------------------------------ versions */

static void check_libc(const struct check *check, const char *plugin, const struct elf_image *image)
{
#ifdef __GLIBC__
    struct elf_need_cursor cursor = {0};
    struct elf_need need;
    struct version ours, wanted;
    if (environment_is_foreign(check->environment))
        return;
    version_read(gnu_get_libc_version(), &ours);
    while (elf_image_next_need(image, &cursor, &need) == 1) {
        if (strncmp(need.version, "GLIBC_", 6) != 0 || need.weak ||
            version_read(need.version + 6, &wanted) == 0 || version_compare(&wanted, &ours) <= 0)
            continue;
        report(check, "libc.version", plugin, need.version,
               arena_format(check->arena, "needs %s of %s, this system has %s", need.version,
                            need.file, gnu_get_libc_version()),
               "build the plugin on a system that is as old as this one");
    }
#else
    (void)check;
    (void)plugin;
    (void)image;
#endif
}

/* ------------------------------------------------------------------------------------- runtime */

/* A program that a host pattern without a version names, when it exports the markers itself. */
static const char *host_program(const struct check *check)
{
    const struct manifest *manifest = check->manifest;
    const struct manifest_markers *markers = manifest->host->markers
                                                 ? manifest->host->markers
                                                 : manifest_library_at(manifest, 0)->markers;
    const char *const *marker = markers->functions ? markers->functions : markers->data;
    for (const char *const *name = manifest->host->executables; name && *name; name++) {
        struct elf_image image;
        struct elf_symbol symbol;
        const char *program = strchr(*name, '%')
                                  ? NULL
                                  : runtime_program(check->environment, check->arena, *name, NULL);
        if (!program)
            continue;
        if (elf_image_open(environment_real(check->environment, check->arena, program), -1,
                           &image) < 0) {
            metacall_error_release(metacall_error_take());
            continue;
        }
        int holds = image.native && elf_image_find(&image, *marker, NULL, &symbol) == 0;
        elf_image_close(&image);
        if (holds)
            return program;
    }
    return NULL;
}

static const struct manifest_variant *linked_variant(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->variants.count; i++) {
        if (manifest_variant_at(manifest, i)->strategy == STRATEGY_LINKED)
            return manifest_variant_at(manifest, i);
    }
    return NULL;
}

static int find_runtime(const struct check *check, const char *needed_version, const char *range,
                        struct trace *trace, struct runtime_found *ret_found)
{
    const struct manifest *manifest = check->manifest;
    const char *slash = strrchr(manifest->path, '/');
    for (size_t i = 0; i < manifest->runtime->libraries.count; i++) {
        const struct runtime_search search = {
            .environment = check->environment,
            .manifest = manifest,
            .library = manifest_library_at(manifest, i),
            .manifest_folder = arena_copy(check->arena, manifest->path,
                                          slash ? (size_t)(slash - manifest->path) : 0),
            .needed_version = needed_version && *needed_version ? needed_version : NULL,
            .range = range,
            .probe = 1,
            .exact = 1,
            .arena = check->arena,
            .trace = trace,
        };
        if (runtime_library_find(&search, ret_found))
            return 1;
    }
    return 0;
}

static void check_files(const struct check *check, struct runtime_found *found)
{
    const struct manifest_file *file;
    size_t from = 0;
    while ((file = runtime_file_missing(check->environment, check->arena, check->manifest->runtime,
                                        1, found, &from)) != NULL)
        report(check, "runtime.data", file->path, found->library,
               arena_format(check->arena, "%s reads it at its start, and it is missing",
                            found->library),
               file->package ? arena_format(check->arena, "install the package %s", file->package)
                             : NULL);
}

/* The file that holds the runtime for this variant, NULL = none is found (and that is told). */
static const char *find_provider(const struct check *check, const struct manifest_variant *variant,
                                 const char *needed_version)
{
    struct trace trace = {.arena = check->arena};
    struct runtime_found found;
    const char *range = variant->when ? variant->when->runtime_version : NULL;
    const struct manifest_variant *linked = linked_variant(check->manifest);
    if (!check->manifest->runtime)
        return NULL;
    if (variant->strategy == STRATEGY_LINKED && !variant->needed)
        return NULL;
    if (variant->strategy != STRATEGY_LINKED) {
        const char *program = host_program(check);
        if (program)
            return program;
        if (find_runtime(check, NULL, range, &trace, &found))
            return found.library;
        return NULL;
    }
    if (find_runtime(check, needed_version, range, &trace, &found)) {
        check_files(check, &found);
        return found.library;
    }
    report(check, "runtime.missing", check->manifest->path, check->manifest->runtime->name,
           arena_format(check->arena, "no %s was found that fits: %s",
                        check->manifest->runtime->name, trace_rejections(&trace, "runtime")),
           linked == variant ? "install the runtime's shared library, or name it in the variable "
                               "that the find rules begin with"
                             : NULL);
    return NULL;
}

/* ------------------------------------------------------------------------------------- variants */

static const char *match_needed(const struct manifest_variant *variant,
                                const struct elf_image *image, char version[PATTERN_VERSION_SIZE])
{
    const char *needed;
    version[0] = '\0';
    for (size_t i = 0; variant->needed && (needed = elf_image_needed(image, i)) != NULL; i++) {
        if (pattern_match(variant->needed, needed, version))
            return needed;
    }
    return NULL;
}

static void check_contents(const struct check *check, const struct manifest_variant *variant,
                           const char *plugin, const struct elf_image *image)
{
    char needed_version[PATTERN_VERSION_SIZE];
    check_image(check->manifest, variant, plugin, image, 1, check->findings);
    if (!image->native || image->type != ET_DYN)
        return;
    const char *needed = match_needed(variant, image, needed_version);
    check_runpath(check, plugin, image->rpath);
    check_runpath(check, plugin, image->runpath);
    check_libc(check, plugin, image);
    coverage_check(check->environment, check->tag->tag, plugin, image,
                   find_provider(check, variant, needed_version), needed, check->findings);
}

static void check_variant(const struct check *check, const struct manifest_variant *variant)
{
    struct plugin_file file = {.fd = -1};
    struct elf_image image;
    const char *looked;
    const char *plugin =
        select_plugin(check->catalog, check->manifest, variant->library, check->arena, &looked);
    if (!plugin) {
        report(check, "plugin.missing", check->manifest->path, variant->library,
               arena_format(check->arena, "the plugin %s is not there; looked at %s",
                            variant->library, looked),
               "install the package that holds it, or mend the path in the manifest");
        return;
    }
    if (plugin_file_open(check->environment, check->manifest, variant, plugin, check->findings,
                         &file) < 0)
        return;
    if (elf_image_open(plugin, file.fd, &image) < 0) {
        metacall_error *error = metacall_error_take();
        report(check, "elf.unreadable", plugin, NULL,
               error && error->message ? error->message : "it cannot be read", NULL);
        metacall_error_release(error);
    } else {
        check_contents(check, variant, plugin, &image);
        elf_image_close(&image);
    }
    plugin_file_close(&file);
}

static void check_depends(const struct check *check)
{
    const struct manifest_dependency *items = check->manifest->depends.items;
    for (size_t i = 0; i < check->manifest->depends.count; i++) {
        const struct catalog_tag *tag = NULL;
        const char *version, *fault = NULL;
        if (catalog_lookup(check->catalog, items[i].tag, &tag) < 0)
            metacall_error_release(metacall_error_take());
        version = tag && tag->manifest ? tag->manifest->version : NULL;
        if (!tag)
            fault = "no manifest of that tag is found";
        else if (!version)
            fault = "it cannot be used";
        else if (items[i].version && version_in_range(version, items[i].version) != 1)
            fault = arena_format(check->arena, "it is version %s, wanted %s", version,
                                 items[i].version);
        if (fault)
            report(
                check, "registry.depends", check->manifest->path, items[i].tag,
                arena_format(check->arena, "it depends on the loader %s: %s", items[i].tag, fault),
                "install that loader");
    }
}

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Two variants of one plugin tell the same things: each counts once. */
static void add_once(struct findings *findings, const struct metacall_diagnostic *item)
{
    for (size_t i = 0; i < findings->list.count; i++) {
        const struct metacall_diagnostic *known = findings_at(findings, i);
        if (same_text(known->id, item->id) && same_text(known->path, item->path) &&
            same_text(known->symbol, item->symbol) && same_text(known->message, item->message) &&
            known->line == item->line)
            return;
    }
    findings_add(findings, item);
}

int check_manifest(struct catalog *catalog, const struct catalog_tag *tag,
                   struct findings *findings)
{
    struct arena arena = {.chunks = NULL};
    struct findings found = {.arena = &arena};
    struct check check = {.catalog = catalog,
                          .environment = catalog_environment(catalog),
                          .tag = tag,
                          .manifest = tag->manifest,
                          .findings = &found,
                          .arena = &arena};
    for (size_t i = 0; i < tag->count; i++) {
        const struct findings *own = &tag->files[i].manifest->findings;
        if (own->list.count)
            findings_add_all(&found, findings_at(own, 0), own->list.count);
    }
    for (size_t i = 0; tag->manifest && i < tag->manifest->variants.count; i++)
        check_variant(&check, manifest_variant_at(tag->manifest, i));
    if (tag->manifest)
        check_depends(&check);
    for (size_t i = 0; i < found.list.count; i++)
        add_once(findings, findings_at(&found, i));
    int failed = arena.failed || findings->arena->failed;
    arena_finish(&arena);
    return failed ? metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory") : 0;
}
