/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The walk of mapped objects: order, names, symbols of one object alone, what an unload does. */
#include "../expect.h"

#include "host_variants/modules.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

int test_own_symbol = 5;

static int count_up(void *data)
{
    ++*(int *)data;
    return 17;
}

static void test_walk(void)
{
    struct modules *modules = NULL;
    char self[PATH_MAX] = "";
    int local = 0;

    EXPECT(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    EXPECT(modules_walk(&modules) == 0 && modules_count(modules) > 2);
    const struct module *executable = modules_at(modules, 0);
    EXPECT(executable->is_executable);
    EXPECT_TEXT(executable->path, self);
    EXPECT(modules_at(modules, modules_count(modules)) == NULL);
    for (size_t i = 0; i < modules_count(modules); i++) {
        const struct module *module = modules_at(modules, i);
        EXPECT(module->path && module->lowest < module->highest && module->dynamic);
        EXPECT(module->is_executable == (i == 0) && modules_index(modules, module) == i);
        EXPECT(modules_of_dynamic(modules, module->dynamic) == module);
    }
    EXPECT(modules_of_address(modules, (void *)count_up) == executable);
    EXPECT(modules_of_address(modules, (void *)gnu_get_libc_version) ==
           modules_of_soname(modules, "libc.so.6"));
    EXPECT(modules_of_address(modules, &local) == NULL);
    EXPECT(modules_of_soname(modules, "libc.so") == NULL);
    char other_name[PATH_MAX + 2];
    snprintf(other_name, sizeof(other_name), "/.%s", self);
    EXPECT(modules_of_file(modules, other_name) == executable);
    EXPECT(modules_of_file(modules, "/nonexistent") == NULL);
    modules_destroy(modules);
    modules_destroy(NULL);
}

static void test_symbols(void)
{
    void *first = dlopen(FIXTURES "/moo1/libmoo1.5.so.1", RTLD_NOW | RTLD_LOCAL);
    void *second = dlopen(FIXTURES "/moo2/libmoo1.6.so.1", RTLD_NOW | RTLD_LOCAL);
    struct modules *modules = NULL;
    size_t size = 0;

    EXPECT(first && second && modules_walk(&modules) == 0);
    const struct module *one = modules_of_soname(modules, "libmoo1.5.so.1");
    const struct module *two = modules_of_soname(modules, "libmoo1.6.so.1");
    EXPECT(one && two && one != two);
    /* RTLD_LOCAL, so invisible to dlsym(RTLD_DEFAULT), and each has its own */
    EXPECT(dlsym(RTLD_DEFAULT, "moo_state") == NULL);
    EXPECT(module_symbol(one, "moo_state", &size) == dlsym(first, "moo_state"));
    EXPECT(size == sizeof(void *));
    EXPECT(module_symbol(two, "moo_state", NULL) == dlsym(second, "moo_state"));
    EXPECT(module_symbol(one, "strlen", NULL) == NULL); /* a library's library's */
    EXPECT(module_symbol(one, "moo_", NULL) == NULL);
    EXPECT(modules_of_file(modules, FIXTURES "/moo1/../moo1/libmoo1.5.so.1") == one);
    modules_destroy(modules);
    dlclose(second);
    dlclose(first);
}

static void test_kinds(void)
{
    /* unresolved data: opened where its symbols are provided, by this test's own executable */
    struct modules *modules = NULL;

    EXPECT(modules_walk(&modules) == 0);
    const struct module *libc = modules_of_soname(modules, "libc.so.6");
    /* strlen is an IFUNC in glibc: the implementation comes, not the resolver */
    size_t (*length)(const char *) =
        (size_t(*)(const char *))(uintptr_t)module_symbol(libc, "strlen", NULL);
    EXPECT(length && length("four") == 4);
    EXPECT(module_symbol(libc, "errno", NULL) == NULL); /* thread-local, and private */
    modules_destroy(modules);
}

static void test_unload(void)
{
    void *handle = dlopen(FIXTURES "/moo1/libmoo1.5.so.1", RTLD_NOW | RTLD_LOCAL);
    struct modules *modules = NULL;
    int ran = 0;

    EXPECT(handle && modules_walk(&modules) == 0);
    EXPECT(modules_locked(modules, count_up, &ran) == 17 && ran == 1);
    dlclose(handle);
    EXPECT(modules_locked(modules, count_up, &ran) == -1 && ran == 1);
    const struct module *gone = modules_of_soname(modules, "libmoo1.5.so.1");
    EXPECT(gone && strstr(gone->path, "libmoo1.5.so.1")); /* names outlive the object */
    modules_destroy(modules);
}

static void *load_and_unload(void *data)
{
    (void)data;
    for (int i = 0; i < 300; i++) {
        void *handle = dlopen(FIXTURES "/moo2/libmoo1.6.so.1", RTLD_NOW | RTLD_LOCAL);
        if (handle)
            dlclose(handle);
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t thread;
    struct modules *modules;

    EXPECT(pthread_create(&thread, NULL, load_and_unload, NULL) == 0);
    for (int i = 0; i < 300; i++) {
        EXPECT(modules_walk(&modules) == 0);
        modules_destroy(modules);
    }
    pthread_join(thread, NULL);
}

int main(void)
{
    test_walk();
    test_symbols();
    test_kinds();
    test_unload();
    test_threads();
    return expect_result();
}
