/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The loaders that run in this process, by tag, in order of start. One table a process. */
#ifndef CORE_LOADER_TABLE_H
#define CORE_LOADER_TABLE_H

#include <metacall/loader.h>

/* Asked, without any lock of the table held, for a tag that is not running. It must end in
 * loader_table_start for that tag, or fail with the error set. The one way up from the core. */
typedef int (*loader_source)(const char *tag, void *data);

void loader_table_set_source(loader_source source, void *data);

/* Adds the loader and runs its first hook: host_attach where config->binding is HOST, else
 * initialize. Hooks and config are copied. On failure nothing stays in the table. Two threads that
 * start the same tag: the second waits and gets the first one's loader (or tries itself after a
 * failure). */
int loader_table_start(const struct metacall_loader_hooks *hooks,
                       const struct metacall_loader_config *config, metacall_loader **ret_loader);

/* The running loader, or NULL (no error set). */
metacall_loader *loader_table_find(const char *tag);
/* The running loader, asking the source where it does not run. NULL with the error set. */
metacall_loader *loader_table_get(const char *tag);
/* The host's loader, or NULL. */
metacall_loader *loader_table_host(void);
/* 1 when the loader may know a main program: it is the host's, or the runner gave it a script. */
int loader_has_main(const metacall_loader *loader);
/* The first loader after `after` (NULL = of all) that does; NULL = none. */
metacall_loader *loader_table_next_main(const metacall_loader *after);
/* The loader of functions that the process itself registers, "__metacall_host__". Runs always, has
 * no hooks, is not among those that loader_table_each visits; its names come before all others. */
metacall_loader *loader_table_native(void);
/* Calls each running loader in order of start; stops at the first non-zero and returns it. */
int loader_table_each(int (*visit)(metacall_loader *loader, void *data), void *data);
/* Ends every loader, last started first: host_detach for the host, destroy for the others.
 * Idempotent; whoever comes second waits for the first. Returns the number that failed. */
int loader_table_destroy(void);

const struct metacall_loader_hooks *loader_table_hooks(const metacall_loader *loader);

#endif /* CORE_LOADER_TABLE_H */
