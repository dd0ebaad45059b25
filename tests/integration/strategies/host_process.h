/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the cases share: the process that holds the runtime, requests, and what is mapped. */
#ifndef TESTS_STRATEGIES_HOST_PROCESS_H
#define TESTS_STRATEGIES_HOST_PROCESS_H

#include "../../unit/expect.h"

#include "plugin.h"

#include "host_variants/elf_image.h"
#include "host_variants/strategy.h"

#include <stddef.h>

#define RUNTIME(name, file) FIXTURES "/" name "/" file
#define OWN RUNTIME("own", "librt_a.so.1")
#define SAME RUNTIME("same", "librt_a.so.1")
#define OTHER RUNTIME("other", "librt_b.so.1")
#define THIRD RUNTIME("third", "librt_c.so.1")
#define PLUGIN_LINKED RUNTIME("linked", "libpl_linked.so")
#define PLUGIN_HOST RUNTIME("unresolved", "libpl_host.so")

/* In executables that hold the runtime (user.c, runtime.c); NULL in others. */
extern __attribute__((weak)) void *user_object(void);
extern __attribute__((weak)) void *user_function(void);
extern __attribute__((weak)) void user_start(void);
extern __attribute__((weak)) void rt_start(void);

extern const struct host_rule runtime_rule;

/* Opens a runtime library as a host would, and starts it. */
void *host_opens(const char *path, int flags);
/* Detection in this process: the one that runs, else the first. 0 findings: host->owner NULL. */
size_t host_found(struct host_finding *ret_host);
/* The same, for the module of that path or SONAME. */
void host_found_in(const char *name, struct host_finding *ret_host);

/* A request with the usual parts filled in; `host` may be NULL. */
struct strategy_request request_of(enum strategy strategy, const char *plugin,
                                   const struct host_finding *host);
/* strategy_open; what the sink got is kept for last_id. NULL = refused. */
struct bound_plugin *open_plugin(const struct strategy_request *request);
/* The id of the last error that the sink got; "" = none. */
const char *last_id(void);
/* Whether the sink got a note of that id in the last open. */
int was_noted(const char *id);

/* Opens, expects refusal `id` with `part` in the message, and the process unchanged. */
void expect_refusal(const struct strategy_request *request, const char *id, const char *part);
/* Every reference of the plugin leads to the copy with that RT_ID. */
void expect_bound(struct bound_plugin *plugin, int id);

/* Detection, and an interposed open of that plugin. */
struct bound_plugin *open_interposed(const char *file, struct host_finding *host);
/* Opened, bound to copy 7 in that way, no library of the plugin's own mapped; closed again. */
void expect_interposed(const char *file, enum bound_how how);

/* How many different mapped files have that base name. */
int mapped(const char *base_name);
/* All mapped files of the fixtures and all shims, one a line, sorted: for "nothing changed". */
char *mapped_all(void);
int stack_is_executable(void);
/* Whether a file has such a relocation: what makes a plugin the one that a case is about. */
int has_relocation(const char *file, enum elf_relocation_kind kind, const char *name,
                   int64_t addend);
/* What `work` leaves behind in a process of its own: 0 = nothing failed, -1 = it was killed. */
int exit_status_of(void (*work)(void));
/* Whether the global scope has that name. (dlsym(RTLD_DEFAULT) would keep its object for ever.) */
int is_global(const char *name);

/* A case: its name, as in cases.list. */
struct test_case {
    const char *name;
    void (*run)(void);
};

extern const struct test_case cases_linked[], cases_host[], cases_interposed[], cases_plugin[],
    cases_refused[], cases_rules[], cases_threads[];

#endif /* TESTS_STRATEGIES_HOST_PROCESS_H */
