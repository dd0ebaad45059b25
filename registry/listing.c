/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The public enumerations: folders, variables, entries, rows. Each result owns copies of all that
 * it shows. */
#include "registry/registry.h"
#include "registry/row.h"

#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>

static int out_of_memory(void)
{
    return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
}

const char *metacall_registry_state_name(enum metacall_registry_state state)
{
    static const char *const names[] = {"active", "shadowed", "disabled", "masked", "broken"};
    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

const char *metacall_registry_status_name(enum metacall_registry_status status)
{
    static const char *const names[] = {"ready",        "no-runtime", "no-variant",    "no-plugin",
                                        "missing-data", "unusable",   "detection-only"};
    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "unknown";
}

/* ------------------------------------------------------------------------------------- folders */

int metacall_registry_paths(metacall_registry *registry, struct metacall_registry_paths **ret_paths)
{
    struct arena *arena;
    const struct catalog_folder *folders;
    const struct findings *findings;
    size_t count;
    int result = -1;
    struct catalog *catalog = registry_catalog(registry);
    struct metacall_registry_paths *paths = result_create(sizeof *paths, &arena);
    if (!paths || catalog_folders(catalog, &folders, &count, &findings) < 0)
        goto out;
    struct metacall_registry_path *items = arena_alloc(arena, (count + 1) * sizeof *items);
    for (size_t i = 0; items && i < count; i++) {
        const struct search_folder *folder = folders[i].folder;
        const char *path =
            folder->file ? arena_format(arena, "%s/%s", folder->path, folder->file) : folder->path;
        items[i] = (struct metacall_registry_path){.path = arena_text(arena, path),
                                                   .level = folder->level,
                                                   .source = arena_text(arena, folder->source),
                                                   .exists = folders[i].exists,
                                                   .reason = arena_text(arena, folders[i].reason),
                                                   .manifests = folders[i].manifests};
    }
    paths->items = items;
    paths->count = count;
    result = arena->failed ? out_of_memory() : 0;
out:
    catalog_release(catalog);
    if (result == 0)
        *ret_paths = paths;
    else
        result_free(paths);
    return result;
}

void metacall_registry_paths_free(struct metacall_registry_paths *paths)
{
    result_free(paths);
}

/* ----------------------------------------------------------------------------------- variables */

static const struct {
    const char *name, *meaning;
} own_variables[] = {
    {"METACALL_REGISTRY_PATH", "folders, prefixes or manifests that replace the whole search"},
    {"METACALL_REGISTRY_ADD_PATH", "the same, looked at before the rest of the search"},
    {"METACALL_REGISTRY_STRATEGY", "pins variants: TAG=STRATEGY, separated by commas"},
    {"METACALL_REGISTRY_ALLOW_DUPLICATE", "set: a second copy of a runtime is not refused"},
    {"METACALL_REGISTRY_DEBUG", "set: metacall-registry tells each step on standard error"},
    {"XDG_CONFIG_HOME", "the user's manifests and overrides; default $HOME/.config"},
    {"XDG_CONFIG_DIRS", "the system's manifests and overrides; default /etc/xdg"},
    {"XDG_DATA_HOME", "manifests that the user installed; default $HOME/.local/share"},
    {"XDG_DATA_DIRS", "manifests that packages installed; default /usr/local/share:/usr/share"},
    {"HOME", "where the two XDG_*_HOME folders are when they are not set"},
    {"VIRTUAL_ENV", "the active environment: its share/metacall/loaders.d"},
    {"CONDA_PREFIX", "the active environment: its share/metacall/loaders.d"},
    {"PATH", "where programs are found that a find rule names"},
};

struct variables {
    const struct environment *environment;
    struct arena *arena;
    struct arena_list list;
};

static void add_variable(struct variables *variables, const char *name, const char *meaning,
                         const char *tag)
{
    const struct metacall_registry_variable *items = variables->list.items;
    const char *value = environment_peek(variables->environment, name);
    for (size_t i = 0; i < variables->list.count; i++) {
        if (strcmp(items[i].name, name) == 0 && (!items[i].tag || strcmp(items[i].tag, tag) == 0))
            return;
    }
    struct metacall_registry_variable *item =
        arena_push(variables->arena, &variables->list, sizeof *item);
    if (item)
        *item =
            (struct metacall_registry_variable){.name = arena_text(variables->arena, name),
                                                .value = arena_text(variables->arena, value),
                                                .meaning = arena_text(variables->arena, meaning),
                                                .tag = arena_text(variables->arena, tag),
                                                .ignored = value && variables->environment->secure};
}

static void add_find_variables(struct variables *variables, const struct manifest *manifest)
{
    for (size_t i = 0; manifest->runtime && i < manifest->runtime->libraries.count; i++) {
        const struct manifest_library *library = manifest_library_at(manifest, i);
        const struct manifest_find *finds = library->find.items;
        for (size_t j = 0; j < library->find.count; j++) {
            if (finds[j].variable)
                add_variable(variables, finds[j].variable,
                             arena_format(variables->arena,
                                          "path of the library of %s; nothing else is looked at",
                                          manifest->runtime->name),
                             manifest->tag);
            for (const char *const *name = finds[j].variables; name && *name; name++)
                add_variable(variables, *name,
                             arena_format(variables->arena, "a prefix in which %s is looked for",
                                          manifest->runtime->name),
                             manifest->tag);
        }
    }
    for (size_t i = 0; manifest->runtime && i < manifest->runtime->environment.count; i++) {
        const struct manifest_assignment *item =
            (const struct manifest_assignment *)manifest->runtime->environment.items + i;
        add_variable(variables, item->name,
                     arena_format(variables->arena,
                                  "set to \"%s\" for an embedded runtime where "
                                  "it is not set",
                                  item->value),
                     manifest->tag);
    }
}

int metacall_registry_environment(metacall_registry *registry,
                                  struct metacall_registry_variables **ret_variables)
{
    struct variables variables = {.environment = NULL};
    const struct catalog_tag *tags;
    size_t count;
    int result = -1;
    struct catalog *catalog = registry_catalog(registry);
    struct metacall_registry_variables *list = result_create(sizeof *list, &variables.arena);
    if (!list || catalog_tags(catalog, &tags, &count) < 0)
        goto out;
    variables.environment = catalog_environment(catalog);
    for (size_t i = 0; i < sizeof own_variables / sizeof *own_variables; i++)
        add_variable(&variables, own_variables[i].name, own_variables[i].meaning, NULL);
    for (size_t i = 0; i < count; i++) {
        if (tags[i].manifest)
            add_find_variables(&variables, tags[i].manifest);
    }
    list->items = variables.list.items;
    list->count = variables.list.count;
    result = variables.arena->failed ? out_of_memory() : 0;
out:
    catalog_release(catalog);
    if (result == 0)
        *ret_variables = list;
    else
        result_free(list);
    return result;
}

void metacall_registry_variables_free(struct metacall_registry_variables *variables)
{
    result_free(variables);
}

/* ------------------------------------------------------------------------------------- entries */

const struct metacall_diagnostic *
result_diagnostics(struct arena *arena, const struct findings *findings, size_t *ret_count)
{
    struct findings copy = {.arena = arena};
    if (findings->list.count)
        findings_add_all(&copy, findings_at(findings, 0), findings->list.count);
    *ret_count = copy.list.count;
    return copy.list.items;
}

const char *const *result_texts(struct arena *arena, const char *const *texts)
{
    size_t count = 0;
    while (texts && texts[count])
        count++;
    const char **copy = arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; copy && i < count; i++)
        copy[i] = arena_text(arena, texts[i]);
    return copy;
}

