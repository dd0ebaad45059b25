/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The table of commands: what each is called, takes and does, for main, help and completion. */
#include "command.h"

#include <string.h>

#define ANY_NUMBER ((size_t)-1)
#define FINDING_OPTIONS (OPTION_BIT(OPTION_STRICT) | OPTION_BIT(OPTION_VERBOSE))

const struct command commands[] = {
    {
        .name = "list",
        .summary = "the loaders, with strategy, runtime and status of each",
        .operands = "",
        .options = OPTION_BIT(OPTION_ALL) | OPTION_BIT(OPTION_PROBE),
        .registry = REGISTRY_TELL,
        .examples = "metacall-registry list\ta table of all loaders\n"
                    "metacall-registry list --json\tthe same for programs\n"
                    "metacall-registry list -q\tthe tags alone\n"
                    "metacall-registry list --all\tevery manifest, shadowed and broken ones too\n"
                    "metacall-registry list --root /mnt/image\twhat a machine booted from there "
                    "would have\n",
        .text = "The strategy is the one that a process like this one would get, which hosts no\n"
                "runtime. No plugin is opened and, without --probe, no process is started.\n"
                "Broken manifests are told on standard error.",
        .run = list_run,
    },
    {
        .name = "show",
        .summary = "a loader's manifest as it counts, each value with its origin",
        .operands = "TAG",
        .kind = OPERAND_TAG,
        .least = 1,
        .most = 1,
        .options = OPTION_BIT(OPTION_FIELD) | OPTION_BIT(OPTION_PROBE),
        .registry = REGISTRY_OPEN,
        .examples = "metacall-registry show py\tall that is known of the py loader\n"
                    "metacall-registry show py --field /version\tone value\n"
                    "metacall-registry show py -q\tthe path of its manifest\n",
        .run = show_run,
    },
    {
        .name = "explain",
        .summary = "every step of the choice, with the reason of each rejection",
        .operands = "TAG",
        .kind = OPERAND_TAG,
        .least = 1,
        .most = 1,
        .registry = REGISTRY_OPEN,
        .examples = "metacall-registry explain node\twhy node is bound as it is, or is not\n"
                    "metacall-registry explain py --plain | grep rejected\twhat was turned down\n",
        .text = "Lines marked + were taken, lines marked - rejected.",
        .run = explain_run,
    },
    {
        .name = "check",
        .summary = "plugins against their manifests, before anything of them runs",
        .operands = "[TAG|FILE|DIR|metacall.json]...",
        .kind = OPERAND_TAG_OR_FILE,
        .most = ANY_NUMBER,
        .options = FINDING_OPTIONS,
        .registry = REGISTRY_OPEN,
        .examples = "metacall-registry check\tall loaders\n"
                    "metacall-registry check py\tone of them\n"
                    "metacall-registry check rb.loader.json --strict\tin the tests of a package\n"
                    "metacall-registry check metacall.json\tis all there that this deployment "
                    "needs?\n",
        .text = "A name with a slash, or of a file that exists, is a path; any other is a tag.",
        .run = check_run,
    },
    {
        .name = "validate",
        .summary = "manifests by themselves, without a runtime or a plugin",
        .operands = "FILE|-...",
        .kind = OPERAND_FILE,
        .least = 1,
        .most = ANY_NUMBER,
        .options = FINDING_OPTIONS,
        .registry = REGISTRY_NONE,
        .examples = "metacall-registry validate rb.loader.json\tall that is wrong in it, with line "
                    "and column\n"
                    "generate | metacall-registry validate -\tfrom standard input\n",
        .run = validate_run,
    },
    {
        .name = "detect",
        .summary = "which runtimes live in a process, and how that is known",
        .operands = "",
        .options = OPTION_BIT(OPTION_PID),
        .registry = REGISTRY_OPEN,
        .examples = "metacall-registry detect --pid 4711\tanother process\n"
                    "metacall-registry detect --pid 4711 --json\tthe same for programs\n"
                    "metacall-registry detect\tnone, as a rule: this program holds no runtime\n"
                    "LD_PRELOAD=libpython3.11.so.1.0 metacall-registry detect\tone that was "
                    "brought in\n",
        .text = "Of another process, /proc and the files that it leads to are read: versions, "
                "build-ids,\nhow a debugger could attach. Two copies of one runtime are an error.",
        .run = detect_run,
    },
    {
        .name = "paths",
        .summary = "where manifests are looked for, in order",
        .operands = "",
        .registry = REGISTRY_OPEN,
        .examples = "metacall-registry paths\tthe folders, first wins\n"
                    "metacall-registry paths -q\tthose alone that are used\n",
        .run = paths_run,
    },
    {
        .name = "env",
        .summary = "the environment variables that are read",
        .operands = "",
        .registry = REGISTRY_OPEN,
        .examples = "metacall-registry env\tall of them, with values and meaning\n",
        .run = env_run,
    },
    {
        .name = "doctor",
        .summary = "what is wrong here, why it matters and what mends it",
        .operands = "",
        .options = FINDING_OPTIONS | OPTION_BIT(OPTION_ONLY) | OPTION_BIT(OPTION_SKIP) |
                   OPTION_BIT(OPTION_REPORT) | OPTION_BIT(OPTION_LIST),
        .registry = REGISTRY_OPEN,
        .examples = "metacall-registry doctor\tthe findings, and the verdict last\n"
                    "metacall-registry doctor --report\tone block to paste into a bug report\n"
                    "metacall-registry doctor --only=elf --strict\tone kind of finding, warnings "
                    "fail too\n"
                    "metacall-registry doctor --list\tall findings that there are\n",
        .run = doctor_run,
    },
    {
        .name = "completion",
        .summary = "a completion script for a shell",
        .operands = "bash|zsh|fish",
        .kind = OPERAND_SHELL,
        .least = 1,
        .most = 1,
        .registry = REGISTRY_NONE,
        .examples = "source <(metacall-registry completion bash)\tin ~/.bashrc\n"
                    "source <(metacall-registry completion zsh)\tin ~/.zshrc, after compinit\n"
                    "metacall-registry completion fish | source\tin config.fish\n",
        .run = completion_run,
    },
    {
        .name = "help",
        .summary = "explain a command",
        .operands = "[COMMAND]",
        .kind = OPERAND_COMMAND,
        .most = 1,
        .registry = REGISTRY_NONE,
        .examples = "metacall-registry help\tthe commands\n"
                    "metacall-registry help doctor\tone of them\n",
        .run = help_run,
    },
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
        near = metacall_registry_nearer(name, near, command->name);
    if (near != NULL)
        output_message(output, MESSAGE_ERROR, "unknown command '%s': did you mean '%s'?", name,
                       near);
    else
        output_message(output, MESSAGE_ERROR, "unknown command '%s' (see metacall-registry help)",
                       name);
    return STATUS_USAGE;
}
