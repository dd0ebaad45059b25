/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The world that a registry sees: a snapshot of the environment, the root folder, the mode. Taken
 * once, so that a change of the environment in another thread is never read half-way. */
#ifndef REGISTRY_ENVIRONMENT_H
#define REGISTRY_ENVIRONMENT_H

#include "registry/arena.h"

struct environment {
    struct arena arena;
    const char *const *variables; /* NAME=value, ends with NULL */
    const char *root;             /* without a final slash; "" = the real root */
    const char *prefix;           /* NULL = our own */
    int secure;                   /* variables and home do not count; strict owners */
    int strict;                   /* files that others may write are refused: secure, or root */
};

/* `variables` NULL = the process's own. 0, or -1 with the error set. */
int environment_init(struct environment *environment, const char *root, const char *prefix,
                     const char *const *variables, int secure);
void environment_finish(struct environment *environment);
/* The value of a variable, NULL when it is not set or empty. Where secure, always NULL. */
const char *environment_get(const struct environment *environment, const char *name);
/* The value even where it is ignored, for showing. */
const char *environment_peek(const struct environment *environment, const char *name);
/* 1 when nothing may be run and no symbol of this process counts: another root is looked at. */
static inline int environment_is_foreign(const struct environment *environment)
{
    return environment->root[0] != '\0';
}
/* `path` below the root, into the arena. Links are followed inside the root, where the kernel can
 * (openat2); what is not there gives a path that leads nowhere. */
const char *environment_real(const struct environment *environment, struct arena *arena,
                             const char *path);
/* The same for a name in an open folder below another root; NULL = the kernel cannot say. */
const char *environment_real_at(const struct environment *environment, struct arena *arena,
                                int folder, const char *name);

#endif /* REGISTRY_ENVIRONMENT_H */
