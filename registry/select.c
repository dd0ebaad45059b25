/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The variants in the manifest's order; the first whose conditions hold, whose plugin is there and
 * whose runtime is found is taken. Every other one leaves its reason in the trace. */
#include "registry/select.h"

#include "core/loader_table.h"
#include "host_variants/elf_image.h"
#include "registry/conditions.h"
#include "registry/pattern.h"
#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct selecting {
    const struct select_request *request;
    struct arena *arena;
    struct trace *trace;
    struct selection *selection;
    enum metacall_registry_status worst; /* of the variant that came farthest */
    const char *pin;
    int guest; /* the loader runs here already, and started its runtime itself */
};

const char *select_path(const struct manifest *manifest, struct arena *arena, const char *path)
{
    const char *slash = strrchr(manifest->path, '/');
    size_t size = slash ? (size_t)(slash - manifest->path) : 0;
    if (path[0] == '/' || !slash)
        return path;
    if (strncmp(path, "../", 3) == 0) {
        path += 3;
        while (size > 0 && manifest->path[--size] != '/')
            ;
    }
    return arena_format(arena, "%.*s/%s", (int)size, manifest->path, path);
}

const char *select_plugin(struct catalog *catalog, const struct manifest *manifest,
                          const char *library, struct arena *arena, const char **ret_looked)
{
    const struct environment *environment = catalog_environment(catalog);
    const char *looked = "";
    if (strchr(library, '/')) {
        const char *path = select_path(manifest, arena, library);
        *ret_looked = path;
        return access(environment_real(environment, arena, path), F_OK) == 0 ? path : NULL;
    }
    const char *const *folders =
        search_path_plugins(environment, arena, catalog_search(catalog), manifest->path);
    for (; folders && *folders; folders++) {
        const char *path = arena_format(arena, "%s/%s", *folders, library);
        if (access(environment_real(environment, arena, path), F_OK) == 0)
            return path;
        looked = arena_format(arena, "%s%s%s", looked, *looked ? ", " : "", path);
    }
    *ret_looked = looked;
    return NULL;
}

static int reject(struct selecting *selecting, const struct manifest_variant *variant,
                  enum metacall_registry_status status, const char *reason)
{
    if (status != METACALL_REGISTRY_NO_VARIANT || selecting->worst == METACALL_REGISTRY_READY)
        selecting->worst = status;
    trace_step(selecting->trace, "variant", variant->strategy_name, METACALL_REGISTRY_REJECTED,
               "%s", reason);
    return -1;
}

/* The plugin's DT_NEEDED that the pattern means, and its %v; NULL = the plugin has none such. */
static const char *read_needed(struct selecting *selecting, const char *plugin, const char *pattern,
                               char version[PATTERN_VERSION_SIZE])
{
    const struct environment *environment = catalog_environment(selecting->request->catalog);
    struct elf_image image;
    const char *found = NULL, *needed;
    version[0] = '\0';
    if (elf_image_open(environment_real(environment, selecting->arena, plugin), -1, &image) < 0) {
        metacall_error_release(metacall_error_take());
        return NULL;
    }
    for (size_t i = 0; !found && (needed = elf_image_needed(&image, i)) != NULL; i++) {
        if (pattern_match(pattern, needed, version))
            found = arena_text(selecting->arena, needed);
    }
    elf_image_close(&image);
    return found;
}

/* A library of the runtime that is mapped already must be the one: two would be two runtimes. */
static int find_mapped(struct selecting *selecting, const struct runtime_search *search)
{
    struct selection *selection = selecting->selection;
    if (!selection->host || selection->host->owner->is_executable)
        return 0;
    return runtime_library_verify(search, selection->host->owner->path,
                                  "what this process has mapped", &selection->runtime) == 0
               ? 1
               : -1;
}

