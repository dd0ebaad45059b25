/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `doctor`: what is wrong with this installation, why it matters and what mends it; the verdict
 * comes last. Nothing is written and no loader is opened. */
#include "command.h"

#include "findings.h"
#include "json.h"
#include "mask.h"
#include "memory.h"
#include "report.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

/* `doctor --list` as JSON. */
static void list_json(const struct output *output,
                      const struct metacall_registry_finding_kind *kinds, size_t count)
{
    struct json json;

    json_init(&json, output->stream);
    json_object(&json, NULL);
    json_number(&json, "schema_version", METACALL_REGISTRY_JSON_SCHEMA_VERSION);
    json_string(&json, "kind", "finding-kinds");
    json_array(&json, "items");
    for (size_t i = 0; i < count; i++) {
        json_object(&json, NULL);
        json_string(&json, "id", kinds[i].id);
        json_string(&json, "severity", findings_severity(kinds[i].severity));
        json_string(&json, "summary", kinds[i].summary);
        json_string(&json, "why", kinds[i].why);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
}

static int list_kinds(const struct output *output)
{
    static const struct table_column columns[] = {
        {"ID", 0}, {"SEVERITY", 0}, {"SUMMARY", TABLE_FLEXIBLE}, {"WHY", TABLE_FLEXIBLE}};
    size_t count;
    const struct metacall_registry_finding_kind *kinds = metacall_registry_finding_kinds(&count);
    struct table *table;

    if (output->form == OUTPUT_JSON) {
        list_json(output, kinds, count);
        return STATUS_OK;
    }
    table = table_create(columns, 4);
    for (size_t i = 0; i < count; i++)
        table_add(table, (const char *[]){kinds[i].id, findings_severity(kinds[i].severity),
                                          kinds[i].summary, kinds[i].why});
    table_print(table, output);
    table_destroy(table);
    return STATUS_OK;
}

/* Whether `part` is `id` or its first parts: "elf" and "elf." of "elf.stack". */
static int names(const char *part, const char *id)
{
    size_t length = strlen(part);

    return length != 0 && strncmp(part, id, length) == 0 &&
           (id[length] == '\0' || id[length] == '.' || part[length - 1] == '.');
}

/* Whether some finding is named by `id`. Says so where none is. */
static int is_known(const struct output *output, const char *id)
{
    size_t count;
    const struct metacall_registry_finding_kind *kinds = metacall_registry_finding_kinds(&count);
    const char *near = NULL;

    for (size_t i = 0; i < count; i++) {
        if (names(id, kinds[i].id))
            return 1;
        near = metacall_registry_nearer(id, near, kinds[i].id);
    }
    output_message(output, MESSAGE_ERROR, "no finding has the id '%s'%s%s%s (see doctor --list)",
                   id, near != NULL ? ": did you mean '" : "", near != NULL ? near : "",
                   near != NULL ? "'?" : "");
    return 0;
}

static int all_known(const struct output *output, const struct option_list *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        if (!is_known(output, ids->items[i]))
            return 0;
    }
    return 1;
}

static void print_verdict(const struct output *output,
                          const struct metacall_registry_findings *findings)
{
    enum paint paint = findings->errors != 0     ? PAINT_BAD
                       : findings->warnings != 0 ? PAINT_DOUBT
                                                 : PAINT_GOOD;
    char *verdict = findings_verdict(findings, "manifest", "examined");

    fprintf(output->stream, "%s%s%s\n", output_paint(output, paint), verdict,
            output_unpaint(output, paint));
    free(verdict);
}

static int print_json(const struct output *output,
                      const struct metacall_registry_findings *findings, int masked)
{
    char *text = metacall_registry_findings_json(findings, "doctor", NULL);

    if (text != NULL && masked) {
        char *hidden = mask_text(text);

        free(text);
        text = hidden;
    }
    return output_json(output, text);
}

static int doctor_print(struct invocation *invocation,
                        const struct metacall_registry_findings *findings)
{
    const struct output *output = invocation->output;
    int report = invocation->options->given[OPTION_REPORT];
    int verbose = invocation->options->given[OPTION_VERBOSE];

    if (output->form == OUTPUT_JSON)
        return print_json(output, findings, report);
    if (report)
        return report_print(invocation, findings);
    if (output->quiet && output->form == OUTPUT_TEXT)
        return STATUS_OK;
    findings_print(output, findings, FINDINGS_WHY | (verbose ? FINDINGS_NOTES : 0));
    if (output->form == OUTPUT_TEXT)
        print_verdict(output, findings);
    return STATUS_OK;
}

int doctor_run(struct invocation *invocation)
{
    const struct options *options = invocation->options;
    const struct option_list *only = &options->lists[OPTION_ONLY];
    const struct option_list *skip = &options->lists[OPTION_SKIP];
    struct metacall_registry_findings *findings;
    int status;

    if (options->given[OPTION_LIST])
        return list_kinds(invocation->output);
    if (!all_known(invocation->output, only) || !all_known(invocation->output, skip))
        return STATUS_USAGE;
    if (metacall_registry_doctor(invocation->registry, only->items, skip->items, &findings) != 0)
        return output_failure(invocation->output);
    status = doctor_print(invocation, findings);
    if (status == STATUS_OK)
        status = findings_status(findings, options->given[OPTION_STRICT]);
    metacall_registry_findings_free(findings);
    return status;
}
