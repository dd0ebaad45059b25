/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_error.h. */
#include "node_error.h"
#include "node_loader.h"
#include "node_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an error keeps of JavaScript. */
struct native_error {
    struct node_garbage garbage;
    struct node_env *env;
    napi_ref ref; /* of the thrown object, or of a box around a thrown primitive */
    int boxed;
};

static void drop_native(struct node_env *env, struct node_garbage *garbage)
{
    struct native_error *native = (struct native_error *)garbage;

    if (env)
        napi_delete_reference(env->napi, native->ref);
    node_env_release(native->env);
    free(native);
}

static void release_native(metacall_error *error)
{
    struct native_error *native = error->native;

    if (native)
        node_env_discard(native->env, &native->garbage);
    error->native = NULL;
}

static napi_value native_value(struct native_error *native)
{
    napi_value value = NULL;

    napi_get_reference_value(native->env->napi, native->ref, &value);
    if (value && native->boxed)
        napi_get_element(native->env->napi, value, 0, &value);
    return value;
}

struct stack_task {
    metacall_error *error;
    char *text;
};

static int read_stack(struct node_env *env, void *data)
{
    struct stack_task *task = data;
    napi_value thrown = native_value(task->error->native);
    napi_value stack;

    if (!thrown)
        return 0;
    stack = node_env_help(env, NODE_STACK_OF, 1, &thrown);
    if (stack)
        task->text = node_value_text(env, stack, NULL);
    else
        napi_get_and_clear_last_exception(env->napi, &stack);
    return 0;
}

/* Making the text of a stack runs JavaScript (source maps), so it waits until somebody asks. */
static char *native_stack(metacall_error *error)
{
    struct native_error *native = error->native;
    metacall_error *outer = metacall_error_take();
    struct stack_task task = {error, NULL};

    if (native && node_env_run(native->env, read_stack, &task) != 0)
        metacall_error_release(metacall_error_take());
    if (outer)
        metacall_error_set(outer);
    return task.text;
}

static const struct metacall_error_ops native_ops = {native_stack, release_native};

static int is_object(napi_env napi, napi_value value)
{
    napi_valuetype type = napi_undefined;

    napi_typeof(napi, value, &type);
    return type == napi_object || type == napi_function;
}

/* Keeps the thrown value itself in the error. */
static int keep_native(struct node_env *env, napi_value thrown, metacall_error *error)
{
    struct native_error *native = calloc(1, sizeof *native);
    napi_value kept = thrown;

    if (!native)
        return -1;
    native->garbage.drop = drop_native;
    native->env = env;
    if (!is_object(env->napi, thrown)) {
        native->boxed = 1;
        if (napi_create_array(env->napi, &kept) != napi_ok)
            kept = NULL;
        else
            napi_set_element(env->napi, kept, 0, thrown);
    }
    if (!kept || napi_create_reference(env->napi, kept, 1, &native->ref) != napi_ok) {
        free(native);
        return -1;
    }
    node_env_reference(env);
    error->native = native;
    error->ops = &native_ops;
    return 0;
}

/* An error of another language that passed through JavaScript: the same one again. */
static metacall_error *foreign_home(struct node_env *env, napi_value thrown)
{
    napi_value known;
    napi_valuetype type = napi_undefined;
    int64_t address = 0;
    metacall_error *error;

    if (!is_object(env->napi, thrown))
        return NULL;
    known = node_env_help(env, NODE_FOREIGN_GET, 1, &thrown);
    if (!known) /* no stack is left */
        napi_get_and_clear_last_exception(env->napi, &known);
    if (!known || napi_typeof(env->napi, known, &type) != napi_ok || type != napi_number)
        return NULL;
    napi_get_value_int64(env->napi, known, &address);
    error = (metacall_error *)(uintptr_t)address;
    metacall_error_reference(error);
    return error;
}

/* A property of an error, without running any JavaScript of ours. NULL where there is none. */
static char *plain_text(struct node_env *env, napi_value thrown, const char *name)
{
    napi_value value;

    if (is_object(env->napi, thrown) &&
        napi_get_named_property(env->napi, thrown, name, &value) == napi_ok)
        return node_value_text(env, value, NULL);
    napi_get_and_clear_last_exception(env->napi, &value);
    return NULL;
}

/* Causes are followed so far. */
enum { CAUSES = 16 };

/* An error whose cause is being taken, the latest first. */
struct chain {
    const struct chain *outer;
    napi_value thrown;
    unsigned depth;
};

/* Does the cause lead back into the chain? */
static int is_circle(struct node_env *env, const struct chain *chain, napi_value cause)
{
    bool same = false;

    for (; chain && !same; chain = chain->outer)
        napi_strict_equals(env->napi, chain->thrown, cause, &same);
    return same;
}

static metacall_error *take(struct node_env *env, napi_value thrown, const struct chain *outer);

