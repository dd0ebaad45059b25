/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* linked: the plugin needs its runtime, which the registry has found. The library is opened first,
 * by its path; the plugin's DT_NEEDED then finds it by SONAME, or, where the plugin needs a stable
 * name (libfoo.so for any libfoo.so.N), through a shim that forwards. The library goes into the
 * global scope last, when nothing can fail any more. */
#include "host_variants/attempt.h"

#include "host_variants/shim.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <string.h>

static int check_copies(struct attempt *attempt, const struct module *mapped)
{
    const struct strategy_request *request = attempt->request;
    struct host_report report;
    int result = 0;

    if (!request->rule || request->allow_second_copy)
        return 0;
    struct host_rule silent = *request->rule;
    silent.running = HOST_RUNNING_HANDSHAKE;
    silent.versions = NULL;
    if (host_detect(attempt->before, &silent, 1, &report) != 0)
        return -1;
    for (size_t i = 0; i < report.count && result == 0; i++) {
        const struct module *owner = report.findings[i].owner;
        if (owner != mapped)
            result = attempt_refuse(attempt, "bind.second-copy", owner->path,
                                    "use the copy that is there (a host variant), or start the "
                                    "process without it",
                                    "this process holds the runtime already, in %s; %s would be a "
                                    "second copy",
                                    owner->path, request->runtime_library);
    }
    host_report_finish(&report);
    return result;
}

/* A real library of that SONAME may be mapped already, if it leads to the runtime by itself. */
static int leads_to(const struct module *holder, const struct link_map *runtime,
                    const char *runtime_soname)
{
    const struct elf_image *image = module_image(holder);

    return elf_image_needs(image, runtime->l_name) ||
           (runtime_soname && elf_image_needs(image, runtime_soname));
}

/* The SONAME that an open object carries, or NULL. */
static const char *soname_of(const struct link_map *map, struct modules **ret_modules)
{
    if (modules_walk(ret_modules) != 0)
        return NULL;
    const struct module *module = modules_of_dynamic(*ret_modules, map->l_ld);
    return module ? module->soname : NULL;
}

static int bridge(struct attempt *attempt, const struct link_map *runtime)
{
    const char *needed = attempt->request->needed;
    struct modules *modules = NULL;
    const char *soname = soname_of(runtime, &modules);
    const struct module *holder;
    int result = -1;

    if (!modules)
        return -1;
    if (soname && strcmp(soname, needed) == 0) {
        attempt->bound->how = BOUND_SAME_SONAME;
        result = attempt_check_versions(attempt, modules_of_dynamic(modules, runtime->l_ld));
        goto out;
    }
    holder = attempt_holder(attempt, needed);
    if (holder && !shim_is(holder) && leads_to(holder, runtime, soname)) {
        attempt->bound->how = BOUND_SAME_SONAME;
        result = 0;
    } else if (holder && !(shim_is(holder) && leads_to(holder, runtime, NULL))) {
        attempt_refuse(attempt, "bind.soname-taken", needed,
                       "start the process without that library, or choose its runtime",
                       "%s is mapped from %s already, and does not lead to %s", needed,
                       holder->path, runtime->l_name);
    } else {
        result = attempt_open_shim(attempt, runtime->l_name);
    }
out:
    modules_destroy(modules);
    return result;
}

static int promote(struct attempt *attempt, const char *path)
{
    void *again = dlopen(path, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);

    if (!again) {
        const char *why = dlerror();
        return attempt_refuse(attempt, "bind.runtime", path, NULL,
                              "%s cannot be put into the global scope: %s", path,
                              why ? why : "ld.so gave no reason");
    }
    dlclose(again);
    attempt_note(attempt, "bind.promoted", path, "%s is in the global scope", path);
    return 0;
}

int strategy_linked_open(struct attempt *attempt)
{
    const struct strategy_request *request = attempt->request;
    const char *path = request->runtime_library;
    struct link_map *map = NULL;

    attempt->bound->how = BOUND_PLAIN;
    if (!path)
        return attempt_open_plugin(attempt, NULL);
    if (check_copies(attempt, modules_of_file(attempt->before, path)) != 0)
        return -1;
    attempt->bound->runtime = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!attempt->bound->runtime || dlinfo(attempt->bound->runtime, RTLD_DI_LINKMAP, &map) != 0) {
        const char *why = dlerror();
        return attempt_refuse(attempt, "bind.runtime", path, "choose another runtime",
                              "its runtime %s cannot be opened: %s", path,
                              why ? why : "ld.so gave no reason");
    }
    if (request->needed) {
        if (bridge(attempt, map) != 0)
            return -1;
    } else if (request->promote && promote(attempt, map->l_name) != 0) {
        return -1;
    }
    if (attempt_open_plugin(attempt, map->l_ld) != 0)
        return -1;
    return request->needed && request->promote ? promote(attempt, map->l_name) : 0;
}
