/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The lifecycle hooks: start and end of an embedded Node, attach and detach in a host. */
#include "node_loader.h"
#include "node_error.h"
#include "node_future.h"
#include "node_value.h"

#include <dlfcn.h>
#include <metacall/host.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOOK METACALL_API

#define BINDING "metacall_node"
/* How long files that are being written may take when an embedded Node is stopped. */
#define SETTLE_MS 2000

HOOK int node_loader_initialize(metacall_loader *loader,
                                const struct metacall_loader_config *config);
HOOK int node_loader_host_attach(metacall_loader *loader,
                                 const struct metacall_loader_config *config);
HOOK int node_loader_execution_path(metacall_loader *loader, const char *path);
HOOK int node_loader_host_detach(metacall_loader *loader);
HOOK int node_loader_destroy(metacall_loader *loader);

static struct node_loader node;

struct node_loader *node_loader_get(void)
{
    return &node;
}

struct node_env *node_loader_env(struct node_loader *owner)
{
    struct node_env *env = node_env_current();

    if (!env)
        env = owner->main;
    if (!env)
        metacall_error_raise(METACALL_ERROR_STATE,
                             "node: only a worker attached, and this thread is none of Node's; "
                             "require('metacall') in the main thread as well");
    return env;
}

void node_loader_adopt(struct node_loader *owner, struct node_env *env)
{
    /* The process's first thread is the one whose end is Node's. */
    if (!owner->embed && !owner->main && syscall(SYS_gettid) == getpid())
        owner->main = env;
}

/* ---------------------------------------------------------------------------------- embedded */

/* process._linkedBinding(...).start(require) */
static napi_value start(napi_env napi, napi_callback_info info)
{
    const struct metacall_loader_config *config = metacall_loader_configuration(node.loader);
    napi_value require, options, list, value;
    size_t count = 1;

    if (napi_get_cb_info(napi, info, &count, &require, NULL, NULL) != napi_ok || count != 1 ||
        napi_create_object(napi, &options) != napi_ok)
        return NULL;
    napi_get_boolean(napi, true, &value);
    napi_set_named_property(napi, options, "embedded", value);
    napi_create_array(napi, &list);
    for (int i = 0; i < config->argc; i++) {
        napi_create_string_utf8(napi, config->argv[i], NAPI_AUTO_LENGTH, &value);
        napi_set_element(napi, list, (uint32_t)i, value);
    }
    napi_set_named_property(napi, options, "argv", list);
    napi_create_array(napi, &list);
    for (uint32_t i = 0; config->execution_paths && config->execution_paths[i]; i++) {
        napi_create_string_utf8(napi, config->execution_paths[i], NAPI_AUTO_LENGTH, &value);
        napi_set_element(napi, list, i, value);
    }
    napi_set_named_property(napi, options, "paths", list);
    if (config->runtime_executable) {
        napi_create_string_utf8(napi, config->runtime_executable, NAPI_AUTO_LENGTH, &value);
        napi_set_named_property(napi, options, "executable", value);
    }
    if (node_env_bootstrap(node.main, require, options) != 0) {
        metacall_error *error = metacall_error_peek();
        napi_throw_error(napi, NULL, error && error->message ? error->message : "metacall");
    }
    return NULL;
}

static napi_value bind(napi_env napi, napi_value exports)
{
    napi_value function;

    node.main = node_env_create(napi, &node, node.embed);
    if (!node.main)
        return NULL;
    napi_create_function(napi, "start", NAPI_AUTO_LENGTH, start, NULL, &function);
    napi_set_named_property(napi, exports, "start", function);
    return exports;
}

/* fatal(error): what nobody caught, before Node ends over it. Its stack is asked for while there is
 * JavaScript to tell it. */
