/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Hooks written in JavaScript, on functions of any language: metacall.intercept. A hook that
 * JavaScript's own call runs into sees that call's very values. */
#include "node_error.h"
#include "node_function.h"
#include "node_intercept.h"
#include "node_passage.h"

#include <metacall/intercept.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What `before` was given, until `after` gets it too. */
struct hook_record {
    struct hook_record *next;
    const struct metacall_call *call;
    long thread;
    napi_ref object;
};

struct node_hooks {
    struct node_garbage garbage;
    struct node_hooks *next, **back; /* of the environment; inside */
    struct node_env *env;
    metacall_interception *interception; /* NULL = removed; inside */
    napi_ref before, after;
    struct hook_record *records; /* inside */
    uint32_t refs;               /* atomic: the library's, and the one of what `intercept` gave */
};

/* What bootstrap/intercept.js says that a hook did. */
enum outcome { OUTCOME_NOTHING = 0, OUTCOME_RESULT = 1, OUTCOME_ERROR = 2 };

/* ---------------------------------------------------------------------------------- lifetime */

static void drop_hooks(struct node_env *env, struct node_garbage *garbage)
{
    struct node_hooks *hooks = (struct node_hooks *)garbage;
    struct hook_record *record;

    while ((record = hooks->records) != NULL) {
        hooks->records = record->next;
        if (env)
            napi_delete_reference(env->napi, record->object);
        free(record);
    }
    if (env && hooks->before)
        napi_delete_reference(env->napi, hooks->before);
    if (env && hooks->after)
        napi_delete_reference(env->napi, hooks->after);
    node_env_release(hooks->env);
    free(hooks);
}

static void release_hooks(void *data)
{
    struct node_hooks *hooks = data;

    if (__atomic_sub_fetch(&hooks->refs, 1, __ATOMIC_ACQ_REL) == 0)
        node_env_discard(hooks->env, &hooks->garbage);
}

static void unlink_hooks(struct node_hooks *hooks)
{
    if (!hooks->back)
        return;
    *hooks->back = hooks->next;
    if (hooks->next)
        hooks->next->back = hooks->back;
    hooks->back = NULL;
}

/* Takes it off its function. 0, or -1 with the error set. */
static int remove_hooks(struct node_hooks *hooks)
{
    metacall_interception *interception = hooks->interception;
    struct node_embed_gap gap;
    int rc;

    if (!interception)
        return 0;
    hooks->interception = NULL;
    unlink_hooks(hooks);
    node_env_depart(hooks->env, &gap);
    rc = metacall_intercept_remove(interception);
    node_env_return(hooks->env, &gap);
    return rc;
}

void node_intercept_end(struct node_env *env)
{
    while (env->hooks)
        if (remove_hooks(env->hooks) != 0)
            metacall_error_release(metacall_error_take());
}

/* ------------------------------------------------------------------------------ calling a hook */

struct hook_task {
    struct node_hooks *hooks;
    metacall_function *function;
    const struct metacall_call *call;
    int result; /* `after`: of the call */
    metacall_value *ret;
    metacall_error *error; /* `after`: of the call, where that failed */
    struct node_passage *passage;
    enum outcome outcome;
};

static void push_record(struct hook_task *task, napi_value object)
{
    struct hook_record *record = calloc(1, sizeof *record);

    if (!record)
        return;
    if (napi_create_reference(task->hooks->env->napi, object, 1, &record->object) != napi_ok) {
        free(record);
        return;
    }
    record->call = task->call;
    record->thread = syscall(SYS_gettid);
    record->next = task->hooks->records;
    task->hooks->records = record;
}

static void pop_record(struct hook_task *task, napi_value *ret_object)
{
    struct node_env *env = task->hooks->env;
    long thread = syscall(SYS_gettid);

    for (struct hook_record **link = &task->hooks->records; *link; link = &(*link)->next) {
        struct hook_record *record = *link;
        if (record->call != task->call || record->thread != thread)
            continue;
        *link = record->next;
        napi_get_reference_value(env->napi, record->object, ret_object);
        napi_delete_reference(env->napi, record->object);
        free(record);
        return;
    }
}

