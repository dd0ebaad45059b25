/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The table of loaders. No lock of it is ever held while a hook, the source or a visitor runs. */
#include "core/loader_table.h"

#include "core/error.h"
#include "core/future.h"
#include "core/handle.h"
#include "core/interception.h"
#include "core/loader_state.h"
#include "core/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOADER_NATIVE_TAG "__metacall_host__"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a loader left STARTING, or the destroyer finished */
    metacall_loader *first; /* in order of start */
    metacall_loader *idle;  /* ended, kept because functions may point to them */
    unsigned next_order;
    loader_source source;
    void *source_data;
    int destroying;
    pthread_t destroyer;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .next_order = 1};

static char loader_native_tag[] = LOADER_NATIVE_TAG;
static metacall_loader loader_native = {.state = LOADER_READY,
                                        .refs = 1,
                                        .tag = loader_native_tag,
                                        .config = {.tag = LOADER_NATIVE_TAG}};

metacall_loader *loader_table_native(void)
{
    return &loader_native;
}

static uint32_t loader_state_of(const metacall_loader *loader)
{
    return __atomic_load_n(&loader->state, __ATOMIC_ACQUIRE);
}

static void loader_state_set(metacall_loader *loader, enum loader_state state)
{
    __atomic_store_n(&loader->state, state, __ATOMIC_RELEASE);
}

/* ----------------------------------------------------------------------------------- fork */

static void table_fork_prepare(void)
{
    pthread_mutex_lock(&table.lock);
    scope_lock_for_fork();
}

static void table_fork_parent(void)
{
    scope_unlock_after_fork();
    pthread_mutex_unlock(&table.lock);
}

static void table_fork_child(void)
{
    scope_reset_lock();
    log_reset_lock();
    pthread_mutex_init(&table.lock, NULL);
    pthread_cond_init(&table.changed, NULL);
    for (metacall_loader *loader = table.first; loader != NULL; loader = loader->next) {
        metacall_gate_reset(&loader->questions); /* whoever asked stayed behind */
        int own_thread =
            loader->state == LOADER_STARTING && pthread_equal(loader->starter, pthread_self());
        if (!metacall_loader_is_host(loader) || (loader->state != LOADER_READY && !own_thread))
            loader_state_set(loader, LOADER_LOST);
    }
    /* Whoever was ending loaders is not here any more. */
    if (table.destroying && !pthread_equal(table.destroyer, pthread_self()))
        table.destroying = 0;
}

static void table_watch_forks(void)
{
    pthread_atfork(table_fork_prepare, table_fork_parent, table_fork_child);
}

/* ----------------------------------------------------------------------------------- table */

void loader_table_set_source(loader_source source, void *data)
{
    pthread_mutex_lock(&table.lock);
    table.source = source;
    table.source_data = data;
    pthread_mutex_unlock(&table.lock);
}

/* All of these with the lock held. */
static metacall_loader *table_search(const char *tag)
{
    for (metacall_loader *loader = table.first; loader != NULL; loader = loader->next)
        if (strcmp(loader->tag, tag) == 0)
            return loader;
    return NULL;
}

static void table_append(metacall_loader *loader)
{
    metacall_loader **at = &table.first;
    while (*at != NULL)
        at = &(*at)->next;
    loader->next = NULL;
    *at = loader;
}

static void table_remove(metacall_loader *loader)
{
    for (metacall_loader **at = &table.first; *at != NULL; at = &(*at)->next) {
        if (*at == loader) {
            *at = loader->next;
            loader->next = table.idle;
            table.idle = loader;
            return;
        }
    }
}

