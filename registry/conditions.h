/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Whether a variant's conditions hold here. */
#ifndef REGISTRY_CONDITIONS_H
#define REGISTRY_CONDITIONS_H

#include "registry/recognise.h"

/* What is known of the host while one tag's variants are tried. */
struct condition_host {
    struct catalog *catalog;
    struct arena *arena;
    const struct host_finding *self; /* the tag's own runtime in this process, or NULL */
    const struct manifest *manifest;
    int guest;            /* a loader started that runtime here: it is nobody's host */
    const char *attached; /* tag of the runtime that attached, or NULL */
    const char *attached_version;
};

/* Why a variant cannot be used here, or NULL when all of its conditions hold. */
const char *conditions_unmet(const struct manifest_variant *variant,
                             const struct condition_host *host);
/* 1 when the tag's own runtime runs in this process. */
int conditions_is_self(const struct condition_host *host);
/* The version of the tag's own runtime in this process, NULL = unknown. */
const char *conditions_host_version(const struct condition_host *host);
/* Does the module export all that a conflict names? */
int conditions_conflict(const struct manifest_conflict *conflict, const struct module *module);
/* What this build runs on: "linux"; the machine by uname; "glibc" or "musl". */
const char *conditions_platform(void);
const char *conditions_libc(void);

#endif /* REGISTRY_CONDITIONS_H */
