/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_link.h. */
#include "node_link.h"
#include "node_error.h"

#include <metacall/future.h>
#include <metacall/memory.h>
#include <metacall/object.h>
#include <stdlib.h>

/* A last reference may go on any thread, while the environment's thread looks the export up. */
static pthread_mutex_t link_lock = PTHREAD_MUTEX_INITIALIZER;

static struct node_import grave;

static void keep(enum node_kind kind, void *held)
{
    switch (kind) {
    case NODE_KIND_FUNCTION:
        metacall_function_reference(held);
        break;
    case NODE_KIND_OBJECT:
        metacall_object_reference(held);
        break;
    case NODE_KIND_FUTURE:
        metacall_future_reference(held);
        break;
    case NODE_KIND_MEMORY:
        metacall_memory_reference(held);
        break;
    }
}

static void let_go(enum node_kind kind, void *held)
{
    switch (kind) {
    case NODE_KIND_FUNCTION:
        metacall_function_release(held);
        break;
    case NODE_KIND_OBJECT:
        metacall_object_release(held);
        break;
    case NODE_KIND_FUTURE:
        metacall_future_release(held);
        break;
    case NODE_KIND_MEMORY:
        metacall_memory_release(held);
        break;
    }
}

/* ----------------------------------------------------------------------------------- exports */

static void link_set(struct node_env *env, napi_value value, intptr_t address)
{
    napi_value pair[2] = {value, NULL};
    napi_value none;

    napi_create_int64(env->napi, address, &pair[1]);
    if (!node_env_help(env, NODE_LINK_SET, 2, pair)) /* no stack is left: a new one next time */
        napi_get_and_clear_last_exception(env->napi, &none);
}

static void drop_export(struct node_env *env, struct node_garbage *garbage)
{
    struct node_export *made = (struct node_export *)garbage;
    napi_handle_scope scope;
    napi_value value = NULL, known, none;
    int64_t address = 0;

    if (env && made->ref && napi_open_handle_scope(env->napi, &scope) == napi_ok) {
        if (napi_get_reference_value(env->napi, made->ref, &value) == napi_ok && value) {
            known = node_env_help(env, NODE_LINK_GET, 1, &value);
            /* A newer export may have taken the place. */
            if (known && napi_get_value_int64(env->napi, known, &address) == napi_ok &&
                address == (int64_t)(intptr_t)made)
                node_env_help(env, NODE_LINK_DELETE, 1, &value);
            if (!known)
                napi_get_and_clear_last_exception(env->napi, &none);
        }
        napi_delete_reference(env->napi, made->ref);
        napi_close_handle_scope(env->napi, scope);
    }
    node_env_release(made->env);
    free(made);
}

