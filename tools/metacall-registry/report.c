/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The report is written to memory, masked as a whole, and only then shown. */
#include "report.h"

#include "findings.h"
#include "mask.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* PRETTY_NAME of os-release; NULL where there is none. Freed by the caller. */
static char *system_name(void)
{
    FILE *file = fopen("/etc/os-release", "re");
    char line[512];
    char *name = NULL;

    while (file != NULL && name == NULL && fgets(line, sizeof line, file) != NULL) {
        char *value = line + strlen("PRETTY_NAME=");

        if (strncmp(line, "PRETTY_NAME=", strlen("PRETTY_NAME=")) != 0)
            continue;
        value[strcspn(value, "\n")] = '\0';
        if (*value == '"') {
            value++;
            value[strcspn(value, "\"")] = '\0';
        }
        name = memory_copy(value);
    }
    if (file != NULL)
        fclose(file);
    return name;
}

static void print_system(const struct output *output, metacall_registry *registry)
{
    struct utsname kernel;
    char libc[128] = "";
    char *name = system_name();

    help_version(output);
    if (uname(&kernel) == 0)
        fprintf(output->stream, "system: %s, %s %s %s\n", name != NULL ? name : "unknown",
                kernel.sysname, kernel.release, kernel.machine);
#ifdef _CS_GNU_LIBC_VERSION
    if (confstr(_CS_GNU_LIBC_VERSION, libc, sizeof libc) == 0)
        libc[0] = '\0';
#endif
    fprintf(output->stream, "libc: %s\n", libc[0] != '\0' ? libc : "not glibc");
    fprintf(output->stream, "user: %s%s\n", geteuid() == 0 ? "root" : "not root",
            metacall_registry_is_secure(registry) ? ", secure mode" : "");
    free(name);
}

static void print_paths(const struct output *output, const struct metacall_registry_paths *paths)
{
    fputs("\nsearch path:\n", output->stream);
    for (size_t i = 0; i < paths->count; i++) {
        const struct metacall_registry_path *path = &paths->items[i];

        fputs("  ", output->stream);
        output_text(output, path->path);
        if (path->reason != NULL) {
            fputs(": ", output->stream);
            output_text(output, path->reason);
        } else if (path->exists) {
            fprintf(output->stream, ": %zu manifest%s", path->manifests,
                    path->manifests == 1 ? "" : "s");
        } else {
            fputs(": absent", output->stream);
        }
        fputc('\n', output->stream);
    }
}

static void print_environment(const struct output *output,
                              const struct metacall_registry_variables *variables)
{
    size_t set = 0;

    fputs("\nenvironment:\n", output->stream);
    for (size_t i = 0; i < variables->count; i++) {
        const struct metacall_registry_variable *variable = &variables->items[i];

        /* A variable that several loaders ask for is there once for each. */
        if (variable->value == NULL ||
            (i != 0 && strcmp(variable->name, variables->items[i - 1].name) == 0))
            continue;
        set++;
        fprintf(output->stream, "  %s=", variable->name);
        output_text(output, variable->value);
        fprintf(output->stream, "%s\n", variable->ignored ? " (ignored)" : "");
    }
    if (set == 0)
        fputs("  nothing that is read is set\n", output->stream);
}

static void print_rows(const struct output *output, const struct metacall_registry_rows *rows)
{
    fputs("\nloaders:\n", output->stream);
    for (size_t i = 0; i < rows->count; i++) {
        const struct metacall_registry_row *row = &rows->items[i];
        const char *path =
            row->runtime_library != NULL ? row->runtime_library : row->runtime_executable;

        fprintf(output->stream, "  %s %s: %s, %s\n", row->tag,
                row->version != NULL ? row->version : "(no version)",
                metacall_registry_status_name(row->status),
                row->strategy != NULL ? row->strategy : "no strategy");
        fputs("    manifest ", output->stream);
        output_text(output, row->manifest);
        fputs("\n    plugin   ", output->stream);
        output_text(output, row->plugin);
        fprintf(output->stream, "\n    runtime  %s %s ", row->runtime != NULL ? row->runtime : "-",
                row->runtime_version != NULL ? row->runtime_version : "-");
        output_text(output, path);
        fputc('\n', output->stream);
    }
    if (rows->count == 0)
        fputs("  none\n", output->stream);
}

/* Everything but the findings. */
static int print_state(const struct output *output, metacall_registry *registry)
{
    struct metacall_registry_paths *paths;
    struct metacall_registry_variables *variables;
    struct metacall_registry_rows *rows;

    if (metacall_registry_paths(registry, &paths) != 0)
        return output_failure(output);
    print_paths(output, paths);
    metacall_registry_paths_free(paths);
    if (metacall_registry_environment(registry, &variables) != 0)
        return output_failure(output);
    print_environment(output, variables);
    metacall_registry_variables_free(variables);
    if (metacall_registry_rows(registry, &rows) != 0)
        return output_failure(output);
    print_rows(output, rows);
    metacall_registry_rows_free(rows);
    return STATUS_OK;
}

int report_print(struct invocation *invocation, const struct metacall_registry_findings *findings)
{
    struct output memory = *invocation->output;
    char *text = NULL, *masked, *verdict;
    size_t size = 0;
    int status;

    memory.form = OUTPUT_TEXT;
    memory.colored = 0;
    memory.width = 0;
    memory.stream = open_memstream(&text, &size);
    if (memory.stream == NULL) {
        output_message(invocation->output, MESSAGE_ERROR, "out of memory");
        return STATUS_INTERNAL;
    }
    print_system(&memory, invocation->registry);
    status = print_state(&memory, invocation->registry);
    fputs("\nfindings:\n", memory.stream);
    findings_print(&memory, findings, FINDINGS_NOTES);
    verdict = findings_verdict(findings, "manifest", "examined");
    fprintf(memory.stream, "%s\n", verdict);
    free(verdict);
    fclose(memory.stream);
    if (status == STATUS_OK) {
        masked = mask_text(text);
        fputs(masked, invocation->output->stream);
        free(masked);
    }
    free(text);
    return status;
}
