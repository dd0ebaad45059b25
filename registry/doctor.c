/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What is wrong with this installation and this process, as findings: the check of every loader,
 * and what no single manifest can tell. */
#include "host_variants/elf_image.h"
#include "registry/inspection.h"
#include "registry/recognise.h"
#include "registry/select.h"

#include <metacall/loader.h>
#include <string.h>
#include <sys/stat.h>

struct doctor {
    struct inspection_result *inspection;
    metacall_registry *registry;
    struct catalog *catalog;
    const struct catalog_tag *tags;
    size_t count;
};

static void report(struct doctor *doctor, const char *id, const char *path, const char *tag,
                   const char *symbol, const char *message, const char *fix)
{
    findings_add(&doctor->inspection->findings,
                 &(struct metacall_diagnostic){.id = id,
                                               .severity = FINDING_USUAL,
                                               .path = path,
                                               .tag = tag,
                                               .symbol = symbol,
                                               .message = message,
                                               .fix = fix});
}

static void examine_search(struct doctor *doctor)
{
    const struct search_path *search = catalog_search(doctor->catalog);
    struct arena *arena = doctor->inspection->arena;
    const char *looked = "";
    for (size_t i = 0; i < search->count; i++) {
        const struct search_folder *folder = &search->folders[i];
        if (folder->path[0] != '/')
            report(
                doctor, "folder.relative", folder->path, NULL, folder->source,
                arena_format(arena, "%s holds a relative entry, which is not used", folder->source),
                "write it as an absolute path");
        looked = arena_format(arena, "%s%s%s", looked, *looked ? ", " : "", folder->path);
    }
    if (doctor->count == 0)
        report(doctor, "registry.empty", NULL, NULL, NULL,
               arena_format(arena, "no manifest was found in %s", looked),
               "install a loader, or name its folder in METACALL_REGISTRY_ADD_PATH");
}

static void examine_states(struct doctor *doctor)
{
    static const struct {
        enum metacall_registry_state state;
        const char *id, *text;
    } states[] = {{METACALL_REGISTRY_SHADOWED, "registry.shadowed", "is hidden by"},
                  {METACALL_REGISTRY_DISABLED, "registry.disabled", "is switched off by"},
                  {METACALL_REGISTRY_MASKED, "registry.masked", "masks the loader of its name"}};
    for (size_t i = 0; i < doctor->count; i++) {
        for (size_t j = 0; j < doctor->tags[i].count; j++) {
            const struct catalog_file *file = &doctor->tags[i].files[j];
            for (size_t k = 0; k < sizeof states / sizeof *states; k++) {
                if (states[k].state != file->state)
                    continue;
                const char *by = file->shadowed_by                           ? file->shadowed_by
                                 : file->state == METACALL_REGISTRY_DISABLED ? "itself"
                                                                             : "";
                report(doctor, states[k].id, file->path, file->tag, NULL,
                       arena_format(doctor->inspection->arena, "%s%s%s", states[k].text,
                                    *by ? " " : "", by),
                       NULL);
            }
        }
    }
}

static void examine_row(struct doctor *doctor, const struct catalog_tag *tag)
{
    struct arena *arena = doctor->inspection->arena;
    struct selection selection;
    struct select_request request =
        registry_select_request(doctor->registry, doctor->catalog, arena);
    request.probe = 1;
    if (!tag->manifest || select_variant(&request, tag, arena, NULL, &selection) < 0)
        return;
    /* A missing runtime or plugin was told by the check already. */
    if (selection.status == METACALL_REGISTRY_NO_VARIANT)
        report(doctor, "registry.unready", tag->manifest->path, tag->tag, NULL, selection.reason,
               arena_format(arena, "metacall-registry explain %s", tag->tag));
    selection_finish(&selection);
}

static void examine_process(struct doctor *doctor)
{
    struct metacall_registry_hosts *hosts;
    if (environment_is_foreign(catalog_environment(doctor->catalog)) ||
        metacall_registry_detect(doctor->registry, &hosts) < 0) {
        metacall_error_release(metacall_error_take());
        return;
    }
    for (size_t i = 0; i < hosts->count; i++) {
        if (hosts->items[i].duplicate)
            report(doctor, "host.duplicate", hosts->items[i].owner, hosts->items[i].tag, NULL,
                   "one of several copies of one runtime in this process",
                   "find out with LD_DEBUG=libs who loads the second one");
    }
    metacall_registry_hosts_free(hosts);
}

/* ------------------------------------------------------------------------------------ conflicts */

/* The letters and the underscore that a conflict's names begin with: "SSL_" of "SSL_CTX_new". */
static size_t family_size(const char *name)
{
    size_t size = strcspn(name, "_");
    return name[size] ? size + 1 : size;
}

static int is_counted(const struct manifest_conflict *conflict, const char *symbol)
{
    for (const char *const *pattern = conflict->counts; pattern && *pattern; pattern++) {
        if (host_pattern_matches(*pattern, symbol, NULL, 0))
            return 1;
    }
    for (const char *const *name = conflict->exports; !conflict->counts && *name; name++) {
        if (strncmp(symbol, *name, family_size(*name)) == 0)
            return 1;
    }
    return 0;
}

