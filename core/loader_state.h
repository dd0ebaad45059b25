/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the core knows of one loader. */
#ifndef CORE_LOADER_STATE_H
#define CORE_LOADER_STATE_H

#include <metacall/loader.h>
#include <pthread.h>

/* In this order: a call may pass up to READY and is refused after it. */
enum loader_state {
    LOADER_STARTING,
    LOADER_READY,
    LOADER_CLOSING,
    LOADER_ENDED,
    LOADER_LOST /* its runtime stayed in the parent of a fork */
};

struct metacall_loader {
    uint32_t state; /* enum loader_state; atomic */
    uint32_t refs;  /* functions, objects, futures, memory that point here; atomic */
    char *tag;
    struct metacall_loader_hooks hooks;
    struct metacall_loader_config config; /* with everything behind it copied */
    void *data;
    void *port;
    unsigned order;                 /* of start; names of an earlier loader win */
    pthread_t starter;              /* the thread that starts it, while STARTING */
    metacall_handle *handles;       /* published ones, in order; the scope lock's */
    metacall_handle *global_handle; /* one of them, for names that no script defines */
    metacall_handle *main_handle;   /* what the host itself runs; the scope lock's */
    /* Who asks its main program for a name, or is about to: the end waits for them. */
    struct metacall_gate questions;
    metacall_loader *next; /* in the table by order of start, or among those to reuse */
};

/* Whoever points to a loader counts in it, so that its block is not used again. NULL is accepted.
 */
static inline void loader_reference(metacall_loader *loader)
{
    if (loader != NULL)
        __atomic_add_fetch(&loader->refs, 1, __ATOMIC_RELAXED);
}

static inline void loader_release(metacall_loader *loader)
{
    if (loader != NULL)
        __atomic_sub_fetch(&loader->refs, 1, __ATOMIC_RELEASE);
}

static inline int loader_is_lost(const metacall_loader *loader)
{
    return loader != NULL && __atomic_load_n(&loader->state, __ATOMIC_RELAXED) == LOADER_LOST;
}

/* 1 while hooks of the loader may still be called. */
static inline int loader_hears(const metacall_loader *loader)
{
    return __atomic_load_n(&loader->state, __ATOMIC_ACQUIRE) <= LOADER_CLOSING;
}

/* 0 when the loader lives, else -1 with the error set (ended, lost, closing), which names what of
 * it was to be used: a function, a file. */
int loader_admit(const metacall_loader *loader, const char *name);

/* Copies hooks and config into a loader that is all zeros or was finished. */
int loader_init(metacall_loader *loader, const struct metacall_loader_hooks *hooks,
                const struct metacall_loader_config *config);
/* Frees the copied configuration. The tag stays, which errors may still name. */
void loader_finish(metacall_loader *loader);

#endif /* CORE_LOADER_STATE_H */
