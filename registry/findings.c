/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/findings.h"

#include <stdarg.h>
#include <stdio.h>

void findings_add(struct findings *findings, const struct metacall_diagnostic *diagnostic)
{
    struct arena *arena = findings->arena;
    struct metacall_diagnostic *copy =
        arena_push(arena, &findings->list, sizeof(struct metacall_diagnostic));
    if (!copy)
        return;
    *copy = *diagnostic;
    copy->id = arena_text(arena, diagnostic->id);
    copy->path = arena_text(arena, diagnostic->path);
    copy->pointer = arena_text(arena, diagnostic->pointer);
    copy->tag = arena_text(arena, diagnostic->tag);
    copy->symbol = arena_text(arena, diagnostic->symbol);
    copy->expected = arena_text(arena, diagnostic->expected);
    copy->found = arena_text(arena, diagnostic->found);
    copy->message = arena_text(arena, diagnostic->message);
    copy->fix = arena_text(arena, diagnostic->fix);
    if (copy->severity == FINDING_USUAL) {
        const struct metacall_registry_finding_kind *kind =
            metacall_registry_finding_kind(diagnostic->id);
        copy->severity = kind ? kind->severity : METACALL_SEVERITY_ERROR;
    }
    findings->errors += copy->severity == METACALL_SEVERITY_ERROR;
    findings->warnings += copy->severity == METACALL_SEVERITY_WARNING;
    if (findings->sink)
        findings->sink(copy, findings->sink_data);
}

void findings_add_all(struct findings *findings, const struct metacall_diagnostic *items,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        findings_add(findings, &items[i]);
}

void findings_file(struct findings *findings, const char *id, const char *path, const char *fix,
                   const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    findings_add(
        findings,
        &(struct metacall_diagnostic){
            .id = id, .severity = FINDING_USUAL, .path = path, .message = message, .fix = fix});
}

const struct metacall_diagnostic *findings_first_error(const struct findings *findings)
{
    for (size_t i = 0; i < findings->list.count; i++) {
        if (findings_at(findings, i)->severity == METACALL_SEVERITY_ERROR)
            return findings_at(findings, i);
    }
    return NULL;
}

const char *findings_line(struct arena *arena, const struct metacall_diagnostic *diagnostic)
{
    const char *path = diagnostic->path ? diagnostic->path : "";
    if (diagnostic->line)
        return arena_format(arena, "%s:%u:%u: %s", path, diagnostic->line, diagnostic->column,
                            diagnostic->message);
    return arena_format(arena, "%s%s%s", path, *path ? ": " : "", diagnostic->message);
}