/* [callee, name, args, passage] of this call, as JavaScript sees it. */
static int show_call(struct node_env *env, struct hook_task *task, napi_value values[4])
{
    const char *name = metacall_function_name(task->function);
    const struct metacall_call *call = task->call;
    size_t positional = call->count - call->keyword_count;
    napi_value item, named;

    napi_get_undefined(env->napi, &values[3]);
    if (node_function_make(env, task->function, &values[0]) != 0 ||
        node_value_string(env, name, strlen(name), &values[1]) != 0)
        return -1;
    napi_create_array(env->napi, &values[2]);
    if (task->passage) {
        values[3] = task->passage->object;
        return 0;
    }
    for (size_t i = 0; i < positional; i++) {
        if (node_value_make(env, call->args[i], &item) != 0)
            return node_value_name("argument %zu of %s()", i + 1, name);
        napi_set_element(env->napi, values[2], (uint32_t)i, item);
    }
    if (call->keyword_count == 0)
        return 0;
    /* As Python's proxies take them: an object behind the others. */
    napi_create_object(env->napi, &named);
    for (size_t i = 0; i < call->keyword_count; i++) {
        if (node_value_make(env, call->args[positional + i], &item) != 0)
            return node_value_name("argument %s of %s()", call->keywords[i], name);
        napi_set_named_property(env->napi, named, call->keywords[i], item);
    }
    napi_set_element(env->napi, values[2], (uint32_t)positional, named);
    return 0;
}

static int take_result(struct node_env *env, struct hook_task *task, napi_value value)
{
    metacall_slot_clear(task->ret);
    if (!task->passage) {
        if (node_value_take(env, value, NULL, task->ret) == 0)
            return 0;
        return node_value_name("the result that a hook gives %s()",
                               metacall_function_name(task->function));
    }
    node_passage_take(env, value, NULL, task->ret);
    napi_set_named_property(env->napi, task->passage->object, "kept", value);
    task->passage->is_kept = 1;
    task->passage->kept = *task->ret;
    return 0;
}

/* Does what the helper's answer, [outcome, value, call], says. */
static int obey(struct node_env *env, struct hook_task *task, napi_value answer)
{
    napi_value item;
    int32_t outcome = OUTCOME_NOTHING;

    napi_get_element(env->napi, answer, 0, &item);
    napi_get_value_int32(env->napi, item, &outcome);
    task->outcome = (enum outcome)outcome;
    if (outcome == OUTCOME_NOTHING)
        return 0;
    napi_get_element(env->napi, answer, 1, &item);
    if (outcome == OUTCOME_RESULT)
        return take_result(env, task, item);
    metacall_slot_clear(task->ret);
    metacall_error *error = node_error_take(env, item);
    return error ? metacall_error_set(error) : -1;
}

static int before_inside(struct node_env *env, void *data)
{
    struct hook_task *task = data;
    napi_value args[5], answer, object;

    task->passage = node_passage_find(env, task->call);
    napi_get_reference_value(env->napi, task->hooks->before, &args[0]);
    if (show_call(env, task, &args[1]) != 0)
        return -1;
    answer = node_env_help(env, NODE_HOOK_BEFORE, 5, args);
    if (!answer)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    if (obey(env, task, answer) != 0)
        return -1;
    if (task->outcome == OUTCOME_NOTHING && task->hooks->after &&
        napi_get_element(env->napi, answer, 2, &object) == napi_ok)
        push_record(task, object);
    return 0;
}

/* What the call gave so far: the very value where it is one of this environment's. */
static int show_outcome(struct node_env *env, struct hook_task *task, napi_value *ret_value)
{
    struct node_passage *passage = task->passage;
    const char *name = NULL;

    if (task->result != 0)
        return node_error_make(env, task->error, ret_value);
    if (passage && passage->is_kept && node_passage_is(&passage->kept, task->ret))
        name = "kept";
    else if (passage && passage->is_given && node_passage_is(&passage->given, task->ret))
        name = "result";
    if (!name)
        return node_value_make(env, task->ret, ret_value);
    napi_get_named_property(env->napi, passage->object, name, ret_value);
    return 0;
}

static int after_inside(struct node_env *env, void *data)
{
    struct hook_task *task = data;
    napi_value args[8], answer;

    task->passage = node_passage_find(env, task->call);
    napi_get_reference_value(env->napi, task->hooks->after, &args[0]);
    napi_get_null(env->napi, &args[5]);
    pop_record(task, &args[5]);
    napi_get_boolean(env->napi, task->result != 0, &args[6]);
    if (show_outcome(env, task, &args[7]) != 0 || show_call(env, task, &args[1]) != 0)
        return -1;
    answer = node_env_help(env, NODE_HOOK_AFTER, 8, args);
    return answer ? obey(env, task, answer) : node_error_from_pending(env, METACALL_ERROR_GUEST);
}

