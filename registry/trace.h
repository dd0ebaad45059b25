/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Why: the steps of one choice, in order. Every function that chooses takes a trace; NULL = nobody
 * wants to know. */
#ifndef REGISTRY_TRACE_H
#define REGISTRY_TRACE_H

#include "registry/arena.h"
#include <metacall/registry.h>

struct trace {
    struct arena *arena;
    struct arena_list steps; /* struct metacall_registry_step */
};

void trace_step(struct trace *trace, const char *stage, const char *subject,
                enum metacall_registry_verdict verdict, const char *format, ...)
    METACALL_PRINTF(5, 6);
/* The rejections of one stage as text, "subject: reason; ...", into the trace's arena. */
const char *trace_rejections(struct trace *trace, const char *stage);

#endif /* REGISTRY_TRACE_H */
