/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* An executable linked to the provider as of old: its data was copied here (COPY), and its function
 * has an address here. A plugin that is rebound to the provider must find those, not the
 * library's. test_rebind_copy PLUGIN; the plugin is opened RTLD_DEEPBIND, to be on its own copy. */
#include "fixtures/plugin.h"
#include "fixtures/provider.h"
#include "rebind_check.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct rebind_plan *plan = NULL;
    struct plugin_probe probe;
    struct modules *modules;

    CHECK(argc == 2 && provider_d0 == 2);
    void *handle = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    CHECK(handle != NULL);
    void (*run)(struct plugin_probe *) =
        (void (*)(struct plugin_probe *))dlsym(handle, "plugin_probe");
    int (*(*take)(void))(int) = (int (*(*)(void))(int))dlsym(handle, "plugin_take_address");
    CHECK(run && take && modules_walk(&modules) == 0);
    const struct module *plugin = modules_of_path(modules, argv[1]);
    const struct module *from = modules_of_soname(modules, "librebind_first.so");
    const struct module *to = modules_of_soname(modules, "librebind_second.so");
    CHECK(plugin && from && to);
    CHECK(module_symbol(to, "provider_d0", NULL) != &provider_d0); /* COPY, or nothing is proved */
    CHECK(module_symbol(to, "provider_f2", NULL) != (void *)provider_f2);

    provider_d0 = 77;
    run(&probe);
    CHECK(probe.by[5] == 1);
    CHECK(rebind_plan_create(modules, plugin, from, to, 0, &plan) == 0);
    CHECK(rebind_plan_commit(plan) == 0);
    memset(&probe, 0, sizeof(probe));
    run(&probe);
    CHECK(probe.by[5] == 77 && probe.by[6] == 77);
    CHECK(probe.by[0] == 2 && probe.by[9] == 2);
    CHECK(take() == provider_f2);
    CHECK(rebind_plan_restore(plan) == 0);
    run(&probe);
    CHECK(probe.by[5] == 1 && probe.by[0] == 1);
    rebind_plan_destroy(plan);

    /* the executable itself cannot be led away: its data is a copy already */
    plan = NULL;
    CHECK(rebind_plan_create(modules, modules_at(modules, 0), to, from, 0, &plan) == -1);
    CHECK(plan == NULL && provider_d0 == 77);
    check_error(METACALL_ERROR_SUPPORT, "data was copied");
    modules_destroy(modules);
    dlclose(handle);
    return 0;
}
