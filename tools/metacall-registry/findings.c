/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Findings: see findings.h. The first line of each has the form that editors and CI systems take
 * for a place in a file: path:line:column: severity: message [id]. */
#include "findings.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

void findings_add(struct findings *findings, struct metacall_registry_findings *part)
{
    struct metacall_registry_findings *sum = &findings->sum;
    struct metacall_diagnostic *items = (struct metacall_diagnostic *)sum->items;

    findings->parts =
        memory_grow(findings->parts, (findings->part_count + 1) * sizeof *findings->parts);
    findings->parts[findings->part_count++] = part;
    items = memory_grow(items, (sum->count + part->count) * sizeof *items);
    if (part->count != 0)
        memcpy(items + sum->count, part->items, part->count * sizeof *items);
    sum->items = items;
    sum->count += part->count;
    sum->errors += part->errors;
    sum->warnings += part->warnings;
    sum->notes += part->notes;
    sum->files += part->files;
}

void findings_finish(struct findings *findings)
{
    for (size_t i = 0; i < findings->part_count; i++)
        metacall_registry_findings_free(findings->parts[i]);
    free(findings->parts);
    free((void *)findings->sum.items);
}

const char *findings_severity(enum metacall_severity severity)
{
    static const char *const names[] = {"note", "warning", "error"};

    return names[severity];
}

static enum paint severity_paint(enum metacall_severity severity)
{
    static const enum paint paints[] = {PAINT_FAINT, PAINT_DOUBT, PAINT_BAD};

    return paints[severity];
}

/* "path:line:column: ", "tag: " or "". */
static char *place(const struct metacall_diagnostic *diagnostic)
{
    char *path, *text;

    if (diagnostic->path == NULL && diagnostic->tag == NULL)
        return memory_copy("");
    path = output_clean(diagnostic->path != NULL ? diagnostic->path : diagnostic->tag);
    if (diagnostic->path == NULL || diagnostic->line == 0)
        text = memory_format("%s: ", path);
    else if (diagnostic->column == 0)
        text = memory_format("%s:%u: ", path, diagnostic->line);
    else
        text = memory_format("%s:%u:%u: ", path, diagnostic->line, diagnostic->column);
    free(path);
    return text;
}

/* A line below a finding, unless its message says that much already. */
static void detail(const struct output *output, const char *name, const char *text,
                   const char *message)
{
    if (text == NULL || text[0] == '\0' || (message != NULL && strstr(message, text) != NULL))
        return;
    fprintf(output->stream, "    %s%-8s%s  ", output_paint(output, PAINT_FAINT), name,
            output_unpaint(output, PAINT_FAINT));
    output_text(output, text);
    fputc('\n', output->stream);
}

static void print_text(const struct output *output, const struct metacall_diagnostic *diagnostic,
                       unsigned flags)
{
    const struct metacall_registry_finding_kind *kind =
        diagnostic->id != NULL ? metacall_registry_finding_kind(diagnostic->id) : NULL;
    enum paint paint = severity_paint(diagnostic->severity);
    char *where = place(diagnostic);

    fprintf(output->stream, "%s%s%s%s%s:%s ", output_paint(output, PAINT_STRONG), where,
            output_unpaint(output, PAINT_STRONG), output_paint(output, paint),
            findings_severity(diagnostic->severity), output_unpaint(output, paint));
    output_text(output, diagnostic->message);
    if (diagnostic->id != NULL)
        fprintf(output->stream, " %s[%s]%s", output_paint(output, PAINT_FAINT), diagnostic->id,
                output_unpaint(output, PAINT_FAINT));
    fputc('\n', output->stream);
    if (diagnostic->path != NULL)
        detail(output, "loader", diagnostic->tag, NULL);
    detail(output, "pointer", diagnostic->pointer, NULL);
    detail(output, "evidence", diagnostic->symbol, diagnostic->message);
    detail(output, "expected", diagnostic->expected, diagnostic->message);
    detail(output, "found", diagnostic->found, diagnostic->message);
    if ((flags & FINDINGS_WHY) && kind != NULL)
        detail(output, "why", kind->why, NULL);
    detail(output, "fix", diagnostic->fix, NULL);
    free(where);
}

/* Twelve fields: severity id path line column pointer tag symbol expected found message fix. */
static void print_plain(const struct output *output, const struct metacall_diagnostic *diagnostic)
{
    const char *const texts[] = {diagnostic->pointer,  diagnostic->tag,   diagnostic->symbol,
                                 diagnostic->expected, diagnostic->found, diagnostic->message,
                                 diagnostic->fix};

    fprintf(output->stream, "%s\t", findings_severity(diagnostic->severity));
    output_text(output, diagnostic->id);
    fputc('\t', output->stream);
    output_text(output, diagnostic->path);
    fprintf(output->stream, "\t%u\t%u", diagnostic->line, diagnostic->column);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fputc('\t', output->stream);
        output_text(output, texts[i]);
    }
    fputc('\n', output->stream);
}

void findings_print(const struct output *output, const struct metacall_registry_findings *findings,
                    unsigned flags)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct metacall_diagnostic *diagnostic = &findings->items[i];

        if (output->form == OUTPUT_PLAIN)
            print_plain(output, diagnostic);
        else if (diagnostic->severity != METACALL_SEVERITY_NOTE || (flags & FINDINGS_NOTES))
            print_text(output, diagnostic, flags);
    }
}

char *findings_verdict(const struct metacall_registry_findings *findings, const char *noun,
                       const char *verb)
{
    const char *files = findings->files == 1 ? "" : "s";

    if (findings->errors == 0 && findings->warnings == 0)
        return memory_format("%zu %s%s %s: no problem found", findings->files, noun, files, verb);
    return memory_format("%zu %s%s %s: %zu error%s, %zu warning%s", findings->files, noun, files,
                         verb, findings->errors, findings->errors == 1 ? "" : "s",
                         findings->warnings, findings->warnings == 1 ? "" : "s");
}

int findings_status(const struct metacall_registry_findings *findings, int strict)
{
    return findings->errors != 0 || (strict && findings->warnings != 0) ? STATUS_FINDINGS
                                                                        : STATUS_OK;
}

void findings_message(const struct output *output, const struct metacall_diagnostic *diagnostic)
{
    struct output messages = output_messages(output);

    print_text(&messages, diagnostic, 0);
}

static int answer_print(struct invocation *invocation,
                        const struct metacall_registry_findings *findings, const char *kind,
                        const char *noun, const char *verb)
{
    const struct output *output = invocation->output;
    int verbose = invocation->options->given[OPTION_VERBOSE];
    char *verdict;

    if (output->form == OUTPUT_JSON) {
        const char *target = invocation->operand_count == 1 ? invocation->operands[0] : NULL;

        return output_json(output, metacall_registry_findings_json(findings, kind, target));
    }
    if (output->quiet && output->form == OUTPUT_TEXT)
        return STATUS_OK;
    findings_print(output, findings, verbose ? FINDINGS_NOTES : 0);
    if (output->form == OUTPUT_PLAIN)
        return STATUS_OK;
    verdict = findings_verdict(findings, noun, verb);
    fprintf(output->stream, "%s\n", verdict);
    free(verdict);
    return STATUS_OK;
}

int findings_answer(struct invocation *invocation, struct findings *findings, int status,
                    const char *kind, const char *noun, const char *verb)
{
    if (status == STATUS_OK)
        status = answer_print(invocation, &findings->sum, kind, noun, verb);
    if (status == STATUS_OK)
        status = findings_status(&findings->sum, invocation->options->given[OPTION_STRICT]);
    findings_finish(findings);
    return status;
}
