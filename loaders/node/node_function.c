/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_function.h. */
#include "node_function.h"
#include "node_call.h"
#include "node_error.h"
#include "node_intercept.h"
#include "node_link.h"
#include "node_loader.h"
#include "node_object.h"
#include "node_value.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 8 };

/* --------------------------------------------------------------------- JavaScript's functions */

struct call_task {
    metacall_function *function;
    const struct metacall_call *call;
    metacall_value *ret;
};

static int call_with(struct node_env *env, struct call_task *task, napi_value *args)
{
    struct node_export *js = task->function->data;
    napi_value undefined, function, result;
    size_t count = task->call->count;
    double outer;
    int rc = 0;

    for (size_t i = 0; i < count; i++)
        if (node_value_make(env, task->call->args[i], &args[i]) != 0)
            return node_value_name("argument %zu of %s()", i + 1,
                                   metacall_function_name(task->function));
    function = node_export_value(js);
    if (!function)
        return node_env_refuse(env);
    napi_get_undefined(env->napi, &undefined);
    outer = node_call_begin(env);
    if (napi_call_function(env->napi, undefined, function, count, args, &result) != napi_ok)
        rc = node_error_from_pending(env, METACALL_ERROR_GUEST);
    else if (node_value_take(env, result, NULL, task->ret) != 0)
        rc = node_value_name("result of %s()", metacall_function_name(task->function));
    node_call_end(env, outer);
    return rc;
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
    struct node_export *js = function->data;
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
    struct node_export *js = function->data;
    napi_value value = node_export_value(js), names, part;
    uint32_t count = 0;

    if (!value)
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
    return node_env_run(((struct node_export *)function->data)->env, describe_inside, function);
}

static void js_destroy(metacall_function *function)
{
    node_export_end(function->data);
}

static const struct metacall_function_ops js_ops = {js_call, js_describe, js_destroy,
                                                    node_intercept_switch};

static metacall_function *hand_out(struct node_env *env, napi_value value, const char *fallback,
                                   int async)
{
    struct node_export *js = calloc(1, sizeof *js);
    metacall_function *function = NULL;
    napi_value text;
    char *name = NULL;

    if (napi_get_named_property(env->napi, value, "name", &text) == napi_ok)
        name = node_value_text(env, text, NULL);
    else
        napi_get_and_clear_last_exception(env->napi, &text);
    if (js)
        function = metacall_function_create(env->owner->loader, name && *name ? name : fallback,
                                            &js_ops, js);
    free(name);
    if (!function) {
        free(js);
        metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
        return NULL;
    }
    function->flags |= METACALL_FUNCTION_VARIADIC | (async ? METACALL_FUNCTION_ASYNC : 0u);
    if (node_export_make(env, value, js, NODE_KIND_FUNCTION, function, &function->refs) != 0) {
        metacall_function_release(function);
        return NULL;
    }
    return function;
}

/* What bootstrap/object.js says of a function. */
enum function_sort { SORT_FUNCTION = 0, SORT_ASYNC = 1, SORT_OBJECT = 2 };

int node_function_take_as(struct node_env *env, napi_value value, const char *fallback,
                          metacall_value *slot)
{
    metacall_function *function;
    struct node_link link;
    napi_value sort;
    int32_t number = SORT_FUNCTION;

    if (node_link_look(env, value, &link) != 0)
        return -1;
    if (link.self || link.held)
        return node_link_take(&link, slot);
    sort = node_env_help(env, NODE_SORT_OF, 1, &value);
    if (!sort || napi_get_value_int32(env->napi, sort, &number) != napi_ok)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    if (number == SORT_OBJECT)
        return node_object_hand_out(env, value, slot);
    function = hand_out(env, value, fallback, number == SORT_ASYNC);
    if (!function)
        return -1;
    metacall_slot_function(slot, function);
    metacall_function_release(function);
    return 0;
}

struct node_env *node_function_env(const metacall_function *function)
{
    return ((struct node_export *)function->data)->env;
}

napi_value node_function_value(const metacall_function *function)
{
    return node_export_value(function->data);
}

int node_function_take(struct node_env *env, napi_value value, metacall_value *slot)
{
    return node_function_take_as(env, value, NULL, slot);
}

/* ------------------------------------------------------------------------- foreign functions */

/* Called by its wrapper of bootstrap/call.js alone, with what carries the arguments. */
static napi_value import_call(napi_env napi, napi_callback_info info)
{
    struct node_import *import;
    struct node_departure out = {0};
    napi_value carried;
    size_t count = 1;

    if (napi_get_cb_info(napi, info, &count, &carried, NULL, (void **)&import) != napi_ok)
        return NULL;
    out.function = import->held;
    out.way = node_call_way(import->env);
    return node_call_out(import->env, &out, count, &carried);
}

/* What JavaScript sees of a function of another language. */
static int make_import(struct node_env *env, metacall_function *function,
                       struct node_import *import, napi_value *ret_value)
{
    const char *name = metacall_function_name(function);
    napi_value args[2];

    if (napi_create_function(env->napi, name, NAPI_AUTO_LENGTH, import_call, import, &args[0]) !=
        napi_ok)
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": no function could be made");
    if (node_value_string(env, name, strlen(name), &args[1]) != 0)
        return -1;
    *ret_value = node_env_help(env, NODE_IMPORT_OF, 2, args);
    return *ret_value ? 0 : node_error_from_pending(env, METACALL_ERROR_GUEST);
}

int node_function_make(struct node_env *env, metacall_function *function, napi_value *ret_value)
{
    struct node_import *import;
    napi_value value;

    if (function->ops == &js_ops && ((struct node_export *)function->data)->env == env) {
        value = node_export_value(function->data);
        if (!value)
            return node_env_refuse(env);
        *ret_value = function->flags & METACALL_FUNCTION_INTERCEPTED
                         ? node_intercept_stand_in(env, value)
                         : value;
        return 0;
    }
    if (node_import_find(env, function, ret_value))
        return 0;
    if (node_import_create(env, NODE_KIND_FUNCTION, function, &import) != 0)
        return -1;
    if (make_import(env, function, import, &value) != 0) {
        node_import_end(env->napi, import);
        return -1;
    }
    if (node_import_attach(env, import, value, 1) != 0)
        return -1;
    *ret_value = value;
    return 0;
}

/* One of our own: JavaScript calls JavaScript, nothing is converted. */
static napi_value invoke_own(struct node_env *env, metacall_function *function, size_t count,
                             const napi_value *args)
{
    struct node_export *js = function->data;
    napi_value undefined, value = node_export_value(js), result = NULL;

    if (!value) {
        node_env_refuse(env);
        return node_error_throw(env);
    }
    if (function->flags & METACALL_FUNCTION_INTERCEPTED)
        return node_intercept_call(env, function, count, args);
    napi_get_undefined(env->napi, &undefined);
    napi_call_function(env->napi, undefined, value, count, args, &result);
    return result;
}

int node_function_is_own(const struct node_env *env, const metacall_function *function)
{
    return function->ops == &js_ops && ((struct node_export *)function->data)->env == env;
}

napi_value node_function_invoke(struct node_env *env, metacall_function *function,
                                enum node_call_way way, size_t count, const napi_value *args)
{
    struct node_departure out = {.function = function, .way = way};
    napi_value result;

    if (!node_function_is_own(env, function))
        return node_call_out(env, &out, count, args);
    result = invoke_own(env, function, count, args);
    env->head[15] = NODE_RESULT_MADE;
    return result;
}
