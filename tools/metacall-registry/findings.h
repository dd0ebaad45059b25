/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Findings in print: one paragraph each, with place, evidence and remedy, and what they come to. */
#ifndef METACALL_REGISTRY_FINDINGS_H
#define METACALL_REGISTRY_FINDINGS_H

#include "command.h"
#include "output.h"

#include <metacall/registry.h>

/* Several results of the library, read as one. Zero it to begin with. */
struct findings {
    struct metacall_registry_findings sum; /* items of all parts */
    struct metacall_registry_findings **parts;
    size_t part_count;
};

/* Adds `part` and takes it over. */
void findings_add(struct findings *findings, struct metacall_registry_findings *part);
void findings_finish(struct findings *findings);

enum findings_flag {
    FINDINGS_NOTES = 1, /* notes as well */
    FINDINGS_WHY = 2    /* why each matters */
};

/* Prints all findings in the form of `output` (text or plain). */
void findings_print(const struct output *output, const struct metacall_registry_findings *findings,
                    unsigned flags);
/* "2 manifests checked: 1 error, 3 warnings". Freed by the caller. */
char *findings_verdict(const struct metacall_registry_findings *findings, const char *noun,
                       const char *verb);
/* STATUS_FINDINGS when there are errors, or, if `strict`, warnings; else STATUS_OK. */
int findings_status(const struct metacall_registry_findings *findings, int strict);
/* The end of a command whose result is findings: prints them in the form that was asked for, with
 * a verdict ("2 manifests read: 1 error"), and lets go of them. `status` is how it went so far; the
 * exit code is returned. `kind` is the command's name in JSON. */
int findings_answer(struct invocation *invocation, struct findings *findings, int status,
                    const char *kind, const char *noun, const char *verb);
/* One finding as a message on standard error: "file:line:column: error: ...". */
void findings_message(const struct output *output, const struct metacall_diagnostic *diagnostic);
/* "note", "warning", "error" */
const char *findings_severity(enum metacall_severity severity);

#endif /* METACALL_REGISTRY_FINDINGS_H */
