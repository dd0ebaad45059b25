/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* require('./st_real.node').open(strategy, plugin, needed): {opened, message, owner, owners,
 * mapped, answer, major}. */
#define NAPI_VERSION 8
#include <node_api.h>

#include "real_open.h"

static const char *text_of(napi_env env, napi_value value, char *room, size_t size)
{
    return napi_get_value_string_utf8(env, value, room, size, NULL) == napi_ok ? room : NULL;
}

static void set_text(napi_env env, napi_value object, const char *name, const char *text)
{
    napi_value value;

    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
    napi_set_named_property(env, object, name, value);
}

static void set_number(napi_env env, napi_value object, const char *name, int number)
{
    napi_value value;

    napi_create_int32(env, number, &value);
    napi_set_named_property(env, object, name, value);
}

static napi_value open_plugin(napi_env env, napi_callback_info info)
{
    char strategy[32], plugin[4096], needed[64];
    size_t count = 3;
    napi_value args[3], object;
    struct real_result result;

    napi_get_cb_info(env, info, &count, args, NULL, NULL);
    struct real_request request = {.tag = "node",
                                   .strategy = text_of(env, args[0], strategy, sizeof(strategy)),
                                   .plugin = text_of(env, args[1], plugin, sizeof(plugin)),
                                   .needed = text_of(env, args[2], needed, sizeof(needed))};
    real_open(&request, &result);
    napi_create_object(env, &object);
    set_number(env, object, "opened", result.function != NULL);
    set_text(env, object, "message", result.message);
    set_text(env, object, "owner", result.owner);
    set_number(env, object, "owners", (int)result.owners);
    set_number(env, object, "running", result.running);
    if (result.function)
        ((int (*)(napi_env, napi_value))result.function)(env, object);
    set_number(env, object, "mapped", real_mapped("libnode.so"));
    return object;
}

static napi_value register_module(napi_env env, napi_value exports)
{
    napi_value function;

    napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_plugin, NULL, &function);
    napi_set_named_property(env, exports, "open", function);
    return exports;
}

NAPI_MODULE(st_real, register_module)