static int find_runtime(struct selecting *selecting, const struct manifest_variant *variant)
{
    struct selection *selection = selecting->selection;
    const struct manifest *manifest = selection->manifest;
    char needed_version[PATTERN_VERSION_SIZE];
    if (!variant->needed)
        return 0;
    selection->needed = read_needed(selecting, selection->plugin, variant->needed, needed_version);
    if (!selection->needed)
        return reject(selecting, variant, METACALL_REGISTRY_NO_PLUGIN,
                      arena_format(selecting->arena, "%s needs no library that matches %s",
                                   selection->plugin, variant->needed));
    const char *slash = strrchr(manifest->path, '/');
    for (size_t i = 0; i < manifest->runtime->libraries.count; i++) {
        const struct runtime_search search = {
            .environment = catalog_environment(selecting->request->catalog),
            .manifest = manifest,
            .library = manifest_library_at(manifest, i),
            .manifest_folder =
                arena_copy(selecting->arena, manifest->path, (size_t)(slash - manifest->path)),
            .needed_version = *needed_version ? needed_version : NULL,
            .range = variant->when ? variant->when->runtime_version : NULL,
            .probe = selecting->request->probe,
            .exact = selecting->request->exact,
            .arena = selecting->arena,
            .trace = selecting->trace,
        };
        int found = find_mapped(selecting, &search);
        if (found < 0)
            return reject(selecting, variant, METACALL_REGISTRY_NO_RUNTIME,
                          "this process has a library of the runtime mapped that does not fit");
        if (found > 0 || runtime_library_find(&search, &selection->runtime))
            return 0;
    }
    return reject(selecting, variant, METACALL_REGISTRY_NO_RUNTIME,
                  arena_format(selecting->arena, "no %s was found that fits%s%s",
                               manifest->runtime->name,
                               manifest->runtime->versions ? ", wanted: " : "",
                               manifest->runtime->versions ? manifest->runtime->versions : ""));
}

/* Data files that the runtime cannot start without. They count only for a library that has their
 * path compiled in. */
static int check_files(struct selecting *selecting, const struct manifest_variant *variant)
{
    struct selection *selection = selecting->selection;
    const struct environment *environment = catalog_environment(selecting->request->catalog);
    size_t from = 0;
    const struct manifest_file *file =
        selection->runtime.library
            ? runtime_file_missing(environment, selecting->arena, selection->manifest->runtime,
                                   selecting->request->exact, &selection->runtime, &from)
            : NULL;
    if (!file)
        return 0;
    return reject(selecting, variant, METACALL_REGISTRY_MISSING_DATA,
                  arena_format(selecting->arena, "%s reads %s at its start, which is missing%s%s",
                               selection->runtime.library, file->path,
                               file->package ? "; it comes with the package " : "",
                               file->package ? file->package : ""));
}

/* Which module may export what a conflict names: the executable, or, where the conflict is about
 * builds of the loader's own runtime, the one that this process has. */
static const struct module *suspect(const struct selection *selection,
                                    const struct manifest_conflict *conflict)
{
    if (manifest_conflict_is_own(selection->manifest, conflict))
        return selection->host ? selection->host->owner : NULL;
    return selection->recognition.modules ? modules_at(selection->recognition.modules, 0) : NULL;
}

/* A conflict that the manifest refuses: the host exports what it must not. */
static int check_conflicts(struct selecting *selecting, const struct manifest_variant *variant)
{
    const struct selection *selection = selecting->selection;
    const struct manifest *manifest = selection->manifest;
    for (size_t i = 0; i < manifest->conflicts.count; i++) {
        const struct manifest_conflict *conflict =
            (const struct manifest_conflict *)manifest->conflicts.items + i;
        const struct module *owner = suspect(selection, conflict);
        if (!owner || !conditions_conflict(conflict, owner))
            continue;
        if (strcmp(conflict->action, "refuse") == 0)
            return reject(selecting, variant, METACALL_REGISTRY_NO_VARIANT,
                          arena_format(selecting->arena, "%s exports %s: %s", owner->path,
                                       conflict->exports[0], conflict->advice));
        trace_step(selecting->trace, "host", owner->path, METACALL_REGISTRY_FACT, "conflict %s: %s",
                   conflict->id, conflict->advice);
    }
    return 0;
}