static void fill_entry(struct arena *arena, const struct catalog_file *file,
                       struct metacall_registry_entry *entry)
{
    const struct manifest *manifest = file->manifest;
    const struct manifest_language *language = manifest->language;
    *entry = (struct metacall_registry_entry){
        .tag = arena_text(arena, file->tag),
        .language = arena_text(arena, language ? language->name : NULL),
        .name = arena_text(arena, manifest->name),
        .version = arena_text(arena, manifest->version),
        .extensions = result_texts(arena, language ? language->extensions : NULL),
        .manifest = arena_text(arena, file->path),
        .source = arena_text(arena, file->folder ? file->folder->source : NULL),
        .shadowed_by = arena_text(arena, file->shadowed_by),
        .state = file->state,
    };
    entry->diagnostics = result_diagnostics(arena, &manifest->findings, &entry->diagnostic_count);
}

int metacall_registry_entries(metacall_registry *registry,
                              struct metacall_registry_entries **ret_entries)
{
    struct arena *arena;
    const struct catalog_tag *tags;
    size_t count, total = 0, next = 0;
    int result = -1;
    struct catalog *catalog = registry_catalog(registry);
    struct metacall_registry_entries *entries = result_create(sizeof *entries, &arena);
    if (!entries || catalog_tags(catalog, &tags, &count) < 0)
        goto out;
    for (size_t i = 0; i < count; i++)
        total += tags[i].count;
    struct metacall_registry_entry *items = arena_alloc(arena, (total + 1) * sizeof *items);
    for (size_t i = 0; items && i < count; i++) {
        for (size_t j = 0; j < tags[i].count; j++)
            fill_entry(arena, &tags[i].files[j], &items[next++]);
    }
    entries->items = items;
    entries->count = total;
    result = arena->failed ? out_of_memory() : 0;
out:
    catalog_release(catalog);
    if (result == 0)
        *ret_entries = entries;
    else
        result_free(entries);
    return result;
}

