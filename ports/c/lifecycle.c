/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From the first metacall_initialize to the last metacall_destroy. Nothing starts here: a loader
 * starts when something is first loaded with it, through the source that is set here. */
#include "core/error.h"
#include "core/loader_table.h"
#include "core/thread.h"
#include "ports/c/host_state.h"
#include "ports/c/library.h"
#include "registry/load.h"

#include <metacall/metacall.h>

#include <pthread.h>
#include <stdlib.h>

#define LIBRARY_ARGS_MAX 256

void *metacall_null_args[1] = {NULL};

static struct {
    pthread_mutex_t lock; /* for what follows; never held while a loader starts or ends */
    unsigned count;
    metacall_registry *registry;
    int argc;
    char **argv;
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char *library_no_args[1] = {NULL};

/* ------------------------------------------------------------------------------------- source */

metacall_registry *library_registry(void)
{
    pthread_mutex_lock(&library.lock);
    if (library.registry == NULL)
        metacall_registry_open(NULL, &library.registry);
    metacall_registry *registry = library.registry;
    pthread_mutex_unlock(&library.lock);
    return registry;
}

/* For embedded use without a metacall_destroy. In a host the host's own hook has been before, or
 * has the last word: then this does nothing. */
static void library_at_exit(void)
{
    if (!host_is_attached())
        loader_table_destroy();
}

int library_start_loader(const char *tag, const struct metacall_host_handshake *handshake,
                         metacall_loader **ret_loader)
{
    metacall_registry *registry = library_registry();
    if (registry == NULL)
        return -1;
    struct registry_load_request request = {.tag = tag, .argc = library.argc, .argv = library.argv};
    host_fill_request(handshake, &request);
    if (registry_load(registry, &request, ret_loader) != 0)
        return -1;
    /* Anew for each loader: the runtime registered its own exit handlers just now, and ours must
     * run before them. */
    atexit(library_at_exit);
    return 0;
}

static int library_source(const char *tag, void *data)
{
    metacall_loader *loader;
    (void)data;
    return library_start_loader(tag, NULL, &loader);
}

/* ---------------------------------------------------------------------------------- lifecycle */

int library_require(void)
{
    if (__atomic_load_n(&library.count, __ATOMIC_RELAXED) != 0)
        return 0;
    return metacall_error_raise(METACALL_ERROR_STATE,
                                "the library is not initialised; call metacall_initialize first");
}

int metacall_initialize(void)
{
    pthread_mutex_lock(&library.lock);
    if (library.count++ == 0)
        loader_table_set_source(library_source, NULL);
    pthread_mutex_unlock(&library.lock);
    return 0;
}

int metacall_initialize_ex(struct metacall_initialize_configuration_type initialize_config[])
{
    if (initialize_config != NULL)
        for (size_t i = 0; initialize_config[i].tag != NULL; i++)
            if (initialize_config[i].options != NULL)
                return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                            "loader '%s' takes no options at its start",
                                            initialize_config[i].tag);
    return metacall_initialize();
}

void metacall_initialize_args(int argc, char *argv[])
{
    pthread_mutex_lock(&library.lock);
    library.argc = argv != NULL && argc > 0 ? argc : 0;
    library.argv = argv;
    pthread_mutex_unlock(&library.lock);
}

int metacall_argc(void)
{
    return library.argc;
}

char **metacall_argv(void)
{
    return library.argv != NULL ? library.argv : library_no_args;
}

int metacall_is_initialized(const char *tag)
{
    if (tag == NULL)
        return __atomic_load_n(&library.count, __ATOMIC_RELAXED) != 0 ? 0 : 1;
    return loader_table_find(tag) != NULL ? 0 : 1;
}

/* Ends all loaders, then lets go of the registry. The number of loaders that failed to end. */
static int library_end(void)
{
    int failed = loader_table_destroy();
    pthread_mutex_lock(&library.lock);
    metacall_registry *registry = library.registry;
    int ended = library.count == 0;
    if (ended) {
        library.registry = NULL;
        loader_table_set_source(NULL, NULL);
    }
    pthread_mutex_unlock(&library.lock);
    if (ended) {
        metacall_registry_close(registry);
        host_forget();
    }
    thread_state_trim();
    return failed;
}

int metacall_destroy(void)
{
    pthread_mutex_lock(&library.lock);
    int last = library.count != 0 && --library.count == 0;
    pthread_mutex_unlock(&library.lock);
    return last && library_end() != 0 ? -1 : 0;
}

void metacall_host_exit(void)
{
    pthread_mutex_lock(&library.lock);
    library.count = 0;
    pthread_mutex_unlock(&library.lock);
    library_end();
}

void metacall_flags(int flags)
{
    (void)flags;
}

const char *metacall_serial(void)
{
    return "json";
}

const char *metacall_detour(void)
{
    return "shim";
}

size_t metacall_args_size(void)
{
    return LIBRARY_ARGS_MAX;
}