/* How many exported names belong to the conflict: by its patterns, or, where it has none, by the
 * beginning of its names. */
static size_t count_family(const struct elf_image *image, const struct manifest_conflict *conflict)
{
    struct elf_symbol symbol;
    size_t count = elf_image_symbol_count(image), found = 0;
    for (size_t i = 1; i < count; i++) {
        if (elf_image_symbol(image, i, &symbol) == 0 && symbol.defined)
            found += (size_t)is_counted(conflict, symbol.name);
    }
    return found;
}

static const char *remedy(const struct manifest_conflict *conflict)
{
    if (strcmp(conflict->action, "isolate") == 0)
        return "nothing has to be done: the loader keeps the two apart; a host that links those "
               "libraries dynamically has no such conflict";
    if (strcmp(conflict->action, "refuse") == 0)
        return "take another host: the loader is not used in this one";
    return "take a host that links those libraries dynamically";
}

static void examine_program(struct doctor *doctor, const struct manifest *guest,
                            const struct manifest_conflict *conflict, const char *program)
{
    struct arena *arena = doctor->inspection->arena;
    struct elf_image image;
    struct elf_symbol symbol;
    int exports = 1;
    if (elf_image_open(environment_real(catalog_environment(doctor->catalog), arena, program), -1,
                       &image) < 0) {
        metacall_error_release(metacall_error_take());
        return;
    }
    for (const char *const *name = conflict->exports; exports && *name; name++)
        exports = image.native && elf_image_find(&image, *name, NULL, &symbol) == 0;
    if (exports)
        report(doctor, "host.conflict", program, guest->tag, conflict->exports[0],
               arena_format(arena,
                            "as host of %s it exports %zu names of the family of %s (%s): %s",
                            guest->tag, count_family(&image, conflict), conflict->exports[0],
                            conflict->id, conflict->advice),
               remedy(conflict));
    elf_image_close(&image);
}

/* Nothing hosts the tool that asks, so the programs that would be hosts are looked at. */
static void examine_conflicts(struct doctor *doctor, const struct manifest *manifest)
{
    const struct environment *environment = catalog_environment(doctor->catalog);
    for (size_t i = 0; i < manifest->conflicts.count; i++) {
        const struct manifest_conflict *conflict =
            (const struct manifest_conflict *)manifest->conflicts.items + i;
        const struct catalog_tag *host = NULL;
        if (catalog_lookup(doctor->catalog, conflict->host, &host) < 0)
            metacall_error_release(metacall_error_take());
        if (!host || !host->manifest || !host->manifest->host)
            continue;
        const char *const *names = host->manifest->host->executables;
        struct stat status, before = {.st_ino = 0};
        for (; names && *names; names++) {
            const char *program =
                strchr(*names, '%')
                    ? NULL
                    : runtime_program(environment, doctor->inspection->arena, *names, NULL);
            if (!program || stat(environment_real(environment, doctor->inspection->arena, program),
                                 &status) < 0)
                continue;
            /* One program often has several names. */
            if (status.st_ino != before.st_ino || status.st_dev != before.st_dev)
                examine_program(doctor, manifest, conflict, program);
            before = status;
        }
    }
}

/* -------------------------------------------------------------------------------------- filter */

static int listed(const char *id, const char *const *list)
{
    for (; list && *list; list++) {
        size_t size = strlen(*list);
        if (strncmp(id, *list, size) == 0 &&
            (id[size] == '\0' || id[size] == '.' || (size && (*list)[size - 1] == '.')))
            return 1;
    }
    return 0;
}

static void filter(struct findings *findings, const char *const *only, const char *const *skip)
{
    struct metacall_diagnostic *items = findings->list.items;
    size_t kept = 0;
    findings->errors = findings->warnings = 0;
    for (size_t i = 0; i < findings->list.count; i++) {
        if ((only && !listed(items[i].id, only)) || listed(items[i].id, skip))
            continue;
        items[kept++] = items[i];
        findings->errors += items[i].severity == METACALL_SEVERITY_ERROR;
        findings->warnings += items[i].severity == METACALL_SEVERITY_WARNING;
    }
    findings->list.count = kept;
}

int metacall_registry_doctor(metacall_registry *registry, const char *const *only,
                             const char *const *skip,
                             struct metacall_registry_findings **ret_findings)
{
    struct inspection_result inspection;
    struct doctor doctor = {.inspection = &inspection, .registry = registry};
    inspection_begin(&inspection);
    if (!inspection.result)
        return -1;
    doctor.catalog = registry_catalog(registry);
    int result = catalog_tags(doctor.catalog, &doctor.tags, &doctor.count);
    if (result == 0) {
        examine_search(&doctor);
        result = inspection_check(&inspection, registry, doctor.catalog, NULL);
    }
    if (result == 0) {
        examine_states(&doctor);
        examine_process(&doctor);
        for (size_t i = 0; i < doctor.count; i++) {
            examine_row(&doctor, &doctor.tags[i]);
            if (doctor.tags[i].manifest)
                examine_conflicts(&doctor, doctor.tags[i].manifest);
        }
        filter(&inspection.findings, only, skip);
    }
    catalog_release(doctor.catalog);
    return inspection_end(&inspection, result, ret_findings);
}
