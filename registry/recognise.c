/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/recognise.h"

#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>

static size_t length(const char *const *texts)
{
    size_t count = 0;
    while (texts && texts[count])
        count++;
    return count;
}

static const struct host_version_source *make_versions(const struct object_list *list,
                                                       struct arena *arena)
{
    const struct manifest_version_source *from = list->items;
    struct host_version_source *sources = arena_alloc(arena, (list->count + 1) * sizeof *sources);
    static const enum host_version_kind kinds[] = {
        [VERSION_FROM_HEX] = HOST_VERSION_HEX,         [VERSION_FROM_CALL] = HOST_VERSION_CALL,
        [VERSION_FROM_STRING] = HOST_VERSION_STRING,   [VERSION_FROM_SONAME] = HOST_VERSION_SONAME,
        [VERSION_FROM_NUMBERS] = HOST_VERSION_NUMBERS, [VERSION_FROM_TEXT] = HOST_VERSION_TEXT,
    };
    for (size_t i = 0; sources && i < list->count; i++)
        sources[i] = (struct host_version_source){
            .kind = kinds[from[i].kind], .symbol = from[i].symbol, .symbols = from[i].numbers};
    return sources;
}

int recognise_rule(const struct manifest *manifest, struct arena *arena, struct host_rule *ret_rule)
{
    static const char *const none[] = {NULL};
    if (!manifest->runtime || !manifest->host)
        return -1;
    const struct manifest_library *library = manifest_library_at(manifest, 0);
    const struct manifest_markers *markers =
        manifest->host->markers ? manifest->host->markers : library->markers;
    size_t functions = length(markers->functions), data = length(markers->data);
    const char **names = arena_alloc(arena, (functions + data + 1) * sizeof *names);
    if (!names)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < functions; i++)
        names[i] = markers->functions[i];
    for (size_t i = 0; i < data; i++)
        names[functions + i] = markers->data[i];
    *ret_rule = (struct host_rule){
        .tag = manifest->tag,
        .markers = names,
        .sonames = library->sonames,
        .executables = manifest->host->executables ? manifest->host->executables : none,
        .running = manifest->host->running.kind,
        .running_symbol = manifest->host->running.symbol,
        .versions = make_versions(&manifest->host->version, arena),
    };
    return ret_rule->versions ? 0 : metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
}

const char *recognise_soname_version(const struct manifest_library *library, const char *version)
{
    const struct manifest_versions_of *items = library->versions_of.items;
    if (library->versions_of.count == 0)
        return version;
    for (size_t i = 0; i < library->versions_of.count; i++) {
        if (strcmp(items[i].soname_version, version) == 0)
            return items[i].version;
    }
    return "";
}

static int recognise(struct recognition *recognition)
{
    return host_look(recognition->rules, recognition->rule_count, &recognition->modules,
                     &recognition->report);
}

int recognise_manifest(const struct manifest *manifest, struct arena *arena,
                       struct recognition *ret_recognition)
{
    struct recognition recognition = {.modules = NULL};
    recognition.rules = arena_alloc(arena, sizeof *recognition.rules);
    if (!recognition.rules)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    if (recognise_rule(manifest, arena, recognition.rules) == 0)
        recognition.rule_count = 1;
    if (recognise(&recognition) < 0)
        return -1;
    *ret_recognition = recognition;
    return 0;
}

int recognise_all(struct catalog *catalog, struct arena *arena, struct recognition *ret_recognition)
{
    struct recognition recognition = {.modules = NULL};
    const struct catalog_tag *tags;
    size_t count;
    if (catalog_tags(catalog, &tags, &count) < 0)
        return -1;
    recognition.rules = arena_alloc(arena, (count + 1) * sizeof *recognition.rules);
    if (!recognition.rules)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        if (tags[i].manifest && recognise_rule(tags[i].manifest, arena,
                                               &recognition.rules[recognition.rule_count]) == 0)
            recognition.rule_count++;
    }
    if (recognise(&recognition) < 0)
        return -1;
    *ret_recognition = recognition;
    return 0;
}

void recognition_finish(struct recognition *recognition)
{
    host_report_finish(&recognition->report);
    modules_destroy(recognition->modules);
    memset(recognition, 0, sizeof *recognition);
}

const struct host_finding *recognition_of(const struct recognition *recognition, const char *tag,
                                          size_t *ret_count, size_t *ret_running)
{
    const struct host_finding *best = NULL;
    size_t count = 0, running = 0;
    for (size_t i = 0; i < recognition->report.count; i++) {
        const struct host_finding *finding = &recognition->report.findings[i];
        if (strcmp(finding->rule->tag, tag) != 0)
            continue;
        count++;
        running += finding->running == 1;
        if (!best || (finding->running == 1 && best->running != 1) ||
            (best->running != 1 && finding->owner->is_executable))
            best = finding;
    }
    if (ret_count)
        *ret_count = count;
    if (ret_running)
        *ret_running = running;
    return best;
}

const char *recognition_evidence(const struct host_finding *finding, struct arena *arena)
{
    const struct host_rule *rule = finding->rule;
    const char *probe =
        rule->running == HOST_RUNNING_CALL    ? arena_format(arena, "%s()", rule->running_symbol)
        : rule->running == HOST_RUNNING_COUNT ? arena_format(arena, "%s(...)", rule->running_symbol)
        : rule->running == HOST_RUNNING_POINTER   ? rule->running_symbol
        : rule->running == HOST_RUNNING_FLAG      ? rule->running_symbol
        : rule->running == HOST_RUNNING_HANDSHAKE ? "a handshake"
                                                  : "the executable";
    const char *text =
        arena_format(arena, "%s %s exports %s%s%s\n%s says that it %s",
                     finding->owner->is_executable ? "the executable" : "the library",
                     finding->owner->path, rule->markers[0], rule->markers[1] ? " and " : "",
                     rule->markers[1] ? "the other markers" : "", probe,
                     finding->running == 1   ? "runs"
                     : finding->running == 0 ? "does not run"
                                             : "may run: only its own port can tell");
    if (finding->version_from)
        text = arena_format(arena, "%s\n%s gives version %s", text, finding->version_from,
                            finding->version);
    return text;
}

const char *recognition_version(const struct host_finding *finding, const struct manifest *manifest)
{
    const char *version = finding->version;
    if (finding->version_from && strcmp(finding->version_from, "soname") == 0)
        version = recognise_soname_version(manifest_library_at(manifest, 0), version);
    return version && *version ? version : NULL;
}
