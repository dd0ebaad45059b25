/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* metacall.node: the door through which Node comes in. It says to libmetacall that this process is
 * Node, gets the loader's port for it, and lets that fill the exports. All else is the loader's.
 * Node-API 8 alone, no symbol of V8: one file for every Node since 16, and for an embedded one. */
#include <metacall/host.h>
#include <metacall/loader.h>

#include <node_api.h>
#include <stdio.h>

/* What the loader offers: fills `exports` for this environment. NULL with an exception pending. */
typedef napi_value (*door_port)(napi_env env, napi_value exports);

static napi_value door_fail(napi_env env)
{
    metacall_error *error = metacall_error_take();

    napi_throw_error(env, "ERR_METACALL_HOST",
                     error && error->message ? error->message : "metacall: the host attach failed");
    metacall_error_release(error);
    return NULL;
}

NAPI_MODULE_INIT()
{
    const napi_node_version *node = NULL;
    struct metacall_host_handshake handshake = {.tag = "node", .data = env};
    char version[48];
    void *port = NULL;

    if (napi_get_node_version(env, &node) == napi_ok) {
        snprintf(version, sizeof version, "%u.%u.%u", node->major, node->minor, node->patch);
        handshake.version = version;
    }
    if (metacall_host_attach(&handshake, &port) != 0 || !port)
        return door_fail(env);
    return ((door_port)port)(env, exports);
}