/* An ended loader of the tag that nothing points to any more, or a new one. */
static metacall_loader *table_obtain(const char *tag)
{
    for (metacall_loader **at = &table.idle; *at != NULL; at = &(*at)->next) {
        metacall_loader *loader = *at;
        if (__atomic_load_n(&loader->refs, __ATOMIC_ACQUIRE) == 0 &&
            __atomic_load_n(&loader->questions.inside, __ATOMIC_ACQUIRE) == 0 &&
            strcmp(loader->tag, tag) == 0) {
            *at = loader->next;
            return loader;
        }
    }
    metacall_loader *loader = calloc(1, sizeof(*loader));
    if (loader == NULL || (loader->tag = strdup(tag)) == NULL) {
        free(loader);
        error_raise_memory();
        return NULL;
    }
    return loader;
}

/* Waits while another thread starts the tag. 0 and *ret_loader (NULL = it does not run), or -1
 * with the error set. */
static int table_settle(const char *tag, metacall_loader **ret_loader)
{
    for (;;) {
        metacall_loader *loader = table_search(tag);
        if (table.destroying && loader == NULL)
            return metacall_error_raise(METACALL_ERROR_STATE,
                                        "cannot start loader '%s': the library is ending", tag);
        if (loader == NULL) {
            *ret_loader = NULL;
            return 0;
        }
        switch (loader_state_of(loader)) {
        case LOADER_READY:
            *ret_loader = loader;
            return 0;
        case LOADER_STARTING:
            if (pthread_equal(loader->starter, pthread_self()))
                return metacall_error_raise(
                    METACALL_ERROR_STATE,
                    "loader '%s' is asked for while this very thread is starting it", tag);
            pthread_cond_wait(&table.changed, &table.lock);
            break;
        case LOADER_LOST:
            return metacall_error_raise(
                METACALL_ERROR_FORK,
                "the runtime of loader '%s' stayed in the parent process of a fork", tag);
        default:
            return metacall_error_raise(METACALL_ERROR_STATE, "loader '%s' is ending", tag);
        }
    }
}

/* The state of a loader whose first hook has returned. */
static int table_conclude(metacall_loader *loader, int failed)
{
    if (failed) {
        loader_drop_handles(loader);
        loader_finish(loader);
        pthread_mutex_lock(&table.lock);
        loader_state_set(loader, LOADER_ENDED);
        table_remove(loader);
    } else {
        pthread_mutex_lock(&table.lock);
        loader_state_set(loader, LOADER_READY);
    }
    pthread_cond_broadcast(&table.changed);
    pthread_mutex_unlock(&table.lock);
    if (failed)
        future_reject_of(loader);
    return failed ? -1 : 0;
}

static int table_run_first_hook(metacall_loader *loader)
{
    const struct metacall_loader_config *config = &loader->config;
    int host = config->binding == METACALL_BINDING_HOST;
    int (*hook)(metacall_loader *, const struct metacall_loader_config *) =
        host ? loader->hooks.host_attach : loader->hooks.initialize;
    if (hook == NULL)
        return metacall_error_raise(METACALL_ERROR_LOADER, "loader '%s' has no hook %s",
                                    loader->tag, host ? "host_attach" : "initialize");
    metacall_error_release(metacall_error_take());
    if (hook(loader, config) == 0)
        return 0;
    if (metacall_error_peek() == NULL)
        metacall_error_raise(METACALL_ERROR_LOADER, "loader '%s' failed to start without a word",
                             loader->tag);
    return -1;
}

