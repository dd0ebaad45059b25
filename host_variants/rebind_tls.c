/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Thread-local blocks. That a block lies at a fixed distance from the thread pointer is proved, not
 * guessed: a thread is started, and the block must lie inside that thread's own stack mapping,
 * where the linker puts static blocks and an allocator puts nothing. */
#include "host_variants/rebind_tls.h"

#include "host_variants/rebind_machine.h"

#include <link.h>
#include <pthread.h>
#include <signal.h>

struct tls_index {
    unsigned long module, offset;
};
extern void *__tls_get_addr(struct tls_index *index);

struct tls_search {
    const struct module *module;
    size_t found;
};

static int match_module(struct dl_phdr_info *info, size_t size, void *data)
{
    struct tls_search *search = data;

    if (info->dlpi_addr != search->module->base)
        return 0;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC &&
            info->dlpi_addr + info->dlpi_phdr[i].p_vaddr == (uintptr_t)search->module->dynamic) {
            if (size >= offsetof(struct dl_phdr_info, dlpi_tls_modid) + sizeof(size_t))
                search->found = info->dlpi_tls_modid;
            return 1;
        }
    }
    return 0;
}

size_t rebind_tls_module(const struct module *module)
{
    struct tls_search search = {module, 0};

    dl_iterate_phdr(match_module, &search);
    return search.found;
}

struct distance_search {
    size_t tls_module;
    intptr_t distance;
    int fixed;
};

static void *measure_distance(void *data)
{
    struct distance_search *search = data;
    struct tls_index index = {search->tls_module, 0};
    uintptr_t block = (uintptr_t)__tls_get_addr(&index);
    pthread_attr_t attributes;
    void *stack;
    size_t size;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return NULL;
    if (pthread_attr_getstack(&attributes, &stack, &size) == 0) {
        search->fixed = block >= (uintptr_t)stack && block - (uintptr_t)stack < size;
        search->distance = (intptr_t)(block - rebind_machine_thread_pointer());
    }
    pthread_attr_destroy(&attributes);
    return NULL;
}

int rebind_tls_distance(size_t tls_module, intptr_t *ret_distance)
{
    struct distance_search search = {tls_module, 0, 0};
    sigset_t all, former;
    pthread_t thread;

    if (tls_module == 0)
        return -1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former); /* no handler of the process runs on it */
    int failed = pthread_create(&thread, NULL, measure_distance, &search);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (failed)
        return -1;
    pthread_join(thread, NULL);
    if (!search.fixed)
        return -1;
    *ret_distance = search.distance;
    return 0;
}
