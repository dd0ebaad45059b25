/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Finds the runtime's library by the manifest's find rules and proves each candidate from its file:
 * an ELF library for this machine, its name by the anchored patterns, its markers, its version. */
#ifndef REGISTRY_RUNTIME_LIBRARY_H
#define REGISTRY_RUNTIME_LIBRARY_H

#include "registry/environment.h"
#include "registry/manifest.h"
#include "registry/trace.h"

struct runtime_search {
    const struct environment *environment;
    const struct manifest *manifest;
    const struct manifest_library *library;
    const char *manifest_folder;
    const char *needed_version; /* the %v that the plugin's DT_NEEDED has; NULL = any */
    const char *range;          /* of the variant, besides the runtime's own; NULL = any */
    int probe;                  /* commands may be run */
    int exact;                  /* look for the full version, also where that costs */
    struct arena *arena;
    struct trace *trace;
};

struct runtime_found {
    const char *library; /* path */
    const char *version; /* NULL = unknown */
    const char *executable;
    const char *source;  /* "variable METACALL_...", "glob" ... */
    const char *unasked; /* a program that an earlier rule would ask, which was not run */
    const char *unread;  /* a file that is missing, and the library may need it: it was not read */
};

/* One candidate. 0 and *ret_found, or -1 with the reason in the trace. */
int runtime_library_verify(const struct runtime_search *search, const char *path,
                           const char *source, struct runtime_found *ret_found);
/* Walks the rules. 1 = found, 0 = none (the trace has the reasons). */
int runtime_library_find(const struct runtime_search *search, struct runtime_found *ret_found);
/* An executable by name: <prefix>/bin of the variables that are set, then PATH. NULL = none. */
const char *runtime_program(const struct environment *environment, struct arena *arena,
                            const char *name, const char *const *variables);
/* The next of the manifest's files, from *from on, that is missing although `found` reads it at its
 * start; NULL = none. Without `exact` the library is not read: found->unread is then set instead.
 */
const struct manifest_file *runtime_file_missing(const struct environment *environment,
                                                 struct arena *arena,
                                                 const struct manifest_runtime *runtime, int exact,
                                                 struct runtime_found *found, size_t *from);

#endif /* REGISTRY_RUNTIME_LIBRARY_H */
