/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Who is the host, by the markers of ten runtimes, in a process with 100 mapped objects.
 * detect.changed: the question after something was loaded or unloaded, in microseconds.
 * detect.self: every further one while nothing is loaded or unloaded, against dl_iterate_phdr alone
 * over the same objects. */
#include "bench_row.h"

#include "host_variants/host.h"

#include <dirent.h>
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <link.h>

#define OBJECTS 100
#define RULE(tag_, ...)                                                                            \
    {                                                                                              \
        .tag = tag_, .markers = (const char *const[]){__VA_ARGS__, NULL},                          \
        .running = HOST_RUNNING_HANDSHAKE                                                          \
    }

static const struct host_rule rules[] = {
    RULE("py", "Py_IsInitialized", "_Py_NoneStruct", "PyExc_Exception"),
    RULE("node", "napi_create_function", "node_module_register", "napi_module_register"),
    RULE("rb", "ruby_init", "rb_cObject"),
    RULE("lua", "lua_newstate", "luaL_openlibs"),
    RULE("perl", "perl_alloc", "PL_thr_key"),
    RULE("php", "php_embed_init", "zend_startup"),
    RULE("tcl", "Tcl_CreateInterp", "Tcl_FindExecutable"),
    RULE("guile", "scm_boot_guile", "scm_init_guile"),
    RULE("jvm", "JNI_GetCreatedJavaVMs", "JNI_CreateJavaVM"),
    RULE("r", "Rf_initEmbeddedR", "R_NilValue"),
};

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
        if (host_look(rules, sizeof(rules) / sizeof(*rules), &modules, &report) != 0)
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
