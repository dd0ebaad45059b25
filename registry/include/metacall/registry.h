/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The registry of loaders: which manifests exist, which of them count, which variant would be
 * chosen in this process and why, and whether a plugin keeps what its manifest promises. Nothing
 * here opens a plugin or starts a runtime. The normative page is manifests/README.md.
 *
 * Ownership: every `ret_x` structure is handed over to the caller and freed with the function named
 * in its comment; all strings and arrays inside belong to it, stay valid until then whatever
 * happens to the registry (reload, close), and must not be freed one by one. Outputs are untouched
 * on failure. A string may be NULL where it says nothing.
 * Errors: int functions return 0, or -1 with the calling thread's error set (metacall_error_last).
 * A broken manifest is not an error of these functions: it is an entry with diagnostics.
 * Threads: one registry may be used by any number of threads at once. */
#ifndef METACALL_REGISTRY_H
#define METACALL_REGISTRY_H

#include <metacall/diagnostic.h>
#include <metacall/types.h>

METACALL_BEGIN_DECLS

/* The manifest format that this library reads, and the schema_version of every JSON text below. */
#define METACALL_MANIFEST_VERSION_MAJOR 1
#define METACALL_MANIFEST_VERSION_MINOR 0
#define METACALL_REGISTRY_JSON_SCHEMA_VERSION 1
#define METACALL_REGISTRY_TAG_SIZE 33 /* a tag of up to 32 characters and its NUL */

typedef struct metacall_registry metacall_registry;

/* ------------------------------------------------------------------------------ open and close */

/* Zero it, set what is wanted; everything is copied. */
struct metacall_registry_options {
    /* Every absolute path of the search is looked up below this folder (an image, a container
     * unpacked on disk). Paths are shown as they are inside. NULL = "/". */
    const char *root;
    /* The installation prefix to use instead of the one that libmetacall lies in:
     * <prefix>/lib/metacall/loaders.d becomes the last folder of the search. NULL = our own. */
    const char *prefix;
    /* "NAME=value" strings, NULL-terminated, instead of the process's environment. */
    const char *const *environment;
    /* 1 = behave as in a set-user-id program: environment and home ignored, files that others may
     * write are refused. 0 = only where the kernel says so (AT_SECURE), which nothing can undo. */
    int secure;
    /* 1 = rows may start the programs that find rules name (an interpreter that says where its
     * library is). 0 = rows look at files alone. A load, explain, check and doctor always ask. */
    int probe;
    /* Receives every diagnostic of every catalog as it arises. May be NULL. */
    metacall_diagnostic_sink sink;
    void *sink_data;
};

/* Opens a registry. No manifest is read yet: the first call that needs the catalog reads it, and a
 * lookup of one tag reads one file. `options` may be NULL. */
METACALL_API int metacall_registry_open(const struct metacall_registry_options *options,
                                        metacall_registry **ret_registry);
/* NULL is accepted. Loaders that are running and results handed out are not disturbed. */
METACALL_API void metacall_registry_close(metacall_registry *registry);
/* Forgets what was read, takes the environment anew (unless one was given at open) and reads all
 * manifests again. Running loaders and results handed out are not disturbed. */
METACALL_API int metacall_registry_reload(metacall_registry *registry);
/* 1 when the registry works in secure mode. */
METACALL_API int metacall_registry_is_secure(const metacall_registry *registry);

/* ----------------------------------------------------------------------------- where it looks */

enum metacall_registry_path_level {
    METACALL_REGISTRY_LEVEL_ADD = 0, /* METACALL_REGISTRY_ADD_PATH */
    METACALL_REGISTRY_LEVEL_REPLACE, /* METACALL_REGISTRY_PATH */
    METACALL_REGISTRY_LEVEL_CONFIG,  /* XDG_CONFIG_HOME, /etc/xdg, /etc */
    METACALL_REGISTRY_LEVEL_DATA_HOME,
    METACALL_REGISTRY_LEVEL_ENVIRONMENT, /* VIRTUAL_ENV, CONDA_PREFIX, where libmetacall lies in */
    METACALL_REGISTRY_LEVEL_DATA_DIRS,   /* XDG_DATA_DIRS */
    METACALL_REGISTRY_LEVEL_LIBRARY      /* beside libmetacall, or --prefix */
};

