/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From what the registry works with to what it hands out. */
#ifndef REGISTRY_ROW_H
#define REGISTRY_ROW_H

#include "registry/select.h"

/* A selection as a row of the list; all texts are copied into the arena. */
void row_fill(struct arena *arena, const struct selection *selection,
              struct metacall_registry_row *row);
/* Findings, and lists of texts, copied into the arena of a result. */
const struct metacall_diagnostic *
result_diagnostics(struct arena *arena, const struct findings *findings, size_t *ret_count);
const char *const *result_texts(struct arena *arena, const char *const *texts);

#endif /* REGISTRY_ROW_H */
