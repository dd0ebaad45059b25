/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The commands: one file each, and one table of them in commands.c that help and completion read.
 */
#ifndef METACALL_REGISTRY_COMMAND_H
#define METACALL_REGISTRY_COMMAND_H

#include "options.h"
#include "output.h"

#include <metacall/registry.h>

struct invocation {
    const struct output *output;
    const struct options *options;
    const char *const *operands; /* without the command's name */
    size_t operand_count;
    const char *root;            /* absolute, or NULL */
    const char *prefix;          /* absolute, or NULL */
    metacall_registry *registry; /* NULL where the command works without */
    int broken;                  /* number of errors that were found in manifests so far */
};

/* What a command's operands are, for completion. */
enum operand_kind {
    OPERAND_NONE,
    OPERAND_TAG,
    OPERAND_TAG_OR_FILE,
    OPERAND_FILE,
    OPERAND_SHELL,
    OPERAND_COMMAND
};

enum registry_use {
    REGISTRY_NONE,
    REGISTRY_OPEN,
    REGISTRY_TELL /* errors in manifests are told on standard error, and count */
};

struct command {
    const char *name;
    const char *summary;  /* one line */
    const char *operands; /* as in the synopsis; "" = none */
    enum operand_kind kind;
    size_t least, most; /* number of operands */
    unsigned options;   /* OPTION_BIT set, beyond the global ones */
    enum registry_use registry;
    const char *examples; /* lines of two columns: what to type, what it does */
    const char *text;     /* what help says beyond the examples; may be NULL */
    int (*run)(struct invocation *invocation); /* an exit status */
};

extern const struct command commands[]; /* ends with a NULL name */

/* The command named so, or NULL. */
const struct command *command_find(const char *name);
/* Says that there is no such command, with a suggestion. STATUS_USAGE. */
int command_unknown(const struct output *output, const char *name);

int list_run(struct invocation *invocation);
int show_run(struct invocation *invocation);
int explain_run(struct invocation *invocation);
int check_run(struct invocation *invocation);
int validate_run(struct invocation *invocation);
int detect_run(struct invocation *invocation);
/* `detect --pid`: `text` is the process id as it was typed. */
int detect_process(struct invocation *invocation, const char *text);
int paths_run(struct invocation *invocation);
int env_run(struct invocation *invocation);
int doctor_run(struct invocation *invocation);
int completion_run(struct invocation *invocation);
int help_run(struct invocation *invocation);

/* help.c: the help of a command on standard output, or that of the program (NULL). */
void help_print(const struct output *output, const struct command *command);
int help_version(const struct output *output);

/* explain.c: every step of the choice for `tag` on standard error (METACALL_REGISTRY_DEBUG). */
void explain_trace(metacall_registry *registry, const char *tag);

#endif /* METACALL_REGISTRY_COMMAND_H */
