/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `completion SHELL`: a script for the shell to read, made from the tables of commands and options,
 * so that it cannot fall behind them. Tags are asked from `list -q` when they are needed. */
#include "command.h"

#include <string.h>

static const char tags[] = "metacall-registry list --quiet 2>/dev/null";

static void print_names(const struct output *output)
{
    for (const struct command *command = commands; command->name != NULL; command++)
        fprintf(output->stream, "%s%s", command == commands ? "" : " ", command->name);
}

/* "--json --plain ...", and the letters. */
static void print_options(const struct output *output, unsigned set)
{
    const char *gap = "";

    for (size_t id = 0; id < OPTION_COUNT; id++) {
        const struct option_spec *spec = &option_specs[id];

        if (!(set & OPTION_BIT(id)))
            continue;
        fprintf(output->stream, "%s--%s%s", gap, spec->name,
                spec->value != NULL && !spec->optional ? "=" : "");
        gap = " ";
        if (spec->letter != '\0')
            fprintf(output->stream, " -%c", spec->letter);
    }
}

static void bash_operands(const struct output *output, enum operand_kind kind)
{
    switch (kind) {
    case OPERAND_TAG:
        fprintf(output->stream, "words=$(%s) ;;\n", tags);
        break;
    case OPERAND_TAG_OR_FILE:
        fprintf(output->stream, "words=$(%s); files=1 ;;\n", tags);
        break;
    case OPERAND_FILE:
        fputs("files=1 ;;\n", output->stream);
        break;
    case OPERAND_SHELL:
        fputs("words='bash zsh fish' ;;\n", output->stream);
        break;
    case OPERAND_COMMAND:
        fputs("words=$names ;;\n", output->stream);
        break;
    case OPERAND_NONE:
        fputs(";;\n", output->stream);
        break;
    }
}

static void bash_script(const struct output *output)
{
    FILE *to = output->stream;

    fputs("# bash completion of metacall-registry: source it, or save it as\n"
          "# ~/.local/share/bash-completion/completions/metacall-registry\n"
          "_metacall_registry()\n"
          "{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local names='",
          to);
    print_names(output);
    fputs("'\n"
          "    local command= options= words= files= i\n"
          "    COMPREPLY=()\n"
          "    if [[ $word == = ]]; then word=; fi\n"
          "    if [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
          "    case $before in\n"
          "    --root|--prefix) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
          "    --pid) COMPREPLY=($(compgen -W \"$(cd /proc && echo [0-9]*)\" -- \"$word\")); "
          "return ;;\n"
          "    --color) COMPREPLY=($(compgen -W 'auto always never' -- \"$word\")); return ;;\n"
          "    --only|--skip)\n"
          "        words=$(metacall-registry doctor --list --plain 2>/dev/null | cut -f1)\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\")); return ;;\n"
          "    esac\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        if [[ \" $names \" == *\" ${COMP_WORDS[i]} \"* ]]; then\n"
          "            command=${COMP_WORDS[i]}; break\n"
          "        fi\n"
          "    done\n"
          "    case $command in\n"
          "    '') options='",
          to);
    print_options(output, OPTION_GLOBAL);
    fputs("'; words=$names ;;\n", to);
    for (const struct command *command = commands; command->name != NULL; command++) {
        fprintf(to, "    %s) options='", command->name);
        print_options(output, OPTION_GLOBAL | command->options);
        fputs("'; ", to);
        bash_operands(output, command->kind);
    }
    fputs("    esac\n"
          "    if [[ $word == -* ]]; then words=$options files=; fi\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
          "    if [[ -n $files ]]; then COMPREPLY+=($(compgen -f -- \"$word\")); fi\n"
          "    if [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi\n"
          "}\n"
          "complete -o filenames -F _metacall_registry metacall-registry\n",
          to);
}

/* Single quotes, colons and brackets have a meaning in zsh's descriptions. */
static void zsh_text(const struct output *output, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", output->stream);
        else if (strchr(":[]", *text) != NULL)
            fprintf(output->stream, "\\%c", *text);
        else
            fputc(*text, output->stream);
    }
}

