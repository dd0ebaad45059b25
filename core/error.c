/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One failure: made, counted, and kept as the calling thread's error until the next one. */
#include "core/error.h"

#include "core/loader_state.h"
#include "core/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char error_memory_text[] = "out of memory";
static metacall_error error_memory = {
    .refs = 1, .code = METACALL_ERROR_MEMORY, .message = error_memory_text};

metacall_error *error_out_of_memory(void)
{
    return &error_memory;
}

int error_raise_memory(void)
{
    return metacall_error_set(&error_memory);
}

metacall_error *metacall_error_create(enum metacall_error_code code, const char *type,
                                      const char *message)
{
    metacall_error *error = calloc(1, sizeof(*error));
    if (error == NULL)
        goto fail;
    error->refs = 1;
    error->code = code;
    if (type != NULL && (error->type = strdup(type)) == NULL)
        goto fail;
    if (message != NULL && (error->message = strdup(message)) == NULL)
        goto fail;
    return error;

fail:
    metacall_error_release(error);
    error_raise_memory();
    return NULL;
}

int metacall_error_set(metacall_error *error)
{
    struct thread_state *state = thread_state();
    if (thread_state_is_shared(state))
        state = thread_state_make();
    if (thread_state_is_shared(state)) {
        metacall_error_release(error); /* the shared state says: out of memory */
        return -1;
    }
    metacall_error *former = state->error;
    state->error = error;
    metacall_error_release(former);
    return -1;
}

static metacall_error *error_format(enum metacall_error_code code, const char *format, va_list list)
    METACALL_PRINTF(2, 0);

static metacall_error *error_format(enum metacall_error_code code, const char *format, va_list list)
{
    metacall_error *error = calloc(1, sizeof(*error));
    if (error == NULL)
        return NULL;
    error->refs = 1;
    error->code = code;
    if (vasprintf(&error->message, format, list) < 0) {
        free(error);
        return NULL;
    }
    return error;
}

int error_raise_list(enum metacall_error_code code, const char *format, va_list list)
{
    metacall_error *error = error_format(code, format, list);
    return error != NULL ? metacall_error_set(error) : error_raise_memory();
}

int metacall_error_raise(enum metacall_error_code code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int result = error_raise_list(code, format, list);
    va_end(list);
    return result;
}

int metacall_error_wrap(enum metacall_error_code code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    metacall_error *error = error_format(code, format, list);
    va_end(list);
    if (error == NULL)
        return error_raise_memory();
    error->cause = metacall_error_take();
    return metacall_error_set(error);
}

metacall_error *metacall_error_take(void)
{
    struct thread_state *state = thread_state_pointer;
    if (state == NULL)
        return NULL;
    metacall_error *error = state->error;
    if (thread_state_is_shared(state))
        thread_state_pointer = NULL;
    else
        state->error = NULL;
    return error;
}

metacall_error *metacall_error_peek(void)
{
    return thread_state_pointer != NULL ? thread_state_pointer->error : NULL;
}

void metacall_error_reference(metacall_error *error)
{
    if (error != &error_memory)
        __atomic_add_fetch(&error->refs, 1, __ATOMIC_RELAXED);
}

void metacall_error_release(metacall_error *error)
{
    /* A loop, not a recursion: chains of causes have any length. */
    while (error != NULL && error != &error_memory &&
           __atomic_sub_fetch(&error->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        metacall_error *cause = error->cause;
        /* What a runtime lost in a fork holds stays where it is: its lock may be held for ever. */
        if (error->ops != NULL && error->ops->release != NULL && !loader_is_lost(error->loader))
            error->ops->release(error);
        free(error->type);
        free(error->code_name);
        free(error->message);
        free(error->stack);
        free(error->value);
        free(error);
        error = cause;
    }
}

const char *metacall_error_stack(metacall_error *error)
{
    if (error == NULL)
        return "";
    char *stack = __atomic_load_n(&error->stack, __ATOMIC_ACQUIRE);
    if (stack == NULL && error->ops != NULL && error->ops->stack != NULL &&
        !loader_is_lost(error->loader)) {
        char *made = error->ops->stack(error);
        if (made == NULL)
            return "";
        /* Two threads may ask at once: the first text stays. */
        if (__atomic_compare_exchange_n(&error->stack, &stack, made, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            stack = made;
        else
            free(made);
    }
    return stack != NULL ? stack : "";
}

metacall_value *error_value(metacall_error *error)
{
    metacall_value *value = __atomic_load_n(&error->value, __ATOMIC_ACQUIRE);
    if (value != NULL)
        return value;
    metacall_value *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        error_raise_memory();
        return NULL;
    }
    /* Borrowed: a reference of its own would keep the error alive for ever. */
    made->id = METACALL_EXCEPTION;
    made->storage = METACALL_STORAGE_INNER | METACALL_STORAGE_BORROW;
    made->as.error = error;
    if (__atomic_compare_exchange_n(&error->value, &value, made, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return made;
    free(made);
    return value;
}
