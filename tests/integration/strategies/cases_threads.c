/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Several threads open plugins, and others open libraries of the same SONAME meanwhile. */
#include "host_process.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#define THREADS 6
#define ROUNDS 40

static const char *const plugins[] = {PLUGIN_LINKED, RUNTIME("linked2", "libpl_linked2.so"),
                                      RUNTIME("constructor", "libpl_constructor.so"),
                                      RUNTIME("lazy", "libpl_lazy.so")};
static struct host_finding host;
static unsigned wrong, stop;

static int is_bound_to(struct bound_plugin *plugin, int id)
{
    void (*report_of)(struct plugin_report *);
    struct plugin_report report;

    report_of = (void (*)(struct plugin_report *))bound_plugin_symbol(plugin, "plugin_report");
    if (!report_of)
        return 0;
    report_of(&report);
    return report.id == id && report.data[1] == id * 100 + 1 && report.thread == id;
}

static void *open_and_close(void *data)
{
    size_t number = (size_t)data;

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct strategy_request request =
            request_of(STRATEGY_INTERPOSED,
                       plugins[(number + round) % (sizeof(plugins) / sizeof(*plugins))], &host);
        struct bound_plugin *plugin = NULL;
        if (strategy_open(&request, NULL, NULL, &plugin) != 0 || !is_bound_to(plugin, 7)) {
            metacall_error *error = metacall_error_peek();
            fprintf(stderr, "%s\n", error ? error->message : "bound elsewhere");
            __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
        }
        bound_plugin_close(plugin);
    }
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, open_and_close, (void *)i) == 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    EXPECT(wrong == 0);
}

static void same_plugins(void)
{
    rt_start();
    EXPECT(host_found(&host) == 1);
    run_threads();
    char *left = mapped_all();
    EXPECT_TEXT(left, "");
    free(left);
}

/* A stranger asks for the same SONAME by name, and gets the host's runtime or nothing, never a
 * second copy. */
static void *stranger(void *data)
{
    (void)data;
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        void *handle = dlopen("librt_a.so.1", RTLD_NOW | RTLD_LOCAL);
        if (!handle)
            continue;
        int (*id)(void) = (int (*)(void))dlsym(handle, "rt_id");
        if (!id || id() != 7)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
        dlclose(handle);
    }
    return NULL;
}

static void foreign_dlopen(void)
{
    pthread_t thread;

    host_opens(OTHER, RTLD_LOCAL);
    EXPECT(host_found(&host) == 1);
    EXPECT(pthread_create(&thread, NULL, stranger, NULL) == 0);
    run_threads();
    __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
    EXPECT(wrong == 0 && mapped("librt_a.so.1") == 0);
}

const struct test_case cases_threads[] = {{"threads.same-plugins", same_plugins},
                                          {"threads.foreign-dlopen", foreign_dlopen},
                                          {NULL, NULL}};
