/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `list`: the loaders of this machine, one a line, and with --all every manifest behind them.
 * Nothing is opened but manifests and the heads of libraries, and no process is started. */
#include "command.h"

#include "memory.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

static enum paint status_paint(enum metacall_registry_status status)
{
    if (status == METACALL_REGISTRY_READY)
        return PAINT_GOOD;
    return status == METACALL_REGISTRY_UNUSABLE ? PAINT_BAD : PAINT_DOUBT;
}

/* The status, and for what cannot be used what became of it: "broken". */
static const char *row_status(const struct metacall_registry_row *row)
{
    if (row->status == METACALL_REGISTRY_UNUSABLE && row->state != METACALL_REGISTRY_ACTIVE)
        return metacall_registry_state_name(row->state);
    return metacall_registry_status_name(row->status);
}

static const char *row_runtime_path(const struct metacall_registry_row *row)
{
    return row->runtime_library != NULL ? row->runtime_library : row->runtime_executable;
}

/* "CPython 3.11.2 /usr/lib/libpython3.11.so.1.0", with a question mark where a program was not
 * asked that may name another; NULL when there is none. */
static char *row_runtime(const struct metacall_registry_row *row)
{
    const char *path = row_runtime_path(row);
    const char *name = row->runtime != NULL ? row->runtime : "runtime";

    if (path == NULL && row->runtime_version == NULL)
        return NULL;
    return memory_format("%s%s%s%s%s%s", name, row->runtime_version != NULL ? " " : "",
                         row->runtime_version != NULL ? row->runtime_version : "",
                         path != NULL ? " " : "", path != NULL ? path : "",
                         row->unproven ? "?" : "");
}

static void print_rows(const struct output *output, const struct metacall_registry_rows *rows)
{
    static const struct table_column columns[] = {
        {"TAG", 0},      {"LANGUAGE", 0},
        {"STRATEGY", 0}, {"RUNTIME", TABLE_FLEXIBLE},
        {"STATUS", 0},   {"MANIFEST", TABLE_FLEXIBLE},
    };
    struct table *table = table_create(columns, 6);

    for (size_t i = 0; i < rows->count; i++) {
        const struct metacall_registry_row *row = &rows->items[i];
        char *runtime = row_runtime(row);

        table_add(table, (const char *[]){row->tag, row->language, row->strategy, runtime,
                                          row_status(row), row->manifest});
        table_paint(table, 0, PAINT_STRONG);
        table_paint(table, 4, status_paint(row->status));
        free(runtime);
    }
    table_print(table, output);
    table_destroy(table);
}

/* What the question marks mean, for people who see one. */
static void tell_unproven(const struct output *output, const struct metacall_registry_rows *rows)
{
    int unproven = 0;

    for (size_t i = 0; i < rows->count; i++)
        unproven |= rows->items[i].unproven;
    if (unproven)
        output_message(
            output, MESSAGE_NOTE,
            "? = not proven: a program was not asked, or a library not read; --probe asks it");
}

static const char *certainty(const struct metacall_registry_row *row)
{
    if (row_runtime_path(row) == NULL && row->runtime_version == NULL)
        return NULL;
    return row->unproven ? "unproven" : "proven";
}

/* Nine fields: tag language strategy runtime version path status manifest certainty. */
static void print_records(const struct output *output, const struct metacall_registry_rows *rows)
{
    static const struct table_column columns[9] = {{NULL, 0}};
    struct table *table = table_create(columns, 9);

    for (size_t i = 0; i < rows->count; i++) {
        const struct metacall_registry_row *row = &rows->items[i];

        table_add(table, (const char *[]){row->tag, row->language, row->strategy, row->runtime,
                                          row->runtime_version, row_runtime_path(row),
                                          row_status(row), row->manifest, certainty(row)});
    }
    table_print(table, output);
    table_destroy(table);
}

static void print_entries(const struct output *output,
                          const struct metacall_registry_entries *entries)
{
    static const struct table_column columns[] = {
        {"TAG", 0},
        {"VERSION", 0},
        {"STATE", 0},
        {"SOURCE", 0},
        {"MANIFEST", TABLE_FLEXIBLE},
        {"SHADOWED BY", TABLE_FLEXIBLE},
    };
    static const enum paint paints[] = {
        [METACALL_REGISTRY_ACTIVE] = PAINT_GOOD,    [METACALL_REGISTRY_SHADOWED] = PAINT_FAINT,
        [METACALL_REGISTRY_DISABLED] = PAINT_DOUBT, [METACALL_REGISTRY_MASKED] = PAINT_DOUBT,
        [METACALL_REGISTRY_BROKEN] = PAINT_BAD,
    };
    struct table *table = table_create(columns, 6);

    for (size_t i = 0; i < entries->count; i++) {
        const struct metacall_registry_entry *entry = &entries->items[i];

        table_add(table, (const char *[]){entry->tag, entry->version,
                                          metacall_registry_state_name(entry->state), entry->source,
                                          entry->manifest, entry->shadowed_by});
        table_paint(table, 0, PAINT_STRONG);
        table_paint(table, 2, paints[entry->state]);
    }
    table_print(table, output);
    table_destroy(table);
}

/* No manifest at all: nothing to print as a result, but where was looked is worth a message. */
static int tell_empty(struct invocation *invocation)
{
    struct metacall_registry_paths *paths;

    if (metacall_registry_paths(invocation->registry, &paths) != 0)
        return output_failure(invocation->output);
    output_message(invocation->output, MESSAGE_NOTE, "no loader manifest was found; looked in:");
    for (size_t i = 0; i < paths->count; i++) {
        const struct metacall_registry_path *path = &paths->items[i];

        output_message(invocation->output, MESSAGE_NOTE, "  %s (%s)", path->path,
                       path->reason != NULL ? path->reason
                       : path->exists       ? "no manifest"
                                            : "does not exist");
    }
    metacall_registry_paths_free(paths);
    return STATUS_OK;
}

static int list_entries(struct invocation *invocation)
{
    const struct output *output = invocation->output;
    struct metacall_registry_entries *entries;
    int status = STATUS_OK;

    if (metacall_registry_entries(invocation->registry, &entries) != 0)
        return output_failure(output);
    if (entries->count == 0)
        status = tell_empty(invocation);
    else if (output->quiet && output->form == OUTPUT_TEXT)
        for (size_t i = 0; i < entries->count; i++) {
            output_text(output, entries->items[i].manifest);
            fputc('\n', output->stream);
        }
    else
        print_entries(output, entries);
    metacall_registry_entries_free(entries);
    return status;
}

static int list_rows(struct invocation *invocation)
{
    const struct output *output = invocation->output;
    struct metacall_registry_rows *rows;
    int status = STATUS_OK;

    if (metacall_registry_rows(invocation->registry, &rows) != 0)
        return output_failure(output);
    if (rows->count == 0)
        status = tell_empty(invocation);
    else if (output->quiet && output->form == OUTPUT_TEXT)
        for (size_t i = 0; i < rows->count; i++) {
            output_text(output, rows->items[i].tag);
            fputc('\n', output->stream);
        }
    else if (output->form == OUTPUT_PLAIN)
        print_records(output, rows);
    else
        print_rows(output, rows);
    if (output->form == OUTPUT_TEXT)
        tell_unproven(output, rows);
    metacall_registry_rows_free(rows);
    return status;
}

int list_run(struct invocation *invocation)
{
    if (invocation->output->form == OUTPUT_JSON)
        return output_json(invocation->output, metacall_registry_list_json(invocation->registry));
    return invocation->options->given[OPTION_ALL] ? list_entries(invocation)
                                                  : list_rows(invocation);
}