void metacall_registry_entries_free(struct metacall_registry_entries *entries)
{
    result_free(entries);
}

/* ---------------------------------------------------------------------------------------- rows */

void row_fill(struct arena *arena, const struct selection *selection,
              struct metacall_registry_row *row)
{
    const struct manifest *manifest = selection->manifest;
    const struct manifest *shown = manifest ? manifest : selection->tag->files[0].manifest;
    const struct module *owner =
        selection->is_host && selection->host ? selection->host->owner : NULL;
    *row = (struct metacall_registry_row){
        .tag = arena_text(arena, selection->tag->tag),
        .language = arena_text(arena, shown->language ? shown->language->name : NULL),
        .version = arena_text(arena, shown->version),
        .manifest = arena_text(arena, shown->path),
        .state = selection->tag->state,
        .status = selection->status,
        .runtime = arena_text(arena, shown->runtime ? shown->runtime->name : NULL),
        .reason = arena_text(arena, selection->reason),
    };
    if (!selection->variant)
        return;
    row->strategy = arena_text(arena, selection->variant->strategy_name);
    row->plugin = arena_text(arena, selection->plugin);
    row->runtime_library = arena_text(arena, selection->runtime.library);
    row->runtime_version = arena_text(arena, selection->runtime.version);
    row->runtime_executable = arena_text(arena, selection->runtime.executable);
    row->runtime_source = arena_text(arena, selection->runtime.source);
    row->is_host = selection->is_host;
    row->unproven = selection->runtime.unasked || selection->runtime.unread;
    if (owner) {
        row->runtime_library = arena_text(arena, owner->is_executable ? NULL : owner->path);
        row->runtime_executable =
            arena_text(arena, modules_at(selection->recognition.modules, 0)->path);
    }
}

/* Without `exact` nothing is read that is large: one row may cost that, a whole list may not. */
static int add_row(metacall_registry *registry, struct catalog *catalog,
                   const struct catalog_tag *tag, int exact, struct arena *arena,
                   struct metacall_registry_row *row)
{
    struct arena scratch = {.chunks = NULL};
    struct selection selection;
    struct select_request request = registry_select_request(registry, catalog, &scratch);
    request.exact = exact || request.probe;
    int result = select_variant(&request, tag, &scratch, NULL, &selection);
    if (result == 0)
        row_fill(arena, &selection, row);
    selection_finish(&selection);
    if (result == 0 && scratch.failed)
        result = out_of_memory();
    arena_finish(&scratch);
    return result;
}

static int make_rows(metacall_registry *registry, const char *tag,
                     struct metacall_registry_rows **ret_rows)
{
    struct arena *arena;
    const struct catalog_tag *tags = NULL;
    size_t count = 1;
    int result = -1;
    struct catalog *catalog = registry_catalog(registry);
    struct metacall_registry_rows *rows = result_create(sizeof *rows, &arena);
    if (!rows || (tag ? registry_find(catalog, tag, &tags) : catalog_tags(catalog, &tags, &count)))
        goto out;
    struct metacall_registry_row *items = arena_alloc(arena, (count + 1) * sizeof *items);
    for (size_t i = 0; items && i < count; i++) {
        if (add_row(registry, catalog, &tags[i], tag != NULL, arena, &items[i]) < 0)
            goto out;
    }
    rows->items = items;
    rows->count = count;
    result = arena->failed ? out_of_memory() : 0;
out:
    catalog_release(catalog);
    if (result == 0)
        *ret_rows = rows;
    else
        result_free(rows);
    return result;
}

int metacall_registry_rows(metacall_registry *registry, struct metacall_registry_rows **ret_rows)
{
    return make_rows(registry, NULL, ret_rows);
}

int metacall_registry_row(metacall_registry *registry, const char *tag,
                          struct metacall_registry_rows **ret_rows)
{
    return make_rows(registry, tag, ret_rows);
}

void metacall_registry_rows_free(struct metacall_registry_rows *rows)
{
    result_free(rows);
}
