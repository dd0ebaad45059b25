/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A diagnostic: one finding about a file, a tag or a process, with its place, its evidence and the
 * way to mend it. The library never prints; it hands diagnostics to a sink, and the command line
 * tool and the ports render them. */
#ifndef METACALL_DIAGNOSTIC_H
#define METACALL_DIAGNOSTIC_H

#include <metacall/api.h>
#include <stddef.h>

METACALL_BEGIN_DECLS

enum metacall_severity {
    METACALL_SEVERITY_NOTE = 0, /* a step or a fact worth knowing */
    METACALL_SEVERITY_WARNING = 1,
    METACALL_SEVERITY_ERROR = 2
};

/* Every string may be NULL where it does not apply. The strings belong to whoever hands out the
 * diagnostic; they live for the duration of the sink call, or as long as the object they were
 * asked from. */
struct metacall_diagnostic {
    const char *id; /* stable, listed in manifests/README.md, e.g. "manifest.key.unknown" */
    enum metacall_severity severity;
    const char *path;     /* the file that the finding is about */
    unsigned line;        /* 1-based; 0 = no line */
    unsigned column;      /* 1-based, in bytes; 0 = no column */
    const char *pointer;  /* JSON pointer (RFC 6901) inside path */
    const char *tag;      /* loader tag */
    const char *symbol;   /* symbol name, SONAME or variable, the evidence */
    const char *expected; /* what should have been there */
    const char *found;    /* what was there */
    const char *message;  /* one sentence for a person */
    const char *fix;      /* what to do, a command where there is one */
};

/* Receives one diagnostic at a time. Must not call back into the library. */
typedef void (*metacall_diagnostic_sink)(const struct metacall_diagnostic *diagnostic, void *data);

METACALL_END_DECLS

#endif /* METACALL_DIAGNOSTIC_H */
