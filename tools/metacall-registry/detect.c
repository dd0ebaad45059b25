/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `detect`: which runtimes live in a process, who holds them, and how that is known. */
#include "command.h"

#include "memory.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

static const char *running(const struct metacall_registry_host *host)
{
    return host->running < 0 ? "unknown" : host->running ? "running" : "present";
}

/* The facts of the evidence, which come a line each, on one line for people. */
static char *evidence_line(const struct output *output, const char *evidence)
{
    char *line, *to;

    if (evidence == NULL || output->form != OUTPUT_TEXT)
        return memory_copy(evidence);
    line = to = memory_take(2 * strlen(evidence) + 1);
    for (; *evidence != '\0'; evidence++) {
        if (*evidence != '\n')
            *to++ = *evidence;
        else if (evidence[1] != '\0')
            to = stpcpy(to, "; ");
    }
    return line;
}

static void print_hosts(const struct output *output, const struct metacall_registry_hosts *hosts)
{
    static const struct table_column columns[] = {
        {"TAG", 0},   {"LANGUAGE", 0},           {"VERSION", 0},
        {"STATE", 0}, {"OWNER", TABLE_FLEXIBLE}, {"EVIDENCE", TABLE_FLEXIBLE},
    };
    struct table *table = table_create(columns, 6);

    for (size_t i = 0; i < hosts->count; i++) {
        const struct metacall_registry_host *host = &hosts->items[i];

        char *evidence = evidence_line(output, host->evidence);

        table_add(table, (const char *[]){host->tag, host->language, host->version, running(host),
                                          host->owner, evidence});
        free(evidence);
        table_paint(table, 0, PAINT_STRONG);
    }
    table_print(table, output);
    table_destroy(table);
}

static void print_tags(const struct output *output, const struct metacall_registry_hosts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++)
        fprintf(output->stream, "%s\n", hosts->items[i].tag);
}

/* Two copies of one runtime in one process are an error, whoever made them. */
static int tell_duplicates(const struct output *output, const struct metacall_registry_hosts *hosts)
{
    int status = STATUS_OK;

    for (size_t i = 0; i < hosts->count; i++) {
        const struct metacall_registry_host *host = &hosts->items[i];

        if (!host->duplicate)
            continue;
        output_message(output, MESSAGE_ERROR, "'%s' lives in this process more than once: %s",
                       host->tag, host->owner);
        status = STATUS_FINDINGS;
    }
    return status;
}

int detect_run(struct invocation *invocation)
{
    const struct output *output = invocation->output;
    struct metacall_registry_hosts *hosts;
    int status = STATUS_OK;

    if (invocation->options->given[OPTION_PID])
        return detect_process(invocation, invocation->options->values[OPTION_PID]);
    if (metacall_registry_detect(invocation->registry, &hosts) != 0)
        return output_failure(output);
    if (output->form == OUTPUT_JSON)
        status = output_json(output, metacall_registry_detect_json(invocation->registry));
    else if (hosts->count == 0)
        output_message(output, MESSAGE_NOTE, "no runtime of any loader lives in this process");
    else if (output->quiet && output->form == OUTPUT_TEXT)
        print_tags(output, hosts);
    else
        print_hosts(output, hosts);
    if (status == STATUS_OK)
        status = tell_duplicates(output, hosts);
    metacall_registry_hosts_free(hosts);
    return status;
}
