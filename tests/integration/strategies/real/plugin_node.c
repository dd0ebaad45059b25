/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A plugin of Node by Node-API. With PLUGIN_DEEP it uses a symbol of V8 itself, which changes from
 * version to version. */
#define NAPI_VERSION 8
#include <node_api.h>

__attribute__((visibility("default"))) int real_plugin(napi_env env, napi_value exports);

static napi_status (*const makers[])(napi_env, int32_t, napi_value *) = {napi_create_int32};

#ifdef PLUGIN_DEEP
/* v8::Isolate::GetHeapStatistics(v8::HeapStatistics *), and one that no Node has */
extern int _ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE(void);
extern int _ZN2v87Isolate21GoneInAnotherVersion8Ev(void);
int (*volatile deep)(void) = _ZN2v87Isolate21GoneInAnotherVersion8Ev;
int (*volatile deep_too)(void) = _ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE;
#endif

int real_plugin(napi_env env, napi_value exports)
{
    const napi_node_version *version;
    napi_value value;

    if (makers[0](env, 42, &value) != napi_ok ||
        napi_set_named_property(env, exports, "answer", value) != napi_ok ||
        napi_get_node_version(env, &version) != napi_ok ||
        napi_create_uint32(env, version->major, &value) != napi_ok ||
        napi_set_named_property(env, exports, "major", value) != napi_ok)
        return 1;
    return 0;
}
