/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* check, validate: the public doors to the checks, and what a target may be. */
#include "registry/inspection.h"

#include "registry/check.h"
#include "registry/deployment.h"
#include "registry/source_file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPLOYMENT_SIZE_MAX (1024 * 1024)

void inspection_begin(struct inspection_result *inspection)
{
    memset(inspection, 0, sizeof *inspection);
    inspection->result = result_create(sizeof *inspection->result, &inspection->arena);
    inspection->findings.arena = inspection->arena;
}

int inspection_end(struct inspection_result *inspection, int result,
                   struct metacall_registry_findings **ret_findings)
{
    const struct findings *findings = &inspection->findings;
    if (result == 0 && inspection->arena->failed)
        result = metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    if (result < 0) {
        result_free(inspection->result);
        return -1;
    }
    *inspection->result = (struct metacall_registry_findings){
        .items = findings->list.items,
        .count = findings->list.count,
        .errors = findings->errors,
        .warnings = findings->warnings,
        .notes = findings->list.count - findings->errors - findings->warnings,
        .files = inspection->files};
    *ret_findings = inspection->result;
    return 0;
}

void metacall_registry_findings_free(struct metacall_registry_findings *findings)
{
    result_free(findings);
}

/* ------------------------------------------------------------------------------------ validate */

/* What stands before ".loader.json", also where it is no tag; NULL where that is not the end. */
static const char *base_name(struct inspection_result *inspection, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t size = strlen(name), suffix = strlen(MANIFEST_SUFFIX);
    return size > suffix && strcmp(name + size - suffix, MANIFEST_SUFFIX) == 0
               ? arena_copy(inspection->arena, name, size - suffix)
               : NULL;
}

static int validate_text(struct inspection_result *inspection, const char *path, const char *text,
                         size_t size)
{
    char tag[MANIFEST_TAG_MAX + 1];
    struct manifest *manifest;
    const char *name = manifest_tag_of_path(path, tag) == 0 ? tag : base_name(inspection, path);
    if (manifest_read(inspection->arena, path, name, text, size, &manifest) < 0)
        return -1;
    if (manifest->findings.list.count)
        findings_add_all(&inspection->findings, findings_at(&manifest->findings, 0),
                         manifest->findings.list.count);
    inspection->files++;
    return 0;
}

int metacall_registry_validate(const char *path, const char *text, size_t size,
                               struct metacall_registry_findings **ret_findings)
{
    struct inspection_result inspection;
    int result = 0;
    inspection_begin(&inspection);
    if (!inspection.result)
        return -1;
    if (size > MANIFEST_SIZE_MAX)
        findings_file(&inspection.findings, "file.size", path, NULL,
                      "is too large: %zu bytes; at most %d", size, MANIFEST_SIZE_MAX);
    else
        result = validate_text(&inspection, path, text, size);
    return inspection_end(&inspection, result, ret_findings);
}

/* Reads a file for checking; what is wrong with it becomes a finding. */
static char *read_file(struct inspection_result *inspection, const struct environment *environment,
                       const char *path, size_t size_max, size_t *ret_size)
{
    struct source_file source;
    source_file_open(environment, path, size_max, &source);
    char *text = source.state == SOURCE_FILE_OPEN ? source_file_read(&source) : NULL;
    if (source.state == SOURCE_FILE_MASK)
        findings_file(&inspection->findings, "registry.masked", path, NULL,
                      "an empty file masks the loader of its name");
    else if (source.state == SOURCE_FILE_ABSENT)
        findings_file(&inspection->findings, "file.access", path, NULL, "there is no such file");
    else if (!text)
        findings_file(&inspection->findings, source.id, path, NULL, "%s", source.message);
    *ret_size = source.size;
    source_file_close(&source);
    return text;
}

int metacall_registry_validate_file(const char *path,
                                    struct metacall_registry_findings **ret_findings)
{
    struct inspection_result inspection;
    struct environment environment;
    size_t size;
    int result = 0;
    if (environment_init(&environment, NULL, NULL, NULL, 0) < 0)
        return -1;
    inspection_begin(&inspection);
    if (inspection.result) {
        char *text = read_file(&inspection, &environment, path, MANIFEST_SIZE_MAX, &size);
        if (text)
            result = validate_text(&inspection, path, text, size);
        else
            inspection.files++;
        free(text);
        result = inspection_end(&inspection, result, ret_findings);
    } else {
        result = -1;
    }
    environment_finish(&environment);
    return result;
}

/* --------------------------------------------------------------------------------------- check */

