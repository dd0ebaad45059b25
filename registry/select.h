/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Which variant of a loader fits this process, and why. */
#ifndef REGISTRY_SELECT_H
#define REGISTRY_SELECT_H

#include "registry/recognise.h"
#include "registry/runtime_library.h"

struct select_request {
    struct catalog *catalog;
    const char *host_tag;     /* the runtime that attached; NULL = nobody did */
    const char *host_version; /* as it said; NULL = unknown */
    int probe;                /* commands may be run */
    int exact;                /* full versions are wanted, also where that costs */
};

struct selection {
    const struct catalog_tag *tag;
    const struct manifest *manifest; /* NULL = none that counts */
    enum metacall_registry_status status;
    const struct manifest_variant *variant; /* NULL = none */
    const char *plugin;
    const char *needed; /* the plugin's DT_NEEDED that matched, NULL = none */
    struct runtime_found runtime;
    const struct host_finding *host; /* the runtime is here; NULL = it is not */
    int is_host;                     /* the variant binds to it */
    const char *reason;
    struct recognition recognition; /* owns `host` */
};

/* Fills in a selection; -1 only for errors such as memory. Free with selection_finish. Texts lie in
 * the arena, the manifest in the catalog. */
int select_variant(const struct select_request *request, const struct catalog_tag *tag,
                   struct arena *arena, struct trace *trace, struct selection *ret_selection);
void selection_finish(struct selection *selection);

/* The path that a variant's library stands for; NULL when no such file is there: *ret_looked then
 * says where was looked. */
const char *select_plugin(struct catalog *catalog, const struct manifest *manifest,
                          const char *library, struct arena *arena, const char **ret_looked);
/* A path of a manifest made absolute: relative ones from its folder. */
const char *select_path(const struct manifest *manifest, struct arena *arena, const char *path);

#endif /* REGISTRY_SELECT_H */