/* One folder of the search, first wins. */
struct metacall_registry_path {
    const char *path;
    enum metacall_registry_path_level level;
    const char *source; /* "XDG_CONFIG_HOME", "/etc/xdg", "libmetacall", "prefix" ... */
    int exists;         /* 1 = a folder that can be read */
    const char *reason; /* why it is not used, where it is not; NULL otherwise */
    size_t manifests;   /* number of files in it with a manifest's name */
};

struct metacall_registry_paths {
    const struct metacall_registry_path *items;
    size_t count;
};

/* The folders in order of precedence. Free with metacall_registry_paths_free. */
METACALL_API int metacall_registry_paths(metacall_registry *registry,
                                         struct metacall_registry_paths **ret_paths);
METACALL_API void metacall_registry_paths_free(struct metacall_registry_paths *paths);

/* One environment variable that the registry or a manifest's find rules read. */
struct metacall_registry_variable {
    const char *name;
    const char *value;   /* NULL = not set */
    const char *meaning; /* one line */
    const char *tag;     /* the loader whose manifest asks for it; NULL = the registry itself */
    int ignored;         /* 1 = set, but secure mode ignores it */
};

struct metacall_registry_variables {
    const struct metacall_registry_variable *items;
    size_t count;
};

/* Every variable that is read, set or not. Free with metacall_registry_variables_free. */
METACALL_API int metacall_registry_environment(metacall_registry *registry,
                                               struct metacall_registry_variables **ret_variables);
METACALL_API void metacall_registry_variables_free(struct metacall_registry_variables *variables);

/* ------------------------------------------------------------------------------------ the list */

enum metacall_registry_state {
    METACALL_REGISTRY_ACTIVE = 0,
    METACALL_REGISTRY_SHADOWED, /* a manifest of the same tag was found earlier */
    METACALL_REGISTRY_DISABLED, /* "enabled": false, here or in the manifest that shadows it */
    METACALL_REGISTRY_MASKED,   /* an empty file or a link to /dev/null hides the tag */
    METACALL_REGISTRY_BROKEN    /* the manifest cannot be used: see the diagnostics */
};

/* "active", "shadowed", "disabled", "masked", "broken" */
METACALL_API const char *metacall_registry_state_name(enum metacall_registry_state state);

/* One manifest file that was found. Text fields other than tag and manifest are NULL when the file
 * could not be read so far. */
struct metacall_registry_entry {
    const char *tag;
    const char *language; /* "Python" */
    const char *name;     /* the loader's own name */
    const char *version;
    const char *const *extensions; /* of the language's files: ".x"; ends with NULL */
    const char *manifest;          /* path of the file */
    const char *source;      /* which level of the search, as in metacall_registry_path.source */
    const char *shadowed_by; /* path of the manifest that counts instead */
    enum metacall_registry_state state;
    const struct metacall_diagnostic *diagnostics;
    size_t diagnostic_count;
};

struct metacall_registry_entries {
    const struct metacall_registry_entry *items; /* by tag, then by precedence */
    size_t count;
};

/* All manifests, those that do not count included. Free with metacall_registry_entries_free. */
METACALL_API int metacall_registry_entries(metacall_registry *registry,
                                           struct metacall_registry_entries **ret_entries);
METACALL_API void metacall_registry_entries_free(struct metacall_registry_entries *entries);

enum metacall_registry_status {
    METACALL_REGISTRY_READY = 0,     /* the chosen variant could be loaded */
    METACALL_REGISTRY_NO_RUNTIME,    /* no runtime that fits was found */
    METACALL_REGISTRY_NO_VARIANT,    /* no variant's conditions hold here */
    METACALL_REGISTRY_NO_PLUGIN,     /* the plugin's file is not there or was refused */
    METACALL_REGISTRY_MISSING_DATA,  /* the runtime lacks files without which it would abort */
    METACALL_REGISTRY_UNUSABLE,      /* disabled, masked or broken */
    METACALL_REGISTRY_DETECTION_ONLY /* no loader: the manifest says how a runtime is recognised */
};

/* "ready", "no-runtime", "no-variant", "no-plugin", "missing-data", "unusable", "detection-only" */
METACALL_API const char *metacall_registry_status_name(enum metacall_registry_status status);

