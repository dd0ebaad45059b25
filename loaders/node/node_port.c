/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What `require('metacall')` is made of: the functions that index.js puts its names on. Each one
 * leaves JavaScript while another language works. */
#include "node_error.h"
#include "node_function.h"
#include "node_intercept.h"
#include "node_load.h"
#include "node_loader.h"
#include "node_value.h"

#include <metacall/metacall.h>
#include <metacall/registry.h>
#include <stdlib.h>
#include <string.h>

enum { ARGS = 9 };

/* call() gets its wrapper, which bootstrap/ has made. */
static void wrap_call(struct node_env *env)
{
    napi_value exports, direct, wrapper;

    if (env->exports && napi_get_reference_value(env->napi, env->exports, &exports) == napi_ok &&
        napi_get_named_property(env->napi, exports, "call", &direct) == napi_ok &&
        (wrapper = node_env_help(env, NODE_CALLER_OF, 1, &direct)) != NULL)
        napi_set_named_property(env->napi, exports, "call", wrapper);
    if (env->exports)
        napi_delete_reference(env->napi, env->exports);
    env->exports = NULL;
}

/* Whose JavaScript called. NULL with the exception pending. */
static struct node_env *env_of(napi_env napi, napi_callback_info info, size_t *count,
                               napi_value *args)
{
    struct node_env *env = NULL;

    if (napi_get_cb_info(napi, info, count, args, NULL, (void **)&env) != napi_ok)
        return NULL;
    if (node_env_prepare(env) != 0) {
        metacall_error *error = metacall_error_peek();
        napi_throw_error(napi, NULL, error && error->message ? error->message : "metacall");
        return NULL;
    }
    if (env->exports)
        wrap_call(env);
    return env;
}

static napi_value undefined(struct node_env *env)
{
    napi_value value = NULL;

    napi_get_undefined(env->napi, &value);
    return value;
}

static napi_value throw_argument(struct node_env *env, const char *message)
{
    metacall_error_raise(METACALL_ERROR_ARGUMENT, "%s", message);
    return node_error_throw(env);
}

/* A value of the C API, consumed. */
static napi_value give(struct node_env *env, metacall_value *value)
{
    napi_value result;
    int rc;

    if (!value)
        return node_error_throw(env);
    rc = node_value_make(env, value, &result);
    metacall_value_destroy(value);
    return rc == 0 ? result : node_error_throw(env);
}

/* --------------------------------------------------------------------------------------- call */

/* Asked outside: discovery may enter other runtimes. */
static metacall_function *find(struct node_env *env, const char *name)
{
    struct node_embed_gap gap;
    metacall_function *function;

    node_env_depart(env, &gap);
    function = metacall_function_find(name);
    node_env_return(env, &gap);
    return function;
}

static napi_value call_name(struct node_env *env, enum node_call_way way, const char *name,
                            size_t count, const napi_value *args)
{
    struct node_departure out = {.find = name, .way = way};
    napi_value result;

    if (way > NODE_CALL_AS_IT_IS) {
        result = node_call_out(env, &out, count, args);
        metacall_function_release(out.function);
        return result;
    }
    out.function = find(env, name);
    if (!out.function)
        return node_error_throw(env);
    result = node_function_invoke(env, out.function, way, count, args);
    metacall_function_release(out.function);
    return result;
}

static napi_value call_with(struct node_env *env, enum node_call_way way, size_t count,
                            const napi_value *args)
{
    char few[128];
    char *name = few;
    size_t size = 0;
    napi_value result;

    if (count < 1)
        return throw_argument(env, "metacall: which function?");
    if (napi_get_value_string_utf8(env->napi, args[0], few, sizeof few, &size) != napi_ok)
        return throw_argument(env, "metacall: the name must be a string");
    if (size >= sizeof few - 4 && (name = node_value_text(env, args[0], NULL)) == NULL)
        return node_error_throw(env);
    result = call_name(env, way, name, count - 1, args + 1);
    if (name != few)
        free(name);
    return result;
}

/* call(name, ...args): by its wrapper of bootstrap/call.js, or plainly before there is one */
static napi_value call(napi_env napi, napi_callback_info info)
{
    napi_value few[ARGS], *args = few, result;
    size_t count = ARGS;
    struct node_env *env = env_of(napi, info, &count, few);
    enum node_call_way way;

    if (!env)
        return NULL;
    way = node_call_way(env);
    if (count > ARGS) {
        args = malloc(count * sizeof *args);
        if (!args)
            return throw_argument(env, "out of memory");
        env_of(napi, info, &count, args);
    }
    result = call_with(env, way, count, args);
    if (args != few)
        free(args);
    return result;
}

