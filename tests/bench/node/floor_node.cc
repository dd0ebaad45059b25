/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The floors of the rows about an embedded Node: a bare embedder of the same libnode, without this
 * library. `floor_node call [count]` prints nanoseconds of one C -> JavaScript -> C call of
 * (a, b) => a + b, lock and scopes taken for each; `floor_node callback` the same where the
 * function calls a C function in turn; `floor_node start` prints milliseconds from the start to
 * ready; `floor_node memory` the bytes that are resident then. */
#include <node.h>
#include <node_api.h>
#include <uv.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <time.h>
#include <vector>

namespace
{

napi_env the_env;
napi_ref the_function;

double now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/* Bytes of this process that are in memory. */
long resident()
{
    long all = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &all, &pages) != 2)
        abort();
    fclose(file);
    return pages * 4096;
}

napi_value keep(napi_env env, napi_callback_info info)
{
    size_t count = 1;
    napi_value function;
    napi_get_cb_info(env, info, &count, &function, nullptr, nullptr);
    napi_create_reference(env, function, 1, &the_function);
    return nullptr;
}

napi_value back(napi_env env, napi_callback_info info)
{
    size_t count = 1;
    napi_value value;
    int32_t number = 0;
    napi_get_cb_info(env, info, &count, &value, nullptr, nullptr);
    napi_get_value_int32(env, value, &number);
    napi_create_int32(env, number + 1, &value);
    return value;
}

napi_value init(napi_env env, napi_value exports)
{
    napi_value function;
    the_env = env;
    napi_create_function(env, "keep", NAPI_AUTO_LENGTH, keep, nullptr, &function);
    napi_set_named_property(env, exports, "keep", function);
    napi_create_function(env, "back", NAPI_AUTO_LENGTH, back, nullptr, &function);
    napi_set_named_property(env, exports, "back", function);
    return exports;
}

int32_t call(v8::Isolate *isolate, v8::Global<v8::Context> &context, int32_t a, int32_t b)
{
    v8::Locker locker(isolate);
    v8::Isolate::Scope isolate_scope(isolate);
    v8::HandleScope handles(isolate);
    v8::Context::Scope context_scope(context.Get(isolate));
    napi_value function, undefined, args[2], result;
    int32_t number = 0;

    napi_get_reference_value(the_env, the_function, &function);
    napi_get_undefined(the_env, &undefined);
    napi_create_int32(the_env, a, &args[0]);
    napi_create_int32(the_env, b, &args[1]);
    if (napi_call_function(the_env, undefined, function, 2, args, &result) != napi_ok)
        abort();
    napi_get_value_int32(the_env, result, &number);
    return number;
}

} // namespace

int main(int argc, char **argv)
{
    using namespace node::ProcessInitializationFlags;
    const char *what = argc > 1 ? argv[1] : "call";
    int count = argc > 2 ? atoi(argv[2]) : 200000;
    const std::vector<std::string> args = {argv[0]};
    std::vector<std::string> errors;
    double start = now();

    auto result =
        node::InitializeOncePerProcess(args, {kNoInitializeV8, kNoInitializeNodeV8Platform,
                                              kNoDefaultSignalHandling, kNoStdioInitialization});
    auto platform = node::MultiIsolatePlatform::Create(2);
    v8::V8::InitializePlatform(platform.get());
    v8::V8::Initialize();
    auto setup = node::CommonEnvironmentSetup::Create(platform.get(), &errors, args, args);
    if (!setup)
        return 1;
    v8::Isolate *isolate = setup->isolate();
    v8::Global<v8::Context> context;
    {
        v8::Locker locker(isolate);
        v8::Isolate::Scope isolate_scope(isolate);
        v8::HandleScope handles(isolate);
        v8::Context::Scope context_scope(setup->context());
        context.Reset(isolate, setup->context());
        node::AddLinkedBinding(setup->env(), "floor", init);
        const char *script =
            strcmp(what, "callback") == 0
                ? "const { keep, back } = process._linkedBinding('floor'); keep((a) => back(a))"
                : "process._linkedBinding('floor').keep((a, b) => a + b)";
        if (node::LoadEnvironment(setup->env(), script).IsEmpty())
            return 1;
    }
    if (strcmp(what, "start") == 0) {
        printf("%.3f\n", (now() - start) / 1e6);
    } else if (strcmp(what, "memory") == 0) {
        call(isolate, context, 1, 1);
        printf("%ld\n", resident());
    } else {
        for (int i = 0; i < count / 5; i++)
            call(isolate, context, i, 1);
        start = now();
        for (int i = 0; i < count; i++)
            if (call(isolate, context, i, 1) != i + 1)
                return 1;
        printf("%.1f\n", (now() - start) / count);
    }
    fflush(stdout);
    _Exit(0);
}
