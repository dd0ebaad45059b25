/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* After the plugin is open: proof that it is bound where the strategy says. */
#ifndef HOST_VARIANTS_BINDING_PROOF_H
#define HOST_VARIANTS_BINDING_PROOF_H

#include "host_variants/attempt.h"

/* Looks at every relocated word of the plugin that stands for a symbol of the provider, and for
 * copies of the runtime that were not there before. Both objects are named by their PT_DYNAMIC;
 * provider_dynamic NULL = no runtime. `already`: the plugin was open before this attempt. Returns
 * 0, or refuses. */
int binding_prove(struct attempt *attempt, const void *plugin_dynamic, const void *provider_dynamic,
                  int already);

#endif /* HOST_VARIANTS_BINDING_PROOF_H */
