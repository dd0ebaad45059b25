/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_function.h. Which JavaScript function belongs to which metacall_function stands in a
 * WeakMap of bootstrap/link.js: an address as a number, positive for a JavaScript function that was
 * handed out, negative for a wrapper around a foreign one. */
#include "node_function.h"
#include "node_error.h"
#include "node_loader.h"
#include "node_value.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 8 };

/* A JavaScript function that another language holds. */
struct js_function {
    struct node_garbage garbage;
    struct node_env *env;
    napi_ref ref;
    metacall_function *self; /* NULL once its last reference is gone; under link_lock */
};

/* A foreign function that JavaScript holds. */
struct node_wrapper {
    struct node_env *env;
    metacall_function *function; /* a reference of our own; NULL: a grave in the table */
    napi_ref ref;                /* weak */
};

/* A last reference may go on any thread, while the environment's thread looks the function up. */
static pthread_mutex_t link_lock = PTHREAD_MUTEX_INITIALIZER;

static struct node_wrapper grave;

/* --------------------------------------------------------------------- JavaScript's functions */

struct call_task {
    metacall_function *function;
    const struct metacall_call *call;
    metacall_value *ret;
};

static int call_with(struct node_env *env, struct call_task *task, napi_value *args)
{
    struct js_function *js = task->function->data;
    napi_value undefined, function, result;
    size_t count = task->call->count;

    for (size_t i = 0; i < count; i++)
        if (node_value_make(env, task->call->args[i], &args[i]) != 0)
            return node_value_name("argument %zu of %s()", i + 1,
                                   metacall_function_name(task->function));
    if (napi_get_reference_value(env->napi, js->ref, &function) != napi_ok || !function)
        return node_env_refuse(env);
    napi_get_undefined(env->napi, &undefined);
    if (napi_call_function(env->napi, undefined, function, count, args, &result) != napi_ok)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    if (node_value_take(env, result, NULL, task->ret) != 0)
        return node_value_name("result of %s()", metacall_function_name(task->function));
    return 0;
}

static int call_inside(struct node_env *env, void *data)
{
    struct call_task *task = data;
    napi_value few[FEW];
    napi_value *args = few;
    int rc;

    if (task->call->count > FEW)
        args = malloc(task->call->count * sizeof *args);
    if (!args)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    rc = call_with(env, task, args);
    if (args != few)
        free(args);
    return rc;
}

static int js_call(metacall_function *function, const struct metacall_call *call,
                   metacall_value *ret)
{
    struct js_function *js = function->data;
    struct call_task task = {function, call, ret};

    if (call->keyword_count > 0)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                    "%s(): a JavaScript function takes no keyword arguments "
                                    "(given: %s); pass an object",
                                    metacall_function_name(function), call->keywords[0]);
    return node_env_run(js->env, call_inside, &task);
}

static int describe_inside(struct node_env *env, void *data)
{
    metacall_function *function = data;
    struct js_function *js = function->data;
    napi_value value, names, part;
    uint32_t count = 0;

    if (napi_get_reference_value(env->napi, js->ref, &value) != napi_ok || !value)
        return node_env_refuse(env);
    names = node_env_help(env, NODE_PARAMETERS_OF, 1, &value);
    if (!names)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    napi_get_array_length(env->napi, names, &count);
    for (uint32_t i = 0; i < count; i++) {
        char *name = NULL;
        if (napi_get_element(env->napi, names, i, &part) == napi_ok)
            name = node_value_text(env, part, NULL);
        metacall_function_parameter(function, name ? name : "", METACALL_INVALID, 0);
        free(name);
    }
    metacall_function_result(function, METACALL_INVALID);
    return 0;
}

static int js_describe(metacall_function *function)
{
    return node_env_run(((struct js_function *)function->data)->env, describe_inside, function);
}

