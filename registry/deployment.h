/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A deployment (metacall.json) before its start: is each loader, variant, runtime and script there?
 */
#ifndef REGISTRY_DEPLOYMENT_H
#define REGISTRY_DEPLOYMENT_H

#include "registry/registry.h"

/* What the text says; findings name it `path`. -1 with the error set only for memory. */
int deployment_check(metacall_registry *registry, struct catalog *catalog, const char *path,
                     const char *text, size_t size, struct findings *findings);
/* Whether a JSON text is a deployment rather than a manifest: it, or its first item, has
 * "language_id". */
int deployment_is(const char *text, size_t size);

#endif /* REGISTRY_DEPLOYMENT_H */
