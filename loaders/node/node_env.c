/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Environments: how they begin, how they are entered from any thread, how they end. */
#include "node_env.h"
#include "node_bootstrap.h"
#include "node_error.h"
#include "node_future.h"
#include "node_intercept.h"
#include "node_link.h"
#include "node_loader.h"
#include "node_object.h"

#include <metacall/arena.h>
#include <stdlib.h>
#include <string.h>

static __thread struct node_env *current_env;

static const char *const helper_names[NODE_HELPER_COUNT] = {
    [NODE_PACK] = "pack",
    [NODE_UNPACK] = "unpack",
    [NODE_GROW_INBOX] = "growInbox",
    [NODE_IMPORT_OF] = "importOf",
    [NODE_CALLER_OF] = "callerOf",
    [NODE_LEARN] = "learn",
    [NODE_LEARN_SHAPE] = "learnShape",
    [NODE_MAKE_ERROR] = "makeError",
    [NODE_DESCRIBE_ERROR] = "describeError",
    [NODE_STACK_OF] = "stackOf",
    [NODE_ADD_PATH] = "addPath",
    [NODE_LOAD_FILE] = "loadFile",
    [NODE_LOAD_TEXT] = "loadText",
    [NODE_LOAD_PACKAGE] = "loadPackage",
    [NODE_FORGET] = "forget",
    [NODE_FUNCTIONS_OF] = "functionsOf",
    [NODE_DISCOVER] = "discover",
    [NODE_PARAMETERS_OF] = "parametersOf",
    [NODE_MARK_EXIT] = "markExit",
    [NODE_WATCH] = "watch",
    [NODE_FOREIGN_ERROR] = "ForeignError",
    [NODE_LINK_GET] = "linkGet",
    [NODE_LINK_SET] = "linkSet",
    [NODE_LINK_DELETE] = "linkDelete",
    [NODE_FOREIGN_GET] = "foreignGet",
    [NODE_FOREIGN_SET] = "foreignSet",
    [NODE_INTERCEPT_ON] = "interceptOn",
    [NODE_INTERCEPT_OFF] = "interceptOff",
    [NODE_INTERCEPT_CALL] = "interceptCall",
    [NODE_DETOUR_OF] = "detourOf",
    [NODE_HOOK_BEFORE] = "hookBefore",
    [NODE_HOOK_AFTER] = "hookAfter",
    [NODE_SORT_OF] = "sortOf",
    [NODE_DESCRIBE_OBJECT] = "describeObject",
    [NODE_OPERATE] = "operate",
    [NODE_MAKE_OBJECT] = "makeObject",
    [NODE_FOLLOW] = "follow",
    [NODE_FORGET_SIGNAL] = "forgetSignal",
    [NODE_CANCEL_PROMISE] = "cancelPromise",
    [NODE_REASON_OF] = "reasonOf",
    [NODE_PIN] = "pin",
    [NODE_MAKE_VIEW] = "makeView",
    [NODE_VIEW_OF] = "viewOf",
};

struct node_env *node_env_current(void)
{
    return current_env;
}

void node_env_reference(struct node_env *env)
{
    __atomic_add_fetch(&env->refs, 1, __ATOMIC_RELAXED);
}

