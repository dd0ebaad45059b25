/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A manifest as it counts: every value with its place in the file, paths made absolute, and the
 * defaults that stand for what the file does not say. */
#include "registry/command.h"
#include "registry/json_text.h"
#include "registry/registry.h"
#include "registry/row.h"
#include "registry/source_file.h"

#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>

struct showing {
    struct catalog *catalog;
    const struct manifest *manifest;
    cJSON *root;
    struct reader reader;
    struct arena *arena;
    struct arena_list fields;
};

static void add(struct showing *showing, const char *pointer, const char *value, const char *origin,
                const struct place *place)
{
    unsigned ordinals[JSON_TEXT_DEPTH + 1];
    size_t depth = 0;
    struct metacall_registry_field *field =
        arena_push(showing->arena, &showing->fields, sizeof *field);
    if (!field)
        return;
    *field = (struct metacall_registry_field){.pointer = pointer, .value = value, .origin = origin};
    for (const struct place *at = place; at; at = at->up)
        depth++;
    if (!place || depth > JSON_TEXT_DEPTH)
        return;
    size_t level = depth;
    for (const struct place *at = place; at; at = at->up)
        ordinals[--level] = at->ordinal;
    size_t offset =
        json_text_locate(showing->reader.text, showing->reader.size, ordinals, depth, 0);
    json_text_place(showing->reader.text, showing->reader.size, offset, &field->line,
                    &field->column);
}

static const char *print(struct showing *showing, const cJSON *node)
{
    char *text = cJSON_PrintUnformatted(node);
    const char *copy = text ? arena_text(showing->arena, text) : "";
    showing->arena->failed |= !text;
    free(text);
    return copy;
}

static const char *quote(struct showing *showing, const char *text)
{
    cJSON *node = cJSON_CreateString(text);
    const char *printed = node ? print(showing, node) : "";
    showing->arena->failed |= !node;
    cJSON_Delete(node);
    return printed;
}

static int is_leaf(const cJSON *node)
{
    if (!cJSON_IsArray(node) && !cJSON_IsObject(node))
        return 1;
    for (const cJSON *item = node->child; item; item = item->next) {
        if (cJSON_IsObject(node) || cJSON_IsArray(item) || cJSON_IsObject(item))
            return 0;
    }
    return 1;
}

/* The absolute path of a value that is a path, or NULL for any other value. */
static const char *resolve(struct showing *showing, const struct place *place, const cJSON *node)
{
    const char *ignored, *top = NULL;
    for (const struct place *at = place; at; at = at->up)
        top = at->key ? at->key : top;
    if (!cJSON_IsString(node) || !top)
        return NULL;
    if (strcmp(top, "variants") == 0 && place->key && strcmp(place->key, "library") == 0)
        return select_plugin(showing->catalog, showing->manifest, node->valuestring, showing->arena,
                             &ignored);
    if (strcmp(top, "execution_paths") == 0)
        return select_path(showing->manifest, showing->arena, node->valuestring);
    return NULL;
}

static void show_node(struct showing *showing, const struct place *place, const cJSON *node)
{
    struct place inner = {.up = place};
    const char *pointer = reader_pointer(&showing->reader, place);
    int paths = place && !place->up && place->key && strcmp(place->key, "execution_paths") == 0;
    if (is_leaf(node) && !(paths && node->child)) {
        const char *path = resolve(showing, place, node);
        int changed = path && strcmp(path, node->valuestring) != 0;
        add(showing, pointer, changed ? quote(showing, path) : print(showing, node),
            changed ? "resolved" : "file", place);
        return;
    }
    for (const cJSON *item = node->child; item; item = item->next, inner.ordinal++) {
        inner.key = cJSON_IsObject(node) ? item->string : NULL;
        show_node(showing, &inner, item);
    }
}

/* The top level in the order of the format, then what the format does not know. */
static void show_root(struct showing *showing)
{
    const cJSON *root = showing->root;
    unsigned ordinal = 0;
    for (unsigned i = 0; i <= manifest_shape.count; i++) {
        ordinal = 0;
        for (const cJSON *item = root ? root->child : NULL; item; item = item->next, ordinal++) {
            struct place place = {.key = item->string, .ordinal = ordinal};
            unsigned known = 0;
            while (known < manifest_shape.count &&
                   strcmp(manifest_shape.fields[known].key, item->string) != 0)
                known++;
            if (known == i)
                show_node(showing, &place, item);
        }
    }
}

static void show_default(struct showing *showing, int absent, const char *pointer,
                         const char *value)
{
    if (absent)
        add(showing, pointer, value, "default", NULL);
}

