/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "host_variants/attempt.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void send(struct attempt *attempt, enum metacall_severity severity, const char *id,
                 const char *symbol, const char *message, const char *fix)
{
    struct metacall_diagnostic diagnostic = {
        .id = id,
        .severity = severity,
        .path = attempt->request->plugin,
        .tag = attempt->request->tag,
        .symbol = symbol,
        .message = message,
        .fix = fix,
    };

    if (attempt->sink)
        attempt->sink(&diagnostic, attempt->sink_data);
}

int attempt_refuse(struct attempt *attempt, const char *id, const char *symbol, const char *fix,
                   const char *format, ...)
{
    const struct strategy_request *request = attempt->request;
    char *message = NULL;
    va_list list;

    va_start(list, format);
    int size = vasprintf(&message, format, list);
    va_end(list);
    if (size < 0)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    send(attempt, METACALL_SEVERITY_ERROR, id, symbol, message, fix);
    metacall_error_raise(METACALL_ERROR_LOADER, "%s: cannot bind %s (%s, %s): %s%s%s", request->tag,
                         request->plugin, strategy_name(request->strategy), id, message,
                         fix ? "; " : "", fix ? fix : "");
    free(message);
    return -1;
}

void attempt_note(struct attempt *attempt, const char *id, const char *symbol, const char *format,
                  ...)
{
    char *message = NULL;
    va_list list;

    if (!attempt->sink)
        return;
    va_start(list, format);
    int size = vasprintf(&message, format, list);
    va_end(list);
    if (size < 0)
        return;
    send(attempt, METACALL_SEVERITY_NOTE, id, symbol, message, NULL);
    free(message);
}

/* ---------------------------------------------------------------------------------- provider */

const void *attempt_dynamic_of(void *handle)
{
    struct link_map *map = NULL;

    return handle && dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 ? map->l_ld : NULL;
}

/* A reference of our own to the provider's library, so that the host cannot unload it under the
 * plugin. */
static int hold_provider(struct attempt *attempt)
{
    const struct module *provider = attempt->provider;

    if (provider->is_executable)
        return 0;
    attempt->bound->runtime = dlopen(provider->path, RTLD_LAZY | RTLD_NOLOAD);
    if (attempt_dynamic_of(attempt->bound->runtime) == provider->dynamic)
        return 0;
    return attempt_refuse(attempt, "bind.no-provider", provider->path, NULL,
                          "the library that provides the runtime, %s, is no longer mapped",
                          provider->path);
}

int attempt_walk_again(struct attempt *attempt)
{
    const void *provider = attempt->provider ? attempt->provider->dynamic : NULL;
    struct modules *modules = NULL;

    if (modules_walk(&modules) != 0)
        return -1;
    modules_destroy(attempt->before);
    attempt->before = modules;
    attempt->provider = modules_of_dynamic(modules, provider);
    return 0;
}

static int detect(struct attempt *attempt, const struct host_rule *rule,
                  struct host_report *ret_report)
{
    while (host_detect(attempt->before, rule, 1, ret_report) != 0) {
        const metacall_error *error = metacall_error_peek();
        if (error && error->code != METACALL_ERROR_HOST)
            return -1;
        metacall_error_release(metacall_error_take());
        if (attempt_walk_again(attempt) != 0)
            return -1;
    }
    return 0;
}

int attempt_find_copies(struct attempt *attempt, struct host_report *ret_report)
{
    struct host_rule silent = *attempt->request->rule;

    silent.running = HOST_RUNNING_HANDSHAKE;
    silent.versions = NULL;
    return detect(attempt, &silent, ret_report);
}

static int check_other_copies(struct attempt *attempt)
{
    struct host_report report;
    int result = 0;

    if (detect(attempt, attempt->request->rule, &report) != 0)
        return -1;
    for (size_t i = 0; i < report.count && result == 0; i++) {
        const struct host_finding *other = &report.findings[i];
        if (other->owner != attempt->provider && other->running == 1)
            result = attempt_refuse(attempt, "bind.ambiguous", other->owner->path,
                                    "start the process so that only one of them is loaded",
                                    "two copies of the runtime are running, in %s and in %s",
                                    attempt->provider->path, other->owner->path);
    }
    host_report_finish(&report);
    return result;
}

