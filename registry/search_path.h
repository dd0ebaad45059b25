/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The folders in which manifests are looked for, in order of precedence. */
#ifndef REGISTRY_SEARCH_PATH_H
#define REGISTRY_SEARCH_PATH_H

#include "registry/environment.h"
#include <metacall/registry.h>

struct search_folder {
    const char *path; /* inside the root */
    const char *file; /* a single manifest named by METACALL_REGISTRY_PATH; NULL = the folder */
    enum metacall_registry_path_level level;
    const char *source;
    const char *reason; /* why it is not used; NULL = it is */
};

struct search_path {
    struct search_folder *folders;
    size_t count;
    const char *library; /* folder that libmetacall lies in */
};

/* Makes the list, into `arena`. Opens nothing, but asks which of the entries of the two variables
 * are files or prefixes. */
void search_path_make(const struct environment *environment, struct arena *arena,
                      struct search_path *ret_search);
/* Where a bare library name is looked for after the manifest's own folder. NULL-terminated. */
const char *const *search_path_plugins(const struct environment *environment, struct arena *arena,
                                       const struct search_path *search, const char *manifest);

#endif /* REGISTRY_SEARCH_PATH_H */