/* What would happen if the loader were asked for now, in this process. */
struct metacall_registry_row {
    const char *tag;
    const char *language;
    const char *version; /* the loader's */
    const char *manifest;
    enum metacall_registry_state state;
    enum metacall_registry_status status;
    const char *strategy;        /* "linked", "host-unresolved", "interposed"; NULL = none */
    const char *plugin;          /* absolute path of the chosen variant's plugin */
    const char *runtime;         /* name of the implementation: "CPython" */
    const char *runtime_library; /* path; NULL = none needed, none found, or in the executable */
    const char *runtime_version;
    const char *runtime_executable; /* the interpreter that belongs to it, or the host itself */
    const char *runtime_source;     /* the find rule that gave it: "environment METACALL_..." */
    int is_host;                    /* 1 = the runtime is this process's own */
    /* 1 = a find rule before the one that gave the runtime asks a program, which was not run; a
     * load asks it and may take another runtime; or a file is missing which the runtime's library
     * may need, which was not read for it. `reason` tells which. Ask with options.probe. */
    int unproven;
    const char *reason; /* one sentence: why this one, or why none */
};

struct metacall_registry_rows {
    const struct metacall_registry_row *items; /* one per tag, by tag */
    size_t count;
};

/* The table of `metacall-registry list`: one row per tag. Nothing large is read, so that a
 * runtime's version is the one that its SONAME or its exported data tell; with options.probe, and
 * in the row of one tag, it is the full one. Free with metacall_registry_rows_free. */
METACALL_API int metacall_registry_rows(metacall_registry *registry,
                                        struct metacall_registry_rows **ret_rows);
/* The row of one tag. An unknown tag is an error (METACALL_ERROR_NOT_FOUND) that suggests a near
 * one and says where was looked. */
METACALL_API int metacall_registry_row(metacall_registry *registry, const char *tag,
                                       struct metacall_registry_rows **ret_rows);
METACALL_API void metacall_registry_rows_free(struct metacall_registry_rows *rows);

/* ------------------------------------------------------------------------------------ one loader
 */

/* One value of a manifest as it counts: paths made absolute, defaults filled in. */
struct metacall_registry_field {
    const char *pointer; /* JSON pointer: "/variants/0/library" */
    const char *value;   /* as JSON text: "\"linked\"", "true", "[\"a\"]" */
    const char *origin;  /* "file", "default", or "resolved" (a path made absolute) */
    unsigned line;       /* in the manifest; 0 = default */
    unsigned column;
};

struct metacall_registry_manifest {
    const char *tag;
    const char *path;
    const struct metacall_registry_field *fields; /* in order of the format, then of the file */
    size_t count;
    const struct metacall_diagnostic *diagnostics;
    size_t diagnostic_count;
};

/* The manifest of `tag`, normalised, each value with where it comes from. Free with
 * metacall_registry_manifest_free. */
METACALL_API int metacall_registry_show(metacall_registry *registry, const char *tag,
                                        struct metacall_registry_manifest **ret_manifest);
METACALL_API void metacall_registry_manifest_free(struct metacall_registry_manifest *manifest);

enum metacall_registry_verdict {
    METACALL_REGISTRY_FACT = 0, /* neither good nor bad */
    METACALL_REGISTRY_TAKEN,
    METACALL_REGISTRY_REJECTED
};

/* One step of a choice, in the order in which it was made. */
struct metacall_registry_step {
    const char *stage;   /* "search", "manifest", "host", "variant", "runtime", "check" */
    const char *subject; /* a path, a strategy, a tag */
    enum metacall_registry_verdict verdict;
    const char *reason; /* one sentence */
};

struct metacall_registry_steps {
    const char *tag;
    const struct metacall_registry_step *items;
    size_t count;
    const struct metacall_registry_row *row; /* the outcome */
};

/* Every step from the tag to the variant: the folders and manifests looked at, the host evidence,
 * the variants and runtime candidates with the reason of each rejection. Also for a tag that is not
 * known: the steps then say where was looked and `row` is NULL. Free with
 * metacall_registry_steps_free. */
METACALL_API int metacall_registry_explain(metacall_registry *registry, const char *tag,
                                           struct metacall_registry_steps **ret_steps);
METACALL_API void metacall_registry_steps_free(struct metacall_registry_steps *steps);

