/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `show TAG`: a loader's manifest as it counts, each value with where it comes from, and what the
 * registry would make of it here. */
#include "command.h"

#include "findings.h"
#include "json.h"
#include "memory.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

/* "line 12", "default", "line 12, resolved" */
static char *origin(const struct metacall_registry_field *field)
{
    if (field->line == 0)
        return memory_copy(field->origin);
    if (field->origin == NULL || strcmp(field->origin, "file") == 0)
        return memory_format("line %u", field->line);
    return memory_format("line %u, %s", field->line, field->origin);
}

static void print_fields(const struct output *output,
                         const struct metacall_registry_manifest *manifest)
{
    static const struct table_column columns[] = {
        {"FIELD", 0}, {"ORIGIN", 0}, {"VALUE", TABLE_FLEXIBLE}};
    struct table *table = table_create(columns, 3);

    for (size_t i = 0; i < manifest->count; i++) {
        const struct metacall_registry_field *field = &manifest->fields[i];
        char *from = origin(field);

        table_add(table, (const char *[]){field->pointer, from, field->value});
        table_paint(table, 1, PAINT_FAINT);
        free(from);
    }
    table_print(table, output);
    table_destroy(table);
}

static void line(const struct output *output, const char *name, const char *text)
{
    if (text == NULL)
        return;
    fprintf(output->stream, "%s%-9s%s ", output_paint(output, PAINT_FAINT), name,
            output_unpaint(output, PAINT_FAINT));
    output_text(output, text);
    fputc('\n', output->stream);
}

/* What `list` says of it, with room. */
static void print_row(const struct output *output, const struct metacall_registry_row *row)
{
    fprintf(output->stream, "%s", output_paint(output, PAINT_STRONG));
    output_text(output, row->tag);
    fprintf(output->stream, "%s\n", output_unpaint(output, PAINT_STRONG));
    line(output, "manifest", row->manifest);
    line(output, "state", metacall_registry_state_name(row->state));
    line(output, "status", metacall_registry_status_name(row->status));
    line(output, "reason", row->reason);
    line(output, "strategy", row->strategy);
    line(output, "plugin", row->plugin);
    line(output, "runtime", row->runtime);
    line(output, "version", row->runtime_version);
    line(output, "library", row->runtime_library);
    line(output, "program", row->runtime_executable);
    line(output, "found by", row->runtime_source);
    fputc('\n', output->stream);
}

/* A JSON string without its quotes and escapes, as shells want it; other values as they are. The
 * library's texts are valid JSON. */
static char *bare(const char *value)
{
    size_t length = strlen(value);
    char *text, *to;

    if (length < 2 || value[0] != '"' || strchr(value, '\\') != NULL)
        return memory_copy(value);
    text = to = memory_take(length);
    memcpy(to, value + 1, length - 2);
    return text;
}

static int print_field(const struct output *output,
                       const struct metacall_registry_manifest *manifest, const char *pointer)
{
    const struct metacall_registry_field *found = NULL;
    const char *near = NULL;

    for (size_t i = 0; i < manifest->count && found == NULL; i++) {
        if (strcmp(manifest->fields[i].pointer, pointer) == 0)
            found = &manifest->fields[i];
        near = metacall_registry_nearer(pointer, near, manifest->fields[i].pointer);
    }
    if (found == NULL) {
        output_message(output, MESSAGE_ERROR, "'%s' has no value '%s'%s%s%s", manifest->tag,
                       pointer, near != NULL ? ": did you mean '" : "", near != NULL ? near : "",
                       near != NULL ? "'?" : "");
        return STATUS_USAGE;
    }
    if (output->form == OUTPUT_JSON) {
        struct json json;

        json_init(&json, output->stream);
        json_object(&json, NULL);
        json_number(&json, "schema_version", METACALL_REGISTRY_JSON_SCHEMA_VERSION);
        json_string(&json, "kind", "field");
        json_string(&json, "tag", manifest->tag);
        json_string(&json, "path", manifest->path);
        json_string(&json, "pointer", found->pointer);
        json_raw(&json, "value", found->value);
        json_string(&json, "origin", found->origin);
        json_number(&json, "line", found->line);
        json_number(&json, "column", found->column);
        json_object_end(&json);
    } else {
        char *text = bare(found->value);

        output_text(output, text);
        fputc('\n', output->stream);
        free(text);
    }
    return STATUS_OK;
}

static int show_text(struct invocation *invocation,
                     const struct metacall_registry_manifest *manifest)
{
    const struct output *output = invocation->output;
    struct metacall_registry_rows *rows;

    if (output->quiet && output->form == OUTPUT_TEXT) {
        output_text(output, manifest->path);
        fputc('\n', output->stream);
        return STATUS_OK;
    }
    if (output->form == OUTPUT_TEXT) {
        if (metacall_registry_row(invocation->registry, manifest->tag, &rows) != 0)
            return output_failure(output);
        for (size_t i = 0; i < rows->count; i++)
            print_row(output, &rows->items[i]);
        metacall_registry_rows_free(rows);
    }
    print_fields(output, manifest);
    return STATUS_OK;
}

/* What is wrong in the manifest is told, and counts. */
static int tell_diagnostics(const struct output *output,
                            const struct metacall_registry_manifest *manifest)
{
    int status = STATUS_OK;

    for (size_t i = 0; i < manifest->diagnostic_count; i++) {
        if (manifest->diagnostics[i].severity == METACALL_SEVERITY_ERROR)
            status = STATUS_FINDINGS;
        if (!output->quiet && manifest->diagnostics[i].severity != METACALL_SEVERITY_NOTE)
            findings_message(output, &manifest->diagnostics[i]);
    }
    return status;
}

int show_run(struct invocation *invocation)
{
    const struct output *output = invocation->output;
    const char *tag = invocation->operands[0];
    const char *pointer = invocation->options->values[OPTION_FIELD];
    struct metacall_registry_manifest *manifest;
    int status;

    if (metacall_registry_show(invocation->registry, tag, &manifest) != 0)
        return output_failure(output);
    if (pointer != NULL)
        status = print_field(output, manifest, pointer);
    else if (output->form == OUTPUT_JSON)
        status = output_json(output, metacall_registry_show_json(invocation->registry, tag));
    else
        status = show_text(invocation, manifest);
    if (status == STATUS_OK)
        status = tell_diagnostics(output, manifest);
    metacall_registry_manifest_free(manifest);
    return status;
}
