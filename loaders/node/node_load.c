/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The hooks that load scripts and look into the main module. */
#include "node_load.h"
#include "node_error.h"
#include "node_function.h"
#include "node_loader.h"
#include "node_value.h"

#include <stdlib.h>
#include <string.h>

#define HOOK METACALL_API

HOOK int node_loader_load_from_file(metacall_loader *loader, metacall_handle *handle,
                                    const char *const paths[], size_t count);
HOOK int node_loader_load_from_memory(metacall_loader *loader, metacall_handle *handle,
                                      const char *text, size_t size);
HOOK int node_loader_load_from_package(metacall_loader *loader, metacall_handle *handle,
                                       const char *name);
HOOK int node_loader_discover(metacall_loader *loader, metacall_handle *handle, const char *name);
HOOK int node_loader_clear(metacall_loader *loader, metacall_handle *handle);

static __thread napi_value collected;

void node_load_collect(napi_value list)
{
    collected = list;
}

/* One script on its way in. */
struct load {
    metacall_handle *handle;
    const char *name; /* path or package */
    const char *text; /* from memory */
    size_t size;
    int main;         /* it is the program of this process */
    int update;       /* replace names that exist: the main module of a host */
    napi_ref waiting; /* [state, value]: an ES module that is not there yet */
};

/* The handle's own: the files behind it, for `clear`. */
struct node_module {
    struct node_module *next;
    char path[];
};

static int keep_path(metacall_handle *handle, const char *path)
{
    struct node_module *module = malloc(sizeof *module + strlen(path) + 1);

    if (!module)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    strcpy(module->path, path);
    module->next = metacall_handle_data(handle);
    metacall_handle_set_data(handle, module);
    return 0;
}

static int forget_all(struct node_env *env, metacall_handle *handle);

/* Defines the pairs [name, function, name, function ...] in the handle. */
static int define_all(struct node_env *env, struct load *load, napi_value pairs)
{
    uint32_t count = 0;
    int rc = 0;

    napi_get_array_length(env->napi, pairs, &count);
    for (uint32_t i = 0; i + 1 < count && rc == 0; i += 2) {
        metacall_value slot = METACALL_SLOT_INIT;
        napi_value key, value;
        char *name = NULL;
        if (napi_get_element(env->napi, pairs, i, &key) == napi_ok &&
            napi_get_element(env->napi, pairs, i + 1, &value) == napi_ok)
            name = node_value_text(env, key, NULL);
        if (!name)
            return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        rc = node_function_take_as(env, value, name, &slot);
        if (rc == 0)
            rc = load->update ? metacall_handle_update(load->handle, name, &slot)
                              : metacall_handle_define(load->handle, name, &slot);
        metacall_slot_clear(&slot);
        free(name);
    }
    return rc;
}

static int define_exports(struct node_env *env, struct load *load, napi_value exports)
{
    napi_value args[2] = {exports, NULL}, pairs;

    if (node_value_string(env, load->name ? load->name : "memory",
                          strlen(load->name ? load->name : "memory"), &args[1]) != 0)
        return -1;
    pairs = node_env_help(env, NODE_FUNCTIONS_OF, 2, args);
    if (!pairs)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    if (collected) {
        uint32_t at = 0;
        napi_get_array_length(env->napi, collected, &at);
        napi_set_element(env->napi, collected, at, exports);
    }
    return define_all(env, load, pairs);
}

/* Where a promise came back: 1 when there is nothing to wait for. */
static int wait_for(struct node_env *env, struct load *load, napi_value exports)
{
    napi_value box;
    bool promise = false;

    if (napi_is_promise(env->napi, exports, &promise) != napi_ok || !promise || !env->embed)
        return 1;
    box = node_env_help(env, NODE_WATCH, 1, &exports);
    if (!box || napi_create_reference(env->napi, box, 1, &load->waiting) != napi_ok)
        return node_error_from_pending(env, METACALL_ERROR_LOAD);
    return 0;
}