void node_env_release(struct node_env *env)
{
    if (__atomic_sub_fetch(&env->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    pthread_cond_destroy(&env->queue.arrived);
    free(env->imports);
    node_names_finish(&env->names);
    node_shape_finish(env);
    node_draft_finish(&env->draft);
    metacall_arena_forget(&env->spare);
    free(env);
}

/* The environment ends on its own thread: a worker, or the main one in the normal way. JavaScript
 * can still be referred to but not run. */
static void env_cleanup(void *data)
{
    struct node_env *env = data;

    node_intercept_end(env);
    if (env == env->owner->main && !env->embed)
        node_loader_host_ends(env->owner);
    __atomic_store_n(&env->closed, 1, __ATOMIC_SEQ_CST);
    node_queue_close(env);
    node_future_end_all(env);
    node_env_sweep(env);
    node_link_forget_all(env);
    for (size_t i = 0; i < NODE_HELPER_COUNT; i++) {
        if (env->helpers[i])
            napi_delete_reference(env->napi, env->helpers[i]);
        env->helpers[i] = NULL;
    }
    if (env->require)
        napi_delete_reference(env->napi, env->require);
    if (env->exports)
        napi_delete_reference(env->napi, env->exports);
    if (env->shared)
        napi_delete_reference(env->napi, env->shared);
    if (current_env == env)
        current_env = NULL;
    node_env_release(env);
}

struct node_env *node_env_create(napi_env napi, struct node_loader *owner, struct node_embed *embed)
{
    struct node_env *env = calloc(1, sizeof *env);

    if (!env) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    env->refs = 1;
    env->napi = napi;
    env->owner = owner;
    env->embed = embed;
    pthread_cond_init(&env->queue.arrived, NULL);
    if (embed)
        return env;
    if (node_queue_open(env) != 0) {
        node_env_release(env);
        return NULL;
    }
    napi_add_env_cleanup_hook(napi, env_cleanup, env);
    current_env = env;
    return env;
}

/* native.buffers(cells, inbox, head): those that are new. */
static napi_value take_buffers(napi_env napi, napi_callback_info info)
{
    struct node_env *env = NULL;
    napi_value args[3];
    size_t count = 3, size = 0;
    void *data = NULL;

    if (napi_get_cb_info(napi, info, &count, args, NULL, (void **)&env) != napi_ok)
        return NULL;
    if (napi_get_arraybuffer_info(napi, args[0], &data, &size) == napi_ok) {
        env->cells = data;
        env->cells_size = size / sizeof(double);
    }
    if (napi_get_arraybuffer_info(napi, args[1], &data, &size) == napi_ok) {
        env->inbox = data;
        env->inbox_size = size / sizeof(double);
    }
    if (napi_get_arraybuffer_info(napi, args[2], &data, &size) == napi_ok)
        env->head = data;
    return NULL;
}

static int keep_helpers(struct node_env *env, napi_value made)
{
    for (size_t i = 0; i < NODE_HELPER_COUNT; i++) {
        napi_value helper;
        if (napi_get_named_property(env->napi, made, helper_names[i], &helper) != napi_ok ||
            napi_create_reference(env->napi, helper, 1, &env->helpers[i]) != napi_ok)
            return -1;
    }
    return 0;
}

int node_env_bootstrap(struct node_env *env, napi_value require, napi_value options)
{
    napi_env napi = env->napi;
    napi_value script, factory, buffers, undefined, made, args[3];

    if (env->ready)
        return 0;
    if (napi_create_string_utf8(napi, node_bootstrap, node_bootstrap_size, &script) != napi_ok ||
        napi_run_script(napi, script, &factory) != napi_ok ||
        napi_create_object(napi, &args[0]) != napi_ok ||
        napi_create_function(napi, "buffers", NAPI_AUTO_LENGTH, take_buffers, env, &buffers) !=
            napi_ok ||
        napi_set_named_property(napi, args[0], "buffers", buffers) != napi_ok ||
        node_object_natives(env, args[0]) != 0 || node_future_natives(env, args[0]) != 0 ||
        node_loader_natives(env, args[0]) != 0 || node_shape_natives(env, args[0]) != 0 ||
        napi_get_undefined(napi, &undefined) != napi_ok)
        return node_error_from_pending(env, METACALL_ERROR_LOADER);
    args[1] = require;
    args[2] = options;
    if (napi_call_function(napi, undefined, factory, 3, args, &made) != napi_ok ||
        keep_helpers(env, made) != 0 ||
        napi_create_reference(napi, made, 1, &env->shared) != napi_ok)
        return node_error_from_pending(env, METACALL_ERROR_LOADER);
    env->ready = 1;
    return 0;
}

int node_env_prepare(struct node_env *env)
{
    napi_value require = NULL, options, value;

    if (env->ready)
        return 0;
    if (env->require)
        napi_get_reference_value(env->napi, env->require, &require);
    if (!require)
        return metacall_error_raise(METACALL_ERROR_STATE, "metacall.node is the native half of "
                                                          "require('metacall'); use that");
    napi_create_object(env->napi, &options);
    napi_get_boolean(env->napi, false, &value);
    napi_set_named_property(env->napi, options, "embedded", value);
    return node_env_bootstrap(env, require, options);
}

/* ---------------------------------------------------------------------------------- entering */

int node_env_refuse(struct node_env *env)
{
    metacall_error *error;

    if (env->owner->lost)
        return metacall_error_raise(METACALL_ERROR_FORK,
                                    "node: this process was forked, and Node lives in the parent "
                                    "alone; use a new process (spawn)");
    if (env->embed && node_embed_state(env->embed) == NODE_EMBED_EXITED) {
        error = metacall_error_create(METACALL_ERROR_EXIT, "Exit", NULL);
        if (!error)
            return -1;
        error->exit_status = node_embed_exit_code(env->embed);
        error->loader = env->owner->loader;
        error->cause = __atomic_load_n(&env->owner->fatal, __ATOMIC_ACQUIRE);
        if (error->cause)
            metacall_error_reference(error->cause);
        return metacall_error_set(error);
    }
    return metacall_error_raise(METACALL_ERROR_STATE,
                                env->embed ? "node: Node was stopped; it cannot be started twice "
                                             "in one process"
                                           : "node: this environment has ended");
}

int node_env_alive(const struct node_env *env)
{
    if (__atomic_load_n(&env->closed, __ATOMIC_ACQUIRE) || env->owner->lost)
        return 0;
    return !env->embed || node_embed_state(env->embed) == NODE_EMBED_RUNNING;
}

static int run_embedded(struct node_env *env, int (*work)(struct node_env *, void *), void *data)
{
    struct node_embed_frame frame;
    int rc;

    if (env->owner->lost || node_embed_enter(env->embed, &frame) != 0)
        return node_env_refuse(env);
    if (__atomic_load_n(&env->garbage, __ATOMIC_RELAXED))
        node_env_sweep(env);
    rc = work(env, data);
    node_embed_leave(env->embed, &frame);
    return rc;
}

int node_env_run(struct node_env *env, int (*work)(struct node_env *, void *), void *data)
{
    napi_handle_scope scope;
    int rc;

    if (env->embed)
        return run_embedded(env, work, data);
    if (__atomic_load_n(&env->closed, __ATOMIC_RELAXED) || env->owner->lost)
        return node_env_refuse(env);
    if (current_env != env)
        return node_queue_run(env, work, data);
    if (napi_open_handle_scope(env->napi, &scope) != napi_ok)
        return node_env_refuse(env);
    if (__atomic_load_n(&env->garbage, __ATOMIC_RELAXED))
        node_env_sweep(env);
    rc = work(env, data);
    napi_close_handle_scope(env->napi, scope);
    return rc;
}

/* ---------------------------------------------------------------------------------- helpers */

napi_value node_env_helper(struct node_env *env, enum node_helper helper)
{
    napi_value value = NULL;

    if (env->helpers[helper])
        napi_get_reference_value(env->napi, env->helpers[helper], &value);
    return value;
}

napi_value node_env_help(struct node_env *env, enum node_helper helper, size_t count,
                         const napi_value *args)
{
    napi_value undefined, function, result = NULL;

    function = node_env_helper(env, helper);
    if (!function || napi_get_undefined(env->napi, &undefined) != napi_ok ||
        napi_call_function(env->napi, undefined, function, count, args, &result) != napi_ok)
        return NULL;
    return result;
}

/* ---------------------------------------------------------------------------------- garbage */

void node_env_discard(struct node_env *env, struct node_garbage *garbage)
{
    struct node_garbage *next;
    int foreign = current_env != env;

    if (__atomic_load_n(&env->closed, __ATOMIC_ACQUIRE)) {
        garbage->drop(NULL, garbage);
        return;
    }
    if (foreign) /* what is swept may hold the last reference */
        node_env_reference(env);
    next = __atomic_load_n(&env->garbage, __ATOMIC_RELAXED);
    do
        garbage->next = next;
    while (!__atomic_compare_exchange_n(&env->garbage, &next, garbage, 1, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED));
    if (!foreign)
        return; /* its own thread looks at the end of the call that it is in */
    if (!next)
        node_queue_ring(env);
    node_env_release(env);
}

void node_env_sweep(struct node_env *env)
{
    struct node_garbage *garbage = __atomic_exchange_n(&env->garbage, NULL, __ATOMIC_ACQ_REL);

    while (garbage) {
        struct node_garbage *next = garbage->next;
        garbage->drop(env, garbage);
        garbage = next;
    }
}
