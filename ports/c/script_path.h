/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Where scripts are looked for. */
#ifndef PORTS_C_SCRIPT_PATH_H
#define PORTS_C_SCRIPT_PATH_H

/* The absolute path of a script: looked up in the working directory, in the folders of
 * LOADER_SCRIPT_PATH, in the execution paths of `tag`. A name that is nowhere a file is returned as
 * it is, for the language may know it by name. malloc'ed; NULL with the error set. */
char *script_path_resolve(const char *tag, const char *name);
/* The path made absolute, links resolved where it exists. malloc'ed; NULL with the error set. */
char *script_path_absolute(const char *path);
/* Adds an execution path, an absolute one. */
int script_path_add(const char *tag, const char *path);
/* Calls visit for each execution path of the tag, in order; stops at non-zero and returns it. */
int script_path_each(const char *tag, int (*visit)(const char *path, void *data), void *data);
/* Forgets all. */
void script_path_forget(void);

#endif /* PORTS_C_SCRIPT_PATH_H */