/* What a load failed with: JavaScript's own error, unless there was no file to begin with. */
static int fail_to_load(struct node_env *env)
{
    metacall_error *error;
    int rc = node_error_from_pending(env, METACALL_ERROR_GUEST);

    error = metacall_error_take();
    if (error && error->code_name && strcmp(error->code_name, "ERR_METACALL_NO_FILE") == 0)
        rc = metacall_error_raise(METACALL_ERROR_NOT_FOUND, "%s", error->message);
    else if (error)
        return metacall_error_set(error);
    metacall_error_release(error);
    return rc;
}

static int load_inside(struct node_env *env, void *data)
{
    struct load *load = data;
    enum node_helper helper = load->text ? NODE_LOAD_TEXT : NODE_LOAD_FILE;
    napi_value args[2], exports;
    int rc;

    if (node_env_prepare(env) != 0)
        return -1;
    if (load->text)
        rc = node_value_string(env, load->text, load->size, &args[0]);
    else
        rc = node_value_string(env, load->name, strlen(load->name), &args[0]);
    if (rc != 0)
        return -1;
    napi_get_boolean(env->napi, load->main != 0, &args[1]);
    exports = node_env_help(env, helper, load->text ? 1 : 2, args);
    if (!exports)
        return fail_to_load(env);
    rc = wait_for(env, load, exports);
    return rc <= 0 ? rc : define_exports(env, load, exports);
}

static int load_package_inside(struct node_env *env, void *data)
{
    struct load *load = data;
    napi_value name, exports;
    int rc;

    if (node_env_prepare(env) != 0 ||
        node_value_string(env, load->name, strlen(load->name), &name) != 0)
        return -1;
    exports = node_env_help(env, NODE_LOAD_PACKAGE, 1, &name);
    if (!exports)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    rc = wait_for(env, load, exports);
    return rc <= 0 ? rc : define_exports(env, load, exports);
}

/* state of the box: 0 = pending, 1 = there, 2 = failed */
static int32_t box_state(struct node_env *env, napi_ref ref, napi_value *ret_value)
{
    napi_value box, state;
    int32_t number = 0;

    if (napi_get_reference_value(env->napi, ref, &box) == napi_ok && box &&
        napi_get_element(env->napi, box, 0, &state) == napi_ok)
        napi_get_value_int32(env->napi, state, &number);
    if (ret_value)
        napi_get_element(env->napi, box, 1, ret_value);
    return number;
}

struct settled {
    struct node_env *env;
    struct load *load;
};

static int is_settled(void *data)
{
    struct settled *settled = data;

    return box_state(settled->env, settled->load->waiting, NULL) != 0;
}

static int take_settled(struct node_env *env, void *data)
{
    struct load *load = data;
    napi_value value = NULL;
    int32_t state = box_state(env, load->waiting, &value);

    napi_delete_reference(env->napi, load->waiting);
    load->waiting = NULL;
    if (state == 1)
        return define_exports(env, load, value);
    if (state == 2) {
        metacall_error *error = node_error_take(env, value);
        return error ? metacall_error_set(error) : -1;
    }
    return metacall_error_raise(METACALL_ERROR_LOAD,
                                "%s: its top-level await never ends, nothing is left to wait for",
                                load->name ? load->name : "the script from memory");
}

/* `begin` may leave a promise to be waited for. */
static int load_one(struct node_env *env, struct load *load,
                    int (*begin)(struct node_env *env, void *data))
{
    struct settled settled = {env, load};

    if (node_env_run(env, begin, load) != 0)
        return -1;
    if (!load->waiting)
        return 0;
    if (node_embed_spin(env->embed, is_settled, &settled) < 0)
        return node_env_refuse(env);
    return node_env_run(env, take_settled, load);
}

/* The program of this process is over when nothing is left to be done, as with `node script.js`. */
static int run_program(struct node_env *env)
{
    int code = node_embed_finish(env->embed);

    return code == 0 ? 0 : node_env_refuse(env);
}

static int end_inside(struct node_env *env, void *data)
{
    (void)data;
    node_embed_exit(env->embed, 1);
    return 0;
}

