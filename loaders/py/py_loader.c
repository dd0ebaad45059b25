/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The hooks that the manifest names. Each enters Python by itself. */
#include "py_embed.h"
#include "py_error.h"
#include "py_module.h"
#include "py_port.h"
#include "py_runtime.h"

#include <metacall/loader.h>
#include <metacall/metacall.h>

#define PY_HOOK __attribute__((visibility("default")))

PY_HOOK int py_loader_initialize(metacall_loader *loader,
                                 const struct metacall_loader_config *config);
PY_HOOK int py_loader_host_attach(metacall_loader *loader,
                                  const struct metacall_loader_config *config);
PY_HOOK int py_loader_execution_path(metacall_loader *loader, const char *path);
PY_HOOK int py_loader_load_from_file(metacall_loader *loader, metacall_handle *handle,
                                     const char *const paths[], size_t count);
PY_HOOK int py_loader_load_from_memory(metacall_loader *loader, metacall_handle *handle,
                                       const char *text, size_t size);
PY_HOOK int py_loader_load_from_package(metacall_loader *loader, metacall_handle *handle,
                                        const char *name);
PY_HOOK int py_loader_discover(metacall_loader *loader, metacall_handle *handle, const char *name);
PY_HOOK int py_loader_clear(metacall_loader *loader, metacall_handle *handle);
PY_HOOK int py_loader_host_detach(metacall_loader *loader);
PY_HOOK int py_loader_destroy(metacall_loader *loader);

int py_loader_initialize(metacall_loader *loader, const struct metacall_loader_config *config)
{
    struct py_scope scope;
    int rc;
    if (py_embed_start(loader, config) != 0)
        return -1;
    metacall_loader_set_port(loader, (void *)py_port_module);
    if (py_enter(&scope) != 0)
        return -1;
    rc = py_port_hook_fork() == 0 ? 0 : py_error_raise();
    py_leave(&scope);
    return rc;
}

int py_loader_host_attach(metacall_loader *loader, const struct metacall_loader_config *config)
{
    struct py_scope scope;
    int rc;
    (void)config;
    if (py_runtime.ended)
        return metacall_error_raise(METACALL_ERROR_STATE,
                                    "the library has ended in this process and cannot attach to "
                                    "Python again");
    if (!Py_IsInitialized())
        return metacall_error_raise(METACALL_ERROR_HOST, "no Python interpreter is running");
    if (py_runtime_prepare(loader, 0) != 0 || py_enter(&scope) != 0)
        return -1;
    metacall_loader_set_port(loader, (void *)py_port_module);
    rc = py_port_hook_host() == 0 && py_port_hook_fork() == 0 ? 0 : py_error_raise();
    py_leave(&scope);
    return rc;
}

int py_loader_execution_path(metacall_loader *loader, const char *path)
{
    struct py_scope scope;
    int rc;
    (void)loader;
    if (py_enter(&scope) != 0)
        return -1;
    rc = py_module_add_path(path);
    py_leave(&scope);
    return rc;
}

int py_loader_load_from_file(metacall_loader *loader, metacall_handle *handle,
                             const char *const paths[], size_t count)
{
    struct py_scope scope;
    int rc;
    if (py_enter(&scope) != 0)
        return -1;
    rc = py_module_load_files(loader, handle, paths, count);
    py_leave(&scope);
    return rc;
}

int py_loader_load_from_memory(metacall_loader *loader, metacall_handle *handle, const char *text,
                               size_t size)
{
    struct py_scope scope;
    int rc;
    (void)loader;
    if (py_enter(&scope) != 0)
        return -1;
    rc = py_module_load_text(handle, text, size);
    py_leave(&scope);
    return rc;
}

int py_loader_load_from_package(metacall_loader *loader, metacall_handle *handle, const char *name)
{
    struct py_scope scope;
    int rc;
    (void)loader;
    if (py_enter(&scope) != 0)
        return -1;
    rc = py_module_load_package(handle, name);
    py_leave(&scope);
    return rc;
}

int py_loader_discover(metacall_loader *loader, metacall_handle *handle, const char *name)
{
    struct py_scope scope;
    int rc;
    (void)loader;
    if (py_enter(&scope) != 0)
        return -1;
    rc = py_discover(handle, name);
    py_leave(&scope);
    return rc;
}

int py_loader_clear(metacall_loader *loader, metacall_handle *handle)
{
    struct py_scope scope;
    int rc;
    if (metacall_handle_data(handle) == NULL)
        return 0;
    if (py_enter(&scope) != 0)
        return -1;
    /* At the end of all, modules stay where they are: the interpreter takes them apart in the order
     * that lets open files keep what was written to them. */
    rc = py_module_clear(handle, metacall_is_initialized(metacall_loader_tag(loader)) == 0);
    py_leave(&scope);
    return rc;
}

int py_loader_host_detach(metacall_loader *loader)
{
    return py_host_finish(loader);
}

int py_loader_destroy(metacall_loader *loader)
{
    return py_embed_finish(loader);
}