static void zsh_option(const struct output *output, const struct option_spec *spec)
{
    const char *action = spec->choices != NULL             ? spec->choices
                         : spec->value == NULL             ? NULL
                         : strcmp(spec->value, "DIR") == 0 ? "_files -/"
                         : strcmp(spec->value, "ID") == 0  ? "_metacall_registry_ids"
                         : strcmp(spec->value, "PID") == 0 ? "_pids"
                                                           : " ";
    const char *repeat = spec->repeatable ? "*" : "";

    fprintf(output->stream, "        '%s--%s%s[", repeat, spec->name,
            spec->value == NULL ? ""
            : spec->optional    ? "=-"
                                : "=");
    zsh_text(output, spec->help);
    fputc(']', output->stream);
    if (action != NULL)
        fprintf(output->stream, "%s%s:%s%s%s", spec->optional ? "::" : ":", spec->value,
                spec->choices != NULL ? "(" : "", action, spec->choices != NULL ? ")" : "");
    fputs("' \\\n", output->stream);
    if (spec->letter == '\0')
        return;
    fprintf(output->stream, "        '-%c[", spec->letter);
    zsh_text(output, spec->help);
    fputs("]' \\\n", output->stream);
}

static void zsh_options(const struct output *output, unsigned set)
{
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        if (set & OPTION_BIT(id))
            zsh_option(output, &option_specs[id]);
    }
}

static const char *zsh_operands(enum operand_kind kind)
{
    static const char *const actions[] = {
        [OPERAND_NONE] = "",
        [OPERAND_TAG] = "'*:tag:_metacall_registry_tags'",
        [OPERAND_TAG_OR_FILE] = "'*:target:_metacall_registry_targets'",
        [OPERAND_FILE] = "'*:file:_files'",
        [OPERAND_SHELL] = "'1:shell:(bash zsh fish)'",
        [OPERAND_COMMAND] = "'1:command:_metacall_registry_commands'",
    };

    return actions[kind];
}

static void zsh_script(const struct output *output)
{
    FILE *to = output->stream;

    fputs("#compdef metacall-registry\n"
          "# zsh completion of metacall-registry: save it as _metacall-registry in a folder of\n"
          "# $fpath\n"
          "_metacall_registry_tags() {\n"
          "    local -a tags\n",
          to);
    fprintf(to, "    tags=(${(f)\"$(%s)\"})\n", tags);
    fputs("    _describe tag tags\n"
          "}\n"
          "_metacall_registry_targets() {\n"
          "    _alternative 'tags:tag:_metacall_registry_tags' 'files:file:_files'\n"
          "}\n"
          "_metacall_registry_ids() {\n"
          "    local -a ids\n"
          "    ids=(${(f)\"$(metacall-registry doctor --list --plain 2>/dev/null | cut -f1)\"})\n"
          "    _describe id ids\n"
          "}\n"
          "_metacall_registry_commands() {\n"
          "    local -a names\n"
          "    names=(\n",
          to);
    for (const struct command *command = commands; command->name != NULL; command++) {
        fprintf(to, "        '%s:", command->name);
        zsh_text(output, command->summary);
        fputs("'\n", to);
    }
    fputs("    )\n"
          "    _describe command names\n"
          "}\n"
          "_metacall_registry() {\n"
          "    local state line\n"
          "    local -A opt_args\n"
          "    _arguments -C \\\n",
          to);
    zsh_options(output, OPTION_GLOBAL);
    fputs("        '1:command:_metacall_registry_commands' '*::operand:->operand' && return\n"
          "    case $line[1] in\n",
          to);
    for (const struct command *command = commands; command->name != NULL; command++) {
        fprintf(to, "    %s)\n        _arguments \\\n", command->name);
        zsh_options(output, OPTION_GLOBAL | command->options);
        fprintf(to, "        %s ;;\n", zsh_operands(command->kind));
    }
    fputs("    esac\n"
          "}\n"
          "if [[ $funcstack[1] == _metacall-registry ]]; then\n"
          "    _metacall_registry \"$@\"\n"
          "else\n"
          "    compdef _metacall_registry metacall-registry\n"
          "fi\n",
          to);
}

