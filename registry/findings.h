/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A growing list of diagnostics that owns their strings. */
#ifndef REGISTRY_FINDINGS_H
#define REGISTRY_FINDINGS_H

#include "registry/arena.h"
#include <metacall/diagnostic.h>
#include <metacall/registry.h>

struct findings {
    struct arena *arena;
    struct arena_list list; /* of struct metacall_diagnostic */
    size_t errors, warnings;
    metacall_diagnostic_sink sink; /* hears each one as it is added; may be NULL */
    void *sink_data;
};

/* Copies `diagnostic` with all its strings. Where its severity is -1, the usual one of its id. */
#define FINDING_USUAL ((enum metacall_severity)(-1))
void findings_add(struct findings *findings, const struct metacall_diagnostic *diagnostic);
void findings_add_all(struct findings *findings, const struct metacall_diagnostic *items,
                      size_t count);
/* A finding about a file: id, path and a message. */
void findings_file(struct findings *findings, const char *id, const char *path, const char *fix,
                   const char *format, ...) METACALL_PRINTF(5, 6);
static inline const struct metacall_diagnostic *findings_at(const struct findings *findings,
                                                            size_t index)
{
    return (const struct metacall_diagnostic *)findings->list.items + index;
}
/* The first finding of severity error, or NULL. */
const struct metacall_diagnostic *findings_first_error(const struct findings *findings);
/* "path:line:column: message", into the arena. */
const char *findings_line(struct arena *arena, const struct metacall_diagnostic *diagnostic);

#endif /* REGISTRY_FINDINGS_H */
