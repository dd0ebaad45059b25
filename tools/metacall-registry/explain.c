/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `explain TAG`: every step from the tag to the variant, in order, with the reason of each
 * rejection; and the same as a trace on standard error. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

struct mark {
    const char *text; /* for people */
    const char *word; /* for scripts */
    enum paint paint;
};

static const struct mark *mark_of(enum metacall_registry_verdict verdict)
{
    static const struct mark marks[] = {
        [METACALL_REGISTRY_FACT] = {" ", "fact", PAINT_NONE},
        [METACALL_REGISTRY_TAKEN] = {"+", "taken", PAINT_GOOD},
        [METACALL_REGISTRY_REJECTED] = {"-", "rejected", PAINT_BAD},
    };

    return &marks[verdict];
}

static void print_steps(const struct output *output, const struct metacall_registry_steps *steps)
{
    const char *stage = "";

    for (size_t i = 0; i < steps->count; i++) {
        const struct metacall_registry_step *step = &steps->items[i];
        const struct mark *mark = mark_of(step->verdict);

        if (strcmp(stage, step->stage) != 0) {
            fprintf(output->stream, "%s%s%s\n", output_paint(output, PAINT_STRONG), step->stage,
                    output_unpaint(output, PAINT_STRONG));
            stage = step->stage;
        }
        fprintf(output->stream, "  %s%s%s ", output_paint(output, mark->paint), mark->text,
                output_unpaint(output, mark->paint));
        output_text(output, step->subject);
        if (step->reason != NULL) {
            fputs(": ", output->stream);
            output_text(output, step->reason);
        }
        fputc('\n', output->stream);
    }
}

/* Four fields: stage verdict subject reason. */
static void print_records(const struct output *output, const struct metacall_registry_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        const struct metacall_registry_step *step = &steps->items[i];

        fprintf(output->stream, "%s\t%s\t", step->stage, mark_of(step->verdict)->word);
        output_text(output, step->subject);
        fputc('\t', output->stream);
        output_text(output, step->reason);
        fputc('\n', output->stream);
    }
}

static void print_outcome(const struct output *output, const struct metacall_registry_row *row)
{
    int ready = row->status == METACALL_REGISTRY_READY;
    enum paint paint = ready ? PAINT_GOOD : PAINT_BAD;

    fprintf(output->stream, "%s%s:%s %s", output_paint(output, paint), row->tag,
            output_unpaint(output, paint),
            ready ? row->strategy : metacall_registry_status_name(row->status));
    if (row->reason != NULL) {
        fputs(": ", output->stream);
        output_text(output, row->reason);
    }
    fputc('\n', output->stream);
}

static int explain_text(struct invocation *invocation, const struct metacall_registry_steps *steps)
{
    const struct output *output = invocation->output;

    if (output->form == OUTPUT_PLAIN)
        print_records(output, steps);
    else if (!output->quiet)
        print_steps(output, steps);
    if (output->form == OUTPUT_TEXT && steps->row != NULL)
        print_outcome(output, steps->row);
    return STATUS_OK;
}

/* The library explains unknown tags too; this says that it is one, with a suggestion. */
static int tell_unknown(struct invocation *invocation, const char *tag)
{
    struct metacall_registry_rows *rows;

    if (metacall_registry_row(invocation->registry, tag, &rows) != 0)
        return output_failure(invocation->output);
    metacall_registry_rows_free(rows);
    return STATUS_OK;
}

int explain_run(struct invocation *invocation)
{
    const char *tag = invocation->operands[0];
    struct metacall_registry_steps *steps;
    int status;

    if (metacall_registry_explain(invocation->registry, tag, &steps) != 0)
        return output_failure(invocation->output);
    if (invocation->output->form == OUTPUT_JSON)
        status = output_json(invocation->output,
                             metacall_registry_explain_json(invocation->registry, tag));
    else
        status = explain_text(invocation, steps);
    if (status == STATUS_OK && steps->row == NULL)
        status = tell_unknown(invocation, tag);
    else if (status == STATUS_OK && steps->row->state == METACALL_REGISTRY_BROKEN)
        status = STATUS_FINDINGS;
    metacall_registry_steps_free(steps);
    return status;
}

void explain_trace(metacall_registry *registry, const char *tag)
{
    struct metacall_registry_steps *steps;

    if (metacall_registry_explain(registry, tag, &steps) != 0)
        return;
    for (size_t i = 0; i < steps->count; i++) {
        const struct metacall_registry_step *step = &steps->items[i];
        char *subject = output_clean(step->subject), *reason = output_clean(step->reason);

        fprintf(stderr, "metacall-registry: trace: %s: %s: %s %s: %s\n", tag, step->stage,
                mark_of(step->verdict)->word, subject, reason);
        free(subject);
        free(reason);
    }
    metacall_registry_steps_free(steps);
}
