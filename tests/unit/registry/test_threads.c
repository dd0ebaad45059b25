/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One registry, eight threads that look up, list, explain and detect while one reloads. */
#include "../expect.h"
#include "tree.h"

#include <metacall/registry.h>
#include <pthread.h>

#define THREADS 8
#define ROUNDS 60
#define MANIFESTS 20

static metacall_registry *registry;
static unsigned failures; /* atomic */

static void count(int good)
{
    if (!good)
        __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
}

static void look_up(unsigned number)
{
    char tag[32];
    struct metacall_registry_rows *rows = NULL;
    snprintf(tag, sizeof tag, "moo%u", number % MANIFESTS);
    count(metacall_registry_row(registry, tag, &rows) == 0 && strcmp(rows->items[0].tag, tag) == 0);
    metacall_registry_rows_free(rows);
}

static void list(void)
{
    struct metacall_registry_entries *entries = NULL;
    count(metacall_registry_entries(registry, &entries) == 0 && entries->count == MANIFESTS);
    metacall_registry_entries_free(entries);
}

static void explain(void)
{
    struct metacall_registry_steps *steps = NULL;
    struct metacall_registry_hosts *hosts = NULL;
    count(metacall_registry_explain(registry, "moo3", &steps) == 0 && steps->row);
    metacall_registry_steps_free(steps);
    count(metacall_registry_detect(registry, &hosts) == 0 && hosts->count == 0);
    metacall_registry_hosts_free(hosts);
}

static void *work(void *data)
{
    unsigned seed = (unsigned)(size_t)data;
    for (unsigned round = 0; round < ROUNDS; round++) {
        switch ((seed + round) % 4) {
        case 0:
            list();
            break;
        case 1:
            explain();
            break;
        case 2:
            if (seed == 0)
                count(metacall_registry_reload(registry) == 0);
            break;
        default:
            look_up(seed * 7 + round);
        }
    }
    return NULL;
}

int main(void)
{
    char variable[1200], tag[32];
    const char *const environment[] = {variable, NULL};
    const struct metacall_registry_options options = {.environment = environment};
    pthread_t threads[THREADS];
    umask(022);
    tree_make();
    for (unsigned i = 0; i < MANIFESTS; i++) {
        snprintf(tag, sizeof tag, "moo%u", i);
        tree_manifest(tree_path("many/%s.loader.json", tag), tag, "1.0.0", "");
    }
    snprintf(variable, sizeof variable, "METACALL_REGISTRY_PATH=%s", tree_path("many"));
    EXPECT(metacall_registry_open(&options, &registry) == 0);
    for (size_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    EXPECT(failures == 0);
    metacall_registry_close(registry);
    return expect_result();
}
