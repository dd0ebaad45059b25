/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The scripts of bootstrap/, embedded as one; the source is generated. */
#ifndef NODE_BOOTSTRAP_H
#define NODE_BOOTSTRAP_H

#include <stddef.h>

extern const char node_bootstrap[];
extern const size_t node_bootstrap_size;

#endif /* NODE_BOOTSTRAP_H */
