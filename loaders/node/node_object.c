/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_object.h. What an operation means to a JavaScript object stands in bootstrap/object.js.
 */
#include "node_object.h"
#include "node_call.h"
#include "node_error.h"
#include "node_link.h"
#include "node_value.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 8 };

/* -------------------------------------------------------------------- objects of JavaScript */

struct perform_task {
    metacall_object *object;
    enum metacall_object_operation operation;
    const char *name;
    const struct metacall_call *call;
    metacall_value *ret;
};

/* Puts "argument 2 of Circle.scale" in front of a refusal. */
static int name_part(const struct perform_task *task, const char *part, size_t index)
{
    const char *type = task->object->type, *name = task->name ? task->name : "";

    if (index > 0)
        return node_value_name("%s %zu of %s%s%s", part, index, type, *name ? "." : "", name);
    return node_value_name("%s of %s%s%s", part, type, *name ? "." : "", name);
}

/* head[5] past 1: what was asked for is not there. */
static int not_there(const struct perform_task *task)
{
    const metacall_value *key = task->call->count > 0 ? task->call->args[0] : NULL;

    if (task->operation == METACALL_OBJECT_GET)
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND, "%s has no attribute '%s'",
                                    task->object->type, task->name);
    if (key && key->id == METACALL_LONG)
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND, "no item %lld",
                                    (long long)key->as.long_);
    if (key && key->id == METACALL_STRING)
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND, "no item '%.200s'",
                                    key->as.bytes.data);
    return metacall_error_raise(METACALL_ERROR_NOT_FOUND, "no such item");
}

static int perform_with(struct node_env *env, struct perform_task *task, napi_value *args)
{
    const struct metacall_call *call = task->call;
    napi_value result;
    double outer;
    int rc;

    args[0] = node_export_value(task->object->native);
    if (!args[0])
        return node_env_refuse(env);
    napi_create_int32(env->napi, (int32_t)task->operation, &args[1]);
    napi_get_undefined(env->napi, &args[2]);
    if (task->name && node_value_string(env, task->name, strlen(task->name), &args[2]) != 0)
        return name_part(task, "name", 0);
    for (size_t i = 0; i < call->count; i++)
        if (node_value_make(env, call->args[i], &args[i + 3]) != 0)
            return name_part(task, "argument", i + 1);
    outer = node_call_begin(env);
    result = node_env_help(env, NODE_OPERATE, call->count + 3, args);
    rc = (int)env->head[5];
    if (!result)
        rc = node_error_from_pending(env, METACALL_ERROR_GUEST);
    else if (rc > 1)
        rc = not_there(task);
    else if (node_value_take(env, result, NULL, task->ret) != 0)
        rc = name_part(task, "result", 0);
    node_call_end(env, outer);
    return rc;
}

static int perform_inside(struct node_env *env, void *data)
{
    struct perform_task *task = data;
    napi_value few[FEW + 3];
    napi_value *args = few;
    int rc;

    if (task->call->count > FEW)
        args = malloc((task->call->count + 3) * sizeof *args);
    if (!args)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    rc = perform_with(env, task, args);
    if (args != few)
        free(args);
    return rc;
}

static int js_perform(metacall_object *object, enum metacall_object_operation operation,
                      const char *name, const struct metacall_call *call, metacall_value *ret)
{
    struct node_export *js = object->native;
    struct perform_task task = {object, operation, name, call, ret};

    if (call->keyword_count > 0)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                    "%s%s%s: JavaScript takes no keyword arguments (given: %s); "
                                    "pass an object",
                                    object->type, name ? "." : "", name ? name : "",
                                    call->keywords[0]);
    return node_env_run(js->env, perform_inside, &task);
}

static void js_destroy(metacall_object *object)
{
    node_export_end(object->native);
}

static const struct metacall_object_ops js_ops = {js_perform, js_destroy};

int node_object_hand_out(struct node_env *env, napi_value value, metacall_value *slot)
{
    napi_value described = node_env_help(env, NODE_DESCRIBE_OBJECT, 1, &value), part;
    struct node_export *js;
    metacall_object *object;
    uint32_t flags = 0;
    char *type = NULL;
    int rc;

    if (!described)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    if (napi_get_element(env->napi, described, 0, &part) == napi_ok)
        napi_get_value_uint32(env->napi, part, &flags);
    if (napi_get_element(env->napi, described, 1, &part) == napi_ok)
        type = node_value_text(env, part, NULL);
    js = calloc(1, sizeof *js);
    object =
        js ? metacall_object_create(env->owner->loader, type ? type : "Object", &js_ops, js, flags)
           : NULL;
    free(type);
    if (!object) {
        free(js);
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
    }
    rc = node_export_make(env, value, js, NODE_KIND_OBJECT, object, &object->refs);
    if (rc == 0)
        metacall_slot_object(slot, object);
    metacall_object_release(object);
    return rc;
}

int node_object_take(struct node_env *env, napi_value value, metacall_value *slot)
{
    struct node_link link;

    if (node_link_look(env, value, &link) != 0)
        return -1;
    if (link.self || link.held)
        return node_link_take(&link, slot);
    return node_object_hand_out(env, value, slot);
}

