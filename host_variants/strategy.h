/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From a chosen variant to a bound plugin. The three strategies share one mechanism: who provides
 * the SONAME that the plugin needs (see strategy_*.c and shim.c). */
#ifndef HOST_VARIANTS_STRATEGY_H
#define HOST_VARIANTS_STRATEGY_H

#include "host_variants/host.h"
#include <metacall/diagnostic.h>

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
    const char *needed; /* the plugin's DT_NEEDED that stands for its runtime; NULL = it has none */
    const char *runtime_library; /* linked: the verified library; NULL = no runtime (mock) */
    int promote; /* open the runtime library RTLD_GLOBAL, so that its own extensions can load */
    const struct host_rule *rule;    /* the runtime's markers, probe and version sources */
    const struct host_finding *host; /* host-unresolved, interposed: who provides the symbols */
};

struct bound_plugin; /* an open plugin and what holds it */

/* Opens the plugin, bound as the strategy says, and proves it: every runtime symbol of the plugin
 * resolves in the module where it must, no second copy of the runtime is mapped. A failure leaves
 * the process as it was, with the error set; findings and steps go to `sink` where it is given. */
int strategy_open(const struct strategy_request *request, metacall_diagnostic_sink sink,
                  void *sink_data, struct bound_plugin **ret_plugin);
/* A function that the plugin itself exports, or NULL (no error set). */
void *bound_plugin_symbol(const struct bound_plugin *plugin, const char *name);
/* Closes the plugin (its runtime stays mapped). Only before any of its hooks ran, or in tests. */
void bound_plugin_close(struct bound_plugin *plugin);

#endif /* HOST_VARIANTS_STRATEGY_H */
