/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One entry for the three strategies, one lock around them all. */
#include "host_variants/strategy.h"

#include "host_variants/shim.h"
#include "host_variants/strategies.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the C library keeps for all libraries that are opened late. */
#ifdef __GLIBC__
#define STATIC_TLS_MOST 512
#else
#define STATIC_TLS_MOST 0
#endif
#define SCRATCH_SIZE (16 * 1024) /* the tables of most plugins */

/* Guards the shims as well. Recursive: a constructor of what is opened may come back to us. */
static pthread_mutex_t lock;
static pthread_once_t lock_once = PTHREAD_ONCE_INIT;

static void make_lock(void)
{
    pthread_mutexattr_t kind;

    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &kind);
    pthread_mutexattr_destroy(&kind);
}

static void take_lock(void)
{
    pthread_mutex_lock(&lock);
}

static void give_lock(void)
{
    pthread_mutex_unlock(&lock);
}

/* A fork waits for an attempt that another thread has begun, so that a child finds none half done;
 * the child gets a mutex of its own: who holds the parent's does not exist there. */
static void prepare_lock(void)
{
    make_lock();
    pthread_atfork(take_lock, give_lock, make_lock);
}

static void enter(void)
{
    pthread_once(&lock_once, prepare_lock);
    take_lock();
}

/* A library that DT_VERNEED speaks of and DT_NEEDED does not: ld.so asserts that there is none. */
static const char *version_without_needed(const struct elf_image *plugin)
{
    struct elf_need_cursor cursor = {0};
    struct elf_need need;
    const char *last = NULL;

    while (elf_image_next_need(plugin, &cursor, &need)) {
        if (need.file == last)
            continue;
        last = need.file;
        if (!last || !elf_image_needs(plugin, last))
            return last ? last : "?";
    }
    return NULL;
}

/* What must be known before ld.so touches the file: even a dlopen that fails leaves the stack
 * executable if the file asks for that. */
static int check_file(struct attempt *attempt)
{
    const struct strategy_request *request = attempt->request;
    const struct elf_image *plugin = attempt->plugin;

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
    if ((plugin->flags & ELF_IMAGE_STATIC_TLS) && plugin->tls_size > STATIC_TLS_MOST)
        return attempt_refuse(attempt, "bind.unsafe", "PT_TLS",
                              "rebuild it without -ftls-model=initial-exec",
                              "it wants %ju bytes of static thread-local memory, of which a "
                              "process has next to none",
                              (uintmax_t)plugin->tls_size);
    if (request->needed && !elf_image_needs(plugin, request->needed))
        return attempt_refuse(attempt, "bind.needed", request->needed,
                              "correct the manifest or link the plugin to its runtime",
                              "it does not need %s", request->needed);
    const char *cut = version_without_needed(plugin);
    if (cut)
        return attempt_refuse(attempt, "bind.unsafe", cut, "rebuild it; DT_NEEDED was cut out",
                              "it wants a version of %s, which it does not need: the linker would "
                              "end the process",
                              cut);
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
    struct elf_image own = {.native = 0};
    uint8_t scratch[SCRATCH_SIZE];
    int result = -1;

    enter();
    attempt.bound = calloc(1, sizeof(*attempt.bound));
    if (!attempt.bound) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        goto out;
    }
    attempt.bound->fd = -1;
    attempt.plugin = request->image ? request->image : &own;
    if (!request->image && elf_image_open_tables(request->plugin, request->plugin_fd, scratch,
                                                 sizeof(scratch), &own) != 0) {
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
    elf_image_close(&own);
    modules_destroy(attempt.before);
    free(attempt.expected);
    if (result == 0)
        *ret_plugin = attempt.bound;
    else
        release(attempt.bound);
    give_lock();
    return result;
}

enum bound_how bound_plugin_how(const struct bound_plugin *plugin)
{
    return plugin->how;
}

void *bound_plugin_symbol(const struct bound_plugin *plugin, const char *name)
{
    void *found = dlsym(plugin->handle, name), *result = NULL;
    struct modules *modules = NULL;
    struct link_map *own = NULL;

    /* dlsym looks into the plugin's libraries too */
    if (found && dlinfo(plugin->handle, RTLD_DI_LINKMAP, &own) == 0 &&
        modules_walk(&modules) == 0) {
        const struct module *holder = modules_of_address(modules, found);
        if (holder && holder->dynamic == own->l_ld)
            result = found;
        modules_destroy(modules);
    }
    return result;
}

void bound_plugin_close(struct bound_plugin *plugin)
{
    enter();
    release(plugin);
    give_lock();
}
