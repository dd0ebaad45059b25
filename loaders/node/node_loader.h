/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the rooms of this loader ask of the loader as a whole. */
#ifndef NODE_LOADER_H
#define NODE_LOADER_H

#include "node_env.h"

/* The environment that a hook should use on this thread. NULL with the error set. */
struct node_env *node_loader_env(struct node_loader *owner);
/* A host's environment that came up on this thread: remembers the main one. */
void node_loader_adopt(struct node_loader *owner, struct node_env *env);
/* The host's main environment is being torn down: ends all guests. */
void node_loader_host_ends(struct node_loader *owner);
/* What bootstrap/guest.js calls, put into `native`. 0, or -1. */
int node_loader_natives(struct node_env *env, napi_value native);
/* The port: makes or finds the environment behind `napi` and fills `exports`. */
napi_value node_port_fill(napi_env napi, napi_value exports);
/* The one loader of this process. */
struct node_loader *node_loader_get(void);
/* Before libnode starts: the files that it reads by absolute paths, and aborts without. */
int node_preflight(const char *library);

#endif /* NODE_LOADER_H */
