/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* "Did you mean": the known word nearest to one that nobody knows. */
#ifndef METACALL_REGISTRY_SUGGEST_H
#define METACALL_REGISTRY_SUGGEST_H

#include <stddef.h>

/* How many letters must be added, dropped, changed or swapped with their neighbour to make `b` of
 * `a`. */
size_t suggest_distance(const char *a, const char *b);
/* `candidate` when it is nearer to `word` than `best` (NULL = none so far) and near enough to be
 * meant, else `best`. Fold it over all candidates; of equals the first wins. */
const char *suggest_nearer(const char *word, const char *best, const char *candidate);

#endif /* METACALL_REGISTRY_SUGGEST_H */