int loader_table_start(const struct metacall_loader_hooks *hooks,
                       const struct metacall_loader_config *config, metacall_loader **ret_loader)
{
    static pthread_once_t watch = PTHREAD_ONCE_INIT;
    metacall_loader *loader = NULL;

    pthread_once(&watch, table_watch_forks);
    pthread_mutex_lock(&table.lock);
    int result = table_settle(config->tag, &loader);
    if (result != 0 || loader != NULL) {
        pthread_mutex_unlock(&table.lock);
        if (result == 0)
            *ret_loader = loader;
        return result;
    }
    loader = table_obtain(config->tag);
    if (loader == NULL || loader_init(loader, hooks, config) != 0) {
        if (loader != NULL) {
            loader->next = table.idle;
            table.idle = loader;
        }
        pthread_mutex_unlock(&table.lock);
        return -1;
    }
    loader_state_set(loader, LOADER_STARTING);
    loader->starter = pthread_self();
    loader->order = table.next_order++;
    table_append(loader);
    pthread_mutex_unlock(&table.lock);

    log_write(LOG_LEVEL_INFO, "loader %s: starting, %s", loader->tag,
              metacall_loader_is_host(loader) ? "in its host" : "embedded");
    if (table_conclude(loader, table_run_first_hook(loader) != 0) != 0)
        return -1;
    *ret_loader = loader;
    return 0;
}

metacall_loader *loader_table_find(const char *tag)
{
    if (strcmp(tag, LOADER_NATIVE_TAG) == 0)
        return &loader_native;
    pthread_mutex_lock(&table.lock);
    metacall_loader *loader = table_search(tag);
    if (loader != NULL && loader_state_of(loader) != LOADER_READY)
        loader = NULL;
    pthread_mutex_unlock(&table.lock);
    return loader;
}

metacall_loader *loader_table_get(const char *tag)
{
    metacall_loader *loader = NULL;
    if (strcmp(tag, LOADER_NATIVE_TAG) == 0)
        return &loader_native;
    for (int asked = 0;; asked = 1) {
        pthread_mutex_lock(&table.lock);
        int result = table_settle(tag, &loader);
        loader_source source = table.source;
        void *data = table.source_data;
        pthread_mutex_unlock(&table.lock);
        if (result != 0)
            return NULL;
        if (loader != NULL)
            return loader;
        if (source == NULL || asked) {
            metacall_error_raise(METACALL_ERROR_LOADER,
                                 source == NULL
                                     ? "no loader '%s' runs, and there is no registry to ask"
                                     : "the registry started no loader '%s'",
                                 tag);
            return NULL;
        }
        if (source(tag, data) != 0) {
            if (metacall_error_peek() == NULL)
                metacall_error_raise(METACALL_ERROR_LOADER, "loader '%s' cannot be started", tag);
            return NULL;
        }
    }
}

metacall_loader *loader_table_host(void)
{
    metacall_loader *host = NULL;
    pthread_mutex_lock(&table.lock);
    for (metacall_loader *loader = table.first; loader != NULL; loader = loader->next)
        if (loader_state_of(loader) == LOADER_READY && metacall_loader_is_host(loader))
            host = loader;
    pthread_mutex_unlock(&table.lock);
    return host;
}

int loader_has_main(const metacall_loader *loader)
{
    return loader->hooks.discover != NULL &&
           (metacall_loader_is_host(loader) || loader->config.argc > 0);
}

metacall_loader *loader_table_next_main(const metacall_loader *after)
{
    metacall_loader *found = NULL;
    pthread_mutex_lock(&table.lock);
    for (metacall_loader *loader = table.first; loader != NULL && found == NULL;
         loader = loader->next)
        if ((after == NULL || loader->order > after->order) &&
            loader_state_of(loader) == LOADER_READY && loader_has_main(loader))
            found = loader;
    pthread_mutex_unlock(&table.lock);
    return found;
}

int loader_table_each(int (*visit)(metacall_loader *loader, void *data), void *data)
{
    /* By order numbers: the table may change while a visitor runs, structures stay. */
    unsigned after = 0;
    for (;;) {
        metacall_loader *found = NULL;
        pthread_mutex_lock(&table.lock);
        for (metacall_loader *loader = table.first; loader != NULL && found == NULL;
             loader = loader->next)
            if (loader->order > after && loader_state_of(loader) == LOADER_READY)
                found = loader;
        pthread_mutex_unlock(&table.lock);
        if (found == NULL)
            return 0;
        after = found->order;
        int result = visit(found, data);
        if (result != 0)
            return result;
    }
}

