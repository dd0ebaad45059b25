/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/load.h"

#include "core/loader_table.h"
#include "registry/check.h"
#include "registry/registry.h"
#include "registry/version.h"
#include <stdlib.h>
#include <string.h>

/* Tags that this thread is about to load, innermost first: a loader that needs itself is found. */
struct loading {
    const struct loading *outer;
    const char *tag;
};
static _Thread_local const struct loading *loading_now;

/* A plugin whose hooks may have run stays open for good: its code may be on a stack or in an
 * atexit. Held here, so that it is not lost either. */
struct held_plugin {
    struct held_plugin *next;
    struct bound_plugin *plugin;
};
static struct held_plugin *held_plugins;

static void hold_plugin(struct bound_plugin *plugin)
{
    struct held_plugin *held = malloc(sizeof *held);
    if (!held)
        return;
    held->plugin = plugin;
    held->next = __atomic_load_n(&held_plugins, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&held_plugins, &held->next, held, 1, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
        ;
}

struct load {
    const struct registry_load_request *request;
    struct catalog *catalog;
    const struct manifest *manifest;
    struct arena arena;
    struct selection selection;
    struct plugin_file plugin;
};

static int load_dependencies(struct load *load)
{
    const struct manifest_dependency *items = load->manifest->depends.items;
    for (size_t i = 0; i < load->manifest->depends.count; i++) {
        const struct catalog_tag *tag;
        for (const struct loading *at = loading_now; at; at = at->outer) {
            if (strcmp(at->tag, items[i].tag) == 0)
                return metacall_error_raise(
                    METACALL_ERROR_MANIFEST, "%s: the loader %s depends on %s, which depends on it",
                    load->manifest->path, load->manifest->tag, items[i].tag);
        }
        if (registry_find(load->catalog, items[i].tag, &tag) < 0 || !loader_table_get(items[i].tag))
            return metacall_error_wrap(METACALL_ERROR_LOADER,
                                       "the loader %s (%s) depends on the loader %s",
                                       load->manifest->tag, load->manifest->path, items[i].tag);
        if (items[i].version && tag->manifest && tag->manifest->version &&
            version_in_range(tag->manifest->version, items[i].version) != 1)
            return metacall_error_raise(METACALL_ERROR_LOADER,
                                        "%s: needs the loader %s in version %s, %s is version %s",
                                        load->manifest->path, items[i].tag, items[i].version,
                                        tag->manifest->path, tag->manifest->version);
    }
    return 0;
}

static int choose(struct load *load, metacall_registry *registry, const struct catalog_tag *tag)
{
    struct select_request select = registry_select_request(registry, load->catalog, &load->arena);
    const struct registry_load_request *request = load->request;
    select.probe = 1;
    if (request->host_tag) {
        select.host_tag = request->host_tag;
        select.host_version = request->host_version;
    }
    if (select_variant(&select, tag, &load->arena, NULL, &load->selection) < 0)
        return -1;
    if (load->selection.status == METACALL_REGISTRY_READY)
        return 0;
    return metacall_error_raise(tag->manifest ? METACALL_ERROR_LOADER : METACALL_ERROR_MANIFEST,
                                "the loader %s cannot be loaded (%s): %s; see "
                                "`metacall-registry explain %s`",
                                tag->tag, tag->manifest ? tag->manifest->path : "no manifest",
                                load->selection.reason, tag->tag);
}

static int accepts_version(const char *version, void *data)
{
    return version_in_range(version, data) != 0;
}

static int bind(struct load *load, struct bound_plugin **ret_plugin)
{
    const struct selection *selection = &load->selection;
    const struct manifest *manifest = load->manifest;
    struct host_rule rule;
    struct strategy_request request = {
        .strategy = selection->variant->strategy,
        .tag = manifest->tag,
        .plugin = selection->plugin,
        .plugin_fd = load->plugin.keep ? load->plugin.fd : -1,
        .image = &load->plugin.image,
        .needed = selection->needed,
        .runtime_library = selection->runtime.library,
        .promote = selection->variant->promote,
        .host = selection->is_host ? selection->host : NULL,
    };
    if (manifest->runtime && recognise_rule(manifest, &load->arena, &rule) == 0)
        request.rule = &rule;
    if (environment_get(catalog_environment(load->catalog), "METACALL_REGISTRY_ALLOW_DUPLICATE"))
        request.allow_second_copy = 1;
    if (selection->is_host && manifest->runtime && manifest->runtime->versions) {
        request.accepts_version = accepts_version;
        request.accepts_data = (void *)manifest->runtime->versions;
        request.version_range = manifest->runtime->versions;
    }
    if (selection->is_host && !selection->host)
        return metacall_error_raise(METACALL_ERROR_HOST,
                                    "this process says that it is %s, but none of its modules "
                                    "exports the markers of %s (%s)",
                                    manifest->tag, manifest->runtime->name, manifest->path);
    return strategy_open(&request, NULL, NULL, ret_plugin);
}

static int resolve_hooks(const struct load *load, const struct bound_plugin *plugin,
                         struct metacall_loader_hooks *ret_hooks)
{
    void *found[HOOK_COUNT];
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        const char *symbol = load->manifest->lifecycle->hooks[i].symbol;
        found[i] = symbol ? bound_plugin_symbol(plugin, symbol) : NULL;
        if (symbol && !found[i] &&
            check_hook_needed((enum manifest_hook_id)i, load->selection.variant->strategy))
            return metacall_error_raise(
                METACALL_ERROR_LOADER, "%s does not export %s, which %s names as the hook %s",
                load->selection.plugin, symbol, load->manifest->path, manifest_hook_names[i]);
    }
    memset(ret_hooks, 0, sizeof *ret_hooks);
#define TAKE(id, hook) memcpy(&ret_hooks->hook, &found[id], sizeof(void *))
    TAKE(HOOK_INITIALIZE, initialize);
    TAKE(HOOK_HOST_ATTACH, host_attach);
    TAKE(HOOK_EXECUTION_PATH, execution_path);
    TAKE(HOOK_LOAD_FROM_FILE, load_from_file);
    TAKE(HOOK_LOAD_FROM_MEMORY, load_from_memory);
    TAKE(HOOK_LOAD_FROM_PACKAGE, load_from_package);
    TAKE(HOOK_DISCOVER, discover);
    TAKE(HOOK_CLEAR, clear);
    TAKE(HOOK_HOST_DETACH, host_detach);
    TAKE(HOOK_DESTROY, destroy);
#undef TAKE
    return 0;
}

