/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One entry for the three strategies, one lock around them all. */
#include "host_variants/strategy.h"

#include "host_variants/attempt.h"
#include "host_variants/shim.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Guards the shims as well. Recursive: a constructor of what is opened may come back to us. */
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void take_lock(void)
{
    pthread_mutex_lock(&lock);
}

static void give_lock(void)
{
    pthread_mutex_unlock(&lock);
}

/* A child gets its own mutex: who holds the parent's does not exist there. */
static void renew_lock(void)
{
    pthread_mutex_t fresh = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

    lock = fresh;
}

/* A fork waits for an attempt that another thread has begun, so that a child finds none half done.
 */
static void guard_forks(void)
{
    pthread_atfork(take_lock, give_lock, renew_lock);
}

static const char *const names[] = {"linked", "host-unresolved", "interposed"};

const char *strategy_name(enum strategy strategy)
{
    return (unsigned)strategy < sizeof(names) / sizeof(names[0]) ? names[strategy] : "unknown";
}

int strategy_from_name(const char *name, enum strategy *ret_strategy)
{
    for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_strategy = (enum strategy)i;
            return 0;
        }
    }
    return -1;
}

/* What must be known before ld.so touches the file: even a dlopen that fails leaves the stack
 * executable if the file asks for that. */
static int check_file(struct attempt *attempt)
{
    const struct strategy_request *request = attempt->request;
    const struct elf_image *plugin = &attempt->plugin;

    if (!plugin->native)
        return attempt_refuse(attempt, "bind.plugin", NULL, "install the package for this machine",
                              "it was built for another machine (ELF class %d, machine %d)",
                              plugin->elf_class, plugin->machine);
    if (plugin->type != ET_DYN || (plugin->flags & ELF_IMAGE_PIE) ||
        !(plugin->flags & ELF_IMAGE_DYNAMIC))
        return attempt_refuse(attempt, "bind.plugin", NULL, NULL, "it is not a shared library");
    if ((plugin->flags & ELF_IMAGE_STACK_EXEC) || !(plugin->flags & ELF_IMAGE_STACK_HEADER))
        return attempt_refuse(attempt, "bind.unsafe", "PT_GNU_STACK",
                              "rebuild it with -z noexecstack",
                              "opening it would make the stack of this process executable");
    if (plugin->flags & ELF_IMAGE_TEXTREL)
        return attempt_refuse(attempt, "bind.unsafe", "DT_TEXTREL", "rebuild it with -fPIC",
                              "it has text relocations");
    if (request->needed && !elf_image_needs(plugin, request->needed))
        return attempt_refuse(attempt, "bind.needed", request->needed,
                              "correct the manifest or link the plugin to its runtime",
                              "it does not need %s", request->needed);
    return 0;
}

static int open_by_strategy(struct attempt *attempt)
{
    switch (attempt->request->strategy) {
    case STRATEGY_LINKED:
        return strategy_linked_open(attempt);
    case STRATEGY_HOST_UNRESOLVED:
        return strategy_host_open(attempt);
    case STRATEGY_INTERPOSED:
        return strategy_interposed_open(attempt);
    }
    return metacall_error_raise(METACALL_ERROR_ARGUMENT, "no strategy has number %d",
                                (int)attempt->request->strategy);
}

static void release(struct bound_plugin *plugin)
{
    if (!plugin)
        return;
    if (plugin->handle)
        dlclose(plugin->handle);
    if (plugin->holder)
        dlclose(plugin->holder);
    shim_close(plugin->shim);
    if (plugin->runtime)
        dlclose(plugin->runtime);
    if (plugin->fd >= 0)
        close(plugin->fd);
    free(plugin);
}

int strategy_open(const struct strategy_request *request, metacall_diagnostic_sink sink,
                  void *sink_data, struct bound_plugin **ret_plugin)
{
    struct attempt attempt = {.request = request, .sink = sink, .sink_data = sink_data};
    int result = -1;

    pthread_once(&fork_once, guard_forks);
    pthread_mutex_lock(&lock);
    attempt.bound = calloc(1, sizeof(*attempt.bound));
    if (!attempt.bound) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        goto out;
    }
    attempt.bound->fd = -1;
    if (elf_image_open(request->plugin, request->plugin_fd, &attempt.plugin) != 0) {
        metacall_error *cause = metacall_error_take();
        attempt_refuse(&attempt, "bind.plugin", NULL, NULL, "%s",
                       cause && cause->message ? cause->message : "it cannot be read");
        metacall_error_release(cause);
        goto out;
    }
    if (check_file(&attempt) != 0 || modules_walk(&attempt.before) != 0)
        goto out;
    result = open_by_strategy(&attempt);
out:
    elf_image_close(&attempt.plugin);
    modules_destroy(attempt.before);
    if (result == 0)
        *ret_plugin = attempt.bound;
    else
        release(attempt.bound);
    pthread_mutex_unlock(&lock);
    return result;
}

enum bound_how bound_plugin_how(const struct bound_plugin *plugin)
{
    return plugin->how;
}

void *bound_plugin_symbol(const struct bound_plugin *plugin, const char *name)
{
    void *found = dlsym(plugin->handle, name), *result = NULL;
    struct link_map *own = NULL, *holder = NULL;
    Dl_info info;

    /* dlsym looks into the plugin's libraries too */
    if (found && dlinfo(plugin->handle, RTLD_DI_LINKMAP, &own) == 0 &&
        dladdr1(found, &info, (void **)&holder, RTLD_DL_LINKMAP) != 0 && holder == own)
        result = found;
    return result;
}

void bound_plugin_close(struct bound_plugin *plugin)
{
    pthread_mutex_lock(&lock);
    release(plugin);
    pthread_mutex_unlock(&lock);
}
