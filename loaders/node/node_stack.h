/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* How far down JavaScript may go on the calling thread's stack. */
#ifndef NODE_STACK_H
#define NODE_STACK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The lowest address, with a reserve below for foreign code and V8's own C++; 0 = unknown. */
uintptr_t node_stack_limit(void);

#ifdef __cplusplus
}
#endif

#endif /* NODE_STACK_H */