static int hook_before(metacall_function *function, const struct metacall_call *call,
                       metacall_value *ret, void *data)
{
    struct hook_task task = {.hooks = data, .function = function, .call = call, .ret = ret};

    if (!node_env_alive(task.hooks->env))
        return 0;
    if (node_env_run(task.hooks->env, before_inside, &task) != 0)
        return -1;
    return task.outcome == OUTCOME_RESULT;
}

static int hook_after(metacall_function *function, const struct metacall_call *call, int result,
                      metacall_value *ret, void *data)
{
    struct hook_task task = {
        .hooks = data, .function = function, .call = call, .result = result, .ret = ret};
    int rc;

    if (!node_env_alive(task.hooks->env))
        return result;
    if (result != 0)
        task.error = metacall_error_take();
    rc = node_env_run(task.hooks->env, after_inside, &task);
    if (rc == 0 && task.outcome == OUTCOME_NOTHING && task.error)
        return metacall_error_set(task.error);
    metacall_error_release(task.error);
    return rc;
}

/* ------------------------------------------------------------------------------------ the port */

/* remove(): of what `intercept` gave */
static napi_value hooks_remove(napi_env napi, napi_callback_info info)
{
    struct node_hooks *hooks = NULL;
    size_t count = 0;

    if (napi_get_cb_info(napi, info, &count, NULL, NULL, (void **)&hooks) != napi_ok)
        return NULL;
    return remove_hooks(hooks) == 0 ? NULL : node_error_throw(hooks->env);
}

static void hooks_gone(napi_env napi, void *data, void *hint)
{
    (void)napi, (void)hint;
    release_hooks(data);
}

static int keep_hook(struct node_env *env, napi_value value, napi_ref *ret_ref)
{
    napi_valuetype type = napi_undefined;

    napi_typeof(env->napi, value, &type);
    if (type != napi_function)
        return 0;
    if (napi_create_reference(env->napi, value, 1, ret_ref) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    return 0;
}

static struct node_hooks *make_hooks(struct node_env *env, napi_value before, napi_value after)
{
    struct node_hooks *hooks = calloc(1, sizeof *hooks);

    if (!hooks) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    hooks->garbage.drop = drop_hooks;
    hooks->env = env;
    hooks->refs = 1;
    node_env_reference(env);
    if (keep_hook(env, before, &hooks->before) != 0 || keep_hook(env, after, &hooks->after) != 0) {
        release_hooks(hooks);
        return NULL;
    }
    return hooks;
}

/* {remove, scope, reason} */
static napi_value show_hooks(struct node_env *env, struct node_hooks *hooks, metacall_error *error)
{
    int all = metacall_interception_scope(hooks->interception) == METACALL_INTERCEPT_ALL;
    const char *reason = !all && error && error->message ? error->message : "";
    napi_value object, value;

    napi_create_object(env->napi, &object);
    __atomic_add_fetch(&hooks->refs, 1, __ATOMIC_RELAXED);
    if (napi_create_function(env->napi, "remove", NAPI_AUTO_LENGTH, hooks_remove, hooks, &value) !=
            napi_ok ||
        napi_add_finalizer(env->napi, value, hooks, hooks_gone, NULL, NULL) != napi_ok) {
        release_hooks(hooks);
        return NULL;
    }
    napi_set_named_property(env->napi, object, "remove", value);
    napi_create_string_utf8(env->napi, all ? "all" : "registry", NAPI_AUTO_LENGTH, &value);
    napi_set_named_property(env->napi, object, "scope", value);
    napi_create_string_utf8(env->napi, reason, NAPI_AUTO_LENGTH, &value);
    napi_set_named_property(env->napi, object, "reason", value);
    return object;
}

napi_value node_intercept_add(struct node_env *env, metacall_function *function, napi_value before,
                              napi_value after)
{
    struct node_hooks *hooks = make_hooks(env, before, after);
    metacall_interception *interception;
    metacall_error *error;
    struct node_embed_gap gap;
    napi_value result;

    if (!hooks)
        return node_error_throw(env);
    node_env_depart(env, &gap);
    interception = metacall_intercept(function, hooks->before ? hook_before : NULL,
                                      hooks->after ? hook_after : NULL, hooks, release_hooks);
    node_env_return(env, &gap);
    if (!interception) {
        release_hooks(hooks);
        return node_error_throw(env);
    }
    error = metacall_error_take();
    hooks->interception = interception;
    hooks->next = env->hooks;
    hooks->back = &env->hooks;
    if (env->hooks)
        env->hooks->back = &hooks->next;
    env->hooks = hooks;
    result = show_hooks(env, hooks, error);
    metacall_error_release(error);
    return result;
}