/* In single quotes, fish knows \' and \\ alone. */
static void fish_text(const struct output *output, const char *text)
{
    fputc('\'', output->stream);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', output->stream);
        fputc(*text, output->stream);
    }
    fputc('\'', output->stream);
}

static void fish_option(const struct output *output, const struct option_spec *spec,
                        const char *condition)
{
    fprintf(output->stream, "complete -c metacall-registry%s%s -l %s", condition[0] ? " -n " : "",
            condition, spec->name);
    if (spec->letter != '\0')
        fprintf(output->stream, " -s %c", spec->letter);
    if (spec->choices != NULL)
        fprintf(output->stream, "%s -a '%s'", spec->optional ? "" : " -x", spec->choices);
    else if (spec->value != NULL && strcmp(spec->value, "DIR") == 0)
        fputs(" -x -a '(__fish_complete_directories)'", output->stream);
    else if (spec->value != NULL && strcmp(spec->value, "ID") == 0)
        fputs(" -x -a '(metacall-registry doctor --list --plain 2>/dev/null | cut -f1)'",
              output->stream);
    else if (spec->value != NULL && strcmp(spec->value, "PID") == 0)
        fputs(" -x -a '(__fish_complete_pids)'", output->stream);
    else if (spec->value != NULL)
        fputs(" -x", output->stream);
    fputs(" -d ", output->stream);
    fish_text(output, spec->help);
    fputc('\n', output->stream);
}

static void fish_operands(const struct output *output, const struct command *command)
{
    if (command->kind == OPERAND_NONE)
        return;
    fprintf(output->stream, "complete -c metacall-registry -n '__fish_seen_subcommand_from %s' ",
            command->name);
    if (command->kind == OPERAND_TAG)
        fprintf(output->stream, "-a '(%s)'", tags);
    else if (command->kind == OPERAND_TAG_OR_FILE)
        fprintf(output->stream, "-F -a '(%s)'", tags);
    else if (command->kind == OPERAND_FILE)
        fputs("-F", output->stream);
    else if (command->kind == OPERAND_SHELL)
        fputs("-a 'bash zsh fish'", output->stream);
    if (command->kind == OPERAND_COMMAND) {
        fputs("-a '", output->stream);
        print_names(output);
        fputc('\'', output->stream);
    }
    fputc('\n', output->stream);
}

static void fish_script(const struct output *output)
{
    fputs("# fish completion of metacall-registry: save it as\n"
          "# ~/.config/fish/completions/metacall-registry.fish\n"
          "complete -c metacall-registry -f\n",
          output->stream);
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        if (OPTION_GLOBAL & OPTION_BIT(id))
            fish_option(output, &option_specs[id], "");
    }
    for (const struct command *command = commands; command->name != NULL; command++) {
        char condition[80];

        fprintf(output->stream, "complete -c metacall-registry -n __fish_use_subcommand -a %s -d ",
                command->name);
        fish_text(output, command->summary);
        fputc('\n', output->stream);
        fish_operands(output, command);
        snprintf(condition, sizeof condition, "'__fish_seen_subcommand_from %s'", command->name);
        for (size_t id = 0; id < OPTION_COUNT; id++) {
            if (command->options & OPTION_BIT(id))
                fish_option(output, &option_specs[id], condition);
        }
    }
}

int completion_run(struct invocation *invocation)
{
    static const struct {
        const char *shell;
        void (*print)(const struct output *output);
    } scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (strcmp(scripts[i].shell, invocation->operands[0]) == 0) {
            scripts[i].print(invocation->output);
            return STATUS_OK;
        }
    }
    output_message(invocation->output, MESSAGE_ERROR,
                   "no completion for '%s': it is one of bash, zsh, fish", invocation->operands[0]);
    return STATUS_USAGE;
}