/* The tag for a file name (by its extension), a language name or an alias: "a/x.py", "Python",
 * "javascript", "py". Copies it to `ret_tag`. An existing tag wins over an alias, an extension over
 * both where the name has one. -1 with METACALL_ERROR_NOT_FOUND when no loader claims it. */
METACALL_API int metacall_registry_tag_for_path(metacall_registry *registry, const char *path,
                                                char ret_tag[METACALL_REGISTRY_TAG_SIZE]);

/* ---------------------------------------------------------------------------------------- host */

/* One runtime that is mapped in this process. */
struct metacall_registry_host {
    const char *tag;
    const char *language;
    const char *owner; /* path of the executable or library that holds it */
    int in_executable;
    int running;              /* 1 = runs, 0 = only present, -1 = cannot be told from outside */
    const char *version;      /* NULL = unknown */
    const char *version_from; /* the symbol, "text" or "soname" */
    const char *evidence;     /* one line a fact */
    int duplicate;            /* 1 = another module holds the same runtime: two copies */
    int embedded;             /* 1 = a loader of this library started it: it is a guest */
};

struct metacall_registry_hosts {
    const struct metacall_registry_host *items;
    size_t count;
};

/* Which runtimes live in this process, by the active manifests' rules, in the order in which their
 * owners were mapped: the executable first, then its libraries, then what was opened later. Free
 * with metacall_registry_hosts_free. */
METACALL_API int metacall_registry_detect(metacall_registry *registry,
                                          struct metacall_registry_hosts **ret_hosts);
METACALL_API void metacall_registry_hosts_free(struct metacall_registry_hosts *hosts);

/* ----------------------------------------------------------------------------- another process */

/* A way in for a debugger, as the manifest knows it. It is told and never taken. */
struct metacall_registry_entrance {
    const char *id; /* as the manifest calls it */
    /* "possible", "open" (an argument has opened it), "shut" (an argument, a variable, or that no
     * handler is there), "absent" (not in this version), "unknown" */
    const char *state;
    const char *because; /* the fact that decided: an argument, a variable, the version */
    const char *hint;    /* how to enter, one sentence */
};

/* One runtime that another process has mapped. */
struct metacall_registry_process_runtime {
    const char *tag;
    const char *language;
    const char *runtime; /* name of the implementation */
    const char *owner;   /* path of the executable or library, from the root of that process */
    int in_executable;   /* 1 = built into the executable (static), 0 = in a library (shared) */
    int deleted;         /* the file is gone; what was mapped has been read */
    int running;         /* 1 = the executable is called as an interpreter of it, -1 = unknown */
    int duplicate;       /* 1 = another module of the process holds the same runtime */
    const char *version;
    const char *version_from; /* a symbol, "soname", "text" or "executable name" */
    const char *build_id;     /* hexadecimal */
    const struct metacall_registry_entrance *entrances;
    size_t entrance_count;
};

/* Names of a library that a module exports, so that others bind to them by accident: what the
 * conflicts of the manifests are about. */
struct metacall_registry_process_names {
    const char *id; /* of the conflict */
    const char *owner;
    int in_executable;
    size_t count; /* how many names of it */
};

struct metacall_registry_process {
    int pid;
    unsigned uid;
    const char *executable; /* from the root of that process */
    int executable_deleted;
    const char *root; /* "/", or where its root is, as far as /proc says */
    int other_root;   /* 1 = its root is another than ours: a container, a chroot */
    int other_mounts; /* 1 = its mounts are others than ours */
    const struct metacall_registry_process_runtime *runtimes;
    size_t runtime_count;
    const struct metacall_registry_process_names *names;
    size_t names_count;
    size_t modules;         /* how many ELF objects were looked at */
    const char *unreadable; /* the first one that could not be read; NULL = none */
    size_t unreadable_count;
};

/* Which runtimes live in another process (or in this one), by the active manifests' rules. Reads
 * /proc and the files that it leads to: the process is not traced, not stopped and gets no signal,
 * and its memory is not read. Errors: METACALL_ERROR_NOT_FOUND where there is no such process or
 * it ended meanwhile, METACALL_ERROR_HOST where it may not be looked at (the message names its
 * owner) or is a kernel thread. Free with metacall_registry_process_free. */
METACALL_API int metacall_registry_detect_process(metacall_registry *registry, int pid,
                                                  struct metacall_registry_process **ret_process);
METACALL_API void metacall_registry_process_free(struct metacall_registry_process *process);

