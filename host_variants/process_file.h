/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Files of /proc/PID, by a descriptor of that folder. */
#ifndef HOST_VARIANTS_PROCESS_FILE_H
#define HOST_VARIANTS_PROCESS_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads a whole file of /proc/PID. Returns malloc'ed bytes with a NUL behind them, or NULL with
 * errno set. */
char *process_read_file(int folder, const char *name, size_t *ret_size);
/* The state letter of /proc/PID/stat; 0 = it cannot be read. */
int process_state(int folder);
/* Whether a file that /proc/PID leads to is another than our own. */
int process_is_other(int folder, const char *name, const char *own);
/* Sets the error for a file of /proc/PID that cannot be read, from errno. Returns -1. */
int process_raise(pid_t pid, int folder, const char *what);

#endif /* HOST_VARIANTS_PROCESS_FILE_H */
