/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* How a debugger could enter a process, from its version, its arguments, its environment and its
 * signal handlers. Nothing is tried. */
#include "host_variants/process_view.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Dotted numbers: < 0, 0, > 0. What is missing counts as 0. */
static int compare_versions(const char *left, const char *right)
{
    while (*left || *right) {
        char *left_end, *right_end;
        unsigned long a = strtoul(left, &left_end, 10), b = strtoul(right, &right_end, 10);
        if (a != b)
            return a < b ? -1 : 1;
        if (left_end == left && right_end == right)
            break;
        left = *left_end == '.' ? left_end + 1 : left_end;
        right = *right_end == '.' ? right_end + 1 : right_end;
    }
    return 0;
}

static const char *variable_of(const struct process_view *view, const char *name)
{
    size_t size = strlen(name);

    for (size_t at = 0; at < view->environment_size; at += strlen(view->environment + at) + 1) {
        const char *entry = view->environment + at;
        if (strncmp(entry, name, size) == 0 && entry[size] == '=')
            return entry + size + 1;
    }
    return NULL;
}

/* Whether the words match one of the patterns: one word, or the first two of them. */
static int matches_any(const char *const *patterns, const char *word, const char *next)
{
    char both[256];

    snprintf(both, sizeof(both), "%s %s", word, next ? next : "");
    for (; patterns && *patterns; patterns++) {
        if (host_pattern_matches(*patterns, strchr(*patterns, ' ') ? both : word, NULL, 0))
            return 1;
    }
    return 0;
}

/* An argument that names a file is the program to be run: those behind it are the program's. */
static int is_program(const struct process_view *view, const char *argument)
{
    int folder, found;

    if (argument[0] == '-' || argument[0] == 0)
        return 0;
    folder = openat(view->folder, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return 1;
    found = faccessat(folder, argument, F_OK, 0) == 0;
    close(folder);
    return found;
}

/* The first of the runtime's own arguments that matches; NULL = none. */
static const char *find_argument(const struct process_view *view, const char *const *patterns)
{
    size_t at = view->arguments_size ? strlen(view->arguments) + 1 : 0;

    while (at < view->arguments_size) {
        const char *word = view->arguments + at, *next;
        at += strlen(word) + 1;
        next = at < view->arguments_size ? view->arguments + at : NULL;
        if (strcmp(word, "--") == 0 || is_program(view, word))
            break;
        if (matches_any(patterns, word, next))
            return word;
    }
    return NULL;
}

/* The same in the variables that hold arguments. *ret_variable is its name. */
static const char *find_option(const struct process_view *view,
                               const struct process_entrance_rule *rule,
                               const char *const *patterns, char word[128])
{
    const char *const *names = rule->option_variables;

    for (; names && *names; names++) {
        const char *at = variable_of(view, *names);
        while (at && *at) {
            size_t size = strcspn(at, " \t");
            snprintf(word, 128, "%.*s", (int)size, at);
            if (size && matches_any(patterns, word, NULL))
                return *names;
            at += size;
            at += strspn(at, " \t");
        }
    }
    return NULL;
}

/* 1 with the reason filled in, where one of the patterns is found. */
static int is_told(const struct process_view *view, const struct process_entrance_rule *rule,
                   const char *const *patterns, struct process_entrance *entrance)
{
    const char *argument = find_argument(view, patterns), *variable;
    char word[128];

    if (argument) {
        snprintf(entrance->because, sizeof(entrance->because), "argument %.100s", argument);
        return 1;
    }
    variable = find_option(view, rule, patterns, word);
    if (variable)
        snprintf(entrance->because, sizeof(entrance->because), "%.40s in the variable %.40s", word,
                 variable);
    return variable != NULL;
}

static int is_shut_by_variable(const struct process_view *view,
                               const struct process_entrance_rule *rule,
                               struct process_entrance *entrance)
{
    const char *const *names = rule->off_variables;

    for (; names && *names; names++) {
        const char *value = variable_of(view, *names);
        if (!value || !*value)
            continue;
        snprintf(entrance->because, sizeof(entrance->because), "the variable %.80s is set", *names);
        return 1;
    }
    return 0;
}

static enum process_entrance_state judge_version(const struct process_entrance_rule *rule,
                                                 const char *version,
                                                 struct process_entrance *entrance)
{
    if (!rule->since && !rule->until)
        return PROCESS_ENTRANCE_POSSIBLE;
    snprintf(entrance->because, sizeof(entrance->because), "version %.40s",
             version[0] ? version : "unknown");
    if (!version[0])
        return PROCESS_ENTRANCE_UNKNOWN;
    if ((rule->since && compare_versions(version, rule->since) < 0) ||
        (rule->until && compare_versions(version, rule->until) >= 0))
        return PROCESS_ENTRANCE_ABSENT;
    return PROCESS_ENTRANCE_POSSIBLE;
}

static enum process_entrance_state judge_signal(const struct process_view *view,
                                                const struct process_entrance_rule *rule,
                                                struct process_entrance *entrance)
{
    int handled = rule->signal > 0 && (view->handled >> (rule->signal - 1) & 1);

    if (rule->signal <= 0)
        return PROCESS_ENTRANCE_POSSIBLE;
    if (!view->handled_known)
        return PROCESS_ENTRANCE_UNKNOWN;
    snprintf(entrance->because, sizeof(entrance->because),
             handled ? "signal %d has a handler" : "signal %d has no handler: it would end it",
             rule->signal);
    return handled ? PROCESS_ENTRANCE_POSSIBLE : PROCESS_ENTRANCE_SHUT;
}

void process_entrance_judge(const struct process_view *view,
                            const struct process_entrance_rule *rule, const char *version,
                            struct process_entrance *ret_entrance)
{
    struct process_entrance *entrance = ret_entrance;

    memset(entrance, 0, sizeof(*entrance));
    entrance->rule = rule;
    entrance->state = judge_version(rule, version, entrance);
    if (entrance->state == PROCESS_ENTRANCE_ABSENT)
        return;
    if (!view->arguments || (rule->off_variables && !view->environment)) {
        entrance->state = PROCESS_ENTRANCE_UNKNOWN;
        snprintf(entrance->because, sizeof(entrance->because),
                 "its arguments or its environment cannot be read");
    } else if (is_told(view, rule, rule->on_arguments, entrance)) {
        entrance->state = PROCESS_ENTRANCE_OPEN;
    } else if (is_told(view, rule, rule->off_arguments, entrance) ||
               is_shut_by_variable(view, rule, entrance)) {
        entrance->state = PROCESS_ENTRANCE_SHUT;
    } else if (entrance->state == PROCESS_ENTRANCE_POSSIBLE) {
        entrance->state = judge_signal(view, rule, entrance);
    }
}

const char *process_entrance_state_name(enum process_entrance_state state)
{
    static const char *const names[] = {"possible", "open", "shut", "absent", "unknown"};

    return (unsigned)state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}