/* callJson(function, text): arguments as JSON, an object by name or an array by position */
static napi_value call_json(napi_env napi, napi_callback_info info)
{
    struct metacall_allocator_std_type std = {malloc, realloc, free};
    void *allocator = metacall_allocator_create(METACALL_ALLOCATOR_STD, &std);
    metacall_value slot = METACALL_SLOT_INIT, *value = NULL;
    napi_value args[2];
    size_t count = 2, size = 0;
    struct node_env *env = env_of(napi, info, &count, args);
    char *text = env && count == 2 ? node_value_text(env, args[1], &size) : NULL;

    if (!env) {
        metacall_allocator_destroy(allocator);
        return NULL;
    }
    if (text && node_value_take(env, args[0], NULL, &slot) == 0 && slot.id == METACALL_FUNCTION) {
        struct node_embed_gap gap;
        node_env_depart(env, &gap);
        value = size > 0 && text[0] == '['
                    ? metacallfs(slot.as.function, text, size + 1, allocator)
                    : metacallfms(slot.as.function, text, size + 1, allocator);
        node_env_return(env, &gap);
    } else {
        metacall_error_raise(METACALL_ERROR_ARGUMENT,
                             "metacallfms: a function and a text of JSON are needed");
    }
    metacall_slot_clear(&slot);
    metacall_allocator_destroy(allocator);
    free(text);
    return give(env, value);
}

/* --------------------------------------------------------------------------------------- load */

/* load(kind, tag, what, exported): what = [paths] for files, else text or name */
enum load_kind { LOAD_FILES = 0, LOAD_MEMORY = 1, LOAD_PACKAGE = 2, LOAD_CONFIGURATION = 3 };

struct load_request {
    int32_t kind;
    char *tag;
    char **texts;
    size_t *sizes;
    uint32_t count;
};

static void request_finish(struct load_request *request)
{
    for (uint32_t i = 0; request->texts && i < request->count; i++)
        free(request->texts[i]);
    free(request->texts);
    free(request->sizes);
    free(request->tag);
}

static int request_init(struct node_env *env, const napi_value *args, struct load_request *request)
{
    bool list = false;
    napi_value item = args[2];

    memset(request, 0, sizeof *request);
    napi_get_value_int32(env->napi, args[0], &request->kind);
    request->tag = node_value_text(env, args[1], NULL);
    napi_is_array(env->napi, args[2], &list);
    request->count = 1;
    if (list)
        napi_get_array_length(env->napi, args[2], &request->count);
    request->texts = calloc(request->count + 1, sizeof *request->texts);
    request->sizes = calloc(request->count + 1, sizeof *request->sizes);
    if (!request->texts || !request->sizes)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    for (uint32_t i = 0; i < request->count; i++) {
        if (list)
            napi_get_element(env->napi, args[2], i, &item);
        request->texts[i] = node_value_text(env, item, &request->sizes[i]);
        if (!request->texts[i])
            return metacall_error_raise(METACALL_ERROR_ARGUMENT, "expected a string%s",
                                        list ? " in the list" : "");
    }
    if (!request->tag && request->kind != LOAD_CONFIGURATION)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "the tag must be a string");
    return 0;
}

static int request_run(const struct load_request *request, void **handle)
{
    switch (request->kind) {
    case LOAD_FILES:
        return metacall_load_from_file(request->tag, (const char **)request->texts, request->count,
                                       handle);
    case LOAD_MEMORY:
        return metacall_load_from_memory(request->tag, request->texts[0], request->sizes[0] + 1,
                                         handle);
    case LOAD_PACKAGE:
        return metacall_load_from_package(request->tag, request->texts[0], handle);
    default: {
        struct metacall_allocator_std_type std = {malloc, realloc, free};
        void *allocator = metacall_allocator_create(METACALL_ALLOCATOR_STD, &std);
        int rc = metacall_load_from_configuration(request->texts[0], handle, allocator);
        metacall_allocator_destroy(allocator);
        return rc;
    }
    }
}

/* What JavaScript exports is given as it is; what other languages define, as a map of it. */
static napi_value exports_of(struct node_env *env, void *handle, napi_value list)
{
    struct node_embed_gap gap;
    metacall_value *value;
    napi_value first;
    uint32_t count = 0;

    napi_get_array_length(env->napi, list, &count);
    if (count == 1 && napi_get_element(env->napi, list, 0, &first) == napi_ok)
        return first;
    node_env_depart(env, &gap);
    value = metacall_handle_export(handle);
    node_env_return(env, &gap);
    return give(env, value);
}

