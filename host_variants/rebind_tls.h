/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Where a module keeps its thread-locals. */
#ifndef HOST_VARIANTS_REBIND_TLS_H
#define HOST_VARIANTS_REBIND_TLS_H

#include "host_variants/modules.h"

/* The number that __tls_get_addr knows the module's thread-locals by; 0 = it has none. */
size_t rebind_tls_module(const struct module *module);
/* The distance from the thread pointer to the module's block, where the linker has given it a
 * place at a fixed distance in every thread. Returns 0, or -1 (no error set) where it has not. */
int rebind_tls_distance(size_t tls_module, intptr_t *ret_distance);

#endif /* HOST_VARIANTS_REBIND_TLS_H */
