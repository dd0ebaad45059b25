/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The last part of an attempt: the shim, the plugin itself, and the proof. */
#ifndef HOST_VARIANTS_OPENING_H
#define HOST_VARIANTS_OPENING_H

#include "host_variants/attempt.h"

/* Whether the plugin is open in this process already: then it is bound, for good or ill, and no
 * shim can change that. */
int attempt_is_open(struct attempt *attempt);
/* Maps (or shares) a shim for the plugin's SONAME. */
int attempt_open_shim(struct attempt *attempt, const char *forward);
/* Opens the plugin; then proves it against the object with that PT_DYNAMIC (NULL = no runtime). */
int attempt_open_plugin(struct attempt *attempt, const void *provider_dynamic);

#endif /* HOST_VARIANTS_OPENING_H */