static napi_value load(napi_env napi, napi_callback_info info)
{
    napi_value args[4], list, result;
    size_t count = 4;
    struct node_env *env = env_of(napi, info, &count, args);
    struct node_embed_gap gap;
    struct load_request request;
    void *handle = NULL;
    bool exported = false;
    int rc;

    if (!env)
        return NULL;
    if (count != 4)
        return throw_argument(env, "load: four arguments are needed");
    napi_get_value_bool(napi, args[3], &exported);
    if (request_init(env, args, &request) != 0) {
        request_finish(&request);
        return node_error_throw(env);
    }
    napi_create_array(napi, &list);
    node_load_collect(exported ? list : NULL);
    node_env_depart(env, &gap);
    rc = request_run(&request, exported ? &handle : NULL);
    node_env_return(env, &gap);
    node_load_collect(NULL);
    request_finish(&request);
    if (rc != 0)
        return node_error_throw(env);
    if (exported)
        return exports_of(env, handle, list);
    napi_get_boolean(napi, true, &result);
    return result;
}

/* ------------------------------------------------------------------------------- all the rest */

/* Two strings. */
static int two_texts(struct node_env *env, size_t count, const napi_value *args, char *texts[2])
{
    texts[0] = count > 0 ? node_value_text(env, args[0], NULL) : NULL;
    texts[1] = count > 1 ? node_value_text(env, args[1], NULL) : NULL;
    if (texts[0] && texts[1])
        return 0;
    free(texts[0]);
    free(texts[1]);
    return metacall_error_raise(METACALL_ERROR_ARGUMENT, "two strings are needed");
}

/* executionPath(tag, path) */
static napi_value execution_path(napi_env napi, napi_callback_info info)
{
    napi_value args[2];
    size_t count = 2;
    struct node_env *env = env_of(napi, info, &count, args);
    struct node_embed_gap gap;
    char *texts[2];
    int rc;

    if (!env)
        return NULL;
    if (two_texts(env, count, args, texts) != 0)
        return node_error_throw(env);
    node_env_depart(env, &gap);
    rc = metacall_execution_path(texts[0], texts[1]);
    node_env_return(env, &gap);
    free(texts[0]);
    free(texts[1]);
    return rc == 0 ? undefined(env) : node_error_throw(env);
}