static void drop_js(struct node_env *env, struct node_garbage *garbage)
{
    struct js_function *js = (struct js_function *)garbage;
    napi_handle_scope scope;
    napi_value value = NULL, known;
    int64_t address = 0;

    if (env && napi_open_handle_scope(env->napi, &scope) == napi_ok) {
        if (napi_get_reference_value(env->napi, js->ref, &value) == napi_ok && value &&
            (known = node_env_help(env, NODE_LINK_GET, 1, &value)) != NULL) {
            /* A newer metacall_function may have taken the place. */
            if (napi_get_value_int64(env->napi, known, &address) == napi_ok &&
                address == (int64_t)(uintptr_t)js)
                node_env_help(env, NODE_LINK_DELETE, 1, &value);
        }
        napi_delete_reference(env->napi, js->ref);
        napi_close_handle_scope(env->napi, scope);
    }
    node_env_release(js->env);
    free(js);
}

static void js_destroy(metacall_function *function)
{
    struct js_function *js = function->data;

    pthread_mutex_lock(&link_lock);
    js->self = NULL;
    pthread_mutex_unlock(&link_lock);
    node_env_discard(js->env, &js->garbage);
}

static const struct metacall_function_ops js_ops = {js_call, js_describe, js_destroy, NULL};

/* A new reference to the function behind a link, or NULL where it is going. */
static metacall_function *revive(struct js_function *js)
{
    metacall_function *function;
    uint32_t refs;

    pthread_mutex_lock(&link_lock);
    function = js->self;
    refs = function ? __atomic_load_n(&function->refs, __ATOMIC_RELAXED) : 0;
    while (refs > 0 && !__atomic_compare_exchange_n(&function->refs, &refs, refs + 1, 1,
                                                    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        continue;
    pthread_mutex_unlock(&link_lock);
    return refs > 0 ? function : NULL;
}

static metacall_function *hand_out(struct node_env *env, napi_value value, const char *fallback)
{
    struct js_function *js = calloc(1, sizeof *js);
    metacall_function *function = NULL;
    napi_value pair[2], text;
    char *name = NULL;

    if (!js || napi_create_reference(env->napi, value, 1, &js->ref) != napi_ok)
        goto out;
    if (napi_get_named_property(env->napi, value, "name", &text) == napi_ok)
        name = node_value_text(env, text, NULL);
    function =
        metacall_function_create(env->owner->loader, name && *name ? name : fallback, &js_ops, js);
    if (!function) {
        napi_delete_reference(env->napi, js->ref);
        goto out;
    }
    function->flags |= METACALL_FUNCTION_VARIADIC;
    js->garbage.drop = drop_js;
    js->env = env;
    js->self = function;
    node_env_reference(env);
    pair[0] = value;
    napi_create_int64(env->napi, (int64_t)(uintptr_t)js, &pair[1]);
    node_env_help(env, NODE_LINK_SET, 2, pair);
    js = NULL;
out:
    free(js);
    free(name);
    if (!function)
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    return function;
}

int node_function_take_as(struct node_env *env, napi_value value, const char *fallback,
                          metacall_value *slot)
{
    napi_value known = node_env_help(env, NODE_LINK_GET, 1, &value);
    napi_valuetype type = napi_undefined;
    metacall_function *function = NULL;
    int64_t address = 0;

    if (!known)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    napi_typeof(env->napi, known, &type);
    if (type == napi_number) {
        napi_get_value_int64(env->napi, known, &address);
        if (address < 0) {
            metacall_slot_function(slot, ((struct node_wrapper *)(uintptr_t)-address)->function);
            return 0;
        }
        function = revive((struct js_function *)(uintptr_t)address);
    }
    if (!function)
        function = hand_out(env, value, fallback);
    if (!function)
        return -1;
    metacall_slot_function(slot, function);
    metacall_function_release(function);
    return 0;
}

int node_function_take(struct node_env *env, napi_value value, metacall_value *slot)
{
    return node_function_take_as(env, value, NULL, slot);
}

/* ------------------------------------------------------------------------- foreign functions */

static size_t wrapper_slot(const struct node_env *env, const metacall_function *function)
{
    uintptr_t key = (uintptr_t)function;

    return (size_t)((key >> 4) * 0x9E3779B97F4A7C15u >> 32) & (env->wrapper_room - 1);
}

static struct node_wrapper **wrapper_find(struct node_env *env, const metacall_function *function)
{
    if (env->wrapper_room == 0)
        return NULL;
    for (size_t i = wrapper_slot(env, function);; i = (i + 1) & (env->wrapper_room - 1)) {
        if (!env->wrappers[i])
            return NULL;
        if (env->wrappers[i]->function == function)
            return &env->wrappers[i];
    }
}

static void wrapper_put(struct node_env *env, struct node_wrapper *wrapper)
{
    size_t i = wrapper_slot(env, wrapper->function);

    while (env->wrappers[i])
        i = (i + 1) & (env->wrapper_room - 1);
    env->wrappers[i] = wrapper;
    env->wrapper_count++;
}

/* Room for one more; leaves the graves behind. */
static int wrapper_reserve(struct node_env *env)
{
    struct node_wrapper **before = env->wrappers;
    size_t room = env->wrapper_room, live = 0;

    if (env->wrapper_count * 2 < room)
        return 0;
    for (size_t i = 0; i < room; i++)
        live += before[i] && before[i] != &grave;
    env->wrapper_room = 64;
    while (env->wrapper_room < live * 4)
        env->wrapper_room *= 2;
    env->wrappers = calloc(env->wrapper_room, sizeof *env->wrappers);
    if (!env->wrappers) {
        env->wrappers = before;
        env->wrapper_room = room;
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    env->wrapper_count = 0;
    for (size_t i = 0; i < room; i++)
        if (before[i] && before[i] != &grave)
            wrapper_put(env, before[i]);
    free(before);
    return 0;
}

static void wrapper_gone(napi_env napi, void *data, void *hint)
{
    struct node_wrapper *wrapper = data;
    struct node_wrapper **place = wrapper_find(wrapper->env, wrapper->function);

    (void)hint;
    if (place && *place == wrapper)
        *place = &grave;
    if (wrapper->ref)
        napi_delete_reference(napi, wrapper->ref);
    metacall_function_release(wrapper->function);
    node_env_release(wrapper->env);
    free(wrapper);
}

void node_function_forget_all(struct node_env *env)
{
    /* The finalizers of the wrappers run when the environment is torn down. */
    free(env->wrappers);
    env->wrappers = NULL;
    env->wrapper_room = env->wrapper_count = 0;
}

static napi_value wrapper_call(napi_env napi, napi_callback_info info)
{
    struct node_wrapper *wrapper;
    napi_value few[FEW], result;
    napi_value *args = few;
    size_t count = FEW;

    if (napi_get_cb_info(napi, info, &count, few, NULL, (void **)&wrapper) != napi_ok)
        return NULL;
    if (count > FEW) {
        args = malloc(count * sizeof *args);
        if (!args) {
            napi_throw_error(napi, NULL, "out of memory");
            return NULL;
        }
        napi_get_cb_info(napi, info, &count, args, NULL, NULL);
    }
    result = node_function_invoke(wrapper->env, wrapper->function, count, args);
    if (args != few)
        free(args);
    return result;
}

static int wrap(struct node_env *env, metacall_function *function, napi_value *ret_value)
{
    struct node_wrapper *wrapper = calloc(1, sizeof *wrapper);
    napi_value value, pair[2];

    if (!wrapper || wrapper_reserve(env) != 0)
        goto failed;
    if (napi_create_function(env->napi, metacall_function_name(function), NAPI_AUTO_LENGTH,
                             wrapper_call, wrapper, &value) != napi_ok ||
        napi_add_finalizer(env->napi, value, wrapper, wrapper_gone, NULL, &wrapper->ref) != napi_ok)
        goto failed;
    wrapper->env = env;
    wrapper->function = function;
    node_env_reference(env);
    metacall_function_reference(function);
    wrapper_put(env, wrapper);
    pair[0] = value;
    napi_create_int64(env->napi, -(int64_t)(uintptr_t)wrapper, &pair[1]);
    node_env_help(env, NODE_LINK_SET, 2, pair);
    *ret_value = value;
    return 0;
failed:
    free(wrapper);
    return metacall_error_raise(METACALL_ERROR_MEMORY, ": no function could be made");
}

int node_function_make(struct node_env *env, metacall_function *function, napi_value *ret_value)
{
    struct node_wrapper **place;
    napi_value value = NULL;

    if (function->ops == &js_ops && ((struct js_function *)function->data)->env == env) {
        struct js_function *js = function->data;
        if (napi_get_reference_value(env->napi, js->ref, ret_value) == napi_ok && *ret_value)
            return 0;
        return node_env_refuse(env);
    }
    place = wrapper_find(env, function);
    if (place) {
        if (napi_get_reference_value(env->napi, (*place)->ref, &value) == napi_ok && value) {
            *ret_value = value;
            return 0;
        }
        *place = &grave; /* collected, its finalizer has not run yet */
    }
    return wrap(env, function, ret_value);
}

/* One of our own: JavaScript calls JavaScript, nothing is converted. */
static napi_value invoke_own(struct node_env *env, metacall_function *function, size_t count,
                             const napi_value *args)
{
    struct js_function *js = function->data;
    napi_value undefined, value = NULL, result = NULL;

    if (napi_get_reference_value(env->napi, js->ref, &value) != napi_ok || !value) {
        node_env_refuse(env);
        return node_error_throw(env);
    }
    napi_get_undefined(env->napi, &undefined);
    napi_call_function(env->napi, undefined, value, count, args, &result);
    return result;
}

static int owns_memory(const metacall_value *slot)
{
    return slot->id > METACALL_DOUBLE && slot->id != METACALL_NULL &&
           !(slot->storage & METACALL_STORAGE_BORROW);
}

static napi_value finish_call(struct node_env *env, metacall_function *function,
                              metacall_value *ret)
{
    napi_value result;
    int rc = node_value_make(env, ret, &result);

    if (owns_memory(ret))
        metacall_slot_clear(ret);
    if (rc == 0)
        return result;
    node_value_name("result of %s()", metacall_function_name(function));
    return node_error_throw(env);
}

static napi_value call_out(struct node_env *env, metacall_function *function, size_t count,
                           const napi_value *args, metacall_value *slots, metacall_value **pointers)
{
    metacall_value ret = METACALL_SLOT_INIT;
    struct metacall_call call = {pointers, count, NULL, 0};
    struct node_embed_gap gap;
    struct node_arena arena;
    size_t taken = 0;
    int rc = 0;

    node_arena_init(&arena);
    for (; taken < count && rc == 0; taken++) {
        slots[taken] = (metacall_value)METACALL_SLOT_INIT;
        pointers[taken] = &slots[taken];
        rc = node_value_take(env, args[taken], &arena, &slots[taken]);
    }
    if (rc == 0) {
        node_env_depart(env, &gap);
        rc = metacall_function_call(function, &call, &ret);
        node_env_return(env, &gap);
    } else {
        node_value_name("argument %zu of %s()", taken, metacall_function_name(function));
    }
    while (taken-- > 0)
        if (owns_memory(&slots[taken]))
            metacall_slot_clear(&slots[taken]);
    node_arena_finish(&arena);
    if (__atomic_load_n(&env->garbage, __ATOMIC_RELAXED))
        node_env_sweep(env);
    return rc == 0 ? finish_call(env, function, &ret) : node_error_throw(env);
}

napi_value node_function_invoke(struct node_env *env, metacall_function *function, size_t count,
                                const napi_value *args)
{
    metacall_value few[FEW], *slots = few;
    metacall_value *few_pointers[FEW], **pointers = few_pointers;
    napi_value result;

    if (function->ops == &js_ops && ((struct js_function *)function->data)->env == env)
        return invoke_own(env, function, count, args);
    if (count > FEW) {
        slots = malloc(count * sizeof *slots);
        pointers = malloc(count * sizeof *pointers);
    }
    if (slots && pointers) {
        result = call_out(env, function, count, args, slots, pointers);
    } else {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        result = node_error_throw(env);
    }
    if (slots != few)
        free(slots);
    if (pointers != few_pointers)
        free(pointers);
    return result;
}
