/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Which runtimes live in this process, by the rules that the manifests give. No language is named
 * here. */
#ifndef HOST_VARIANTS_HOST_H
#define HOST_VARIANTS_HOST_H

#include "host_variants/host_pattern.h"
#include "host_variants/modules.h"

/* How a runtime that is present is known to run. */
enum host_running_kind {
    HOST_RUNNING_CALL,       /* int symbol(void) gives non-zero */
    HOST_RUNNING_POINTER,    /* the pointer at the data symbol is not NULL */
    HOST_RUNNING_FLAG,       /* the int at the data symbol is not 0 */
    HOST_RUNNING_COUNT,      /* int symbol(void **list, int room, int *ret_count) counts one */
    HOST_RUNNING_EXECUTABLE, /* it runs when the executable is its owner or matches a pattern */
    HOST_RUNNING_OWNER,      /* as EXECUTABLE; anywhere else it cannot be told */
    HOST_RUNNING_HANDSHAKE   /* only its port can tell */
};

/* Where the version is read. */
enum host_version_kind {
    HOST_VERSION_NONE,
    HOST_VERSION_HEX,    /* data symbol: uint32 0xMMmmpp.. (major, minor, patch in the top bytes) */
    HOST_VERSION_CALL,   /* const char *symbol(void); the leading dotted number counts */
    HOST_VERSION_STRING, /* data symbol: char[] or, where it begins with one, const char * */
    HOST_VERSION_NUMBERS, /* data symbols of 1, 2 or 4 bytes: one number of the version each */
    HOST_VERSION_TEXT,    /* "product/v%v" in what of the module is not writable: slow, so last */
    HOST_VERSION_SONAME   /* the %v of the library's SONAME pattern */
};

struct host_version_source {
    enum host_version_kind kind;
    const char *symbol;         /* or the text's pattern */
    const char *const *symbols; /* NUMBERS; ends with NULL */
};

/* From a manifest's `host` part. Arrays are NULL-terminated. */
struct host_rule {
    const char *tag;
    const char *const *markers;     /* every one must be exported by the same module */
    const char *const *sonames;     /* anchored patterns of the runtime's library, `%v` = version */
    const char *const *executables; /* anchored patterns of the executable's base name */
    enum host_running_kind running;
    const char *running_symbol;
    const struct host_version_source *versions; /* tried in order; ends with HOST_VERSION_NONE */
};

/* One owner of one runtime. */
struct host_finding {
    const struct host_rule *rule;
    const struct module *owner; /* belongs to the modules walk that was given */
    int running;                /* 1 = runs, 0 = present only, -1 = cannot be told from here */
    char version[32];           /* "" = unknown */
    const char *version_from;   /* the symbol, "text" or "soname"; NULL = unknown */
};

struct host_report {
    struct host_finding *findings; /* in order of rules, then of modules */
    size_t count;
};

/* Looks for every rule's runtime in every module. Two findings of one rule are a duplicate: the
 * caller decides. Free with host_report_finish. Returns 0, or -1 with the error set:
 * METACALL_ERROR_MEMORY, or METACALL_ERROR_HOST when another thread unloaded something since the
 * walk (host_look walks again by itself). */
int host_detect(const struct modules *modules, const struct host_rule *rules, size_t rule_count,
                struct host_report *ret_report);
/* Walks the modules and looks, again and again until no other thread unloads anything meanwhile.
 * The findings belong to *ret_modules. */
int host_look(const struct host_rule *rules, size_t rule_count, struct modules **ret_modules,
              struct host_report *ret_report);
void host_report_finish(struct host_report *report);

/* The address of a runtime's object as the process sees it: the executable's own copy where it
 * was linked with COPY relocations, else the owner's. NULL = not exported. */
void *host_data_symbol(const struct modules *modules, const struct module *owner, const char *name,
                       size_t *ret_size);
/* Joins the numbers that data symbols of 1, 2 or 4 bytes hold. Returns 0 or -1. */
int host_version_numbers(const struct elf_image *image, const char *const *symbols,
                         char *ret_version, size_t version_size);
/* Looks for a text such as "product/v%v" in the segments that are not writable. Returns 0 or -1. */
int host_version_text(const struct elf_image *image, const char *pattern, char *ret_version,
                      size_t version_size);
/* Reads the version of a runtime that is mapped. `running` 0 skips the sources that call into it.
 * Returns the source's name ("soname", "text" or a symbol), or NULL with *ret_version untouched. */
const char *host_version_of(const struct host_rule *rule, const struct modules *modules,
                            const struct module *owner, int running, char *ret_version,
                            size_t version_size);

#endif /* HOST_VARIANTS_HOST_H */