static const char *expand(struct load *load, const char *text)
{
    const struct selection *selection = &load->selection;
    const char *library = selection->runtime.library ? selection->runtime.library : "";
    const char *slash = strrchr(library, '/');
    struct arena *arena = &load->arena;
    const struct {
        const char *name, *value;
    } names[] = {
        {"manifest_dir", select_path(load->manifest, arena, ".")},
        {"package_dir", select_path(load->manifest, arena, "../.")},
        {"runtime_library", library},
        {"runtime_dir", slash ? arena_copy(arena, library, (size_t)(slash - library)) : ""},
        {"runtime_version", selection->runtime.version},
        {"runtime_executable", selection->runtime.executable},
        {"tag", load->manifest->tag},
    };
    const char *done = "";
    for (const char *at; (at = strstr(text, "${")) != NULL; text = strchr(at, '}') + 1) {
        const char *value = "";
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            size_t size = strlen(names[i].name);
            if (strncmp(at + 2, names[i].name, size) == 0 && at[2 + size] == '}')
                value = names[i].value ? names[i].value : "";
        }
        done = arena_format(arena, "%s%.*s%s", done, (int)(at - text), text, value);
    }
    return arena_format(arena, "%s%s", done, text);
}

/* Variables for the runtime that is about to start; what the user has set stays. */
static void set_environment(struct load *load)
{
    const struct manifest_runtime *runtime = load->manifest->runtime;
    for (size_t i = 0; runtime && i < runtime->environment.count; i++) {
        const struct manifest_assignment *item =
            (const struct manifest_assignment *)runtime->environment.items + i;
        setenv(item->name, expand(load, item->value), 0);
    }
}

static int start(struct load *load, const struct metacall_loader_hooks *hooks,
                 metacall_loader **ret_loader)
{
    const struct manifest *manifest = load->manifest;
    const struct selection *selection = &load->selection;
    const struct registry_load_request *request = load->request;
    const struct module *owner = selection->is_host ? selection->host->owner : NULL;
    size_t count = 0;
    while (manifest->execution_paths && manifest->execution_paths[count])
        count++;
    const char **paths = arena_alloc(&load->arena, (count + 1) * sizeof *paths);
    if (!paths)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        paths[i] = select_path(manifest, &load->arena, manifest->execution_paths[i]);
    struct metacall_loader_config config = {
        .binding = owner ? METACALL_BINDING_HOST : METACALL_BINDING_EMBEDDED,
        .tag = manifest->tag,
        .manifest = manifest->path,
        .plugin = selection->plugin,
        .runtime_library = selection->runtime.library,
        .runtime_version = selection->runtime.version,
        .runtime_executable = selection->runtime.executable,
        .execution_paths = paths,
        .argc = request->argc,
        .argv = request->argv,
    };
    if (owner) {
        config.runtime_library = owner->is_executable ? NULL : owner->path;
        config.runtime_executable = modules_at(selection->recognition.modules, 0)->path;
        if (request->host_tag && strcmp(request->host_tag, manifest->tag) == 0)
            config.host = request->host_data;
    } else {
        set_environment(load);
    }
    return loader_table_start(hooks, &config, ret_loader);
}

static int run(struct load *load, metacall_registry *registry, const struct catalog_tag *tag,
               metacall_loader **ret_loader)
{
    struct metacall_loader_hooks hooks;
    struct bound_plugin *plugin = NULL;
    if (choose(load, registry, tag) < 0)
        return -1;
    load->manifest = tag->manifest;
    if (load_dependencies(load) < 0 ||
        check_before_load(load->catalog, &load->selection, &load->plugin) < 0 ||
        bind(load, &plugin) < 0)
        return -1;
    if (resolve_hooks(load, plugin, &hooks) < 0) {
        bound_plugin_close(plugin);
        return -1;
    }
    hold_plugin(plugin);
    return start(load, &hooks, ret_loader);
}

int registry_load(metacall_registry *registry, const struct registry_load_request *request,
                  metacall_loader **ret_loader)
{
    struct load load = {.request = request, .plugin = {.fd = -1}};
    struct loading here = {.outer = loading_now, .tag = request->tag};
    const struct catalog_tag *tag;
    metacall_loader *running = loader_table_find(request->tag);
    int result = -1;
    if (running) {
        *ret_loader = running;
        return 0;
    }
    load.catalog = registry_catalog(registry);
    if (registry_find(load.catalog, request->tag, &tag) < 0)
        goto out;
    loading_now = &here;
    result = run(&load, registry, tag, ret_loader);
    loading_now = here.outer;
    if (result == 0 && request->host_tag && strcmp(request->host_tag, request->tag) == 0)
        registry_note_host(registry, request->host_tag, request->host_version);
out:
    plugin_file_close(&load.plugin);
    selection_finish(&load.selection);
    arena_finish(&load.arena);
    catalog_release(load.catalog);
    return result;
}