static int try_variant(struct selecting *selecting, const struct manifest_variant *variant)
{
    const struct select_request *request = selecting->request;
    struct selection *selection = selecting->selection;
    struct condition_host host = {.catalog = request->catalog,
                                  .arena = selecting->arena,
                                  .self = selection->host,
                                  .manifest = selection->manifest,
                                  .guest = selecting->guest,
                                  .attached = request->host_tag,
                                  .attached_version = request->host_version};
    const char *reason, *looked;
    memset(&selection->runtime, 0, sizeof selection->runtime);
    selection->needed = NULL;
    if (selecting->pin && strcmp(selecting->pin, variant->strategy_name) != 0)
        return reject(selecting, variant, METACALL_REGISTRY_NO_VARIANT,
                      arena_format(selecting->arena, "%s is pinned", selecting->pin));
    if ((reason = conditions_unmet(variant, &host)) != NULL)
        return reject(selecting, variant, METACALL_REGISTRY_NO_VARIANT, reason);
    selection->plugin = select_plugin(request->catalog, selection->manifest, variant->library,
                                      selecting->arena, &looked);
    if (!selection->plugin)
        return reject(selecting, variant, METACALL_REGISTRY_NO_PLUGIN,
                      arena_format(selecting->arena, "the plugin %s is not there; looked at %s",
                                   variant->library, looked));
    selection->is_host = variant->strategy != STRATEGY_LINKED;
    if (selection->is_host) {
        if (variant->needed) {
            char ignored[PATTERN_VERSION_SIZE];
            selection->needed = read_needed(selecting, selection->plugin, variant->needed, ignored);
        }
        selection->runtime.version = conditions_host_version(&host);
        selection->runtime.source = "this process";
    } else if (find_runtime(selecting, variant) < 0 || check_files(selecting, variant) < 0) {
        return -1;
    }
    if (check_conflicts(selecting, variant) < 0)
        return -1;
    selection->variant = variant;
    return 0;
}

/* METACALL_REGISTRY_STRATEGY="py=interposed,node=linked". NULL = no word about this tag. */
static const char *pin_of_variable(struct selecting *selecting, const char *tag)
{
    const struct environment *environment = catalog_environment(selecting->request->catalog);
    const char *list = environment_get(environment, "METACALL_REGISTRY_STRATEGY");
    size_t size = strlen(tag);
    while (list && *list) {
        size_t length = strcspn(list, ",");
        if (length > size && strncmp(list, tag, size) == 0 && list[size] == '=')
            return arena_copy(selecting->arena, list + size + 1, length - size - 1);
        list += length + (list[length] == ',');
    }
    return NULL;
}

static void find_pin(struct selecting *selecting, const struct catalog_tag *tag)
{
    const char *by = "METACALL_REGISTRY_STRATEGY";
    selecting->pin = pin_of_variable(selecting, tag->tag);
    if (!selecting->pin && tag->pin) {
        selecting->pin = tag->pin;
        by = tag->pinned_by;
    }
    if (selecting->pin)
        trace_step(selecting->trace, "variant", selecting->pin, METACALL_REGISTRY_FACT,
                   "pinned by %s", by);
}

static int find_host(struct selecting *selecting)
{
    struct selection *selection = selecting->selection;
    const struct select_request *request = selecting->request;
    size_t count = 0, running = 0;
    if (environment_is_foreign(catalog_environment(request->catalog)) ||
        !selection->manifest->runtime || !selection->manifest->host)
        return 0;
    if (recognise_manifest(selection->manifest, selecting->arena, &selection->recognition) < 0)
        return -1;
    selection->host =
        recognition_of(&selection->recognition, selection->tag->tag, &count, &running);
    for (size_t i = 0; i < selection->recognition.report.count; i++) {
        const struct host_finding *finding = &selection->recognition.report.findings[i];
        trace_step(selecting->trace, "host", finding->owner->path,
                   finding == selection->host ? METACALL_REGISTRY_TAKEN
                                              : METACALL_REGISTRY_REJECTED,
                   "%s", recognition_evidence(finding, selecting->arena));
    }
    if (count == 0)
        trace_step(selecting->trace, "host", selection->tag->tag, METACALL_REGISTRY_FACT,
                   "no module of this process exports the markers of %s",
                   selection->manifest->runtime->name);
    if (running > 1 && !selection->manifest->detection_only &&
        !environment_get(catalog_environment(request->catalog),
                         "METACALL_REGISTRY_ALLOW_DUPLICATE")) {
        selection->status = METACALL_REGISTRY_NO_VARIANT;
        selection->reason = arena_format(
            selecting->arena,
            "%zu copies of %s run in this process, and it cannot be told which one is meant; "
            "METACALL_REGISTRY_ALLOW_DUPLICATE=1 takes the first",
            running, selection->manifest->runtime->name);
        return 1;
    }
    return 0;
}

/* A runtime that runs because its loader was asked for: the choice is told as it was made. */
static void find_guest(struct selecting *selecting, const char *tag)
{
    const metacall_loader *loader = loader_table_find(tag);
    selecting->guest = loader && !metacall_loader_is_host(loader);
    if (selecting->guest)
        trace_step(selecting->trace, "host", tag, METACALL_REGISTRY_FACT,
                   "the loader runs already, its runtime as a guest of this process");
}

