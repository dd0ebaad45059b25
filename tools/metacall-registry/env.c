/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `env`: every environment variable that is read, by the registry or for a manifest. */
#include "command.h"

#include "table.h"

static void print_variables(const struct output *output,
                            const struct metacall_registry_variables *variables)
{
    static const struct table_column columns[] = {
        {"VARIABLE", 0}, {"LOADER", 0}, {"MEANING", TABLE_FLEXIBLE}, {"VALUE", TABLE_FLEXIBLE}};
    struct table *table = table_create(columns, 4);

    for (size_t i = 0; i < variables->count; i++) {
        const struct metacall_registry_variable *variable = &variables->items[i];
        const char *value = variable->ignored ? "(ignored in secure mode)" : variable->value;

        table_add(table, (const char *[]){variable->name, variable->tag, variable->meaning, value});
        table_paint(table, 0, PAINT_STRONG);
        if (variable->ignored)
            table_paint(table, 3, PAINT_DOUBT);
    }
    table_print(table, output);
    table_destroy(table);
}

int env_run(struct invocation *invocation)
{
    const struct output *output = invocation->output;
    struct metacall_registry_variables *variables;

    if (output->form == OUTPUT_JSON)
        return output_json(output, metacall_registry_environment_json(invocation->registry));
    if (metacall_registry_environment(invocation->registry, &variables) != 0)
        return output_failure(output);
    if (output->quiet && output->form == OUTPUT_TEXT) {
        for (size_t i = 0; i < variables->count; i++)
            fprintf(output->stream, "%s\n", variables->items[i].name);
    } else {
        print_variables(output, variables);
    }
    metacall_registry_variables_free(variables);
    return STATUS_OK;
}
