/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `paths`: where manifests are looked for, first wins, and what is there. */
#include "command.h"

#include "memory.h"
#include "table.h"

#include <stdlib.h>

static void print_paths(const struct output *output, const struct metacall_registry_paths *paths)
{
    static const struct table_column columns[] = {
        {"#", TABLE_RIGHT}, {"PATH", TABLE_FLEXIBLE}, {"FROM", 0}, {"MANIFESTS", TABLE_RIGHT},
        {"STATE", 0},
    };
    struct table *table = table_create(columns, 5);

    for (size_t i = 0; i < paths->count; i++) {
        const struct metacall_registry_path *path = &paths->items[i];
        char *number = memory_format("%zu", i + 1);
        char *manifests = path->exists ? memory_format("%zu", path->manifests) : NULL;
        const char *state = path->reason != NULL ? path->reason : path->exists ? "used" : "absent";

        table_add(table, (const char *[]){number, path->path, path->source, manifests, state});
        table_paint(table, 4,
                    path->reason != NULL ? PAINT_DOUBT
                    : path->exists       ? PAINT_GOOD
                                         : PAINT_FAINT);
        free(number);
        free(manifests);
    }
    table_print(table, output);
    table_destroy(table);
}

int paths_run(struct invocation *invocation)
{
    const struct output *output = invocation->output;
    struct metacall_registry_paths *paths;

    if (output->form == OUTPUT_JSON)
        return output_json(output, metacall_registry_paths_json(invocation->registry));
    if (metacall_registry_paths(invocation->registry, &paths) != 0)
        return output_failure(output);
    if (output->quiet && output->form == OUTPUT_TEXT) {
        for (size_t i = 0; i < paths->count; i++) {
            if (paths->items[i].exists && paths->items[i].reason == NULL)
                fprintf(output->stream, "%s\n", paths->items[i].path);
        }
    } else {
        print_paths(output, paths);
    }
    metacall_registry_paths_free(paths);
    return STATUS_OK;
}
