/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Futures: made, settled once, followed by callbacks and by waiting threads. One lock guards what
 * is pending; nothing of anybody else runs under it. */
#include "core/future.h"

#include "core/error.h"
#include "core/loader_state.h"
#include "core/value.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

struct future_callback {
    struct future_callback *next;
    void (*settled)(metacall_future *future, void *data);
    void *data;
};

/* A thread that waits, on its own stack. */
struct future_waiter {
    struct future_waiter *next;
    pthread_cond_t settled;
};

struct future_core {
    struct future_callback *first; /* the lock's; in order */
    struct future_callback **end;
    struct future_waiter *waiters; /* the lock's */
    struct future_block *next;     /* among the pending ones, the lock's */
    struct future_block **back;
    metacall_value value;  /* once resolved */
    metacall_error *error; /* once rejected */
};

struct future_block {
    metacall_future head;
    struct future_core core;
};

static pthread_mutex_t future_lock = PTHREAD_MUTEX_INITIALIZER;
static struct future_block *future_pending; /* the newest first */
static int future_forked; /* atomic; a fork left runtimes behind that may owe something */

static struct future_core *future_core(const metacall_future *future)
{
    return future->core;
}

static uint32_t future_state(const metacall_future *future)
{
    return __atomic_load_n(&future->state, __ATOMIC_ACQUIRE);
}

static void future_watch_forks(void);

/* ----------------------------------------------------------------------------- made and freed */

metacall_future *metacall_future_create(metacall_loader *loader,
                                        const struct metacall_future_ops *ops, void *native)
{
    static const struct metacall_future_ops none = {NULL, NULL, NULL};
    static pthread_once_t watch = PTHREAD_ONCE_INIT;
    pthread_once(&watch, future_watch_forks);
    struct future_block *block = calloc(1, sizeof(*block));
    if (block == NULL) {
        error_raise_memory();
        return NULL;
    }
    block->head = (metacall_future){.ops = ops != NULL ? ops : &none,
                                    .loader = loader,
                                    .native = native,
                                    .refs = 1,
                                    .state = METACALL_FUTURE_PENDING,
                                    .core = &block->core};
    block->core.value = (metacall_value)METACALL_SLOT_INIT;
    block->core.end = &block->core.first;
    loader_reference(loader);
    pthread_mutex_lock(&future_lock);
    block->core.next = future_pending;
    block->core.back = &future_pending;
    if (future_pending != NULL)
        future_pending->core.back = &block->core.next;
    future_pending = block;
    pthread_mutex_unlock(&future_lock);
    return &block->head;
}

void metacall_future_reference(metacall_future *future)
{
    __atomic_add_fetch(&future->refs, 1, __ATOMIC_RELAXED);
}

/* With the lock held: not among the pending ones any more. */
static void future_unlink(struct future_core *core)
{
    if (core->back == NULL)
        return;
    *core->back = core->next;
    if (core->next != NULL)
        core->next->core.back = core->back;
    core->back = NULL;
    core->next = NULL;
}

static void future_free(metacall_future *future)
{
    struct future_core *core = future_core(future);
    /* What a runtime lost in a fork holds stays where it is: its lock may be held for ever. */
    if (future->ops->destroy != NULL && !loader_is_lost(future->loader))
        future->ops->destroy(future);
    metacall_slot_clear(&core->value);
    metacall_error_release(core->error);
    loader_release(future->loader);
    free(future);
}

/* The last reference is gone. 1 = nobody follows the future, which is out of the list now and may
 * be freed; 0 = somebody does, and it has a reference again. */
static int future_bury(metacall_future *future)
{
    struct future_core *core = future_core(future);
    pthread_mutex_lock(&future_lock);
    int followed = core->first != NULL;
    if (followed)
        __atomic_store_n(&future->refs, 1, __ATOMIC_RELAXED);
    else
        future_unlink(core);
    pthread_mutex_unlock(&future_lock);
    return !followed;
}

