/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* An interpreter of our own: its start, and the one end that every interpreter of this loader has,
 * of its own or a host's. */
#ifndef PY_EMBED_H
#define PY_EMBED_H

#include <metacall/loader.h>

/* Starts the interpreter on the calling thread and leaves its lock free. 0, or -1 with the error
 * set. */
int py_embed_start(metacall_loader *loader, const struct metacall_loader_config *config);
/* The gate closed, everybody out, the interpreter finalised: once. Any thread. */
int py_embed_finish(metacall_loader *loader);
/* The same in a host, which goes on without us. */
int py_host_finish(metacall_loader *loader);
/* Makes extension modules that would bind to another library of the same symbols in the process's
 * executable (OpenSSL in node) bind to their own. The lock is held. 0, or -1 with a Python
 * exception set. */
int py_isolate_extensions(void);
/* 1 when there is such a module. */
int py_isolate_is_needed(void);
/* Leads what libpython has built in to its own libraries, before the interpreter starts. */
void py_isolate_library(void);

#endif /* PY_EMBED_H */
