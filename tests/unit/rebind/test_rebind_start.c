/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A plugin with initial-exec thread-locals and two providers, all of them loaded at the start, so
 * that every block lies at a fixed distance from the thread pointer. That is proved only where the
 * C library puts static blocks into a thread's own stack mapping (glibc): there the plugin is
 * rebound, thread-locals and all. Where it cannot be proved (musl) it is refused, nothing written.
 */
#include "fixtures/plugin.h"
#include "rebind_check.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

void plugin_probe(struct plugin_probe *probe);

static void *probe_in_thread(void *data)
{
    plugin_probe(data);
    return NULL;
}

/* What each reference leads to, here and in a new thread. */
static void expect(int provider)
{
    struct plugin_probe here, there;
    pthread_t thread;

    memset(&here, 0, sizeof(here));
    memset(&there, 0, sizeof(there));
    plugin_probe(&here);
    CHECK(pthread_create(&thread, NULL, probe_in_thread, &there) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(here.count > 12 && here.count == there.count); /* thread-locals are among them */
    for (int i = 0; i < here.count; i++)
        CHECK(here.by[i] == provider && there.by[i] == provider);
}

int main(void)
{
    struct rebind_plan *plan = NULL;
    struct modules *modules;
    struct picture before;

    CHECK(modules_walk(&modules) == 0);
    const struct module *plugin = modules_of_base_name(modules, "liblocal_static.so");
    const struct module *from = modules_of_soname(modules, "librebind_first.so");
    const struct module *to = modules_of_soname(modules, "librebind_second_static.so");
    CHECK(plugin && from && to);
    expect(1);
    picture_take(plugin, &before);
#ifdef __GLIBC__
    CHECK(rebind_plan_create(modules, plugin, from, to, 0, &plan) == 0);
    CHECK(rebind_plan_commit(plan) == 0);
    expect(2);
    CHECK(rebind_plan_restore(plan) == 0);
#else
    CHECK(rebind_plan_create(modules, plugin, from, to, 0, &plan) == -1 && plan == NULL);
    check_error(METACALL_ERROR_SUPPORT, NULL);
#endif
    picture_compare(&before, plugin);
    expect(1);
    rebind_plan_destroy(plan);
    picture_free(&before);
    modules_destroy(modules);
    return 0;
}
