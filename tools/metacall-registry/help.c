/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `help [COMMAND]`, examples first, and the versions. */
#include "command.h"

#include "json.h"
#include "memory.h"

#include <metacall/loader.h>
#include <metacall/metacall_version.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_COLUMN 28

static void heading(const struct output *output, const char *text)
{
    fprintf(output->stream, "%s%s%s\n", output_paint(output, PAINT_STRONG), text,
            output_unpaint(output, PAINT_STRONG));
}

/* "what to type\twhat it does\n" lines, in two columns. */
static void examples(const struct output *output, const char *text)
{
    while (*text != '\0') {
        size_t left = strcspn(text, "\t"), right = strcspn(text + left + 1, "\n");

        fprintf(output->stream, "  %.*s%*s  %.*s\n", (int)left, text,
                left < 50 ? (int)(50 - left) : 0, "", (int)right, text + left + 1);
        text += left + 1 + right + 1;
    }
}

static void option_line(const struct output *output, const struct option_spec *spec)
{
    char letter[] = {'-', spec->letter, ',', ' ', '\0'};
    char *left = memory_format("%s--%s%s%s%s%s", spec->letter != '\0' ? letter : "", spec->name,
                               spec->optional ? "[" : "", spec->value != NULL ? "=" : "",
                               spec->value != NULL ? spec->value : "", spec->optional ? "]" : "");

    fprintf(output->stream, "  %-*s  %s\n", LEFT_COLUMN, left, spec->help);
    free(left);
}

static void option_lines(const struct output *output, unsigned set)
{
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        if (set & OPTION_BIT(id))
            option_line(output, &option_specs[id]);
    }
}

static void print_program(const struct output *output)
{
    static const char first[] =
        "metacall-registry list\twhich loaders there are, and what they would run on\n"
        "metacall-registry explain py\twhy the py loader is bound the way it is\n"
        "metacall-registry check\tevery plugin against its manifest\n"
        "metacall-registry doctor\twhat is wrong here, and what mends it\n";

    fputs("metacall-registry: the loaders of this machine, and how they would be bound\n\n",
          output->stream);
    heading(output, "Examples");
    examples(output, first);
    heading(output, "\nUsage");
    fputs("  metacall-registry COMMAND [OPTION...] [OPERAND...]\n", output->stream);
    heading(output, "\nCommands");
    for (const struct command *command = commands; command->name != NULL; command++)
        fprintf(output->stream, "  %-*s  %s\n", LEFT_COLUMN, command->name, command->summary);
    heading(output, "\nOptions of every command");
    option_lines(output, OPTION_GLOBAL);
    heading(output, "\nExit status");
    fputs("  0 all is well; 1 something is wrong (an error among the findings, with --strict also\n"
          "  a warning); 2 the command line is wrong; 3 the program failed\n\n"
          "More: metacall-registry help COMMAND, man metacall-registry\n",
          output->stream);
}

static void print_command(const struct output *output, const struct command *command)
{
    fprintf(output->stream, "metacall-registry %s: %s\n\n", command->name, command->summary);
    heading(output, "Examples");
    examples(output, command->examples);
    heading(output, "\nUsage");
    fprintf(output->stream, "  metacall-registry %s [OPTION...]%s%s\n", command->name,
            command->operands[0] != '\0' ? " " : "", command->operands);
    if (command->text != NULL)
        fprintf(output->stream, "\n%s\n", command->text);
    if (command->options != 0) {
        heading(output, "\nOptions");
        option_lines(output, command->options);
    }
    heading(output, "\nOptions of every command");
    option_lines(output, OPTION_GLOBAL);
}

static void command_json(struct json *json, const struct command *command)
{
    json_object(json, NULL);
    json_string(json, "name", command->name);
    json_string(json, "summary", command->summary);
    json_string(json, "operands", command->operands);
    json_array(json, "options");
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        const struct option_spec *spec = &option_specs[id];

        if (!((command->options | OPTION_GLOBAL) & OPTION_BIT(id)))
            continue;
        json_object(json, NULL);
        json_string(json, "name", spec->name);
        json_string(json, "value", spec->value);
        json_string(json, "help", spec->help);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

/* One command, or all of them for NULL. */
static void print_json(const struct output *output, const struct command *only)
{
    struct json json;

    json_init(&json, output->stream);
    json_object(&json, NULL);
    json_number(&json, "schema_version", METACALL_REGISTRY_JSON_SCHEMA_VERSION);
    json_string(&json, "kind", "help");
    json_array(&json, "commands");
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (only == NULL || only == command)
            command_json(&json, command);
    }
    json_array_end(&json);
    json_object_end(&json);
}

void help_print(const struct output *output, const struct command *command)
{
    if (output->form == OUTPUT_JSON)
        print_json(output, command);
    else if (command != NULL)
        print_command(output, command);
    else
        print_program(output);
}

int help_version(const struct output *output)
{
    struct json json;

    if (output->form != OUTPUT_JSON) {
        fprintf(output->stream,
                "metacall-registry %s (libmetacall %s, manifest %d.%d, loader interface %d.%d)\n",
                METACALL_REGISTRY_VERSION, metacall_version_str(), METACALL_MANIFEST_VERSION_MAJOR,
                METACALL_MANIFEST_VERSION_MINOR, METACALL_LOADER_INTERFACE_MAJOR,
                METACALL_LOADER_INTERFACE_MINOR);
        return STATUS_OK;
    }
    json_init(&json, output->stream);
    json_object(&json, NULL);
    json_number(&json, "schema_version", METACALL_REGISTRY_JSON_SCHEMA_VERSION);
    json_string(&json, "kind", "version");
    json_string(&json, "version", METACALL_REGISTRY_VERSION);
    json_string(&json, "library_version", metacall_version_str());
    json_object(&json, "manifest_version");
    json_number(&json, "major", METACALL_MANIFEST_VERSION_MAJOR);
    json_number(&json, "minor", METACALL_MANIFEST_VERSION_MINOR);
    json_object_end(&json);
    json_object(&json, "loader_interface");
    json_number(&json, "major", METACALL_LOADER_INTERFACE_MAJOR);
    json_number(&json, "minor", METACALL_LOADER_INTERFACE_MINOR);
    json_object_end(&json);
    json_object_end(&json);
    return STATUS_OK;
}

int help_run(struct invocation *invocation)
{
    const struct command *command = NULL;

    if (invocation->operand_count != 0) {
        command = command_find(invocation->operands[0]);
        if (command == NULL)
            return command_unknown(invocation->output, invocation->operands[0]);
    }
    help_print(invocation->output, command);
    return STATUS_OK;
}
