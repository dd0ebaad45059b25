/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A list of findings in the making, for check, validate and doctor. */
#ifndef REGISTRY_INSPECTION_H
#define REGISTRY_INSPECTION_H

#include "registry/registry.h"

struct inspection_result {
    struct metacall_registry_findings *result; /* NULL = out of memory, with the error set */
    struct arena *arena;                       /* the result's */
    struct findings findings;
    size_t files;
};

void inspection_begin(struct inspection_result *inspection);
/* Hands the findings out, or frees them when `result` is -1. */
int inspection_end(struct inspection_result *inspection, int result,
                   struct metacall_registry_findings **ret_findings);
/* Everything that metacall_registry_check says about a target. */
int inspection_check(struct inspection_result *inspection, metacall_registry *registry,
                     struct catalog *catalog, const char *target);

#endif /* REGISTRY_INSPECTION_H */
