/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Runs a probe: an argv, never a shell, with a time limit, nothing inherited but the environment.
 */
#ifndef REGISTRY_COMMAND_H
#define REGISTRY_COMMAND_H

#include "registry/environment.h"

#define COMMAND_OUTPUT_MAX 65536
#define COMMAND_TIMEOUT_MS 5000

/* Runs `program` (a path) with argv and waits for at most timeout_ms. Returns what it wrote on its
 * standard output, into the arena; NULL with *ret_reason set when it could not be run, failed, or
 * took too long (it is then killed with all it started). */
const char *command_run(const struct environment *environment, struct arena *arena,
                        const char *program, const char *const *argv, int timeout_ms,
                        const char **ret_reason);

#endif /* REGISTRY_COMMAND_H */
