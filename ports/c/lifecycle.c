/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From the first metacall_initialize to the last metacall_destroy. Nothing starts here: a loader
 * starts when something is first loaded with it, through the source that is set here. */
#include "core/error.h"
#include "core/handle.h"
#include "core/loader_table.h"
#include "core/thread.h"
#include "ports/c/host_state.h"
#include "ports/c/library.h"
#include "ports/c/script_path.h"
#include "registry/load.h"

#include <metacall/metacall.h>

#include <pthread.h>
#include <stdlib.h>

#define LIBRARY_ARGS_MAX 256
#define LIBRARY_EXIT_HANDLERS_MAX 32

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
    if (!host_is_attached() && loader_table_host() == NULL)
        loader_table_destroy();
}

/* Anew after each start of a loader: the runtime registered its own exit handlers just now, and
 * ours must run before them. A runtime is opened once, so a few times are enough. */
static void library_watch_exit(void)
{
    static unsigned registered;
    if (__atomic_fetch_add(&registered, 1, __ATOMIC_RELAXED) < LIBRARY_EXIT_HANDLERS_MAX)
        atexit(library_at_exit);
}

static void library_fork_prepare(void)
{
    pthread_mutex_lock(&library.lock);
}

static void library_fork_done(void)
{
    pthread_mutex_unlock(&library.lock);
}

static void library_watch_forks(void)
{
    pthread_atfork(library_fork_prepare, library_fork_done, library_fork_done);
}

int library_start_loader(const char *tag, const struct metacall_host_handshake *handshake,
                         metacall_loader **ret_loader)
{
    metacall_registry *registry = library_registry();
    if (registry == NULL)
        return -1;
    pthread_mutex_lock(&library.lock);
    struct registry_load_request request = {.tag = tag, .argc = library.argc, .argv = library.argv};
    pthread_mutex_unlock(&library.lock);
    host_fill_request(handshake, &request);
    if (registry_load(registry, &request, ret_loader) != 0)
        return -1;
    library_watch_exit();
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
    static pthread_once_t watch = PTHREAD_ONCE_INIT;
    pthread_once(&watch, library_watch_forks);
    loader_table_set_source(library_source, NULL); /* stays: library_require guards the way to it */
    pthread_mutex_lock(&library.lock);
    library.count++;
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
    scope_reclaim(); /* while the runtimes that the functions belong to are still there */
    int failed = loader_table_destroy();
    pthread_mutex_lock(&library.lock);
    metacall_registry *registry = library.registry;
    int ended = library.count == 0;
    if (ended)
        library.registry = NULL;
    pthread_mutex_unlock(&library.lock);
    if (ended) {
        metacall_registry_close(registry);
        script_path_forget();
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
