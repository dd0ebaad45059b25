/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_future.h. */
#include "node_future.h"
#include "node_error.h"
#include "node_link.h"
#include "node_loader.h"
#include "node_value.h"

#include <stdlib.h>

/* ------------------------------------------------------------------- promises of JavaScript */

/* A promise that another language holds. Until it has settled it holds its future itself. */
struct js_future {
    struct node_export made;
    metacall_future *pending; /* a reference; NULL once settled */
    struct js_future *next;   /* among env->promises; under the lock below */
    struct js_future **back;
};

static pthread_mutex_t promises_lock = PTHREAD_MUTEX_INITIALIZER;

static void enlist(struct node_env *env, struct js_future *js)
{
    pthread_mutex_lock(&promises_lock);
    js->next = env->promises;
    js->back = &env->promises;
    if (js->next)
        js->next->back = &js->next;
    env->promises = js;
    pthread_mutex_unlock(&promises_lock);
}

/* Takes the pending future out; NULL where somebody else has. */
static metacall_future *claim(struct js_future *js)
{
    metacall_future *future;

    pthread_mutex_lock(&promises_lock);
    future = js->pending;
    js->pending = NULL;
    if (js->back) {
        *js->back = js->next;
        if (js->next)
            js->next->back = js->back;
        js->back = NULL;
    }
    pthread_mutex_unlock(&promises_lock);
    return future;
}

/* A promise that is known not to be cancelled: 0 = asked, 1 = it cannot be asked. */
static int cancel_inside(struct node_env *env, void *data)
{
    napi_value promise = node_export_value(data), asked;
    bool was = false;

    if (!promise)
        return node_env_refuse(env);
    asked = node_env_help(env, NODE_CANCEL_PROMISE, 1, &promise);
    if (!asked)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    napi_get_value_bool(env->napi, asked, &was);
    return was ? 0 : 1;
}

static int js_cancel(metacall_future *future)
{
    struct js_future *js = future->native;
    metacall_error *error;
    int rc = node_env_run(js->made.env, cancel_inside, &js->made);

    if (rc <= 0)
        return rc;
    error = metacall_error_create(METACALL_ERROR_CANCELLED, "CancelledError",
                                  "the promise was given up by who waited for it");
    if (!error)
        return -1;
    metacall_future_reject(future, error);
    return 0;
}

static int js_wait(metacall_future *future)
{
    struct node_env *env = ((struct js_future *)future->native)->made.env;
    int own = env->embed ? node_embed_frames_here(env->embed) > 0 : node_env_current() == env;

    if (!own)
        return 0;
    return metacall_error_raise(METACALL_ERROR_DEADLOCK,
                                "node: this thread is JavaScript's own and cannot wait for a "
                                "promise that only it can settle; await it, or wait on another "
                                "thread");
}

static void js_destroy(metacall_future *future)
{
    struct js_future *js = future->native;

    node_export_end(&js->made);
}

static const struct metacall_future_ops js_ops = {js_cancel, js_wait, js_destroy};

/* An error that says "cancelled" or "too late" in JavaScript says so to others. */
static void settle_code(struct node_env *env, napi_value thrown, metacall_error *error)
{
    napi_value told = node_env_help(env, NODE_REASON_OF, 1, &thrown);
    int32_t reason = 0;

    if (!told)
        napi_get_and_clear_last_exception(env->napi, &told);
    else
        napi_get_value_int32(env->napi, told, &reason);
    if (error->code == METACALL_ERROR_GUEST && reason != 0)
        error->code = reason == 1 ? METACALL_ERROR_CANCELLED : METACALL_ERROR_TIMEOUT;
}

