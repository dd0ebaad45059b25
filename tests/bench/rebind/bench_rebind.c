/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* rebind.1000, rebind.10000: planning and writing all references of a plugin, by symbol, against
 * what the dynamic linker takes to open and bind the same plugin (RTLD_NOW). Both providers are
 * loaded and warm. The rows ending in .bare count the linker's binding alone: less opening a
 * library of the plugin's kind that refers to nothing. */
#include "bench_row.h"
#include "host_variants/rebind.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void *open_object(const char *count, const char *name, int flags)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s_%s.so", REBIND_OBJECTS, name, count);
    void *handle = dlopen(path, flags | RTLD_LOCAL);
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return handle;
}

static double time_of_opening(const char *count, const char *name)
{
    double start = bench_now();
    void *handle = open_object(count, name, RTLD_NOW);
    double end = bench_now();

    dlclose(handle);
    return end - start;
}

static const struct module *module_of(const struct modules *modules, void *handle)
{
    struct link_map *map;

    dlinfo(handle, RTLD_DI_LINKMAP, &map);
    return modules_of_path(modules, map->l_name);
}

static double time_of_rebinding(const char *count)
{
    void *second = open_object(count, "second", RTLD_NOW);
    void *plugin = open_object(count, "plugin", RTLD_NOW), *first;
    struct rebind_plan *plan = NULL;
    struct modules *modules;
    double start, end;

    first = open_object(count, "first", RTLD_NOW | RTLD_NOLOAD);
    if (modules_walk(&modules) != 0)
        exit(1);
    const struct module *object = module_of(modules, plugin);
    start = bench_now();
    if (rebind_plan_create(modules, object, module_of(modules, first), module_of(modules, second),
                           0, &plan) != 0 ||
        rebind_plan_commit(plan) != 0)
        exit(1);
    end = bench_now();
    long (*sum)(void) = (long (*)(void))dlsym(plugin, "rebind_sum");
    long symbols = atol(count);
    if (rebind_plan_verify(plan) != 0 || sum() != symbols * (symbols - 1) / 2 + 199 * 100 ||
        rebind_plan_count(plan) < (size_t)symbols + 200 ||
        rebind_residue(object, module_of(modules, first), NULL) != 0)
        exit(1);
    if (rebind_plan_restore(plan) != 0)
        exit(1);
    rebind_plan_destroy(plan);
    modules_destroy(modules);
    dlclose(plugin);
    dlclose(first);
    dlclose(second);
    return end - start;
}

static void row(const char *id, const char *count, int bare, double limit)
{
    double values[BENCH_SAMPLES], floors[BENCH_SAMPLES], symbols = atof(count) + 200;
    void *first, *second;

    if (!bench_wanted(id))
        return;
    first = open_object(count, "first", RTLD_NOW);
    second = open_object(count, "second", RTLD_NOW);
    time_of_rebinding(count);
    for (size_t i = 0; i < BENCH_SAMPLES; i++) {
        double rounds[2] = {0, 0};
        for (int r = 0; r < 5; r++) {
            rounds[0] += time_of_opening(count, "plugin");
            rounds[0] -= bare ? time_of_opening(count, "empty") : 0;
            rounds[1] += time_of_rebinding(count);
        }
        floors[i] = rounds[0] / 5 / symbols;
        values[i] = rounds[1] / 5 / symbols;
    }
    dlclose(first);
    dlclose(second);
    bench_row(id, bench_median(values, BENCH_SAMPLES), bench_median(floors, BENCH_SAMPLES), "ns",
              limit);
}

int main(void)
{
    row("rebind.1000", "1000", 0, 1.0);
    row("rebind.10000", "10000", 0, 1.0);
    row("rebind.1000.bare", "1000", 1, 1.3);
    row("rebind.10000.bare", "10000", 1, 1.3);
    return 0;
}
