/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Loading scripts: what the port wants to know beyond the hooks. */
#ifndef NODE_LOAD_H
#define NODE_LOAD_H

#include "node_env.h"

/* While this thread loads, what the scripts export is added to `list` (a JavaScript array of the
 * current environment); NULL ends it. */
void node_load_collect(napi_value list);

#endif /* NODE_LOAD_H */
