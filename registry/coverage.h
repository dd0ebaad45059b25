/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Is there, for every symbol that a plugin leaves undefined, somebody who provides it? */
#ifndef REGISTRY_COVERAGE_H
#define REGISTRY_COVERAGE_H

#include "registry/check.h"

/* Resolves the plugin's undefined symbols in its needed libraries, theirs, and `provider` (the file
 * that holds the runtime; NULL = unknown: then symbols that nobody else provides are told as
 * unproven). `needed` is the DT_NEEDED that the provider stands for, NULL = none. */
void coverage_check(const struct environment *environment, const char *tag, const char *path,
                    const struct elf_image *image, const char *provider, const char *needed,
                    struct findings *findings);

#endif /* REGISTRY_COVERAGE_H */
