/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* metacall-registry: one program, many commands. This file reads the command line, opens the
 * registry for the command, and ends with its status. */
#include "command.h"

#include "findings.h"
#include "memory.h"
#include "suggest.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ANY_NUMBER ((size_t)-1)

const struct command commands[] = {
    {"list", "the loaders, with strategy, runtime and status of each", "", OPERAND_NONE, 0, 0,
     OPTION_BIT(OPTION_ALL), 1,
     "metacall-registry list\ta table of all loaders\n"
     "metacall-registry list --json\tthe same for programs\n"
     "metacall-registry list -q\tthe tags alone\n"
     "metacall-registry list --all\tevery manifest, shadowed and broken ones too\n"
     "metacall-registry list --root /mnt/image\twhat a machine booted from there would have\n",
     "The strategy is the one that would be taken by a process like this one, which is no host. "
     "No\n"
     "plugin is opened and no process is started. Broken manifests are told on standard error.",
     list_run},
    {"show", "a loader's manifest as it counts, each value with its origin", "TAG", OPERAND_TAG, 1,
     1, OPTION_BIT(OPTION_FIELD), 1,
     "metacall-registry show py\tall that is known of the py loader\n"
     "metacall-registry show py --field /version\tone value\n"
     "metacall-registry show py -q\tthe path of its manifest\n",
     NULL, show_run},
    {"explain", "every step of the choice, with the reason of each rejection", "TAG", OPERAND_TAG,
     1, 1, 0, 1,
     "metacall-registry explain node\twhy node is bound as it is, or why it is not\n"
     "metacall-registry explain py --plain | grep rejected\twhat was turned down\n",
     "Marks: + taken, - rejected. Probe commands of the manifest may be run.", explain_run},
    {"check", "plugins against their manifests, before anything of them runs",
     "[TAG|FILE|DIR|metacall.json]...", OPERAND_TAG_OR_FILE, 0, ANY_NUMBER,
     OPTION_BIT(OPTION_STRICT) | OPTION_BIT(OPTION_VERBOSE), 1,
     "metacall-registry check\tall loaders\n"
     "metacall-registry check py\tone of them\n"
     "metacall-registry check ./rb.loader.json --strict\ta manifest of one's own, in a package's "
     "tests\n"
     "metacall-registry check metacall.json\tis all there that this deployment needs?\n",
     "A name with a slash, or of a file that exists, is a path; any other is a tag.", check_run},
    {"validate", "manifests by themselves, without a runtime or a plugin", "FILE|-...",
     OPERAND_FILE, 1, ANY_NUMBER, OPTION_BIT(OPTION_STRICT) | OPTION_BIT(OPTION_VERBOSE), 0,
     "metacall-registry validate rb.loader.json\tall that is wrong in it, with line and column\n"
     "generate | metacall-registry validate -\tfrom standard input\n",
     NULL, validate_run},
    {"detect", "which runtimes live in this process, and how that is known", "", OPERAND_NONE, 0, 0,
     0, 1,
     "metacall-registry detect\tnone, as a rule: this program holds no runtime\n"
     "LD_PRELOAD=libpython3.11.so.1.0 metacall-registry detect\tone that was brought in\n",
     NULL, detect_run},
    {"paths", "where manifests are looked for, in order", "", OPERAND_NONE, 0, 0, 0, 1,
     "metacall-registry paths\tthe folders, first wins\n"
     "metacall-registry paths -q\tthose alone that are used\n",
     NULL, paths_run},
    {"env", "the environment variables that are read", "", OPERAND_NONE, 0, 0, 0, 1,
     "metacall-registry env\tall of them, with values and meaning\n", NULL, env_run},
    {"doctor", "what is wrong here, why it matters and what mends it", "", OPERAND_NONE, 0, 0,
     OPTION_BIT(OPTION_STRICT) | OPTION_BIT(OPTION_VERBOSE) | OPTION_BIT(OPTION_ONLY) |
         OPTION_BIT(OPTION_SKIP) | OPTION_BIT(OPTION_REPORT) | OPTION_BIT(OPTION_LIST),
     1,
     "metacall-registry doctor\tthe findings, and the verdict last\n"
     "metacall-registry doctor --report\tone block to paste into a bug report\n"
     "metacall-registry doctor --only=elf. --strict\tone kind of finding, warnings fail too\n"
     "metacall-registry doctor --list\tall findings that there are\n",
     NULL, doctor_run},
    {"completion", "a completion script for a shell", "bash|zsh|fish", OPERAND_SHELL, 1, 1, 0, 0,
     "source <(metacall-registry completion bash)\tin ~/.bashrc\n"
     "metacall-registry completion fish | source\tin fish\n",
     NULL, completion_run},
    {"help", "explain a command", "[COMMAND]", OPERAND_COMMAND, 0, 1, 0, 0,
     "metacall-registry help\tthe commands\n"
     "metacall-registry help doctor\tone of them\n",
     NULL, help_run},
    {.name = NULL},
};

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

int command_unknown(const struct output *output, const char *name)
{
    const char *near = NULL;

    for (const struct command *command = commands; command->name != NULL; command++)
        near = suggest_nearer(name, near, command->name);
    if (near != NULL)
        output_message(output, MESSAGE_ERROR, "unknown command '%s': did you mean '%s'?", name,
                       near);
    else
        output_message(output, MESSAGE_ERROR, "unknown command '%s' (see metacall-registry help)",
                       name);
    return STATUS_USAGE;
}

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
static void trace(struct invocation *invocation)
{
    const char *wish = getenv("METACALL_REGISTRY_DEBUG");
    struct metacall_registry_rows *rows;

    if (wish == NULL || wish[0] == '\0' || strcmp(wish, "0") == 0)
        return;
    if (invocation->operand_count != 0) {
        for (size_t i = 0; i < invocation->operand_count; i++) {
            if (strchr(invocation->operands[i], '/') == NULL)
                explain_trace(invocation->registry, invocation->operands[i]);
        }
        return;
    }
    if (metacall_registry_rows(invocation->registry, &rows) != 0)
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
    if (command->needs_registry) {
        how.root = root;
        how.prefix = prefix;
        how.sink = tell_broken;
        how.sink_data = invocation;
        if (metacall_registry_open(&how, &invocation->registry) != 0) {
            status = output_failure(invocation->output);
            goto out;
        }
        trace(invocation);
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