static int is_program(struct node_env *env, const char *path)
{
    static int seen;
    const struct metacall_loader_config *config = metacall_loader_configuration(env->owner->loader);
    char *one, *other;
    int same;

    if (!env->embed || config->argc < 1 || seen)
        return 0;
    one = realpath(path, NULL);
    other = realpath(config->argv[0], NULL);
    same = strcmp(path, config->argv[0]) == 0 || (one && other && strcmp(one, other) == 0);
    free(one);
    free(other);
    seen |= same;
    return same;
}

/* A failure of the program is the end of it, as of any program of Node's. Its stack is asked for
 * while JavaScript can still tell it. */
static void abandon_program(struct node_env *env)
{
    metacall_error *error = metacall_error_take();

    if (!error)
        return;
    metacall_error_stack(error);
    if (error->code == METACALL_ERROR_GUEST && node_env_run(env, end_inside, NULL) != 0)
        metacall_error_release(metacall_error_take());
    metacall_error_set(error);
}

int node_loader_load_from_file(metacall_loader *loader, metacall_handle *handle,
                               const char *const paths[], size_t count)
{
    struct node_env *env = node_loader_env(metacall_loader_data(loader));
    metacall_error *error;

    if (!env)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct load load = {.handle = handle, .name = paths[i]};
        int rc = keep_path(handle, paths[i]);
        load.main = is_program(env, paths[i]);
        if (rc == 0)
            rc = load_one(env, &load, load_inside);
        if (rc != 0 && load.main)
            abandon_program(env);
        if (rc == 0 && load.main)
            rc = run_program(env);
        if (rc != 0) {
            error = metacall_error_take();
            forget_all(env, handle);
            metacall_error_release(metacall_error_take());
            return error ? metacall_error_set(error) : -1;
        }
    }
    return 0;
}

int node_loader_load_from_memory(metacall_loader *loader, metacall_handle *handle, const char *text,
                                 size_t size)
{
    struct node_env *env = node_loader_env(metacall_loader_data(loader));
    struct load load = {.handle = handle, .text = text, .size = size};

    if (!env)
        return -1;
    if (size > 0 && text[size - 1] == '\0')
        load.size--;
    return load_one(env, &load, load_inside);
}

int node_loader_load_from_package(metacall_loader *loader, metacall_handle *handle,
                                  const char *name)
{
    struct node_env *env = node_loader_env(metacall_loader_data(loader));
    struct load load = {.handle = handle, .name = name};

    return env ? load_one(env, &load, load_package_inside) : -1;
}

static int discover_inside(struct node_env *env, void *data)
{
    struct load *load = data;
    napi_value name, pairs;

    if (node_env_prepare(env) != 0)
        return -1;
    if (!load->name)
        napi_get_null(env->napi, &name);
    else if (node_value_string(env, load->name, strlen(load->name), &name) != 0)
        return -1;
    pairs = node_env_help(env, NODE_DISCOVER, 1, &name);
    if (!pairs)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    return define_all(env, load, pairs);
}

int node_loader_discover(metacall_loader *loader, metacall_handle *handle, const char *name)
{
    struct node_env *env = node_loader_env(metacall_loader_data(loader));
    struct load load = {.handle = handle, .name = name, .update = 1};

    return env ? node_env_run(env, discover_inside, &load) : -1;
}

static int forget_inside(struct node_env *env, void *data)
{
    napi_value path;

    if (node_value_string(env, data, strlen(data), &path) != 0 ||
        !node_env_help(env, NODE_FORGET, 1, &path))
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    return 0;
}

static int forget_all(struct node_env *env, metacall_handle *handle)
{
    struct node_module *module = metacall_handle_data(handle);
    int rc = 0, alive = env && node_env_alive(env);

    metacall_handle_set_data(handle, NULL);
    while (module) {
        struct node_module *next = module->next;
        if (alive && node_env_run(env, forget_inside, module->path) != 0)
            rc = -1;
        free(module);
        module = next;
    }
    return rc;
}

int node_loader_clear(metacall_loader *loader, metacall_handle *handle)
{
    struct node_env *env = node_loader_env(metacall_loader_data(loader));

    if (!env)
        metacall_error_release(metacall_error_take());
    return forget_all(env, handle);
}
