/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Runs one script, or one deployment, from start to end of the process. */
#ifndef METACALL_RUN_H
#define METACALL_RUN_H

/* What to run. `argv[0]` is the script as the user typed it, the rest are the script's own. */
struct run_request {
    const char *tag; /* loader; NULL = by the file's extension */
    int argc;
    char **argv;
};

/* Loads and runs the script, ends every runtime, and returns the exit code of the process. Writes
 * to stderr what the script's own runtime would have written there. An interrupt that nobody caught
 * ends the process here, by the signal itself. */
int run(const struct run_request *request);

#endif /* METACALL_RUN_H */