void metacall_future_release(metacall_future *future)
{
    while (future != NULL && __atomic_sub_fetch(&future->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        if (future_bury(future)) {
            future_free(future);
            return;
        }
        metacall_error *error = metacall_error_create(
            METACALL_ERROR_STATE, NULL, "a future was given up by its owner before it settled");
        metacall_error *former = error == NULL ? metacall_error_take() : NULL;
        metacall_future_reject(future, error != NULL ? error : error_out_of_memory());
        metacall_error_release(former);
    }
}

/* -------------------------------------------------------------------------------------- settled */

/* With the lock held: takes the callbacks, wakes whoever waits. */
static struct future_callback *future_conclude(metacall_future *future,
                                               enum metacall_future_state state)
{
    struct future_core *core = future_core(future);
    struct future_callback *callbacks = core->first;
    core->first = NULL;
    core->end = &core->first;
    future_unlink(core);
    __atomic_store_n(&future->state, state, __ATOMIC_RELEASE);
    for (struct future_waiter *waiter = core->waiters; waiter != NULL; waiter = waiter->next)
        pthread_cond_signal(&waiter->settled);
    return callbacks;
}

/* What happens in a callback is not this thread's error. */
static void future_tell(metacall_future *future, struct future_callback *callbacks)
{
    metacall_error *former = metacall_error_take();
    while (callbacks != NULL) {
        struct future_callback *next = callbacks->next;
        callbacks->settled(future, callbacks->data);
        free(callbacks);
        callbacks = next;
    }
    metacall_error_release(metacall_error_take());
    if (former != NULL)
        metacall_error_set(former);
}

/* Settles with the value, which it moves, or the error. 1 = it was settled before, and both are as
 * they were. */
static int future_settle(metacall_future *future, enum metacall_future_state state,
                         metacall_value *value, metacall_error *error)
{
    struct future_core *core = future_core(future);
    pthread_mutex_lock(&future_lock);
    if (future_state(future) != METACALL_FUTURE_PENDING) {
        pthread_mutex_unlock(&future_lock);
        return 1;
    }
    metacall_future_reference(future); /* a callback may give up the last one */
    if (value != NULL)
        value_move(&core->value, value);
    core->error = error;
    struct future_callback *callbacks = future_conclude(future, state);
    pthread_mutex_unlock(&future_lock);
    future_tell(future, callbacks);
    metacall_future_release(future);
    return 0;
}

int metacall_future_reject(metacall_future *future, metacall_error *error)
{
    if (error == NULL)
        error = error_out_of_memory();
    int result = future_settle(future, METACALL_FUTURE_REJECTED, NULL, error);
    if (result != 0)
        metacall_error_release(error);
    return result;
}

int metacall_future_resolve(metacall_future *future, metacall_value *value)
{
    metacall_error *former = metacall_error_take(), *error = NULL;
    if (value != NULL && value_own(value) != 0)
        error = metacall_error_take();
    if (former != NULL)
        metacall_error_set(former);
    int result = error != NULL ? metacall_future_reject(future, error)
                               : future_settle(future, METACALL_FUTURE_RESOLVED, value, NULL);
    if (value != NULL)
        metacall_slot_clear(value);
    return result;
}

/* ------------------------------------------------------------------------- owners that are gone */

/* The error of a future whose owner cannot settle it any more. */
static metacall_error *future_owner_error(const metacall_loader *loader)
{
    metacall_error *former = metacall_error_take();
    loader_admit(loader, "a future");
    metacall_error *error = metacall_error_take();
    if (former != NULL)
        metacall_error_set(former);
    return error;
}

static int future_owner_is_gone(const metacall_future *future)
{
    return future->loader != NULL &&
           __atomic_load_n(&future->loader->state, __ATOMIC_ACQUIRE) > LOADER_CLOSING;
}

/* A reference of a future that was found in the list; 0 where its last one is just being given up.
 */
static int future_reference_living(metacall_future *future)
{
    uint32_t refs = __atomic_load_n(&future->refs, __ATOMIC_RELAXED);
    while (refs != 0)
        if (__atomic_compare_exchange_n(&future->refs, &refs, refs + 1, 1, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return 1;
    return 0;
}

/* A pending future of the loader, or of any lost one (NULL), with a reference; or NULL. */
static metacall_future *future_next_of(const metacall_loader *loader)
{
    metacall_future *found = NULL;
    pthread_mutex_lock(&future_lock);
    for (struct future_block *block = future_pending; block != NULL && found == NULL;
         block = block->core.next) {
        if ((loader != NULL ? block->head.loader == loader : loader_is_lost(block->head.loader)) &&
            future_reference_living(&block->head))
            found = &block->head;
    }
    pthread_mutex_unlock(&future_lock);
    return found;
}

static void future_reject_all(const metacall_loader *loader)
{
    metacall_future *future;
    while ((future = future_next_of(loader)) != NULL) {
        metacall_future_reject(future, future_owner_error(future->loader));
        metacall_future_release(future);
    }
}

void future_reject_of(metacall_loader *loader)
{
    future_reject_all(loader);
}

void future_reject_lost(void)
{
    if (__builtin_expect(__atomic_load_n(&future_forked, __ATOMIC_RELAXED) != 0, 0) &&
        __atomic_exchange_n(&future_forked, 0, __ATOMIC_ACQ_REL) != 0)
        future_reject_all(NULL);
}

/* Before anybody looks: a future whose owner has gone is not pending. */
static void future_look(metacall_future *future)
{
    future_reject_lost();
    if (future_state(future) == METACALL_FUTURE_PENDING && future_owner_is_gone(future))
        metacall_future_reject(future, future_owner_error(future->loader));
}

static void future_fork_prepare(void)
{
    pthread_mutex_lock(&future_lock);
}

static void future_fork_parent(void)
{
    pthread_mutex_unlock(&future_lock);
}

static void future_fork_child(void)
{
    pthread_mutex_init(&future_lock, NULL);
    /* Whoever waited stayed in the parent. */
    for (struct future_block *block = future_pending; block != NULL; block = block->core.next)
        block->core.waiters = NULL;
    __atomic_store_n(&future_forked, 1, __ATOMIC_RELAXED);
}

static void future_watch_forks(void)
{
    pthread_atfork(future_fork_prepare, future_fork_parent, future_fork_child);
}

/* ----------------------------------------------------------------------------------- followed */

int metacall_future_cancel(metacall_future *future)
{
    future_look(future);
    if (future_state(future) != METACALL_FUTURE_PENDING)
        return 0;
    if (future->ops->cancel != NULL)
        return future->ops->cancel(future);
    metacall_error *error =
        metacall_error_create(METACALL_ERROR_CANCELLED, NULL, "the future was cancelled");
    if (error == NULL)
        return -1;
    metacall_future_reject(future, error);
    return 0;
}

int metacall_future_then(metacall_future *future,
                         void (*settled)(metacall_future *future, void *data), void *data)
{
    struct future_core *core = future_core(future);
    struct future_callback *callback = malloc(sizeof(*callback));
    if (callback == NULL)
        return error_raise_memory();
    *callback = (struct future_callback){NULL, settled, data};
    future_look(future);
    pthread_mutex_lock(&future_lock);
    int pending = future_state(future) == METACALL_FUTURE_PENDING;
    if (pending) {
        *core->end = callback;
        core->end = &callback->next;
    }
    pthread_mutex_unlock(&future_lock);
    if (!pending) {
        metacall_future_reference(future);
        future_tell(future, callback);
        metacall_future_release(future);
    } else if (future_owner_is_gone(future)) {
        future_look(future); /* it ended just before the callback was there */
    }
    return 0;
}

enum metacall_future_state metacall_future_result(metacall_future *future,
                                                  const metacall_value **ret_value,
                                                  metacall_error **ret_error)
{
    struct future_core *core = future_core(future);
    future_look(future);
    uint32_t state = future_state(future);
    if (state == METACALL_FUTURE_RESOLVED && ret_value != NULL)
        *ret_value = &core->value;
    if (state == METACALL_FUTURE_REJECTED && ret_error != NULL)
        *ret_error = core->error;
    return (enum metacall_future_state)state;
}

/* -------------------------------------------------------------------------------------- waited */

static struct timespec future_deadline(unsigned timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return until;
}

static int future_is_past(const struct timespec *until)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > until->tv_sec ||
           (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

/* Sleeps until the future has settled. 0, or ETIMEDOUT. */
static int future_sleep(metacall_future *future, const struct timespec *until)
{
    struct future_core *core = future_core(future);
    struct future_waiter waiter;
    pthread_condattr_t clock;
    int result = 0;

    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter.settled, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_lock(&future_lock);
    waiter.next = core->waiters;
    core->waiters = &waiter;
    while (future_state(future) == METACALL_FUTURE_PENDING && result != ETIMEDOUT)
        result = until != NULL ? pthread_cond_timedwait(&waiter.settled, &future_lock, until)
                               : pthread_cond_wait(&waiter.settled, &future_lock);
    for (struct future_waiter **at = &core->waiters; *at != NULL; at = &(*at)->next) {
        if (*at == &waiter) {
            *at = waiter.next;
            break;
        }
    }
    if (future_state(future) != METACALL_FUTURE_PENDING)
        result = 0;
    pthread_mutex_unlock(&future_lock);
    pthread_cond_destroy(&waiter.settled);
    return result;
}

int metacall_future_wait(metacall_future *future, unsigned timeout_ms)
{
    struct timespec deadline = {0, 0};
    const struct timespec *until = NULL;
    int result = 0;

    future_look(future);
    if (timeout_ms != UINT_MAX) {
        deadline = future_deadline(timeout_ms);
        until = &deadline;
    }
    metacall_future_reference(future); /* whoever settles it may give up his own */
    while (future_state(future) == METACALL_FUTURE_PENDING) {
        int again = future->ops->wait != NULL ? future->ops->wait(future) : 0;
        if (again < 0) {
            result = -1;
            break;
        }
        if (again == 0 && future_sleep(future, until) == 0)
            continue;
        if (future_state(future) == METACALL_FUTURE_PENDING && until != NULL &&
            future_is_past(until)) {
            result = metacall_error_raise(METACALL_ERROR_TIMEOUT,
                                          "a future had not settled after %u ms", timeout_ms);
            break;
        }
    }
    metacall_future_release(future);
    return result;
}

void metacall_slot_future(metacall_value *slot, metacall_future *future)
{
    metacall_future_reference(future);
    metacall_slot_kind(slot, METACALL_FUTURE);
    slot->as.future = future;
}
