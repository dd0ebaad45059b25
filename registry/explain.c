/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One loader: why it is chosen as it is, what its file is for, which runtime is here. */
#include "core/loader_table.h"
#include "registry/registry.h"
#include "registry/row.h"

#include <metacall/loader.h>
#include <string.h>
#include <strings.h>

static void trace_search(struct catalog *catalog, const char *tag, struct trace *trace)
{
    const struct search_path *search = catalog_search(catalog);
    for (size_t i = 0; i < search->count; i++) {
        const struct search_folder *folder = &search->folders[i];
        trace_step(trace, "search", folder->path,
                   folder->reason ? METACALL_REGISTRY_REJECTED : METACALL_REGISTRY_FACT,
                   folder->reason ? "%s: not used, %s" : "%s: %s" MANIFEST_SUFFIX, folder->source,
                   folder->reason ? folder->reason : tag);
    }
}

static void trace_manifests(const struct catalog_tag *tag, struct trace *trace)
{
    for (size_t i = 0; i < tag->count; i++) {
        const struct catalog_file *file = &tag->files[i];
        const struct findings *findings = &file->manifest->findings;
        int counts = file->manifest == tag->manifest;
        const char *by = file->shadowed_by ? file->shadowed_by : "";
        trace_step(trace, "manifest", file->path,
                   counts ? METACALL_REGISTRY_TAKEN : METACALL_REGISTRY_REJECTED, "%s%s%s%s",
                   metacall_registry_state_name(file->state), *by ? " by " : "", by,
                   file->manifest->is_override && file->manifest->pin ? ", pins a variant" : "");
        for (size_t j = 0; j < findings->list.count; j++)
            trace_step(trace, "manifest", file->path, METACALL_REGISTRY_FACT, "%u:%u: %s (%s)",
                       findings_at(findings, j)->line, findings_at(findings, j)->column,
                       findings_at(findings, j)->message, findings_at(findings, j)->id);
    }
}

static int explain_tag(metacall_registry *registry, struct catalog *catalog,
                       const struct catalog_tag *tag, struct trace *trace,
                       struct metacall_registry_steps *steps)
{
    struct arena scratch = {.chunks = NULL};
    struct selection selection;
    struct metacall_registry_row *row = arena_alloc(trace->arena, sizeof *row);
    struct select_request request = registry_select_request(registry, catalog, &scratch);
    request.probe = request.exact = 1;
    trace_manifests(tag, trace);
    int result = select_variant(&request, tag, &scratch, trace, &selection);
    if (result == 0 && row) {
        row_fill(trace->arena, &selection, row);
        steps->row = row;
    }
    selection_finish(&selection);
    if (result == 0 && scratch.failed)
        result = metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    arena_finish(&scratch);
    return result;
}

int metacall_registry_explain(metacall_registry *registry, const char *tag,
                              struct metacall_registry_steps **ret_steps)
{
    struct trace trace = {.arena = NULL};
    const struct catalog_tag *found = NULL;
    int result = -1;
    struct catalog *catalog = registry_catalog(registry);
    struct metacall_registry_steps *steps = result_create(sizeof *steps, &trace.arena);
    const struct catalog_tag *tags;
    size_t count;
    /* All of them, so that shadowed ones are seen too. */
    if (!steps || catalog_tags(catalog, &tags, &count) < 0 ||
        catalog_lookup(catalog, tag, &found) < 0)
        goto out;
    trace_search(catalog, tag, &trace);
    result = found ? explain_tag(registry, catalog, found, &trace, steps) : 0;
    if (result == 0 && trace.arena->failed)
        result = metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    steps->tag = arena_text(trace.arena, tag);
    steps->items = trace.steps.items;
    steps->count = trace.steps.count;
out:
    catalog_release(catalog);
    if (result == 0)
        *ret_steps = steps;
    else
        result_free(steps);
    return result;
}

void metacall_registry_steps_free(struct metacall_registry_steps *steps)
{
    result_free(steps);
}

/* ------------------------------------------------------------------------- tags by file or name */

static int ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size > tail && strcasecmp(text + size - tail, end) == 0;
}

