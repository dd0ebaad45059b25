/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Who is the host, by the rules of all manifests, in a process with 100 mapped objects.
 * detect.changed: the question after something was loaded or unloaded, in microseconds.
 * detect.self: every further one while nothing is loaded or unloaded, against dl_iterate_phdr alone
 * over the same objects. */
#include "bench_row.h"

#include "host_variants/host.h"
#include "registry/recognise.h"
#include "registry/registry.h"

#include <dirent.h>
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <link.h>

#define OBJECTS 100
#define RULES 64

static struct host_rule rules[RULES];
static size_t rule_count;

/* The rules of all manifests of this source tree: those of loaders, and those for detection. */
static void read_rules(void)
{
    static const char *const environment[] = {"METACALL_REGISTRY_PATH=" BENCH_MANIFESTS, NULL};
    static struct arena arena; /* the rules lie in it */
    metacall_registry *registry;
    const struct catalog_tag *tags;
    size_t count;

    if (metacall_registry_open(&(struct metacall_registry_options){.environment = environment},
                               &registry) != 0 ||
        catalog_tags(registry_catalog(registry), &tags, &count) != 0)
        exit(1);
    for (size_t i = 0; i < count && rule_count < RULES; i++) {
        if (tags[i].manifest && recognise_rule(tags[i].manifest, &arena, &rules[rule_count]) == 0)
            rule_count++;
    }
    if (rule_count < 10) {
        fprintf(stderr, "only %zu rules in " BENCH_MANIFESTS "\n", rule_count);
        exit(1);
    }
}

static int count_object(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)info;
    (void)size;
    ++*(size_t *)data;
    return 0;
}

static size_t count_objects(void)
{
    size_t count = 0;

    dl_iterate_phdr(count_object, &count);
    return count;
}

/* Real libraries of this system, until so many objects are mapped. */
static void map_objects(void)
{
    char path[PATH_MAX], file[PATH_MAX + NAME_MAX + 2];
    Dl_info info;

    if (!dladdr((void *)gnu_get_libc_version, &info) || !realpath(info.dli_fname, path))
        exit(1);
    *strrchr(path, '/') = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; count_objects() < OBJECTS && (entry = readdir(folder)) != NULL;) {
        if (entry->d_type != DT_REG || !strstr(entry->d_name, ".so") ||
            strncmp(entry->d_name, "lib", 3) != 0 || strstr(entry->d_name, "san.so") ||
            strstr(entry->d_name, "libpthread") || strstr(entry->d_name, "preload"))
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        void *handle = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
        if (handle)
            dlsym(handle, "bench_nothing"); /* as whoever opens a library asks it for something */
    }
    closedir(folder);
}

static void detect(size_t count, void *data)
{
    (void)data;
    for (size_t i = 0; i < count; i++) {
        struct modules *modules;
        struct host_report report;
        if (host_look(rules, rule_count, &modules, &report) != 0)
            exit(1);
        host_report_finish(&report);
        modules_destroy(modules);
    }
}

static void iterate(size_t count, void *data)
{
    for (size_t i = 0; i < count; i++)
        dl_iterate_phdr(count_object, data);
}

/* Something was loaded and unloaded since: everything is looked at anew. */
static double changed_detection(void)
{
    void *handle = dlopen(BENCH_OBJECT, RTLD_NOW | RTLD_LOCAL);

    if (!handle || dlclose(handle) != 0)
        exit(1);
    double start = bench_now();
    detect(1, NULL);
    return (bench_now() - start) / 1000;
}

int main(void)
{
    double samples[BENCH_SAMPLES * 5], first;
    size_t seen = 0, count = sizeof(samples) / sizeof(samples[0]);

    read_rules();
    map_objects();
    if (count_objects() < OBJECTS)
        fprintf(stderr, "only %zu objects\n", count_objects());
    first = changed_detection();
    for (size_t i = 0; i < count; i++)
        samples[i] = changed_detection();
    fprintf(stderr, "the very first one, with its page faults: %.1f us\n", first);
    if (bench_wanted("detect.changed"))
        bench_absolute("detect.changed", bench_median(samples, count), "us", 100);
    bench_compare("detect.self", detect, iterate, 500, &seen, 10.0);
    return 0;
}