static void show_defaults(struct showing *showing)
{
    const struct manifest *manifest = showing->manifest;
    const cJSON *root = showing->root;
    struct arena *arena = showing->arena;
    show_default(showing, !cJSON_GetObjectItemCaseSensitive(root, "enabled"), "/enabled", "true");
    show_default(showing, manifest->runtime && !manifest->runtime->versions, "/runtime/versions",
                 "\"*\"");
    for (size_t i = 0; i < manifest->variants.count; i++) {
        const struct manifest_variant *variant = manifest_variant_at(manifest, i);
        show_default(showing, !variant->when || !variant->when->host,
                     arena_format(arena, "/variants/%zu/when/host", i),
                     variant->strategy == STRATEGY_LINKED ? "[\"none\",\"other\"]" : "[\"self\"]");
    }
    for (size_t i = 0; manifest->lifecycle && i < HOOK_COUNT; i++) {
        const struct manifest_hook *hook = &manifest->lifecycle->hooks[i];
        show_default(showing, !hook->symbol,
                     arena_format(arena, "/lifecycle/%s", manifest_hook_names[i]), "null");
        show_default(showing, hook->symbol && !hook->thread,
                     arena_format(arena, "/lifecycle/%s/thread", manifest_hook_names[i]),
                     "\"any\"");
    }
    for (size_t i = 0; manifest->runtime && i < manifest->runtime->libraries.count; i++) {
        const struct manifest_library *library = manifest_library_at(manifest, i);
        const struct manifest_find *finds = library->find.items;
        for (size_t j = 0; j < library->find.count; j++)
            show_default(showing, finds[j].kind == FIND_COMMAND && !finds[j].timeout_ms,
                         arena_format(arena, "/runtime/libraries/%zu/find/%zu/timeout_ms", i, j),
                         arena_format(arena, "%d", COMMAND_TIMEOUT_MS));
    }
}

/* The file anew, so that values and places belong together. */
static int reread(struct showing *showing, const char *path, const char *tag, char **ret_text,
                  struct manifest **ret_manifest)
{
    struct source_file source;
    source_file_open(catalog_environment(showing->catalog), path, MANIFEST_SIZE_MAX, &source);
    char *text = source.state == SOURCE_FILE_OPEN ? source_file_read(&source) : NULL;
    size_t size = source.size;
    source_file_close(&source);
    if (!text)
        return metacall_error_raise(METACALL_ERROR_MANIFEST, "%s %s", path,
                                    source.state == SOURCE_FILE_MASK     ? "masks the loader"
                                    : source.state == SOURCE_FILE_ABSENT ? "is gone"
                                                                         : source.message);
    if (manifest_read(showing->arena, path, tag, text, size, ret_manifest) < 0) {
        free(text);
        return -1;
    }
    showing->root = cJSON_ParseWithLength(text, size);
    if (!showing->root && json_text_check(text, size, NULL, NULL) == 0)
        showing->arena->failed = 1; /* it is JSON, so only memory can be at fault */
    showing->reader = (struct reader){.text = text, .size = size, .arena = showing->arena};
    *ret_text = text;
    return 0;
}

int metacall_registry_show(metacall_registry *registry, const char *tag,
                           struct metacall_registry_manifest **ret_manifest)
{
    struct showing showing = {.manifest = NULL};
    const struct catalog_tag *found;
    struct manifest *fresh = NULL;
    char *text = NULL;
    int result = -1;
    showing.catalog = registry_catalog(registry);
    struct metacall_registry_manifest *shown = result_create(sizeof *shown, &showing.arena);
    if (!shown || registry_find(showing.catalog, tag, &found) < 0)
        goto out;
    const char *path = found->manifest ? found->manifest->path : found->files[0].path;
    if (reread(&showing, path, found->tag, &text, &fresh) < 0)
        goto out;
    showing.manifest = fresh;
    show_root(&showing);
    if (manifest_usable(fresh))
        show_defaults(&showing);
    shown->tag = arena_text(showing.arena, found->tag);
    shown->path = arena_text(showing.arena, path);
    shown->fields = showing.fields.items;
    shown->count = showing.fields.count;
    shown->diagnostics =
        result_diagnostics(showing.arena, &fresh->findings, &shown->diagnostic_count);
    result =
        showing.arena->failed ? metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory") : 0;
out:
    cJSON_Delete(showing.root);
    free(text);
    catalog_release(showing.catalog);
    if (result == 0)
        *ret_manifest = shown;
    else
        result_free(shown);
    return result;
}

void metacall_registry_manifest_free(struct metacall_registry_manifest *manifest)
{
    result_free(manifest);
}
