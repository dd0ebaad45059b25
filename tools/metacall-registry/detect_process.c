/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `detect --pid`: the runtimes of another process, how a debugger could enter, and what the process
 * exports that others would bind to by accident. */
#include "command.h"

#include "memory.h"
#include "table.h"

#include <errno.h>
#include <limits.h>
#include <metacall/loader.h>
#include <stdlib.h>

static char *evidence(const struct metacall_registry_process_runtime *runtime)
{
    return memory_format("%s%s%s%s%s%s%s",
                         runtime->in_executable ? "in the executable" : "in a library",
                         runtime->deleted ? ", whose file is gone" : "",
                         runtime->duplicate ? "; one of several copies" : "",
                         runtime->version_from != NULL ? "; version by " : "",
                         runtime->version_from != NULL ? runtime->version_from : "",
                         runtime->build_id != NULL ? "; build-id " : "",
                         runtime->build_id != NULL ? runtime->build_id : "");
}

static void print_runtimes(const struct output *output,
                           const struct metacall_registry_process *process)
{
    static const struct table_column columns[] = {
        {"TAG", 0},   {"LANGUAGE", 0},           {"VERSION", 0},
        {"STATE", 0}, {"OWNER", TABLE_FLEXIBLE}, {"EVIDENCE", TABLE_FLEXIBLE},
    };
    struct table *table = table_create(columns, 6);

    for (size_t i = 0; i < process->runtime_count; i++) {
        const struct metacall_registry_process_runtime *runtime = &process->runtimes[i];
        char *facts = evidence(runtime);

        table_add(table, (const char *[]){runtime->tag, runtime->language, runtime->version,
                                          runtime->running == 1 ? "running" : "unknown",
                                          runtime->owner, facts});
        free(facts);
        table_paint(table, 0, PAINT_STRONG);
    }
    table_print(table, output);
    table_destroy(table);
}

/* A fact of the process for people; the text is freed. */
static void print_fact(const struct output *output, const char *name, char *text)
{
    fprintf(output->stream, "%-10s  ", name);
    output_text(output, text);
    fputc('\n', output->stream);
    free(text);
}

static void print_entrances(const struct output *output,
                            const struct metacall_registry_process_runtime *runtime)
{
    for (size_t i = 0; i < runtime->entrance_count; i++) {
        const struct metacall_registry_entrance *way = &runtime->entrances[i];
        int is_way = way->state[0] == 'p' || way->state[0] == 'o';

        print_fact(output, "attach",
                   memory_format(
                       "%s: %s is %s%s%s%s%s%s", runtime->tag, way->id, way->state,
                       way->because != NULL ? " (" : "", way->because != NULL ? way->because : "",
                       way->because != NULL ? ")" : "", is_way && way->hint != NULL ? ": " : "",
                       is_way && way->hint != NULL ? way->hint : ""));
    }
}

static void print_process(const struct output *output,
                          const struct metacall_registry_process *process)
{
    const char *gone = process->executable_deleted ? " (the file is gone)" : "";

    if (process->runtime_count != 0)
        fputc('\n', output->stream);
    print_fact(output, "process", memory_format("%d of user %u", process->pid, process->uid));
    print_fact(output, "executable", memory_format("%s%s", process->executable, gone));
    if (process->other_root || process->other_mounts)
        print_fact(output, "root",
                   memory_format("%s, %s", process->root,
                                 process->other_root ? "another one than ours: a container, or a "
                                                       "changed root"
                                                     : "with mounts of its own: a container"));
    for (size_t i = 0; i < process->names_count; i++)
        print_fact(output, "exports",
                   memory_format("%zu name%s of %s: %s", process->names[i].count,
                                 process->names[i].count == 1 ? "" : "s", process->names[i].id,
                                 process->names[i].owner));
    for (size_t i = 0; i < process->runtime_count; i++)
        print_entrances(output, &process->runtimes[i]);
}

static void print(const struct output *output, const struct metacall_registry_process *process)
{
    if (output->form == OUTPUT_TEXT && output->quiet) {
        for (size_t i = 0; i < process->runtime_count; i++)
            fprintf(output->stream, "%s\n", process->runtimes[i].tag);
        return;
    }
    if (process->runtime_count == 0)
        output_message(output, MESSAGE_NOTE, "no runtime that a manifest describes lives in %d",
                       process->pid);
    else
        print_runtimes(output, process);
    if (output->form == OUTPUT_TEXT)
        print_process(output, process);
}

/* What the report cannot vouch for, and what is wrong in the process. */
static int tell(const struct output *output, const struct metacall_registry_process *process)
{
    int status = STATUS_OK;

    if (process->unreadable_count != 0)
        output_message(output, MESSAGE_WARNING, "%zu mapped file%s could not be read: %s%s",
                       process->unreadable_count, process->unreadable_count == 1 ? "" : "s",
                       process->unreadable, process->unreadable_count == 1 ? "" : " ...");
    for (size_t i = 0; i < process->runtime_count; i++) {
        if (!process->runtimes[i].duplicate)
            continue;
        output_message(output, MESSAGE_ERROR, "'%s' lives in process %d more than once: %s",
                       process->runtimes[i].tag, process->pid, process->runtimes[i].owner);
        status = STATUS_FINDINGS;
    }
    return status;
}

int detect_process(struct invocation *invocation, const char *text)
{
    const struct output *output = invocation->output;
    struct metacall_registry_process *process;
    int status = STATUS_OK;
    char *end;

    errno = 0;
    long pid = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || pid < 1 || pid > INT_MAX) {
        output_message(output, MESSAGE_ERROR, "'%s' is no process id", text);
        return STATUS_USAGE;
    }
    if (metacall_registry_detect_process(invocation->registry, (int)pid, &process) != 0) {
        const metacall_error *error = metacall_error_peek();
        int refused = error != NULL && error->code == METACALL_ERROR_HOST;

        status = output_failure(output);
        return refused ? STATUS_USAGE : status;
    }
    if (output->form == OUTPUT_JSON)
        status = output_json(output, metacall_registry_process_json(process));
    else
        print(output, process);
    if (status == STATUS_OK)
        status = tell(output, process);
    metacall_registry_process_free(process);
    return status;
}
