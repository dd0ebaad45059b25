/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Reading the command line: see options.h. */
#include "options.h"

#include "memory.h"

#include <metacall/registry.h>
#include <stdlib.h>
#include <string.h>

const struct option_spec option_specs[OPTION_COUNT] = {
    [OPTION_JSON] = {.name = "json", .help = "print one JSON object with a schema_version"},
    [OPTION_PLAIN] = {.name = "plain",
                      .help = "print records for scripts: tabs between fields, no header"},
    [OPTION_QUIET] = {.name = "quiet",
                      .letter = 'q',
                      .help = "print the names alone; for findings only the exit status"},
    [OPTION_COLOR] = {.name = "color",
                      .value = "WHEN",
                      .optional = 1,
                      .choices = "auto always never",
                      .help = "auto (on a terminal, without NO_COLOR), always or never"},
    [OPTION_ROOT] = {.name = "root",
                     .value = "DIR",
                     .help = "look below DIR, as if it were / (an image, a container on disk)"},
    [OPTION_PREFIX] = {.name = "prefix",
                       .value = "DIR",
                       .help = "use the installation in DIR instead of the one of this program"},
    [OPTION_HELP] = {.name = "help", .letter = 'h', .help = "explain the command"},
    [OPTION_VERSION] = {.name = "version", .help = "print the versions"},
    [OPTION_ALL] = {.name = "all",
                    .letter = 'a',
                    .help = "every manifest: shadowed, disabled, masked and broken ones too"},
    [OPTION_VERBOSE] = {.name = "verbose", .letter = 'v', .help = "print notes as well"},
    [OPTION_PROBE] = {.name = "probe",
                      .help = "ask the programs too that manifests name, such as an interpreter"},
    [OPTION_FIELD] = {.name = "field",
                      .value = "POINTER",
                      .help = "one value alone, named by its JSON pointer"},
    [OPTION_STRICT] = {.name = "strict", .help = "warnings fail as well"},
    [OPTION_ONLY] = {.name = "only",
                     .value = "ID",
                     .repeatable = 1,
                     .help = "only findings with this id, or below it (elf: all of elf.*)"},
    [OPTION_SKIP] = {.name = "skip",
                     .value = "ID",
                     .repeatable = 1,
                     .help = "no findings with this id, or below it"},
    [OPTION_REPORT] = {.name = "report",
                       .help = "one block to paste into a bug report; home and secrets masked"},
    [OPTION_LIST] = {.name = "list", .help = "the findings that can be made, with their ids"},
    [OPTION_PID] = {.name = "pid",
                    .value = "PID",
                    .help =
                        "another process: it is neither traced nor stopped, and gets no signal"},
};

static void list_add(struct option_list *list, const char *item)
{
    list->items = memory_grow(list->items, (list->count + 2) * sizeof *list->items);
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

static int is_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);

    for (const char *at = choices; length != 0 && (at = strstr(at, value)) != NULL; at += length) {
        if ((at == choices || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return 1;
    }
    return 0;
}

/* Takes option `id` with `value`, NULL where none was given. */
static char *take(struct options *options, enum option_id id, const char *value)
{
    const struct option_spec *spec = &option_specs[id];

    if (value != NULL && value[0] == '\0')
        return memory_format("--%s needs a value: --%s=%s", spec->name, spec->name, spec->value);
    if (value != NULL && spec->choices != NULL && !is_choice(spec->choices, value))
        return memory_format("--%s is one of: %s (not '%s')", spec->name, spec->choices, value);
    options->given[id] = 1;
    options->values[id] = value;
    if (spec->repeatable) {
        char *rest = memory_copy(value), *part, *state = NULL;

        for (part = strtok_r(rest, ",", &state); part; part = strtok_r(NULL, ",", &state))
            list_add(&options->lists[id], memory_copy(part));
        free(rest);
    }
    return NULL;
}

static char *unknown(const char *name, size_t length)
{
    char *typed = memory_format("%.*s", (int)length, name);
    const char *near = NULL;
    char *message;

    for (size_t id = 0; id < OPTION_COUNT; id++)
        near = metacall_registry_nearer(typed, near, option_specs[id].name);
    if (near != NULL)
        message = memory_format("unknown option '--%s': did you mean '--%s'?", typed, near);
    else
        message = memory_format("unknown option '--%s'", typed);
    free(typed);
    return message;
}

/* argv[*at] begins with two dashes and a name. */
static char *parse_long(struct options *options, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;

    for (size_t id = 0; id < OPTION_COUNT; id++) {
        const struct option_spec *spec = &option_specs[id];

        if (strlen(spec->name) != length || strncmp(spec->name, name, length) != 0)
            continue;
        if (spec->value == NULL && value != NULL)
            return memory_format("--%s takes no value", spec->name);
        if (spec->value != NULL && value == NULL && !spec->optional) {
            if (*at + 1 >= argc)
                return memory_format("--%s needs a value: --%s=%s", spec->name, spec->name,
                                     spec->value);
            value = argv[++*at];
        }
        return take(options, (enum option_id)id, value);
    }
    return unknown(name, length);
}

/* One dash and letters, none of which takes a value. */
static char *parse_letters(struct options *options, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        size_t id = 0;

        while (id < OPTION_COUNT && option_specs[id].letter != *letters)
            id++;
        if (id == OPTION_COUNT)
            return memory_format("unknown option '-%c'", *letters);
        take(options, (enum option_id)id, NULL);
    }
    return NULL;
}

int options_parse(struct options *ret_options, int argc, char **argv, char **reterr_message)
{
    struct options options = {0};
    char *message = NULL;
    int ended = 0;

    for (int at = 1; at < argc && message == NULL; at++) {
        if (ended || argv[at][0] != '-' || argv[at][1] == '\0')
            list_add(&options.operands, argv[at]);
        else if (strcmp(argv[at], "--") == 0)
            ended = 1;
        else if (argv[at][1] == '-')
            message = parse_long(&options, argc, argv, &at);
        else
            message = parse_letters(&options, argv[at] + 1);
    }
    if (message != NULL) {
        options_finish(&options);
        *reterr_message = message;
        return -1;
    }
    *ret_options = options;
    return 0;
}

void options_finish(struct options *options)
{
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        for (size_t i = 0; i < options->lists[id].count; i++)
            free((char *)options->lists[id].items[i]);
        free(options->lists[id].items);
    }
    free(options->operands.items);
}

char *options_refuse(const struct options *options, unsigned allowed, const char *command)
{
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        if (options->given[id] && !(allowed & OPTION_BIT(id)))
            return memory_format("'%s' takes no option --%s", command, option_specs[id].name);
    }
    if (options->given[OPTION_JSON] && options->given[OPTION_PLAIN])
        return memory_copy("--json and --plain exclude each other");
    return NULL;
}