/* handle(tag, name): what it defines */
static napi_value handle_of(napi_env napi, napi_callback_info info)
{
    napi_value args[2];
    size_t count = 2;
    struct node_env *env = env_of(napi, info, &count, args);
    struct node_embed_gap gap;
    metacall_value *value = NULL;
    void *handle;
    char *texts[2];

    if (!env)
        return NULL;
    if (two_texts(env, count, args, texts) != 0)
        return node_error_throw(env);
    node_env_depart(env, &gap);
    handle = metacall_handle(texts[0], texts[1]);
    if (handle)
        value = metacall_handle_export(handle);
    node_env_return(env, &gap);
    if (!handle && !metacall_error_peek())
        metacall_error_raise(METACALL_ERROR_NOT_FOUND, "%s has no handle '%s'", texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
    return give(env, value);
}

static napi_value inspect(napi_env napi, napi_callback_info info)
{
    size_t count = 0;
    struct node_env *env = env_of(napi, info, &count, NULL);
    struct node_embed_gap gap;
    metacall_value *value;

    if (!env)
        return NULL;
    node_env_depart(env, &gap);
    value = metacall_inspect_value();
    node_env_return(env, &gap);
    return give(env, value);
}

/* tagOf(path): the loader of a file, by its extension, a language or an alias; null = nobody's */
static napi_value tag_of(napi_env napi, napi_callback_info info)
{
    static metacall_registry *registry;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char tag[METACALL_REGISTRY_TAG_SIZE];
    napi_value path, result;
    size_t count = 1;
    struct node_env *env = NULL;
    char *text;
    int rc = -1;

    if (napi_get_cb_info(napi, info, &count, &path, NULL, (void **)&env) != napi_ok)
        return NULL;
    text = count == 1 ? node_value_text(env, path, NULL) : NULL;
    pthread_mutex_lock(&lock);
    if (text && (registry || metacall_registry_open(NULL, &registry) == 0))
        rc = metacall_registry_tag_for_path(registry, text, tag);
    pthread_mutex_unlock(&lock);
    free(text);
    if (rc != 0) {
        metacall_error_release(metacall_error_take());
        napi_get_null(napi, &result);
        return result;
    }
    napi_create_string_utf8(napi, tag, NAPI_AUTO_LENGTH, &result);
    return result;
}

/* intercept(function or name, before, after): hooks of JavaScript, null or functions */
static napi_value intercept(napi_env napi, napi_callback_info info)
{
    metacall_value slot = METACALL_SLOT_INIT;
    metacall_function *function = NULL;
    napi_valuetype type = napi_undefined;
    napi_value args[3], result;
    size_t count = 3;
    struct node_env *env = env_of(napi, info, &count, args);
    char *name;

    if (!env)
        return NULL;
    napi_typeof(napi, args[0], &type);
    if (type == napi_string) {
        name = node_value_text(env, args[0], NULL);
        function = name ? find(env, name) : NULL;
        free(name);
    } else if (type == napi_function && node_value_take(env, args[0], NULL, &slot) == 0) {
        if (slot.id == METACALL_FUNCTION)
            metacall_function_reference(function = slot.as.function);
        else
            metacall_error_raise(METACALL_ERROR_TYPE, "intercept: a class has no calls of its own "
                                                      "to be seen; its methods have");
        metacall_slot_clear(&slot);
    }
    if (!function) {
        if (!metacall_error_peek())
            metacall_error_raise(METACALL_ERROR_TYPE,
                                 "intercept: a function, or the name of one, is needed");
        return node_error_throw(env);
    }
    result = node_intercept_add(env, function, args[1], args[2]);
    metacall_function_release(function);
    return result;
}

/* log(): what happens from now on goes to standard error */
static napi_value log_on(napi_env napi, napi_callback_info info)
{
    struct metacall_log_stdio_type stdio = {stderr};
    size_t count = 0;
    struct node_env *env = env_of(napi, info, &count, NULL);

    if (!env)
        return NULL;
    if (metacall_log(METACALL_LOG_STDIO, &stdio) != 0)
        return node_error_throw(env);
    return undefined(env);
}

/* setup(require): index.js hands over what only a module has. bootstrap/ waits until something
 * is asked for: a program that only requires us does not pay for it. */
static napi_value setup(napi_env napi, napi_callback_info info)
{
    struct node_env *env = NULL;
    napi_value require;
    size_t count = 1;

    if (napi_get_cb_info(napi, info, &count, &require, NULL, (void **)&env) == napi_ok &&
        count == 1 && !env->ready && !env->require)
        napi_create_reference(napi, require, 1, &env->require);
    return NULL;
}

/* shared(): what the scripts of bootstrap/ have made */
static napi_value shared(napi_env napi, napi_callback_info info)
{
    size_t count = 0;
    struct node_env *env = env_of(napi, info, &count, NULL);
    napi_value made = NULL;

    if (env)
        napi_get_reference_value(napi, env->shared, &made);
    return made;
}

/* foreignError(): the class */
static napi_value foreign_error(napi_env napi, napi_callback_info info)
{
    size_t count = 0;
    struct node_env *env = env_of(napi, info, &count, NULL);

    return env ? node_env_helper(env, NODE_FOREIGN_ERROR) : NULL;
}

static const struct {
    const char *name;
    napi_callback function;
} port_functions[] = {
    {"setup", setup},         {"foreignError", foreign_error},
    {"call", call},           {"callJson", call_json},
    {"load", load},           {"handle", handle_of},
    {"inspect", inspect},     {"executionPath", execution_path},
    {"tagOf", tag_of},        {"log", log_on},
    {"intercept", intercept}, {"shared", shared},
};

napi_value node_port_fill(napi_env napi, napi_value exports)
{
    struct node_loader *owner = node_loader_get();
    struct node_env *env = node_env_current();
    napi_value function;

    if (!env && owner->embed && node_embed_here(owner->embed))
        env = owner->main;
    if (!env) {
        env = node_env_create(napi, owner, NULL);
        if (env)
            node_loader_adopt(owner, env);
    }
    if (!env) {
        metacall_error *error = metacall_error_peek();
        napi_throw_error(napi, NULL, error && error->message ? error->message : "metacall");
        return NULL;
    }
    for (size_t i = 0; i < sizeof port_functions / sizeof port_functions[0]; i++) {
        if (napi_create_function(env->napi, port_functions[i].name, NAPI_AUTO_LENGTH,
                                 port_functions[i].function, env, &function) != napi_ok ||
            napi_set_named_property(napi, exports, port_functions[i].name, function) != napi_ok)
            return NULL;
    }
    if (!env->exports)
        napi_create_reference(napi, exports, 1, &env->exports);
    return exports;
}
