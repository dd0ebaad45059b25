/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Which runtimes live in another process: the questions of host.h, asked of a pid. Only /proc is
 * read (maps, exe, root, cmdline, environ, status) and the files that it leads to; the process is
 * not traced, not stopped, and gets no signal; its memory is not read. No runtime is named here:
 * everything comes from the rules. */
#ifndef HOST_VARIANTS_PROCESS_H
#define HOST_VARIANTS_PROCESS_H

#include "host_variants/host.h"

#include <sys/types.h>

/* A way in for a debugger, told and not taken. Arrays are NULL-terminated, or NULL. */
struct process_entrance_rule {
    const char *id;                   /* "pep768", "inspector" */
    const char *since;                /* first version that has it; NULL = all */
    const char *until;                /* first version that has it no longer; NULL = none */
    const char *const *on_arguments;  /* patterns: it stands open */
    const char *const *off_arguments; /* patterns: it is shut. "-X no-door" spans two arguments */
    const char *const *off_variables; /* environment variables that shut it, set and not empty */
    const char *const *option_variables; /* environment variables that hold more arguments */
    int signal;       /* the handler of this signal opens it; 0 = no signal takes part */
    const char *hint; /* one sentence on how to enter; NULL = none */
};

struct process_rule {
    const struct host_rule *host;
    const char *const *texts; /* version texts of the runtime's file: "product/v%v" */
    const struct process_entrance_rule *entrances; /* ends with an id of NULL; or NULL */
};

/* A library that some runtimes carry inside and export, so that others bind to it by accident. */
struct process_names_rule {
    const char *id;             /* "openssl" */
    const char *const *proof;   /* a module that exports all of these has it */
    const char *const *counted; /* patterns of the names that belong to it */
};

enum process_entrance_state {
    PROCESS_ENTRANCE_POSSIBLE, /* nothing forbids it */
    PROCESS_ENTRANCE_OPEN,     /* an argument has opened it already */
    PROCESS_ENTRANCE_SHUT,     /* an argument, a variable, or that no handler is there */
    PROCESS_ENTRANCE_ABSENT,   /* this version does not have it */
    PROCESS_ENTRANCE_UNKNOWN   /* the version, or what would forbid it, cannot be read */
};

struct process_entrance {
    const struct process_entrance_rule *rule;
    enum process_entrance_state state;
    char because[128]; /* "argument --inspect", "version 3.11.2", "signal 10 is handled" */
};

struct process_runtime {
    const struct process_rule *rule;
    const char *path;         /* of the owner, from the root of the mounts that it is in */
    int in_executable;        /* 1 = built into the executable, 0 = in a library */
    int deleted;              /* the file is gone from its place; what was mapped has been read */
    int running;              /* as host_finding: 1 by the executable's name, else -1 */
    int duplicate;            /* another module of the process holds the same runtime */
    char version[32];         /* "" = unknown */
    const char *version_from; /* a symbol, "soname", "text" or "executable name"; NULL = unknown */
    char build_id[65];        /* "" = none */
    const struct process_entrance *entrances;
    size_t entrance_count;
};

struct process_names {
    const struct process_names_rule *rule;
    const char *path;
    int in_executable;
    size_t count; /* how many of the counted names are exported */
};

struct process_report {
    pid_t pid;
    uid_t uid;
    const char *executable; /* its path in the same way, less " (deleted)" */
    int executable_deleted;
    int other_root;   /* its root folder is another than ours (a container, a chroot) */
    int other_mounts; /* its mounts are others than ours */
    const char *root; /* "/", or where /proc says its root is */
    const struct process_runtime *runtimes; /* in order of rules, then of addresses */
    size_t runtime_count;
    const struct process_names *names;
    size_t names_count;
    size_t module_count;    /* ELF objects that were looked at */
    const char *unreadable; /* the first mapped object that could not be read; NULL = none */
    size_t unreadable_count;
};

/* Looks at a process. Returns 0; -1 with the error set: METACALL_ERROR_NOT_FOUND where there is no
 * such process or it ends meanwhile, METACALL_ERROR_HOST where it may not be looked at (with its
 * owner), is a kernel thread, or becomes another program meanwhile, METACALL_ERROR_ARGUMENT,
 * METACALL_ERROR_MEMORY. The rules must outlive the report. Free with process_report_destroy. */
int process_look(pid_t pid, const struct process_rule *rules, size_t rule_count,
                 const struct process_names_rule *names, size_t names_count,
                 struct process_report **ret_report);
void process_report_destroy(struct process_report *report); /* NULL is accepted */

/* "possible", "open", "shut", "absent", "unknown" */
const char *process_entrance_state_name(enum process_entrance_state state);

#endif /* HOST_VARIANTS_PROCESS_H */
