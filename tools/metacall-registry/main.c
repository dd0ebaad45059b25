/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* metacall-registry: one program, many commands. This file reads the command line, opens the
 * registry for the command, and ends with its status. */
#include "command.h"

#include "findings.h"
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Errors in manifests are told where the command's result does not hold them itself. */
static void tell_broken(const struct metacall_diagnostic *diagnostic, void *data)
{
    struct invocation *invocation = data;

    if (diagnostic->severity != METACALL_SEVERITY_ERROR)
        return;
    invocation->broken++;
    if (!invocation->output->quiet)
        findings_message(invocation->output, diagnostic);
}

/* --root and --prefix: absolute, and there. 0, or STATUS_USAGE with a message. */
static int take_folder(const struct output *output, const char *option, const char *value,
                       int must_exist, char **ret_path)
{
    struct stat about;
    char *path;

    if (value == NULL)
        return 0;
    if (!must_exist) {
        if (value[0] != '/') {
            output_message(output, MESSAGE_ERROR,
                           "--%s %s: with --root it is a path inside, which begins with a slash",
                           option, value);
            return STATUS_USAGE;
        }
        *ret_path = memory_copy(value);
        return 0;
    }
    path = realpath(value, NULL);
    if (path == NULL || stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) {
        output_message(output, MESSAGE_ERROR, "--%s %s: %s", option, value,
                       path == NULL ? strerror(errno) : "not a folder");
        free(path);
        return STATUS_USAGE;
    }
    *ret_path = path;
    return 0;
}

/* METACALL_REGISTRY_DEBUG: every step of every choice that the command is about. */
static void trace(const struct command *command, struct invocation *invocation)
{
    const char *wish = getenv("METACALL_REGISTRY_DEBUG");
    struct metacall_registry_rows *rows;

    if (wish == NULL || wish[0] == '\0' || strcmp(wish, "0") == 0)
        return;
    for (size_t i = 0; i < invocation->operand_count; i++) {
        const char *operand = invocation->operands[i];

        if (command->kind == OPERAND_TAG || access(operand, F_OK) != 0)
            explain_trace(invocation->registry, operand);
    }
    if (invocation->operand_count != 0 || metacall_registry_rows(invocation->registry, &rows) != 0)
        return;
    for (size_t i = 0; i < rows->count; i++)
        explain_trace(invocation->registry, rows->items[i].tag);
    metacall_registry_rows_free(rows);
}

/* Opens the registry where the command needs it, and runs the command. */
static int run(const struct command *command, struct invocation *invocation)
{
    const struct options *options = invocation->options;
    struct metacall_registry_options how = {0};
    char *root = NULL, *prefix = NULL;
    int status;

    status = take_folder(invocation->output, "root", options->values[OPTION_ROOT], 1, &root);
    if (status == STATUS_OK)
        status = take_folder(invocation->output, "prefix", options->values[OPTION_PREFIX],
                             root == NULL, &prefix);
    if (status != STATUS_OK)
        goto out;
    if (command->registry != REGISTRY_NONE) {
        how.root = root;
        how.prefix = prefix;
        how.probe = options->given[OPTION_PROBE] || options->given[OPTION_REPORT];
        how.sink = command->registry == REGISTRY_TELL ? tell_broken : NULL;
        how.sink_data = invocation;
        if (metacall_registry_open(&how, &invocation->registry) != 0) {
            status = output_failure(invocation->output);
            goto out;
        }
        trace(command, invocation);
    }
    status = command->run(invocation);
    if (status == STATUS_OK && invocation->broken != 0)
        status = STATUS_FINDINGS;
out:
    metacall_registry_close(invocation->registry);
    free(root);
    free(prefix);
    return status;
}

static int check_usage(const struct output *output, const struct command *command,
                       const struct options *options)
{
    size_t count = options->operands.count - 1;
    char *message = options_refuse(options, OPTION_GLOBAL | command->options, command->name);

    if (message == NULL && (count < command->least || count > command->most))
        message =
            memory_format("%s: metacall-registry %s %s",
                          count < command->least ? "an operand is missing" : "too many operands",
                          command->name, command->operands);
    if (message == NULL)
        return STATUS_OK;
    output_message(output, MESSAGE_ERROR, "%s", message);
    free(message);
    return STATUS_USAGE;
}

static int dispatch(const struct output *output, const struct options *options)
{
    const struct command *command = NULL;
    struct invocation invocation = {.output = output, .options = options};
    int status;

    if (options->operands.count != 0) {
        command = command_find(options->operands.items[0]);
        if (command == NULL)
            return command_unknown(output, options->operands.items[0]);
    }
    if (options->given[OPTION_VERSION])
        return help_version(output);
    if (options->given[OPTION_HELP]) {
        help_print(output, command);
        return STATUS_OK;
    }
    if (command == NULL) {
        struct output messages = output_messages(output);

        help_print(&messages, NULL);
        return STATUS_USAGE;
    }
    status = check_usage(output, command, options);
    if (status != STATUS_OK)
        return status;
    invocation.operands = options->operands.items + 1;
    invocation.operand_count = options->operands.count - 1;
    return run(command, &invocation);
}

int main(int argc, char **argv)
{
    struct options options;
    struct output output;
    char *message = NULL;
    int status;

    output_guard_streams();
    if (options_parse(&options, argc, argv, &message) != 0) {
        output_init(&output, OUTPUT_TEXT, 0, NULL);
        output_message(&output, MESSAGE_ERROR, "%s", message);
        free(message);
        return STATUS_USAGE;
    }
    output_init(&output,
                options.given[OPTION_JSON]    ? OUTPUT_JSON
                : options.given[OPTION_PLAIN] ? OUTPUT_PLAIN
                                              : OUTPUT_TEXT,
                options.given[OPTION_QUIET],
                options.given[OPTION_COLOR] && options.values[OPTION_COLOR] == NULL
                    ? "always"
                    : options.values[OPTION_COLOR]);
    status = dispatch(&output, &options);
    status = output_finish(&output, status);
    options_finish(&options);
    return status;
}