/* What describeError said besides the type and the message. */
static void take_rest(struct node_env *env, napi_value described, const struct chain *chain,
                      metacall_error *error)
{
    napi_valuetype type = napi_undefined;
    napi_value part;

    if (napi_get_element(env->napi, described, 2, &part) == napi_ok)
        napi_get_value_int64(env->napi, part, &error->number);
    if (napi_get_element(env->napi, described, 4, &part) == napi_ok &&
        napi_typeof(env->napi, part, &type) == napi_ok && type == napi_string)
        error->code_name = node_value_text(env, part, NULL);
    if (chain->depth < CAUSES && napi_get_element(env->napi, described, 3, &part) == napi_ok &&
        is_object(env->napi, part) && !is_circle(env, chain, part))
        error->cause = take(env, part, chain);
}

static metacall_error *take(struct node_env *env, napi_value thrown, const struct chain *outer)
{
    struct chain chain = {outer, thrown, outer ? outer->depth + 1 : 0};
    metacall_error *error = foreign_home(env, thrown);
    char *type = NULL, *message = NULL;
    napi_value described, part;

    if (error)
        return error;
    described = node_env_help(env, NODE_DESCRIBE_ERROR, 1, &thrown);
    if (described) {
        if (napi_get_element(env->napi, described, 0, &part) == napi_ok)
            type = node_value_text(env, part, NULL);
        if (napi_get_element(env->napi, described, 1, &part) == napi_ok)
            message = node_value_text(env, part, NULL);
    } else { /* no stack is left for a helper */
        napi_get_and_clear_last_exception(env->napi, &part);
        type = plain_text(env, thrown, "name");
        message = plain_text(env, thrown, "message");
    }
    error = metacall_error_create(METACALL_ERROR_GUEST, type ? type : "Error",
                                  message ? message : "an error that cannot be described");
    free(type);
    free(message);
    if (!error)
        return NULL;
    error->loader = env->owner->loader;
    if (described)
        take_rest(env, described, &chain, error);
    keep_native(env, thrown, error);
    return error;
}

metacall_error *node_error_take(struct node_env *env, napi_value thrown)
{
    return take(env, thrown, NULL);
}

int node_error_take_value(struct node_env *env, napi_value value, metacall_value *slot)
{
    metacall_error *error = node_error_take(env, value);

    if (!error)
        return -1;
    metacall_slot_error(slot, error);
    metacall_error_release(error);
    return 0;
}

int node_error_from_pending(struct node_env *env, enum metacall_error_code code)
{
    metacall_error *error, *wrapped;
    napi_value thrown = NULL;
    bool pending = false;

    napi_is_exception_pending(env->napi, &pending);
    if (pending)
        napi_get_and_clear_last_exception(env->napi, &thrown);
    if (env->embed && node_embed_state(env->embed) != NODE_EMBED_RUNNING)
        return node_env_refuse(env);
    if (!thrown)
        return metacall_error_raise(METACALL_ERROR_STATE,
                                    "node: JavaScript was stopped while it ran");
    if (!env->ready) {
        char text[256] = "no reason given";
        napi_value shown;
        if (napi_coerce_to_string(env->napi, thrown, &shown) == napi_ok)
            napi_get_value_string_utf8(env->napi, shown, text, sizeof text, NULL);
        return metacall_error_raise(METACALL_ERROR_LOADER, "node: %s", text);
    }
    error = node_error_take(env, thrown);
    if (!error)
        return -1;
    if (code == METACALL_ERROR_GUEST)
        return metacall_error_set(error);
    wrapped = metacall_error_create(code, NULL, error->message);
    if (!wrapped) {
        metacall_error_release(error);
        return -1;
    }
    wrapped->cause = error;
    return metacall_error_set(wrapped);
}

/* ------------------------------------------------------------------------------- -> JavaScript */

/* What stands behind ERR_METACALL_. */
static const char *const code_names[] = {
    [METACALL_ERROR_EXIT] = "EXIT",           [METACALL_ERROR_INTERRUPT] = "INTERRUPT",
    [METACALL_ERROR_ARGUMENT] = "ARGUMENT",   [METACALL_ERROR_TYPE] = "TYPE",
    [METACALL_ERROR_RANGE] = "RANGE",         [METACALL_ERROR_NOT_FOUND] = "NOT_FOUND",
    [METACALL_ERROR_DUPLICATE] = "DUPLICATE", [METACALL_ERROR_LOAD] = "LOAD",
    [METACALL_ERROR_LOADER] = "LOADER",       [METACALL_ERROR_MANIFEST] = "MANIFEST",
    [METACALL_ERROR_HOST] = "HOST",           [METACALL_ERROR_STATE] = "STATE",
    [METACALL_ERROR_FORK] = "FORK",           [METACALL_ERROR_DEADLOCK] = "DEADLOCK",
    [METACALL_ERROR_MEMORY] = "MEMORY",       [METACALL_ERROR_SUPPORT] = "SUPPORT",
    [METACALL_ERROR_INTERNAL] = "INTERNAL",   [METACALL_ERROR_TIMEOUT] = "TIMEOUT",
};

