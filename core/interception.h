/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Hooks on functions as the core's own rooms see them. */
#ifndef CORE_INTERCEPTION_H
#define CORE_INTERCEPTION_H

#include <metacall/intercept.h>

struct interception_state;

/* A call through the registry of a function that has hooks. */
int interception_call(metacall_function *function, const struct metacall_call *call,
                      metacall_value *ret);
/* Takes every hook off the functions of a loader that is about to end, so that its runtime is left
 * as it was. The handles stay their owners'. */
void interception_end_loader(const metacall_loader *loader);
/* With the function itself; nothing is on it any more. NULL is accepted. */
void interception_state_destroy(struct interception_state *state);

#endif /* CORE_INTERCEPTION_H */