static const char *unusable_reason(const struct catalog_tag *tag, struct arena *arena)
{
    const char *text = "only an override is there, and no manifest that it could change";
    for (size_t i = 0; i < tag->count; i++) {
        const struct catalog_file *file = &tag->files[i];
        const struct metacall_diagnostic *error = findings_first_error(&file->manifest->findings);
        if (file->state == METACALL_REGISTRY_MASKED)
            return arena_format(arena, "masked by %s", file->path);
        if (file->state == METACALL_REGISTRY_DISABLED)
            return arena_format(arena, "switched off by %s", file->path);
        if (error && file->state == METACALL_REGISTRY_BROKEN)
            return arena_format(arena, "its manifest is broken: %s%s", findings_line(arena, error),
                                file->manifest->findings.errors > 1 ? " (and more)" : "");
    }
    return text;
}

static void describe(struct selecting *selecting)
{
    struct selection *selection = selecting->selection;
    const char *runtime = selection->manifest->runtime ? selection->manifest->runtime->name : NULL;
    if (!selection->variant) {
        selection->status = selecting->worst == METACALL_REGISTRY_READY
                                ? METACALL_REGISTRY_NO_VARIANT
                                : selecting->worst;
        const char *text = trace_rejections(selecting->trace, "variant");
        const char *more = selection->status == METACALL_REGISTRY_NO_RUNTIME
                               ? trace_rejections(selecting->trace, "runtime")
                               : "";
        selection->reason = arena_format(selecting->arena, "%s%s%s%s", text,
                                         *more ? " (candidates: " : "", more, *more ? ")" : "");
        return;
    }
    selection->status = METACALL_REGISTRY_READY;
    if (selection->is_host)
        selection->reason =
            arena_format(selecting->arena, "%s is this process's own runtime", runtime);
    else if (!selection->needed)
        selection->reason = "it needs no runtime";
    else
        selection->reason = arena_format(
            selecting->arena, "%s%s%s found by %s%s%s%s%s%s%s", runtime,
            selection->runtime.version ? " " : "",
            selection->runtime.version ? selection->runtime.version : "", selection->runtime.source,
            selection->runtime.unasked ? "; " : "",
            selection->runtime.unasked ? selection->runtime.unasked : "",
            selection->runtime.unasked
                ? " was not run and may name another one: a load, or a probe, asks it"
                : "",
            selection->runtime.unread ? "; " : "",
            selection->runtime.unread ? selection->runtime.unread : "",
            selection->runtime.unread
                ? " is missing, and whether it is needed was not looked up: a load, or "
                  "a probe, does"
                : "");
    trace_step(selecting->trace, "variant", selection->variant->strategy_name,
               METACALL_REGISTRY_TAKEN, "%s", selection->reason);
}

static void describe_detection(struct selecting *selecting)
{
    struct selection *selection = selecting->selection;
    selection->status = METACALL_REGISTRY_DETECTION_ONLY;
    selection->reason = arena_format(selecting->arena,
                                     "for detection only: the manifest says how %s is recognised; "
                                     "no loader for it is installed",
                                     selection->manifest->runtime->name);
    trace_step(selecting->trace, "variant", selection->tag->tag, METACALL_REGISTRY_FACT, "%s",
               selection->reason);
}

int select_variant(const struct select_request *request, const struct catalog_tag *tag,
                   struct arena *arena, struct trace *trace, struct selection *ret_selection)
{
    struct trace own = {.arena = arena};
    struct selecting selecting = {.request = request,
                                  .arena = arena,
                                  .trace = trace ? trace : &own,
                                  .selection = ret_selection};
    int stopped;
    *ret_selection = (struct selection){.tag = tag, .manifest = tag->manifest};
    if (!tag->manifest) {
        ret_selection->status = METACALL_REGISTRY_UNUSABLE;
        ret_selection->reason = unusable_reason(tag, arena);
        return 0;
    }
    if ((stopped = find_host(&selecting)) != 0)
        return stopped < 0 ? -1 : 0;
    if (tag->manifest->detection_only) {
        describe_detection(&selecting);
        return 0;
    }
    find_pin(&selecting, tag);
    find_guest(&selecting, tag->tag);
    for (size_t i = 0; i < tag->manifest->variants.count && !ret_selection->variant; i++)
        try_variant(&selecting, manifest_variant_at(tag->manifest, i));
    describe(&selecting);
    return 0;
}

void selection_finish(struct selection *selection)
{
    recognition_finish(&selection->recognition);
}
