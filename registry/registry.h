/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The registry behind the public handle: options, and the catalog of the moment. */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "registry/catalog.h"
#include "registry/select.h"

/* The catalog of now, with a reference for the caller: catalog_release it. Never NULL. */
struct catalog *registry_catalog(metacall_registry *registry);
/* A request for select_variant with what the registry knows: host, options. Its texts live in
 * `arena`. */
struct select_request registry_select_request(metacall_registry *registry, struct catalog *catalog,
                                              struct arena *arena);
/* Finds a tag. 0; -1 with METACALL_ERROR_NOT_FOUND set, which names a near tag and the folders. */
int registry_find(struct catalog *catalog, const char *tag, const struct catalog_tag **ret_tag);
/* Remembers who attached, for selections that nobody gives a host for. */
void registry_note_host(metacall_registry *registry, const char *tag, const char *version);

#endif /* REGISTRY_REGISTRY_H */
