/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Which runtimes live in another process, by the rules of the active manifests: their host parts,
 * the ways in for a debugger, and the names that their conflicts are about. */
#include "host_variants/process.h"
#include "registry/recognise.h"
#include "registry/registry.h"

#include <metacall/loader.h>
#include <string.h>

struct rules {
    struct arena *arena; /* of the rules, not of the result */
    struct arena_list hosts, names;
    struct process_rule *runtimes;
    const struct manifest **manifests; /* of each of `runtimes` */
    size_t count;
};

static const struct process_entrance_rule *make_entrances(const struct manifest_host *host,
                                                          struct arena *arena)
{
    const struct manifest_attach *from = host->attach.items;
    struct process_entrance_rule *rules =
        arena_alloc(arena, (host->attach.count + 1) * sizeof *rules);
    for (size_t i = 0; rules && i < host->attach.count; i++)
        rules[i] = (struct process_entrance_rule){.id = from[i].id,
                                                  .since = from[i].since,
                                                  .until = from[i].until,
                                                  .on_arguments = from[i].on_arguments,
                                                  .off_arguments = from[i].off_arguments,
                                                  .off_variables = from[i].off_variables,
                                                  .option_variables = from[i].option_variables,
                                                  .signal = from[i].signal,
                                                  .hint = from[i].hint};
    return rules;
}

/* What several manifests call by one id is looked for once. */
static void add_names(struct rules *rules, const struct manifest *manifest)
{
    const struct manifest_conflict *from = manifest->conflicts.items;
    for (size_t i = 0; i < manifest->conflicts.count; i++) {
        const struct process_names_rule *known = rules->names.items;
        size_t at = 0;
        while (at < rules->names.count && strcmp(known[at].id, from[i].id) != 0)
            at++;
        if (at < rules->names.count)
            continue;
        struct process_names_rule *rule = arena_push(rules->arena, &rules->names, sizeof *rule);
        if (rule)
            *rule = (struct process_names_rule){.id = from[i].id,
                                                .proof = from[i].exports,
                                                .counted = from[i].counts ? from[i].counts
                                                                          : from[i].exports};
    }
}

static int make_rules(struct catalog *catalog, struct rules *rules)
{
    const struct catalog_tag *tags;
    size_t count;
    if (catalog_tags(catalog, &tags, &count) < 0)
        return -1;
    struct host_rule *hosts = arena_alloc(rules->arena, (count + 1) * sizeof *hosts);
    rules->runtimes = arena_alloc(rules->arena, (count + 1) * sizeof *rules->runtimes);
    rules->manifests = arena_alloc(rules->arena, (count + 1) * sizeof *rules->manifests);
    if (!hosts || !rules->runtimes || !rules->manifests)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const struct manifest *manifest = tags[i].manifest;
        if (!manifest)
            continue;
        add_names(rules, manifest);
        if (recognise_rule(manifest, rules->arena, &hosts[rules->count]) < 0)
            continue;
        rules->manifests[rules->count] = manifest;
        rules->runtimes[rules->count] =
            (struct process_rule){.host = &hosts[rules->count],
                                  .entrances = make_entrances(manifest->host, rules->arena)};
        rules->count++;
    }
    return rules->arena->failed ? metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory") : 0;
}

static const struct metacall_registry_entrance *copy_entrances(struct arena *arena,
                                                               const struct process_runtime *from)
{
    struct metacall_registry_entrance *items =
        arena_alloc(arena, (from->entrance_count + 1) * sizeof *items);
    for (size_t i = 0; items && i < from->entrance_count; i++) {
        const struct process_entrance *entrance = &from->entrances[i];
        items[i] = (struct metacall_registry_entrance){
            .id = arena_text(arena, entrance->rule->id),
            .state = process_entrance_state_name(entrance->state),
            .because = *entrance->because ? arena_text(arena, entrance->because) : NULL,
            .hint = arena_text(arena, entrance->rule->hint)};
    }
    return items;
}

static void fill_runtime(struct arena *arena, const struct rules *rules,
                         const struct process_runtime *from,
                         struct metacall_registry_process_runtime *runtime)
{
    const struct manifest *manifest = rules->manifests[from->rule - rules->runtimes];
    const char *version = from->version;
    if (from->version_from && strcmp(from->version_from, "soname") == 0)
        version = recognise_soname_version(manifest_library_at(manifest, 0), version);
    *runtime = (struct metacall_registry_process_runtime){
        .tag = arena_text(arena, manifest->tag),
        .language = arena_text(arena, manifest->language->name),
        .runtime = arena_text(arena, manifest->runtime->name),
        .owner = arena_text(arena, from->path),
        .in_executable = from->in_executable,
        .deleted = from->deleted,
        .running = from->running,
        .duplicate = from->duplicate,
        .version = *version ? arena_text(arena, version) : NULL,
        .version_from = *version ? arena_text(arena, from->version_from) : NULL,
        .build_id = *from->build_id ? arena_text(arena, from->build_id) : NULL,
        .entrances = copy_entrances(arena, from),
        .entrance_count = from->entrance_count,
    };
}

static void fill(struct arena *arena, const struct rules *rules,
                 const struct process_report *report, struct metacall_registry_process *process)
{
    struct metacall_registry_process_runtime *runtimes =
        arena_alloc(arena, (report->runtime_count + 1) * sizeof *runtimes);
    struct metacall_registry_process_names *names =
        arena_alloc(arena, (report->names_count + 1) * sizeof *names);
    for (size_t i = 0; runtimes && i < report->runtime_count; i++)
        fill_runtime(arena, rules, &report->runtimes[i], &runtimes[i]);
    for (size_t i = 0; names && i < report->names_count; i++)
        names[i] = (struct metacall_registry_process_names){
            .id = arena_text(arena, report->names[i].rule->id),
            .owner = arena_text(arena, report->names[i].path),
            .in_executable = report->names[i].in_executable,
            .count = report->names[i].count};
    *process = (struct metacall_registry_process){
        .pid = (int)report->pid,
        .uid = report->uid,
        .executable = arena_text(arena, report->executable),
        .executable_deleted = report->executable_deleted,
        .root = arena_text(arena, report->root),
        .other_root = report->other_root,
        .other_mounts = report->other_mounts,
        .runtimes = runtimes,
        .runtime_count = report->runtime_count,
        .names = names,
        .names_count = report->names_count,
        .modules = report->module_count,
        .unreadable = arena_text(arena, report->unreadable),
        .unreadable_count = report->unreadable_count,
    };
}

int metacall_registry_detect_process(metacall_registry *registry, int pid,
                                     struct metacall_registry_process **ret_process)
{
    struct arena *arena, scratch = {.chunks = NULL};
    struct rules rules = {.arena = &scratch};
    struct process_report *report = NULL;
    int result = -1;
    struct catalog *catalog = registry_catalog(registry);
    struct metacall_registry_process *process = result_create(sizeof *process, &arena);
    if (!process || make_rules(catalog, &rules) < 0 ||
        process_look(pid, rules.runtimes, rules.count, rules.names.items, rules.names.count,
                     &report) < 0)
        goto out;
    fill(arena, &rules, report, process);
    result = arena->failed ? metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory") : 0;
out:
    process_report_destroy(report);
    arena_finish(&scratch);
    catalog_release(catalog);
    if (result == 0)
        *ret_process = process;
    else
        result_free(process);
    return result;
}

void metacall_registry_process_free(struct metacall_registry_process *process)
{
    result_free(process);
}
