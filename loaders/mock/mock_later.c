/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Futures: one thread, started with the first of them, settles each when its time has come. */
#include "mock_language.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* One that is due later. */
struct later {
    struct later *next;
    struct timespec due;
    metacall_future *future; /* a reference */
    metacall_value value;
    metacall_error *error; /* a reference, or NULL: the value counts */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct later *first; /* the next one due */
    pthread_t thread;
    int running, ending;
} later = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int later_is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static void later_free(struct later *entry)
{
    metacall_slot_clear(&entry->value);
    metacall_error_release(entry->error);
    metacall_future_release(entry->future);
    free(entry);
}

/* Without the lock: callbacks of others run inside. */
static void later_settle(struct later *entry)
{
    if (entry->error != NULL) {
        metacall_future_reject(entry->future, entry->error);
        entry->error = NULL;
    } else {
        metacall_future_resolve(entry->future, &entry->value);
    }
    later_free(entry);
}

static void *later_run(void *data)
{
    (void)data;
    pthread_mutex_lock(&later.lock);
    while (!later.ending) {
        struct timespec now;
        struct later *entry = later.first;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (entry == NULL) {
            pthread_cond_wait(&later.changed, &later.lock);
        } else if (later_is_before(&now, &entry->due)) {
            struct timespec due = entry->due;
            pthread_cond_timedwait(&later.changed, &later.lock, &due);
        } else {
            later.first = entry->next;
            pthread_mutex_unlock(&later.lock);
            later_settle(entry);
            pthread_mutex_lock(&later.lock);
        }
    }
    pthread_mutex_unlock(&later.lock);
    return NULL;
}

/* With the lock held. */
static int later_start(void)
{
    pthread_condattr_t clock;
    if (later.running)
        return 0;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&later.changed, &clock);
    pthread_condattr_destroy(&clock);
    later.ending = 0;
    if (pthread_create(&later.thread, NULL, later_run, NULL) != 0)
        return -1;
    later.running = 1;
    return 0;
}

void mock_later_end(void)
{
    pthread_mutex_lock(&later.lock);
    int running = later.running;
    later.ending = 1;
    if (running)
        pthread_cond_broadcast(&later.changed);
    pthread_mutex_unlock(&later.lock);
    if (!running)
        return;
    if (pthread_equal(later.thread, pthread_self()))
        pthread_detach(later.thread); /* a callback of a future ends the loader */
    else
        pthread_join(later.thread, NULL);
    pthread_mutex_lock(&later.lock);
    struct later *entry = later.first;
    later.first = NULL;
    later.running = 0;
    pthread_mutex_unlock(&later.lock);
    while (entry != NULL) {
        struct later *next = entry->next;
        later_free(entry);
        entry = next;
    }
}

/* The work can be ended: the future is rejected, and its entry taken away when it is due. */
static int later_cancel(metacall_future *future)
{
    metacall_error *error =
        metacall_error_create(METACALL_ERROR_CANCELLED, "Cancelled", "the script was cancelled");
    if (error == NULL)
        return -1;
    error->loader = future->loader;
    metacall_future_reject(future, error);
    return 0;
}

static const struct metacall_future_ops later_ops = {later_cancel, NULL, NULL};

