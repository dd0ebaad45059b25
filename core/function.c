/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions: one block each (head, signature's place, name), counted; and the gate of every call.
 */
#include "core/function.h"

#include "core/error.h"
#include "core/future.h"
#include "core/interception.h"
#include "core/loader_state.h"
#include "core/object.h"

#include <stdlib.h>
#include <string.h>

struct function_core {
    struct function_signature *signature; /* atomic; NULL = not described */
    struct interception_state *hooks;     /* NULL = never intercepted */
    int lent;                             /* the scope lock's, see scope.c */
    char name[];
};

struct function_block {
    metacall_function head;
    struct function_core core;
};

metacall_function *metacall_function_create(metacall_loader *loader, const char *name,
                                            const struct metacall_function_ops *ops, void *data)
{
    size_t length = name != NULL ? strlen(name) : 0;
    struct function_block *block = malloc(sizeof(*block) + length + 1);
    if (block == NULL) {
        error_raise_memory();
        return NULL;
    }
    block->head.ops = ops;
    block->head.loader = loader;
    block->head.data = data;
    block->head.refs = 1;
    block->head.flags = 0;
    block->head.core = &block->core;
    block->core.signature = NULL;
    block->core.hooks = NULL;
    block->core.lent = 0;
    if (length != 0)
        memcpy(block->core.name, name, length);
    block->core.name[length] = '\0';
    loader_reference(loader);
    return &block->head;
}

void metacall_function_reference(metacall_function *function)
{
    __atomic_add_fetch(&function->refs, 1, __ATOMIC_RELAXED);
}

void metacall_function_release(metacall_function *function)
{
    if (function == NULL || __atomic_sub_fetch(&function->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    /* What a runtime lost in a fork holds stays where it is: its lock may be held for ever. */
    if (function->ops->destroy != NULL &&
        (!loader_is_lost(function->loader) || object_is_of(function)))
        function->ops->destroy(function);
    struct function_core *core = function->core;
    function_signature_destroy(core->signature);
    interception_state_destroy(core->hooks);
    loader_release(function->loader);
    free(function);
}

const char *metacall_function_name(const metacall_function *function)
{
    const struct function_core *core = function->core;
    return core->name;
}

struct interception_state **function_interception_place(const metacall_function *function)
{
    struct function_core *core = function->core;
    return &core->hooks;
}

struct function_signature **function_signature_place(const metacall_function *function)
{
    struct function_core *core = function->core;
    return &core->signature;
}

/* 1 when every argument is by position and of its parameter's own kind: the common case. */
static inline int function_arguments_fit(const struct function_signature *signature,
                                         const struct metacall_call *call)
{
    if (signature == NULL || call->keyword_count != 0 || call->count != signature->count)
        return 0;
    for (size_t i = 0; i < call->count; i++) {
        const metacall_value *arg = call->args[i];
        enum metacall_value_id type = signature->parameters[i].type;
        if (arg == NULL || (arg->id != type && type != METACALL_INVALID))
            return 0;
    }
    return 1;
}

int function_call_checked(metacall_function *function, const struct metacall_call *call,
                          metacall_value *ret)
{
    const struct function_core *core = function->core;
    if (__atomic_load_n(&function->flags, __ATOMIC_RELAXED) & METACALL_FUNCTION_TYPED &&
        !function_arguments_fit(__atomic_load_n(&core->signature, __ATOMIC_ACQUIRE), call))
        return function_call_typed(function, call, ret);
    return function->ops->call(function, call, ret);
}

/* 0 when the loader lives, after all. */
static __attribute__((noinline, cold)) int function_refuse(const metacall_loader *loader,
                                                           const char *name)
{
    future_reject_lost();
    return loader_admit(loader, name);
}

int metacall_function_call(metacall_function *function, const struct metacall_call *call,
                           metacall_value *ret)
{
    const metacall_loader *loader = function->loader;
    const struct function_core *core = function->core;
    if (loader != NULL &&
        __builtin_expect(__atomic_load_n(&loader->state, __ATOMIC_RELAXED) > LOADER_READY, 0) &&
        function_refuse(loader, core->name) != 0)
        return -1;
    uint32_t flags = __atomic_load_n(&function->flags, __ATOMIC_RELAXED);
    if (flags & (METACALL_FUNCTION_TYPED | METACALL_FUNCTION_INTERCEPTED)) {
        if (__builtin_expect(flags & METACALL_FUNCTION_INTERCEPTED, 0))
            return interception_call(function, call, ret);
        if (!function_arguments_fit(__atomic_load_n(&core->signature, __ATOMIC_ACQUIRE), call))
            return function_call_typed(function, call, ret);
    }
    return function->ops->call(function, call, ret);
}

int function_set_lent(metacall_function *function, int lent)
{
    struct function_core *core = function->core;
    int former = core->lent;
    core->lent = lent;
    return former;
}
