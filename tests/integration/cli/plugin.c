/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The plugin of the small runtime: as many hooks as a manifest must name, and one call into the
 * runtime, so that the plugin really needs it. It is checked here, never opened. */
#include <metacall/loader.h>

extern int clirt_run(const char *text);

METACALL_API int rt_loader_initialize(metacall_loader *loader,
                                      const struct metacall_loader_config *config);
METACALL_API int rt_loader_load_from_file(metacall_loader *loader, metacall_handle *handle,
                                          const char *const paths[], size_t count);
METACALL_API int rt_loader_load_from_memory(metacall_loader *loader, metacall_handle *handle,
                                            const char *text, size_t size);
METACALL_API int rt_loader_destroy(metacall_loader *loader);

int rt_loader_initialize(metacall_loader *loader, const struct metacall_loader_config *config)
{
    (void)loader;
    (void)config;
    return clirt_run("");
}

int rt_loader_load_from_file(metacall_loader *loader, metacall_handle *handle,
                             const char *const paths[], size_t count)
{
    (void)loader;
    (void)handle;
    (void)paths;
    (void)count;
    return 0;
}

int rt_loader_load_from_memory(metacall_loader *loader, metacall_handle *handle, const char *text,
                               size_t size)
{
    (void)loader;
    (void)handle;
    (void)text;
    (void)size;
    return 0;
}

int rt_loader_destroy(metacall_loader *loader)
{
    (void)loader;
    return 0;
}
