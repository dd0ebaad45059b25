/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Signatures: filled in right after creation, or by the owner's describe hook when somebody first
 * asks. The hook may need a runtime's lock, so nobody ever waits for another thread here: each
 * asker describes for itself, and the first to finish wins. */
#include "core/error.h"
#include "core/function.h"
#include "core/thread.h"

#include <stdlib.h>
#include <string.h>

static const struct function_signature signature_empty = {.result = METACALL_INVALID};

void function_signature_destroy(struct function_signature *signature)
{
    if (signature == NULL)
        return;
    for (size_t i = 0; i < signature->count; i++)
        free(signature->parameters[i].name);
    free(signature->parameters);
    free(signature);
}

static struct function_signature *signature_create(void)
{
    struct function_signature *signature = calloc(1, sizeof(*signature));
    if (signature == NULL)
        error_raise_memory();
    else
        signature->result = METACALL_INVALID;
    return signature;
}

/* Where the owner's words go: what this thread is describing, else the function itself. */
static struct function_signature *signature_target(metacall_function *function)
{
    struct thread_state *state = thread_state();
    if (state->described == function)
        return state->signature;
    struct function_signature **place = function_signature_place(function);
    if (*place == NULL)
        *place = signature_create();
    __atomic_or_fetch(&function->flags, METACALL_FUNCTION_DESCRIBED, __ATOMIC_RELEASE);
    return *place;
}

int metacall_function_parameter(metacall_function *function, const char *name,
                                enum metacall_value_id type, int flags)
{
    struct function_signature *signature = signature_target(function);
    if (signature == NULL)
        return -1;
    if (signature->count == signature->room) {
        size_t room = signature->room != 0 ? signature->room * 2 : 4;
        void *grown = realloc(signature->parameters, room * sizeof(*signature->parameters));
        if (grown == NULL)
            return error_raise_memory();
        signature->parameters = grown;
        signature->room = room;
    }
    struct function_parameter *parameter = &signature->parameters[signature->count];
    parameter->name = NULL;
    if (name != NULL && (parameter->name = strdup(name)) == NULL)
        return error_raise_memory();
    parameter->type = type;
    parameter->flags = flags;
    signature->count++;
    if (type != METACALL_INVALID && thread_state()->described != function)
        __atomic_or_fetch(&function->flags, METACALL_FUNCTION_TYPED, __ATOMIC_RELEASE);
    return 0;
}

void metacall_function_result(metacall_function *function, enum metacall_value_id type)
{
    struct function_signature *signature = signature_target(function);
    if (signature != NULL)
        signature->result = type;
}

static int signature_is_typed(const struct function_signature *signature)
{
    for (size_t i = 0; i < signature->count; i++)
        if (signature->parameters[i].type != METACALL_INVALID)
            return 1;
    return 0;
}

static void signature_install(metacall_function *function, struct function_signature *signature)
{
    struct function_signature *none = NULL;
    if (!__atomic_compare_exchange_n(function_signature_place(function), &none, signature, 0,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        function_signature_destroy(signature);
        return;
    }
    uint32_t flags = METACALL_FUNCTION_DESCRIBED;
    if (signature_is_typed(signature))
        flags |= METACALL_FUNCTION_TYPED;
    __atomic_or_fetch(&function->flags, flags, __ATOMIC_RELEASE);
}

const struct function_signature *function_signature_now(const metacall_function *function)
{
    const struct function_signature *signature =
        __atomic_load_n(function_signature_place(function), __ATOMIC_ACQUIRE);
    return signature != NULL ? signature : &signature_empty;
}

const struct function_signature *function_signature(metacall_function *function)
{
    if (function->ops->describe == NULL ||
        __atomic_load_n(&function->flags, __ATOMIC_ACQUIRE) & METACALL_FUNCTION_DESCRIBED)
        return function_signature_now(function);
    struct thread_state *state = thread_state();
    struct function_signature *signature = signature_create();
    if (signature == NULL)
        return NULL;
    if (thread_state_is_shared(state)) {
        function_signature_destroy(signature);
        error_raise_memory();
        return NULL;
    }
    metacall_function *outer = state->described;
    struct function_signature *outer_signature = state->signature;
    state->described = function;
    state->signature = signature;
    int result = function->ops->describe(function);
    state->described = outer;
    state->signature = outer_signature;
    if (result != 0) {
        function_signature_destroy(signature);
        return NULL;
    }
    signature_install(function, signature);
    return function_signature_now(function);
}
