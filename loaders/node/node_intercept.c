/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The detour of JavaScript's own functions. See node_intercept.h. */
#include "node_intercept.h"
#include "node_error.h"
#include "node_function.h"
#include "node_object.h"
#include "node_passage.h"
#include "node_value.h"

#include <metacall/intercept.h>
#include <stdlib.h>

static __thread struct node_passage *passages;

struct node_passage *node_passage_find(const struct node_env *env, const struct metacall_call *call)
{
    for (struct node_passage *each = passages; each; each = each->outer)
        if (each->env == env && &each->call == call)
            return each;
    return NULL;
}

int node_passage_take(struct node_env *env, napi_value value, struct metacall_arena *arena,
                      metacall_value *slot)
{
    napi_valuetype type = napi_undefined;

    if (node_value_take(env, value, arena, slot) == 0)
        return 0;
    /* JavaScript calls JavaScript: what cannot be passed is no reason for the call to fail. */
    metacall_error_release(metacall_error_take());
    metacall_slot_clear(slot);
    napi_typeof(env->napi, value, &type);
    if (type == napi_object && node_object_hand_out(env, value, slot) == 0)
        return 0; /* a cycle, or nested too deep: as it is */
    if (type == napi_object)
        metacall_error_release(metacall_error_take());
    metacall_slot_null(slot);
    return -1;
}

/* -------------------------------------------------------------------------------- the detour */

struct proceeding {
    struct node_passage *passage;
    metacall_value *ret;
    int wanted;
};

static int proceed_inside(struct node_env *env, void *data)
{
    struct proceeding *task = data;
    napi_value undefined, proceed, result;

    napi_get_undefined(env->napi, &undefined);
    if (napi_get_named_property(env->napi, task->passage->object, "proceed", &proceed) != napi_ok ||
        napi_call_function(env->napi, undefined, proceed, 0, NULL, &result) != napi_ok)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    if (task->wanted) {
        node_passage_take(env, result, NULL, task->ret);
        task->passage->given = *task->ret;
        task->passage->is_given = 1;
    }
    return 0;
}

static int proceed(void *data, int wanted, metacall_value *ret)
{
    struct node_passage *passage = data;
    struct proceeding task = {passage, ret, wanted};

    return node_env_run(passage->env, proceed_inside, &task);
}

/* What JavaScript gets where the hooks put a result in place: the very value, where a hook of this
 * environment was the last one to do it. */
static napi_value replaced_result(struct node_passage *passage, metacall_value *ret)
{
    napi_env napi = passage->env->napi;
    napi_value value, list;
    int rc = 0;

    if (passage->is_kept && node_passage_is(&passage->kept, ret))
        napi_get_named_property(napi, passage->object, "kept", &value);
    else
        rc = node_value_make(passage->env, ret, &value);
    metacall_slot_clear(ret);
    if (rc != 0) {
        node_value_name("result of %s()", metacall_function_name(passage->function));
        return node_error_throw(passage->env);
    }
    napi_create_array_with_length(napi, 1, &list);
    napi_set_element(napi, list, 0, value);
    return list;
}

static napi_value run_passage(struct node_passage *passage)
{
    struct node_env *env = passage->env;
    metacall_value ret = METACALL_SLOT_INIT;
    struct node_embed_gap gap;
    napi_value result;
    int rc, replaced = 0;

    passage->outer = passages;
    passages = passage;
    node_env_depart(env, &gap);
    rc = metacall_function_intercepted(passage->function, &passage->call, proceed, passage, &ret,
                                       &replaced);
    node_env_return(env, &gap);
    passages = passage->outer;
    if (rc != 0)
        return node_error_throw(env);
    /* Two values that cannot be passed look alike to the library. */
    if (replaced || (passage->is_kept && node_passage_is(&passage->kept, &ret)))
        return replaced_result(passage, &ret);
    metacall_slot_clear(&ret);
    napi_get_undefined(env->napi, &result);
    return result;
}

/* The arguments as the hooks of other languages see them. */
static void take_arguments(struct node_passage *passage, napi_value list, size_t count,
                           metacall_value *slots, metacall_value **pointers,
                           struct metacall_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        napi_value item;
        slots[i] = (metacall_value)METACALL_SLOT_INIT;
        pointers[i] = &slots[i];
        if (napi_get_element(passage->env->napi, list, (uint32_t)i, &item) == napi_ok)
            node_passage_take(passage->env, item, arena, &slots[i]);
    }
    passage->call.args = pointers;
    passage->call.count = count;
}

