/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The last step: from a tag to a running loader. find -> select -> check -> bind -> start. */
#ifndef REGISTRY_LOAD_H
#define REGISTRY_LOAD_H

#include <metacall/loader.h>
#include <metacall/registry.h>

struct registry_load_request {
    const char *tag;
    const char *host_tag;     /* the runtime that attached; NULL = nobody did */
    const char *host_version; /* as its port said; NULL = ask the symbols */
    void *host_data;          /* for metacall_loader_config.host, when tag is host_tag */
    int argc;                 /* the script's arguments, in the runner */
    char *const *argv;
};

/* Chooses the variant of `tag` for this process, proves it, binds it and starts the loader
 * (loader_table_start). Thread-safe. 0, or -1 with the error set: it names the manifest, the
 * variants and why each was rejected, and what to do. */
int registry_load(metacall_registry *registry, const struct registry_load_request *request,
                  metacall_loader **ret_loader);

#endif /* REGISTRY_LOAD_H */
