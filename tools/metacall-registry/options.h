/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The options of all commands in one table, which parsing, help and completion read. Long options
 * are spelled out: an abbreviation that works today would be ambiguous tomorrow. */
#ifndef METACALL_REGISTRY_OPTIONS_H
#define METACALL_REGISTRY_OPTIONS_H

#include <stddef.h>

enum option_id {
    /* of every command */
    OPTION_JSON,
    OPTION_PLAIN,
    OPTION_QUIET,
    OPTION_COLOR,
    OPTION_ROOT,
    OPTION_PREFIX,
    OPTION_HELP,
    OPTION_VERSION,
    /* of some */
    OPTION_ALL,
    OPTION_VERBOSE,
    OPTION_PROBE,
    OPTION_FIELD,
    OPTION_STRICT,
    OPTION_ONLY,
    OPTION_SKIP,
    OPTION_REPORT,
    OPTION_LIST,
    OPTION_PID,
    OPTION_COUNT
};

#define OPTION_BIT(id) (1u << (id))
#define OPTION_GLOBAL (OPTION_BIT(OPTION_VERSION + 1) - 1)

struct option_spec {
    const char *name;    /* without the dashes */
    char letter;         /* 0 = none */
    const char *value;   /* what the value is called: "DIR"; NULL = takes none */
    int optional;        /* 1 = the value may be left out; it is then only taken after "=" */
    int repeatable;      /* 1 = may be given more than once; values may also be joined by commas */
    const char *choices; /* the values that are allowed, separated by blanks; NULL = any */
    const char *help;
};

extern const struct option_spec option_specs[OPTION_COUNT];

/* A NULL-terminated list of strings. */
struct option_list {
    const char **items;
    size_t count;
};

struct options {
    int given[OPTION_COUNT];
    const char *values[OPTION_COUNT];       /* the last one given */
    struct option_list lists[OPTION_COUNT]; /* of repeatable ones */
    struct option_list operands;            /* what is no option, the command's name included */
};

/* Reads the arguments after argv[0]; strings are not copied. 0, or -1 with a malloc'ed message in
 * *reterr_message. Which options a command takes is checked with options_refuse. */
int options_parse(struct options *ret_options, int argc, char **argv, char **reterr_message);
void options_finish(struct options *options);
/* NULL when every option given is in the set `allowed`, else a malloc'ed message. */
char *options_refuse(const struct options *options, unsigned allowed, const char *command);

#endif /* METACALL_REGISTRY_OPTIONS_H */
