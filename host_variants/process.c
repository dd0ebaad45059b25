/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The report on another process: rules against modules, with all that a finding says. */
#include "host_variants/process.h"

#include "host_variants/process_view.h"

#include <limits.h>
#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The report and what it points to, in one piece. */
struct held_report {
    struct process_report report; /* first */
    struct process_view view;
    char root[PATH_MAX];
    struct process_runtime *runtimes;
    struct process_names *names;
    struct process_entrance *entrances;
    size_t runtime_room, names_room, entrance_count, entrance_room;
};

/* One element more of an array that doubles. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room ? *room * 2 : 8;
    return realloc(array, *room * size);
}

static int exports_all(const struct elf_image *image, const char *const *names)
{
    struct elf_symbol symbol;

    if (!names || !names[0])
        return 0;
    for (; *names; names++) {
        if (elf_image_find(image, *names, NULL, &symbol) != 0)
            return 0;
    }
    return 1;
}

/* ---------------------------------------------------------------------------------- runtimes */

static int is_named_so(const struct host_rule *rule, const char *path)
{
    const char *slash = strrchr(path, '/'), *const *patterns = rule->executables;

    for (; patterns && *patterns; patterns++) {
        if (host_pattern_matches(*patterns, slash ? slash + 1 : path, NULL, 0))
            return 1;
    }
    return 0;
}

static int add_entrances(struct held_report *held, const struct process_rule *rule,
                         const char *version)
{
    const struct process_entrance_rule *entrance = rule->entrances;

    for (; entrance && entrance->id; entrance++) {
        void *grown = grow(held->entrances, held->entrance_count, &held->entrance_room,
                           sizeof(*held->entrances));
        if (!grown)
            return -1;
        held->entrances = grown;
        process_entrance_judge(&held->view, entrance, version,
                               &held->entrances[held->entrance_count++]);
    }
    return 0;
}

static int add_runtime(struct held_report *held, const struct process_rule *rule,
                       const struct process_module *owner)
{
    void *grown = grow(held->runtimes, held->report.runtime_count, &held->runtime_room,
                       sizeof(*held->runtimes));
    size_t entrances = held->entrance_count;
    struct process_runtime *runtime;

    if (!grown)
        return -1;
    held->runtimes = grown;
    runtime = &held->runtimes[held->report.runtime_count++];
    memset(runtime, 0, sizeof(*runtime));
    runtime->rule = rule;
    runtime->path = owner->path;
    runtime->in_executable = owner->is_executable;
    runtime->deleted = owner->deleted;
    /* an interpreter under its own name runs its runtime; of anything else nothing is known */
    runtime->running = is_named_so(rule->host, held->view.executable) ? 1 : -1;
    runtime->version_from =
        process_version_of(rule, owner, runtime->version, sizeof(runtime->version));
    if (elf_image_build_id(&owner->image, runtime->build_id, sizeof(runtime->build_id)) != 0)
        runtime->build_id[0] = 0;
    if (add_entrances(held, rule, runtime->version) != 0)
        return -1;
    runtime->entrance_count = held->entrance_count - entrances;
    return 0;
}

static int find_runtimes(struct held_report *held, const struct process_rule *rules, size_t count)
{
    for (size_t r = 0; r < count; r++) {
        size_t first = held->report.runtime_count;
        for (size_t m = 0; m < held->view.module_count; m++) {
            const struct process_module *module = &held->view.modules[m];
            if (module->readable && exports_all(&module->image, rules[r].host->markers) &&
                add_runtime(held, &rules[r], module) != 0)
                return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        }
        for (size_t i = first;
             held->report.runtime_count - first > 1 && i < held->report.runtime_count; i++)
            held->runtimes[i].duplicate = 1;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------- names */

static size_t count_names(const struct elf_image *image, const char *const *patterns)
{
    size_t count = elf_image_symbol_count(image), found = 0;
    struct elf_symbol symbol;

    for (size_t i = 1; i < count; i++) {
        if (elf_image_symbol(image, i, &symbol) != 0 || !symbol.defined ||
            symbol.binding == STB_LOCAL || symbol.visibility == STV_HIDDEN ||
            symbol.visibility == STV_INTERNAL)
            continue;
        for (const char *const *pattern = patterns; pattern && *pattern; pattern++) {
            if (host_pattern_matches(*pattern, symbol.name, NULL, 0)) {
                found++;
                break;
            }
        }
    }
    return found;
}

static int find_names(struct held_report *held, const struct process_names_rule *rules,
                      size_t count)
{
    for (size_t r = 0; r < count; r++) {
        for (size_t m = 0; m < held->view.module_count; m++) {
            const struct process_module *module = &held->view.modules[m];
            if (!module->readable || !exports_all(&module->image, rules[r].proof))
                continue;
            void *grown = grow(held->names, held->report.names_count, &held->names_room,
                               sizeof(*held->names));
            if (!grown)
                return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
            held->names = grown;
            held->names[held->report.names_count++] =
                (struct process_names){.rule = &rules[r],
                                       .path = module->path,
                                       .in_executable = module->is_executable,
                                       .count = count_names(&module->image, rules[r].counted)};
        }
    }
    return 0;
}

/* ------------------------------------------------------------------------------------ report */

static void describe(struct held_report *held)
{
    struct process_report *report = &held->report;
    const struct process_view *view = &held->view;
    struct stat info;
    ssize_t size;

    report->pid = view->pid;
    if (fstat(view->folder, &info) == 0)
        report->uid = info.st_uid;
    report->executable = view->executable;
    report->executable_deleted = view->executable_deleted;
    report->other_root = process_is_other(view->folder, "root", "/proc/self/root");
    report->other_mounts = view->other_mounts;
    size = readlinkat(view->folder, "root", held->root, sizeof(held->root) - 1);
    held->root[size > 0 ? size : 0] = 0;
    report->root = held->root;
    for (size_t i = 0; i < view->module_count; i++) {
        if (view->modules[i].readable) {
            report->module_count++;
        } else {
            report->unreadable = report->unreadable ? report->unreadable : view->modules[i].path;
            report->unreadable_count++;
        }
    }
}

/* The arrays have stopped moving: now they may be pointed into. */
static void connect(struct held_report *held)
{
    const struct process_entrance *entrance = held->entrances;

    for (size_t i = 0; i < held->report.runtime_count; i++) {
        held->runtimes[i].entrances = entrance;
        entrance += held->runtimes[i].entrance_count;
    }
    held->report.runtimes = held->runtimes;
    held->report.names = held->names;
}

int process_look(pid_t pid, const struct process_rule *rules, size_t rule_count,
                 const struct process_names_rule *names, size_t names_count,
                 struct process_report **ret_report)
{
    struct held_report *held = calloc(1, sizeof(*held));

    if (!held)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    if (process_view_read(pid, &held->view) != 0 || find_runtimes(held, rules, rule_count) != 0 ||
        find_names(held, names, names_count) != 0 || process_view_confirm(&held->view) != 0) {
        process_report_destroy(&held->report);
        return -1;
    }
    describe(held);
    connect(held);
    *ret_report = &held->report;
    return 0;
}

void process_report_destroy(struct process_report *report)
{
    struct held_report *held = (struct held_report *)report;

    if (!held)
        return;
    process_view_finish(&held->view);
    free(held->runtimes);
    free(held->names);
    free(held->entrances);
    free(held);
}