/* --------------------------------------------------------------------------- check and validate */

struct metacall_registry_findings {
    const struct metacall_diagnostic *items;
    size_t count;
    size_t errors, warnings, notes; /* how many of each severity */
    size_t files;                   /* number of manifests (or deployments) looked at */
};

/* Plugins against their manifests, before anything of them runs. `target`: NULL = every active
 * loader; a tag; a manifest file; a folder of manifests, or a prefix that holds one; a deployment
 * (metacall.json: is each loader, variant, runtime and script there?). A name with a slash or an
 * existing file is a path, else a tag. Free with metacall_registry_findings_free. */
METACALL_API int metacall_registry_check(metacall_registry *registry, const char *target,
                                         struct metacall_registry_findings **ret_findings);
/* A manifest's text alone, without any search: `text` of `size` bytes, named `path` in the
 * diagnostics (its base name is compared with the tag when it ends in ".loader.json"). */
METACALL_API int metacall_registry_validate(const char *path, const char *text, size_t size,
                                            struct metacall_registry_findings **ret_findings);
/* The same for a file, read under the registry's rules (regular files only, size limit). */
METACALL_API int metacall_registry_validate_file(const char *path,
                                                 struct metacall_registry_findings **ret_findings);
/* What is wrong with this installation and this process: all of check, the search path, duplicates,
 * a host that exports symbols that a guest's libraries would bind to, missing runtimes and files.
 * `only` and `skip`: NULL-terminated lists of finding ids or of their prefixes ("elf."), or NULL.
 */
METACALL_API int metacall_registry_doctor(metacall_registry *registry, const char *const *only,
                                          const char *const *skip,
                                          struct metacall_registry_findings **ret_findings);
METACALL_API void metacall_registry_findings_free(struct metacall_registry_findings *findings);

/* What a finding's id means; the table behind manifests/README.md. */
struct metacall_registry_finding_kind {
    const char *id;
    enum metacall_severity severity; /* the usual one */
    const char *summary;             /* one line: what was found */
    const char *why;                 /* one line: why it matters */
};

/* NULL for an unknown id. Static storage. */
METACALL_API const struct metacall_registry_finding_kind *
metacall_registry_finding_kind(const char *id);
/* All kinds, by id. Static storage. */
METACALL_API const struct metacall_registry_finding_kind *
metacall_registry_finding_kinds(size_t *ret_count);

/* ------------------------------------------------------------------------------- did you mean */

/* `candidate` when it is nearer to `word` than `best` (NULL = none so far) and near enough to be
 * meant, else `best`. Fold it over all that is known; of equals the first wins. Letters that are
 * added, dropped, changed or swapped with their neighbour count, their case does not. Any thread.
 */
METACALL_API const char *metacall_registry_nearer(const char *word, const char *best,
                                                  const char *candidate);

/* ---------------------------------------------------------------------------------------- JSON */

/* The same results as JSON text (UTF-8, one object, pretty-printed, NUL-terminated), malloc'ed:
 * free with free(). Each object begins with "schema_version" and "kind" (list, show, explain,
 * detect, process, check, validate, paths, environment, doctor). NULL with the error set. The
 * members are the fields of the structures above, by the same names; absent ones are null;
 * diagnostics are objects with the fields of metacall_diagnostic, severity as "note", "warning" or
 * "error". Documented in manifests/README.md. */
METACALL_API char *metacall_registry_list_json(metacall_registry *registry);
METACALL_API char *metacall_registry_show_json(metacall_registry *registry, const char *tag);
METACALL_API char *metacall_registry_explain_json(metacall_registry *registry, const char *tag);
METACALL_API char *metacall_registry_detect_json(metacall_registry *registry);
/* Renders what metacall_registry_detect_process gave; kind "process". */
METACALL_API char *metacall_registry_process_json(const struct metacall_registry_process *process);
METACALL_API char *metacall_registry_paths_json(metacall_registry *registry);
METACALL_API char *metacall_registry_environment_json(metacall_registry *registry);
/* Renders findings that were asked for before: `kind` is "check", "validate" or "doctor". */
METACALL_API char *
metacall_registry_findings_json(const struct metacall_registry_findings *findings, const char *kind,
                                const char *target);

METACALL_END_DECLS

#endif /* METACALL_REGISTRY_H */