int node_export_make(struct node_env *env, napi_value value, struct node_export *made,
                     enum node_kind kind, void *self, uint32_t *refs)
{
    made->garbage.drop = drop_export;
    made->env = env;
    made->kind = kind;
    made->self = self;
    made->refs = refs;
    node_env_reference(env);
    if (napi_create_reference(env->napi, value, 1, &made->ref) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
    link_set(env, value, (intptr_t)made);
    return 0;
}

napi_value node_export_value(const struct node_export *made)
{
    napi_value value = NULL;

    if (!made->ref || napi_get_reference_value(made->env->napi, made->ref, &value) != napi_ok)
        return NULL;
    return value;
}

void node_export_end(struct node_export *made)
{
    pthread_mutex_lock(&link_lock);
    made->self = NULL;
    pthread_mutex_unlock(&link_lock);
    node_env_discard(made->env, &made->garbage);
}

/* A new reference to what the export is of, or NULL where that is going. */
static void *revive(struct node_export *made)
{
    uint32_t refs = 0;
    void *self;

    pthread_mutex_lock(&link_lock);
    self = made->self;
    if (self)
        refs = __atomic_load_n(made->refs, __ATOMIC_RELAXED);
    while (refs > 0 && !__atomic_compare_exchange_n(made->refs, &refs, refs + 1, 1,
                                                    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        continue;
    pthread_mutex_unlock(&link_lock);
    return refs > 0 ? self : NULL;
}

int node_link_look(struct node_env *env, napi_value value, struct node_link *ret_link)
{
    napi_value known = node_env_help(env, NODE_LINK_GET, 1, &value);
    napi_valuetype type = napi_undefined;
    int64_t address = 0;

    if (!known)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    ret_link->self = ret_link->held = NULL;
    ret_link->kind = NODE_KIND_FUNCTION;
    napi_typeof(env->napi, known, &type);
    if (type != napi_number)
        return 0;
    napi_get_value_int64(env->napi, known, &address);
    if (address < 0) {
        struct node_import *import = (struct node_import *)(intptr_t)-address;
        ret_link->held = import->held;
        ret_link->kind = import->kind;
    } else {
        struct node_export *made = (struct node_export *)(intptr_t)address;
        ret_link->self = revive(made);
        ret_link->kind = made->kind;
    }
    return 0;
}

int node_link_take(struct node_link *link, metacall_value *slot)
{
    void *what = link->self ? link->self : link->held;

    switch (link->kind) {
    case NODE_KIND_FUNCTION:
        metacall_slot_function(slot, what);
        break;
    case NODE_KIND_OBJECT:
        metacall_slot_object(slot, what);
        break;
    case NODE_KIND_FUTURE:
        metacall_slot_future(slot, what);
        break;
    case NODE_KIND_MEMORY:
        metacall_slot_memory(slot, what);
        break;
    }
    if (link->self)
        let_go(link->kind, link->self);
    return 0;
}

/* ------------------------------------------------------------------------------------ imports */

static size_t import_slot(const struct node_env *env, const void *held)
{
    return (size_t)(((uintptr_t)held >> 4) * 0x9E3779B97F4A7C15u >> 32) & (env->import_room - 1);
}

static struct node_import **import_place(struct node_env *env, const void *held)
{
    if (env->import_room == 0)
        return NULL;
    for (size_t i = import_slot(env, held);; i = (i + 1) & (env->import_room - 1)) {
        if (!env->imports[i])
            return NULL;
        if (env->imports[i]->held == held)
            return &env->imports[i];
    }
}

static void import_put(struct node_env *env, struct node_import *import)
{
    size_t i = import_slot(env, import->held);

    while (env->imports[i])
        i = (i + 1) & (env->import_room - 1);
    env->imports[i] = import;
    env->import_count++;
}

/* Room for one more; leaves the graves behind. */
static int import_reserve(struct node_env *env)
{
    struct node_import **before = env->imports;
    size_t room = env->import_room, live = 0;

    if (env->import_count * 2 < room)
        return 0;
    for (size_t i = 0; i < room; i++)
        live += before[i] && before[i] != &grave;
    env->import_room = 64;
    while (env->import_room < live * 4)
        env->import_room *= 2;
    env->imports = calloc(env->import_room, sizeof *env->imports);
    if (!env->imports) {
        env->imports = before;
        env->import_room = room;
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
    }
    env->import_count = 0;
    for (size_t i = 0; i < room; i++)
        if (before[i] && before[i] != &grave)
            import_put(env, before[i]);
    free(before);
    return 0;
}

int node_import_find(struct node_env *env, const void *held, napi_value *ret_value)
{
    struct node_import **place = import_place(env, held);
    napi_value value = NULL;

    if (!place)
        return 0;
    if (napi_get_reference_value(env->napi, (*place)->ref, &value) == napi_ok && value) {
        *ret_value = value;
        return 1;
    }
    *place = &grave; /* collected, its finalizer has not run yet */
    return 0;
}

void node_import_end(napi_env napi, struct node_import *import)
{
    struct node_import **place = import_place(import->env, import->held);

    if (place && *place == import)
        *place = &grave;
    if (import->ref)
        napi_delete_reference(napi, import->ref);
    let_go(import->kind, import->held);
    node_env_release(import->env);
    free(import);
}

static void import_gone(napi_env napi, void *data, void *hint)
{
    (void)hint;
    node_import_end(napi, data);
}

void node_import_alias(struct node_env *env, napi_value value, napi_value other)
{
    napi_value known = node_env_help(env, NODE_LINK_GET, 1, &other), none;
    int64_t address = 0;

    if (!known)
        napi_get_and_clear_last_exception(env->napi, &none);
    else if (napi_get_value_int64(env->napi, known, &address) == napi_ok)
        link_set(env, value, (intptr_t)address);
}

int node_import_create(struct node_env *env, enum node_kind kind, void *held,
                       struct node_import **ret_import)
{
    struct node_import *import = calloc(1, sizeof *import);

    if (!import || import_reserve(env) != 0) {
        free(import);
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
    }
    import->env = env;
    import->kind = kind;
    import->held = held;
    node_env_reference(env);
    keep(kind, held);
    *ret_import = import;
    return 0;
}

int node_import_attach(struct node_env *env, struct node_import *import, napi_value value,
                       int finalize)
{
    napi_status status =
        finalize ? napi_add_finalizer(env->napi, value, import, import_gone, NULL, &import->ref)
                 : napi_create_reference(env->napi, value, 0, &import->ref);

    if (status != napi_ok) {
        node_import_end(env->napi, import);
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": no reference could be made");
    }
    import_put(env, import);
    link_set(env, value, -(intptr_t)import);
    return 0;
}

void node_link_forget_all(struct node_env *env)
{
    /* The finalizers of the imports run when the environment is torn down. */
    free(env->imports);
    env->imports = NULL;
    env->import_room = env->import_count = 0;
}