static int check_tag(struct inspection_result *inspection, struct catalog *catalog,
                     const struct catalog_tag *tag)
{
    inspection->files += tag->count;
    return check_manifest(catalog, tag, &inspection->findings);
}

static int check_all(struct inspection_result *inspection, struct catalog *catalog)
{
    const struct catalog_tag *tags;
    const struct catalog_folder *folders;
    const struct findings *findings;
    size_t count, folder_count;
    int result = 0;
    if (catalog_tags(catalog, &tags, &count) < 0 ||
        catalog_folders(catalog, &folders, &folder_count, &findings) < 0)
        return -1;
    if (findings->list.count)
        findings_add_all(&inspection->findings, findings_at(findings, 0), findings->list.count);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = check_tag(inspection, catalog, &tags[i]);
    return result;
}

/* A manifest or a deployment. */
static int check_file(struct inspection_result *inspection, metacall_registry *registry,
                      struct catalog *catalog, const char *path)
{
    const struct catalog_tag *tag;
    char name[MANIFEST_TAG_MAX + 1];
    size_t size;
    int result;
    if (manifest_tag_of_path(path, name) < 0) {
        char *text =
            read_file(inspection, catalog_environment(catalog), path, DEPLOYMENT_SIZE_MAX, &size);
        int deploys = text && deployment_is(text, size);
        inspection->files += deploys || !text;
        result = deploys
                     ? deployment_check(registry, catalog, path, text, size, &inspection->findings)
                     : 0;
        free(text);
        if (deploys || !text)
            return result;
    }
    if (catalog_read_file(catalog, path, &tag) < 0)
        return -1;
    return check_tag(inspection, catalog, tag);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_folder(struct inspection_result *inspection, metacall_registry *registry,
                        struct catalog *catalog, const char *path)
{
    static const char *const below[] = {"lib/metacall/loaders.d", "metacall/loaders.d"};
    struct arena *arena = inspection->arena;
    const struct environment *environment = catalog_environment(catalog);
    struct arena_list names = {.items = NULL};
    char tag[MANIFEST_TAG_MAX + 1];
    struct dirent *entry;
    int result = 0;
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        const char *inner = arena_format(arena, "%s/%s", path, below[i]);
        if (access(environment_real(environment, arena, inner), F_OK) == 0) {
            path = inner;
            break;
        }
    }
    DIR *folder = opendir(environment_real(environment, arena, path));
    if (!folder) {
        findings_file(&inspection->findings, "folder.access", path, NULL, "%s", strerror(errno));
        return 0;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (manifest_tag_of_path(entry->d_name, tag) < 0)
            continue;
        const char **name = arena_push(arena, &names, sizeof *name);
        if (name)
            *name = arena_format(arena, "%s/%s", path, entry->d_name);
    }
    closedir(folder);
    if (names.count)
        qsort(names.items, names.count, sizeof(char *), by_name);
    else
        findings_file(&inspection->findings, "registry.empty", path, NULL,
                      "the folder holds no <tag>.loader.json");
    for (size_t i = 0; result == 0 && i < names.count; i++)
        result = check_file(inspection, registry, catalog, ((const char **)names.items)[i]);
    return result;
}

int inspection_check(struct inspection_result *inspection, metacall_registry *registry,
                     struct catalog *catalog, const char *target)
{
    const struct catalog_tag *tag;
    struct stat status;
    char absolute[PATH_MAX];
    const char *path = target;
    if (!target)
        return check_all(inspection, catalog);
    const char *real = environment_real(catalog_environment(catalog), inspection->arena, target);
    if (stat(real, &status) == 0) {
        /* Relative names of the caller count here: this is no search. */
        if (target[0] != '/' && realpath(real, absolute))
            path = absolute;
        if (S_ISDIR(status.st_mode))
            return check_folder(inspection, registry, catalog, path);
        return check_file(inspection, registry, catalog, path);
    }
    if (strchr(target, '/')) {
        findings_file(&inspection->findings, "file.access", target, NULL, "there is no such file");
        return 0;
    }
    if (registry_find(catalog, target, &tag) < 0)
        return -1;
    return check_tag(inspection, catalog, tag);
}

int metacall_registry_check(metacall_registry *registry, const char *target,
                            struct metacall_registry_findings **ret_findings)
{
    struct inspection_result inspection;
    inspection_begin(&inspection);
    if (!inspection.result)
        return -1;
    struct catalog *catalog = registry_catalog(registry);
    int result = inspection_check(&inspection, registry, catalog, target);
    catalog_release(catalog);
    return inspection_end(&inspection, result, ret_findings);
}
