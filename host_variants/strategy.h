/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From a chosen variant to a bound plugin. The three strategies share one mechanism: who provides
 * the SONAME that the plugin needs (see strategy_*.c and shim.c). */
#ifndef HOST_VARIANTS_STRATEGY_H
#define HOST_VARIANTS_STRATEGY_H

#include "host_variants/strategy_request.h"
#include <metacall/diagnostic.h>

struct bound_plugin; /* an open plugin and what holds it */

/* Opens the plugin, bound as the strategy says, and proves it: every runtime symbol of the plugin
 * resolves in the module where it must, no second copy of the runtime is mapped. A failure leaves
 * the process as it was (but for a promotion, which comes last or right before the plugin), with
 * METACALL_ERROR_LOADER set. Steps (NOTE) and the refusal (ERROR) go to `sink` where it is given;
 * their ids:
 *   bind.plugin        the file is no plugin for this process, or ld.so could not open it
 *   bind.unsafe        it would make the stack executable, has text relocations, wants more
 *                      static thread-local memory than there is, or has lost a DT_NEEDED
 *   bind.needed        it does not need the SONAME that it is said to need
 *   bind.no-provider   no module of this process provides the runtime
 *   bind.not-running   the runtime is there but was not started
 *   bind.ambiguous     more than one does, and the plugin would bind to another one
 *   bind.version       the runtime is of a version that the plugin is not made for
 *   bind.incomplete    the runtime lacks symbols of the plugin
 *   bind.local         the runtime is not in the global scope and must not be put there
 *   bind.linker        this system's linker (musl) does not go by SONAME: no shim can help
 *   bind.soname-taken  another library carries the SONAME already
 *   bind.already-bound the plugin is open already, and bound elsewhere
 *   bind.misbound      a symbol went elsewhere all the same (a preloaded library, a hook)
 *   bind.second-copy   a second copy of the runtime is, or would be, mapped
 *   bind.runtime       the runtime's library could not be opened
 *   bind.shim          (note) a shim was mapped
 *   bind.promoted      (note) the runtime's library was put into the global scope
 * Threads: one attempt at a time in a process; others wait. */
int strategy_open(const struct strategy_request *request, metacall_diagnostic_sink sink,
                  void *sink_data, struct bound_plugin **ret_plugin);
enum bound_how bound_plugin_how(const struct bound_plugin *plugin);
/* A function that the plugin itself exports, or NULL (no error set). */
void *bound_plugin_symbol(const struct bound_plugin *plugin, const char *name);
/* Closes the plugin (its runtime stays mapped). Only before any of its hooks ran, or in tests. */
void bound_plugin_close(struct bound_plugin *plugin);

#endif /* HOST_VARIANTS_STRATEGY_H */
