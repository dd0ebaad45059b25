/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One attempt to open a plugin: what the three strategies share. All of it runs under the lock of
 * strategy.c. */
#ifndef HOST_VARIANTS_ATTEMPT_H
#define HOST_VARIANTS_ATTEMPT_H

#include "host_variants/elf_image.h"
#include "host_variants/strategy_request.h"
#include <metacall/diagnostic.h>

struct shim;

struct bound_plugin {
    void *handle;      /* of the plugin */
    void *runtime;     /* of the runtime's library, or of the host's: it cannot go before us */
    void *holder;      /* of another library that carries the SONAME and leads to the runtime */
    struct shim *shim; /* NULL = none was needed */
    int fd;            /* the plugin's own descriptor, where it was opened by it; -1 = none */
    enum bound_how how;
};

#define EXPECTED_ELSEWHERE UINTPTR_MAX

struct attempt {
    const struct strategy_request *request;
    metacall_diagnostic_sink sink;
    void *sink_data;
    const struct elf_image *plugin; /* the file */
    /* What was mapped before anything was opened. Other threads load and unload meanwhile: only the
     * names in it, and the provider, which is held, may be read outside modules_locked. */
    struct modules *before;
    const struct module *provider; /* the runtime, in `before`; NULL = not mapped then, or none */
    /* By the plugin's symbols: where the provider has them, as the coverage found out;
     * EXPECTED_ELSEWHERE = it does not, 0 = look again. May be NULL. */
    uintptr_t *expected;
    size_t expected_count;
    struct bound_plugin *bound;
};

/* Sends the finding and raises METACALL_ERROR_LOADER "<tag>: <strategy> <plugin>: <words>; <fix>".
 * `symbol` is the evidence, `fix` what to do; both may be NULL. Always -1. */
int attempt_refuse(struct attempt *attempt, const char *id, const char *symbol, const char *fix,
                   const char *format, ...) METACALL_PRINTF(5, 6);
void attempt_note(struct attempt *attempt, const char *id, const char *symbol, const char *format,
                  ...) METACALL_PRINTF(4, 5);

/* Finds the host's runtime in `before` and proves it: provides, runs, right version, no other copy
 * that runs. Holds its library. */
int attempt_find_provider(struct attempt *attempt);
/* Refuses unless every strong symbol of the plugin will be found (coverage.c). */
int attempt_check_coverage(struct attempt *attempt);
/* Refuses where ld.so would abort the process: the plugin wants a version from the library `named`
 * that carries its SONAME and has no versions at all. */
int attempt_check_versions(struct attempt *attempt, const struct module *named);
/* Walks again, after another thread has unloaded something. */
int attempt_walk_again(struct attempt *attempt);
/* Presence of the rule's runtime in this process, without asking it anything; walks again as often
 * as it must. */
int attempt_find_copies(struct attempt *attempt, struct host_report *ret_report);
/* Which mapped object ld.so takes for a DT_NEEDED of `soname`: a handle that keeps it (dlclose it),
 * and the object, in `before`; NULL and NULL = none. */
int attempt_holder(struct attempt *attempt, const char *soname, void **ret_handle,
                   const struct module **ret_module);
/* Whether every marker of the rule, looked up in the global scope, is `provider`'s. 1 = yes, 0 =
 * not there; -1 = refused: it is another module's. */
int attempt_is_global(struct attempt *attempt, const struct module *provider);
/* Whether dlopen could find `name` among what is mapped: to ask it at once would make it search the
 * disk in vain, most of the time. */
int attempt_may_be_mapped(struct attempt *attempt, const char *name);
/* The PT_DYNAMIC of an open object; NULL for NULL. */
const void *attempt_dynamic_of(void *handle);

#endif /* HOST_VARIANTS_ATTEMPT_H */
