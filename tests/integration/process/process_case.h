/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the cases of test_process need: rules for two real runtimes, and a process to look at. */
#ifndef PROCESS_CASE_H
#define PROCESS_CASE_H

#include "host_variants/process.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            case_failed(__FILE__, __LINE__, #condition);                                           \
    } while (0)

void case_failed(const char *file, int line, const char *what) __attribute__((noreturn));
/* Prints "SKIP: reason" and exits with 77, everything cleaned up. */
void case_skip(const char *reason) __attribute__((noreturn));
void case_clean_up(void);
/* Ends the process that case_start started. */
void case_stop(void);
/* The thread's error, which must be set, of that code and holding that text (NULL = any). */
void case_error(int code, const char *text);

extern const struct process_rule case_rules[];
extern const struct process_names_rule case_names[];
enum { CASE_RULES = 2, CASE_PYTHON = 0, CASE_NODE = 1 };

/* Starts a program (NULL-terminated arguments, argv[0] is opened) that writes a line once it is
 * ready and then waits for the end of its standard input. The line, less "ready ", is copied to
 * ret_line. `environment` entries ("A=b") are added; NULL = none. A program that is not there is a
 * skip. `before` runs in the child before it becomes the program; NULL = nothing. */
pid_t case_start(const char *const argv[], const char *const environment[], void (*before)(void),
                 char ret_line[256]);
/* A report that must come about. */
struct process_report *case_look(pid_t pid);
/* The only runtime of that rule in the report. */
const struct process_runtime *case_only(const struct process_report *report, int rule);
/* A private folder, removed at the end. */
const char *case_folder(void);
/* Copies a file into the folder; ret_path gets the new path. */
void case_copy(const char *from, const char *name, char ret_path[512]);
/* The first path that matches one of the patterns (NULL-terminated), or a skip. */
void case_find(const char *const patterns[], char ret_path[512]);

#endif /* PROCESS_CASE_H */
