/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void trace_step(struct trace *trace, const char *stage, const char *subject,
                enum metacall_registry_verdict verdict, const char *format, ...)
{
    char reason[1024];
    va_list args;
    if (!trace)
        return;
    struct metacall_registry_step *step =
        arena_push(trace->arena, &trace->steps, sizeof(struct metacall_registry_step));
    if (!step)
        return;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    *step = (struct metacall_registry_step){.stage = stage,
                                            .subject = arena_text(trace->arena, subject),
                                            .verdict = verdict,
                                            .reason = arena_text(trace->arena, reason)};
}

const char *trace_rejections(struct trace *trace, const char *stage)
{
    const struct metacall_registry_step *steps = trace->steps.items;
    const char *text = "";
    for (size_t i = 0; i < trace->steps.count; i++) {
        if (steps[i].verdict == METACALL_REGISTRY_REJECTED && strcmp(steps[i].stage, stage) == 0)
            text = arena_format(trace->arena, "%s%s%s: %s", text, *text ? "; " : "",
                                steps[i].subject, steps[i].reason);
    }
    return text;
}