metacall_future *mock_later(metacall_loader *loader, const metacall_value *value,
                            metacall_error *error, int64_t ms)
{
    struct later *entry = calloc(1, sizeof(*entry));
    metacall_future *future = metacall_future_create(loader, &later_ops, NULL);
    int result = -1;
    if (entry == NULL || future == NULL) {
        free(entry);
        metacall_future_release(future);
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    entry->value = (metacall_value)METACALL_SLOT_INIT;
    entry->future = future;
    metacall_future_reference(future);
    clock_gettime(CLOCK_MONOTONIC, &entry->due);
    entry->due.tv_sec += ms / 1000;
    entry->due.tv_nsec += ms % 1000 * 1000000;
    if (entry->due.tv_nsec >= 1000000000) {
        entry->due.tv_nsec -= 1000000000;
        entry->due.tv_sec++;
    }
    if (error != NULL) {
        metacall_error_reference(error);
        entry->error = error;
    }
    if (value == NULL || metacall_slot_copy(&entry->value, value) == 0) {
        pthread_mutex_lock(&later.lock);
        result = later_start();
        if (result == 0) {
            struct later **at = &later.first;
            while (*at != NULL && !later_is_before(&entry->due, &(*at)->due))
                at = &(*at)->next;
            entry->next = *at;
            *at = entry;
            pthread_cond_broadcast(&later.changed);
        }
        pthread_mutex_unlock(&later.lock);
    }
    if (result == 0)
        return future;
    later_free(entry);
    metacall_future_release(future);
    metacall_error_raise(METACALL_ERROR_MEMORY, "the mock loader cannot start a thread");
    return NULL;
}

/* ----------------------------------------------------------------------------------- built in */

static int later_give(metacall_future *future, metacall_value *slot)
{
    if (future == NULL)
        return -1;
    metacall_slot_future(slot, future);
    metacall_future_release(future);
    return 0;
}

static int later_time(const struct mock_frame *frame, const struct mock_node *node,
                      const metacall_value *value, int64_t *ret_ms)
{
    if (value->id != METACALL_LONG || value->as.long_ < 0)
        return mock_builtin_raise_type(frame, node, value, "milliseconds");
    *ret_ms = value->as.long_;
    return 0;
}

/* later(x, ms) */
static int body_later(const struct mock_frame *frame, const struct mock_node *node,
                      metacall_value **args, metacall_value *slot)
{
    int64_t ms = 0;
    if (later_time(frame, node, args[2], &ms) != 0)
        return -1;
    return later_give(mock_later(frame->definition->script->loader, args[1], NULL, ms), slot);
}

static int builtin_later(const struct mock_frame *frame, const struct mock_node *node,
                         metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, body_later);
}

/* fail_later(type, message, ms) */
static int body_fail_later(const struct mock_frame *frame, const struct mock_node *node,
                           metacall_value **args, metacall_value *slot)
{
    int64_t ms = 0;
    if (args[1]->id != METACALL_STRING || args[2]->id != METACALL_STRING)
        return mock_builtin_raise_type(frame, node, args[1], "two strings");
    if (later_time(frame, node, args[3], &ms) != 0)
        return -1;
    mock_raise(frame, node, args[1]->as.bytes.data, "%s", args[2]->as.bytes.data);
    metacall_error *error = metacall_error_take();
    int result = later_give(mock_later(frame->definition->script->loader, NULL, error, ms), slot);
    metacall_error_release(error);
    return result;
}

static int builtin_fail_later(const struct mock_frame *frame, const struct mock_node *node,
                              metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, body_fail_later);
}

/* never(): a future that nobody settles; it lasts as long as somebody holds it. */
static int builtin_never(const struct mock_frame *frame, const struct mock_node *node,
                         metacall_value *slot)
{
    (void)node;
    return later_give(metacall_future_create(frame->definition->script->loader, NULL, NULL), slot);
}

/* await(x): what a future settles with; this thread waits. Anything else is itself. */
static int body_await(const struct mock_frame *frame, const struct mock_node *node,
                      metacall_value **args, metacall_value *slot)
{
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    (void)frame, (void)node;
    if (args[1]->id != METACALL_FUTURE)
        return metacall_slot_copy(slot, args[1]);
    metacall_future *future = args[1]->as.future;
    if (metacall_future_wait(future, UINT_MAX) != 0)
        return -1;
    if (metacall_future_result(future, &value, &error) == METACALL_FUTURE_RESOLVED)
        return metacall_slot_copy(slot, value);
    metacall_error_reference(error);
    return metacall_error_set(error);
}

static int builtin_await(const struct mock_frame *frame, const struct mock_node *node,
                         metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, body_await);
}

const struct mock_builtin mock_later_builtins[] = {{"later", 2, 2, builtin_later},
                                                   {"fail_later", 3, 3, builtin_fail_later},
                                                   {"never", 0, 0, builtin_never},
                                                   {"await", 1, 1, builtin_await},
                                                   {NULL, 0, 0, NULL}};
