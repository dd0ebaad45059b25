/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Memory in place: ArrayBuffers and their views go out, that of other languages becomes one
 * ArrayBuffer with the view of its format. Neither is copied. */
#ifndef NODE_MEMORY_H
#define NODE_MEMORY_H

#include "node_env.h"
#include <metacall/memory.h>

/* An ArrayBuffer, a typed array or a DataView into a slot. 0, or -1 with the error set. */
int node_memory_take(struct node_env *env, napi_value value, metacall_value *slot);
/* Memory into JavaScript. 0, or -1 with the error set. */
int node_memory_make(struct node_env *env, metacall_memory *memory, napi_value *ret_value);

#endif /* NODE_MEMORY_H */
