/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Two ways in: a lookup opens <folder>/<tag>.loader.json from the first folder on until one counts;
 * a scan reads every file once. They share the rule of precedence, `decide`. */
#include "registry/catalog.h"

#include "registry/source_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <metacall/loader.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct held_tag {
    struct held_tag *next;
    struct catalog_tag tag;
    int found;
};

struct catalog {
    uint32_t references; /* atomic */
    struct environment environment;
    pthread_mutex_t lock; /* guards all below */
    struct arena arena;
    struct search_path search;
    char *buffer; /* for the text of the file that is being read */
    size_t buffer_size;
    struct held_tag *lookups;
    struct findings findings; /* about folders */
    int scanned;
    struct catalog_folder *folders;
    struct arena_list files; /* struct catalog_file, by tag, then precedence */
    struct arena_list tags;  /* struct catalog_tag */
    metacall_diagnostic_sink sink;
    void *sink_data;
};

int catalog_create(struct environment *environment, metacall_diagnostic_sink sink, void *sink_data,
                   struct catalog **ret_catalog)
{
    struct catalog *catalog = calloc(1, sizeof *catalog);
    if (!catalog) {
        environment_finish(environment);
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    catalog->references = 1;
    catalog->environment = *environment;
    catalog->sink = sink;
    catalog->sink_data = sink_data;
    catalog->findings =
        (struct findings){.arena = &catalog->arena, .sink = sink, .sink_data = sink_data};
    pthread_mutex_init(&catalog->lock, NULL);
    search_path_make(&catalog->environment, &catalog->arena, &catalog->search);
    catalog->folders =
        arena_alloc(&catalog->arena, (catalog->search.count + 1) * sizeof *catalog->folders);
    for (size_t i = 0; catalog->folders && i < catalog->search.count; i++)
        catalog->folders[i].folder = &catalog->search.folders[i];
    if (catalog->arena.failed) {
        catalog_release(catalog);
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    *ret_catalog = catalog;
    return 0;
}

struct catalog *catalog_reference(struct catalog *catalog)
{
    __atomic_add_fetch(&catalog->references, 1, __ATOMIC_RELAXED);
    return catalog;
}

void catalog_release(struct catalog *catalog)
{
    if (!catalog || __atomic_sub_fetch(&catalog->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    free(catalog->buffer);
    pthread_mutex_destroy(&catalog->lock);
    arena_finish(&catalog->arena);
    environment_finish(&catalog->environment);
    free(catalog);
}

const struct environment *catalog_environment(const struct catalog *catalog)
{
    return &catalog->environment;
}

const struct search_path *catalog_search(const struct catalog *catalog)
{
    return &catalog->search;
}

static int out_of_memory(void)
{
    return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
}

/* Reads an opened file into ret_file->manifest. */
static int read_opened(struct catalog *catalog, struct source_file *source,
                       struct catalog_file *ret_file)
{
    struct arena *arena = &catalog->arena;
    struct manifest *manifest = NULL;
    const char *text = source->state == SOURCE_FILE_OPEN
                           ? source_file_read_into(source, &catalog->buffer, &catalog->buffer_size)
                           : NULL;
    if (source->no_memory)
        return out_of_memory();
    if (text) {
        if (manifest_read(arena, ret_file->path, ret_file->tag, text, source->size, &manifest) < 0)
            return -1;
    } else {
        manifest = manifest_create(arena, ret_file->path, ret_file->tag);
        if (!manifest)
            return -1;
        if (source->state == SOURCE_FILE_MASK)
            ret_file->masks = 1;
        else
            findings_add(&manifest->findings,
                         &(struct metacall_diagnostic){.id = source->id,
                                                       .severity = FINDING_USUAL,
                                                       .path = ret_file->path,
                                                       .tag = ret_file->tag,
                                                       .message = source->message});
    }
    for (size_t i = 0; catalog->sink && i < manifest->findings.list.count; i++)
        catalog->sink(findings_at(&manifest->findings, i), catalog->sink_data);
    ret_file->manifest = manifest;
    return 0;
}

/* The rule of precedence, over the files of one tag from the first on. */
static void decide(struct catalog_tag *tag, struct catalog_file *files, size_t count)
{
    const struct catalog_file *decider = NULL;
    tag->files = files;
    tag->count = count;
    tag->state = METACALL_REGISTRY_BROKEN;
    for (size_t i = 0; i < count; i++) {
        struct catalog_file *file = &files[i];
        const struct manifest *manifest = file->manifest;
        if (decider) {
            file->shadowed_by = decider->path;
            file->state = decider->state == METACALL_REGISTRY_DISABLED ? METACALL_REGISTRY_DISABLED
                                                                       : METACALL_REGISTRY_SHADOWED;
        } else if (file->masks) {
            file->state = METACALL_REGISTRY_MASKED;
            decider = file;
        } else if (!manifest_usable(manifest)) {
            file->state = METACALL_REGISTRY_BROKEN;
        } else if (!manifest->enabled) {
            file->state = METACALL_REGISTRY_DISABLED;
            decider = file;
        } else {
            file->state = METACALL_REGISTRY_ACTIVE;
            if (manifest->pin && !tag->pin) {
                tag->pin = manifest->pin;
                tag->pinned_by = file->path;
            }
            if (!manifest->is_override) {
                tag->manifest = manifest;
                decider = file;
            }
        }
    }
    if (decider)
        tag->state = decider->state;
}

/* Opens a folder of the search; -1 and the reason noted where it does not count. */
static int open_folder(struct catalog *catalog, struct catalog_folder *folder)
{
    const struct search_folder *search = folder->folder;
    const char *distrust;
    if (search->reason) {
        folder->reason = search->reason;
        return -1;
    }
    int fd = open(environment_real(&catalog->environment, &catalog->arena, search->path),
                  O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        folder->reason =
            errno == ENOENT ? "it does not exist" : arena_text(&catalog->arena, strerror(errno));
        return -1;
    }
    folder->exists = 1;
    if ((distrust = source_file_distrust(&catalog->environment, fd)) != NULL) {
        int known = folder->reason != NULL;
        folder->reason = arena_format(&catalog->arena, "refused: %s", distrust);
        if (!known)
            findings_file(&catalog->findings, "folder.trust", search->path,
                          "give it to root and take away the others' right to write: "
                          "chown root, chmod go-w",
                          "the folder is refused: %s", distrust);
        close(fd);
        return -1;
    }
    return fd;
}

static const char *join(struct catalog *catalog, const char *folder, const char *name)
{
    size_t before = strlen(folder), after = strlen(name);
    char *path = arena_bytes(&catalog->arena, before + after + 2);
    if (!path)
        return "";
    memcpy(path, folder, before);
    path[before] = '/';
    memcpy(path + before + 1, name, after + 1);
    return path;
}

/* ------------------------------------------------------------------------------------- lookup */

/* One candidate of a lookup. 1 = a file was added, 0 = none there, -1 = error. */
static int lookup_in(struct catalog *catalog, struct catalog_folder *folder, const char *tag,
                     struct arena_list *files)
{
    char name[MANIFEST_TAG_MAX + sizeof MANIFEST_SUFFIX];
    struct source_file source;
    struct catalog_file *file;
    int result = 0, fd;
    snprintf(name, sizeof name, "%s" MANIFEST_SUFFIX, tag);
    if (folder->folder->file && strcmp(folder->folder->file, name) != 0)
        return 0;
    if ((fd = open_folder(catalog, folder)) < 0)
        return 0;
    source_file_open_at(&catalog->environment, fd, name, MANIFEST_SIZE_MAX, &source);
    if (source.state != SOURCE_FILE_ABSENT) {
        file = arena_push(&catalog->arena, files, sizeof *file);
        if (file) {
            file->tag = arena_text(&catalog->arena, tag);
            file->path = join(catalog, folder->folder->path, name);
            file->folder = folder->folder;
            result = read_opened(catalog, &source, file) < 0 ? -1 : 1;
        } else {
            result = out_of_memory();
        }
    }
    source_file_close(&source);
    close(fd);
    return result;
}

static int lookup(struct catalog *catalog, const char *tag, struct held_tag *held)
{
    struct arena_list files = {.items = NULL};
    for (size_t i = 0; i < catalog->search.count; i++) {
        int added = lookup_in(catalog, &catalog->folders[i], tag, &files);
        if (added < 0)
            return -1;
        if (added == 0)
            continue;
        memset(&held->tag, 0, sizeof held->tag);
        held->tag.tag = ((struct catalog_file *)files.items)->tag;
        held->found = 1;
        decide(&held->tag, files.items, files.count);
        if (held->tag.manifest || held->tag.state != METACALL_REGISTRY_BROKEN)
            break;
    }
    return 0;
}

static const struct catalog_tag *find_scanned(struct catalog *catalog, const char *tag)
{
    const struct catalog_tag *tags = catalog->tags.items;
    size_t low = 0, high = catalog->tags.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(tag, tags[middle].tag);
        if (order == 0)
            return &tags[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

int catalog_lookup(struct catalog *catalog, const char *tag, const struct catalog_tag **ret_tag)
{
    int result = 0;
    const struct catalog_tag *found = NULL;
    if (!manifest_tag_valid(tag)) {
        *ret_tag = NULL;
        return 0;
    }
    pthread_mutex_lock(&catalog->lock);
    if (catalog->scanned) {
        found = find_scanned(catalog, tag);
    } else {
        struct held_tag *held = catalog->lookups;
        while (held && strcmp(held->tag.tag, tag) != 0)
            held = held->next;
        if (!held) {
            held = arena_alloc(&catalog->arena, sizeof *held);
            result = held ? lookup(catalog, tag, held) : out_of_memory();
            if (result == 0) {
                if (!held->found)
                    held->tag.tag = arena_text(&catalog->arena, tag);
                held->next = catalog->lookups;
                catalog->lookups = held;
            }
        }
        found = result == 0 && held->found ? &held->tag : NULL;
    }
    pthread_mutex_unlock(&catalog->lock);
    if (result == 0)
        *ret_tag = found;
    return result;
}

/* --------------------------------------------------------------------------------------- scan */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The tag of a file in a loaders.d, or NULL: not a manifest, or reported as misnamed. */
static const char *tag_of_name(struct catalog *catalog, const struct search_folder *folder,
                               const char *name)
{
    char tag[MANIFEST_TAG_MAX + 1];
    size_t size = strlen(name);
    if (manifest_tag_of_path(name, tag) == 0)
        return arena_text(&catalog->arena, tag);
    if (size > 5 && strcmp(name + size - 5, ".json") == 0 && name[0] != '.')
        findings_file(&catalog->findings, "file.name",
                      arena_format(&catalog->arena, "%s/%s", folder->path, name),
                      "rename it to <tag>.loader.json",
                      "is not read: a manifest is called <tag>.loader.json, the tag of lower-case "
                      "letters, digits, _ and -");
    return NULL;
}

static int scan_file(struct catalog *catalog, int fd, struct catalog_folder *folder,
                     const char *name)
{
    struct source_file source;
    const char *tag = tag_of_name(catalog, folder->folder, name);
    int result = 0;
    if (!tag)
        return 0;
    source_file_open_at(&catalog->environment, fd, name, MANIFEST_SIZE_MAX, &source);
    if (source.state == SOURCE_FILE_ABSENT)
        return 0;
    struct catalog_file *file = arena_push(&catalog->arena, &catalog->files, sizeof *file);
    if (file) {
        file->tag = tag;
        file->path = join(catalog, folder->folder->path, name);
        file->folder = folder->folder;
        result = read_opened(catalog, &source, file);
        folder->manifests++;
    } else {
        result = out_of_memory();
    }
    source_file_close(&source);
    return result;
}

/* The names in a folder, sorted; it takes over `fd`. */
static int list_names(struct catalog *catalog, int fd, struct arena_list *ret_names)
{
    struct dirent *entry;
    DIR *folder = fdopendir(fd);
    if (!folder) {
        close(fd);
        return out_of_memory();
    }
    while ((entry = readdir(folder)) != NULL) {
        const char **name = NULL;
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
            name = arena_push(&catalog->arena, ret_names, sizeof *name);
        if (name)
            *name = arena_text(&catalog->arena, entry->d_name);
    }
    closedir(folder);
    if (ret_names->count)
        qsort(ret_names->items, ret_names->count, sizeof(char *), by_name);
    return 0;
}

static int scan_folder(struct catalog *catalog, struct catalog_folder *folder)
{
    struct arena_list names = {.items = NULL};
    int fd = open_folder(catalog, folder), listed, result = 0;
    if (fd < 0)
        return 0;
    if (folder->folder->file) {
        result = scan_file(catalog, fd, folder, folder->folder->file);
    } else if ((listed = fcntl(fd, F_DUPFD_CLOEXEC, 0)) >= 0) {
        result = list_names(catalog, listed, &names);
        for (size_t i = 0; result == 0 && i < names.count; i++)
            result = scan_file(catalog, fd, folder, ((const char **)names.items)[i]);
    }
    close(fd);
    return result;
}

static int by_tag(const void *a, const void *b)
{
    const struct catalog_file *left = a, *right = b;
    int order = strcmp(left->tag, right->tag);
    if (order == 0)
        order = left->folder < right->folder ? -1 : left->folder > right->folder;
    return order;
}

static int scan(struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->search.count; i++) {
        if (scan_folder(catalog, &catalog->folders[i]) < 0)
            return -1;
    }
    struct catalog_file *files = catalog->files.items;
    size_t count = catalog->files.count;
    /* The names of one folder come sorted already; only several folders need it. */
    for (size_t i = 1; i < count; i++) {
        if (by_tag(&files[i - 1], &files[i]) > 0) {
            qsort(files, count, sizeof *files, by_tag);
            break;
        }
    }
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && strcmp(files[begin].tag, files[end].tag) == 0;)
            end++;
        struct catalog_tag *tag =
            arena_push(&catalog->arena, &catalog->tags, sizeof(struct catalog_tag));
        if (!tag)
            break;
        tag->tag = files[begin].tag;
        decide(tag, files + begin, end - begin);
    }
    return catalog->arena.failed ? out_of_memory() : 0;
}

static int scan_once(struct catalog *catalog)
{
    int result = 0;
    if (!catalog->scanned) {
        catalog->files = catalog->tags = (struct arena_list){.items = NULL};
        for (size_t i = 0; i < catalog->search.count; i++)
            catalog->folders[i].manifests = 0;
        result = scan(catalog);
        catalog->scanned = result == 0;
    }
    return result;
}

int catalog_tags(struct catalog *catalog, const struct catalog_tag **ret_tags, size_t *ret_count)
{
    pthread_mutex_lock(&catalog->lock);
    int result = scan_once(catalog);
    if (result == 0) {
        *ret_tags = catalog->tags.items;
        *ret_count = catalog->tags.count;
    }
    pthread_mutex_unlock(&catalog->lock);
    return result;
}

int catalog_folders(struct catalog *catalog, const struct catalog_folder **ret_folders,
                    size_t *ret_count, const struct findings **ret_findings)
{
    pthread_mutex_lock(&catalog->lock);
    int result = scan_once(catalog);
    if (result == 0) {
        *ret_folders = catalog->folders;
        *ret_count = catalog->search.count;
        *ret_findings = &catalog->findings;
    }
    pthread_mutex_unlock(&catalog->lock);
    return result;
}

int catalog_read_file(struct catalog *catalog, const char *path, const struct catalog_tag **ret_tag)
{
    char tag[MANIFEST_TAG_MAX + 1];
    struct source_file source = {.fd = -1};
    int result = 0;
    pthread_mutex_lock(&catalog->lock);
    struct catalog_tag *found = arena_alloc(&catalog->arena, sizeof *found);
    struct catalog_file *file = arena_alloc(&catalog->arena, sizeof *file);
    if (found && file) {
        int named = manifest_tag_of_path(path, tag) == 0;
        file->path = arena_text(&catalog->arena, path);
        file->tag = arena_text(&catalog->arena, named ? tag : NULL);
        file->folder = NULL;
        source_file_open(&catalog->environment, path, MANIFEST_SIZE_MAX, &source);
        if (source.state == SOURCE_FILE_ABSENT)
            result = metacall_error_raise(METACALL_ERROR_NOT_FOUND, "%s: no such file", path);
        else
            result = read_opened(catalog, &source, file);
        source_file_close(&source);
    } else {
        result = out_of_memory();
    }
    if (result == 0) {
        found->tag = file->manifest->tag ? file->manifest->tag : "";
        decide(found, file, 1);
        *ret_tag = found;
    }
    pthread_mutex_unlock(&catalog->lock);
    return result;
}
