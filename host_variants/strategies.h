/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The three ways to carry out an attempt. */
#ifndef HOST_VARIANTS_STRATEGIES_H
#define HOST_VARIANTS_STRATEGIES_H

#include "host_variants/attempt.h"

/* Each ends in a bound plugin, or refuses with -1. */
int strategy_linked_open(struct attempt *attempt);
int strategy_host_open(struct attempt *attempt);
int strategy_interposed_open(struct attempt *attempt);

#endif /* HOST_VARIANTS_STRATEGIES_H */
