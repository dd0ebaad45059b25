/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Hooks on functions. What is on a function is an immutable chain, counted by the calls that are in
 * it; whoever adds or removes puts another chain in its place. One lock guards the places; no hook
 * and no loader runs under it. */
#include "core/interception.h"

#include "core/error.h"
#include "core/function.h"
#include "core/interception_run.h"
#include "core/loader_state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long an adder or a remover waits for another thread that is changing the same function. */
#define INTERCEPTION_PATIENCE_MS 100

/* Whether the language's own calls of the function come here. */
enum detour {
    DETOUR_NONE = 0,
    DETOUR_ON = 1,
    DETOUR_REFUSED = 2 /* and `reason` says why */
};

/* What a function that was ever intercepted has; the lock's. */
struct interception_state {
    struct interception_chain *chain; /* NULL = no hooks */
    enum detour detour;
    int busy; /* a thread is in the loader's hook for this function */
    metacall_error *reason;
};

static pthread_mutex_t interception_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t interception_settled = PTHREAD_COND_INITIALIZER;
static metacall_interception *interceptions; /* all that are on a function; the lock's */

/* ----------------------------------------------------------------------------------- counting */

static void interception_release(metacall_interception *interception)
{
    if (__atomic_sub_fetch(&interception->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    if (interception->released != NULL)
        interception->released(interception->data);
    metacall_function_release(interception->function);
    free(interception);
}

struct interception_chain *interception_chain_take(const metacall_function *function)
{
    struct interception_chain *chain = NULL;
    pthread_mutex_lock(&interception_lock);
    struct interception_state *state = *function_interception_place(function);
    if (state != NULL && state->chain != NULL) {
        chain = state->chain;
        __atomic_add_fetch(&chain->refs, 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&interception_lock);
    return chain;
}

void interception_chain_release(struct interception_chain *chain)
{
    if (chain == NULL || __atomic_sub_fetch(&chain->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (size_t i = 0; i < chain->count; i++)
        interception_release(chain->items[i]);
    free(chain);
}

void interception_state_destroy(struct interception_state *state)
{
    if (state == NULL)
        return;
    metacall_error_release(state->reason);
    free(state);
}

/* ---------------------------------------------------------------------------- fork, with locks */

static void interception_fork_prepare(void)
{
    pthread_mutex_lock(&interception_lock);
}

static void interception_fork_parent(void)
{
    pthread_mutex_unlock(&interception_lock);
}

static void interception_fork_child(void)
{
    pthread_mutex_init(&interception_lock, NULL);
    pthread_cond_init(&interception_settled, NULL);
    /* Whoever was changing a function stayed in the parent. */
    for (metacall_interception *each = interceptions; each != NULL; each = each->next)
        (*function_interception_place(each->function))->busy = 0;
}

static void interception_watch_forks(void)
{
    pthread_atfork(interception_fork_prepare, interception_fork_parent, interception_fork_child);
}

/* -------------------------------------------------------------------------- changing the chain */

/* With the lock held: the chain with `item` first, or without those that are off, in place of the
 * present one, which the caller lets go of without the lock. 0, or -1 where there is no memory. */
static int chain_replace(struct interception_state *state, metacall_interception *item,
                         unsigned add, struct interception_chain **ret_former)
{
    struct interception_chain *former = state->chain, *fresh = NULL;
    size_t before = former != NULL ? former->count : 0, count = add;
    for (size_t i = 0; i < before; i++)
        count += !interception_is_off(former->items[i]);
    if (count != 0) {
        fresh = malloc(sizeof(*fresh) + count * sizeof(fresh->items[0]));
        if (fresh == NULL)
            return -1;
        fresh->refs = 1;
        fresh->count = 0;
        if (add)
            fresh->items[fresh->count++] = item;
        for (size_t i = 0; i < before; i++)
            if (!interception_is_off(former->items[i]))
                fresh->items[fresh->count++] = former->items[i];
        for (size_t i = 0; i < fresh->count; i++)
            __atomic_add_fetch(&fresh->items[i]->refs, 1, __ATOMIC_RELAXED);
    }
    state->chain = fresh;
    *ret_former = former;
    if (fresh != NULL)
        __atomic_or_fetch(&item->function->flags, METACALL_FUNCTION_INTERCEPTED, __ATOMIC_RELEASE);
    else
        __atomic_and_fetch(&item->function->flags, ~(uint32_t)METACALL_FUNCTION_INTERCEPTED,
                           __ATOMIC_RELEASE);
    return 0;
}

static void interception_link(metacall_interception *item)
{
    item->next = interceptions;
    item->back = &interceptions;
    if (interceptions != NULL)
        interceptions->back = &item->next;
    interceptions = item;
}

static void interception_unlink(metacall_interception *item)
{
    *item->back = item->next;
    if (item->next != NULL)
        item->next->back = item->back;
    item->back = NULL;
    item->next = NULL;
}

/* With the lock held: takes the item off its function. A chain that cannot be made anew for lack of
 * memory keeps it, marked, so that it is passed over. 1 = it was on it. */
static int interception_take_off(metacall_interception *item,
                                 struct interception_chain **ret_former)
{
    struct interception_state *state = *function_interception_place(item->function);
    if (item->back == NULL)
        return 0;
    __atomic_store_n(&item->off, 1, __ATOMIC_RELEASE);
    interception_unlink(item);
    chain_replace(state, item, 0, ret_former);
    return 1;
}

/* --------------------------------------------------------------------------------- the detour */

/* Without the lock: asks the function's loader. */
static int detour_turn(metacall_function *function, int on)
{
    if (function->loader != NULL && !loader_hears(function->loader))
        return 0; /* its runtime has gone, and the detour with it */
    if (function->ops->intercept != NULL) {
        if (function->ops->intercept(function, on) == 0)
            return 0;
        if (metacall_error_peek() == NULL)
            metacall_error_raise(METACALL_ERROR_SUPPORT, "loader '%s' refused without a word",
                                 function->loader != NULL ? function->loader->tag : "");
        return -1;
    }
    if (!on)
        return 0;
    if (function->loader == NULL)
        return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                    "%s was registered from C: only calls through the registry are "
                                    "seen; for its symbol there is metacall_interpose_replace",
                                    metacall_function_name(function));
    return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                "loader '%s' does not see the calls of %s that its own language "
                                "makes: only calls through the registry are seen",
                                function->loader->tag, metacall_function_name(function));
}

/* With the lock held: while another thread is at it, for a while. */
static void detour_await(const struct interception_state *state)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += INTERCEPTION_PATIENCE_MS * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    /* Not for ever: the other one may need a runtime's lock that this thread holds. It looks again
     * before it leaves, so that nothing is forgotten. */
    while (state->busy &&
           pthread_cond_timedwait(&interception_settled, &interception_lock, &until) == 0)
        continue;
}

/* With the lock held, which is given up in between: the detour is on as long as there are hooks.
 * 0, or -1 where this very thread's last request failed, with its error in *ret_error. */
static int detour_settle(metacall_function *function, struct interception_state *state,
                         metacall_error **ret_error)
{
    int result = 0;
    if (state->busy)
        detour_await(state);
    while (!state->busy) {
        int on = state->chain != NULL;
        if (on ? state->detour != DETOUR_NONE : state->detour == DETOUR_NONE)
            break;
        metacall_error *spare = state->reason, *error = NULL;
        state->reason = NULL;
        if (!on && state->detour == DETOUR_REFUSED) {
            state->detour = DETOUR_NONE;
            pthread_mutex_unlock(&interception_lock);
            metacall_error_release(spare);
            pthread_mutex_lock(&interception_lock);
            continue;
        }
        state->busy = 1;
        pthread_mutex_unlock(&interception_lock);
        metacall_error_release(spare);
        result = detour_turn(function, on);
        if (result != 0)
            error = metacall_error_take();
        metacall_error_release(*ret_error);
        *ret_error = error;
        pthread_mutex_lock(&interception_lock);
        state->busy = 0;
        state->detour = !on ? DETOUR_NONE : result == 0 ? DETOUR_ON : DETOUR_REFUSED;
        if (on && error != NULL) {
            metacall_error_reference(error);
            state->reason = error;
        }
        pthread_cond_broadcast(&interception_settled);
    }
    return result;
}

/* ----------------------------------------------------------------------------------- the API */

/* Takes it off and puts the function right. The handle stays. */
static int interception_end(metacall_interception *item)
{
    struct interception_chain *former = NULL;
    metacall_error *error = NULL;
    int result = 0;
    pthread_mutex_lock(&interception_lock);
    if (interception_take_off(item, &former))
        result =
            detour_settle(item->function, *function_interception_place(item->function), &error);
    pthread_mutex_unlock(&interception_lock);
    interception_chain_release(former);
    if (result != 0)
        metacall_error_set(error);
    else
        metacall_error_release(error);
    return result;
}

static metacall_interception *interception_create(metacall_function *function,
                                                  metacall_intercept_before before,
                                                  metacall_intercept_after after, void *data,
                                                  void (*released)(void *data))
{
    metacall_interception *item = calloc(1, sizeof(*item));
    if (item == NULL) {
        error_raise_memory();
        return NULL;
    }
    item->refs = 1;
    item->before = before;
    item->after = after;
    item->data = data;
    item->released = released;
    item->function = function;
    metacall_function_reference(function);
    return item;
}

/* With the lock held: the function's state, made on first use. NULL where there is no memory. */
static struct interception_state *interception_state(metacall_function *function)
{
    struct interception_state **place = function_interception_place(function);
    if (*place == NULL)
        *place = calloc(1, sizeof(**place));
    return *place;
}

metacall_interception *metacall_intercept(metacall_function *function,
                                          metacall_intercept_before before,
                                          metacall_intercept_after after, void *data,
                                          void (*released)(void *data))
{
    static pthread_once_t watch = PTHREAD_ONCE_INIT;
    struct interception_chain *former = NULL;
    metacall_error *error = NULL;

    pthread_once(&watch, interception_watch_forks);
    if (function == NULL || (before == NULL && after == NULL)) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT,
                             "an interception needs a function and a hook before or after it");
        return NULL;
    }
    if (function->loader != NULL &&
        loader_admit(function->loader, metacall_function_name(function)) != 0)
        return NULL;
    metacall_interception *item = interception_create(function, before, after, data, NULL);
    if (item == NULL)
        return NULL;
    metacall_error_release(metacall_error_take()); /* what is there afterwards says why */

    pthread_mutex_lock(&interception_lock);
    struct interception_state *state = interception_state(function);
    int result = state != NULL ? chain_replace(state, item, 1, &former) : -1;
    if (result == 0) {
        interception_link(item);
        result = detour_settle(function, state, &error);
        if (result == 0 && state->reason != NULL && error == NULL) {
            error = state->reason;
            metacall_error_reference(error);
        }
    } else {
        error = error_out_of_memory();
    }
    pthread_mutex_unlock(&interception_lock);
    interception_chain_release(former);
    if (error != NULL)
        metacall_error_set(error);
    if (result != 0 && (error == NULL || (error->code != METACALL_ERROR_SUPPORT &&
                                          error->code != METACALL_ERROR_STATE))) {
        metacall_error *kept = metacall_error_take();
        interception_end(item);
        interception_release(item);
        metacall_error_set(kept);
        return NULL;
    }
    item->released = released;
    return item;
}

enum metacall_intercept_scope metacall_interception_scope(const metacall_interception *interception)
{
    pthread_mutex_lock(&interception_lock);
    const struct interception_state *state = *function_interception_place(interception->function);
    int all = state->detour == DETOUR_ON && interception->back != NULL;
    pthread_mutex_unlock(&interception_lock);
    return all ? METACALL_INTERCEPT_ALL : METACALL_INTERCEPT_REGISTRY;
}

int metacall_intercept_remove(metacall_interception *interception)
{
    if (interception == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "the interception is NULL");
    int result = interception_end(interception);
    interception_release(interception);
    return result;
}

void interception_end_loader(const metacall_loader *loader)
{
    for (;;) {
        metacall_interception *found = NULL;
        pthread_mutex_lock(&interception_lock);
        for (metacall_interception *each = interceptions; each != NULL && found == NULL;
             each = each->next)
            if (each->function->loader == loader) {
                found = each;
                __atomic_add_fetch(&found->refs, 1, __ATOMIC_RELAXED);
            }
        pthread_mutex_unlock(&interception_lock);
        if (found == NULL)
            return;
        if (interception_end(found) != 0)
            metacall_error_release(metacall_error_take());
        interception_release(found);
    }
}
