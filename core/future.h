/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Futures as the core's own rooms see them: what happens to the pending ones when their owner goes.
 */
#ifndef CORE_FUTURE_H
#define CORE_FUTURE_H

#include <metacall/future.h>

/* Rejects every pending future of a loader that has ended. Callbacks of others run inside. */
void future_reject_of(metacall_loader *loader);
/* Rejects the pending futures of runtimes that stayed in the parent of a fork: not in the child's
 * fork handler, where no callback may run, but at the first use of the library after it. */
void future_reject_lost(void);

#endif /* CORE_FUTURE_H */
