/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A loader manifest as structures. The keys are explained in manifests/README.md; the names here
 * are theirs. Lists of texts end with NULL; NULL itself = the key is absent. */
#ifndef REGISTRY_MANIFEST_H
#define REGISTRY_MANIFEST_H

#include "host_variants/strategy.h"
#include "registry/reader.h"

#define MANIFEST_SUFFIX ".loader.json"
#define MANIFEST_TAG_MAX 32
#define MANIFEST_SIZE_MAX (256 * 1024)

struct manifest_language {
    const char *name;
    const char *const *aliases;
    const char *const *extensions;
};

struct manifest_markers {
    const char *const *functions;
    const char *const *data;
};

enum version_kind {
    VERSION_FROM_HEX,
    VERSION_FROM_CALL,
    VERSION_FROM_STRING,
    VERSION_FROM_SONAME,
    VERSION_FROM_TEXT,
    VERSION_FROM_NUMBERS
};

struct manifest_version_source {
    enum version_kind kind;
    const char *symbol;         /* or the text pattern */
    const char *const *numbers; /* symbols */
};

enum find_kind {
    FIND_VARIABLE,
    FIND_PREFIX,
    FIND_EXECUTABLE,
    FIND_BUILD_DETAILS,
    FIND_COMMAND,
    FIND_PKG_CONFIG,
    FIND_GLOB
};

struct manifest_find {
    enum find_kind kind;
    const char *rule; /* the word */
    const char *variable;
    const char *const *variables;
    const char *const *globs;
    const char *executable;
    const char *const *argv;
    const char *module;
    const char *library; /* JSON pointer */
    int timeout_ms;      /* 0 = the default */
};

struct manifest_versions_of {
    const char *soname_version;
    const char *version;
};

struct manifest_library {
    const char *id;
    const char *const *sonames;
    struct object_list versions_of; /* struct manifest_versions_of */
    struct manifest_markers *markers;
    struct object_list version; /* struct manifest_version_source */
    struct object_list find;    /* struct manifest_find */
};

struct manifest_file {
    const char *path;
    const char *package;
    const char *versions; /* of the runtime, which read it; NULL = all */
};

struct manifest_assignment {
    const char *name;
    const char *value;
};

struct manifest_runtime {
    const char *name;
    const char *versions;
    struct object_list libraries;   /* struct manifest_library */
    struct object_list files;       /* struct manifest_file */
    struct object_list environment; /* struct manifest_assignment */
};

struct manifest_running {
    enum host_running_kind kind;
    const char *symbol;
};

struct manifest_attach {
    const char *id;
    const char *since, *until; /* versions */
    const char *const *on_arguments;
    const char *const *off_arguments;
    const char *const *off_variables;
    const char *const *option_variables;
    const char *signal_name;
    int signal; /* 0 = none */
    const char *hint;
};

struct manifest_host {
    struct manifest_markers *markers;
    const char *const *executables;
    struct manifest_running running;
    struct object_list version; /* struct manifest_version_source */
    struct object_list attach;  /* struct manifest_attach */
};

struct manifest_when {
    const char *const *host; /* tags, or "self" "other" "none" "any" */
    const char *host_version;
    const char *runtime_version;
    const char *const *platform;
    const char *const *machine;
    const char *const *libc;
};

struct manifest_variant {
    const char *strategy_name;
    enum strategy strategy;
    const char *library;
    const char *needed;
    const char *const *flags;
    const char *sha256;
    struct manifest_when *when;
    int promote;
};

enum manifest_hook_id {
    HOOK_INITIALIZE,
    HOOK_HOST_ATTACH,
    HOOK_EXECUTION_PATH,
    HOOK_LOAD_FROM_FILE,
    HOOK_LOAD_FROM_MEMORY,
    HOOK_LOAD_FROM_PACKAGE,
    HOOK_DISCOVER,
    HOOK_CLEAR,
    HOOK_HOST_DETACH,
    HOOK_DESTROY,
    HOOK_COUNT
};

struct manifest_hook {
    const char *symbol; /* NULL = absent */
    const char *thread; /* "any", "initializer", "host" */
};

struct manifest_lifecycle {
    struct manifest_hook hooks[HOOK_COUNT];
};

struct manifest_dependency {
    const char *tag;
    const char *version;
};

struct manifest_conflict {
    const char *id;
    const char *host;
    const char *const *exports;
    const char *const *counts; /* patterns of all names that belong to it */
    const char *const *affects;
    const char *action; /* "isolate", "refuse", "report" */
    const char *advice;
};

struct manifest {
    const char *path;
    const char *manifest_version;
    const char *const *requires;
    const char *tag;
    const char *name;
    const char *version;
    const char *license;
    const char *homepage;
    const char *description;
    int enabled;
    int detection_only; /* no loader: only how the runtime is recognised */
    const char *pin;    /* strategy name */
    struct manifest_language *language;
    struct manifest_runtime *runtime;
    struct manifest_host *host;
    struct object_list variants; /* struct manifest_variant */
    struct manifest_lifecycle *lifecycle;
    const char *const *execution_paths;
    struct object_list depends;   /* struct manifest_dependency */
    struct object_list conflicts; /* struct manifest_conflict */
    int is_override;              /* no variants: only enabled or pin for the next one of its tag */

    struct findings findings;
};

extern const struct shape manifest_shape;
extern const char *const manifest_hook_names[HOOK_COUNT];
/* Optional parts that a manifest may name in "requires". Ends with NULL. */
extern const char *const manifest_features[];

/* Reads a manifest's text. Every fault becomes a finding of the manifest; one of severity error
 * means that it cannot be used. `file_tag`: what its file name says the tag is; NULL = unknown.
 * The manifest is always made, and lies in the arena, unless memory runs out: 0, or -1 with the
 * error set. */
int manifest_read(struct arena *arena, const char *path, const char *file_tag, const char *text,
                  size_t size, struct manifest **ret_manifest);
/* A manifest without content, for a file that could not be read: add findings to it. */
struct manifest *manifest_create(struct arena *arena, const char *path, const char *file_tag);
static inline int manifest_usable(const struct manifest *manifest)
{
    return manifest->findings.errors == 0;
}

/* "x/py.loader.json" -> 0 and "py"; -1 when the base name is no manifest's name. */
int manifest_tag_of_path(const char *path, char ret_tag[MANIFEST_TAG_MAX + 1]);
int manifest_tag_valid(const char *tag);

static inline const struct manifest_variant *manifest_variant_at(const struct manifest *manifest,
                                                                 size_t index)
{
    return (const struct manifest_variant *)manifest->variants.items + index;
}
static inline const struct manifest_library *manifest_library_at(const struct manifest *manifest,
                                                                 size_t index)
{
    return (const struct manifest_library *)manifest->runtime->libraries.items + index;
}

/* Is it about builds of the manifest's own runtime? */
int manifest_conflict_is_own(const struct manifest *manifest,
                             const struct manifest_conflict *conflict);

#endif /* REGISTRY_MANIFEST_H */