int attempt_find_provider(struct attempt *attempt)
{
    const struct strategy_request *request = attempt->request;
    const struct host_finding *host = request->host;

    if (!host || !request->rule)
        return attempt_refuse(attempt, "bind.no-provider", NULL,
                              "use the linked variant where no runtime is running yet",
                              "no module of this process provides the runtime");
    attempt->provider = modules_of_dynamic(attempt->before, host->owner->dynamic);
    if (!attempt->provider)
        return attempt_refuse(attempt, "bind.no-provider", host->owner->path, NULL,
                              "the module that provided the runtime, %s, is no longer mapped",
                              host->owner->path);
    if (host->running == 0)
        return attempt_refuse(attempt, "bind.not-running", attempt->provider->path,
                              "start the runtime first, or use the linked variant",
                              "the runtime in %s was not started", attempt->provider->path);
    if (request->accepts_version && host->version[0] &&
        !request->accepts_version(host->version, request->accepts_data))
        return attempt_refuse(attempt, "bind.version", attempt->provider->path,
                              "install the loader that was made for this version",
                              "the runtime in %s is version %s and the plugin is made for %s",
                              attempt->provider->path, host->version,
                              request->version_range ? request->version_range : "another one");
    if (hold_provider(attempt) != 0)
        return -1;
    return check_other_copies(attempt);
}

int attempt_may_be_mapped(struct attempt *attempt, const char *name)
{
    const char *slash = strrchr(name, '/');

    return modules_of_soname(attempt->before, name) ||
           modules_of_base_name(attempt->before, slash ? slash + 1 : name);
}

/* Names of other threads' libraries count, too: what was mapped since is walked. */
static int refresh(struct attempt *attempt)
{
    struct modules *now = NULL;

    if (modules_walk(&now) != 0)
        return -1;
    int same = modules_serial(now) == modules_serial(attempt->before);
    modules_destroy(now);
    return same ? 0 : attempt_walk_again(attempt);
}

int attempt_holder(struct attempt *attempt, const char *soname, void **ret_handle,
                   const struct module **ret_module)
{
    const struct module *module = NULL;
    void *handle = NULL;

    if (refresh(attempt) != 0)
        return -1;
    /* also finds a library without a SONAME, which answers to the name that it was first asked by
     */
    if (attempt_may_be_mapped(attempt, soname))
        handle = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD);
    while (handle && !module) {
        module = modules_of_dynamic(attempt->before, attempt_dynamic_of(handle));
        if (!module && attempt_walk_again(attempt) != 0) {
            dlclose(handle);
            return -1;
        }
    }
    *ret_handle = handle;
    *ret_module = module;
    return 0;
}

int attempt_is_global(struct attempt *attempt, const struct module *provider)
{
    const char *const *markers = attempt->request->rule->markers;

    if (provider->is_executable)
        return 1; /* it is the first of the global scope, and has been found to export them */
    void *program = dlopen(NULL, RTLD_LAZY | RTLD_NOLOAD);
    int result = program != NULL;

    for (size_t i = 0; program && markers && markers[i] && result == 1; i++) {
        void *found = dlsym(program, markers[i]);
        const struct module *owner = found ? modules_of_address(attempt->before, found) : NULL;
        if (!found)
            result = 0;
        else if (owner != provider && found != module_symbol(provider, markers[i], NULL) &&
                 found != host_data_symbol(attempt->before, provider, markers[i], NULL))
            result = attempt_refuse(
                attempt, "bind.ambiguous", markers[i],
                "start the process so that only one of them is loaded",
                "%s of the global scope belongs to %s, not to the runtime in %s", markers[i],
                owner ? owner->path : "an unknown object", provider->path);
    }
    if (program)
        dlclose(program);
    return result;
}

int attempt_check_versions(struct attempt *attempt, const struct module *named)
{
    struct elf_need_cursor cursor = {0};
    struct elf_need need;

    if (module_image(named)->versym.at)
        return 0;
    while (elf_image_next_need(attempt->plugin, &cursor, &need)) {
        if (need.file && strcmp(need.file, attempt->request->needed) == 0)
            return attempt_refuse(attempt, "bind.incomplete", need.version,
                                  "build the plugin for the runtime that is there",
                                  "it needs version %s of %s, and %s has no symbol versions",
                                  need.version ? need.version : "?", need.file, named->path);
    }
    return 0;
}