const struct metacall_loader_hooks *loader_table_hooks(const metacall_loader *loader)
{
    return &loader->hooks;
}

/* ------------------------------------------------------------------------------------- end */

/* How long the end waits for a loader that another thread is starting. */
#define TABLE_START_PATIENCE_S 10

/* The last started loader that is still to be ended. NULL = none. */
static metacall_loader *table_last(void)
{
    metacall_loader *last = NULL;
    for (metacall_loader *loader = table.first; loader != NULL; loader = loader->next)
        if (loader_state_of(loader) == LOADER_READY)
            last = loader;
    return last;
}

/* With the lock held: until no other thread is starting a loader, or patience ends. */
static void table_await_starters(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TABLE_START_PATIENCE_S;
    for (;;) {
        int starting = 0;
        for (metacall_loader *loader = table.first; loader != NULL; loader = loader->next)
            if (loader_state_of(loader) == LOADER_STARTING &&
                !pthread_equal(loader->starter, pthread_self()))
                starting = 1;
        if (!starting || pthread_cond_timedwait(&table.changed, &table.lock, &until) != 0)
            return;
    }
}

/* How long the end of a loader waits for questions about its names. */
#define TABLE_QUESTION_PATIENCE_MS 2000

static int loader_end(metacall_loader *loader)
{
    log_write(LOG_LEVEL_INFO, "loader %s: ending", loader->tag);
    loader_state_set(loader, LOADER_CLOSING);
    /* Other threads may be asking its main program for a name; they come out first. */
    metacall_gate_close(&loader->questions, 0, TABLE_QUESTION_PATIENCE_MS);
    interception_end_loader(loader);
    loader_clear_handles(loader);
    int (*hook)(metacall_loader *) =
        metacall_loader_is_host(loader) ? loader->hooks.host_detach : loader->hooks.destroy;
    int failed = hook != NULL && hook(loader) != 0;
    loader_drop_handles(loader); /* what its last words defined */
    loader_finish(loader);
    return failed;
}

/* With the lock held, which is given up while hooks run. Returns the number that failed, with the
 * first one's error in *ret_error. */
static int table_end_all(metacall_error **ret_error)
{
    int failed = 0;
    metacall_loader *loader;
    while ((loader = table_last()) != NULL) {
        pthread_mutex_unlock(&table.lock);
        if (loader_end(loader) != 0) {
            failed++;
            if (*ret_error == NULL)
                *ret_error = metacall_error_take();
        }
        loader_state_set(loader, LOADER_ENDED);
        /* Only now: whoever asks for one of these from here on is told at once. */
        future_reject_of(loader);
        pthread_mutex_lock(&table.lock);
        table_remove(loader);
    }
    return failed;
}

int loader_table_destroy(void)
{
    metacall_error *error = NULL;

    future_reject_lost();
    pthread_mutex_lock(&table.lock);
    if (table.destroying) {
        int own = pthread_equal(table.destroyer, pthread_self());
        while (table.destroying && !own)
            pthread_cond_wait(&table.changed, &table.lock);
        pthread_mutex_unlock(&table.lock);
        return 0;
    }
    table.destroying = 1;
    table.destroyer = pthread_self();
    table_await_starters();
    int failed = table_end_all(&error);
    /* A lost loader stays, so that its tag is refused for ever; nothing of its runtime is touched,
     * what it holds is left behind. */
    for (metacall_loader *loader = table.first; loader != NULL; loader = loader->next)
        if (loader_is_lost(loader))
            loader_drop_handles(loader);
    pthread_mutex_unlock(&table.lock);

    loader_drop_handles(&loader_native);
    pthread_mutex_lock(&table.lock);
    table.destroying = 0;
    pthread_cond_broadcast(&table.changed);
    pthread_mutex_unlock(&table.lock);
    if (error != NULL)
        metacall_error_set(error);
    return failed;
}
