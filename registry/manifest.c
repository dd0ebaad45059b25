/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Text -> JSON by the letter -> tree -> structures. The tree is dropped at once: a catalog of
 * thousands stays small, and the next tree finds the same memory warm. */
#include "registry/manifest.h"

#include "registry/json_text.h"
#include "registry/json_tree.h"
#include "registry/version.h"
#include <metacall/loader.h>
#include <string.h>

int manifest_tag_of_path(const char *path, char ret_tag[MANIFEST_TAG_MAX + 1])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t size = strlen(name), suffix = strlen(MANIFEST_SUFFIX);
    char tag[MANIFEST_TAG_MAX + 1];
    if (size <= suffix || size - suffix > MANIFEST_TAG_MAX ||
        strcmp(name + size - suffix, MANIFEST_SUFFIX) != 0)
        return -1;
    memcpy(tag, name, size - suffix);
    tag[size - suffix] = '\0';
    if (!manifest_tag_valid(tag))
        return -1;
    strcpy(ret_tag, tag);
    return 0;
}

struct manifest *manifest_create(struct arena *arena, const char *path, const char *file_tag)
{
    struct manifest *manifest = arena_alloc(arena, sizeof *manifest);
    if (!manifest) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    manifest->enabled = 1;
    manifest->findings.arena = arena;
    manifest->path = arena_text(arena, path);
    manifest->tag = arena_text(arena, file_tag);
    return manifest;
}

static void report_json(void *data, const char *id, size_t offset, const char *expected)
{
    struct reader *reader = data;
    struct metacall_diagnostic what = {.id = id,
                                       .severity = FINDING_USUAL,
                                       .path = reader->path,
                                       .tag = reader->tag,
                                       .expected = expected};
    json_text_place(reader->text, reader->size, offset, &what.line, &what.column);
    if (offset >= reader->size)
        what.found = "the end of the file";
    else if (reader->text[offset] > ' ' && reader->text[offset] < 0x7f)
        what.found = arena_format(reader->arena, "'%c'", reader->text[offset]);
    else
        what.found =
            arena_format(reader->arena, "the byte 0x%02x", (unsigned char)reader->text[offset]);
    what.message =
        arena_format(reader->arena, "not JSON: expected %s, found %s", expected, what.found);
    findings_add(reader->findings, &what);
}

/* A version that we do not know: nothing else in the file can be judged. */
static int is_foreign(struct reader *reader, const cJSON *root)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(root, "manifest_version");
    const char *ignored;
    if (!version)
        return 0;
    struct place place = reader_member(NULL, root, "manifest_version");
    if (cJSON_IsNumber(version)
            ? version->valuedouble == METACALL_MANIFEST_VERSION_MAJOR
            : !cJSON_IsString(version) || version_in_range(version->valuestring, "<1.1 >=1") != 0)
        return 0;
    for (unsigned i = 0; i < manifest_shape.count; i++) {
        if (strcmp(manifest_shape.fields[i].key, "manifest_version") == 0)
            manifest_shape.fields[i].read(reader, &place, version, &ignored);
    }
    return 1;
}

static void read_root(struct reader *reader, struct manifest *manifest, const cJSON *root,
                      const char *file_tag)
{
    const cJSON *tag = cJSON_GetObjectItemCaseSensitive(root, "tag");
    if (cJSON_IsObject(root) && is_foreign(reader, root))
        return;
    if (cJSON_IsString(tag) && manifest_tag_valid(tag->valuestring))
        reader->tag = reader_keep(reader, tag->valuestring);
    reader_object(reader, NULL, root, &manifest_shape, manifest);
    if (!manifest->tag) {
        manifest->tag = arena_text(reader->arena, file_tag);
    } else if (file_tag && strcmp(file_tag, manifest->tag) != 0) {
        struct place place = reader_member(NULL, root, "tag");
        reader_report(
            reader, &place, SPOT_VALUE,
            &(struct metacall_diagnostic){
                .id = "manifest.tag.filename",
                .expected = arena_format(reader->arena, "\"%s\", as in the file's name", file_tag),
                .found = reader_found(reader->arena, tag)});
    }
}

/* The long way. The tree, NULL where the text is not even nearly JSON (that is reported) or memory
 * ran out. */
static cJSON *parse(struct reader *reader, const char *text, size_t size)
{
    size_t skip = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, faults;
    faults = json_text_check(text, size, report_json, reader);
    cJSON *root = cJSON_ParseWithLength(text + skip, size - skip);
    if (!root && faults == 0)
        reader->arena->failed = 1; /* it is JSON, so only memory can be at fault */
    return root;
}

/* The short way: the tree's strings lie in the arena and need no copies. */
static int read_usual(struct reader *reader, struct manifest *manifest, const char *file_tag)
{
    struct json_tree tree;
    tree.count = 0;
    tree.extra = (struct arena){.chunks = NULL};
    char *copy = arena_bytes(reader->arena, reader->size + 1);
    cJSON *root = NULL;
    if (copy) {
        memcpy(copy, reader->text, reader->size);
        copy[reader->size] = '\0';
        root = json_tree_read(&tree, copy, reader->size);
    }
    if (root) {
        reader->texts_stay = 1;
        read_root(reader, manifest, root, file_tag);
    } else if (copy) {
        arena_give_back(reader->arena, copy, reader->size + 1);
    }
    json_tree_finish(&tree);
    return root ? 0 : -1;
}

int manifest_read(struct arena *arena, const char *path, const char *file_tag, const char *text,
                  size_t size, struct manifest **ret_manifest)
{
    struct manifest *manifest = manifest_create(arena, path, file_tag);
    if (!manifest)
        return -1;
    struct reader reader = {.path = manifest->path,
                            .text = text,
                            .size = size,
                            .tag = manifest->tag,
                            .arena = arena,
                            .findings = &manifest->findings};
    if (read_usual(&reader, manifest, file_tag) < 0) {
        cJSON *root = parse(&reader, text, size);
        if (root)
            read_root(&reader, manifest, root, file_tag);
        cJSON_Delete(root);
    }
    if (arena->failed)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "%s: out of memory", path);
    *ret_manifest = manifest;
    return 0;
}

int manifest_conflict_is_own(const struct manifest *manifest,
                             const struct manifest_conflict *conflict)
{
    return strcmp(conflict->host, manifest->tag) == 0;
}
