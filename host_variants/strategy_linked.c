/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* linked: the plugin needs its runtime, which the registry has found. The library is opened first,
 * by its path; the plugin's DT_NEEDED then finds it by SONAME, or, where the plugin needs a stable
 * name (libfoo.so for any libfoo.so.N), through a shim that forwards. The library goes into the
 * global scope last, when nothing can fail any more. */
#include "host_variants/opening.h"
#include "host_variants/strategies.h"

#include "host_variants/shim.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <string.h>

static int check_copies(struct attempt *attempt)
{
    const struct strategy_request *request = attempt->request;
    struct host_report report;
    int result = 0;

    if (!request->rule || request->allow_second_copy)
        return 0;
    if (attempt_find_copies(attempt, &report) != 0)
        return -1;
    const struct module *mapped = modules_of_file(attempt->before, request->runtime_library);
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

static int refuse_taken(struct attempt *attempt, const struct module *holder,
                        const struct link_map *runtime)
{
    const char *needed = attempt->request->needed;

    return attempt_refuse(attempt, "bind.soname-taken", needed,
                          "start the process without that library, or choose its runtime",
                          "%s is mapped from %s already, and does not lead to %s", needed,
                          holder->path, runtime->l_name);
}

/* Sees to it that the plugin's DT_NEEDED leads to the runtime, which is open. */
static int bridge(struct attempt *attempt, const struct link_map *runtime)
{
    const char *needed = attempt->request->needed;
    const struct module *holder = NULL, *opened;

    if (attempt_walk_again(attempt) != 0 ||
        attempt_holder(attempt, needed, &attempt->bound->holder, &holder) != 0)
        return -1;
    opened = modules_of_dynamic(attempt->before, runtime->l_ld);
    int same_name = opened && opened->soname && strcmp(opened->soname, needed) == 0;
    if (opened && (holder == opened || (same_name && !shim_is_effective()))) {
        attempt->bound->how = BOUND_SAME_SONAME;
        return attempt_check_versions(attempt, opened);
    }
    if (!holder)
        return attempt_open_shim(attempt, runtime->l_name);
    if (shim_is(holder) && leads_to(holder, runtime, NULL))
        return attempt_open_shim(attempt, runtime->l_name);
    if (shim_is(holder) || !leads_to(holder, runtime, opened ? opened->soname : NULL))
        return refuse_taken(attempt, holder, runtime);
    attempt->bound->how = BOUND_SAME_SONAME;
    return 0;
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
    if (check_copies(attempt) != 0)
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