/* run(passage), called by bootstrap/intercept.js */
static napi_value run_detour(napi_env napi, napi_callback_info info)
{
    metacall_function *function = NULL;
    napi_value object, list, result = NULL;
    size_t one = 1;
    uint32_t count = 0;
    metacall_value *slots;
    metacall_value **pointers;

    if (napi_get_cb_info(napi, info, &one, &object, NULL, (void **)&function) != napi_ok ||
        one != 1 || napi_get_named_property(napi, object, "args", &list) != napi_ok ||
        napi_get_array_length(napi, list, &count) != napi_ok)
        return NULL;
    struct node_passage passage = {
        .env = node_function_env(function), .function = function, .object = object};
    slots = malloc((count + 1) * sizeof *slots);
    pointers = malloc((count + 1) * sizeof *pointers);
    metacall_function_reference(function);
    if (slots && pointers) {
        struct metacall_arena arena;
        metacall_arena_init(&arena, &passage.env->spare, NULL, 0);
        take_arguments(&passage, list, count, slots, pointers, &arena);
        result = run_passage(&passage);
        for (uint32_t i = 0; i < count; i++)
            metacall_slot_clear(&slots[i]);
        metacall_arena_finish(&arena);
    } else {
        napi_throw_error(napi, NULL, "out of memory");
    }
    metacall_function_release(function);
    free(pointers);
    free(slots);
    return result;
}

/* --------------------------------------------------------------------------------- on and off */

/* The text that a helper gave: what went wrong. NULL = nothing did. */
static char *complaint(struct node_env *env, napi_value given)
{
    size_t size = 0;
    char *text = node_value_text(env, given, &size);

    if (text && size == 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* What a helper complains of, as an error that names the function between two texts. */
struct grievance {
    enum metacall_error_code code;
    const char *before;
    const char *after;
};

static int settle(struct node_env *env, metacall_function *function, napi_value given,
                  const struct grievance *grievance)
{
    char *text;

    if (!given)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    text = complaint(env, given);
    if (!text)
        return 0;
    metacall_error_raise(grievance->code, "%s%s() %s: %s", grievance->before,
                         metacall_function_name(function), grievance->after, text);
    free(text);
    return -1;
}

static int switch_on(struct node_env *env, void *data)
{
    static const struct grievance unseen = {METACALL_ERROR_SUPPORT, "JavaScript's own calls of ",
                                            "cannot be seen, only those through the registry"};
    metacall_function *function = data;
    napi_value args[2] = {node_function_value(function), NULL};

    if (!args[0])
        return node_env_refuse(env);
    if (napi_create_function(env->napi, "run", NAPI_AUTO_LENGTH, run_detour, function, &args[1]) !=
        napi_ok)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "no function could be made");
    return settle(env, function, node_env_help(env, NODE_INTERCEPT_ON, 2, args), &unseen);
}

static int switch_off(struct node_env *env, void *data)
{
    static const struct grievance changed = {
        METACALL_ERROR_STATE, "",
        "is not intercepted any more, but somebody else has changed what stood in its place"};
    metacall_function *function = data;
    napi_value original = node_function_value(function);

    if (!original)
        return node_env_refuse(env);
    return settle(env, function, node_env_help(env, NODE_INTERCEPT_OFF, 1, &original), &changed);
}

int node_intercept_switch(metacall_function *function, int on)
{
    return node_env_run(node_function_env(function), on ? switch_on : switch_off, function);
}

/* ---------------------------------------------------------------------------- calls by the name */

napi_value node_intercept_stand_in(struct node_env *env, napi_value original)
{
    napi_value detour = node_env_help(env, NODE_DETOUR_OF, 1, &original);
    napi_valuetype type = napi_undefined;

    if (!detour) {
        napi_get_and_clear_last_exception(env->napi, &detour);
        return original;
    }
    napi_typeof(env->napi, detour, &type);
    return type == napi_function ? detour : original;
}

napi_value node_intercept_call(struct node_env *env, metacall_function *function, size_t count,
                               const napi_value *args)
{
    napi_value values[3] = {NULL, node_function_value(function), NULL};

    if (!values[1]) {
        node_env_refuse(env);
        return node_error_throw(env);
    }
    if (napi_create_function(env->napi, "run", NAPI_AUTO_LENGTH, run_detour, function,
                             &values[0]) != napi_ok ||
        napi_create_array_with_length(env->napi, count, &values[2]) != napi_ok) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return node_error_throw(env);
    }
    for (size_t i = 0; i < count; i++)
        napi_set_element(env->napi, values[2], (uint32_t)i, args[i]);
    return node_env_help(env, NODE_INTERCEPT_CALL, 3, values);
}