static int claims(const struct manifest *manifest, const char *path, int by_extension)
{
    const struct manifest_language *language = manifest->language;
    if (by_extension) {
        for (const char *const *item = language->extensions; item && *item; item++) {
            if (ends_with(path, *item))
                return 1;
        }
        return 0;
    }
    for (const char *const *item = language->aliases; item && *item; item++) {
        if (strcasecmp(path, *item) == 0)
            return 1;
    }
    return strcasecmp(path, language->name) == 0;
}

static const struct catalog_tag *find_claim(const struct catalog_tag *tags, size_t count,
                                            const char *path, int by_extension)
{
    const struct catalog_tag *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!tags[i].manifest || !claims(tags[i].manifest, path, by_extension))
            continue;
        /* a loader, if there is one, before a manifest that only detects */
        if (!tags[i].manifest->detection_only)
            return &tags[i];
        found = found ? found : &tags[i];
    }
    return found;
}

int metacall_registry_tag_for_path(metacall_registry *registry, const char *path,
                                   char ret_tag[METACALL_REGISTRY_TAG_SIZE])
{
    const struct catalog_tag *tags, *found = NULL;
    size_t count;
    int result = -1;
    struct catalog *catalog = registry_catalog(registry);
    int is_name = !strchr(path, '/') && !strchr(path, '.');
    if (is_name && catalog_lookup(catalog, path, &found) < 0)
        goto out;
    if (!found && catalog_tags(catalog, &tags, &count) < 0)
        goto out;
    if (!found && !is_name)
        found = find_claim(tags, count, path, 1);
    if (!found)
        found = find_claim(tags, count, path, 0);
    if (!found) {
        metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                             "no loader is there for \"%s\": no active manifest claims its file "
                             "extension, language or alias; see `metacall-registry list`",
                             path);
        goto out;
    }
    strcpy(ret_tag, found->tag);
    result = 0;
out:
    catalog_release(catalog);
    return result;
}

/* ---------------------------------------------------------------------------------------- host */

static void fill_host(struct arena *arena, struct catalog *catalog,
                      const struct recognition *recognition, const struct host_finding *finding,
                      struct metacall_registry_host *host)
{
    const struct catalog_tag *tag = NULL;
    const char *name = finding->rule->tag, *version = finding->version;
    metacall_loader *loader = loader_table_find(name);
    size_t count;
    if (catalog_lookup(catalog, name, &tag) == 0 && tag && tag->manifest) {
        host->language = arena_text(arena, tag->manifest->language->name);
        version = recognition_version(finding, tag->manifest);
    }
    recognition_of(recognition, name, &count, NULL);
    host->tag = arena_text(arena, name);
    host->owner = arena_text(arena, finding->owner->path);
    host->in_executable = finding->owner->is_executable;
    host->running = finding->running;
    host->version = version && *version ? arena_text(arena, version) : NULL;
    host->version_from = arena_text(arena, finding->version_from);
    host->evidence = recognition_evidence(finding, arena);
    host->duplicate = count > 1;
    host->embedded = loader && !metacall_loader_is_host(loader);
}

int metacall_registry_detect(metacall_registry *registry,
                             struct metacall_registry_hosts **ret_hosts)
{
    struct arena *arena, scratch = {.chunks = NULL};
    struct recognition recognition = {.modules = NULL};
    int result = -1;
    struct catalog *catalog = registry_catalog(registry);
    struct metacall_registry_hosts *hosts = result_create(sizeof *hosts, &arena);
    if (!hosts || recognise_all(catalog, &scratch, &recognition) < 0)
        goto out;
    struct metacall_registry_host *items =
        arena_alloc(arena, (recognition.report.count + 1) * sizeof *items);
    size_t next = 0;
    for (size_t i = 0; items && i < modules_count(recognition.modules); i++) {
        for (size_t j = 0; j < recognition.report.count; j++) {
            const struct host_finding *finding = &recognition.report.findings[j];
            if (finding->owner == modules_at(recognition.modules, i))
                fill_host(arena, catalog, &recognition, finding, &items[next++]);
        }
    }
    hosts->items = items;
    hosts->count = recognition.report.count;
    result = arena->failed ? metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory") : 0;
out:
    recognition_finish(&recognition);
    arena_finish(&scratch);
    catalog_release(catalog);
    if (result == 0)
        *ret_hosts = hosts;
    else
        result_free(hosts);
    return result;
}

void metacall_registry_hosts_free(struct metacall_registry_hosts *hosts)
{
    result_free(hosts);
}
