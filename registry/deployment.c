/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/deployment.h"

#include "registry/json_text.h"
#include "registry/rules.h"

#include <metacall/loader.h>
#include <string.h>
#include <unistd.h>

struct deployment {
    const char *language_id;
    const char *path;
    const char *const *scripts;
    const char *const *execution_paths;
};

#define DEPLOYMENT_FIELD(name, of_kind, of_flags)                                                  \
    {                                                                                              \
        .key = #name, .kind = of_kind, .flags = of_flags,                                          \
        .offset = offsetof(struct deployment, name), .rule = &rule_raw                             \
    }

static const struct field deployment_fields[] = {
    DEPLOYMENT_FIELD(language_id, FIELD_TEXT, FIELD_REQUIRED),
    DEPLOYMENT_FIELD(path, FIELD_TEXT, 0),
    DEPLOYMENT_FIELD(scripts, FIELD_TEXTS, FIELD_REQUIRED),
    DEPLOYMENT_FIELD(execution_paths, FIELD_TEXTS, 0),
};
static const struct shape deployment_shape = {
    .fields = deployment_fields, .count = 4, .size = sizeof(struct deployment)};

struct inspection {
    metacall_registry *registry;
    struct catalog *catalog;
    struct reader *reader;
    const char *folder;
};

int deployment_is(const char *text, size_t size)
{
    cJSON *root = cJSON_ParseWithLength(text, size);
    const cJSON *first = cJSON_IsArray(root) ? root->child : root;
    int is = cJSON_GetObjectItemCaseSensitive(first, "language_id") != NULL;
    cJSON_Delete(root);
    return is;
}

static void report_json(void *data, const char *id, size_t offset, const char *expected)
{
    struct reader *reader = data;
    struct metacall_diagnostic what = {
        .id = id,
        .severity = FINDING_USUAL,
        .path = reader->path,
        .expected = expected,
        .message = arena_format(reader->arena, "not JSON: expected %s", expected)};
    json_text_place(reader->text, reader->size, offset, &what.line, &what.column);
    findings_add(reader->findings, &what);
}

static const char *below(struct arena *arena, const char *folder, const char *path)
{
    return path[0] == '/' ? path : arena_format(arena, "%s/%s", folder, path);
}

static int is_there(const struct inspection *inspection, const char *path)
{
    return access(environment_real(catalog_environment(inspection->catalog),
                                   inspection->reader->arena, path),
                  R_OK) == 0;
}

static void check_loader(const struct inspection *inspection, const struct place *place,
                         const cJSON *node, const struct deployment *deployment)
{
    struct place inner = reader_member(place, node, "language_id");
    char tag[METACALL_REGISTRY_TAG_SIZE];
    struct metacall_registry_steps *steps = NULL;
    if (metacall_registry_tag_for_path(inspection->registry, deployment->language_id, tag) < 0) {
        metacall_error *error = metacall_error_take();
        reader_report(inspection->reader, &inner, SPOT_VALUE,
                      &(struct metacall_diagnostic){.id = "deployment.language",
                                                    .symbol = deployment->language_id,
                                                    .message = error ? error->message : "",
                                                    .fix = "install that loader"});
        metacall_error_release(error);
        return;
    }
    if (metacall_registry_explain(inspection->registry, tag, &steps) < 0) {
        metacall_error_release(metacall_error_take());
        return;
    }
    if (steps->row && steps->row->status != METACALL_REGISTRY_READY)
        reader_report(inspection->reader, &inner, SPOT_VALUE,
                      &(struct metacall_diagnostic){
                          .id = "registry.unready",
                          .tag = tag,
                          .symbol = metacall_registry_status_name(steps->row->status),
                          .message = steps->row->reason,
                          .fix = arena_format(inspection->reader->arena,
                                              "metacall-registry explain %s", tag)});
    metacall_registry_steps_free(steps);
}

/* A script is where `path` says, or in one of the execution paths. */
static int has_script(const struct inspection *inspection, const struct deployment *deployment,
                      const char *folder, const char *script)
{
    struct arena *arena = inspection->reader->arena;
    if (is_there(inspection, below(arena, folder, script)))
        return 1;
    for (const char *const *path = deployment->execution_paths; path && *path; path++) {
        if (is_there(inspection, below(arena, below(arena, folder, *path), script)))
            return 1;
    }
    return 0;
}

static void check_scripts(const struct inspection *inspection, const struct place *place,
                          const cJSON *node, const struct deployment *deployment)
{
    struct arena *arena = inspection->reader->arena;
    const char *folder = deployment->path && *deployment->path
                             ? below(arena, inspection->folder, deployment->path)
                             : inspection->folder;
    struct place list = reader_member(place, node, "scripts");
    struct place item = {.up = &list};
    for (const char *const *script = deployment->scripts; *script; script++, item.ordinal++) {
        if (!has_script(inspection, deployment, folder, *script))
            reader_report(inspection->reader, &item, SPOT_VALUE,
                          &(struct metacall_diagnostic){
                              .id = "deployment.script",
                              .symbol = *script,
                              .expected = "a script that can be read",
                              .found = "none",
                              .message = arena_format(arena, "%s is not there",
                                                      below(arena, folder, *script))});
    }
    list = reader_member(place, node, "execution_paths");
    item.ordinal = 0;
    for (const char *const *path = deployment->execution_paths; path && *path;
         path++, item.ordinal++) {
        if (!is_there(inspection, below(arena, folder, *path)))
            reader_report(inspection->reader, &item, SPOT_VALUE,
                          &(struct metacall_diagnostic){
                              .id = "deployment.path",
                              .symbol = *path,
                              .message = arena_format(arena, "the folder %s is not there",
                                                      below(arena, folder, *path))});
    }
}

static void check_one(const struct inspection *inspection, const struct place *place,
                      const cJSON *node)
{
    struct deployment deployment = {.language_id = NULL};
    if (reader_object(inspection->reader, place, node, &deployment_shape, &deployment) < 0)
        return;
    if (deployment.language_id)
        check_loader(inspection, place, node, &deployment);
    if (deployment.scripts)
        check_scripts(inspection, place, node, &deployment);
}

int deployment_check(metacall_registry *registry, struct catalog *catalog, const char *path,
                     const char *text, size_t size, struct findings *findings)
{
    struct arena arena = {.chunks = NULL};
    struct reader reader = {
        .path = path, .text = text, .size = size, .arena = &arena, .findings = findings};
    struct inspection inspection = {
        .registry = registry, .catalog = catalog, .reader = &reader, .folder = "."};
    const char *slash = strrchr(path, '/');
    if (slash)
        inspection.folder = arena_copy(&arena, path, (size_t)(slash - path));
    json_text_check(text, size, report_json, &reader);
    cJSON *root = cJSON_ParseWithLength(text, size);
    struct place place = {.up = NULL};
    if (cJSON_IsArray(root)) {
        for (const cJSON *item = root->child; item; item = item->next, place.ordinal++)
            check_one(&inspection, &place, item);
    } else if (root) {
        check_one(&inspection, NULL, root);
    }
    cJSON_Delete(root);
    int failed = arena.failed;
    arena_finish(&arena);
    return failed ? metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory") : 0;
}
