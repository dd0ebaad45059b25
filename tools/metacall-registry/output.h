/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Where the tool writes: results on standard output, messages on standard error, in one of three
 * forms, with colour where a person looks at it. */
#ifndef METACALL_REGISTRY_OUTPUT_H
#define METACALL_REGISTRY_OUTPUT_H

#include <metacall/api.h>
#include <stddef.h>
#include <stdio.h>

enum exit_status {
    STATUS_OK = 0,
    STATUS_FINDINGS = 1, /* findings of error severity (with --strict: or warnings) */
    STATUS_USAGE = 2,
    STATUS_INTERNAL = 3
};

enum output_form {
    OUTPUT_TEXT,  /* for people: aligned, coloured, cut to the terminal's width */
    OUTPUT_PLAIN, /* for scripts: a line a record, tabs between fields, no header */
    OUTPUT_JSON
};

struct output {
    FILE *stream; /* of results: standard output, or memory where they are worked on further */
    enum output_form form;
    int quiet;
    int colored;          /* standard output */
    int messages_colored; /* standard error */
    size_t width;         /* columns of the terminal; 0 = no limit */
};

enum paint { PAINT_NONE, PAINT_STRONG, PAINT_FAINT, PAINT_GOOD, PAINT_DOUBT, PAINT_BAD };

/* Opens what is missing of the three standard streams, so that no file takes their place. */
void output_guard_streams(void);
/* `color` is "auto", "always", "never" or NULL for "auto". */
void output_init(struct output *output, enum output_form form, int quiet, const char *color);
/* The escape sequences around a painted text on standard output; "" without colour. */
const char *output_paint(const struct output *output, enum paint paint);
const char *output_unpaint(const struct output *output, enum paint paint);
/* A copy of `text` in which no control character is left, so that a file's name cannot steer the
 * terminal or tear a record: \t, \n, \x1b ... "-" for NULL or "". Freed by the caller. */
char *output_clean(const char *text);
/* Prints `text` so, to the stream of results. */
void output_text(const struct output *output, const char *text);
/* A message on standard error, "metacall-registry: ...". `quiet` keeps notes and warnings back. */
enum message_kind { MESSAGE_NOTE, MESSAGE_WARNING, MESSAGE_ERROR };
void output_message(const struct output *output, enum message_kind kind, const char *format, ...)
    METACALL_PRINTF(3, 4);
/* The same for what has more than one line: text on standard error. */
struct output output_messages(const struct output *output);
/* Prints and frees JSON text of the library. NULL = the library failed: says why. Returns
 * STATUS_OK, or what output_failure does. */
int output_json(const struct output *output, char *text);
/* Tells the thread's error of the library. STATUS_USAGE when something that the user named does
 * not exist, else STATUS_INTERNAL. */
int output_failure(const struct output *output);
/* Writes out what is buffered. Gives `status`, or STATUS_INTERNAL when the result could not be
 * written; a reader that went away is no failure and needs no words. */
int output_finish(const struct output *output, int status);

#endif /* METACALL_REGISTRY_OUTPUT_H */