static napi_value keep_fatal(napi_env napi, napi_callback_info info)
{
    struct node_env *env = NULL;
    metacall_error *error, *none = NULL;
    napi_value thrown;
    size_t count = 1;

    if (napi_get_cb_info(napi, info, &count, &thrown, NULL, (void **)&env) != napi_ok || count != 1)
        return NULL;
    error = node_error_take(env, thrown);
    if (!error) {
        metacall_error_release(metacall_error_take());
        return NULL;
    }
    metacall_error_stack(error);
    if (!__atomic_compare_exchange_n(&node.fatal, &none, error, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
        metacall_error_release(error);
    return NULL;
}

int node_loader_natives(struct node_env *env, napi_value native)
{
    napi_value function;

    return napi_create_function(env->napi, "fatal", NAPI_AUTO_LENGTH, keep_fatal, env, &function) ==
                       napi_ok &&
                   napi_set_named_property(env->napi, native, "fatal", function) == napi_ok
               ? 0
               : -1;
}

static int same_file(const char *one, const char *other)
{
    struct stat a, b;

    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* The linked plugin in a process that is Node already would bind to that Node's symbols, and start
 * a second Node on top of the first one's data: a crash. */
static int refuse_second_node(const struct metacall_loader_config *config)
{
    Dl_info provider;

    if (!config->runtime_library || dladdr((void *)napi_create_function, &provider) == 0 ||
        !provider.dli_fname || same_file(provider.dli_fname, config->runtime_library))
        return 0;
    return metacall_error_raise(
        METACALL_ERROR_LOADER,
        "node: this process is Node already (Node-API is in %s, not in %s); "
        "a second one cannot be started in it: use require('metacall'), "
        "which attaches to the running one",
        provider.dli_fname, config->runtime_library);
}

/* V8 keeps its heap out of children: a host's JavaScript is gone there as well. */
static void lost_in_fork(void)
{
    node.lost = 1;
    if (node.embed)
        node_embed_lost(node.embed);
}

int node_loader_initialize(metacall_loader *loader, const struct metacall_loader_config *config)
{
    static int started;
    const char *executable = config->runtime_executable ? config->runtime_executable : "node";

    if (started)
        return metacall_error_raise(METACALL_ERROR_STATE,
                                    "node: Node was stopped; it cannot be started twice in one "
                                    "process");
    if (refuse_second_node(config) != 0 || node_preflight(config->runtime_library) != 0)
        return -1;
    started = 1;
    node.loader = loader;
    if (node_embed_start(executable, BINDING, bind,
                         "process._linkedBinding('" BINDING "').start(require)",
                         &node.embed) != 0) {
        node.embed = NULL;
        return -1;
    }
    pthread_atfork(NULL, NULL, lost_in_fork);
    metacall_loader_set_data(loader, &node);
    metacall_loader_set_port(loader, (void *)node_port_fill);
    return 0;
}

static int close_inside(struct node_env *env, void *data)
{
    (void)data;
    node_env_sweep(env);
    return 0;
}

int node_loader_destroy(metacall_loader *loader)
{
    const struct metacall_loader_config *config = metacall_loader_configuration(loader);
    metacall_error *error;
    int code = 0;

    if (!node.embed || node.lost)
        return 0;
    if (config->argc > 0)
        code = node_embed_finish(node.embed);
    else
        node_embed_settle(node.embed, SETTLE_MS);
    if (node_env_run(node.main, close_inside, NULL) != 0)
        metacall_error_release(metacall_error_take());
    __atomic_store_n(&node.main->closed, 1, __ATOMIC_SEQ_CST);
    node_queue_close(node.main);
    node_future_end_all(node.main);
    node_embed_stop(node.embed);
    if (code == 0)
        return 0;
    error = metacall_error_create(METACALL_ERROR_EXIT, "Exit", NULL);
    if (!error)
        return -1;
    error->exit_status = code;
    return metacall_error_set(error);
}

/* -------------------------------------------------------------------------------------- host */

/* process.exit, an uncaught error: Node calls exit() and no clean-up hook runs. JavaScript must
 * not be touched here. */
static void at_exit(void)
{
    node_loader_host_ends(&node);
}

void node_loader_host_ends(struct node_loader *owner)
{
    if (__atomic_exchange_n(&owner->ending, 1, __ATOMIC_SEQ_CST))
        return;
    /* Guests that call JavaScript from their own exit handlers are refused, not served. */
    if (owner->main) {
        __atomic_store_n(&owner->main->closed, 1, __ATOMIC_SEQ_CST);
        node_queue_close(owner->main);
    }
    metacall_host_exit();
}

int node_loader_host_attach(metacall_loader *loader, const struct metacall_loader_config *config)
{
    struct node_env *env;

    if (!config->host)
        return metacall_error_raise(METACALL_ERROR_HOST,
                                    "node: the host variant needs the environment that "
                                    "require('metacall') hands over");
    node.loader = loader;
    env = node_env_create(config->host, &node, NULL);
    if (!env)
        return -1;
    node_loader_adopt(&node, env);
    atexit(at_exit);
    pthread_atfork(NULL, NULL, lost_in_fork);
    metacall_loader_set_data(loader, &node);
    metacall_loader_set_port(loader, (void *)node_port_fill);
    return 0;
}

int node_loader_host_detach(metacall_loader *loader)
{
    (void)loader;
    if (!node.main)
        return 0;
    __atomic_store_n(&node.main->closed, 1, __ATOMIC_SEQ_CST);
    node_queue_close(node.main);
    return 0;
}

/* ------------------------------------------------------------------------------------- paths */

static int add_path(struct node_env *env, void *data)
{
    napi_value path;

    if (node_env_prepare(env) != 0 || node_value_string(env, data, strlen(data), &path) != 0)
        return -1;
    return node_env_help(env, NODE_ADD_PATH, 1, &path)
               ? 0
               : node_error_from_pending(env, METACALL_ERROR_LOADER);
}

int node_loader_execution_path(metacall_loader *loader, const char *path)
{
    struct node_env *env = node_loader_env(metacall_loader_data(loader));

    return env ? node_env_run(env, add_path, (void *)path) : -1;
}
