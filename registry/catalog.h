/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* All manifests that the search path holds: which one counts for a tag, which are shadowed, masked,
 * disabled or broken. A catalog only grows, and what it handed out lives as long as it does; a
 * reload makes a new one. Thread-safe. */
#ifndef REGISTRY_CATALOG_H
#define REGISTRY_CATALOG_H

#include "registry/manifest.h"
#include "registry/search_path.h"

/* One manifest file. */
struct catalog_file {
    const char *tag;
    const char *path;
    const struct search_folder *folder;
    struct manifest *manifest; /* never NULL; empty where the file could not be read */
    const char *shadowed_by;
    enum metacall_registry_state state;
    int masks; /* it is empty, or a link to /dev/null */
};

/* What the files of one tag come to. */
struct catalog_tag {
    const char *tag;
    const struct catalog_file *files; /* in order of precedence */
    size_t count;
    const struct manifest *manifest; /* the one that counts, or NULL */
    enum metacall_registry_state state;
    const char *pin; /* strategy name, or NULL */
    const char *pinned_by;
};

struct catalog_folder {
    const struct search_folder *folder;
    int exists;
    const char *reason;
    size_t manifests;
};

struct catalog;

/* Takes over `environment` (also on failure). 0, or -1 with the error set. */
int catalog_create(struct environment *environment, metacall_diagnostic_sink sink, void *sink_data,
                   struct catalog **ret_catalog);
struct catalog *catalog_reference(struct catalog *catalog);
void catalog_release(struct catalog *catalog); /* NULL is accepted */

const struct environment *catalog_environment(const struct catalog *catalog);
const struct search_path *catalog_search(const struct catalog *catalog);

/* One tag, from one file where possible. *ret_tag is NULL when no file of that tag exists. */
int catalog_lookup(struct catalog *catalog, const char *tag, const struct catalog_tag **ret_tag);
/* All tags, in byte order. Reads every manifest the first time. */
int catalog_tags(struct catalog *catalog, const struct catalog_tag **ret_tags, size_t *ret_count);
/* The folders with what was found in them, and the findings about them. Scans too. */
int catalog_folders(struct catalog *catalog, const struct catalog_folder **ret_folders,
                    size_t *ret_count, const struct findings **ret_findings);
/* Reads one manifest file outside the search, under the same rules. It belongs to the catalog. */
int catalog_read_file(struct catalog *catalog, const char *path,
                      const struct catalog_tag **ret_tag);

#endif /* REGISTRY_CATALOG_H */
