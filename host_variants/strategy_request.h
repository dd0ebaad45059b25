/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What is to be opened, by which strategy, and how it came to be bound. */
#ifndef HOST_VARIANTS_STRATEGY_REQUEST_H
#define HOST_VARIANTS_STRATEGY_REQUEST_H

#include "host_variants/elf_image.h"
#include "host_variants/host.h"

enum strategy { STRATEGY_LINKED, STRATEGY_HOST_UNRESOLVED, STRATEGY_INTERPOSED };

/* "linked", "host-unresolved", "interposed" */
const char *strategy_name(enum strategy strategy);
/* 0 and *ret_strategy, or -1 (no error set) for another word. */
int strategy_from_name(const char *name, enum strategy *ret_strategy);

struct strategy_request {
    enum strategy strategy;
    const char *tag;
    const char *plugin; /* absolute path */
    int plugin_fd;      /* the descriptor that was checked, opened instead of the path; -1 = none */
    const struct elf_image *image; /* the file as it was read already; NULL = it is read here */
    const char *needed; /* the plugin's DT_NEEDED that stands for its runtime; NULL = it has none */
    const char *runtime_library; /* linked: the verified library; NULL = no runtime (mock) */
    int promote; /* put the runtime into the global scope, so that its own extensions can load */
    int allow_second_copy;           /* linked: another copy of the runtime may be mapped already */
    const struct host_rule *rule;    /* the runtime's markers, probe and version sources */
    const struct host_finding *host; /* host-unresolved, interposed: who provides the symbols */
    /* host-unresolved, interposed: whether the plugin can run on that version of the runtime (1 or
     * 0); NULL = any. ELF cannot tell. `version_range` is its text for the message. */
    int (*accepts_version)(const char *version, void *data);
    void *accepts_data;
    const char *version_range;
};

/* How a plugin came to be bound. */
enum bound_how {
    BOUND_PLAIN,        /* plain dlopen: no runtime, or the global scope provides it */
    BOUND_SAME_SONAME,  /* the runtime's library carries the SONAME that the plugin needs */
    BOUND_SHIM_GLOBAL,  /* an empty shim; the global scope provides the runtime */
    BOUND_SHIM_FORWARD, /* a shim that forwards to the runtime's library */
    BOUND_PROMOTED      /* the host's library was put into the global scope first */
};

#endif /* HOST_VARIANTS_STRATEGY_REQUEST_H */