static void foreign_gone(napi_env napi, void *data, void *hint)
{
    (void)napi, (void)hint;
    metacall_error_release(data);
}

/* JavaScript text of a C string; bytes that are no UTF-8 are shown, not refused. */
static napi_value text_of(struct node_env *env, const char *text)
{
    napi_value value = NULL;

    if (!text)
        text = "";
    if (node_value_string(env, text, strlen(text), &value) != 0) {
        metacall_error_release(metacall_error_take());
        napi_create_string_utf8(env->napi, text, NAPI_AUTO_LENGTH, &value);
    }
    return value;
}

/* makeError's `kind` and `code`. */
static void fill_code(struct node_env *env, const metacall_error *error, int guest,
                      napi_value *kind, napi_value *code)
{
    char name[64];
    int number = 1;

    if (guest) {
        number = 0;
        if (error->number != 0)
            napi_create_int64(env->napi, error->number, code);
        else
            napi_get_null(env->napi, code);
    } else {
        const char *known = (size_t)error->code < sizeof code_names / sizeof code_names[0]
                                ? code_names[error->code]
                                : NULL;
        if (error->code == METACALL_ERROR_TYPE || error->code == METACALL_ERROR_ARGUMENT)
            number = 2;
        else if (error->code == METACALL_ERROR_RANGE)
            number = 3;
        snprintf(name, sizeof name, "ERR_METACALL_%s", known ? known : "UNKNOWN");
        if (error->code == METACALL_ERROR_CANCELLED)
            strcpy(name, "ABORT_ERR"); /* as Node's own */
        napi_create_string_utf8(env->napi, name, NAPI_AUTO_LENGTH, code);
    }
    napi_create_int32(env->napi, number, kind);
}

/* Something that was thrown in another language, whatever the library makes of it. */
static int is_guest(const metacall_error *error)
{
    switch (error->code) {
    case METACALL_ERROR_GUEST:
    case METACALL_ERROR_EXIT:
    case METACALL_ERROR_INTERRUPT:
        return 1;
    case METACALL_ERROR_CANCELLED:
    case METACALL_ERROR_TIMEOUT:
        return 0; /* they have names that JavaScript knows */
    default:
        return error->native != NULL;
    }
}

/* The name of the JavaScript error. */
static const char *name_of(const metacall_error *error, int guest)
{
    if (error->code == METACALL_ERROR_CANCELLED)
        return "AbortError";
    if (error->code == METACALL_ERROR_TIMEOUT)
        return "TimeoutError";
    return guest && error->type ? error->type : "Error";
}

int node_error_make(struct node_env *env, metacall_error *error, napi_value *ret_value)
{
    int guest = is_guest(error);
    napi_value args[7], made, pair[2];

    if (error->ops == &native_ops && error->native &&
        ((struct native_error *)error->native)->env == env) {
        *ret_value = native_value(error->native);
        if (*ret_value)
            return 0;
    }
    fill_code(env, error, guest, &args[0], &args[4]);
    args[1] = text_of(env, error->message);
    args[2] = text_of(env, error->loader ? metacall_loader_tag(error->loader) : "");
    args[3] = text_of(env, name_of(error, guest));
    args[5] = text_of(env, guest ? metacall_error_stack(error) : "");
    if (!error->cause || node_error_make(env, error->cause, &args[6]) != 0)
        napi_get_null(env->napi, &args[6]);
    made = node_env_help(env, NODE_MAKE_ERROR, 7, args);
    if (!made)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    metacall_error_reference(error);
    if (napi_add_finalizer(env->napi, made, error, foreign_gone, NULL, NULL) != napi_ok) {
        metacall_error_release(error);
    } else {
        pair[0] = made;
        napi_create_int64(env->napi, (int64_t)(uintptr_t)error, &pair[1]);
        node_env_help(env, NODE_FOREIGN_SET, 2, pair);
    }
    *ret_value = made;
    if (error->code != METACALL_ERROR_EXIT)
        return 0;
    pair[0] = made;
    napi_create_int32(env->napi, error->exit_status, &pair[1]);
    return node_env_help(env, NODE_MARK_EXIT, 2, pair)
               ? 0
               : node_error_from_pending(env, METACALL_ERROR_GUEST);
}

napi_value node_error_throw(struct node_env *env)
{
    metacall_error *error = metacall_error_take();
    napi_value value;

    if (env->embed && node_embed_state(env->embed) != NODE_EMBED_RUNNING) {
        metacall_error_release(error); /* JavaScript is unwinding as it is */
        return NULL;
    }
    if (!error) {
        napi_throw_error(env->napi, NULL, "metacall: a call failed without a reason");
        return NULL;
    }
    if (node_error_make(env, error, &value) == 0) {
        napi_throw(env->napi, value);
    } else {
        metacall_error_release(metacall_error_take());
        napi_throw_error(env->napi, NULL, error->message ? error->message : "metacall");
    }
    metacall_error_release(error);
    return NULL;
}
