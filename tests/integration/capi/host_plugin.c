/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The host variant of a loader whose runtime is the test program itself: it calls functions that
 * the program exports, and that it is not linked to. */
#include <metacall/loader.h>

#include <string.h>

#define HOST_JOIN_(tag, name) tag##_loader_##name
#define HOST_JOIN(tag, name) HOST_JOIN_(tag, name)
#define HOOK(name) HOST_JOIN(HOST_TAG, name)

/* The runtime. */
extern int host_runtime_value(const char *name, long *ret_value);

static metacall_loader *self;
static int detached;

METACALL_API int HOOK(host_attach)(metacall_loader *loader,
                                   const struct metacall_loader_config *config);
METACALL_API int HOOK(load_from_file)(metacall_loader *loader, metacall_handle *handle,
                                      const char *const paths[], size_t count);
METACALL_API int HOOK(discover)(metacall_loader *loader, metacall_handle *handle, const char *name);
METACALL_API int HOOK(host_detach)(metacall_loader *loader);

static int call(metacall_function *function, const struct metacall_call *args, metacall_value *ret)
{
    long value;
    (void)args;
    if (host_runtime_value(metacall_function_name(function), &value) != 0)
        return metacall_error_raise(METACALL_ERROR_GUEST, "gone");
    metacall_slot_long(ret, value);
    return 0;
}

static const struct metacall_function_ops ops = {call, NULL, NULL, NULL};

int HOOK(host_attach)(metacall_loader *loader, const struct metacall_loader_config *config)
{
    self = loader;
    metacall_loader_set_port(loader, config->host != NULL ? config->host : &detached);
    return config->binding == METACALL_BINDING_HOST
               ? 0
               : metacall_error_raise(METACALL_ERROR_LOADER, "not bound to a host");
}

int HOOK(load_from_file)(metacall_loader *loader, metacall_handle *handle,
                         const char *const paths[], size_t count)
{
    (void)loader, (void)handle, (void)count;
    return metacall_error_raise(METACALL_ERROR_LOAD, "%s: this runtime has no scripts", paths[0]);
}

int HOOK(discover)(metacall_loader *loader, metacall_handle *handle, const char *name)
{
    long value;
    metacall_value slot = METACALL_SLOT_INIT;
    const char *wanted = name != NULL ? name : "main_value";
    if (host_runtime_value(wanted, &value) != 0)
        return 0;
    metacall_function *function = metacall_function_create(loader, wanted, &ops, NULL);
    if (function == NULL)
        return -1;
    metacall_slot_function(&slot, function);
    metacall_function_release(function);
    int result = metacall_handle_update(handle, wanted, &slot);
    metacall_slot_clear(&slot);
    return result;
}

int HOOK(host_detach)(metacall_loader *loader)
{
    if (loader != self)
        return -1;
    long value;
    detached++;
    return host_runtime_value("detached", &value);
}