/* ------------------------------------------------------------------ objects of other languages */

int node_object_make(struct node_env *env, metacall_object *object, napi_value *ret_value)
{
    struct node_import *import;
    napi_value args[3], value;

    if (object->ops == &js_ops && ((struct node_export *)object->native)->env == env) {
        *ret_value = node_export_value(object->native);
        return *ret_value ? 0 : node_env_refuse(env);
    }
    if (node_import_find(env, object, ret_value))
        return 0;
    if (node_import_create(env, NODE_KIND_OBJECT, object, &import) != 0)
        return -1;
    napi_create_int64(env->napi, (int64_t)(intptr_t)import, &args[0]);
    napi_create_uint32(env->napi, object->flags, &args[1]);
    if (node_value_string(env, object->type, strlen(object->type), &args[2]) != 0)
        return node_import_end(env->napi, import), -1;
    value = node_env_help(env, NODE_MAKE_OBJECT, 3, args);
    if (!value) {
        node_import_end(env->napi, import);
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    }
    if (node_import_attach(env, import, value, 1) != 0)
        return -1;
    *ret_value = value;
    return 0;
}

/* An attribute's name: `few` or malloc'ed; NULL with the exception pending. */
static char *name_of(struct node_env *env, napi_value value, char *few, size_t room)
{
    size_t size = 0;
    char *text = few;

    if (napi_get_value_string_utf8(env->napi, value, few, room, &size) != napi_ok)
        text = NULL;
    else if (size >= room - 4)
        text = node_value_text(env, value, NULL);
    if (!text)
        napi_throw_error(env->napi, NULL, "metacall: no name");
    return text;
}

/* The import whose address bootstrap/proxy.js keeps. */
static struct node_import *import_at(napi_env napi, napi_value address)
{
    int64_t number = 0;

    napi_get_value_int64(napi, address, &number);
    return (struct node_import *)(intptr_t)number;
}

/* perform(address, operation, name or undefined, ...arguments) */
static napi_value perform(napi_env napi, napi_callback_info info)
{
    struct node_env *env = NULL;
    napi_value few[FEW + 3], *args = few, result = NULL;
    napi_valuetype type = napi_undefined;
    struct node_departure out = {.function = NULL};
    size_t count = FEW + 3;
    int32_t operation = 0;
    char text[128], *name = NULL;

    if (napi_get_cb_info(napi, info, &count, few, NULL, (void **)&env) != napi_ok || count < 3)
        return NULL;
    if (count > FEW + 3) {
        args = malloc(count * sizeof *args);
        if (!args)
            return napi_throw_error(napi, NULL, "out of memory"), NULL;
        napi_get_cb_info(napi, info, &count, args, NULL, NULL);
    }
    napi_typeof(napi, args[2], &type);
    if (type == napi_string)
        name = name_of(env, args[2], text, sizeof text);
    if (type != napi_string || name) {
        napi_get_value_int32(napi, args[1], &operation);
        out.object = import_at(napi, args[0])->held;
        out.operation = (enum metacall_object_operation)operation;
        out.name = name;
        result = node_call_out(env, &out, count - 3, args + 3);
    }
    if (name != text)
        free(name);
    if (args != few)
        free(args);
    return result;
}

/* There is no such attribute: no failure in JavaScript. */
static int is_missing(void)
{
    metacall_error *error = metacall_error_peek();

    if (!error || error->code != METACALL_ERROR_NOT_FOUND)
        return 0;
    metacall_error_release(metacall_error_take());
    return 1;
}

/* attribute(address, name): undefined where there is none */
static napi_value attribute(napi_env napi, napi_callback_info info)
{
    struct node_env *env = NULL;
    struct node_embed_gap gap;
    metacall_value ret = METACALL_SLOT_INIT;
    metacall_object *object;
    napi_value args[2], result = NULL;
    size_t count = 2;
    char text[128], *name;
    int rc;

    if (napi_get_cb_info(napi, info, &count, args, NULL, (void **)&env) != napi_ok || count < 2)
        return NULL;
    object = import_at(napi, args[0])->held;
    name = name_of(env, args[1], text, sizeof text);
    if (!name)
        return NULL;
    node_env_depart(env, &gap);
    rc = metacall_object_perform(object, METACALL_OBJECT_GET, name, NULL, &ret);
    node_env_return(env, &gap);
    if (rc < 0)
        result = is_missing() ? NULL : node_error_throw(env);
    else if (node_value_make(env, &ret, &result) != 0)
        result = node_error_throw(env);
    metacall_slot_clear(&ret);
    if (name != text)
        free(name);
    return result;
}

int node_object_natives(struct node_env *env, napi_value native)
{
    napi_value function;

    if (napi_create_function(env->napi, "perform", NAPI_AUTO_LENGTH, perform, env, &function) !=
            napi_ok ||
        napi_set_named_property(env->napi, native, "perform", function) != napi_ok ||
        napi_create_function(env->napi, "attribute", NAPI_AUTO_LENGTH, attribute, env, &function) !=
            napi_ok)
        return -1;
    return napi_set_named_property(env->napi, native, "attribute", function) == napi_ok ? 0 : -1;
}