/* settle(address, fulfilled, value): the promise has settled */
static napi_value settle(napi_env napi, napi_callback_info info)
{
    struct node_env *env = NULL;
    struct node_embed_gap gap;
    metacall_value slot = METACALL_SLOT_INIT;
    metacall_error *error = NULL;
    metacall_future *future;
    napi_value args[3];
    size_t count = 3;
    int64_t address = 0;
    bool fulfilled = false;

    if (napi_get_cb_info(napi, info, &count, args, NULL, (void **)&env) != napi_ok || count != 3)
        return NULL;
    napi_get_value_int64(napi, args[0], &address);
    napi_get_value_bool(napi, args[1], &fulfilled);
    future = claim((struct js_future *)(intptr_t)address);
    if (!future)
        return NULL;
    if (!fulfilled) {
        error = node_error_take(env, args[2]);
        if (error)
            settle_code(env, args[2], error);
    } else if (node_value_take(env, args[2], NULL, &slot) != 0) {
        node_value_name("result of a promise");
        fulfilled = false;
        error = metacall_error_take();
    }
    node_env_depart(env, &gap);
    if (fulfilled)
        metacall_future_resolve(future, &slot);
    else
        metacall_future_reject(future, error);
    metacall_future_release(future);
    node_env_return(env, &gap);
    return NULL;
}

int node_future_take(struct node_env *env, napi_value value, metacall_value *slot)
{
    struct node_link link;
    struct js_future *js;
    metacall_future *future;
    napi_value args[2] = {value, NULL};
    int rc;

    if (node_link_look(env, value, &link) != 0)
        return -1;
    if (link.self || link.held)
        return node_link_take(&link, slot);
    js = calloc(1, sizeof *js);
    future = js ? metacall_future_create(env->owner->loader, &js_ops, js) : NULL;
    if (!future) {
        free(js);
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
    }
    rc = node_export_make(env, value, &js->made, NODE_KIND_FUTURE, future, &future->refs);
    if (rc == 0) {
        metacall_slot_future(slot, future);
        js->pending = future; /* and with it the first reference */
        enlist(env, js);
        napi_create_int64(env->napi, (int64_t)(intptr_t)js, &args[1]);
        if (node_env_help(env, NODE_FOLLOW, 2, args))
            return 0;
        rc = node_error_from_pending(env, METACALL_ERROR_GUEST);
        metacall_slot_clear(slot);
        future = claim(js);
    }
    metacall_future_release(future);
    return rc;
}

void node_future_end_all(struct node_env *env)
{
    for (;;) {
        metacall_future *future;
        metacall_error *error;

        pthread_mutex_lock(&promises_lock);
        future = env->promises ? env->promises->pending : NULL;
        pthread_mutex_unlock(&promises_lock);
        if (!future)
            return;
        node_env_refuse(env);
        error = metacall_error_take();
        claim(future->native);
        metacall_future_reject(future, error);
        metacall_future_release(future);
    }
}

/* ------------------------------------------------------------------ futures of other languages */

/* A Promise that waits for a future, until that has settled and JavaScript has heard of it. */
struct node_awaited {
    struct node_post post;
    struct node_env *env;
    metacall_future *future;
    napi_deferred deferred;
};

/* On any thread, without a lock of a runtime. */
static void settled(metacall_future *future, void *data)
{
    struct node_awaited *awaited = data;

    (void)future;
    if (node_queue_post(awaited->env, &awaited->post) == 0)
        return;
    metacall_future_release(awaited->future); /* JavaScript has ended */
    node_env_release(awaited->env);
    free(awaited);
}

static void conclude(struct node_env *env, napi_deferred deferred, enum metacall_future_state state,
                     const metacall_value *value, metacall_error *error)
{
    napi_value made = NULL;

    if (state == METACALL_FUTURE_RESOLVED && node_value_make(env, value, &made) == 0) {
        napi_resolve_deferred(env->napi, deferred, made);
        return;
    }
    if (state == METACALL_FUTURE_RESOLVED) {
        node_value_name("result of a future");
        error = metacall_error_take();
    } else if (error) {
        metacall_error_reference(error);
    }
    if (!error || node_error_make(env, error, &made) != 0) {
        metacall_error_release(metacall_error_take());
        napi_get_undefined(env->napi, &made);
    }
    metacall_error_release(error);
    napi_reject_deferred(env->napi, deferred, made);
}

static void deliver_one(struct node_env *env, struct node_awaited *awaited)
{
    const metacall_value *value = NULL;
    enum metacall_future_state state;
    struct node_embed_gap gap;
    metacall_error *error = NULL;
    napi_handle_scope scope;

    state = metacall_future_result(awaited->future, &value, &error);
    if (napi_open_handle_scope(env->napi, &scope) == napi_ok) {
        conclude(env, awaited->deferred, state, value, error);
        napi_close_handle_scope(env->napi, scope);
    }
    if (--env->awaited == 0)
        node_queue_keep(env, 0);
    node_env_depart(env, &gap);
    metacall_future_release(awaited->future);
    node_env_return(env, &gap);
    node_env_release(env);
    free(awaited);
}

void node_future_deliver(struct node_env *env)
{
    struct node_post *post = node_queue_posted(env);

    while (post) {
        struct node_post *next = post->next;
        deliver_one(env, (struct node_awaited *)post);
        post = next;
    }
}

/* Follows the future outside: a settled one tells so at once. */
static int follow(struct node_env *env, struct node_awaited *awaited)
{
    struct node_embed_gap gap;
    int rc;

    node_env_depart(env, &gap);
    rc = metacall_future_then(awaited->future, settled, awaited);
    node_env_return(env, &gap);
    return rc;
}

static int await(struct node_env *env, metacall_future *future, napi_deferred deferred)
{
    struct node_awaited *awaited = calloc(1, sizeof *awaited);

    if (!awaited)
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
    awaited->env = env;
    awaited->future = future;
    awaited->deferred = deferred;
    metacall_future_reference(future);
    node_env_reference(env);
    if (env->awaited++ == 0)
        node_queue_keep(env, 1);
    if (follow(env, awaited) == 0)
        return 0;
    if (--env->awaited == 0)
        node_queue_keep(env, 0);
    metacall_future_release(future);
    node_env_release(env);
    free(awaited);
    return -1;
}

int node_future_make(struct node_env *env, metacall_future *future, napi_value *ret_value)
{
    struct node_import *import;
    napi_deferred deferred;
    napi_value promise;

    if (future->ops == &js_ops && ((struct js_future *)future->native)->made.env == env) {
        *ret_value = node_export_value(future->native);
        return *ret_value ? 0 : node_env_refuse(env);
    }
    if (node_import_find(env, future, ret_value))
        return 0;
    if (node_queue_ready(env) != 0 ||
        node_import_create(env, NODE_KIND_FUTURE, future, &import) != 0)
        return -1;
    if (napi_create_promise(env->napi, &deferred, &promise) != napi_ok) {
        node_import_end(env->napi, import);
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": no Promise could be made");
    }
    if (node_import_attach(env, import, promise, 1) != 0 || await(env, future, deferred) != 0) {
        metacall_error *error = metacall_error_take();
        conclude(env, deferred, METACALL_FUTURE_REJECTED, NULL, error);
        return metacall_error_set(error);
    }
    *ret_value = promise;
    return 0;
}

/* cancel(promise): asks the owner of its future */
static napi_value cancel(napi_env napi, napi_callback_info info)
{
    struct node_env *env = NULL;
    struct node_embed_gap gap;
    struct node_link link;
    napi_value promise;
    size_t count = 1;
    int rc;

    if (napi_get_cb_info(napi, info, &count, &promise, NULL, (void **)&env) != napi_ok ||
        count != 1)
        return NULL;
    if (node_link_look(env, promise, &link) != 0)
        return node_error_throw(env);
    if (!link.held || link.kind != NODE_KIND_FUTURE) {
        metacall_value slot = METACALL_SLOT_INIT;
        if (link.self && node_link_take(&link, &slot) == 0)
            metacall_slot_clear(&slot);
        return NULL;
    }
    metacall_future_reference(link.held);
    node_env_depart(env, &gap);
    rc = metacall_future_cancel(link.held);
    metacall_future_release(link.held);
    node_env_return(env, &gap);
    return rc == 0 ? NULL : node_error_throw(env);
}

int node_future_natives(struct node_env *env, napi_value native)
{
    napi_value function;

    if (napi_create_function(env->napi, "settle", NAPI_AUTO_LENGTH, settle, env, &function) !=
            napi_ok ||
        napi_set_named_property(env->napi, native, "settle", function) != napi_ok ||
        napi_create_function(env->napi, "cancel", NAPI_AUTO_LENGTH, cancel, env, &function) !=
            napi_ok)
        return -1;
    return napi_set_named_property(env->napi, native, "cancel", function) == napi_ok ? 0 : -1;
}
